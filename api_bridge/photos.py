"""
Photos: bytes from a stranger → clean bytes, and the pixels every model is asked with.

The bridge, the Space and training all come here, so that one photo has one set
of pixels wherever it is read.
"""

import io
import struct
import warnings

from PIL import Image, UnidentifiedImageError

from api_bridge.faults import FileTooLarge, InputRefused
from api_bridge.media import ENDINGS, File, media_of

READ = ("JPEG", "PNG", "WEBP")
# MPO is what many phones write: a JPEG with a second, smaller picture behind it.
MEDIA = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

ORIENTATION = 0x0112  # EXIF's note of how the camera was held, and the turn that undoes it
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow raises over a file that begins like a photo and does not go on like one.
DAMAGED = (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error, Image.DecompressionBombError)
MOST_SEGMENTS = 200  # of a JPEG's header; 8 MB of honest ones are 128


def describe(content: bytes, ending: str = "") -> File:
    """
    Return `content` with its media type, size in bytes and, for a photo, its number of pixels.

    Reads the header only and decodes nothing. What begins like a photo and is none is
    `application/octet-stream`, which no contract of a photo accepts. `ending`, such as
    `.csv`, is kept where the content itself does not tell a better one. Raises
    `FileTooLarge` for more pixels than Pillow would ever decode.
    """
    media, pixels = media_of(content), None
    if media in MEDIA.values():
        media, pixels = _measured(content)
    return File(content, media, pixels, ENDINGS.get(media, ending))


def _measured(content: bytes) -> tuple[str, int | None]:
    """A photo's media type and pixels, as Pillow reads them; nothing can be said of a damaged one."""
    if _segments(content) > MOST_SEGMENTS:
        return "application/octet-stream", None
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; the contract's own limit decides here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=READ) as image:
                width, height = image.size
                return MEDIA[str(image.format)], width * height
    except Image.DecompressionBombError as error:
        raise FileTooLarge("The picture has far too many pixels: send a smaller one.") from error
    except (UnidentifiedImageError, *DAMAGED):
        return "application/octet-stream", None


def clean(field: str, photo: File) -> File:
    """
    Return the same picture without anything that is not a pixel: no GPS, no names, no tail.

    An upright colour JPEG keeps its own quantisation tables, so its pixels hardly
    move; a PNG stays lossless; all else becomes a fine JPEG. Raises `InputRefused` for
    a file that begins like a photo and does not go on like one.
    """
    try:
        with Image.open(io.BytesIO(photo.content), formats=READ) as image:
            out = io.BytesIO()
            if image.format == "PNG":
                upright(image).save(out, "PNG", compress_level=1)
                return File(out.getvalue(), "image/png", photo.pixels, ".png")
            untouched = image.format == "JPEG" and image.mode == "RGB" and _turn(image) is None
            picture = image if untouched else upright(image)
            for note in ("icc_profile", "comment"):
                picture.info.pop(note, None)
            if untouched:
                picture.save(out, "JPEG", quality="keep")
            else:
                picture.save(out, "JPEG", quality=95, subsampling=0)
            return File(out.getvalue(), "image/jpeg", photo.pixels, ".jpg")
    except DAMAGED as error:
        raise InputRefused("The photo is damaged: it can not be read to its end.", field) from error


def cleaned(file: File, field: str = "photo") -> File:
    """Return `file` clean where it is a photo, and as it is where it is none."""
    return clean(field, file) if file.pixels else file


def upright(image: Image.Image) -> Image.Image:
    """Return `image` as people see it: its first frame, turned by its EXIF, on white, in RGB."""
    image.seek(0)
    turn = _turn(image)
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if turn is not None:
        image = image.transpose(turn)
    if image.mode.startswith("I;16"):
        # Sixteen bits of grey: Pillow would clip them to white where a browser scales them.
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    if see_through:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _turn(image: Image.Image) -> Image.Transpose | None:
    return TURNS.get(image.getexif().get(ORIENTATION, 1))


def _segments(content: bytes) -> int:
    """Count the segments of a JPEG's header: Pillow joins them in a time that grows with their square."""
    at = count = 0
    if content[:2] == b"\xff\xd8":
        at = 2
    while at and content[at : at + 1] == b"\xff" and content[at + 1 : at + 2] != b"\xda" and count <= MOST_SEGMENTS:
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        count += 1
    return count
