"""
The contract: what a page, a bridge and a Space agree on. The only module that knows JSON Schema.

    contract = load(Path("site/demos/catdog"))
    question = contract.check_input({"photo": photos.describe(content)})
    answer = contract.check_prediction(prediction)

`site/js/contract.js` is the same checker for the page; tests hold the two together.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from api_bridge.faults import (
    ContractBroken,
    ContractUnreadable,
    Fault,
    FileTooLarge,
    InputRefused,
    MalformedRequest,
    MediaRefused,
)

Json = Any  # what json.loads returns

DEEPEST = 64  # how deep a message may nest

_META_SCHEMA = jsonschema_rs.Draft202012Validator(
    json.loads(Path(__file__).with_name("contract.schema.json").read_text(encoding="utf-8"))
)


@dataclass(frozen=True)
class File:
    """A file in an input: its bytes, and what a contract can say of them."""

    content: bytes
    media: str  # by content, never by name
    pixels: int | None = None  # width × height, where it is a picture

    def described(self) -> dict[str, Json]:
        """Return what is checked in place of the bytes."""
        about = {"media": self.media, "size": len(self.content), "pixels": self.pixels}
        return {name: value for name, value in about.items() if value is not None}


@dataclass(frozen=True)
class Problem:
    """One place where a value and its schema disagree."""

    path: tuple[str, ...]  # where in the value; ends in the field that is missing or unknown
    keyword: str  # the word of JSON Schema that says so
    limit: Json  # what that word asks for


@dataclass(frozen=True)
class Contract:
    """One demo's contract, as it stands in `contract.json`."""

    json: dict[str, Json]
    folder: Path  # where its examples and its model are

    @property
    def demo(self) -> str:
        return str(self.json["demo"])

    @property
    def revision(self) -> int:
        return int(self.json["revision"])

    @property
    def title(self) -> str:
        return str(self.json["title"])

    @property
    def fields(self) -> dict[str, dict[str, Json]]:
        return dict(self.json["input"]["properties"])

    @cached_property
    def _input(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self.json["input"])

    @cached_property
    def _prediction(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self.json["prediction"])

    def is_file(self, field: str) -> bool:
        """A field of type object holds a file: it is checked by its description."""
        return self.fields.get(field, {}).get("type") == "object"

    def read_form(self, form: Iterable[tuple[str, "str | File"]]) -> dict[str, Json]:
        """
        Return the input that a form's `(field, text or file)` pairs stand for.

        Text becomes what the field's type says, where it can; what can not is left
        as it is, for `check_input` to say so. Raises `MalformedRequest` for a field sent twice.
        """
        value: dict[str, Json] = {}
        for name, given in form:
            kind = self.fields.get(name, {}).get("type")
            if kind == "array":
                value.setdefault(name, []).append(given)
            elif name in value:
                raise MalformedRequest(f"“{name}” was sent twice; send it once.", name)
            else:
                value[name] = _from_text(given, kind) if isinstance(given, str) else given
        return value

    def check_input(self, value: Mapping[str, Json]) -> dict[str, Json]:
        """
        Return `value` with its defaults filled in, or raise the fault a visitor can mend.

        Files are `File`s; all else is JSON. Raises `InputRefused`, `MediaRefused` or
        `FileTooLarge`, each naming the field.
        """
        defaults = {name: field["default"] for name, field in self.fields.items() if "default" in field}
        value = {**defaults, **value}
        # Whoever describes a file without giving one, or gives an address, gives no file.
        told = {
            name: given.described() if isinstance(given, File) else None if self.is_file(name) else given
            for name, given in value.items()
        }
        problems = _problems(self._input, told)
        if problems:
            raise self._refusal(problems[0], told)
        return value

    def check_prediction(self, prediction: Json) -> Json:
        """Return `prediction`, or raise `ContractBroken`: a changed Space is a bug which waiting can not mend."""
        problems = _problems(self._prediction, prediction)
        if problems:
            where = ".".join(("prediction", *problems[0].path))
            raise ContractBroken(
                f"The model's answer is not what was agreed ({where}: {problems[0].keyword}). "
                "The people who keep this page need to look at it."
            )
        return prediction

    def _refusal(self, problem: Problem, value: Mapping[str, Json]) -> Fault:
        """Say `problem` in words; `site/js/contract.js` says it in the same ones."""
        name = problem.path[0] if problem.path else ""
        if problem.keyword == "additionalProperties" and len(problem.path) == 1:
            return InputRefused(f"There is no field “{name}”.", name)
        title = self.fields[name]["title"]
        if self.is_file(name):
            return _file_refusal(problem, title, name, value.get(name))
        return InputRefused(f"“{title}” {_wish(problem)}.", name)


