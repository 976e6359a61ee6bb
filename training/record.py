"""
Write a demo's contract: from its model, and from what people wrote in `demo.toml`.

    python -m training.record                 every demo under site/demos
    python -m training.record catdog          one
    python -m training.record --check         write nothing; say what no longer fits, exit 1

No training and no torch: a new title or another example takes a second.
"""

import io
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from fastcore.script import call_parse
from PIL import Image

from api_bridge.contract import load, wrong_with
from api_bridge.faults import ContractUnreadable, Fault
from api_bridge.photos import clean, describe
from training.examples import TOLERANCE, DemoError, rounded, slug
from training.pipelines import describe_steps
from training.space.model import Model

DEMOS = Path("site/demos")
PHOTO = {
    "kind": "image",
    "title": "Photo",
    "type": "object",
    "required": ["media", "size"],
    "properties": {
        "media": {"type": "string", "enum": ["image/jpeg", "image/png", "image/webp"]},
        "size": {"type": "integer", "minimum": 1, "maximum": 8_000_000},
        "pixels": {"type": "integer", "minimum": 1, "maximum": 24_000_000},
    },
}
MEASURED = ("labels", "accuracy", "validated_on", "trained_on", "unfamiliar_below")
NOISE = 0.002  # how far it moves between machines: not worth a new revision


def begin(folder: Path, labels: list[str]) -> None:
    """Give a new demo its `demo.toml` and `index.md` to be bettered by people; leave old ones alone."""
    folder.mkdir(parents=True, exist_ok=True)
    title = " or ".join(labels).capitalize() + "?"
    if not (folder / "demo.toml").exists():
        words = "\n".join(f"{json.dumps(label)} = {json.dumps('a ' + label)}" for label in labels)
        text = f"title = {json.dumps(title)}\n\n# What each label is called in a sentence.\n[words]\n{words}\n"
        (folder / "demo.toml").write_text(text, encoding="utf-8")
    if not (folder / "index.md").exists():
        (folder / "index.md").write_text(f"Tells {', '.join(labels)} apart.\n", encoding="utf-8")


def expect(folder: Path, labels: list[str]) -> None:
    """Raise `DemoError` now if a model with `labels` could not be recorded in `folder` after its training."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", folder.resolve().name):
        raise DemoError(f"A demo's folder is its address: name it in small letters and digits, not {folder.name}.")
    if (folder / "demo.toml").exists():
        _label_schema(labels, _demo_toml(folder).get("words", {}))
    _written(folder)


def record(folder: Path) -> bool:
    """Write `folder`'s contract, with the next revision if anything in it changed; return whether it did."""
    written, (now, pictures) = _written(folder), _described(folder)
    if written and _same(written, now):
        return False
    now["revision"] = written["revision"] + 1 if written else 1
    if wrong := wrong_with(now):
        raise DemoError(f"{folder} can not become a contract: {wrong}.")
    for path, content in pictures.items():
        (folder / path).write_bytes(content)
    text = json.dumps(now, indent=2, ensure_ascii=False) + "\n"
    (folder / "contract.json").write_text(text, encoding="utf-8")
    return True


def describe_demo(folder: Path) -> dict[str, Any]:
    """Return the contract that `folder`'s model, or those that it asks, and `demo.toml` amount to, of revision 1."""
    return _described(folder)[0]


