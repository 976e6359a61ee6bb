"""Drift in what a Space answers: a recorded example's prediction, and today's."""

import itertools
import math
from collections.abc import Iterator

from api_bridge.contract import Contract
from api_bridge.drift import ONLY, given, label_names
from api_bridge.faults import ContractBroken
from api_bridge.findings import Finding, Note, bare, findings_of, short, told, told_all
from api_bridge.media import File, each_file
from api_bridge.strict_json import Json


def compare_examples(example: Json, prediction: Json, contract: Contract) -> list[Finding]:
    """Return how today's `prediction` differs from the recorded one; where that varies, only the form is held."""
    title = f"The example “{short(example['title'])}”"
    today = each_file(prediction, File.described)
    parts = [
        (
            title if name == ONLY else f"{title} (`{name}`)",
            schema,
            _part(example["prediction"], name),
            _part(today, name),
        )
        for name, schema in given(contract.json).items()
    ]
    try:
        contract.check_prediction(today)
    except ContractBroken:
        notes = [note for place, schema, _, now in parts for note in _unknown_label(place, schema, now)]
        return findings_of(notes or [("example-refused", f"{title} is answered in another form now.")], contract.demo)
    if example.get("varies"):
        return []
    judged = (_judged(place, schema, then, now, example["tolerance"]) for place, schema, then, now in parts if schema)
    return findings_of(itertools.chain.from_iterable(judged), contract.demo)


def _judged(place: str, schema: Json, then: Json, now: Json, tolerance: float) -> Iterator[Note]:
    if schema.get("kind") == "several":
        for at, (one, other) in enumerate(itertools.zip_longest(then or (), now or ()), 1):
            yield from _judged(f"{place}, the {at}. of several", schema["items"], one, other, tolerance)
    elif schema.get("kind") == "label":
        yield from _label_moved(place, then, now, tolerance)
    else:
        yield from _changed(place, then, now)


def _part(prediction: Json, name: str) -> Json:
    if name == ONLY:
        return prediction
    return prediction.get(name) if isinstance(prediction, dict) else None


def _unknown_label(place: str, schema: Json, now: Json) -> Iterator[Note]:
    if schema.get("kind") == "several":
        for one in now if isinstance(now, list) else ():
            yield from _unknown_label(place, schema["items"], one)
    names = label_names(schema)
    label = now.get("label") if isinstance(now, dict) else None
    if names and isinstance(label, str) and label not in names:
        yield "example-label-unknown", f"{place} is {told(label)} now, where only {told_all(names)} was agreed."


def _label_moved(place: str, then: Json, now: Json, tolerance: float) -> Iterator[Note]:
    labels = [each.get("label") if each else None for each in (then, now)]
    if labels[0] != labels[1]:
        yield "example-label", f"{place} was {told(labels[0])} and is {told(labels[1])} now."
        return
    old, new = (
        {each["label"]: each["confidence"] for each in (said or {}).get("confidences", ())} for said in (then, now)
    )
    # Gradio may show only the first few: what is not shown counts as 0.
    moved = {name: abs(old.get(name, 0) - new.get(name, 0)) for name in (*old, *new)}
    name = max(moved, key=lambda each: moved[each], default="")
    if moved and moved[name] > tolerance + 1e-9:
        words = f"moved from {old.get(name, 0):.4g} to {new.get(name, 0):.4g}, and may move by {tolerance:g}"
        yield "example-confidence", f"{place}: the confidence of {told(name)} {words}."


def _changed(place: str, then: Json, now: Json) -> Iterator[Note]:
    if not _same(then, now):
        yield "example-changed", f"{place} was answered {told(then)} and is answered {told(now)} now."


def _same(then: Json, now: Json) -> bool:
    """Whether two answers say the same; a file's bytes may differ, and a number's last digits."""
    then, now = bare(then), bare(now)
    if isinstance(then, dict) and isinstance(now, dict):
        return then.keys() == now.keys() and all(_same(then[name], now[name]) for name in then)
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(_same, then, now))
    if isinstance(then, float) or isinstance(now, float):
        return isinstance(then, int | float) and isinstance(now, int | float) and math.isclose(then, now, rel_tol=1e-6)
    return bool(then == now)
