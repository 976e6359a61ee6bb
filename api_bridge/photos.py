"""
Photos: bytes from a stranger → clean bytes, and the pixels every model is asked with.

The bridge, the Space and training all come here, so that one photo has one set
of pixels wherever it is read.
"""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from api_bridge.contract import File
from api_bridge.faults import FileTooLarge, InputRefused

READ = ("JPEG", "PNG", "WEBP")
# MPO is what many phones write: a JPEG with a second, smaller picture behind it.
MEDIA = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def describe(content: bytes) -> File:
    """
    Return `content` with its media type, size in bytes and number of pixels.

    Reads the header only: a picture of a thousand megapixels costs nothing here.
    Whatever is not a JPEG, PNG or WebP, by content and not by name, is
    `application/octet-stream`, which no contract of a photo accepts. Raises
    `FileTooLarge` for more pixels than Pillow itself would ever decode.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; the contract's own limit decides here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=READ) as image:
                width, height = image.size
                return File(content, MEDIA[str(image.format)], pixels=width * height)
    except Image.DecompressionBombError as error:
        raise FileTooLarge("The picture has far too many pixels: send a smaller one.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return File(content, "application/octet-stream")


def clean(field: str, photo: File) -> File:
    """
    Return the same picture without anything that is not a pixel: no GPS, no names, no tail.

    An upright colour JPEG keeps its own quantisation tables, so its pixels hardly
    move; everything else becomes a lossless PNG, or a fine JPEG where it was one.
    Raises `InputRefused` for a file that begins like a photo and does not go on like one.
    """
    try:
        with Image.open(io.BytesIO(photo.content), formats=READ) as image:
            jpeg = MEDIA[str(image.format)] == "image/jpeg"
            untouched = image.format == "JPEG" and image.mode == "RGB" and image.getexif().get(0x0112, 1) == 1
            picture = image if untouched else upright(image)
            picture.info.pop("icc_profile", None)
            picture.info.pop("comment", None)
            out = io.BytesIO()
            if untouched:
                picture.save(out, "JPEG", quality="keep", exif=b"")
            elif jpeg:
                picture.save(out, "JPEG", quality=95, subsampling=0)
            else:
                picture.save(out, "PNG", compress_level=1)
            return File(out.getvalue(), "image/jpeg" if jpeg else "image/png", photo.pixels)
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise InputRefused("The photo is damaged: it can not be read to its end.", field) from error


def upright(image: Image.Image) -> Image.Image:
    """Return `image` as people see it: turned by its EXIF, its first frame, on white, in RGB."""
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        # Sixteen bits of grey: Pillow would clip them to white where a browser scales them.
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
