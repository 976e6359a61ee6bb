"""
Drift of a demo of several steps: each step is held against what it was as if it were a demo of its own.

    compare_demos(before.json, after.json)
"""

from dataclasses import replace

from api_bridge.drift import compare, fields_changed
from api_bridge.findings import SEVERITIES, Finding, findings_of
from api_bridge.pipeline import INPUT, Step, part_of, read
from api_bridge.strict_json import Json


def compare_demos(agreed: Json, live: Json) -> list[Finding]:
    """Return what changed from one contract to the other, the worst first; what changed of one step names it."""
    if _is_plain(agreed) and _is_plain(live):
        return compare(agreed, live)
    return _steps(agreed, live)


def alone(contract: Json, step: Step) -> Json:
    """Return the contract of one step of several, as if it were a demo: a field for each parameter."""
    fields, required = {}, []
    for parameter, reference in step.takes.items():
        field = contract["input"]["properties"].get(reference.name) if reference.source == INPUT else None
        schema = {**(reference.schema(contract) or {})}
        kind = field["kind"].removesuffix("s" if reference.each else "") if field else _kind_of(schema)
        fields[parameter] = {"title": field["title"] if field else parameter, **schema, "kind": kind}
        if not field or reference.name in contract["input"]["required"]:
            required.append(parameter)
    takes = {parameter: f"input.{parameter}" for parameter in fields}
    part = part_of(contract, step.name)
    return {
        **contract,
        "input": {**contract["input"], "required": required, "properties": fields},
        "steps": {step.name: {**step.json, "takes": takes}},
        "prediction": part["items"] if step.each else part,
        "examples": [],
    }


def _kind_of(schema: Json) -> str:
    """The control that a part of a prediction would have, if somebody filled it in."""
    usual = {"string": "text", "number": "number", "integer": "number", "boolean": "checkbox"}
    return str(schema.get("kind") or ("choice" if "enum" in schema else usual.get(str(schema.get("type")), "json")))


def _steps(agreed: Json, live: Json) -> list[Finding]:
    """The changes of the fields, of the steps, and of what each of those takes and gives."""
    old, new = ({step.name: step for step in read(contract).steps} for contract in (agreed, live))
    notes = list(fields_changed(agreed["input"], live["input"]))
    if (len(old) > 1) != (len(new) > 1):
        parts = "a part for each step" if len(new) > 1 else "no parts"
        return findings_of([*notes, ("prediction-changed", f"The answer has {parts} now.")], agreed["demo"])
    notes += [("step-removed", f"The step `{name}` is gone.") for name in old if name not in new]
    notes += [("step-added", f"There is a new step `{name}`.") for name in new if name not in old]
    found = findings_of(notes, agreed["demo"])
    for name in old:
        if name in new:
            found += [of_step(name, each) for each in _step(agreed, live, old[name], new[name])]
    return sorted(found, key=lambda each: SEVERITIES.index(each.severity))


def _step(agreed: Json, live: Json, old: Step, new: Step) -> list[Finding]:
    then, now = alone(agreed, old), alone(live, new)
    # What became of the demo's own fields, and of what another step gives, is told already.
    fields, needed = then["input"]["properties"], then["input"]["required"]
    both = now["input"]["properties"]
    now["input"]["required"] = [
        name for name in both if name in (needed if name in fields else now["input"]["required"])
    ]
    now["input"]["properties"] = {name: fields.get(name, field) for name, field in both.items()}
    if _when(old) == _when(new):
        return compare(then, now)
    note = ("step-when", f"It is asked when {_when(new)} now.")
    return [*findings_of([note], agreed["demo"]), *compare(then, now)]


def _when(step: Step) -> str:
    return str(step.json.get("when", "it can be"))


def of_step(name: str, finding: Finding) -> Finding:
    """Return `finding` with the step that it is about."""
    return replace(finding, what=f"Step `{name}`: {finding.what[:1].lower()}{finding.what[1:]}")


def _is_plain(contract: Json) -> bool:
    sources = [source for step in contract["steps"].values() for source in step["takes"].values()]
    return len(contract["steps"]) == 1 and not any(source.endswith("[]") for source in sources)
