"""
A learner of photos becomes ONE ONNX graph with its contract, for Python and browser alike.

Resizing, normalising and the verdict are inside the graph, so that no second piece of code
has to do them the same way.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from api_bridge.photos import upright
from training.faults import TrainingError
from training.finish import Asked, Feed, finish
from training.graph import Crop, Seeing, seeing
from training.vision import (
    AffineCoordTfm,
    IntToFloatTensor,
    Learner,
    Normalize,
    RandomResizedCrop,
    Resize,
    ResizeMethod,
    ToTensor,
    get_image_files,
    nn,
)

HEAD = (nn.BatchNorm2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Dropout, nn.Linear)


class ExportError(TrainingError):
    """The learner has something that the graph can not carry; the text says what."""


def export(
    learn: Learner, to: Path, run: dict[str, Any], *, photos: Path, name: str = "", others: Sequence[Path] = ()
) -> None:
    """
    Leave a demo in the folder `to`, of what `learn` learned from the folder `photos`.

    `run` is what `training.fitting.fit` told, `name` what people call these photos (their
    folder's name without it), `others` folders of photos of something else, to measure
    what the model finds unfamiliar. Raises `ExportError` for what a graph can not carry,
    `ParityError` when a runtime says something else; then nothing is written.
    """
    crop, normal = carried(learn)
    network = Seeing(learn.model.cpu().eval(), normal.mean.cpu(), normal.std.cpu())
    folder = photos.resolve()
    asked = _asked(learn, folder)
    run = {
        **run,
        "fields": "photo",
        "photos": str(folder),
        "name": name or folder.name,
        "body": str(learn.arch),
        "size": crop.size,
        "resized": crop.resized,
        "left_out": len(get_image_files(folder)) - len(asked),
    }
    finish(learn, seeing(network, crop), asked, to, run, {}, others)


def carried(learn: Learner) -> tuple[Crop, Normalize]:
    """Return what the graph is to do with pixels, or raise `ExportError` for what it can not do."""
    dls = learn.dls
    if dls.train.n_inp != 1:
        raise ExportError(
            f"The learner takes {dls.train.n_inp} inputs; a graph from pixels to verdict takes one photo."
        )
    if not (len(learn.model) == 2 and tuple(map(type, learn.model[1])) == HEAD):
        raise ExportError(
            "The learner's head is not the one whose map of a photo is exact: make it with `training.vision.learner`."
        )
    # What acts on photos that are held back is what acts on a visitor's; the rest is for training only.
    steps = [step for stage in (dls.valid.after_item, dls.valid.after_batch) for step in stage.fs if _acts(step)]
    crops = [step for step in steps if isinstance(step, RandomResizedCrop | Resize)]
    normal = [step for step in steps if isinstance(step, Normalize)]
    known = (ToTensor, IntToFloatTensor, *map(type, (*crops, *normal)))
    if strange := [step for step in steps if not isinstance(step, known)]:
        raise ExportError(
            f"The graph can not carry the transform {type(strange[0]).__name__}: leave it out, "
            "or give it split_idx = 0 to be for training only."
        )
    if len(crops) != 1:
        raise ExportError("The graph needs one RandomResizedCrop or Resize in item_tfms.")
    crop = _crop(crops[0])
    if len(normal) != 1:
        raise ExportError(
            "The graph needs the body's own Normalize: leave `normalize` on in `training.vision.learner`."
        )
    return crop, normal[0]


def _acts(step: Any) -> bool:
    """Whether a transform does anything to photos that are held back: most random ones do not."""
    return step.split_idx != 0 and not (isinstance(step, AffineCoordTfm) and step.size is None)


def _crop(step: RandomResizedCrop | Resize) -> Crop:
    size = step.size[0]
    if step.size[0] != step.size[1]:
        raise ExportError("The graph looks at squares: give the size as one number.")
    if isinstance(step, RandomResizedCrop):
        return Crop(size, size + int(np.ceil(size * step.val_xtra / 8)) * 8)
    if step.method != ResizeMethod.Squish:
        raise ExportError(
            f"The graph squeezes photos and can not {step.method}: use RandomResizedCrop, or Resize with squish."
        )
    return Crop(size, size)


def _asked(learn: Learner, photos: Path) -> list[Asked]:
    """Every photo, those held back first."""
    label = {name: number for number, name in enumerate(map(str, learn.dls.vocab))}
    return [
        Asked(path.resolve().relative_to(photos).as_posix(), split, label[path.parent.name], _pixels(path))
        for split, dl in (("valid", learn.dls.valid), ("train", learn.dls.train))
        for path in dl.items
    ]


def _pixels(path: Path) -> Callable[[], Feed]:
    def read() -> Feed:
        with Image.open(path) as photo:
            return {"pixels": np.asarray(upright(photo))}

    return read
