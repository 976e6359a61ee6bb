"""
What a training run leaves on the trainer's own disk, because it shows or names training photos.

A demo's folder under site/demos is for everybody; beside it stands `.local/training/<demo>`
with the run, each photo's prediction, embeddings and maps, the report and the bin of what
was cleaned away. It is never published.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.faults import TrainingError

KEPT = Path(".local/training")
CHECKPOINT = "checkpoint"  # the folder of a fit, until all of it has become a demo


class KeptError(TrainingError):
    """There is no whole run to look at; the text says which essay to run."""


def kept(to: Path) -> Path:
    """Return the trainer's folder of the demo in the folder `to`."""
    return KEPT / to.resolve().name


@dataclass(frozen=True)
class Kept:
    """A run as it was left: `run`, one of `rows` a photo, and arrays in the rows' order."""

    folder: Path
    run: Mapping[str, Any]
    rows: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Kept":
        """Read a trainer's folder; raise `KeptError` when a run is not all there."""
        try:
            run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            rows = json.loads((folder / "photos.json").read_text(encoding="utf-8"))["rows"]
        except (OSError, ValueError, KeyError) as error:
            raise KeptError(f"{folder} has no finished run: train with `python -m training.{folder.name}`.") from error
        return cls(folder, run, rows)

    def path(self, row: Mapping[str, Any]) -> Path:
        """Where a row's photo lies."""
        return Path(self.run["photos"]) / row["file"]

    def embeddings(self) -> np.ndarray:
        """float16, rows × D, each of length 1."""
        return np.load(self.folder / "embeddings.npy")

    def maps(self) -> np.ndarray:
        """float16, rows × labels × k × k: how much each place of a photo speaks for each label."""
        return np.load(self.folder / "maps.npy")


def write(folder: Path, run: Mapping[str, Any], rows: list[dict[str, Any]], **arrays: np.ndarray) -> None:
    """Leave a run in `folder`, its arrays as `<name>.npy`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "photos.json").write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(run, indent=1), encoding="utf-8")
