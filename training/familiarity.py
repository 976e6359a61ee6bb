"""
How like the photos that a model learned from is a new one? And which way to tell is best?

    python -m training.familiarity site/demos/bears OTHERS…      every way that was tried, as a table

A model must answer with one of its labels whatever it is shown. Its probabilities do not say
that a photo shows none of them; its embedding, beside those of the photos it knows, does.
`OTHERS` are folders of photos of something else, which nothing here ever learns from.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fastcore.script import call_parse
from fastprogress import progress_bar
from PIL import Image
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from api_bridge.photos import DAMAGED
from training.faults import TrainingError, in_words
from training.graph import MOST_KNOWN, NEAREST
from training.kept import Kept
from training.kept import kept as trainers
from training.measures import auroc
from training.space.model import Model

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
FALSE_ALARMS = 0.05  # of new photos of the same kind, at most


def known(labels: Sequence[str], most: int = MOST_KNOWN) -> list[int]:
    """Return which of the training photos a graph carries: at most `most`, as many of each label as there are."""
    turns: dict[str, int] = {}
    places = []
    for place, label in enumerate(labels):
        turns[label] = turns.get(label, 0) + 1
        places.append((turns[label], place))
    return sorted(place for _, place in sorted(places)[:most])


def familiarity(known: np.ndarray, embeddings: np.ndarray, own: Sequence[int | None] | None = None) -> np.ndarray:
    """
    Return the mean likeness (cosine, at most 1) of each embedding to the ten nearest `known` ones.

    `own` says which known one a photo is itself, where it is; that one is not counted.
    """
    likeness = embeddings.astype(np.float32) @ known.astype(np.float32).T
    for row, place in enumerate(own or ()):
        if place is not None:
            likeness[row, place] = -np.inf
    nearest = min(NEAREST, likeness.shape[1] - (own is not None))
    return np.sort(likeness, axis=1)[:, -nearest:].mean(axis=1)


def threshold(held_back: np.ndarray) -> float:
    """
    Return below which familiarity a photo is called unfamiliar, from those of photos held back.

    The rank makes it so that of new photos of the same kind not more than 5 in 100 are
    expected below, however few were held back (split conformal prediction); under nineteen
    photos promise nothing, and nothing is called unfamiliar.
    """
    rank = int(FALSE_ALARMS * (len(held_back) + 1))
    # Between the digits that a graph carries: the photo at the rank itself stays familiar.
    return math.floor(float(np.sort(held_back)[rank - 1]) * 1e5) / 1e5 if rank else -1.0


# --- ways to tell, each: (what it knows, their labels, what is new) → how familiar that is


def nearest(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The mean cosine to the ten nearest known: what the graph does."""
    return familiarity(known, new)


def nearest_one(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The cosine to the nearest known."""
    return (new @ known.T).max(1)


def label_mean(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The cosine to the nearest of the labels' means."""
    means = np.stack([known[labels == label].mean(0) for label in np.unique(labels)])
    return (new @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).max(1)


def mahalanobis(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The distance to the mean of all known, in deviations (covariance shrunk as Ledoit and Wolf do)."""
    return -LedoitWolf().fit(known).mahalanobis(new)


def subspace(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """How little lies outside the thirty directions in which the known ones differ most."""
    few = PCA(min(30, *known.shape)).fit(known)
    return -np.linalg.norm(new - few.inverse_transform(few.transform(new)), axis=1)


def surest(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The highest probability of a linear classifier: what most pages show, and call confidence."""
    return _classifier(known, labels).predict_proba(new).max(1)


def energy(known: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The log of the sum of that classifier's exponentials."""
    logits = _classifier(known, labels).decision_function(new)
    return np.logaddexp(logits / 2, -logits / 2) if logits.ndim == 1 else np.logaddexp.reduce(logits, axis=1)


def _classifier(known: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=30, max_iter=500).fit(known, labels)


SCORERS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "ten nearest (in the graph)": nearest,
    "nearest": nearest_one,
    "label means": label_mean,
    "Mahalanobis": mahalanobis,
    "subspace": subspace,
    "energy": energy,
    "highest probability": surest,
}


def foreign(
    model: Model, rows: Sequence[dict[str, Any]], embeddings: np.ndarray, others: Sequence[Path]
) -> dict[str, Any]:
    """
    Return how well each way tells photos of `others` from those held back: AUROC, 1 always and 0.5 by luck.

    `foreign` has the graph's own by folder, with how many photos of it are called unfamiliar; `scorers` all ways.
    """
    if not others:
        return {"foreign": [], "scorers": []}
    train = np.array([row["split"] == "train" for row in rows])
    labels = np.array([row["label"] for row in rows])
    told, seen = [], {}
    for folder in others:
        answers = [model.run(photo) for photo in _photos(folder)]
        seen[folder.name] = np.stack([answer["embedding"] for answer in answers])
        unfamiliar = float(np.mean([answer["unfamiliar"] for answer in answers]))
        ours = [row["familiarity"] for row in rows if row["split"] == "valid"]
        told.append(
            {
                "name": folder.name,
                "photos": len(answers),
                "auroc": round(auroc(ours, [float(answer["familiarity"]) for answer in answers]), 4),
                "unfamiliar": round(unfamiliar, 4),
            }
        )
    known, held_back = embeddings[train].astype(np.float32), embeddings[~train].astype(np.float32)
    scorers = []
    for name, score in SCORERS.items():
        ours = score(known, labels[train], held_back)
        values = {other: round(auroc(ours, score(known, labels[train], new)), 4) for other, new in seen.items()}
        scorers.append({"name": name, "auroc": values, "mean": round(float(np.mean(list(values.values()))), 4)})
    return {"foreign": told, "scorers": scorers}


def table(scorers: Sequence[dict[str, Any]]) -> str:
    """Return the ways as lines of text, the best first."""
    ranked = sorted(scorers, key=lambda each: -each["mean"])
    others = list(ranked[0]["auroc"]) if ranked else []
    lines = [f"{'AUROC':<28}{'mean':>8}" + "".join(f"{other[:12]:>14}" for other in others)]
    lines += [
        f"{each['name']:<28}{each['mean']:>8.4f}" + "".join(f"{each['auroc'][other]:>14.4f}" for other in others)
        for each in ranked
    ]
    return "\n".join(lines)


def _photos(folder: Path) -> Iterator[Image.Image]:
    """Those in a folder and below that can be read."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not files:
        raise TrainingError(f"{folder} holds no photos: name a folder of photos of something else.")
    for path in progress_bar(files):
        with contextlib.suppress(*DAMAGED), Image.open(path) as photo:
            yield photo


@call_parse
@in_words()
def main(
    demo: Path,  # the demo's folder
    *others: Path,  # folders of photos of something else
):
    "Compare the ways to tell that a photo is not like those a demo learned from."
    kept = Kept.read(trainers(demo))
    told = foreign(Model(demo / "model.onnx"), kept.rows, kept.embeddings(), others)
    print(table(told["scorers"]))
