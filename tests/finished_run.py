"""A finished run as training leaves it, drawn for tests: light discs are cats, dark squares are dogs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, parser
from PIL import Image, ImageDraw

from training.kept import Kept, write

LABELS = ("cat", "dog")
# What was said of the five of each label that were held back: how sure of a cat.
SURE = {"cat": (0.99, 0.95, 0.9, 0.7, 0.1), "dog": (0.01, 0.05, 0.1, 0.35, 0.45)}
RUN: dict[str, Any] = {
    "demo": "catdog",
    "fields": "photo",
    "name": "discs and squares",
    "labels": list(LABELS),
    "body": "a_small_body",
    "size": 64,
    "resized": 80,
    "seed": 42,
    "device": "1 × CPU, 2 threads",
    "started": "2026-11-21T12:00:00+00:00",
    "seconds": 90.0,
    "rate": {"rates": [1e-4, 1e-3, 1e-2, 0.1], "losses": [0.9, 0.6, 0.3, 2.0], "chosen": 0.003},
    "epochs": [
        {"stage": "head", "train": 0.6, "valid": 0.4, "accuracy": 0.8, "seconds": 2.0},
        {"stage": "all", "train": 0.3, "valid": 0.2, "accuracy": 0.9, "seconds": 4.0},
    ],
    "temperature": 1.1,
    "unfamiliar": {
        "below": 0.5,
        "kept": 0.95,
        "foreign": [{"name": "bears", "photos": 327, "auroc": 0.91, "unfamiliar": 0.62}],
        "scorers": [
            {"name": "energy", "auroc": {"bears": 0.71}, "mean": 0.71},
            {"name": "ten nearest", "auroc": {"bears": 0.91}, "mean": 0.91},
        ],
    },
    "left_out": 1,
}


def draw(folder: Path, **changes: Any) -> Kept:
    """Leave a trainer's folder below `folder`, with photos where they are photos; `changes` are made to its run."""
    run = {**RUN, "photos": str(folder / "photos"), **changes}
    labels, rows = run["labels"], []
    for place, label in enumerate(labels):
        for number in range(13):
            split = "train" if number < 8 else "valid"
            first = SURE[LABELS[place % 2]][number - 8] if split == "valid" else 0.5
            sure = [first, 1 - first] + [0.0] * (len(labels) - 2)
            row = {"file": f"{place}/secret-{number}.png", "split": split, "label": label, "probabilities": sure}
            row |= {"loss": float(-np.log(max(sure[place], 1e-9))), "familiarity": 0.45 + number / 26}
            if run["fields"] == "table":
                row |= {"file": str(len(rows)), "values": {"wing": number / 2, "island": "Biscoe <b>"}}
            else:
                _photo(folder / "photos" / row["file"], light=place % 2 == 0, wide=40 + 8 * number)
            rows.append(row)
    dice = np.random.default_rng(1)
    maps = {} if run["fields"] == "table" else {"maps": dice.normal(size=(len(rows), len(labels), 4, 4))}
    arrays = {"embeddings": np.full((len(rows), 4), 0.5), **maps}
    write(folder / "kept", run, rows, **{name: array.astype(np.float16) for name, array in arrays.items()})
    return Kept.read(folder / "kept")


def _photo(path: Path, *, light: bool, wide: int) -> None:
    image = Image.new("RGB", (wide, 60), (150, 160, 170) if light else (60, 50, 40))
    pen = ImageDraw.Draw(image)
    (pen.ellipse if light else pen.rectangle)((8, 8, wide - 9, 51), fill=(250, 240, 200) if light else (20, 30, 60))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def tiny_graph(path: Path) -> None:
    """Leave a real graph that calls a light photo a cat and a dark one a dog, and a very dark one unfamiliar."""
    graph = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        tiny (uint8[height, width, channels] pixels) => (float[2] probabilities, float familiarity, bool unfamiliar) {
            real = Cast <to = 1> (pixels)
            most = Constant <value = float {255.0}> ()
            shares = Div (real, most)
            cat = ReduceMean <keepdims = 0> (shares)
            one = Constant <value = float {1.0}> ()
            dog = Sub (one, cat)
            place = Constant <value = int64[1] {0}> ()
            cats = Unsqueeze (cat, place)
            dogs = Unsqueeze (dog, place)
            probabilities = Concat <axis = 0> (cats, dogs)
            familiarity = Identity (cat)
            below = Constant <value = float {0.1}> ()
            unfamiliar = Less (cat, below)
        }
    """)
    helper.set_model_props(graph, {"labels": json.dumps(LABELS)})
    onnx.save(graph, path)
