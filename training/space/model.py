"""A demo's model: the ONE graph from pixels to probabilities, asked by onnxruntime."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from api_bridge.photos import upright


class Model:
    """
    The graph in a demo's folder.

    Called with a picture it returns each label's probability. The picture is made
    upright and RGB here; resizing and normalising are inside the graph.
    """

    def __init__(self, path: Path):
        content = path.read_bytes()
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.size = len(content)  # bytes
        self._session = onnxruntime.InferenceSession(content)
        about = self._session.get_modelmeta().custom_metadata_map
        self.about = {name: json.loads(value) for name, value in about.items()}
        self.labels: list[str] = self.about["labels"]

    def __call__(self, picture: Image.Image) -> dict[str, float]:
        """Return label → probability for a picture of any size."""
        pixels = np.asarray(upright(picture))  # uint8, height × width × 3
        (probabilities,) = self._session.run(["probabilities"], {"pixels": pixels})
        return dict(zip(self.labels, probabilities.tolist(), strict=True))
