"""
What a contract says of its steps and can not mean: names that are not there, comparisons that are never true.

    hold(contract, read(contract))
"""

import json
from collections.abc import Mapping

from api_bridge.pipeline import (
    INPUT,
    ORDERS,
    Comparison,
    Pipeline,
    Reference,
    Step,
    Unclear,
    is_number,
    part_of,
    sort_of,
)
from api_bridge.strict_json import Json


def hold(contract: Mapping[str, Json], pipeline: Pipeline) -> None:
    """Raise `Unclear` for the first thing that can not be meant, saying where."""
    for name in contract["steps"]:
        (step,) = (each for each in pipeline.steps if each.name == name)
        _step(step, contract, pipeline)
    if pipeline.several and (missing := set(contract["prediction"].get("required", ())) - set(pipeline.always)):
        raise Unclear(f"prediction.required names “{min(missing)}”, which an answer may do without")


def _step(step: Step, contract: Mapping[str, Json], pipeline: Pipeline) -> None:
    place, schema = f"steps.{step.name}", part_of(contract, step.name)
    if pipeline.several and not schema:
        raise Unclear(f"prediction.properties has no “{step.name}”")
    if pipeline.several and "title" not in step.json:
        raise Unclear(f"{place} has no title to tell it from the others")
    if step.when and not pipeline.several:
        raise Unclear(f"{place}.when: the only step is always asked")
    if (step.each is not None) != (schema.get("kind") == "several"):
        raise Unclear(f"{place}: what takes each of several predicts the kind “several”, and nothing else does")
    if sum(reference.each for reference in step.takes.values()) > 1:
        raise Unclear(f"{place}.takes: only one parameter may be each of several")
    for parameter, reference in step.takes.items():
        _there(reference, contract, f"{place}.takes.{parameter}")
    for comparison in step.when:
        _comparable(comparison, _there(comparison.reference, contract, f"{place}.when"), f"{place}.when")


def _there(reference: Reference, contract: Mapping[str, Json], place: str) -> Mapping[str, Json]:
    """Return the schema at a reference, or raise `Unclear` where there is none."""
    schema = reference.schema(contract)
    name = f"{reference.source}.{reference.name}"
    if schema is None and reference.source == INPUT:
        raise Unclear(f"{place}: there is no field “{reference.name}”")
    if schema is None:
        raise Unclear(f"{place}: the prediction has no “{name}”")
    if reference.each and not schema:
        raise Unclear(f"{place}: the field “{reference.name}” does not hold several")
    return schema


def _comparable(comparison: Comparison, schema: Mapping[str, Json], place: str) -> None:
    """Raise `Unclear` for a comparison that says nothing: of other types, or with a label that is not there."""
    said, kinds = _told(comparison.literal), schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    sorts = {"number" if kind == "integer" else kind for kind in kinds}
    if comparison.word in ORDERS and not is_number(comparison.literal):
        raise Unclear(f"{place}: “{comparison.word} {said}”: only numbers are greater or less than others")
    if sorts and sort_of(comparison.literal) not in {*sorts, "null"}:
        raise Unclear(f"{place}: what is compared with {said} is of another type")
    if "enum" in schema and comparison.literal is not None and comparison.literal not in schema["enum"]:
        raise Unclear(f"{place}: {said} is none of {', '.join(map(_told, schema['enum']))}")


def _told(literal: Json) -> str:
    return json.dumps(literal, ensure_ascii=False)
