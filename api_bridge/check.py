"""
Hold a committed contract against the live Space, from the file to the answer in a visitor's hands.

    file → /config and /info → recorded examples → the origin of the page

What differs becomes `Finding`s; a Space that is away is not drift.
"""

import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2

from api_bridge import photos
from api_bridge.answers import compare_examples
from api_bridge.bridge import Bridge
from api_bridge.contract import Contract
from api_bridge.dialects import About
from api_bridge.drift import compare, endpoint_gone
from api_bridge.examples import recorded
from api_bridge.faults import AppFailed, ContractBroken, ContractUnreadable, Fault, SpaceUnreachable
from api_bridge.findings import Finding, worst
from api_bridge.hub import advice, stage
from api_bridge.learn import NotCarried, draft, now
from api_bridge.media import files_in
from api_bridge.parts import alone, of_step
from api_bridge.report import Outcome
from api_bridge.space import GradioSpace, as_agreed
from api_bridge.strict_json import Json
from api_bridge.wire import translated

Spaces = Mapping[str, GradioSpace]  # by the names that the contract calls them


async def check(
    contract: Contract,
    spaces: Spaces,
    said: Mapping[str, Json],
    origin: str | None = None,
    token: str | None = None,
    name: str | None = None,
) -> Outcome:
    """
    Return how the contract stands today.

    `said` is what the demo's `demo.toml` says, `origin` the page's, `name` the first Space's on the Hub.
    """
    first = _first(contract)
    if broken := _file(contract):
        return _outcome(contract, [broken])
    at = await stage(name or first, token)
    try:
        abouts = {each: await space.about() for each, space in spaces.items()}
        about = abouts[first]
        findings = _interfaces(contract, abouts, said)
        if worst(findings) != "breaking":
            findings += await _examples(contract, spaces)
        if origin and "here" in spaces:
            findings += await _origin(contract, spaces["here"], origin)
    except ContractBroken as fault:
        return _outcome(contract, [_no_gradio(contract, fault)], stage=at)
    except Fault as fault:
        return _outcome(contract, [], state="asleep", stage=at, detail=fault.detail + advice(at))
    return _outcome(contract, findings, about, at)


def _outcome(
    contract: Contract,
    findings: list[Finding],
    about: About | None = None,
    stage: str | None = None,
    state: str | None = None,
    detail: str = "",
) -> Outcome:
    first = _first(contract)
    agreed = contract.json.get("spaces", {}).get(first, {})
    return Outcome(
        demo=contract.demo,
        space=first,
        state=state or worst(findings),
        findings=tuple(findings),
        gradio=about.gradio if about else agreed.get("gradio"),
        dialect=about.dialect if about else agreed.get("dialect"),
        stage=stage,
        detail=detail,
    )


def _first(contract: Contract) -> str:
    """The Space of the first step: the only one of most demos."""
    return str(next(iter(contract.json["steps"].values()))["space"])


# --- the file


def _file(contract: Contract) -> Finding | None:
    """What is wrong with the folder itself: a model or an example that is not the one that was agreed."""
    model = contract.json.get("model")
    wanted = [(model["file"], model["sha256"])] if model else []
    for name, digest in wanted:
        path = contract.folder / name
        if not path.is_file() or sha256(path.read_bytes()).hexdigest() != digest:
            return _broken(contract, "model-changed", f"The file {name} is missing, or is another than was agreed.")
    for example in contract.json["examples"]:
        for said in files_in(example):
            path = contract.folder / said["file"]
            if not path.is_file():
                return _broken(contract, "example-missing", f"The file {said['file']} of an example is missing.")
            found = photos.describe(path.read_bytes(), path.suffix)
            if (found.media, len(found.content)) != (said["media"], said["size"]):
                return _broken(contract, "example-other", f"The file {said['file']} is another than was recorded.")
    return None


def _broken(contract: Contract, code: str, what: str) -> Finding:
    return Finding(
        "breaking", code, what, "An example, or the whole page, is not there.", f"Restore {contract.folder} with git."
    )


# --- what the Space says of itself


def _interfaces(contract: Contract, abouts: Mapping[str, About], said: Mapping[str, Json]) -> list[Finding]:
    """What each step's Space says of its endpoint, held against what that step agreed."""
    steps = contract.pipeline.steps
    if contract.pipeline.plain:
        return _interface(contract, abouts[steps[0].json["space"]], said)
    found = []
    for step in steps:
        one = Contract(alone(contract.json, step), contract.folder)
        found += [of_step(step.name, each) for each in _interface(one, abouts[step.json["space"]], said)]
    return found


