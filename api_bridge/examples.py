"""
Questions worth recording: those a Space offers itself, or one made up; and what it answers.

Each is asked twice: what answers differently is marked `varies`, so that nobody takes
its moods for drift.
"""

import io
import math
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from api_bridge import photos
from api_bridge.answers import compare_examples
from api_bridge.bridge import Bridge
from api_bridge.contract import Contract
from api_bridge.faults import Fault, VisitorFault
from api_bridge.media import File, each_file
from api_bridge.recorded_space import read
from api_bridge.schema import is_file
from api_bridge.space import GradioSpace
from api_bridge.strict_json import Json

MOST = 6  # examples of a Space that are kept
TOLERANCE = 0.02  # how far a confidence may move before `check` speaks of it
FILES = ("image", "sketch", "images", "audio", "video", "file", "files", "model3d")


@dataclass(frozen=True)
class Sample:
    """A question, with what is said of it on the page."""

    name: str
    title: str
    source: str
    input: Mapping[str, Json]
    alt: str = ""


async def offered(space: GradioSpace, contract: Contract) -> list[Sample]:
    """Return the examples that the Space shows for the contract's endpoint, where they fit its fields."""
    (step,) = contract.json["steps"].values()
    fields = {parameter: source.removeprefix("input.") for parameter, source in step["takes"].items()}
    samples: list[Sample] = []
    for values in await space.samples(step["endpoint"], MOST):
        value = {fields[name]: each for name, each in values.items() if name in fields and each is not None}
        try:
            contract.check_input(value)
        except VisitorFault:
            continue
        number = len(samples) + 1
        title = _title(value, f"Example {number}")
        samples.append(Sample(f"example-{number}", title, f"From the examples of {step['space']}.", value))
    return samples


def made_up(contract: Contract) -> Sample | None:
    """Return a question made of defaults and drawn things, or None where a field needs what can not be drawn."""
    value = {}
    for name, field in contract.fields.items():
        given = field.get("default", _simple(field))
        if given is not None:
            value[name] = given
        elif name in contract.json["input"]["required"]:
            return None
    return Sample("try-out", "A first try", "Made for this page.", value, "A drawn landscape with a sun and a hill.")


def recorded(contract: Contract) -> list[Sample]:
    """Return the questions that a contract has recorded already."""
    return [
        Sample(
            each["name"],
            each["title"],
            each.get("source", "Unknown."),
            read(each["input"], contract.folder),
            each.get("alt", ""),
        )
        for each in contract.json["examples"]
    ]


async def record(
    contract: Contract, samples: Sequence[Sample], space: GradioSpace
) -> tuple[list[dict[str, Json]], dict[str, bytes], list[str]]:
    """
    Ask each sample; return the examples for the contract, their files by path, and what could not be recorded.

    A sample that the Space refuses is left out and named; a Space that is away raises its `Fault`.
    """
    (step,) = contract.json["steps"].values()
    examples, files, notes = [], {}, []
    for sample in samples:
        # Two bridges: one would remember what it answered.
        bridge, other = (Bridge({contract.demo: contract}, {step["space"]: space}) for _ in range(2))
        try:
            first = (await bridge.ask(contract.demo, sample.input)).prediction
            second = (await other.ask(contract.demo, sample.input)).prediction
        except Fault as fault:
            if fault.retryable:
                raise
            notes.append(f"“{sample.title}” was not recorded. {fault.detail}")
            continue
        kept = _Kept(sample.name)
        prediction = bridge.files.within(first)
        example: dict[str, Json] = {
            "name": sample.name,
            "title": sample.title,
            **({"alt": sample.alt} if sample.alt else {}),
            "source": sample.source,
            "input": each_file(dict(sample.input), kept.named("")),
            "prediction": each_file(prediction, kept.named("answer-")),
            "tolerance": TOLERANCE,
        }
        if compare_examples(example, second, contract):  # by the very rule that `check` goes by
            example["varies"] = True
        examples.append(example)
        files.update(kept.files)
    return examples, files, notes


class _Kept:
    """Gives the files of one example their names."""

    def __init__(self, example: str):
        self.files: dict[str, bytes] = {}
        self._example = example

    def named(self, word: str) -> Any:
        def name(file: File) -> dict[str, Json]:
            count = len(self.files) + 1
            path = f"examples/{self._example}-{word}{count}{file.ending}"
            self.files[path] = file.content
            return {"file": path, **file.described()}

        return name


def _title(value: Mapping[str, Json], otherwise: str) -> str:
    words = [each for each in value.values() if isinstance(each, str) and each.strip()]
    title = " ".join(words[0].split()) if words else otherwise
    return title if len(title) <= 60 else f"{title[:57]}…"


def _simple(field: Mapping[str, Json]) -> Json:
    """A value that a field takes, as plain as can be."""
    if "enum" in field:
        return field["enum"][0]
    match field["kind"]:
        case "text":
            return (field.get("suggested") or ["Hello"])[0]
        case "code":
            return "1 + 1"
        case "number" | "slider":
            return field.get("minimum", 1)
        case "color":
            return "#3366cc"
        case "date":
            return "2026-01-01 12:00:00" if field.get("time") else "2026-01-01"
        case "image" | "sketch":
            return landscape()
        case "images":
            return [landscape()]
        case "audio":
            return tone()
        case "table":
            headings = field.get("headings") or ["a", "b"]
            return {"headers": headings, "data": [[str(number) for number in range(len(headings))]]}
        case "json":
            return {} if "object" in field["type"] else []
        case "message":
            return {"text": "Hello", "files": []}
        case "file" | "files" if not field.get("endings") or ".txt" in field["endings"]:
            text = File(b"Hello\n", "application/octet-stream", None, ".txt")
            return text if is_file(field) else [text]
    return None


def landscape() -> File:
    """A drawing of 320 × 240 pixels: a sky, a sun, a hill."""
    picture = Image.new("RGB", (320, 240), (150, 200, 235))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((220, 30, 280, 90), fill=(250, 220, 90))
    draw.ellipse((-80, 130, 400, 420), fill=(80, 140, 70))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return photos.describe(out.getvalue())


def tone() -> File:
    """One second of 440 Hz, 16 bits, 16 kHz."""
    rate = 16_000
    samples = (round(12_000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(rate))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(each.to_bytes(2, "little", signed=True) for each in samples))
    return photos.describe(out.getvalue())
