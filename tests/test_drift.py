"""
Every drift is noticed, and nothing else is: a corpus of changes to real contracts, each of a known class.

`python tests/test_drift.py` prints how many were classified as they should be, and those that were not.
"""

import copy
import dataclasses
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api_bridge.answers import compare_examples
from api_bridge.components import Component
from api_bridge.contract import Contract, load, wrong_with
from api_bridge.dialects import About, Endpoint, Parameter
from api_bridge.drift import compare, endpoint_gone
from api_bridge.findings import CODES, SEVERITIES, Finding, worst
from api_bridge.learn import draft
from api_bridge.media import File

HERE = Path(__file__).parent
LEARNED = [path for path in sorted((HERE / "contracts").glob("*.json")) if path.stem != "pipelines"]
PATHS = [HERE.parent / "site/demos/catdog/contract.json", *LEARNED]
CONTRACTS = {
    path.parent.name if path.name == "contract.json" else path.stem: json.loads(path.read_text()) for path in PATHS
}
SEEDS = (1, 2, 3)

Json = Any
Change = Callable[[Json, random.Random], None]


class Mutation(NamedTuple):
    """One way a Space may change, and what it must be called."""

    name: str
    change: Change
    expected: str  # the worst severity, or "holds"
    code: str  # one that must be among the findings; "" where none is


class DoesNotFitError(Exception):
    """This change can not be made to this contract."""


MUTATIONS: list[Mutation] = []


def becomes(expected: str, code: str = "") -> Callable[[Change], Change]:
    def known(change: Change) -> Change:
        MUTATIONS.append(Mutation(change.__name__, change, expected, code))
        return change

    return known


# --- where a mutation takes hold


def fields_of(contract: Json) -> dict[str, Json]:
    return contract["input"]["properties"]


def step_of(contract: Json) -> Json:
    return next(iter(contract["steps"].values()))


def said_of(contract: Json) -> Json:
    return one_of(list(contract.get("spaces", {}).values()), random.Random(0))


def one_of(choices: list[Any], dice: random.Random) -> Any:
    if not choices:
        raise DoesNotFitError
    return dice.choice(choices)


def field_where(contract: Json, dice: random.Random, fits: Callable[[str, Json], object]) -> tuple[str, Json]:
    return one_of([(name, field) for name, field in fields_of(contract).items() if fits(name, field)], dice)


def schemas(value: Json) -> Iterator[Json]:
    """A schema and all inside it."""
    yield value
    for part in (*value.get("properties", {}).values(), *filter(None, [value.get("items")])):
        yield from schemas(part)


def schema_where(contract: Json, dice: random.Random, fits: Callable[[Json], object]) -> Json:
    found = [each for field in fields_of(contract).values() for each in schemas(field) if fits(each)]
    return one_of(found, dice)


def outputs_where(contract: Json, least: int = 1) -> list[str]:
    gives = step_of(contract).get("gives", [])
    if len(gives) < least:
        raise DoesNotFitError
    return gives


def labels_of(contract: Json) -> list[str]:
    names = contract["prediction"].get("properties", {}).get("label", {}).get("enum")
    if not names:
        raise DoesNotFitError
    return names


def relabel(contract: Json, names: list[str]) -> None:
    parts = contract["prediction"]["properties"]
    parts["label"]["enum"] = names
    parts["confidences"]["items"]["properties"]["label"]["enum"] = names
    parts["confidences"]["minItems"] = parts["confidences"]["maxItems"] = len(names)


def at(place: int, name: str, value: Json, table: Json) -> dict[str, Json]:
    pairs = list(table.items())
    return dict([*pairs[:place], (name, value), *pairs[place:]])


def add_field(contract: Json, place: int, name: str, field: Json, *, required: bool) -> None:
    step = step_of(contract)
    contract["input"]["properties"] = at(place, name, field, fields_of(contract))
    step["takes"] = at(place, name, f"input.{name}", step["takes"])
    if required:
        contract["input"]["required"].append(name)


def rename(table: Json, old: str, new: str) -> dict[str, Json]:
    return {new if name == old else name: value for name, value in table.items()}


def rename_field(contract: Json, old: str, new: str) -> None:
    step = step_of(contract)
    contract["input"]["properties"] = rename(fields_of(contract), old, new)
    contract["input"]["required"] = [new if name == old else name for name in contract["input"]["required"]]
    step["takes"] = {
        (new if name == old else name): (f"input.{new}" if source == f"input.{old}" else source)
        for name, source in step["takes"].items()
    }


def shuffled(names: list[str], dice: random.Random) -> list[str]:
    if len(names) < 2:
        raise DoesNotFitError
    order = names
    while order == names:
        order = dice.sample(names, len(names))
    return order


TEXT = {"kind": "text", "title": "More", "type": "string", "maxLength": 20000}
NUMBER = {"kind": "number", "title": "More", "type": "number", "default": 1}


# --- breaking: what was agreed is not there any more


@becomes("breaking", "endpoint-renamed")
def endpoint_is_renamed(contract, dice):
    step_of(contract)["endpoint"] = "/turn"


@becomes("breaking", "endpoint-gone")
def endpoint_is_another(contract, dice):
    step_of(contract)["endpoint"] = "/turn"
    add_field(contract, 0, "angle", dict(TEXT), required=True)


@becomes("breaking", "dialect-unknown")
def dialect_is_unknown(contract, dice):
    said_of(contract)["dialect"] = "queue9"


@becomes("breaking", "field-added-required")
def required_field_comes_first(contract, dice):
    add_field(contract, 0, "more", dict(TEXT), required=True)


@becomes("breaking", "field-added-required")
def required_field_comes_last(contract, dice):
    add_field(contract, len(fields_of(contract)), "more", dict(TEXT), required=True)


