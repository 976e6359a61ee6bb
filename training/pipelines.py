"""
A demo of several steps: its contract, from `demo.toml` and from the contracts of the demos that are asked.

    [input.photo]                 a field, as another demo has it
    from = "catdog.photo"

    [steps.guess]                 a step: which demo it asks; its fields are taken from the input by their names
    title = "What it is"
    demo = "catdog"

    [steps.look]                  or another endpoint of that demo's, with what it takes, and when
    title = "What it looked at"
    demo = "catdog"
    endpoint = "/catdog-look"
    takes = { photo = "input.photo", label = "guess.label", strength = "input.strength" }
    when = "guess.confidence > 0.5"

Its examples are answered by the models themselves, one step after another.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api_bridge.contract import Contract, load
from api_bridge.faults import ContractUnreadable
from api_bridge.pipeline import Unclear, read
from api_bridge.unclear import hold
from training.examples import DemoError, Examples
from training.publish import LOOK

MOST = 12  # photos, where a field takes several
PICTURE = {
    "kind": "image",
    "type": "object",
    "required": ["media", "size"],
    "properties": {"media": {"type": "string"}, "size": {"type": "integer"}, "pixels": {"type": "integer"}},
}


def describe_steps(folder: Path, said: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """
    Return the contract that `said`, the demo's `demo.toml`, amounts to, of revision 1, and its examples' files by path.

    The demos that are asked stand beside `folder`. Raises `DemoError` for what does not fit them.
    """
    demos = {step["demo"]: _demo(folder, step["demo"]) for step in said["steps"].values()}
    fields = {name: _field(folder, name, wish) for name, wish in said.get("input", {}).items()}
    steps = {name: _step(demos[wish["demo"]], wish) for name, wish in said["steps"].items()}
    parts = {name: _part(demos[wish["demo"]], steps[name], wish) for name, wish in said["steps"].items()}
    contract = {
        "contract": 1,
        "demo": folder.name,
        "revision": 1,
        "title": said["title"],
        "input": {
            "type": "object",
            "required": [name for name, field in fields.items() if "default" not in field],
            "additionalProperties": False,
            "properties": fields,
        },
        "steps": steps,
        "prediction": _together(parts),
        "examples": [],
    }
    try:
        pipeline = read(contract)
        hold(contract, pipeline)
    except Unclear as unclear:
        raise DemoError(f"{folder}: {unclear}.") from unclear
    if pipeline.several:
        contract["prediction"]["required"] = pipeline.always
    examples = Examples(Contract(contract, folder))
    contract["examples"] = [examples.recorded(example) for example in said.get("examples", ())]
    return contract, examples.files


def _demo(folder: Path, name: str) -> Contract:
    try:
        contract = load(folder.parent / name)
    except ContractUnreadable as error:
        raise DemoError(f"{folder} asks the demo {name}, whose contract can not be read: record it first.") from error
    if not contract.pipeline.plain:
        raise DemoError(f"{folder} asks the demo {name}, which has steps itself: ask those.")
    return contract


def _field(folder: Path, name: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """A field as it is written; or as another demo has it `from` there, or `several` of those."""
    own = {word: value for word, value in wish.items() if word not in ("from", "several")}
    place = wish.get("from") or wish.get("several")
    if place is None:
        return own
    demo, _, theirs = place.partition(".")
    field = _demo(folder, demo).fields.get(theirs)
    if field is None:
        raise DemoError(f"{folder}: the field {name} is from {place}, and there is no such field.")
    if "from" in wish:
        return {**field, **own}
    items = {word: value for word, value in field.items() if word not in ("kind", "title")}
    return {"kind": f"{field['kind']}s", "title": field["title"], "type": "array", "minItems": 1, "maxItems": MOST} | {
        **own,
        "items": items,
    }


def _step(demo: Contract, wish: Mapping[str, Any]) -> dict[str, Any]:
    (theirs,) = demo.json["steps"].values()
    made = {
        **({"title": wish["title"]} if "title" in wish else {}),
        "demo": demo.demo,
        "space": theirs["space"],
        "endpoint": wish.get("endpoint", theirs["endpoint"]),
        "takes": wish.get("takes", theirs["takes"]),
        **({"when": wish["when"]} if "when" in wish else {}),
    }
    if "gives" in theirs and made["endpoint"] == theirs["endpoint"]:
        made["gives"] = theirs["gives"]
    return {**made, "pure": theirs["pure"]}


def _part(demo: Contract, step: Mapping[str, Any], wish: Mapping[str, Any]) -> dict[str, Any]:
    """What one step predicts: what the demo does, or a picture; an array of those where it is asked for each."""
    (theirs,) = demo.json["steps"].values()
    if step["endpoint"] not in (theirs["endpoint"], theirs["endpoint"] + LOOK):
        raise DemoError(f"The demo {demo.demo} has no endpoint {step['endpoint']}.")
    one = demo.json["prediction"] if step["endpoint"] == theirs["endpoint"] else PICTURE
    titled = {"title": wish["title"]} if "title" in wish else {}
    rest = {word: value for word, value in one.items() if word not in ("kind", "title")}
    kind = {"kind": one["kind"]} if "kind" in one else {}
    if not any(source.endswith("[]") for source in step["takes"].values()):
        return {**kind, **titled, **rest}
    types = rest["type"] if isinstance(rest["type"], list) else [rest["type"]]
    items = {**kind, **rest, "type": [*types, *(["null"] if "null" not in types else [])]}  # null: one that failed
    return {"kind": "several", **titled, "type": "array", "items": items}


def _together(parts: dict[str, Any]) -> dict[str, Any]:
    if len(parts) == 1:
        return dict(next(iter(parts.values())))
    return {"type": "object", "required": [], "properties": parts}
