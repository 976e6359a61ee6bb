"""A photo arrives as people see it, and nothing but its pixels goes on."""

import io
import time
import zlib

import numpy as np
import pytest
from conftest import CAT
from PIL import Image, ImageOps

from api_bridge import photos
from api_bridge.faults import FileTooLarge, InputRefused

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def reread(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(photos.clean("photo", photos.describe(content)).content))


@pytest.mark.parametrize(("kind", "media"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_photo_is_known_by_its_content(kind, media):
    """Whatever its name says."""
    file = photos.describe(saved(picture(), kind))
    assert (file.media, file.pixels) == (media, 800)


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", b"%PDF-1.7", b"GIF89a" + bytes(20), b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_not_a_photo_is_known_too(content):
    """A drawing, a document or only the beginning of a photo is none."""
    file = photos.describe(content)
    assert file.media not in ("image/jpeg", "image/png", "image/webp")
    assert file.pixels is None


def test_a_phones_double_picture_is_a_jpeg():
    """Many phones put a second picture behind the first."""
    content = saved(picture(), "MPO", save_all=True, append_images=[picture()])
    assert photos.describe(content).media == "image/jpeg"
    assert reread(content).size == (40, 20)


def test_a_turned_photo_stands_upright():
    """The camera's note is carried out, and then gone."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = reread(saved(picture(), "JPEG", exif=exif, quality=95))
    assert turned.size == (20, 40)
    assert turned.getexif().get(0x0112) is None
    top, bottom = np.asarray(turned)[5, 10], np.asarray(turned)[35, 10]
    assert top[0] > 150 > bottom[0]


def test_where_it_was_taken_stays_with_the_visitor():
    """GPS, comments, profiles and whatever hangs behind the photo do not go on."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    content = saved(picture(), "JPEG", exif=exif, comment=b"my garden", icc_profile=b"profile" * 20) + b"<script>tail"
    cleaned = photos.clean("photo", photos.describe(content)).content
    again = Image.open(io.BytesIO(cleaned))
    assert not again.getexif().get_ifd(0x8825)
    assert not {"comment", "icc_profile", "exif"} & set(again.info)
    for secret in (b"garden", b"profile", b"tail"):
        assert secret not in cleaned


def test_cleaning_hardly_moves_a_pixel():
    """An ordinary JPEG keeps its own tables: the model sees what the visitor sent."""
    before = np.asarray(Image.open(CAT)).astype(int)
    after = np.asarray(reread(CAT.read_bytes())).astype(int)
    assert np.abs(before - after).mean() < 0.5


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK"])
def test_every_kind_of_picture_becomes_colour(mode):
    """Palette, grey, alpha and print colours alike."""
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert reread(saved(picture(mode), kind)).mode == "RGB"


def test_what_shows_through_is_white():
    """As on the page, where the visitor sees it."""
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert reread(saved(clear, "PNG")).getpixel((4, 4)) == (255, 255, 255)


def test_sixteen_bits_of_grey_are_not_blown_out():
    """A browser scales them; so do we."""
    deep = Image.fromarray(np.full((8, 8), 32768, dtype=np.uint16))
    assert abs(reread(saved(deep, "PNG")).getpixel((4, 4))[0] - 127) <= 1


def test_the_first_picture_of_a_moving_one():
    """An animation is asked about its beginning."""
    moving = saved(Image.new("RGB", (8, 8), RED), "WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8), BLUE)])
    assert reread(moving).getpixel((4, 4))[0] > 150


def test_a_damaged_photo_is_the_visitors_to_mend():
    """Cut short on its way: said, not guessed at."""
    content = CAT.read_bytes()
    with pytest.raises(InputRefused, match="damaged") as raised:
        photos.clean("photo", photos.describe(content[: len(content) // 2]))
    assert raised.value.field == "photo"


@pytest.mark.parametrize(("width", "height"), [(12_000, 10_000), (40_000, 25_000)])
def test_counting_pixels_decodes_none(contract, width, height):
    """A bomb of a few hundred bytes is counted from its header, and refused before it goes off."""
    content = bytearray(saved(Image.new("1", (64, 64)), "PNG"))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    with pytest.raises(FileTooLarge):
        contract.check_input({"photo": photos.describe(bytes(content))})


def test_a_header_of_a_thousand_pieces_costs_nothing():
    """Pillow would join them for seconds: they are counted first."""
    piece = b"\xff\xe1\x00\x0eExif\0\0" + bytes(6)
    begun = time.monotonic()
    assert (
        photos.describe(b"\xff\xd8" + piece * 60_000 + saved(picture(), "JPEG")[2:]).media == "application/octet-stream"
    )
    assert time.monotonic() - begun < 1
    assert photos.describe(b"\xff\xd8" + piece * 100 + saved(picture(), "JPEG")[2:]).media == "image/jpeg"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_turn_of_the_camera(orientation):
    """As Pillow itself would turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(picture(size=(40, 24)), "PNG", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    assert np.array_equal(np.asarray(reread(content)), np.asarray(expected))


def test_nonsense_in_the_cameras_notes_turns_nothing():
    """Notes that can not be written again need not be."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "makermakermaker"
    content = bytearray(saved(picture(), "JPEG", exif=exif))
    at = content.index(b"\x01\x0f\x00\x02")  # the maker's name becomes a fraction
    content[at + 2 : at + 8] = b"\x00\x05\x00\x00\x00\x01"
    assert reread(bytes(content)).size == (20, 40)


def test_a_webp_does_not_swell():
    """What was small on the visitor's line stays small on ours."""
    noise = Image.effect_noise((800, 800), 60).convert("RGB")
    file = photos.describe(saved(noise, "WEBP", quality=80))
    cleaned = photos.clean("photo", file)
    assert cleaned.media == "image/jpeg"
    assert len(cleaned.content) < 6 * len(file.content)