@becomes("breaking", "field-removed")
def field_is_removed(contract, dice):
    name = one_of(list(fields_of(contract)), dice)
    step = step_of(contract)
    del fields_of(contract)[name]
    contract["input"]["required"] = [each for each in contract["input"]["required"] if each != name]
    step["takes"] = {each: source for each, source in step["takes"].items() if source != f"input.{name}"}


@becomes("breaking", "field-renamed")
def field_is_renamed(contract, dice):
    rename_field(contract, one_of(list(fields_of(contract)), dice), "picture")


@becomes("breaking", "field-removed")
def field_is_replaced_by_another_kind(contract, dice):
    name, field = field_where(contract, dice, lambda _, field: field["kind"] != "color")
    rename_field(contract, name, "shade")
    fields_of(contract)["shade"] = {"kind": "color", "title": field["title"], "type": "string", "maxLength": 50}


@becomes("breaking", "field-removed")
def field_goes_and_another_comes_elsewhere(contract, dice):
    first, *others = fields_of(contract)
    if not others:
        raise DoesNotFitError
    field = fields_of(contract).pop(first)
    step_of(contract)["takes"].pop(first)
    contract["input"]["required"].remove(first)
    add_field(contract, len(others), "more", field, required=True)


@becomes("breaking", "field-required")
def optional_field_must_be_filled_in(contract, dice):
    needed = contract["input"]["required"]
    needed.append(field_where(contract, dice, lambda name, field: name not in needed and "default" not in field)[0])


@becomes("breaking", "parameter-renamed")
def parameter_is_renamed(contract, dice):
    step = step_of(contract)
    step["takes"] = rename(step["takes"], one_of(list(step["takes"]), dice), "Picture")


@becomes("breaking", "parameter-renamed")
def parameters_swap_their_fields(contract, dice):
    takes = step_of(contract)["takes"]
    one, other = one_of([pair for pair in [list(takes)[:2]] if len(pair) == 2], dice)
    takes[one], takes[other] = takes[other], takes[one]


@becomes("breaking", "parameter-removed")
def parameter_is_removed(contract, dice):
    takes = step_of(contract)["takes"]
    del takes[one_of(list(takes), dice)]


@becomes("breaking", "limit-narrowed")
def minimum_goes_up(contract, dice):
    schema_where(contract, dice, lambda each: "minimum" in each)["minimum"] += dice.randint(1, 3)


@becomes("breaking", "limit-narrowed")
def minimum_appears(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "number" and "minimum" not in each)["minimum"] = 0


@becomes("breaking", "limit-narrowed")
def maximum_goes_down(contract, dice):
    schema_where(contract, dice, lambda each: "maximum" in each)["maximum"] -= 1


@becomes("breaking", "limit-narrowed")
def maximum_appears(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "number" and "maximum" not in each)["maximum"] = 100


@becomes("breaking", "limit-narrowed")
def longest_text_shrinks(contract, dice):
    schema_where(contract, dice, lambda each: "maxLength" in each)["maxLength"] = dice.randint(1, 200)


@becomes("breaking", "limit-narrowed")
def longest_text_appears(contract, dice):
    plain = schema_where(
        contract, dice, lambda each: each.get("type") == "string" and not {"enum", "maxLength"} & {*each}
    )
    plain["maxLength"] = 10


@becomes("breaking", "limit-narrowed")
def shortest_text_appears(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "string" and "enum" not in each)["minLength"] = 2


@becomes("breaking", "limit-narrowed")
def fewest_items_appear(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "array" and "minItems" not in each)["minItems"] = 1


@becomes("breaking", "limit-narrowed")
def most_items_appear(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "array")["maxItems"] = dice.randint(1, 5)


@becomes("breaking", "limit-narrowed")
def numbers_must_be_whole(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "number")["type"] = "integer"


@becomes("breaking", "limit-narrowed")
def value_is_of_another_type(contract, dice):
    plain = schema_where(contract, dice, lambda each: each.get("type") == "number" and "default" not in each)
    plain["type"] = "string"


@becomes("breaking", "limit-narrowed")
def photo_must_be_measured(contract, dice):
    schema_where(contract, dice, lambda each: "pixels" in each.get("properties", {}))["required"].append("pixels")


@becomes("breaking", "limit-narrowed")
def file_may_have_so_many_pixels(contract, dice):
    found = schema_where(contract, dice, lambda each: {*each.get("properties", {})} == {"media", "size"})
    found["properties"]["pixels"] = {"type": "integer", "maximum": 1000}


@becomes("breaking", "choice-removed")
def choice_is_removed(contract, dice):
    choices = choices_where(contract, dice)["enum"]
    choices.remove(dice.choice(choices))


@becomes("breaking", "choice-removed")
def choice_is_renamed(contract, dice):
    choices = choices_where(contract, dice)["enum"]
    choices[dice.randrange(len(choices))] = "something else"


@becomes("breaking", "choice-removed")
def every_choice_is_a_number_now(contract, dice):
    found = choices_where(contract, dice)
    found.update(type="number", enum=list(range(len(found["enum"]))))


def choices_where(contract: Json, dice: random.Random) -> Json:
    return schema_where(contract, dice, lambda each: len(each.get("enum", ())) > 1 and "/" not in each["enum"][0])


def media_where(contract: Json, dice: random.Random) -> Json:
    return schema_where(contract, dice, lambda each: "/" in str(each.get("enum", [""])[0]))


def media_of(contract: Json) -> Json:
    """The first field's media type, where it is a file."""
    return next(iter(fields_of(contract).values())).get("properties", {}).get("media")


@becomes("breaking", "media-removed")
def media_type_is_removed(contract, dice):
    media_where(contract, dice)["enum"].remove("image/webp")


@becomes("breaking", "media-removed")
def only_some_media_types_are_taken(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "file")
    field["properties"]["media"]["enum"] = ["application/pdf"]


