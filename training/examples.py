"""
What a demo's own models say of its examples: asked here, without a Space, and written into the contract.

A photo is cleaned first, as the bridge does: what is recorded is what the Space will be asked.
"""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from api_bridge.contract import Contract
from api_bridge.faults import Fault
from api_bridge.media import File, each_file
from api_bridge.photos import clean, describe
from api_bridge.pipeline import Step
from training.faults import TrainingError
from training.publish import LOOK
from training.space.model import Model

TOLERANCE = 0.02  # how far a confidence may move before `check` speaks of it
SAME = 3.0  # of 255: how far the pixels of a picture move between machines


class DemoError(TrainingError):
    """What people wrote and what the machine made do not fit; the text says what to do."""


def slug(stem: str) -> str:
    """A file's name, or a title, as it stands in an address: IMG 0001 → img-0001."""
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    return name if name[:1].isalpha() else f"example-{name}"


def rounded(value: Any) -> Any:
    """Four digits of a number: the others are of one machine."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


class Examples:
    """Answers a contract's examples with the models themselves; `files` has the pictures that they drew, by path."""

    def __init__(self, contract: Contract):
        self.files: dict[str, bytes] = {}
        self._folder, self._contract = contract.folder, contract
        self._models: dict[str, Model] = {}

    def recorded(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return one of `demo.toml`'s examples as the contract has it; it names files by their field, or in `input`."""
        given = {**said.get("input", {}), **{name: said[name] for name in self._contract.fields if name in said}}
        value = {
            name: _opened(self._folder, each) if self._contract.holds_files(name) else each
            for name, each in given.items()
        }
        name = slug(said["title"])
        return {
            "name": name,
            "title": said["title"],
            "alt": said["alt"],
            "input": {name: _named(given[name], each) for name, each in value.items()},
            "source": said["source"],
            "prediction": rounded(self._predicted(name, {**self._contract.defaults, **value})),
            "tolerance": TOLERANCE,
        }

    def _predicted(self, example: str, value: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = {"input": each_file(dict(value), lambda file: clean("photo", file))}
        pipeline = self._contract.pipeline
        for step in pipeline.steps:
            if not step.due(values):
                continue
            taken = step.taken(values)
            each = [{**taken, step.each: one} for one in taken[step.each]] if step.each else [taken]
            said = [self._asked(step, takes, f"{example}-{step.name}") for takes in each]
            values[step.name] = said if step.each else said[0]
        answered = {name: values[name] for name in self._contract.json["steps"] if name in values}
        return answered if pipeline.several else next(iter(answered.values()))

    def _asked(self, step: Step, takes: Mapping[str, Any], picture: str) -> Any:
        demo = step.json["demo"]
        if demo not in self._models:
            path = self._folder.parent / demo / "model.onnx"
            if not path.is_file():
                raise DemoError(
                    f"The step “{step.name}” asks {demo}, whose model is not here: train it first ({path})."
                )
            self._models[demo] = Model(path)
        model = self._models[demo]
        if not isinstance(takes.get("photo"), File):
            return model.prediction(takes)
        with Image.open(io.BytesIO(takes["photo"].content)) as photo:
            if not step.json["endpoint"].endswith(LOOK):
                return model.prediction(photo)
            return self._kept(f"examples/{picture}.webp", model.look(photo, takes["label"], takes["strength"]))

    def _kept(self, path: str, picture: Image.Image) -> dict[str, Any]:
        """Describe a picture; one that is there and looks the same stays, for another machine writes other bytes."""
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=80)
        there, content = self._folder / path, out.getvalue()
        if there.is_file() and _alike(there.read_bytes(), content):
            content = there.read_bytes()
        else:
            self.files[path] = content
        return {"file": path, **describe(content).described()}


def _opened(folder: Path, name: Any) -> Any:
    if isinstance(name, list):
        return [_opened(folder, each) for each in name]
    path = folder / "examples" / name
    try:
        return describe(path.read_bytes())
    except (OSError, Fault) as error:
        raise DemoError(f"The example {path} can not be read: put the picture there, or take it out.") from error


def _named(given: Any, value: Any) -> Any:
    """An input as a contract records it: each file by its path."""
    if isinstance(value, list):
        return [_named(name, each) for name, each in zip(given, value, strict=True)]
    return {"file": f"examples/{given}", **value.described()} if isinstance(value, File) else value


def _alike(one: bytes, other: bytes) -> bool:
    first, second = (Image.open(io.BytesIO(content)).convert("RGB") for content in (one, other))
    gap = np.abs(np.asarray(first, float) - np.asarray(second, float)).mean() if first.size == second.size else SAME + 1
    return bool(gap <= SAME)