def _interface(contract: Contract, about: About, said: Mapping[str, Json]) -> list[Finding]:
    (step,) = contract.json["steps"].values()
    endpoint = now(about, step["endpoint"])
    if endpoint is None:
        return [endpoint_gone(contract.json, about.endpoints)]
    try:
        live = draft(about, as_agreed(endpoint, step["takes"]), step["space"], contract.demo, said)
    except NotCarried as reason:
        return [
            Finding(
                "breaking",
                "not-carried",
                str(reason),
                "Asking fails with “The model has changed”; the saved examples still answer.",
                "Ask the Space's author, or take the demo off the site.",
            )
        ]
    return compare(contract.json, _overlaid(contract, live), about.endpoints)


def _overlaid(contract: Contract, live: dict[str, Any]) -> dict[str, Any]:
    """
    A contract that training wrote knows more than any Space tells: labels, titles, words.

    Where the kinds agree its own words stand; the labels are held against by the examples.
    """
    (step,) = contract.json["steps"].values()
    if "model" not in contract.json and "demo" not in step:
        return live
    agreed = contract.json
    fields = {}
    for name, schema in live["input"]["properties"].items():
        mine = agreed["input"]["properties"].get(name)
        fields[name] = mine if mine and mine["kind"] == schema["kind"] else schema
    required = [name for name in agreed["input"]["required"] if name in fields]
    required += [name for name in live["input"]["required"] if name not in agreed["input"]["properties"]]
    same = agreed["prediction"].get("kind") == live["prediction"].get("kind")
    return {
        **live,
        "input": {**live["input"], "properties": fields, "required": required},
        "prediction": agreed["prediction"] if same else live["prediction"],
    }


def _no_gradio(contract: Contract, fault: Fault) -> Finding:
    return Finding(
        "breaking",
        "space-unreadable",
        fault.detail,
        "Asking fails with “The model has changed”; the saved examples still answer.",
        f"Look at the Space; if it moved for good, change `space` in {contract.folder / 'demo.toml'}.",
    )


# --- what it answers


async def _examples(contract: Contract, spaces: Spaces) -> list[Finding]:
    bridge = Bridge({contract.demo: contract}, spaces)
    findings = []
    for sample, example in zip(recorded(contract), contract.json["examples"], strict=True):
        try:
            answer = await bridge.ask(contract.demo, sample.input)
        except (ContractBroken, AppFailed) as fault:
            findings.append(_fails(contract, sample.title, fault))
            continue
        failed = {name: outcome.fault for name, outcome in answer.steps.items() if outcome.fault}
        if failed:
            findings += [of_step(name, _fails(contract, sample.title, fault)) for name, fault in failed.items()]
            continue
        findings += compare_examples(example, answer.prediction, contract)
    return findings


def _fails(contract: Contract, title: str, fault: Fault) -> Finding:
    return Finding(
        "breaking",
        "example-fails",
        f"The example “{title}” is not answered any more: {fault.detail}",
        "Asking about it fails; its saved answer is still shown.",
        f"Look at the Space, then run `python -m api_bridge check {contract.demo} --accept`.",
    )


# --- the page's origin


async def _origin(contract: Contract, space: GradioSpace, origin: str) -> list[Finding]:
    """Whether a page of `origin` may read what the bridge mounted in the Space answers."""
    async with translated(), httpx2.AsyncClient(timeout=10, follow_redirects=False) as client:
        response = await client.get(f"{space.address}/bridge/v1/demos", headers={"Origin": origin})
    if response.status_code >= 500:
        raise SpaceUnreachable(f"The bridge at {space.address}/bridge does not answer.")
    if response.headers.get("access-control-allow-origin") in (origin, "*"):
        return []
    return [
        Finding(
            "breaking",
            "origin-refused",
            f"The bridge does not let pages of {origin} read its answers.",
            "Every question fails with “The model's server does not answer”.",
            f"Publish again with `python -m training.publish --to hub:you/my-space --origins {origin}`.",
        )
    ]


def said_of(folder: Path) -> dict[str, Any]:
    """Return what people wrote of a demo; nothing where they wrote nothing."""
    path = folder / "demo.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise ContractUnreadable(f"{path} can not be read: {error}.") from error
