"""What a demo's page is drawn from: its contract, words, figures, card, examples, models, and the last check of it."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from PIL import Image

from api_bridge.contract import Contract
from api_bridge.media import files_in
from api_bridge.strict_json import Json
from build_assets import BuildError

PHOTOS = ("image", "sketch")
FILES = ("images", "audio", "video", "file", "files", "model3d", "message")
NOT_CHECKED = "unchecked"
# How a demo was at the last check: a sign, beside words, so that no colour is needed.
STATES = {"holds": "✓", "benign": "✓", "risky": "!", "breaking": "✕", "asleep": "–", NOT_CHECKED: "?"}


def demo_of(contract: Contract, check: Mapping[str, Json], models: Mapping[str, Json]) -> dict[str, Any]:
    """
    Return what the templates draw a demo from; `check` is what the last check of it found.

    Of `models`, the page is told those that its steps need, where all are there: site/js/device.js asks them.
    """
    folder = contract.folder
    try:
        text = (folder / "index.md").read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{folder / 'index.md'} is missing: write a few lines about the demo there.") from error
    fields, prediction, asked = contract.fields, contract.json["prediction"], _asked(contract)
    examples = [_example(contract, example) for example in contract.json["examples"]]
    return {
        "name": contract.demo,
        "contract": contract.json,
        "asked": [name for name in asked if name != contract.demo],
        "models": {name: models[name] for name in asked} if models.keys() >= set(asked) else {},
        "words": prediction.get("properties", {}).get("label", {}).get("words", {}),
        # Commonmark without HTML: what people write is text.
        "text": Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text)),  # noqa: S704
        "figures": _figures(folder / "figures.json"),
        "card": _card(folder / "card.md"),
        "examples": examples,
        "cover": _cover(folder, examples),
        "only_photos": all(field["kind"] in PHOTOS for field in fields.values()),
        "needs": _needs(contract),
        # A photo and its label: the photo has more of the width than what is said of it.
        "even": bool(_needs(contract)) or prediction.get("kind") != "label",
        "space": _space(contract, check),
        "check": _check(check),
    }


def _asked(contract: Contract) -> list[str]:
    """The demos whose models a contract's steps ask."""
    return list(dict.fromkeys(step.get("demo", contract.demo) for step in contract.json["steps"].values()))


def model_of(contract: Contract, base: str) -> Json | None:
    """What a page needs to ask a demo's model on a visitor's device; None where there is none."""
    model = contract.json.get("model", {})
    if "file" not in model:
        return None
    address = f"{base}{contract.demo}/model.{model['sha256'][:10]}.onnx"
    about = {"address": address, **{name: model[name] for name in ("size", "sha256", "labels")}}
    (step,) = contract.json["steps"].values()
    fields = {name: contract.fields[place.removeprefix("input.")] for name, place in step["takes"].items()}
    if any(field["kind"] in PHOTOS for field in fields.values()):
        return about
    # A table's graph takes its numbers and its choices in their order.
    table = {name: {"enum": field["enum"]} if "enum" in field else {} for name, field in fields.items()}
    return {**about, "fields": table}


def content_of(contract: Contract) -> bytes:
    """A demo's model, when it is the one that its contract speaks of."""
    path, model = contract.folder / contract.json["model"]["file"], contract.json["model"]
    try:
        content: bytes = path.read_bytes()
    except OSError as error:
        raise BuildError(f"{path} can not be read: train {contract.demo} again.") from error
    if hashlib.sha256(content).hexdigest() != model["sha256"]:
        raise BuildError(f"{path} is not the model in its contract: run `python -m training.record {contract.demo}`.")
    return content


def _figures(path: Path) -> Json:
    """What was measured of a demo's model; None where nothing was."""
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except ValueError as error:
        raise BuildError(f"{path} is no JSON: train the demo again, or delete it.") from error


