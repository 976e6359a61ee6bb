"""
Drift: what changed at a Space since its contract was written. Pure: no Space is asked here.

    compare(contract.json, drafted)      what it takes and gives, as it says itself

What narrows an input is breaking, for the page goes on taking what the Space refuses; what
narrows a prediction is benign, for the page knows all that can come. `answers.py` does the
same for what it answered then, and what today.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from api_bridge.dialects import DIALECTS
from api_bridge.findings import Finding, Note, findings_of, listed, told, told_all
from api_bridge.limits import limits, words
from api_bridge.pipeline import part_of
from api_bridge.strict_json import Json

KNOWN = {*(each.name for each in DIALECTS), "client"}


def compare(agreed: Json, live: Json, endpoints: Iterable[str] = ()) -> list[Finding]:
    """
    Return what changed from the `agreed` contract of one step to the `live` one, the worst first.

    `endpoints` are the names of all that the Space has now, to say where an agreed one may have gone.
    """
    then, now = step_of(agreed), step_of(live)
    shape = [
        *fields_changed(agreed["input"], live["input"]),
        *_parameters(agreed, live),
        *_outputs(given(agreed), given(live)),
    ]
    if then["endpoint"] != now["endpoint"]:
        if shape:
            return [endpoint_gone(agreed, endpoints or [now["endpoint"]])]
        shape = [("endpoint-renamed", f"The endpoint {then['endpoint']} is called {now['endpoint']} now.")]
    if then["pure"] and not now["pure"]:
        shape.append(("step-not-pure", f"The endpoint {now['endpoint']} keeps something between questions now."))
    return findings_of([*_spaces(agreed, live), *shape], agreed["demo"])


def endpoint_gone(agreed: Json, endpoints: Iterable[str]) -> Finding:
    """Return the finding for a Space that has `endpoints`, and not the one that was agreed."""
    there = listed(list(endpoints)[:8], "no endpoint with a name")
    what = f"The endpoint {step_of(agreed)['endpoint']} is gone; the Space has {there} now."
    return findings_of([("endpoint-gone", what)], agreed["demo"])[0]


def step_of(contract: Json) -> dict[str, Json]:
    (step,) = contract["steps"].values()
    return dict(step)


# --- what is in a row: fields, parameters, outputs, labels


@dataclass(frozen=True)
class Moves:
    """How one row of names became another."""

    renamed: tuple[str, str] | None  # where exactly one went, and one of its like came to its place
    gone: list[str]
    inserted: list[str]  # new, and before one that was there
    added: list[str]  # new, at the end
    reordered: bool


def moves(
    old: Sequence[str], new: Sequence[str], alike: Callable[[str, str], bool] = lambda _then, _now: True
) -> Moves:
    """Return how `old` became `new`; `alike` says whether one name could have become another."""
    gone = [name for name in old if name not in new]
    fresh = [name for name in new if name not in old]
    kept = [name for name in new if name in old]
    renamed = None
    if len(gone) == len(fresh) == 1 and old.index(gone[0]) == new.index(fresh[0]) and alike(gone[0], fresh[0]):
        renamed, gone, fresh = (gone[0], fresh[0]), [], []
    last = new.index(kept[-1]) if kept else -1
    inserted = [name for name in fresh if new.index(name) < last]
    added = [name for name in fresh if name not in inserted]
    return Moves(renamed, gone, inserted, added, kept != [name for name in old if name in new])


# --- the Space itself


def _spaces(agreed: Json, live: Json) -> Iterator[Note]:
    old, new = (each.get("spaces", {}).get(step_of(each)["space"]) for each in (agreed, live))
    if not old or not new:
        return
    if old["dialect"] != new["dialect"]:
        code = "dialect-client" if new["dialect"] == "client" else "dialect-changed"
        code = code if new["dialect"] in KNOWN else "dialect-unknown"
        yield code, f"The Space speaks {new['dialect']} now; it spoke {old['dialect']} before."
    if old["gradio"] != new["gradio"]:
        same = old["gradio"].split(".")[0] == new["gradio"].split(".")[0]
        code = "gradio-minor" if same else "gradio-major"
        yield code, f"The Space runs Gradio {new['gradio']} now; it ran {old['gradio']} before."


# --- what is asked


def fields_changed(agreed: Json, live: Json) -> Iterator[Note]:
    """Yield what changed from one input's fields to the other's."""
    old, new = agreed["properties"], live["properties"]
    row = moves(list(old), list(new), lambda then, now: bool(old[then]["kind"] == new[now]["kind"]))
    if row.renamed:
        yield "field-renamed", "The field `{}` is called `{}` now.".format(*row.renamed)
    for name in row.gone:
        yield "field-removed", f"The field `{name}` is gone."
    for name in (*row.inserted, *row.added):
        if name in live["required"]:
            yield "field-added-required", f"There is a new field `{name}`, and the Space needs it."
        elif name in row.inserted:
            yield "field-inserted", f"There is a new field `{name}`, before others."
        else:
            yield "field-added", f"There is a new field `{name}`, which may be left out."
    if row.reordered:
        yield "fields-reordered", f"The fields stand in another order: {listed([f'`{name}`' for name in new])}."
    for name in old:
        if name in new:
            yield from _field(f"field `{name}`", old[name], new[name])
            yield from _need(f"field `{name}`", name, agreed, live)


# (then, now): kinds of which the second takes all that the first did, as far as their limits agree.
TAKES_TOO = {("number", "slider"), ("slider", "number"), ("image", "sketch"), ("sketch", "image"), ("text", "code")}
TAKES_TOO |= {("code", "text"), ("choice", "text"), ("color", "text"), ("date", "text")}
TAKES_TOO |= {("image", "file"), ("sketch", "file"), ("audio", "file"), ("video", "file"), ("model3d", "file")}


def _field(place: str, old: Json, new: Json) -> Iterator[Note]:
    kinds = (old["kind"], new["kind"])
    if kinds[0] != kinds[1] and kinds not in TAKES_TOO:
        yield "kind-changed", f"The {place} was of the kind “{kinds[0]}” and is “{kinds[1]}” now."
        return
    if kinds[0] != kinds[1]:
        yield "control-changed", f"The {place} was of the kind “{kinds[0]}” and is “{kinds[1]}” now."
    if old.get("time", True) != new.get("time", True):
        yield "kind-changed", f"The {place} takes a date {'with' if new.get('time', True) else 'without'} the time now."
    for wider, sort, what in limits(place, old, new):
        yield NARROWER_WIDER[sort][wider], what
    yield from words(place, old, new)


NARROWER_WIDER = {
    "limit": ("limit-narrowed", "limit-widened"),
    "choice": ("choice-removed", "choice-added"),
    "media": ("media-removed", "media-added"),
}


def _need(place: str, name: str, agreed: Json, live: Json) -> Iterator[Note]:
    """Whether a field may be left out, and what stands in for it."""
    old, new = agreed["properties"][name], live["properties"][name]
    needed, needs = name in agreed["required"], name in live["required"]
    if needed and not needs:
        yield "field-optional", f"The {place} may be left out now."
    elif "default" not in old and needs and not needed:
        yield "field-required", f"The {place} must be filled in now."
    elif old.get("default") != new.get("default"):
        sides = [told(each["default"]) if "default" in each else "nothing" for each in (old, new)]
        yield "default-changed", f"The default of the {place} is {sides[1]} now; it was {sides[0]} before."


def _parameters(agreed: Json, live: Json) -> Iterator[Note]:
    """What the endpoint calls its parameters, where the fields do not tell already."""
    old, new = step_of(agreed)["takes"], step_of(live)["takes"]
    shared = {f"input.{name}" for name in agreed["input"]["properties"] if name in live["input"]["properties"]}
    came = {new[name]: name for name in new if new[name] in shared}
    for name, source in old.items():
        if source in shared and came.get(source) != name:
            if source not in came:
                yield "parameter-removed", f"The parameter `{name}` is gone."
            else:
                yield "parameter-renamed", f"The parameter `{name}` is called `{came[source]}` now."
    for source, name in came.items():
        if source not in old.values():
            yield "parameter-added", f"There is a new parameter `{name}`."
    kept = [source for source in old.values() if source in came]
    fields = moves(list(agreed["input"]["properties"]), list(live["input"]["properties"]))
    if kept != [source for source in came if source in kept] and not fields.reordered:
        yield "fields-reordered", f"The parameters stand in another order: {listed([f'`{name}`' for name in new])}."


# --- what comes back

ONLY = "the only one"  # no output is called so: names have no spaces


def given(contract: Json) -> dict[str, Json]:
    """Each output's schema by its name, in their order; an empty one for state, which is not shown."""
    if len(contract["steps"]) > 1:
        return {name: part_of(contract, name) for name in contract["steps"]}
    shown, gives = contract["prediction"], step_of(contract).get("gives")
    if gives is None:
        return {ONLY: shown}
    hidden = itertools.count(1)
    return {name or f"hidden state {next(hidden)}": shown.get("properties", {}).get(name, {}) for name in gives}


