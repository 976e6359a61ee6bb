"""
From a network's graph to a demo's folder: the same road for photos and for tables.

The graph is asked about every photo, and from what it says come its temperature, what it
calls unfamiliar, and all that report, card and page tell. Held against fastai's own
predictions, the Space over HTTP and a browser, it must say what they say, or nothing is written.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from fastai.learner import Learner
from fastprogress import progress_bar
from onnx import helper
from scipy.optimize import minimize_scalar

from training import card, familiarity, hardships, measures, report
from training.graph import judging
from training.kept import CHECKPOINT, Kept, write
from training.kept import kept as trainers
from training.parity import compare, learned, questions, said
from training.record import begin, record
from training.space.model import Model

Feed = dict[str, np.ndarray]


@dataclass(frozen=True)
class Asked:
    """A photo, or a table's row, that the graph is asked about."""

    file: str
    split: str  # train or valid
    label: int
    feed: Callable[[], Feed]  # what the graph takes, read when it is needed
    values: dict[str, Any] | None = None  # of a table's row, as a form gives them


def finish(
    learn: Learner,
    network: onnx.ModelProto,
    asked: Sequence[Asked],
    to: Path,
    run: dict[str, Any],
    about: dict[str, Any],
    others: Sequence[Path] = (),
) -> None:
    """
    Leave `model.onnx`, `contract.json`, `figures.json` and `card.md` in the folder `to`, the rest in the trainer's.

    `network` gives evidence and embedding for each of `asked`; `about` becomes part of the model.
    `others` are folders of photos of something else. Raises `ParityError`, and then nothing is written.
    """
    labels = [str(label) for label in learn.dls.vocab]
    evidence, embeddings = _seen(network, asked)
    logits = evidence.reshape(*evidence.shape[:2], -1).mean(2)
    held_back = np.array([each.split == "valid" for each in asked])
    truth = np.array([each.label for each in asked])

    temperature = calibrated(logits[held_back], truth[held_back])
    probabilities = softmax(logits / temperature)
    train = np.flatnonzero(~held_back)
    carried = [int(train[place]) for place in familiarity.known([labels[truth[row]] for row in train])]
    # In 16 bits, as the graph will have them.
    bank = embeddings[carried].astype(np.float16)
    own = [carried.index(row) if row in set(carried) else None for row in range(len(asked))]
    familiar = familiarity.familiarity(bank, embeddings, own)
    below = familiarity.threshold(familiar[held_back])

    right = probabilities[held_back].argmax(1) == truth[held_back]
    about = {
        "labels": labels,
        "accuracy": round(float(right.mean()), 4),
        "validated_on": int(held_back.sum()),
        "trained_on": {"name": run["name"], "count": int((~held_back).sum())},
        "unfamiliar_below": below,
        **about,
    }
    graph = judging(network, temperature, bank, below)
    helper.set_model_props(graph, {name: json.dumps(value) for name, value in about.items()})

    rows = [
        _row(each, labels[each.label], row, near)
        for each, row, near in zip(asked, probabilities, familiar, strict=True)
    ]
    run = {
        **run,
        "demo": to.resolve().name,
        "labels": labels,
        "temperature": round(temperature, 4),
        "unfamiliar": {"below": below, "kept": 1 - familiarity.FALSE_ALARMS, "foreign": []},
    }
    maps = {"maps": (evidence / temperature).astype(np.float16)} if evidence.ndim > 2 else {}
    _leave(learn, graph, to, run, rows, {"embeddings": embeddings.astype(np.float16), **maps}, others)
    print(f"{about['accuracy']:.1%} of {about['validated_on']} that were held back are right.")


def _row(asked: Asked, label: str, probabilities: np.ndarray, familiar: float) -> dict[str, Any]:
    """What training.kept has of one photo, or of a table's row."""
    return {
        "file": asked.file,
        "split": asked.split,
        "label": label,
        "probabilities": [round(float(value), 5) for value in probabilities],
        "loss": round(float(-np.log(max(probabilities[asked.label], 1e-12))), 5),
        "familiarity": round(float(familiar), 5),
        **({"values": asked.values} if asked.values else {}),
    }


def _seen(network: onnx.ModelProto, asked: Sequence[Asked]) -> tuple[np.ndarray, np.ndarray]:
    """What the network has to say of each: evidence (a map for each label, or a number), and embedding."""
    session = onnxruntime.InferenceSession(network.SerializeToString())
    names = ["evidence", "embedding"]
    told = [session.run(names, each.feed()) for each in progress_bar(asked)]
    return tuple(np.stack(column) for column in zip(*told, strict=True))


def calibrated(logits: np.ndarray, truth: np.ndarray) -> float:
    """
    Return the temperature at which a model is as often right as it says: least loss on photos held back.

    The truth counts as a little less than sure, as if each label had been seen once more (Platt's
    correction): where all were right, less and less would fit, and a few photos do not prove that.
    """
    count, labels = logits.shape
    target = np.full(logits.shape, 1 / (count + labels))
    target[np.arange(count), truth] = (count + 1) / (count + labels)

    def loss(log_temperature: float) -> float:
        return float(-(target * np.log(softmax(logits / np.exp(log_temperature)) + 1e-12)).sum(1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log([0.2, 5]), method="bounded").x))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities that rows of `logits` amount to."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def _leave(
    learn: Learner,
    graph: onnx.ModelProto,
    to: Path,
    run: dict[str, Any],
    rows: list[dict[str, Any]],
    arrays: dict[str, np.ndarray],
    others: Sequence[Path],
) -> None:
    """Put what was made into the demo's folder and the trainer's: all of it, or nothing of it."""
    with tempfile.TemporaryDirectory() as folder:
        stage, kept = Path(folder) / run["demo"], Path(folder) / "kept"
        if to.exists():
            shutil.copytree(to, stage)
        begin(stage, run["labels"])
        (stage / "model.onnx").write_bytes(graph.SerializeToString())
        record(stage)
        model = Model(stage / "model.onnx")
        run["unfamiliar"] |= familiarity.foreign(model, rows, arrays["embeddings"], others)
        write(kept, run, rows, **arrays)
        whole = Kept.read(kept)
        asked = questions(whole)
        print("Holding fastai, Python, a browser and the Space against each other …")
        table = compare(stage, asked, learned(learn, asked, run["temperature"]))
        print(said(table))
        hardships.measure(whole, model)
        (stage / "figures.json").write_text(_json({**measures.figures(whole), "parity": table}), encoding="utf-8")
        (stage / "card.md").write_text(card.card(stage), encoding="utf-8")
        learn.export(kept / "learner.pkl")
        moved(kept, trainers(to))
        moved(stage, to)
        shutil.rmtree(trainers(to) / CHECKPOINT, ignore_errors=True)
    print(f"Look at what it got wrong: {report.write(trainers(to))}")


def moved(stage: Path, to: Path) -> None:
    """Bring a folder's files to `to`: first all of them under other names, then each in its place."""
    files = [path.relative_to(stage) for path in stage.rglob("*") if path.is_file()]
    halves = [(to / file).with_name(f".{file.name}.half") for file in files]
    try:
        for file, half in zip(files, halves, strict=True):
            half.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(stage / file, half)
    except OSError:
        for half in halves:
            half.unlink(missing_ok=True)
        raise
    for file, half in zip(files, halves, strict=True):
        half.replace(to / file)


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
