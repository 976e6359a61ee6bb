"""
The contract: what a page, a bridge and a Space agree on. The only module that knows JSON Schema.

    contract = load(Path("site/demos/catdog"))
    question = contract.check_input({"photo": photos.describe(content)})
    answer = contract.check_prediction(prediction)

`site/js/contract.js` is the same checker for the page; tests hold the two together.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from api_bridge.faults import (
    ContractBroken,
    ContractUnreadable,
    Fault,
    InputRefused,
    MalformedRequest,
)
from api_bridge.pipeline import Pipeline, Unclear, part_of, read
from api_bridge.refusals import Problem, file_refusal, wish
from api_bridge.unclear import hold

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
    pixels: int | None = None  # width × height, where it is a photo
    ending: str = ""  # such as .csv: all that is kept of its name

    def data_url(self) -> str:
        """Return the whole file as an address."""
        return f"data:{self.media};base64,{base64.b64encode(self.content).decode('ascii')}"

    def described(self) -> dict[str, Json]:
        """Return what is checked in place of the bytes."""
        about = {"media": self.media, "size": len(self.content), "pixels": self.pixels}
        return {name: value for name, value in about.items() if value is not None}


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

    @property
    def defaults(self) -> dict[str, Json]:
        return {name: field["default"] for name, field in self.fields.items() if "default" in field}

    @cached_property
    def _input(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self.json["input"])

    @cached_property
    def _prediction(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self.json["prediction"])

    @cached_property
    def pipeline(self) -> Pipeline:
        """The steps that are asked, each after those it needs."""
        return read(self.json)

    @cached_property
    def _parts(self) -> dict[str, jsonschema_rs.Draft202012Validator]:
        """What checks one call of each step: of one that is asked several times, an answer among them."""
        schemas = {step: part_of(self.json, step.name) for step in self.pipeline.steps}
        return {
            step.name: jsonschema_rs.Draft202012Validator(_one_of(schema) if step.each else schema)
            for step, schema in schemas.items()
        }

    def is_file(self, field: str) -> bool:
        """Whether a field holds a file: it is checked by its description."""
        return is_file(self.fields.get(field, {}))

    def holds_files(self, field: str) -> bool:
        """Whether files are given for a field: one, several, or some beside a text."""
        schema = self.fields.get(field, {})
        beside = schema.get("properties", {}).get("files", {})
        return any(is_file(each) for each in (schema, schema.get("items", {}), beside.get("items", {})))

    def read_form(self, form: Iterable[tuple[str, "str | File"]]) -> dict[str, Json]:
        """
        Return the input that a form's `(field, text or file)` pairs stand for.

        Text becomes what the field's type says, where it can; what can not is left
        as it is, for `check_input` to say so. Raises `MalformedRequest` for a field sent twice.
        """
        value: dict[str, Json] = {}
        for name, given in form:
            schema = self.fields.get(name, {})
            if schema.get("kind") == "message":
                message = value.setdefault(name, {"text": "", "files": []})
                if isinstance(given, str):
                    message["text"] = given
                else:
                    message["files"].append(given)
            elif _repeats(schema):
                several = value.setdefault(name, [])
                if given != "":  # a form's way to say: none of them
                    several.append(_from_text(given, schema.get("items", {})) if isinstance(given, str) else given)
            elif name in value:
                raise MalformedRequest(f"“{name}” was sent twice; send it once.", name)
            else:
                value[name] = _from_text(given, schema) if isinstance(given, str) else given
        return value

    def check_input(self, value: Mapping[str, Json]) -> dict[str, Json]:
        """
        Return `value` with its defaults filled in, or raise the fault a visitor can mend.

        Files are `File`s; all else is JSON. Raises `InputRefused`, `MediaRefused` or
        `FileTooLarge`, each naming the field.
        """
        value = {**self.defaults, **value}
        told = {name: _told(self.fields.get(name, {}), given) for name, given in value.items()}
        problems = _problems(self._input, told)
        if problems:
            raise self._refusal(problems[0], told)
        return value

    def check_prediction(self, prediction: Json, step: str | None = None) -> Json:
        """
        Return `prediction`, or raise `ContractBroken`: a changed Space is a bug which waiting can not mend.

        With `step` it is what one call of that step gave.
        """
        problems = _problems(self._parts[step] if step else self._prediction, prediction)
        if problems:
            inside = (step,) if step and self.pipeline.several else ()
            where = ".".join(("prediction", *inside, *problems[0].path))
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
        field = self.fields[name]
        if problem.keyword == "required" and len(problem.path) == 1 and (is_file(field) or _of_files(field)):
            return InputRefused(f"“{field['title']}” is missing: choose a file.", name)
        if (about := _file_at(self.json["input"], value, problem.path)) is not NO_FILE:
            return file_refusal(problem, field["title"], name, about)
        return InputRefused(f"“{field['title']}” {wish(problem, 'file' if _of_files(field) else 'choice')}.", name)


def is_file(schema: Mapping[str, Json]) -> bool:
    """Whether a schema is that of a file's description."""
    return "media" in schema.get("properties", {}) and "size" in schema.get("properties", {})