@becomes("breaking", "choice-removed")
def text_becomes_a_choice_inside(contract, dice):
    plain = schema_where(contract, dice, lambda each: each == {"type": "string"} and each is not media_of(contract))
    plain["enum"] = ["a", "b"]


@becomes("breaking", "kind-changed")
def text_becomes_a_choice(contract, dice):
    name, field = field_where(contract, dice, lambda _, field: field["kind"] == "text")
    fields_of(contract)[name] = {
        "kind": "choice",
        "title": field["title"],
        "type": "string",
        "enum": ["Chelsea", "Rex"],
    }


@becomes("breaking", "kind-changed")
def photo_becomes_a_sound(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "image")
    field["kind"] = "audio"
    field["properties"]["media"]["enum"] = ["audio/wav"]


@becomes("breaking", "kind-changed")
def one_choice_becomes_several(contract, dice):
    name, field = field_where(contract, dice, lambda _, field: field["kind"] == "choice")
    several = {"type": "array", "items": {"type": "string", "enum": field["enum"]}, "default": []}
    fields_of(contract)[name] = {"kind": "choices", "title": field["title"], **several}


@becomes("breaking", "kind-changed")
def several_choices_become_one(contract, dice):
    name, field = field_where(contract, dice, lambda _, field: field["kind"] == "choices")
    fields_of(contract)[name] = {
        "kind": "choice",
        "title": field["title"],
        **field["items"],
        "default": field["items"]["enum"][0],
    }


@becomes("breaking", "kind-changed")
def conversation_becomes_a_text(contract, dice):
    name, field = field_where(contract, dice, lambda _, field: field["kind"] == "chat")
    fields_of(contract)[name] = {**TEXT, "title": field["title"]}


@becomes("breaking", "limit-narrowed")
def number_becomes_a_slider(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "number")
    field.update(kind="slider", minimum=0, maximum=100)


@becomes("breaking", "prediction-changed")
def answer_is_of_another_kind(contract, dice):
    if "kind" not in contract["prediction"]:
        raise DoesNotFitError
    contract["prediction"] = {"kind": "highlighted", "title": "Parts", "type": ["array", "null"]}


@becomes("breaking", "prediction-changed")
def one_output_is_of_another_kind(contract, dice):
    name = one_of(outputs_where(contract), dice)
    contract["prediction"]["properties"][name] = {"kind": "plot", "title": "Plot", "type": ["object", "null"]}


@becomes("breaking", "prediction-changed")
def text_is_markdown_now(contract, dice):
    texts = [each for each in contract["prediction"].get("properties", {}).values() if each.get("kind") == "text"]
    one_of(texts, dice)["kind"] = "markdown"


@becomes("breaking", "output-removed")
def output_is_removed(contract, dice):
    name = one_of(outputs_where(contract, 2), dice)
    step_of(contract)["gives"].remove(name)
    contract["prediction"]["required"].remove(name)
    del contract["prediction"]["properties"][name]


@becomes("breaking", "output-removed")
def only_the_first_output_is_left(contract, dice):
    first = outputs_where(contract, 2)[0]
    contract["prediction"] = contract["prediction"]["properties"][first]
    del step_of(contract)["gives"]


@becomes("breaking", "outputs-reordered")
def outputs_are_reordered(contract, dice):
    order = shuffled(outputs_where(contract, 2), dice)
    step_of(contract)["gives"] = contract["prediction"]["required"] = order
    contract["prediction"]["properties"] = {name: contract["prediction"]["properties"][name] for name in order}


@becomes("breaking", "label-removed")
def label_is_removed(contract, dice):
    names = labels_of(contract)
    relabel(contract, [name for name in names if name != dice.choice(names)][:1])


@becomes("breaking", "label-renamed")
def label_is_renamed(contract, dice):
    names = list(labels_of(contract))
    names[dice.randrange(len(names))] = "wolf"
    relabel(contract, names)


@becomes("breaking", "labels-reordered")
def labels_are_reordered(contract, dice):
    relabel(contract, shuffled(labels_of(contract), dice))


@becomes("breaking", "label-removed")
def every_label_is_another(contract, dice):
    relabel(contract, [f"{name}s" for name in labels_of(contract)])


# --- risky: it may still work


@becomes("risky", "dialect-client")
def only_gradios_own_client_can_ask(contract, dice):
    said_of(contract)["dialect"] = "client"


@becomes("risky", "dialect-changed")
def dialect_is_another(contract, dice):
    said_of(contract)["dialect"] = dice.choice(["queue4", "stream4", "socket3"])


@becomes("risky", "gradio-major")
def gradio_is_a_generation_younger(contract, dice):
    said_of(contract)["gradio"] = "7.0.0"


@becomes("risky", "gradio-major")
def gradio_is_a_generation_older(contract, dice):
    said_of(contract)["gradio"] = "5.50.0"


@becomes("risky", "default-changed")
def default_changes(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: isinstance(field.get("default"), bool | int))
    field["default"] = not field["default"] if isinstance(field["default"], bool) else field["default"] + 1


@becomes("risky", "default-changed")
def default_choice_changes(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "choice" and "default" in field)
    field["default"] = next(choice for choice in field["enum"] if choice != field["default"])


@becomes("risky", "default-changed")
def default_goes_and_the_field_is_needed(contract, dice):
    name, field = field_where(contract, dice, lambda _, field: "default" in field)
    del field["default"]
    contract["input"]["required"].append(name)


@becomes("risky", "field-inserted")
def optional_field_comes_first(contract, dice):
    add_field(contract, 0, "more", dict(NUMBER), required=False)


@becomes("risky", "field-inserted")
def optional_field_comes_between(contract, dice):
    if len(fields_of(contract)) < 2:
        raise DoesNotFitError
    add_field(contract, dice.randrange(1, len(fields_of(contract))), "more", dict(NUMBER), required=False)