def _called_as_in(others: Mapping[str, Json], row: dict[str, Json]) -> dict[str, Json]:
    """Give a lone output the name of its like among several others."""
    if list(row) != [ONLY] or ONLY in others:
        return row
    like = (name for name, schema in others.items() if schema.get("kind") == row[ONLY]["kind"])
    return {next(like, next(iter(others))): row[ONLY]}


def _outputs(agreed: dict[str, Json], live: dict[str, Json]) -> Iterator[Note]:
    old, new = _called_as_in(live, agreed), _called_as_in(agreed, live)
    row = moves(list(old), list(new), lambda then, now: bool(old[then].get("kind") == new[now].get("kind")))
    if row.renamed:
        yield "output-renamed", "The output `{}` is called `{}` now.".format(*row.renamed)
    for name in row.gone:
        yield "output-removed", f"The output `{name}` is gone."
    for name in row.inserted:
        yield "output-inserted", f"There is a new output `{name}`, before others."
    for name in row.added:
        yield "output-added", f"There is a new output `{name}`, after the others."
    if row.reordered:
        yield "outputs-reordered", f"The outputs stand in another order: {listed([f'`{name}`' for name in new])}."
    for name in old:
        if name in new:
            yield from _output("answer" if name == ONLY else f"output `{name}`", old[name], new[name])


