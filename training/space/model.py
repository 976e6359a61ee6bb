"""A demo's model: the ONE graph from pixels, or from a form's values, to a verdict; asked by onnxruntime."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from api_bridge.photos import upright

PLACE = 32  # pixels of a side that one place of a map stands for, in the bodies of training.vision
LARGEST = 1024  # pixels of the longer side of a picture that is drawn


class Model:
    """
    The graph in a demo's folder.

    Asked with a photo, or with a form's values where it knows a table. Resizing, normalising
    and the verdict are inside the graph: what is here only turns an input into arrays.
    """

    def __init__(self, path: Path):
        content = path.read_bytes()
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.size = len(content)  # bytes
        self._session = onnxruntime.InferenceSession(content)
        about = self._session.get_modelmeta().custom_metadata_map
        self.about = {name: json.loads(value) for name, value in about.items()}
        self.labels: list[str] = self.about["labels"]
        self.fields: dict[str, Any] | None = self.about.get("fields")  # of a table; a photo's graph has none

    def run(self, given: Image.Image | Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return every output of the graph by its name, for a picture of any size or a form's values."""
        feed = self.feed(given)
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, feed), strict=True))

    def prediction(self, given: Image.Image | Mapping[str, Any]) -> dict[str, Any]:
        """Return the label, every label's confidence, the surest first, and whether this is like what was learned."""
        said = self.run(given)
        ranked = sorted(zip(self.labels, said["probabilities"].tolist(), strict=True), key=lambda each: -each[1])
        return {
            "label": ranked[0][0],
            "confidences": [{"label": label, "confidence": confidence} for label, confidence in ranked],
            "familiarity": float(said["familiarity"]),
            "unfamiliar": bool(said["unfamiliar"]),
        }

    def look(self, photo: Image.Image, label: str, strength: float) -> Image.Image:
        """
        Return the photo, dimmed where the map of `label` is low: photo × (1 − strength × (1 − heat)).

        `heat` is from 0 to 1: what the map says, over the highest that it says; and 0 in the margin, which the
        model does not see. Raises `ValueError` for a label that it does not know.
        """
        picture = upright(photo)
        cam = self.run(picture)["cam"][self.labels.index(label)].clip(0)
        picture.thumbnail((LARGEST, LARGEST))
        across, down = (shares(cam.shape[0], pixels) for pixels in picture.size)
        heat = down @ cam @ across.T / (cam.max() or 1)
        dimmed = np.asarray(picture) * (1 - strength * (1 - heat))[..., None]
        return Image.fromarray(dimmed.round().astype(np.uint8))

    def __call__(self, given: Image.Image | Mapping[str, Any]) -> dict[str, float]:
        """Return label → probability."""
        return dict(zip(self.labels, self.run(given)["probabilities"].tolist(), strict=True))

    def feed(self, given: Image.Image | Mapping[str, Any]) -> dict[str, np.ndarray]:
        """
        Return what the graph takes: `pixels` (uint8, height × width × 3, RGB), or a form's values.

        Those are `numbers` in their fields' order, and `choices` by their place among all there are.
        """
        if not isinstance(given, Mapping):
            return {"pixels": np.asarray(upright(given))}
        numbers, choices = [], []
        for name, field in (self.fields or {}).items():
            if "enum" in field:
                choices.append(field["enum"].index(given[name]))
            else:
                numbers.append(given[name])
        return {"numbers": np.array(numbers, np.float32), "choices": np.array(choices, np.int64)}


def shares(places: int, pixels: int) -> np.ndarray:
    """
    Return which share each of a map's `places` along a side has in each of the `pixels` there: pixels × places.

    Between the middles of two places it goes from one to the other. The map is of the middle of a photo: the
    margin that `training.graph.Crop` cuts off, and fastai leaves in training, has a share in none.
    """
    size = places * PLACE
    part = size / (size + math.ceil(size * 0.14 / 8) * 8)
    at = ((np.arange(pixels) + 0.5) / pixels - (1 - part) / 2) / part
    middle = np.clip(at * places - 0.5, 0, places - 1)
    near = 1 - np.abs(middle[:, None] - np.arange(places))
    return near.clip(0) * ((at >= 0) & (at <= 1))[:, None]