@becomes("risky", "fields-reordered")
def fields_are_reordered(contract, dice):
    order = shuffled(list(fields_of(contract)), dice)
    contract["input"]["properties"] = {name: fields_of(contract)[name] for name in order}
    step_of(contract)["takes"] = {name: f"input.{name}" for name in order}


@becomes("risky", "fields-reordered")
def only_parameters_are_reordered(contract, dice):
    takes = step_of(contract)["takes"]
    step_of(contract)["takes"] = {name: takes[name] for name in shuffled(list(takes), dice)}


@becomes("risky", "label-added")
def label_is_added_last(contract, dice):
    relabel(contract, [*labels_of(contract), "wolf"])


@becomes("risky", "label-added")
def label_is_added_first(contract, dice):
    relabel(contract, ["ape", *labels_of(contract)])


@becomes("risky", "output-inserted")
def output_is_inserted(contract, dice):
    gives = outputs_where(contract, 2)
    add_output(contract, dice.randrange(len(gives)))


@becomes("risky", "output-inserted")
def hidden_output_is_inserted(contract, dice):
    outputs_where(contract, 2).insert(1, None)


@becomes("risky", "output-inserted")
def output_comes_before_the_only_one(contract, dice):
    make_several(contract, ["more", "answer"])


@becomes("risky", "output-renamed")
def output_is_renamed(contract, dice):
    gives, shown = outputs_where(contract), contract["prediction"]
    place = dice.randrange(len(gives))
    shown["properties"] = rename(shown["properties"], gives[place], "renamed")
    gives[place] = "renamed"
    shown["required"] = list(gives)


@becomes("risky", "prediction-widened")
def answer_may_be_nothing(contract, dice):
    del one_output(contract, dice, lambda each: each["kind"] != "label" and "type" in each)["type"]


@becomes("risky", "prediction-widened")
def answer_is_another_type_of_its_kind(contract, dice):
    one_output(contract, dice, lambda each: each["kind"] in ("text", "number"))["type"] = ["boolean", "null"]


@becomes("risky", "prediction-widened")
def answer_may_lack_its_size(contract, dice):
    one_output(contract, dice, lambda each: "size" in each.get("required", ()))["required"].remove("size")


@becomes("risky", "step-not-pure")
def state_appears(contract, dice):
    step_of(contract)["pure"] = False


@becomes("risky", "step-not-pure")
def state_is_given_back_too(contract, dice):
    step_of(contract)["pure"] = False
    if "gives" in step_of(contract):
        step_of(contract)["gives"].append(None)
    else:
        make_several(contract, ["answer", None])


def one_output(contract: Json, dice: random.Random, fits: Callable[[Json], object]) -> Json:
    shown = contract["prediction"]
    return one_of([each for each in ([shown] if "kind" in shown else shown["properties"].values()) if fits(each)], dice)


def add_output(contract: Json, place: int) -> None:
    shown = contract["prediction"]
    step_of(contract)["gives"].insert(place, "more")
    shown["properties"]["more"] = {"kind": "plot", "title": "More", "type": ["object", "null"]}
    shown["required"] = [name for name in step_of(contract)["gives"] if name]


def make_several(contract: Json, gives: list[str | None]) -> None:
    if "gives" in step_of(contract):
        raise DoesNotFitError
    step_of(contract)["gives"] = gives
    plot = {"kind": "plot", "title": "More", "type": ["object", "null"]}
    parts = {name: plot if name == "more" else contract["prediction"] for name in gives if name}
    contract["prediction"] = {"type": "object", "required": list(parts), "properties": parts}


# --- benign: it works, and the page may gain something


@becomes("benign", "gradio-minor")
def gradio_is_a_little_younger(contract, dice):
    said_of(contract)["gradio"] = f"6.{dice.randint(32, 99)}.0"


@becomes("benign", "gradio-minor")
def gradio_is_patched(contract, dice):
    said_of(contract)["gradio"] = "6.31.1"


@becomes("benign", "words-changed")
def title_of_a_field_changes(contract, dice):
    field_where(contract, dice, lambda *_: True)[1]["title"] = "Another title"


@becomes("benign", "words-changed")
def title_of_an_output_changes(contract, dice):
    one_output(contract, dice, lambda each: "title" in each)["title"] = "Another title"


@becomes("benign", "words-changed")
def description_appears(contract, dice):
    field_where(contract, dice, lambda *_: True)[1]["description"] = "What it is for\nin two lines"


@becomes("benign", "words-changed")
def description_goes(contract, dice):
    del field_where(contract, dice, lambda _, field: "description" in field)[1]["description"]


@becomes("benign", "words-changed")
def choice_is_called_something_else(contract, dice):
    choices = schema_where(contract, dice, lambda each: "enum" in each)
    choices["words"] = {**choices.get("words", {}), str(choices["enum"][0]): "Another word"}


@becomes("benign", "words-changed")
def label_is_called_something_else(contract, dice):
    labels_of(contract)
    contract["prediction"]["properties"]["label"]["words"]["cat"] = "one cat"


@becomes("benign", "words-changed")
def control_moves_by_another_step(contract, dice):
    schema_where(contract, dice, lambda each: "step" in each)["step"] = 0.5


@becomes("benign", "words-changed")
def texts_are_suggested(contract, dice):
    field_where(contract, dice, lambda _, field: field["kind"] == "text")[1]["suggested"] = ["Rex"]


@becomes("benign", "words-changed")
def file_endings_are_hinted(contract, dice):
    field_where(contract, dice, lambda _, field: field["kind"] == "file")[1]["endings"] = [".csv"]


