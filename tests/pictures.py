"""Pictures that tests draw: no two numbers look alike, whatever their size and format."""

import io

import numpy as np
from PIL import Image


def drawn(number: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Picture `number`: some soft patches of colour."""
    patches = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def picture(number: int, size: tuple[int, int] = (240, 180), kind: str = "JPEG", quality: int = 90) -> bytes:
    """The same as a file."""
    out = io.BytesIO()
    drawn(number, size).save(out, kind, quality=quality)
    return out.getvalue()
