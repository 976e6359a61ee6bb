"""
Render the folder a Gradio Space is pushed from: one app, every demo, the bridge beside it. Then push it.

    python -m training.publish --to FOLDER --origins https://you.github.io
    python -m training.publish --to hub:you/my-space --origins https://you.github.io
    python -m training.publish --to hub:you/my-space --revision 1a2b3c4

FOLDER may be the clone of a Space: only what was published before is replaced; `python app.py` in it
starts it. For a Space on the Hub the command says what will change, asks once, makes one commit, waits
until the Space runs, and asks it every recorded example. The token is in HF_TOKEN, or what `hf auth
login` stored. A revision is brought back by one more commit.

Exit codes: 0 it answers as recorded, or nothing had to change. 1 it was not published, or not whole. 2 the
command is wrong. 3 it is published, and an example is answered otherwise. 4 it is published, and does not run.
"""

import asyncio
import json
import re
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from fastcore.script import call_parse

import api_bridge
from api_bridge import Contract, Fault, load, load_all
from api_bridge.media import files_in
from training.hub.changes import FILES, FOLDERS, MARK, PublishError

if TYPE_CHECKING:
    from training.hub.push import HubSpace

SPACE = Path(__file__).parent / "space"
DEMOS = Path("site/demos")
LOCAL = Path(".local/space")
LOOK = "-look"  # what follows a photo demo's endpoint in the name of the one that draws what its model looked at
PROGRAM = ("app.py", "model.py", "zerogpu.py", "requirements.txt")
OURS = ("app.py", "api_bridge", "demos", "bridge.toml")
HERE = ["http://127.0.0.1:8000", "http://localhost:8000"]  # where `dev.py serve` shows the pages
# The Hub takes these through git-lfs only.
KINDS = "onnx jpg jpeg png webp gif wav mp3 ogg flac mp4 webm mov pdf"
LARGE = [f"*.{each}" for each in KINDS.split()]


def publish(to: Path, origins: list[str], demos: Path = DEMOS) -> list[Contract]:
    """Render the Space into `to` and return what it serves; raise `PublishError` before anything is written."""
    contracts = list(load_all(demos).values())
    if not contracts:
        raise PublishError(
            f"No demo has a contract under {demos}: train one, such as `python -m training.catdog PHOTOS`."
        )
    files = {contract.demo: _verified(contract) for contract in contracts}
    _whole(contracts)
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise PublishError(f"{origin} is not an origin; write it like https://you.github.io, without a path.")

    package = Path(api_bridge.__file__).parent
    if (to / "api_bridge").resolve() == package:
        raise PublishError(f"{to} is where the bridge itself is kept: choose another folder.")
    there = [name for name in OURS if (to / name).exists()]
    if there and "bridge.toml" not in there:
        others = ", ".join(there)
        raise PublishError(f"{to} has {others} that was not published by this: choose an empty folder or a new clone.")

    to.mkdir(parents=True, exist_ok=True)
    for folder in ("api_bridge", "demos"):
        shutil.rmtree(to / folder, ignore_errors=True)
    shutil.copytree(package, to / "api_bridge", ignore=shutil.ignore_patterns("__pycache__"))
    for name in PROGRAM:
        shutil.copy(SPACE / name, to / name)
    for contract in contracts:
        for file in files[contract.demo]:
            (to / "demos" / contract.demo / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(contract.folder / file, to / "demos" / contract.demo / file)
    (to / "README.md").write_text(_readme(contracts), encoding="utf-8")
    (to / "bridge.toml").write_text(
        f"# Pages that may ask, exactly.\norigins = {json.dumps(origins)}\n", encoding="utf-8"
    )
    (to / ".gitattributes").write_text("".join(f"{name} filter=lfs diff=lfs merge=lfs -text\n" for name in LARGE))
    return contracts


def _whole(contracts: list[Contract]) -> None:
    """Raise `PublishError` where a demo asks the Space for what no demo in it answers."""
    models = [contract for contract in contracts if "model" in contract.json]
    served = {step["endpoint"] for contract in models for step in contract.json["steps"].values()}
    served |= {f"{endpoint}{LOOK}" for endpoint in served}
    for contract in contracts:
        for name, step in contract.json["steps"].items():
            if step["space"] == "here" and step["endpoint"] not in served:
                asked = step.get("demo", contract.demo)
                raise PublishError(
                    f"{contract.demo} asks {step['endpoint']} in its step {name}, and nothing here answers that: "
                    f"put the demo {asked} beside it, with its model."
                )


def _verified(contract: Contract) -> list[str]:
    """Return the files that `contract` speaks of, all there and the model the very one it describes."""
    model = contract.json.get("model")
    pictures = [each["file"] for each in files_in(contract.json["examples"])]
    for name in ([model["file"]] if model else []) + pictures:
        if not (contract.folder / name).is_file():
            trained = model and name == model["file"]
            how = f"train it with `python -m training.{contract.demo} PHOTOS`" if trained else "put it there"
            raise PublishError(f"{contract.folder / name} is missing: {how}.")
    if model is None:
        return ["contract.json", *pictures]
    found = sha256((contract.folder / model["file"]).read_bytes()).hexdigest()
    if found != model["sha256"]:
        raise PublishError(
            f"{contract.folder / model['file']} is not the model its contract describes: "
            f"run `python -m training.record {contract.demo}`."
        )
    return ["contract.json", model["file"], *pictures]


def _readme(contracts: list[Contract]) -> str:
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (SPACE / "requirements.txt").read_text(), re.MULTILINE))
    demos = "\n".join(
        f"- {contract.title} (`{step['endpoint']}`)"
        for contract in contracts
        if "model" in contract.json
        for step in contract.json["steps"].values()
    )
    template = Template((SPACE / "README.md").read_text(encoding="utf-8"))
    return template.substitute(title="TinySpaces", gradio=pins["gradio"], demos=demos)


