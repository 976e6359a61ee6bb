"""
One model, four runtimes: do they say the same about the same photos?

    python -m training.parity site/demos/bears

fastai's own learner, the graph in Python, the graph in a browser, and the Space over HTTP.
The graph in Python is what the others are held against. What is not installed here is not
asked, and the table says so; whoever differs is named, and the exit code is 1.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pandas as pd
from fastcore.script import call_parse
from fastprogress import progress_bar
from PIL import Image

from api_bridge import GradioSpace
from api_bridge.photos import describe
from training.faults import TrainingError, in_words
from training.kept import Kept
from training.kept import kept as trainers
from training.publish import publish
from training.space.model import Model

NEAR = {"fastai": 0.03, "browser": 0.005, "Space": 0.005}  # how far a probability may be from the graph's in Python
MOST = 200  # photos, those held back first
PAGES = Path(__file__).parent / "pages"
SITE = Path(__file__).parent.parent / "site"
CHROMIUM = ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",)

Question = Path | Mapping[str, Any]  # a photo's file, or a form's values
Row = dict[str, Any]


class ParityError(TrainingError):
    """A runtime does not say what the graph says: nothing was written."""


def compare(demo: Path, asked: Sequence[Question], fastai: np.ndarray) -> list[Row]:
    """
    Return the table for the demo in the folder `demo`: for each runtime `photos`, `agree` and `largest_difference`.

    `fastai` has the learner's own probabilities, a row for each of `asked`. Raises
    `ParityError` at a label that differs, or a probability that is too far from the graph's.
    """
    model = Model(demo / "model.onnx")
    ours = np.array([list(model(_opened(each)).values()) for each in progress_bar(asked)])
    table = [{"runtime": "graph in Python", "photos": len(asked), "agree": len(asked), "largest_difference": 0.0}]
    for name, ask in {"fastai": lambda *_: fastai, "browser": in_browser, "Space": over_http}.items():
        theirs = ask(demo, asked)
        if isinstance(theirs, str):
            table.append({"runtime": name, "not_asked": theirs})
            continue
        gaps, alike = np.abs(theirs - ours).max(1), theirs.argmax(1) == ours.argmax(1)
        far = np.flatnonzero(~alike | (gaps > NEAR[name]))
        if len(far):
            first = far[0]
            raise ParityError(
                f"{asked[first]}: {name} says {theirs[first].round(3).tolist()}, the graph in Python "
                f"{ours[first].round(3).tolist()}; {len(far)} of {len(asked)} are like that. Nothing was written."
            )
        row = {"photos": len(asked), "agree": int(alike.sum()), "largest_difference": round(float(gaps.max()), 5)}
        table.append({"runtime": name, **row})
    return table


def said(table: Sequence[Row]) -> str:
    """Return the table as lines of text."""
    lines = [f"{'runtime':<16} {'asked':>6} {'same label':>11} {'largest difference':>19}"]
    for row in table:
        if "not_asked" in row:
            lines.append(f"{row['runtime']:<16} not asked: {row['not_asked']}")
        else:
            share = f"{row['agree'] / row['photos']:.0%}"
            lines.append(f"{row['runtime']:<16} {row['photos']:>6} {share:>11} {row['largest_difference']:>19.5f}")
    return "\n".join(lines)


def _opened(question: Question) -> Image.Image | Mapping[str, Any]:
    if isinstance(question, Mapping):
        return question
    with Image.open(question) as photo:
        photo.load()
        return photo


# --- the Space


def over_http(demo: Path, asked: Sequence[Question]) -> np.ndarray | str:
    """Start the Space of this one demo, and ask it over HTTP; or say why it can not be started here."""
    if not find_spec("gradio"):
        return "gradio is not installed: `python3 dev.py serve` does it"
    with tempfile.TemporaryDirectory() as folder:
        demos = Path(folder) / "demos"
        demos.mkdir()
        (demos / demo.resolve().name).symlink_to(demo.resolve(), target_is_directory=True)
        publish(Path(folder) / "space", [], demos)
        with _space(Path(folder) / "space") as address:
            return asyncio.run(_asked(address, demo, asked))


async def _asked(address: str, demo: Path, asked: Sequence[Question]) -> np.ndarray:
    contract = json.loads((demo / "contract.json").read_text(encoding="utf-8"))
    (step,) = contract["steps"].values()
    labels, space, told = contract["model"]["labels"], GradioSpace(address), []
    for question in progress_bar(asked):
        given = question if isinstance(question, Mapping) else {"photo": describe(question.read_bytes())}
        takes = {name: given[place.removeprefix("input.")] for name, place in step["takes"].items()}
        (prediction,) = await space.ask(step["endpoint"], takes, seconds=60)
        confidences = {each["label"]: each["confidence"] for each in prediction["confidences"]}
        told.append([confidences[label] for label in labels])
    await space.close()
    return np.array(told)


@contextlib.contextmanager
def _space(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    log = folder / "log.txt"
    with log.open("wb") as lines:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=environment, stdout=lines, stderr=lines)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(240):
            with contextlib.suppress(httpx2.HTTPError):
                httpx2.get(f"{address}/config", timeout=2)
                break
            if process.poll() is not None:
                raise ParityError(f"The Space did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.25)
        yield address
    finally:
        process.terminate()
        process.wait(40)


# --- the browser


def in_browser(demo: Path, asked: Sequence[Question]) -> np.ndarray | str:
    """Ask the graph in Chromium, as a visitor's page does on their device; or say what is missing here."""
    if not find_spec("playwright"):
        return "playwright is not installed: `python3 dev.py test` does it"
    from playwright.sync_api import Error, sync_playwright

    found = {"executable_path": os.environ["TEST_BROWSER"]} if os.environ.get("TEST_BROWSER") else {}
    with sync_playwright() as tool:
        try:
            chromium = tool.chromium.launch(**found, args=list(CHROMIUM))
        except Error:
            return "no Chromium was found: set TEST_BROWSER to one"
        page = chromium.new_page()
        page.route("**/*", lambda route: route.fulfill(**_file(demo, asked, urlsplit(route.request.url).path)))
        page.goto("http://localhost/parity.html")
        page.wait_for_function("typeof ask === 'function'")
        model, address = Model(demo / "model.onnx"), "http://localhost/model.onnx"
        page.evaluate("prepare", {"address": address, "size": model.size, "sha256": model.sha256})
        places = progress_bar(range(len(asked)))
        told = [page.evaluate("words => ask(...words)", [address, place]) for place in places]
        chromium.close()
    return np.array(told)