@becomes("benign", "field-added")
def optional_field_comes_last(contract, dice):
    add_field(contract, len(fields_of(contract)), "more", dict(NUMBER), required=False)


@becomes("benign", "field-optional")
def field_need_not_be_filled_in(contract, dice):
    contract["input"]["required"].remove(one_of(list(contract["input"]["required"]), dice))


@becomes("benign", "field-optional")
def needed_field_gets_a_default(contract, dice):
    name, field = field_where(contract, dice, lambda name, field: field["kind"] == "number" and "default" not in field)
    field["default"] = 1
    contract["input"]["required"].remove(name)


@becomes("benign", "limit-widened")
def minimum_goes_down(contract, dice):
    schema_where(contract, dice, lambda each: "minimum" in each)["minimum"] -= 1


@becomes("benign", "limit-widened")
def maximum_goes_up(contract, dice):
    schema_where(contract, dice, lambda each: "maximum" in each)["maximum"] *= 2


@becomes("benign", "limit-widened")
def maximum_goes(contract, dice):
    del schema_where(contract, dice, lambda each: "maximum" in each)["maximum"]


@becomes("benign", "limit-widened")
def longest_text_grows(contract, dice):
    schema_where(contract, dice, lambda each: "maxLength" in each)["maxLength"] *= 2


@becomes("benign", "limit-widened")
def photo_may_have_any_number_of_pixels(contract, dice):
    found = schema_where(contract, dice, lambda each: "pixels" in each.get("properties", {}))
    del found["properties"]["pixels"]


@becomes("benign", "limit-widened")
def any_number_will_do(contract, dice):
    schema_where(contract, dice, lambda each: each.get("type") == "integer")["type"] = "number"


@becomes("benign", "choice-added")
def choice_is_added(contract, dice):
    choices = choices_where(contract, dice)["enum"]
    choices.insert(dice.randrange(len(choices) + 1), "something else")


@becomes("benign", "control-changed")
def choice_becomes_any_text(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "choice")
    field.update(kind="text", maxLength=20000)
    del field["enum"]


@becomes("benign", "control-changed")
def slider_becomes_a_number(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "slider")
    field["kind"] = "number"


@becomes("benign", "media-added")
def media_type_is_added(contract, dice):
    media_where(contract, dice)["enum"].append("image/gif")


@becomes("benign", "media-added")
def photo_becomes_any_file(contract, dice):
    _, field = field_where(contract, dice, lambda _, field: field["kind"] == "image")
    field["kind"] = "file"
    del field["properties"]["media"]["enum"], field["properties"]["pixels"]


@becomes("benign", "output-added")
def output_comes_last(contract, dice):
    add_output(contract, len(outputs_where(contract)))


@becomes("benign", "output-added")
def output_comes_after_the_only_one(contract, dice):
    make_several(contract, ["answer", "more"])


@becomes("benign", "prediction-narrowed")
def answer_is_never_nothing(contract, dice):
    shown = one_output(contract, dice, lambda each: each["kind"] != "label" and "null" in each["type"])
    shown["type"].remove("null")


# --- no drift at all


@becomes("holds")
def nothing_happens(contract, dice):
    pass


@becomes("holds")
def revision_counts_up(contract, dice):
    contract["revision"] += dice.randint(1, 9)


@becomes("holds")
def it_was_seen_another_day(contract, dice):
    said_of(contract)["seen"] = "2027-01-01"


@becomes("holds")
def examples_are_gone(contract, dice):
    contract["examples"] = []


@becomes("holds")
def examples_are_added(contract, dice):
    contract["examples"].append(
        {"name": "x", "title": "X", "input": {}, "prediction": None, "tolerance": 0, "varies": True}
    )


@becomes("holds")
def model_is_not_told(contract, dice):
    contract.pop("model", None)


@becomes("holds")
def demo_has_another_title(contract, dice):
    contract["title"] = "Another title"


@becomes("holds")
def space_has_another_address(contract, dice):
    step = step_of(contract)
    contract["spaces"] = {"someone/else": said_of(contract)}
    step["space"] = "someone/else"


@becomes("holds")
def step_is_called_otherwise(contract, dice):
    contract["steps"] = {"another": step_of(contract)}


@becomes("holds")
def keys_stand_in_another_order(contract, dice):
    for name in shuffled(list(contract), dice):
        contract[name] = contract.pop(name)


@becomes("holds")
def words_of_every_field_stand_in_another_order(contract, dice):
    for name, field in fields_of(contract).items():
        fields_of(contract)[name] = {word: field[word] for word in shuffled(list(field), dice)}


@becomes("holds")
def parts_of_a_file_stand_in_another_order(contract, dice):
    found = schema_where(contract, dice, lambda each: "media" in each.get("properties", {}))
    found["properties"] = {name: found["properties"][name] for name in shuffled(list(found["properties"]), dice)}


@becomes("holds")
def needed_fields_are_listed_in_another_order(contract, dice):
    found = schema_where(contract, dice, lambda each: len(each.get("required", ())) > 1)
    found["required"] = shuffled(found["required"], dice)


@becomes("holds")
def properties_of_outputs_stand_in_another_order(contract, dice):
    order = shuffled(outputs_where(contract, 2), dice)
    contract["prediction"]["properties"] = {name: contract["prediction"]["properties"][name] for name in order}


@becomes("holds")
def types_are_listed_in_another_order(contract, dice):
    one_output(contract, dice, lambda each: isinstance(each["type"], list))["type"].reverse()


@becomes("holds")
def choices_stand_in_another_order(contract, dice):
    found = choices_where(contract, dice)
    found["enum"] = shuffled(found["enum"], dice)


@becomes("holds")
def whole_limits_are_written_with_a_point(contract, dice):
    found = schema_where(contract, dice, lambda each: "maximum" in each)
    found["maximum"] = float(found["maximum"])