def _output(place: str, old: Json, new: Json) -> Iterator[Note]:
    if old.get("kind") != new.get("kind"):
        yield "prediction-changed", f"The {place} was of the kind “{old.get('kind')}” and is “{new.get('kind')}” now."
        return
    if old.get("kind") == "label":
        yield from _labels(place, label_names(old), label_names(new))
    else:
        for wider, _, what in limits(place, old, new):
            yield "prediction-widened" if wider else "prediction-narrowed", what
    yield from words(place, old, new)


def label_names(schema: Json) -> list[Json]:
    names = schema.get("properties", {}).get("label", {}).get("enum", [])
    return [name for name in names if name is not None]


def _labels(place: str, old: list[str], new: list[str]) -> Iterator[Note]:
    if not old or not new:
        return  # a Space that was not asked does not tell its labels
    row = moves(old, new)
    if row.renamed:
        then, now = map(told, row.renamed)
        yield "label-renamed", f"The label {then} of the {place} is called {now} now."
    for name in row.gone:
        yield "label-removed", f"The {place} has no label {told(name)} any more."
    for name in (*row.inserted, *row.added):
        yield "label-added", f"The {place} has a new label {told(name)}."
    if row.reordered:
        yield "labels-reordered", f"The labels of the {place} stand in another order: {told_all(new)}."