def _described(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The contract, and the pictures that were drawn for its examples."""
    said = _demo_toml(folder)
    return describe_steps(folder, said) if "steps" in said else (_of_model(folder, said), {})


def _of_model(folder: Path, said: dict[str, Any]) -> dict[str, Any]:
    model = _model(folder)
    demo, fields = folder.name, model.fields or {"photo": PHOTO}
    return {
        "contract": 1,
        "demo": demo,
        "revision": 1,
        "title": said["title"],
        "input": {
            "type": "object",
            "required": list(fields),
            "additionalProperties": False,
            "properties": fields,
        },
        "steps": {
            demo: {
                "space": said.get("space", "here"),
                "endpoint": said.get("endpoint", f"/{demo}"),
                "takes": {name: f"input.{name}" for name in fields},
                "pure": True,
            }
        },
        "prediction": _label_schema(model.labels, said.get("words", {})),
        "examples": [_example(folder, model, example) for example in said.get("examples", [])],
        "model": {
            "file": "model.onnx",
            "sha256": model.sha256,
            "size": model.size,
            **{name: model.about[name] for name in MEASURED},
        },
    }


def _label_schema(labels: list[str], words: dict[str, str]) -> dict[str, Any]:
    unknown = sorted(set(words) - set(labels))
    if unknown:
        raise DemoError(
            f"demo.toml has words for {', '.join(unknown)}; the labels are {', '.join(labels)}. "
            "Change demo.toml, or train into another folder with --to."
        )
    label = {"type": "string", "enum": labels}
    confidence = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "kind": "label",
        "type": "object",
        "required": ["label", "confidences", "familiarity", "unfamiliar"],
        "properties": {
            "label": {**label, "words": {name: words.get(name, name) for name in labels}},
            "confidences": {
                "type": "array",
                "minItems": len(labels),
                "maxItems": len(labels),
                "items": {
                    "type": "object",
                    "required": ["label", "confidence"],
                    "properties": {"label": label, "confidence": confidence},
                },
            },
            "familiarity": {"type": "number", "minimum": -1, "maximum": 1.001},
            "unfamiliar": {"type": "boolean"},
        },
    }


def _example(folder: Path, model: Model, said: dict[str, Any]) -> dict[str, Any]:
    """One of `demo.toml`'s examples, with the model's prediction for it: a photo, or the `input` of a form."""
    if model.fields:
        given, name = said["input"], slug(said["title"])
        asked = {"input": given}
        wrong = set(given) ^ set(model.fields)
        if wrong:
            raise DemoError(f"The example “{said['title']}” and the form differ in: {', '.join(sorted(wrong))}.")
        try:
            predicted = model.prediction(given)
        except ValueError as error:
            raise DemoError(f"The example “{said['title']}” gives what the form does not take: {error}.") from error
    else:
        path = folder / "examples" / said["photo"]
        try:
            file = describe(path.read_bytes())
            # Cleaned, as the bridge does: what is recorded is what the Space will be asked.
            with Image.open(io.BytesIO(clean("photo", file).content)) as picture:
                predicted = model.prediction(picture)
        except (OSError, Fault) as error:
            raise DemoError(f"The example {path} can not be read: put the picture there, or take it out.") from error
        name = slug(path.stem)
        asked = {"alt": said["alt"], "input": {"photo": {"file": f"examples/{path.name}", **file.described()}}}
    return {
        "name": name,
        "title": said["title"],
        **asked,
        "source": said["source"],
        "prediction": rounded(predicted),
        "tolerance": TOLERANCE,
    }


def _demo_toml(folder: Path) -> dict[str, Any]:
    path = folder / "demo.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DemoError(f"{path} can not be read: {error}.") from error
    for name, step in said.get("steps", {}).items():
        if not isinstance(step.get("demo"), str):
            raise DemoError(f'{path}: steps.{name} needs a line `demo = "…"`.')
    wanted = {"title": said, **{f"examples[{n}]": each for n, each in enumerate(said.get("examples", []))}}
    for place, each in wanted.items():
        names = ("title", "source") if "input" in each else ("photo", "title", "alt", "source")
        if "steps" in said:
            names = ("title", "alt", "source")
        for name in ("title",) if place == "title" else names:
            if not isinstance(each.get(name), str):
                raise DemoError(f'{path}: {place} needs a line `{name} = "…"`.')
    return said


def _model(folder: Path) -> Model:
    path = folder / "model.onnx"
    if not path.exists():
        raise DemoError(f"{path} is missing: train it with `python -m training.{folder.name} PHOTOS`.")
    return Model(path)


def _written(folder: Path) -> dict[str, Any] | None:
    """The contract as it stands, or None when there is none yet; a broken one is not written over unseen."""
    if not (folder / "contract.json").exists():
        return None
    try:
        return load(folder).json
    except ContractUnreadable as error:
        raise DemoError(
            f"{folder / 'contract.json'} is no contract any more: restore it with git, or delete it to begin anew."
        ) from error


def _same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether two contracts say the same, the revision and the last digits of a confidence aside."""

    def close(a: Any, b: Any) -> bool:
        if isinstance(a, dict) and isinstance(b, dict):
            return a.keys() == b.keys() and all(close(a[name], b[name]) for name in a if name != "revision")
        if isinstance(a, list) and isinstance(b, list):
            return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
        if isinstance(a, float) and isinstance(b, float):
            return abs(a - b) <= NOISE
        return bool(a == b)

    return close(old, new)


def _ours(demos: Path) -> list[Path]:
    """
    The demos whose models are here, those that ask others last.

    What another Space answers is held against it by `python -m api_bridge check`.
    """
    said = {path.parent: _demo_toml(path.parent) for path in sorted(demos.glob("*/demo.toml"))}
    ours = [folder for folder, each in said.items() if each.get("space", "here") == "here"]
    return sorted(ours, key=lambda folder: "steps" in said[folder])


@call_parse
def main(
    *names: str,  # the demos; every one without a name
    check: bool = False,  # write nothing; exit 1 when a contract no longer fits
    demos: Path = DEMOS,  # the folder of demos
):
    "Write the contracts of the demos, or check them."
    folders = [demos / name for name in names] or _ours(demos)
    stale = False
    for folder in folders:
        try:
            if check:
                written = _written(folder)
                fits = written is not None and _same(written, describe_demo(folder))
                said = "holds" if fits else f"is stale: run `python -m training.record {folder.name}`"
                stale = stale or not fits
            else:
                said = "written" if record(folder) else "nothing changed"
            print(f"{folder.name}: {said}")
        except DemoError as error:
            stale = True
            print(f"{folder.name}: {error}", file=sys.stderr)
    if stale:
        sys.exit(1)
