"""
The contract: what a page, a bridge and a Space agree on, as it stands in a demo's `contract.json`.

    contract = load(Path("site/demos/catdog"))
    question = contract.check_input({"photo": photos.describe(content)})
    answer = contract.check_prediction(prediction)

`site/js/contract.js` is the same checker for the page; tests hold the two together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from api_bridge.faults import (
    ContractBroken,
    ContractUnreadable,
    Fault,
    InputRefused,
    MalformedRequest,
)
from api_bridge.media import File
from api_bridge.pipeline import Pipeline, Unclear, part_of, read
from api_bridge.refusals import Problem, file_refusal, wish
from api_bridge.schema import (
    NO_FILE,
    Checker,
    described,
    file_at,
    from_text,
    is_file,
    of_files,
    one_of,
    problems,
    repeats,
)
from api_bridge.strict_json import Json, loads
from api_bridge.unclear import hold

_META_SCHEMA = Checker(loads(Path(__file__).with_name("contract.schema.json").read_text(encoding="utf-8")))


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
    def _input(self) -> Checker:
        return Checker(self.json["input"])

    @cached_property
    def _prediction(self) -> Checker:
        return Checker(self.json["prediction"])

    @cached_property
    def pipeline(self) -> Pipeline:
        """The steps that are asked, each after those it needs."""
        return read(self.json)

    @cached_property
    def _parts(self) -> dict[str, Checker]:
        """What checks one call of each step: of one that is asked several times, an answer among them."""
        schemas = {step: part_of(self.json, step.name) for step in self.pipeline.steps}
        return {step.name: Checker(one_of(schema) if step.each else schema) for step, schema in schemas.items()}

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
            elif repeats(schema):
                several = value.setdefault(name, [])
                if given != "":  # a form's way to say: none of them
                    several.append(from_text(given, schema.get("items", {})) if isinstance(given, str) else given)
            elif name in value:
                raise MalformedRequest(f"“{name}” was sent twice; send it once.", name)
            else:
                value[name] = from_text(given, schema) if isinstance(given, str) else given
        return value

    def check_input(self, value: Mapping[str, Json]) -> dict[str, Json]:
        """
        Return `value` with its defaults filled in, or raise the fault a visitor can mend.

        Files are `File`s; all else is JSON. Raises `InputRefused`, `MediaRefused` or
        `FileTooLarge`, each naming the field.
        """
        value = {**self.defaults, **value}
        told = {name: described(self.fields.get(name, {}), given) for name, given in value.items()}
        found = problems(self._input, told)
        if found:
            raise self._refusal(found[0], told)
        return value

    def check_prediction(self, prediction: Json, step: str | None = None) -> Json:
        """
        Return `prediction`, or raise `ContractBroken`: a changed Space is a bug which waiting can not mend.

        With `step` it is what one call of that step gave.
        """
        found = problems(self._parts[step] if step else self._prediction, prediction)
        if found:
            inside = (step,) if step and self.pipeline.several else ()
            where = ".".join(("prediction", *inside, *found[0].path))
            raise ContractBroken(
                f"The model's answer is not what was agreed ({where}: {found[0].keyword}). "
                "The people who keep this page need to look at it."
            )
        return prediction

    def _refusal(self, problem: Problem, value: Mapping[str, Json]) -> Fault:
        """Say `problem` in words; `site/js/contract.js` says it in the same ones."""
        name = problem.path[0] if problem.path else ""
        if problem.keyword == "additionalProperties" and len(problem.path) == 1:
            return InputRefused(f"There is no field “{name}”.", name)
        field = self.fields[name]
        if problem.keyword == "required" and len(problem.path) == 1 and (is_file(field) or of_files(field)):
            wanted = "draw something" if field["kind"] == "sketch" else "choose a file"
            return InputRefused(f"“{field['title']}” is missing: {wanted}.", name)
        if (about := file_at(self.json["input"], value, problem.path)) is not NO_FILE:
            return file_refusal(problem, field["title"], name, about)
        return InputRefused(f"“{field['title']}” {wish(problem, 'file' if of_files(field) else 'choice')}.", name)


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
    if found := problems(_META_SCHEMA, value):
        return f"{'.'.join(found[0].path) or 'it'} breaks `{found[0].keyword}`"
    if missing := set(value["input"]["required"]) - set(value["input"]["properties"]):
        return f"input.required names “{min(missing)}”, which is no field"
    for name in ("input", "prediction"):
        try:
            Checker(value[name])
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
