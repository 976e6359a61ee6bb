"""
What a run amounts to in numbers: all that may be published of it, and nothing that shows or names a photo.

Everything is measured on the photos that were held back. Intervals are Wilson's, of 95 %.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, roc_auc_score

from training.kept import Kept

# What of a run is nobody's secret: where the photos lie, for one, is left out.
PUBLIC = ("fields", "name", "body", "size", "seed", "device", "started", "seconds", "temperature", "left_out")
BINS = 10


def figures(kept: Kept) -> dict[str, Any]:
    """
    Return what belongs into the demo's `figures.json`, ready for JSON.

    A share is {"value", "low", "high", "count"}: its value is None where `count` is 0. `confusion` has
    a row for each label that photos show, a column for each that the model said. `hardships` are those
    that `training.hardships.measure` left for this very run, or none.
    """
    run, rows, labels = kept.run, held_back(kept), list(kept.run["labels"])
    truth = np.array([labels.index(row["label"]) for row in rows], dtype=int)
    probabilities = np.array([row["probabilities"] for row in rows], dtype=float).reshape(-1, len(labels))
    said = probabilities.argmax(1)
    table = confusion_matrix(truth, said, labels=range(len(labels))) if rows else np.zeros((len(labels),) * 2, int)
    return {
        "confusion": table.tolist(),
        "splits": {split: _counts(kept, split) for split in ("train", "valid")},
        "accuracy": share(int((truth == said).sum()), len(rows)),
        "labels": [
            {
                "label": label,
                "precision": share(int(table[n, n]), int(table[:, n].sum())),
                "recall": share(int(table[n, n]), int(table[n].sum())),
            }
            for n, label in enumerate(labels)
        ],
        "calibration": calibration(probabilities.max(1), truth == said) if rows else None,
        "losses": {"epochs": list(run["epochs"])},
        "unfamiliar": _unfamiliar(kept),
        "hardships": _hardships(kept),
        "rate": run["rate"]["chosen"] if run.get("rate") else None,
        **{name: run[name] for name in PUBLIC if name in run},
    }


def held_back(kept: Kept) -> list[dict[str, Any]]:
    """Return the rows that the network never learned from."""
    return [row for row in kept.rows if row["split"] == "valid"]


def share(part: int, count: int) -> dict[str, float | int | None]:
    """Return `part` of `count`, and between which bounds it would lie were there more: Wilson's 95 %."""
    if not count:
        return {"value": None, "low": 0.0, "high": 1.0, "count": 0}
    bounds = binomtest(part, count).proportion_ci(method="wilson")
    low, high = float(bounds.low), float(bounds.high)
    return {"value": round(part / count, 4), "low": round(low, 4), "high": round(high, 4), "count": count}


def calibration(confidences: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """
    Return how often guesses of a given confidence were right: ten bins of equal width, empty ones left out.

    `error` is the expected calibration error: the mean distance of confidence and accuracy over all guesses.
    """
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    bins, error = [], 0.0
    for place in np.unique(places):
        inside = places == place
        accuracy = share(int(right[inside].sum()), int(inside.sum()))
        confidence = float(confidences[inside].mean())
        error += abs(confidence - right[inside].mean()) * inside.mean()
        bins.append(
            {
                "confidence": round(confidence, 4),
                "accuracy": accuracy["value"],
                **{part: accuracy[part] for part in ("count", "low", "high")},
            }
        )
    return {"bins": bins, "error": round(float(error), 4)}


def auroc(ours: ArrayLike, foreign: ArrayLike) -> float:
    """Return how often a photo of ours is more familiar than a foreign one: 1 always, 0.5 by luck."""
    ours, foreign = np.asarray(ours), np.asarray(foreign)
    return float(roc_auc_score(np.r_[np.ones(len(ours)), np.zeros(len(foreign))], np.r_[ours, foreign]))


def _counts(kept: Kept, split: str) -> dict[str, int]:
    seen = [row["label"] for row in kept.rows if row["split"] == split]
    return {label: seen.count(label) for label in kept.run["labels"]}


def _unfamiliar(kept: Kept) -> dict[str, Any] | None:
    """The threshold, what it costs on photos of ours, and what it is worth on foreign ones."""
    said = kept.run.get("unfamiliar")
    if not said:
        return None
    familiar = [row["familiarity"] for row in held_back(kept)]
    alarms = sum(value < said["below"] for value in familiar)
    return {**said, "false_alarms": share(alarms, len(familiar))}


def _hardships(kept: Kept) -> list[dict[str, Any]]:
    try:
        left = json.loads((kept.folder / "hardships.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    # Those of an older run say nothing of this one.
    return list(left["hardships"]) if left["started"] == kept.run["started"] else []
