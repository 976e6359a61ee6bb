"""A trainer's folder as a finished run leaves it, of photos that are drawn, and the real page that cleans them."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from conftest import ROOT
from PIL import Image, ImageDraw

from training.kept import Kept, write

COLOURS = {"disc": "firebrick", "ring": "seagreen", "square": "royalblue"}


def drawn(
    root: Path, each: int = 12, wrong: Sequence[str] = (), labels: Sequence[str] = ("disc", "ring", "square")
) -> Path:
    """
    Draw `each` photos of each label below `root`, and return the trainer's folder of a run on them.

    `wrong` names files such as `disc/3.jpg` that show the next label. One in four was held back.
    """
    photos, dice, noise = root / "photos", random.Random(4), np.random.default_rng(4)
    rows, embeddings = [], []
    for at, label in enumerate(labels):
        (photos / label).mkdir(parents=True)
        for number in range(each):
            file = f"{label}/{number}.jpg"
            shows = (at + (file in wrong)) % len(labels)
            draw(photos / file, labels[shows], dice)
            embedding = noise.normal(0, 0.15, 32)
            embedding[shows] += 1
            embeddings.append(embedding / np.linalg.norm(embedding))
            rows.append(
                row(file, label, "valid" if number % 4 == 0 else "train", labels.index(labels[shows]), len(labels))
            )
    leave(root, photos, labels, rows, np.array(embeddings))
    return root / ".local/training/shapes"


def draw(path: Path, label: str, dice: random.Random) -> None:
    """One photo, somewhat different from every other."""
    image = Image.new("RGB", (dice.randint(60, 120), dice.randint(60, 120)), (dice.randint(200, 255), 230, 230))
    box = (10, 10, image.width - 10, image.height - 10)
    pencil = ImageDraw.Draw(image)
    shape = pencil.rectangle if label == "square" else pencil.ellipse
    shape(box, **{"outline" if label == "ring" else "fill": COLOURS.get(label, "black")})
    image.save(path, quality=90)


def row(file: str, label: str, split: str, says: int, labels: int) -> dict[str, Any]:
    """What photos.json says of a photo, when the model takes it for the label at `says`."""
    probabilities = [0.8 if at == says else 0.2 / (labels - 1) for at in range(labels)]
    return {
        "file": file,
        "split": split,
        "label": label,
        "probabilities": probabilities,
        "loss": 0.2,
        "familiarity": 0.9,
    }


def leave(root: Path, photos: Path, labels: Sequence[str], rows: list[dict[str, Any]], embeddings: np.ndarray) -> None:
    """Leave the run where the essays do."""
    run = {
        "demo": "shapes",
        "fields": "photo",
        "photos": str(photos),
        "name": "drawn shapes",
        "labels": list(labels),
        "started": "2026-11-21T12:00:00+00:00",
        "unfamiliar": {"below": 0.5, "kept": 0.95, "foreign": []},
    }
    (root / "site/demos/shapes").mkdir(parents=True)
    write(root / ".local/training/shapes", run, rows, embeddings=embeddings.astype(np.float16))


def tree(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, with what it holds and when that was written."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def marks(folder: Path) -> list[tuple[str, str, str | None]]:
    """What is marked in a trainer's folder, as its own file says."""
    from training.cleaning.plan import Cleaning

    waiting = Cleaning.read(Kept.read(folder)).waiting()
    return [(mark.file, mark.decision, mark.label) for mark in waiting.values()]


def look(root: Path, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m training.look` in `root` to its end."""
    command = [sys.executable, "-m", "training.look", *words]
    return subprocess.run(command, cwd=root, env=_env(), capture_output=True, text=True, timeout=120, **options)


@contextmanager
def cleaner(root: Path, **options: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `look clean` in `root`; yield its address and its process, which may end before."""
    command = [sys.executable, "-m", "training.look", "clean", "site/demos/shapes", "--no-open"]
    with subprocess.Popen(command, cwd=root, env=_env(), stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            said = ""
            for line in process.stdout:
                said += line
                if found := re.search(r"http://\S+/", line):
                    break
            else:
                raise AssertionError(f"the cleaner did not start: {said}")
            yield found[0], process
        finally:
            process.terminate()
            process.wait(20)


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
