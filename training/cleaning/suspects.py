"""
Which photos are likely to be wrong, and why, in words.

A network learned the labels of its training photos, right or wrong, so it is no witness to them.
Here each photo is judged by a small model that has not seen it, on the network's embeddings, and
cleanlab says which labels do not fit. Photos that are almost the same are found on the way.
"""

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.kept import Kept

DIMENSIONS = 64  # of 1280: the labels are found as well in these, and four times as fast
FOLDS = 5
TWIN = 0.25  # of the distance that photos usually have to their nearest: what is nearer is almost the same
BLOCK = 1000  # photos that are compared with all others at once

Progress = Callable[[Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Suspicion:
    """What a photo looks like to whoever did not learn it, and which other photo is almost the same."""

    seems: str  # a label
    sure: float
    quality: float  # of its label, from 0 to 1
    wrong: bool  # its label, as cleanlab judges
    twin: int | None  # a row


def suspicions(kept: Kept, progress: Progress = iter) -> list[Suspicion]:
    """Return one for each row, from the trainer's folder where nothing has changed since the last time."""
    cache, digest = kept.folder / "suspects.json", _digest(kept.folder)
    if known := _read(cache, digest):
        return known
    found = _found(kept, progress)
    text = json.dumps({"of": digest, "photos": [asdict(each) for each in found]})
    with suppress(OSError):  # then they are found anew next time
        cache.write_text(text, encoding="utf-8")
    return found


def _digest(folder: Path) -> str:
    """Names the run that they were found in, and how."""
    digest = hashlib.sha256(f"{DIMENSIONS} {FOLDS} {TWIN}".encode())
    for name in ("photos.json", "embeddings.npy"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _read(cache: Path, digest: str) -> list[Suspicion] | None:
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
        return [Suspicion(**each) for each in known["photos"]] if known["of"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _found(kept: Kept, progress: Progress) -> list[Suspicion]:
    names: list[str] = list(kept.run["labels"])
    labels = np.array([names.index(row["label"]) for row in kept.rows])
    embeddings = kept.embeddings().astype(np.float32)
    steps = iter(progress(range(FOLDS + -(-len(labels) // BLOCK))))
    judged = _judged(kept, embeddings, labels, steps)
    wrong, quality = _label_errors(labels, judged)
    twins = _twins(embeddings, labels, np.array([row["split"] == "valid" for row in kept.rows]), steps)
    list(steps)  # to the end of the bar
    return [
        Suspicion(
            names[row.argmax()], round(float(row.max()), 4), round(float(quality[at]), 4), at in wrong, twins.get(at)
        )
        for at, row in enumerate(judged)
    ]


def _judged(kept: Kept, embeddings: np.ndarray, labels: np.ndarray, steps: Iterator[Any]) -> np.ndarray:
    """
    Probabilities, rows × labels, each photo's from a model that was fitted without it.

    A label with a single photo can not be learned without it: then the network's own are returned.
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    judged = np.array([row["probabilities"] for row in kept.rows], dtype=np.float64)
    fewest = min(Counter(labels.tolist()).values())
    if fewest < 2 or len(set(labels.tolist())) < 2:
        return judged / judged.sum(axis=1, keepdims=True)
    small = PCA(min(DIMENSIONS, *embeddings.shape), random_state=0).fit_transform(embeddings)
    folds = StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=0)
    for others, these in folds.split(small, labels):
        next(steps)
        model = LogisticRegression(max_iter=300, tol=1e-3).fit(small[others], labels[others])
        judged[these] = 0
        judged[np.ix_(these, model.classes_)] = model.predict_proba(small[these])
    return judged


def _label_errors(labels: np.ndarray, judged: np.ndarray) -> tuple[set[int], np.ndarray]:
    """The rows whose labels are likely wrong, and how well each row's label fits, from 0 to 1."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    present, dense = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return set(), np.ones(len(labels))
    shares = judged[:, present] + 1e-9
    shares /= shares.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of few photos, which is for the report to say
        found = find_label_issues(dense, shares, return_indices_ranked_by="self_confidence", n_jobs=1)
    return set(map(int, found)), get_label_quality_scores(dense, shares)


def _twins(embeddings: np.ndarray, labels: np.ndarray, valid: np.ndarray, steps: Iterator[Any]) -> dict[int, int]:
    """
    Each row's nearest other row that is almost the same photo.

    One with another label comes first, then one of the other split, which makes validation too easy.
    """
    rows = np.arange(len(labels))
    near = np.full((3, len(rows)), -1.0, dtype=np.float32)
    which = np.zeros((3, len(rows)), dtype=np.int64)
    for begin in range(0, len(rows), BLOCK):
        next(steps)
        these = rows[begin : begin + BLOCK]
        alike = embeddings[these] @ embeddings.T
        alike[np.arange(len(these)), these] = -1
        kinds = (labels[these, None] != labels, valid[these, None] != valid, np.True_)
        for kind, fits in enumerate(kinds):
            among = np.where(fits, alike, -1)
            which[kind, these] = among.argmax(axis=1)
            near[kind, these] = among.max(axis=1)
    # How alike photos are at all differs from network to network: what is usual here says what is not.
    limit = 1 - TWIN * float(np.median(1 - near[2]))
    return {
        int(row): int(which[kind, row])
        for kind in (2, 1, 0)  # a better kind takes the place of a worse
        for row in np.flatnonzero(near[kind] > limit)
    }


def order(rows: list[dict[str, Any]], found: list[Suspicion]) -> list[int]:
    """Return the rows as they should be looked at: likely label errors, the likeliest first, then the highest loss."""

    def place(row: int) -> tuple[bool, float]:
        suspicion = found[row]
        first = suspicion.wrong or suspicion.seems != rows[row]["label"] or contradicted(rows, found, row)
        return (not first, suspicion.quality if first else -rows[row]["loss"])

    return sorted(range(len(rows)), key=place)


def contradicted(rows: list[dict[str, Any]], found: list[Suspicion], row: int) -> bool:
    """Whether almost the same photo has another label."""
    twin = found[row].twin
    return twin is not None and rows[twin]["label"] != rows[row]["label"]


def why(kept: Kept, found: list[Suspicion], row: int) -> list[str]:
    """Return what speaks against a photo, a sentence each; nothing for most."""
    photo, suspicion = kept.rows[row], found[row]
    below = (kept.run.get("unfamiliar") or {}).get("below")
    sentences = []
    if suspicion.seems != photo["label"]:
        likely, sure = "Likely" if suspicion.wrong else "Perhaps", f"{100 * suspicion.sure:.0f} %"
        sentences.append(
            f"{likely} labelled wrongly: another model, which never saw it, says {suspicion.seems}, {sure}."
        )
    elif suspicion.wrong:
        sentences.append("Perhaps labelled wrongly: another model, which never saw it, is far from sure of its label.")
    elif said(kept, photo) != photo["label"]:
        sentences.append(f"The model says {said(kept, photo)}, not {photo['label']}.")
    if suspicion.twin is not None:
        twin = kept.rows[suspicion.twin]
        if twin["label"] != photo["label"]:
            sentences.append(f"Almost the same photo is labelled {twin['label']}: {twin['file']}.")
        elif twin["split"] != photo["split"]:
            split = "held back" if twin["split"] == "valid" else "learned from"
            sentences.append(f"Almost the same photo is {split}, so that validation is too easy: {twin['file']}.")
        else:
            sentences.append(f"Almost the same photo is here twice: {twin['file']}.")
    if below is not None and photo["familiarity"] < below:
        sentences.append("It is unlike the photos that were learned from: does it show any of the labels?")
    return sentences


def said(kept: Kept, photo: dict[str, Any]) -> str:
    """The label that the network gave a photo."""
    return str(kept.run["labels"][int(np.argmax(photo["probabilities"]))])