def _to_hub(name: str, origins: list[str], demos: Path, revision: str, hardware: str | None, yes: bool) -> int:
    """Publish to the Space `name`, or bring `revision` back there; return an exit code."""
    # Whoever renders a folder needs nothing of this.
    from training.hub import release, running
    from training.hub.push import HubSpace

    space = HubSpace(name)
    there = release.found(space)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "space"
        if revision:
            message = _fetched(space, revision, folder)
        else:
            if not origins and (there is None or there.settings is None):
                raise PublishError("Say which pages may ask it, such as --origins https://you.github.io.")
            names = [contract.demo for contract in publish(folder, origins, demos)]
            if not origins:
                (folder / MARK).write_bytes(there.settings)
            message = f"Publish {', '.join(names)}"
        contracts = release.contracts_in(folder)
        commit, before = release.released(space, there, folder, message=message, yes=yes, hardware=hardware)
        try:
            running.until_up(space, commit, before.runtime, hardware=hardware)
        except running.NotRunning as why:
            print(why, file=sys.stderr)
            return 4
        holds = asyncio.run(running.answers(space, contracts, private=before.private))
    print(f"{name} runs, and answers as recorded." if holds else f"{name} runs, and differs. {space.so_far}")
    return 0 if holds else 3


def _fetched(space: "HubSpace", revision: str, folder: Path) -> str:
    """Write what the Space held of ours at `revision` into `folder`, verified; return the message of the new commit."""
    commit = space.revision(revision)
    space.fetch(commit, [*FILES, *(f"{name}/*" for name in FOLDERS)], folder)
    if not (folder / MARK).is_file():
        raise PublishError(f"At {commit[:7]} nothing of this was published in {space.name}. {space.so_far}")
    for path in folder.glob("demos/*/contract.json"):
        _verified(load(path.parent))
    return f"Back to {commit[:7]}"


@call_parse
def main(
    to: str = str(LOCAL),  # the folder to render, or hub:user/space
    origins: str = "",  # the pages that may ask, with commas between; a Space on the Hub keeps its own
    demos: Path = DEMOS,  # the folder of demos
    revision: str = "",  # bring this commit of the Space back
    hardware: str = "",  # ask the Hub for it, such as zero-a10g; kept as it is where nothing is said
    yes: bool = False,  # answer the question with yes
):
    "Render the Space's folder, and push it where it is one of the Hub's."
    if not to.startswith("hub:") and (revision or hardware or yes):
        print("--revision, --hardware and --yes are for a Space on the Hub: --to hub:you/my-space.", file=sys.stderr)
        sys.exit(1)
    pages = [origin.strip() for origin in origins.split(",") if origin.strip()]
    try:
        if to.startswith("hub:"):
            sys.exit(_to_hub(to.removeprefix("hub:"), pages, demos, revision, hardware or None, yes))
        contracts = publish(Path(to), pages or HERE, demos)
    except (PublishError, Fault) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)
    print(f"{to}: {', '.join(contract.demo for contract in contracts)}. Start it with `python app.py` there.")