def _file(demo: Path, asked: Sequence[Question], path: str) -> dict[str, Any]:
    """What the page is given: itself, the site's own modules, the graph, and a photo or a form's values."""
    kind, _, name = path.lstrip("/").partition("/")
    if kind == "asked":
        question = asked[int(name)]
        if isinstance(question, Path):
            return {"body": question.read_bytes(), "content_type": "application/octet-stream"}
        feed = Model(demo / "model.onnx").feed(question)
        return {"json": {name: array.tolist() for name, array in feed.items()}}
    if kind in ("js", "vendor"):
        return {"path": SITE / kind / name}
    return {"path": demo / kind if kind == "model.onnx" else PAGES / kind}


# --- once more, without training


@call_parse
@in_words()
def main(
    demo: Path,  # the demo's folder
):
    "Hold the runtimes of a demo that was trained here against each other."
    from training.vision import load_learner  # torch is slow to come: only who runs this waits for it

    folder = trainers(demo)
    kept = Kept.read(folder)
    asked = questions(kept)
    learn = load_learner(folder / "learner.pkl")
    print(said(compare(demo, asked, learned(learn, asked, kept.run["temperature"]))))


def questions(kept: Kept) -> list[Question]:
    """Return what a run's runtimes are held against each other on: those held back first."""
    rows = sorted(kept.rows, key=lambda row: row["split"] == "train")[:MOST]
    return [row["values"] if "values" in row else kept.path(row) for row in rows]


def learned(learn: Any, asked: Sequence[Question], temperature: float) -> np.ndarray:
    """Return fastai's own probabilities at `temperature`, a row for each of `asked`."""
    given = list(asked) if isinstance(asked[0], Path) else pd.DataFrame(asked)
    with learn.no_bar(), learn.no_logging():
        probabilities = learn.get_preds(dl=learn.dls.test_dl(given))[0].numpy()
    raised = probabilities ** (1 / temperature)
    return raised / raised.sum(1, keepdims=True)