@becomes("holds")
def a_space_tells_its_labels(contract, dice):
    label = one_output(contract, dice, lambda each: each["kind"] == "label")["properties"]["label"]
    if "enum" in label:
        raise DoesNotFitError
    label["enum"] = ["bright", "dark"]


@becomes("holds")
def a_label_may_be_nothing(contract, dice):
    labels_of(contract).append(None)


@becomes("holds")
def a_space_does_not_tell_its_labels(contract, dice):
    labels_of(contract)
    for part in schemas(contract["prediction"]):
        part.pop("enum", None)


# --- the corpus


class Case(NamedTuple):
    """A mutation made to a contract, and what is found."""

    contract: str
    mutation: Mutation
    seed: int
    live: Json
    found: list[Finding]

    @property
    def right(self) -> bool:
        codes = {each.code for each in self.found}
        return worst(self.found) == self.mutation.expected and (
            self.mutation.code in codes if codes else not self.mutation.code
        )


def cases() -> Iterator[Case]:
    """Every mutation, made to every contract it fits, as each seed would have it."""
    for name, agreed in CONTRACTS.items():
        for mutation in MUTATIONS:
            for seed in SEEDS:
                live = copy.deepcopy(agreed)
                try:
                    mutation.change(live, random.Random(seed))
                except DoesNotFitError:
                    continue
                yield Case(name, mutation, seed, live, compare(agreed, live))


def score() -> tuple[str, list[str]]:
    """The line that says how many were classified, and one for each that was not."""
    told = list(cases())
    missed = [
        f"{case.contract:10} {case.mutation.name:45} seed {case.seed}  {case.mutation.expected} {case.mutation.code}"
        f" → {worst(case.found)} {', '.join(each.code for each in case.found)}"
        for case in told
        if not case.right
    ]
    return f"{len(told) - len(missed)}/{len(told)} classified ({len(MUTATIONS)} mutations)", missed


JARGON = r"\b(None|True|False|dict|tuple|str|int|bool|enum|array|schema|maxLength|minItems|required|Error|Exception|null)\b|[{}\[\]]"


def test_every_change_of_the_corpus_is_classified():
    """A maintainer hears of what breaks a page, and is never woken for nothing."""
    line, missed = score()
    print(f"\n{line}")
    assert missed == []


def test_the_corpus_is_large_and_every_mutation_fits_somewhere():
    """A score over changes that were never made would mean nothing."""
    used = {case.mutation.name for case in cases()}
    assert used == {mutation.name for mutation in MUTATIONS}
    assert len(used) >= 60
    assert sum(mutation.expected == "holds" for mutation in MUTATIONS) >= 10
    assert {mutation.expected for mutation in MUTATIONS} == {*SEVERITIES, "holds"}


def test_every_code_is_exercised():
    """No sentence stands in the table that no change leads to."""
    found = {each.code for case in cases() for each in case.found}
    unmet = {code for code in CODES if not code.startswith(("example-", "step-"))} - found
    assert unmet == {"parameter-added"}


def test_a_change_is_told_once():
    """One change, one line to read: a rename is not also something gone and something new."""
    for case in cases():
        assert len({each.what for each in case.found}) == len(case.found)
        if (
            case.mutation.expected == "breaking"
            and case.mutation.name.endswith("renamed")
            and case.mutation.code.endswith("renamed")
        ):
            assert [each.code for each in case.found if each.severity == "breaking"] == [case.mutation.code], (
                case.mutation.name
            )


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_holds_against_itself(name):
    """Nothing changed, nothing said."""
    assert wrong_with(CONTRACTS[name]) is None
    assert compare(CONTRACTS[name], copy.deepcopy(CONTRACTS[name])) == []
    assert worst([]) == "holds"


def test_an_order_is_told_once():
    """Fields and parameters that moved together moved once."""
    for case in cases():
        if case.mutation.code == "fields-reordered":
            assert codes(case.found) == ["fields-reordered"]


def test_the_contracts_are_left_as_they_were():
    """Looking changes nothing."""
    before = copy.deepcopy(CONTRACTS)
    score()
    assert before == CONTRACTS


def test_every_finding_is_three_plain_sentences():
    """Who reads them did not write this code."""
    for case in cases():
        for each in case.found:
            for sentence in (each.what, each.visitor, each.remedy):
                assert sentence.endswith("."), sentence
                assert sentence[:1].isupper(), sentence
                assert "\n" not in sentence
                assert not re.search(JARGON, sentence), sentence
            assert re.fullmatch("[a-z]+(-[a-z]+)*", each.code)
            assert each.severity in SEVERITIES


def test_the_worst_comes_first():
    """What has to be done is read before what may be done."""
    for case in cases():
        ranks = [SEVERITIES.index(each.severity) for each in case.found]
        assert ranks == sorted(ranks)


def test_findings_name_names():
    """Whoever reads a finding knows where to look."""
    agreed = CONTRACTS["six"]

    def said(change: Change) -> str:
        live = copy.deepcopy(agreed)
        change(live, random.Random(1))
        return " ".join(each.what for each in compare(agreed, live))

    assert said(lambda live, _: rename_field(live, "photo", "image")) == "The field `photo` is called `image` now."
    assert said(lambda live, _: fields_of(live)["times"].update(maximum=3)) == (
        "The field `times` is at most 3 now; it was at most 5 before."
    )
    assert (
        said(lambda live, _: fields_of(live)["colour"]["enum"].remove("black"))
        == "The field `colour` does not take “black” any more."
    )
    assert said(lambda live, _: fields_of(live)["photo"]["properties"]["media"]["enum"].remove("image/webp")) == (
        "The field `photo` does not take WebP any more."
    )
    assert (
        said(lambda live, _: step_of(live)["gives"].append(None))
        == "There is a new output `hidden state 1`, after the others."
    )
    assert said(lambda live, _: step_of(live).update(endpoint="/turn")) == "The endpoint /describe is called /turn now."


