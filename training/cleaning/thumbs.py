"""Small pictures of large photos, made when they are first looked at and kept in the trainer's folder."""

import hashlib
import io
import os
from contextlib import suppress
from pathlib import Path

from PIL import Image

from api_bridge.photos import DAMAGED, upright

SIZES = {"thumbs": 320, "views": 1400}  # pixels of the longer side: twice what is shown, for fine screens


class Unreadable(Exception):
    """A file holds no picture that can be drawn."""


def version(photo: Path) -> str | None:
    """Return what changes when the file does, as far as its folder tells; None where it is gone."""
    try:
        about = photo.stat()
    except OSError:
        return None
    return f"{about.st_size:x}-{about.st_mtime_ns:x}"


def picture(photo: Path, kind: str, folder: Path) -> bytes:
    """Return `photo` as a JPEG of one of the `SIZES`; raise `Unreadable`. `folder` keeps it for the next time."""
    name = hashlib.sha256(f"{photo.absolute()} {version(photo)} {kind}".encode()).hexdigest()
    cache = folder / name[:2] / f"{name}.jpg"
    with suppress(OSError):
        return cache.read_bytes()
    content = _made(photo, SIZES[kind])
    part = cache.with_suffix(f".{os.getpid()}-{id(content)}.part")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(cache)
    except OSError:  # it is made anew the next time
        with suppress(OSError):
            part.unlink()
    return content


def _made(photo: Path, side: int) -> bytes:
    try:
        with Image.open(photo) as image:
            # A large JPEG is decoded at a half, a quarter or an eighth, whatever is still large enough.
            image.draft(None, (side, side))
            small = upright(image)
    except DAMAGED as error:
        raise Unreadable(str(photo)) from error
    small.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82)
    return out.getvalue()
