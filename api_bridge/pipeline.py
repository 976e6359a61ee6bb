"""
Several models as one demo: what each step takes, when it is asked, and after which others. Pure: nobody is asked here.

    guess  takes {"photo": "input.photo"}
    look   takes {"photo": "input.photo", "label": "guess.label"}   when "guess.confidence > 0.5"

`input.NAME` is a field, `STEP` what a step predicted, `STEP.NAME` a part of that, and `input.NAME[]` each of
several: the step is asked once for each. `site/js/pipeline.js` reads the same words; tests hold the two together.
"""

import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from api_bridge.strict_json import Json

INPUT = "input"
REFERENCE = re.compile(r"([a-z][a-z0-9_-]*)(?:\.([a-z][a-z0-9_]*)(\[\])?)?")
COMPARISON = re.compile(r'([^ ]+) (>=|<=|>|<|==|!=) ("(?:[^"\\]|\\.)*"|[^ "]+)')
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Unclear(ValueError):
    """What a contract says of its steps can not be meant so; the text says where, in a few words."""


@dataclass(frozen=True)
class Reference:
    """Where a value is from: a field of the input, what a step predicted, or a part of that."""

    source: str  # "input", or a step's name
    name: str | None  # the field or the part; None for the whole prediction
    each: bool  # one of several

    def value(self, values: Mapping[str, Json]) -> Json:
        """Return what stands there in `values`, the input and each answered step's prediction; None for nothing."""
        found = values.get(self.source)
        if self.name is None or not isinstance(found, Mapping):
            return found if self.name is None else None
        if self.name == "confidence" and self.name not in found and found.get("confidences"):
            return found["confidences"][0].get("confidence")  # a label's first is its surest
        return found.get(self.name)

    def schema(self, contract: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Return the schema of what stands there, or None where the contract has no such place."""
        if self.source == INPUT:
            field: Mapping[str, Json] | None = contract["input"]["properties"].get(self.name)
            return field.get("items", {}) if field and self.each else field
        whole = part_of(contract, self.source)
        parts: dict[str, Mapping[str, Json]] = whole.get("properties", {})
        if self.name == "confidence" and whole.get("kind") == "label":
            return {"type": "number"}
        return whole if self.name is None else parts.get(self.name)


@dataclass(frozen=True)
class Comparison:
    """One condition of a `when`."""

    reference: Reference
    word: str  # > >= < <= == !=
    literal: Json

    def holds(self, values: Mapping[str, Json]) -> bool:
        """Return whether it is true of `values`; only numbers are greater or less than others."""
        value = self.reference.value(values)
        if self.word in ORDERS:
            return is_number(value) and ORDERS[self.word](value, self.literal)
        same = sort_of(value) == sort_of(self.literal) and value == self.literal
        return same if self.word == "==" else not same


@dataclass(frozen=True, eq=False)
class Step:
    """One step: which endpoint it asks, with what, and when."""

    name: str
    json: Mapping[str, Json]
    takes: Mapping[str, Reference]
    when: tuple[Comparison, ...]

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The steps that have to be answered before."""
        sources = [each.source for each in (*self.takes.values(), *(each.reference for each in self.when))]
        return tuple(dict.fromkeys(source for source in sources if source != INPUT))

    @property
    def each(self) -> str | None:
        """The parameter that is one of several, where the step is asked once for each."""
        return next((name for name, reference in self.takes.items() if reference.each), None)

    def due(self, values: Mapping[str, Json]) -> bool:
        """Return whether the step is asked: all that it needs is there, and its `when` is true."""
        from_steps = [each for each in self.takes.values() if each.source != INPUT]
        there = all(name in values for name in self.needs) and all(
            each.value(values) is not None for each in from_steps
        )
        return there and all(each.holds(values) for each in self.when)

    def taken(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """Return what the endpoint is asked with; at the parameter `each` all of the several."""
        return {parameter: reference.value(values) for parameter, reference in self.takes.items()}


@dataclass(frozen=True)
class Pipeline:
    """A demo's steps, each after those it needs."""

    steps: tuple[Step, ...]

    @property
    def several(self) -> bool:
        """Whether a prediction has the steps' names in it."""
        return len(self.steps) > 1

    @property
    def plain(self) -> bool:
        """Whether one question is one call, as in most demos."""
        return not self.several and self.steps[0].each is None

    @property
    def always(self) -> list[str]:
        """The steps that every answer has: without one of them no other could have been asked."""
        names = {step.name for step in self.steps}
        return [
            step.name
            for step in self.steps
            if not step.when and all(step.name in self._before(other) for other in names - {step.name})
        ]

    def _before(self, name: str) -> set[str]:
        needs = {step.name: step.needs for step in self.steps}
        return {earlier for need in needs[name] for earlier in {need, *self._before(need)}}


def read(contract: Mapping[str, Json]) -> Pipeline:
    """
    Return the pipeline that a contract describes; its form is sound already.

    Raises `Unclear` for what is no reference or comparison, and for steps that wait for each other.
    """
    steps = [_step(name, said) for name, said in contract["steps"].items()]
    if INPUT in contract["steps"]:
        raise Unclear("a step can not be called “input”")
    return Pipeline(tuple(_in_order(steps)))


def part_of(contract: Mapping[str, Json], step: str) -> dict[str, Json]:
    """Return the part of a contract's prediction that is `step`'s: all of it where there is no other step."""
    if len(contract["steps"]) == 1:
        return dict(contract["prediction"])
    return dict(contract["prediction"].get("properties", {}).get(step, {}))


# --- reading


def _step(name: str, said: Mapping[str, Json]) -> Step:
    takes = {
        parameter: _reference(text, f"steps.{name}.takes.{parameter}") for parameter, text in said["takes"].items()
    }
    when = tuple(_comparisons(said["when"], f"steps.{name}.when")) if "when" in said else ()
    return Step(name, said, takes, when)


def _reference(text: str, place: str) -> Reference:
    found = REFERENCE.fullmatch(text)
    if not found or (found[1] == INPUT) > bool(found[2]) or (found[3] and found[1] != INPUT):
        raise Unclear(f"{place}: “{text}” is none of input.NAME, input.NAME[], STEP and STEP.NAME")
    return Reference(found[1], found[2], bool(found[3]))


def _comparisons(text: str, place: str) -> Iterator[Comparison]:
    """Read comparisons with “ and ” between them."""
    at = 0
    while True:
        found = COMPARISON.match(text, at)
        if not found:
            raise Unclear(f"{place}: “{text[at:]}” is no comparison, such as guess.confidence > 0.5")
        reference = _reference(found[1], place)
        if reference.each:
            raise Unclear(f"{place}: “{found[1]}” is several values, and one is compared")
        yield Comparison(reference, found[2], _literal(found[3], place))
        at = found.end()
        if at == len(text):
            return
        if not text.startswith(" and ", at):
            raise Unclear(f"{place}: “{text[at:]}” can not follow a comparison: only “ and ” and another one can")
        at += len(" and ")


def _literal(text: str, place: str) -> Json:
    try:
        value = json.loads(text, parse_constant=float)
    except ValueError:
        value = [text]
    if isinstance(value, list | dict) or (isinstance(value, float) and not math.isfinite(value)):
        raise Unclear(f"{place}: “{text}” is no number, text in quotes, true, false or null")
    return value


def _in_order(steps: list[Step]) -> Iterator[Step]:
    """Yield each step after those it needs, in the order they are written where that is free."""
    names, done = {step.name for step in steps}, set[str]()
    for step in steps:
        if unknown := set(step.needs) - names:
            raise Unclear(f"steps.{step.name} needs “{min(unknown)}”, which is no step")
    waiting = list(steps)
    while waiting:
        ready = next((step for step in waiting if done.issuperset(step.needs)), None)
        if ready is None:
            raise Unclear(f"the steps {', '.join(step.name for step in waiting)} wait for each other")
        waiting.remove(ready)
        done.add(ready.name)
        yield ready


def is_number(value: Json) -> bool:
    return sort_of(value) == "number"


def sort_of(value: Json) -> str:
    """The type of a value as JSON has it: true is no number, and 1 is 1.0."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "object"
