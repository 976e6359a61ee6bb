"""A demo's model: the ONE graph from pixels, or from a form's values, to a verdict; asked by onnxruntime."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from api_bridge.photos import upright


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