def load(folder: Path) -> Contract:
    """Return the contract in `folder`, or raise `ContractUnreadable` saying what to do."""
    path = folder / "contract.json"
    again = f"Restore it with git, or delete it and run `python -m training.record {folder.name}`."
    try:
        value = loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractUnreadable(f"{path} can not be read: {error}. {again}") from error
    if wrong := wrong_with(value):
        raise ContractUnreadable(f"{path} is not a contract: {wrong}. {again}")
    return Contract(value, folder)


def wrong_with(value: Json) -> str | None:
    """Return what keeps `value` from being a contract, in a few words, or None when nothing does."""
    problems = _problems(_META_SCHEMA, value)
    return f"{'.'.join(problems[0].path) or 'it'} breaks `{problems[0].keyword}`" if problems else None


def load_all(folder: Path) -> dict[str, Contract]:
    """Return every demo's contract under `folder`, by demo, in the order of their names."""
    contracts = [load(path.parent) for path in sorted(folder.glob("*/contract.json"))]
    return {contract.demo: contract for contract in contracts}


def loads(text: str | bytes) -> Json:
    """
    Return `text` read as JSON; raise `ValueError` where it is not what every reader can read.

    That leaves out NaN and Infinity, numbers too large for a double, half characters,
    and nesting deeper than 64.
    """
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    _sound(value)
    return value


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number[:20]} is not JSON")
    return value


def _sound(value: Json, depth: int = DEEPEST) -> None:
    if depth == 0:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        for name, part in value.items():
            name.encode()  # UnicodeEncodeError, a ValueError, for half characters
            _sound(part, depth - 1)
    elif isinstance(value, list):
        for part in value:
            _sound(part, depth - 1)
    elif isinstance(value, str):
        value.encode()


def _problems(checker: jsonschema_rs.Draft202012Validator, value: Json) -> list[Problem]:
    """Return every problem, in an order that Python and the page share."""
    found = []
    for error in checker.iter_errors(value):
        path, keyword, limit = tuple(map(str, error.instance_path)), error.kind.name, getattr(error.kind, "value", None)
        if keyword == "required":
            path += (str(limit),)
        elif keyword == "additionalProperties":
            path += (min(limit or [""]),)
        found.append(Problem(path, keyword, limit))
    return sorted(found, key=lambda problem: (problem.path, problem.keyword))


def _from_text(text: str, kind: str | None) -> Json:
    if kind == "boolean" and text in ("on", "off"):
        return text == "on"  # as a form's checkbox says it
    if kind in ("number", "integer", "boolean"):
        try:
            return loads(text)
        except ValueError:
            return text
    return text


def _file_refusal(problem: Problem, title: str, name: str, about: Json) -> Fault:
    if problem.keyword == "required" and len(problem.path) == 1:
        return InputRefused(f"“{title}” is missing: choose a file.", name)
    if problem.keyword == "enum":
        return MediaRefused(f"“{title}” takes {media_words(problem.limit)}; this file is something else.", name)
    if problem.keyword == "maximum" and isinstance(about, dict):
        what, unit = ("be", "MB") if problem.path[-1] == "size" else ("have", "megapixels")
        actual = math.ceil(about[problem.path[-1]] / 1e5) / 10
        return FileTooLarge(
            f"“{title}” may {what} at most {_plain(problem.limit / 1e6)} {unit}; this file has {_plain(actual)}.", name
        )
    if problem.keyword == "minimum":
        return InputRefused(f"“{title}” is an empty file: choose another.", name)
    return MalformedRequest(f"“{title}” must be a file, sent as its bytes.", name)


def media_words(names: Sequence[str]) -> str:
    """["image/jpeg", "image/png"] → "JPEG or PNG"."""
    words = [{"webp": "WebP"}.get(kind, kind.upper()) for kind in (name.split("/")[-1] for name in names)]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _plain(value: Json) -> str:
    """Return `value` as people and JavaScript write it: 8 and not 8.0, true and not True."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def _wish(problem: Problem) -> str:
    """What `problem`'s word asks of a value, to follow the field's title."""
    match problem.keyword:
        case "required":
            return "is missing"
        case "type":
            words = {"number": "a number", "integer": "a whole number", "boolean": "on or off", "string": "text"}
            return f"must be {words.get(problem.limit[0], problem.limit[0])}"
        case "enum":
            return "must be one of: " + ", ".join(_plain(choice) for choice in problem.limit)
        case "minimum":
            return f"must be at least {_plain(problem.limit)}"
        case "maximum":
            return f"must be at most {_plain(problem.limit)}"
        case "minLength":
            return f"must have at least {problem.limit} characters"
        case "maxLength":
            return f"may have at most {problem.limit} characters"
        case "minItems":
            return f"needs at least {problem.limit} choices"
        case "maxItems":
            return f"takes at most {problem.limit} choices"
    return "is not what is asked for"