def test_a_gone_endpoint_names_those_that_are_there():
    """The maintainer sees at once where it may have gone, and what to run."""
    live = copy.deepcopy(CONTRACTS["six"])
    endpoint_is_another(live, random.Random(1))
    (found,) = compare(CONTRACTS["six"], live, ["/turn", "/flip"])
    assert found == endpoint_gone(CONTRACTS["six"], ["/turn", "/flip"])
    assert found.what == "The endpoint /describe is gone; the Space has /turn and /flip now."
    assert found.visitor == "Asking fails with “The model has changed”; the saved examples still answer."
    assert found.remedy == "Look at the Space, then run `python -m api_bridge check six --accept`."
    assert endpoint_gone(CONTRACTS["six"], []).what.endswith("the Space has no endpoint with a name now.")


def test_a_date_with_another_time_of_day_is_refused():
    """Gradio reads a date in one form only."""
    agreed = copy.deepcopy(CONTRACTS["number"])
    fields_of(agreed)["x"] = {"kind": "date", "title": "X", "type": "string", "maxLength": 19, "time": True}
    live = copy.deepcopy(agreed)
    fields_of(live)["x"]["time"] = False
    assert [each.code for each in compare(agreed, live)] == ["kind-changed"]


def test_a_parameter_without_a_field_is_new():
    """A contract whose step lost a parameter is told of it again."""
    agreed = copy.deepcopy(CONTRACTS["six"])
    del step_of(agreed)["takes"]["name"]
    assert [each.code for each in compare(agreed, CONTRACTS["six"])] == ["parameter-added"]


def drafted(*components: Component, state: bool = False) -> Json:
    """What `learn` makes of a Space with these inputs."""
    hidden = (Component("state", {}),) if state else ()
    parameters = tuple(Parameter(f"p{place}", each) for place, each in enumerate((*components, *hidden), 1))
    endpoint = Endpoint("/say", parameters, (Component("textbox", {"label": "Said"}), *hidden), queued=True)
    about = About("6.31.0", "queue5", {"/say": endpoint})
    return draft(about, endpoint, "someone/said", "said", {})


@pytest.mark.parametrize(
    ("components", "state", "expected"),
    [
        ([Component("textbox", {}), Component("slider", {"maximum": 9})], False, []),
        ([Component("textbox", {"label": "Text"}), Component("slider", {"maximum": 9})], False, ["words-changed"]),
        ([Component("textbox", {"max_length": 80}), Component("slider", {"maximum": 9})], False, ["limit-narrowed"]),
        ([Component("textbox", {}), Component("slider", {"maximum": 8})], False, ["limit-narrowed"]),
        ([Component("textbox", {}), Component("number", {"maximum": 9})], False, ["limit-widened", "control-changed"]),
        ([Component("textbox", {}), Component("audio", {})], False, ["kind-changed"]),
        ([Component("textbox", {})], False, ["field-removed"]),
        ([Component("textbox", {}), Component("slider", {"maximum": 9})], True, ["step-not-pure", "output-added"]),
    ],
)
def test_what_learn_drafts_can_be_compared(components, state, expected):
    """`check` holds what `add` wrote against what it would write today."""
    agreed = drafted(Component("textbox", {}), Component("slider", {"maximum": 9}))
    assert sorted(codes(compare(agreed, drafted(*components, state=state)))) == sorted(expected)


# --- recorded examples


CATDOG = Contract(CONTRACTS["catdog"], HERE)
SURE = [{"label": "cat", "confidence": 0.9998}, {"label": "dog", "confidence": 0.0002}]
CAT = copy.deepcopy(CONTRACTS["catdog"]["examples"][0])
CAT["prediction"]["confidences"] = SURE
SIX = Contract(CONTRACTS["six"], HERE)
PICTURE = {"file": "examples/turned.png", "media": "image/png", "size": 4000, "pixels": 100}
ANSWER = {
    "turned": PICTURE,
    "sentence": "Chelsea sits.",
    "light": {
        "label": "bright",
        "confidences": [{"label": "bright", "confidence": 0.8}, {"label": "dark", "confidence": 0.2}],
    },
    "table": {"headers": ["x"], "data": [[1.5, "a"]]},
}
EXAMPLE = {"name": "one", "title": "One", "input": {}, "prediction": ANSWER, "tolerance": 0.02}


def codes(findings: list[Finding]) -> list[str]:
    return [each.code for each in findings]


def labelled(**confidences: float) -> Json:
    ranked = sorted(confidences, key=lambda name: -confidences[name])
    told = [{"label": name, "confidence": confidences[name]} for name in ranked]
    return {"label": ranked[0], "confidences": told, "familiarity": 0.7, "unfamiliar": False}


@pytest.mark.parametrize("example", CONTRACTS["catdog"]["examples"], ids=lambda example: example["name"])
def test_the_same_answer_holds(example):
    """Nothing moved, nothing said."""
    assert compare_examples(example, copy.deepcopy(example["prediction"]), CATDOG) == []


@pytest.mark.parametrize(
    ("cat", "expected"),
    [(0.9998, []), (0.9799, []), (0.9798, []), (0.9797, ["example-confidence"]), (0.6, ["example-confidence"])],
)
def test_a_confidence_may_move_as_far_as_its_tolerance(cat, expected):
    """Another machine's last digits are no news; another model's opinion is."""
    found = compare_examples(CAT, labelled(cat=cat, dog=round(1 - cat, 4)), CATDOG)
    assert codes(found) == expected
    assert worst(found) == ("risky" if expected else "holds")


