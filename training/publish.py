"""
Render the folder a Gradio Space is pushed from: one app, every demo, the bridge beside it.

    python -m training.publish --to FOLDER --origins https://you.github.io

FOLDER may be the clone of a Space: only what was published before is replaced.
Nothing is trained and nothing is sent; `python app.py` in FOLDER starts it.
"""

import json
import re
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from string import Template

from fastcore.script import call_parse

import api_bridge
from api_bridge import Contract, Fault, load_all
from api_bridge.contract import files_in

SPACE = Path(__file__).parent / "space"
DEMOS = Path("site/demos")
LOCAL = Path(".local/space")
PROGRAM = ("app.py", "model.py", "zerogpu.py", "requirements.txt")
OURS = ("app.py", "api_bridge", "demos", "bridge.toml")
# The Hub takes these through git-lfs only.
KINDS = "onnx jpg jpeg png webp gif wav mp3 ogg flac mp4 webm mov pdf"
LARGE = [f"*.{each}" for each in KINDS.split()]


class PublishError(Exception):
    """A demo is not complete; the text says what to do."""


def publish(to: Path, origins: list[str], demos: Path = DEMOS) -> list[Contract]:
    """Render the Space into `to` and return what it serves; raise `PublishError` before anything is written."""
    contracts = list(load_all(demos).values())
    if not contracts:
        raise PublishError(
            f"No demo has a contract under {demos}: train one, such as `python -m training.catdog PHOTOS`."
        )
    files = {contract.demo: _verified(contract) for contract in contracts}
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
    demos = "\n".join(f"- {contract.title} (`/{contract.demo}`)" for contract in contracts)
    template = Template((SPACE / "README.md").read_text(encoding="utf-8"))
    return template.substitute(title="TinySpaces", gradio=pins["gradio"], demos=demos)


@call_parse
def main(
    to: Path = LOCAL,  # the folder to render
    origins: str = "http://127.0.0.1:8000,http://localhost:8000",  # the pages that may ask, with commas between
    demos: Path = DEMOS,  # the folder of demos
):
    "Render the Space's folder."
    try:
        contracts = publish(to, [origin.strip() for origin in origins.split(",") if origin.strip()], demos)
    except (PublishError, Fault) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    print(f"{to}: {', '.join(contract.demo for contract in contracts)}. Start it with `python app.py` there.")
