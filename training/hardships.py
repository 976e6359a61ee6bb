"""
Where a model fails: the photos that were held back, made harder to see, and asked again.

Each hardship is something that happens to visitors' photos. They are drawn from one photo with
Pillow, the same each time, so that two runs can be held against each other.
"""

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from fastprogress import progress_bar
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from api_bridge.photos import DAMAGED, upright
from training.kept import Kept
from training.measures import held_back, share
from training.space.model import Model

MOST = 200  # photos; more would tell little that these do not, and take minutes
SIDE = 320  # pixels of the longer side that is made harder: more than the networks here look at
GRAIN = 160  # grains of noise along a photo's longer side


def dark(photo: Image.Image) -> Image.Image:
    """As at night without a flash: a tenth of the light."""
    return ImageEnhance.Brightness(photo).enhance(0.1)


def far(photo: Image.Image) -> Image.Image:
    """As from far away: a quarter as wide and high, in the middle of what its own colours blur into."""
    width, height = photo.size
    small = photo.resize((max(1, width // 4), max(1, height // 4)), Image.Resampling.LANCZOS)
    around = photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 8))
    around.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
    return around


def drawn(photo: Image.Image) -> Image.Image:
    """As if drawn: sixteen flat colours, and a dark line wherever two of them meet."""
    smooth = photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 128))
    flat = smooth.quantize(16, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB")
    lines = flat.convert("L").filter(ImageFilter.FIND_EDGES).point(lambda edge: 0 if edge > 30 else 255)
    # The filter leaves a photo's outermost pixels as they are, which would be a frame.
    ImageDraw.Draw(lines).rectangle((0, 0, photo.width - 1, photo.height - 1), outline=255)
    return ImageChops.multiply(flat, lines.convert("RGB"))


def hidden(photo: Image.Image) -> Image.Image:
    """As behind a wall: the left half is grey."""
    covered = photo.copy()
    covered.paste((128, 128, 128), (0, 0, photo.width // 2, photo.height))
    return covered


def blurred(photo: Image.Image) -> Image.Image:
    """As with a camera out of focus: each point spreads over a fiftieth of the photo's longer side."""
    return photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 50))


def turned(photo: Image.Image) -> Image.Image:
    """As held sideways by a camera that did not note it: a quarter of a turn."""
    return photo.transpose(Image.Transpose.ROTATE_90)


def noisy(photo: Image.Image) -> Image.Image:
    """As in too little light for the sensor: coarse grain, a fifth of the range from black to white."""
    grains = (max(1, GRAIN * photo.height // max(photo.size)), max(1, GRAIN * photo.width // max(photo.size)), 3)
    grain = np.random.default_rng(0).normal(128, 51, grains).clip(0, 255).astype(np.uint8)
    coarse = Image.fromarray(grain).resize(photo.size, Image.Resampling.NEAREST)
    return ImageChops.add(photo, coarse, 1, -128)


# How each is called in a sentence.
HARDSHIPS: dict[Callable[[Image.Image], Image.Image], str] = {
    dark: "very dark",
    far: "small in the picture",
    drawn: "drawn instead of photographed",
    hidden: "half hidden",
    blurred: "out of focus",
    turned: "turned on its side",
    noisy: "grainy",
}


def measure(kept: Kept, model: Model, most: int = MOST) -> list[dict[str, Any]]:
    """
    Return how often `model` is right about photos that were held back, and says “unfamiliar”, under each hardship.

    At most `most` photos are asked about, chosen by the run's seed; those that are no longer there
    are passed over. What is returned is also left in the run's folder, as `hardships.json`, from where
    `training.measures.figures` takes it. A table has none.
    """
    if kept.run["fields"] != "photo":
        return []
    rows = held_back(kept)
    if len(rows) > most:
        rows = random.Random(kept.run["seed"]).sample(rows, most)  # noqa: S311 - nothing hangs on its secrecy
    right, strange, asked = dict.fromkeys(HARDSHIPS, 0), dict.fromkeys(HARDSHIPS, 0), 0
    for row in progress_bar(rows):
        try:
            with Image.open(kept.path(row)) as image:
                photo = upright(image)
                photo.thumbnail((SIDE, SIDE))
        except DAMAGED:
            continue
        asked += 1
        for hardship in HARDSHIPS:
            told = model.run(hardship(photo))
            right[hardship] += model.labels[told["probabilities"].argmax()] == row["label"]
            strange[hardship] += bool(told["unfamiliar"])
    found = [
        {
            "name": hardship.__name__,
            "title": title,
            "accuracy": share(right[hardship], asked),
            "unfamiliar": round(strange[hardship] / asked, 4) if asked else 0.0,
        }
        for hardship, title in HARDSHIPS.items()
    ]
    left = {"started": kept.run["started"], "hardships": found}
    (kept.folder / "hardships.json").write_text(json.dumps(left, indent=1), encoding="utf-8")
    return found