def test_a_moved_confidence_says_how_far():
    """The maintainer need not ask again to see how bad it is."""
    (found,) = compare_examples(CAT, labelled(cat=0.9, dog=0.1), CATDOG)
    assert found.what == (
        "The example “Chelsea, a cat”: the confidence of “cat” moved from 0.9998 to 0.9, and may move by 0.02."
    )


def test_another_label_is_risky():
    """The model changed its mind: the page still works."""
    (found,) = compare_examples(CAT, labelled(cat=0.4, dog=0.6), CATDOG)
    assert (found.code, found.severity) == ("example-label", "risky")
    assert found.what == "The example “Chelsea, a cat” was “cat” and is “dog” now."


def test_a_label_that_was_not_agreed_breaks():
    """The page would refuse it."""
    (found,) = compare_examples(CAT, labelled(wolf=0.9, dog=0.1), CATDOG)
    assert (found.code, found.severity) == ("example-label-unknown", "breaking")
    assert "“wolf”" in found.what
    assert "“cat” and “dog”" in found.what


@pytest.mark.parametrize("answer", [None, "cat", [], {}, {"label": "cat"}, {"label": "cat", "confidences": None}])
def test_an_answer_of_another_form_breaks(answer):
    """Whatever comes back, the check ends with a sentence."""
    assert codes(compare_examples(CAT, answer, CATDOG)) == ["example-refused"]


def test_a_label_that_is_shown_no_more_counts_as_nothing():
    """Gradio shows the first few only: that the last one fell off the list is no news, that a large one did is."""
    shown = {**ANSWER, "light": labelled(bright=0.8)}
    (found,) = compare_examples(EXAMPLE, shown, SIX)
    assert "“dark” moved from 0.2 to 0" in found.what
    few = {**EXAMPLE, "prediction": {**ANSWER, "light": labelled(bright=0.99, dark=0.01)}}
    assert compare_examples(few, {**ANSWER, "light": labelled(bright=0.99)}, SIX) == []


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        (
            "sentence",
            "Chelsea rolls.",
            "(`sentence`) was answered “Chelsea sits.” and is answered “Chelsea rolls.” now.",
        ),
        ("sentence", None, "is answered nothing now."),
        ("table", {"headers": ["x"], "data": [[1.6, "a"]]}, "(`table`)"),
        ("table", {"headers": ["x"], "data": [[1.5, "a"], [2, "b"]]}, "(`table`)"),
        ("table", {"headers": ["y"], "data": [[1.5, "a"]]}, "(`table`)"),
        ("turned", {**PICTURE, "media": "image/webp"}, "was answered “image/png” and is answered “image/webp” now."),
        ("turned", None, "was answered “image/png” and is answered nothing now."),
        ("light", labelled(dark=0.6, bright=0.4), "(`light`) was “bright” and is “dark” now."),
        ("light", None, "(`light`) was “bright” and is nothing now."),
    ],
)
def test_each_of_several_predictions_is_held(part, value, words):
    """One changed part among several is named, and the others are not."""
    (found,) = compare_examples(EXAMPLE, {**ANSWER, part: value}, SIX)
    assert found.severity == "risky"
    assert words in found.what
    assert found.what.endswith(".")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("turned", {**PICTURE, "size": 4711, "pixels": 99, "file": "/v1/files/abc"}),
        ("turned", File(b"other bytes", "image/png", 100)),
        ("table", {"headers": ["x"], "data": [[1.5000000001, "a"]]}),
        ("light", labelled(bright=0.79, dark=0.21)),
    ],
)
def test_bytes_and_last_digits_may_differ(part, value):
    """A picture drawn anew, or a number from another machine, wakes nobody."""
    assert compare_examples(EXAMPLE, {**ANSWER, part: value}, SIX) == []


def test_a_number_that_changed_is_told():
    """A number alone is the whole prediction."""
    contract = Contract(CONTRACTS["number"], HERE)
    example = {**EXAMPLE, "prediction": 3}
    assert compare_examples(example, 3.0, contract) == []
    (found,) = compare_examples(example, 4, contract)
    assert found.what == "The example “One” was answered 3 and is answered 4 now."


def test_of_what_varies_only_the_form_is_held():
    """A model that tells another story each time keeps its contract; one that tells none does not."""
    varies = {**EXAMPLE, "varies": True}
    changed = {
        **ANSWER,
        "sentence": "Another.",
        "light": labelled(dark=0.9),
        "turned": {**PICTURE, "media": "image/gif"},
    }
    assert compare_examples(varies, changed, SIX) == []
    assert codes(compare_examples(varies, {**ANSWER, "sentence": 3}, SIX)) == ["example-refused"]


def test_findings_of_examples_are_plain_sentences():
    """The same reader reads them."""
    changed = {**ANSWER, "sentence": "A long story. " * 20, "light": labelled(dark=0.6, bright=0.4)}
    for each in (*compare_examples(EXAMPLE, changed, SIX), *compare_examples(CAT, None, CATDOG)):
        for sentence in dataclasses.astuple(each)[2:]:
            assert sentence.endswith("."), sentence
            assert not re.search(JARGON, sentence), sentence
            assert len(sentence) < 300


if __name__ == "__main__":
    line, missed = score()
    print(line)
    print(*missed, sep="\n")


def test_each_of_several_is_held_to_its_own_recorded_answer():
    """Of many photos it is said which is answered otherwise."""
    contract = load(HERE.parent / "site/demos/wardrobe")
    example = contract.json["examples"][0]
    assert compare_examples(example, example["prediction"], contract) == []
    today = copy.deepcopy(example["prediction"])
    today[2]["label"], today[3] = "hat", None
    said = [each.what for each in compare_examples(example, today, contract)]
    assert said == [
        "The example “Three to wear, and a coffee”, the 3. of several was “dress” and is “hat” now.",
        "The example “Three to wear, and a coffee”, the 4. of several was “hat” and is nothing now.",
    ]