def _card(path: Path) -> Markup | None:
    """
    Return the model card as it stands in a page: without metadata, title and pictures.

    Its headings are one level lower, and what is wide scrolls in a region of its own.
    """
    if not path.exists():
        return None
    text = re.sub(r"\A---\n.*?\n---\n\s*(# [^\n]*\n)?", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens, heading = markdown.parse(text), "Model card"
    drawn: list[Token] = []
    numbers = count(1)
    for place, token in enumerate(tokens):
        token.attrs.pop("style", None)  # the page's policy has no room for it
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        if token.type == "heading_open":
            heading = tokens[place + 1].content
        if token.type == "th_open":
            token.attrSet("scope", "col")
        if token.type in ("table_open", "fence"):
            name = f"{escape(heading)}, {next(numbers)}"
            region = f'<div class="scrolls" role="region" tabindex="0" aria-label="{name}">'
            drawn.append(Token("html_block", "", 0, content=region))
        drawn.append(token)
        if token.type in ("table_close", "fence"):
            drawn.append(Token("html_block", "", 0, content="</div>"))
    return Markup(markdown.renderer.render(drawn, markdown.options, {}))  # noqa: S704 - markdown-it escapes all text


def _needs(contract: Contract) -> list[str]:
    """The modules that a page fetches beside those of every page; what draws an answer comes when one is wanted."""
    return sorted({_reader(field["kind"]) for field in contract.fields.values() if field["kind"] != "image"})


def _reader(kind: str) -> str:
    """The module that reads a field of this kind, as site/js/demo.js chooses it."""
    return "files.js" if kind in FILES else f"{kind}.js" if kind in ("sketch", "table") else "fields.js"


def _example(contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    files = {}
    for about in files_in([example["input"], example["prediction"]]):
        path = contract.folder / about["file"]
        if not path.resolve().is_relative_to((contract.folder / "examples").resolve()):
            raise BuildError(
                f"{contract.demo}'s example “{example['name']}” names {about['file']}: keep it in examples/."
            )
        try:
            files[about["file"]] = path.read_bytes()
        except OSError as error:
            raise BuildError(f"{path} can not be read: put the example's file there.") from error
    pictures = [about["file"] for about in files_in(example["input"]) if about["media"].startswith("image/")]
    return {
        **example,
        "files": files,
        "picture": _picture(contract.folder / pictures[0], pictures[0]) if pictures else None,
        "given": {name: value for name, value in example["input"].items() if name in contract.fields},
    }


def _cover(folder: Path, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """The picture that stands for a demo on the first page: cover.webp, or its first example's."""
    path = folder / "cover.webp"
    if path.is_file():
        return {"files": {path.name: path.read_bytes()}, "picture": _picture(path, path.name)}
    pictures = [example["picture"] for example in examples if example["picture"]]
    return {"files": {}, "picture": pictures[0] if pictures else None}


def _picture(path: Path, name: str) -> dict[str, Any]:
    try:
        with Image.open(path) as image:
            return {"file": name, "width": image.width, "height": image.height}
    except OSError as error:
        raise BuildError(f"{path} can not be read: put the example's file there.") from error


def _space(contract: Contract, check: Mapping[str, Json]) -> dict[str, Any]:
    """Who answers a demo: its Space, and what that said of itself when it was last looked at."""
    space = next(iter(contract.json["steps"].values()))["space"]  # of several steps, the first one's
    told = contract.json.get("spaces", {}).get(space, {})
    name = None if space == "here" else re.sub(r"^https?://", "", space)
    link = None if space == "here" else space if "://" in space else f"https://huggingface.co/spaces/{space}"
    return {"name": name, "link": link, **{part: check.get(part) or told.get(part) for part in ("gradio", "dialect")}}


# --- the last check


def read_checks(path: Path) -> dict[str, Any]:
    """Return what `python -m api_bridge check --status` wrote, or an empty report where it was never run."""
    if not path.exists():
        return {"checked": None, "demos": {}}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        checked = datetime.fromisoformat(told["checked"]).astimezone(UTC)
        unknown = [each["state"] for each in told["demos"].values() if each["state"] not in STATES]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(
            f"{path} is no report of a check: delete it, or run `python -m api_bridge check` again."
        ) from error
    if unknown:
        raise BuildError(f"{path} has a state “{unknown[0]}”; there are: {', '.join(STATES)}.")
    when = f"{checked.day} {checked:%B %Y, %H:%M} UTC"
    return {"checked": {"time": told["checked"], "words": when}, "demos": told["demos"]}


def _check(check: Mapping[str, Json]) -> dict[str, Any]:
    state = check.get("state", NOT_CHECKED)
    findings = check.get("findings", [])
    broken = [each for each in findings if each["class"] == "breaking"]
    return {
        "state": state,
        "sign": STATES[state],
        "stage": check.get("stage"),
        "findings": findings,
        "visitor": (broken[0].get("visitor") or broken[0]["what"]) if broken else None,
    }
