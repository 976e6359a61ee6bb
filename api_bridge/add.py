"""
Any Space becomes a demo: read what it says of itself, ask it a few questions, write a folder.

    python -m api_bridge add user/space
    python -m api_bridge add http://127.0.0.1:7860 --endpoint /describe --demo what-is-it

Nothing is written before everything is known, and then all of it at once.
"""

import json
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from api_bridge.components import slug
from api_bridge.contract import Contract, wrong_with
from api_bridge.examples import made_up, offered, record, recorded
from api_bridge.learn import NotCarried, chosen, draft, now
from api_bridge.space import GradioSpace
from api_bridge.strict_json import Json

HUB_PAGE = re.compile(r"https://huggingface\.co/spaces/([\w.-]+/[\w.-]+)(/.*)?$")
RESERVED = ("assets", "status")  # folders of the site


def named(space: str) -> str:
    """Return a Space's name or address as a contract has it; its page on the Hub is its name."""
    space = re.split(r"[?#]", space)[0]
    if found := HUB_PAGE.match(space):
        return found[1]
    if re.fullmatch(r"[\w.-]+/[\w.-]+", space) or re.fullmatch(r"https?://[^\s/]+(/\S*)?", space):
        return space.rstrip("/")
    raise NotCarried(f"“{space}” is no Space: write user/name, or an address that begins with https://.")


async def add(
    space: GradioSpace, name: str, endpoint: str | None, demo: str | None, demos: Path
) -> tuple[Path, list[str]]:
    """
    Write the demo's folder; return it, and what people should know of it.

    `name` is what the contract calls the Space. Raises `NotCarried` with what to do, or
    the Space's own `Fault`; either way nothing is written.
    """
    about = await space.about()
    found = chosen(about, endpoint)
    demo = demo or _demo_name(name, found.name)
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", demo):
        raise NotCarried(
            f"A demo's name is its address: small letters and digits, not “{demo}”. Choose it with --demo."
        )
    if demo in RESERVED:
        raise NotCarried(f"The site has a page of its own called “{demo}”: choose another name with --demo.")
    folder = demos / demo
    if folder.exists():
        raise NotCarried(f"{folder} is there already: choose another name with --demo.")
    contract = Contract(draft(about, found, name, demo, {}), folder)
    samples = await offered(space, contract)
    notes = list(about.notes)
    if not samples:
        sample = made_up(contract)
        samples = [sample] if sample else []
        if not sample:
            notes.append("No example was recorded: the Space offers none, and a file that it needs can not be made up.")
    made, files, more = await completed(contract, space, samples)
    files |= {
        "demo.toml": _demo_toml(made).encode(),
        "index.md": f"Answered by the Space {name}, endpoint {found.name}.\n".encode(),
    }
    put(folder, made, files)
    return folder, notes + more


async def accept(space: GradioSpace, old: Contract, said: dict[str, Json]) -> tuple[dict[str, Any], list[str]]:
    """
    Write what the Space says today as the next revision of `old`; return the new contract, and notes.

    Raises `NotCarried` for a contract that says more than one Space could, with who writes it.
    """
    if writer := _other_writer(old):
        raise NotCarried(writer)
    (step,) = old.json["steps"].values()
    about = await space.about()
    fresh = draft(about, now(about, step["endpoint"]) or chosen(about, step["endpoint"]), step["space"], old.demo, said)
    fresh["revision"] = old.revision + 1
    contract = Contract(fresh, old.folder)
    samples = [_fitting(each, contract) for each in recorded(old)]
    made, files, notes = await completed(contract, space, samples)
    put(old.folder, made, files)
    return made, notes


def _other_writer(contract: Contract) -> str | None:
    """Say who writes a contract, where no Space's own words are enough for it."""
    demo, steps = contract.demo, contract.json["steps"].values()
    if "model" in contract.json:
        return f"Its model writes the contract of {demo}: publish it again, or run `python -m training.record {demo}`."
    asked = [step.get("demo") for step in steps]
    if contract.pipeline.plain and asked == [None]:
        return None
    if all(name and (contract.folder.parent / name / "model.onnx").is_file() for name in asked):
        return (
            f"The models that it asks write the contract of {demo}: publish {' and '.join(sorted({*asked}))} again, "
            f"or run `python -m training.record {demo}`."
        )
    return (
        f"No command writes the contract of {demo}, for not every model that it asks is here: change "
        f"{contract.folder / 'contract.json'} by hand to what was found, count its revision up, "
        f"and run `python -m api_bridge check {demo}` again."
    )


async def completed(
    contract: Contract, space: GradioSpace, samples: list[Any]
) -> tuple[dict[str, Any], dict[str, bytes], list[str]]:
    """Return the contract with its examples recorded, their files by path, and notes."""
    examples, files, notes = await record(contract, samples, space)
    made = {**contract.json, "examples": examples}
    if wrong := wrong_with(made):
        raise NotCarried(f"What was learned is no contract: {wrong}. This is the bridge's mistake: please report it.")
    return made, files, notes


def put(folder: Path, contract: dict[str, Any], files: dict[str, bytes]) -> None:
    """Write a demo's folder beside its place, and move it there when it is whole; what people wrote stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        whole = beside / "whole"
        if folder.exists():
            shutil.copytree(folder, whole, ignore=shutil.ignore_patterns("examples", "contract.json"))
        whole.mkdir(exist_ok=True)
        for path, content in files.items():
            (whole / path).parent.mkdir(parents=True, exist_ok=True)
            (whole / path).write_bytes(content)
        text = json.dumps(contract, indent=2, ensure_ascii=False) + "\n"
        (whole / "contract.json").write_text(text, encoding="utf-8")
        before = beside / "before"
        if folder.exists():
            folder.rename(before)
        try:
            whole.rename(folder)
        except BaseException:
            if before.exists():
                before.rename(folder)  # nothing is lost
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _demo_name(space: str, endpoint: str) -> str:
    """The endpoint's name, where it says something; else the Space's."""
    words = slug(endpoint.strip("/"))
    if words in ("", "predict", "fn", "lambda", "run", "submit"):
        words = slug(space.rsplit("/", 1)[-1].partition(":")[0])
    return words.replace("_", "-") or "demo"


def _demo_toml(contract: dict[str, Any]) -> str:
    (step,) = contract["steps"].values()
    titles = {name: each["title"] for name, each in contract["input"]["properties"].items()}
    lines = [
        f"# What people say of this demo. After a change: python -m api_bridge check {contract['demo']} --accept",
        f"title = {_toml(contract['title'])}",
        f"space = {_toml(step['space'])}",
        "",
        "# What each field is called on the page.",
        "[titles]",
        *(f"{name} = {_toml(title)}" for name, title in titles.items()),
    ]
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # which JSON allows, and TOML does not


def _fitting(sample: Any, contract: Contract) -> Any:
    """Leave out of a question what the endpoint does not take any more."""
    kept = {name: value for name, value in sample.input.items() if name in contract.fields}
    return replace(sample, input=kept)