def _one_of(several: Mapping[str, Json]) -> dict[str, Json]:
    """The schema of one of several predictions: among them null is one that failed, and nothing that a Space says."""
    items = several["items"]
    kinds = items.get("type")
    return {**items, "type": [kind for kind in kinds if kind != "null"]} if isinstance(kinds, list) else dict(items)


def each_file(value: Json, change: Callable[[File], Json]) -> Json:
    """Return `value` with every file in it, however deep, changed."""
    if isinstance(value, File):
        return change(value)
    if isinstance(value, dict):
        return {name: each_file(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [each_file(part, change) for part in value]
    return value


def files_in(recorded: Json) -> Iterator[dict[str, Json]]:
    """Yield the description of every file that a recorded value names, however deep."""
    if isinstance(recorded, dict):
        if "media" in recorded and isinstance(recorded.get("file"), str):
            yield recorded
        else:
            for part in recorded.values():
                yield from files_in(part)
    elif isinstance(recorded, list):
        for part in recorded:
            yield from files_in(part)


def load(folder: Path) -> Contract:
    """Return the contract in `folder`, or raise `ContractUnreadable` saying what to do."""
    path = folder / "contract.json"
    again = (
        "Restore it with git, or delete it and make it anew: "
        f"`python -m training.record {folder.name}`, or `python -m api_bridge add`."
    )
    try:
        value = loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractUnreadable(f"{path} can not be read: {error}. {again}") from error
    if wrong := wrong_with(value):
        raise ContractUnreadable(f"{path} is not a contract: {wrong}. {again}")
    return Contract(value, folder)


def wrong_with(value: Json) -> str | None:
    """Return what keeps `value` from being a contract, in a few words, or None when nothing does."""
    if problems := _problems(_META_SCHEMA, value):
        return f"{'.'.join(problems[0].path) or 'it'} breaks `{problems[0].keyword}`"
    if missing := set(value["input"]["required"]) - set(value["input"]["properties"]):
        return f"input.required names “{min(missing)}”, which is no field"
    for name in ("input", "prediction"):
        try:
            jsonschema_rs.Draft202012Validator(value[name])
        except ValueError as error:
            return f"{name} is no JSON Schema: {str(error).partition(chr(10))[0]}"
    try:
        hold(value, read(value))
    except Unclear as unclear:
        return str(unclear)
    return None


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
        value = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    _sound(value)
    return value


def _whole(number: str) -> int:
    _finite(number)  # beyond a double, readers disagree
    return int(number)


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


def _told(schema: Mapping[str, Json], given: Json) -> Json:
    """What is checked in the place of a value: whoever describes a file without giving one gives no file."""
    if is_file(schema):
        return given.described() if isinstance(given, File) else None
    if isinstance(given, list):
        one = schema.get("items", {})
        return [_told(one, each) if isinstance(each, File) or is_file(one) else each for each in given]
    if isinstance(given, dict) and schema.get("kind") == "message" and "files" in given:
        return {**given, "files": _told(schema.get("properties", {}).get("files", {}), given["files"])}
    return None if isinstance(given, File) else given


NO_FILE = object()


def _file_at(schema: Mapping[str, Json], value: Json, path: tuple[str, ...]) -> Json:
    """Return what stands where `path` meets a file on its way, or `NO_FILE` where it meets none."""
    for part in path:
        inside = isinstance(value, list)
        schema = schema.get("items", {}) if inside else schema.get("properties", {}).get(part, {})
        value = value[int(part)] if inside else value.get(part)
        if is_file(schema):
            return value
    return NO_FILE


def _of_files(schema: Mapping[str, Json]) -> bool:
    return is_file(schema.get("items", {}))


def _repeats(schema: Mapping[str, Json]) -> bool:
    """Whether a form says each part of a field by itself, as it does with choices and files."""
    return schema.get("kind") == "choices" or _of_files(schema)


def _from_text(text: str, schema: Mapping[str, Json]) -> Json:
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if kinds == ["string"] or kinds == [None]:
        return text
    if kinds == ["boolean"] and text in ("on", "off"):
        return text == "on"  # as a form's checkbox says it
    try:
        return loads(text)
    except ValueError:
        return text
