"""A folder of photos: whole ones, no two alike, each with its line, and what was left out beside it."""

import csv
import io
import struct
import zlib
from pathlib import Path

import pytest
from pictures import drawn, picture
from PIL import Image

from training.gathering.album import COLUMNS, Album, LeftOut, read
from training.gathering.links import GatherError, Link


def link(label: str, number: int = 0) -> Link:
    return Link(label, f"http://pictures.example/{label}/{number}.jpg", "http://pages.example/", "CC0")


def listed(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_photo_has_its_file_and_its_line(tmp_path):
    """Whoever asks in a year where a photo is from finds its address, its licence and its digest."""
    album = Album(tmp_path / "bears")
    assert album.add(link("grizzly"), read(picture(1))) == ""
    (row,) = listed(tmp_path / "bears")
    assert list(row) == COLUMNS
    assert (tmp_path / "bears" / row["file"]).read_bytes() == picture(1)
    assert row["file"] == f"grizzly/{row['sha256'][:20]}.jpg"
    assert (row["url"], row["licence"], row["size"]) == (link("grizzly").url, "CC0", str(len(picture(1))))
    assert row["fetched"].startswith("20")
    assert album.knows(link("grizzly"))
    assert not album.knows(link("black"))
    assert album.count == Album(tmp_path / "bears").count == {"grizzly": 1}


def turned(image: Image.Image) -> bytes:
    """The same photo as a camera held sideways writes it."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    "copy",
    [
        picture(1),
        picture(1, quality=20),
        picture(1, kind="PNG"),
        picture(1, kind="WEBP", quality=50),
        picture(1, size=(120, 90)),
        picture(1, size=(60, 45), quality=60),
        picture(1, size=(960, 720), kind="WEBP"),
        turned(drawn(1)),
    ],
    ids=["same", "quality 20", "PNG", "WebP", "half", "quarter", "four times", "turned"],
)
def test_a_copy_goes_into_the_bin(tmp_path, copy):
    """Rescaled, saved again or turned, it would be in training and in validation both: learned by heart."""
    album = Album(tmp_path / "bears")
    album.add(link("grizzly", 1), read(picture(1)))
    (first,) = files(tmp_path / "bears/grizzly")
    assert album.add(link("grizzly", 2), read(copy)) == f"grizzly/{first}"
    assert album.count == {"grizzly": 1}
    second = listed(tmp_path / "bears")[1]
    assert second["left_out"] == f"a copy of grizzly/{first}"
    assert files(tmp_path / "bears-bin") == ([second["file"]] if copy != picture(1) else [])


def test_the_bin_is_beside_the_folder_however_it_is_named(tmp_path, monkeypatch):
    """From inside the folder as well: a bin among the labels would be one of them."""
    (tmp_path / "bears/grizzly").mkdir(parents=True)
    for inside, name in (("bears", "."), ("bears/grizzly", ".."), (".", "bears/")):
        monkeypatch.chdir(tmp_path / inside)
        assert Album(Path(name)).bin.resolve() == tmp_path / "bears-bin"


def test_photos_that_differ_all_stay(tmp_path):
    """Two photos are not one because both are soft patches of colour, nor because they share three quarters of a scene."""
    album = Album(tmp_path / "bears")
    for number in range(20):
        scene, somebody = drawn(number), io.BytesIO()
        assert album.add(link("grizzly", number), read(picture(number))) == ""
        scene.paste(drawn(100 + number, (60, 180)), (0, 0))
        scene.save(somebody, "JPEG", quality=90)
        assert album.add(link("grizzly", 100 + number), read(somebody.getvalue())) == ""
    assert album.count == {"grizzly": 40}


def test_a_copy_under_another_label_is_named(tmp_path):
    """One of the two labels is wrong, and only a person knows which."""
    album = Album(tmp_path / "bears")
    album.add(link("grizzly"), read(picture(1)))
    assert album.add(link("black"), read(picture(1, quality=60))).startswith("grizzly/")
    assert files(tmp_path / "bears-bin")[0].startswith("black/")


def test_what_is_in_the_bin_comes_back_and_stays(tmp_path):
    """A person knows better; the next run does not throw it out again."""
    album = Album(tmp_path / "bears")
    album.add(link("grizzly"), read(picture(1)))
    album.add(link("black"), read(picture(1, quality=60)))
    (binned,) = files(tmp_path / "bears-bin")
    Album(tmp_path / "bears").restore(binned)
    again = Album(tmp_path / "bears")
    assert again.count == {"grizzly": 1, "black": 1}
    assert [row["left_out"] for row in listed(tmp_path / "bears")] == ["", ""]
    assert files(tmp_path / "bears-bin") == []
    for wrong in (binned, "black/none.jpg", "../bears/manifest.csv"):
        with pytest.raises(GatherError, match="name it as manifest"):
            again.restore(wrong)
    assert (tmp_path / "bears/manifest.csv").exists()


def bomb() -> bytes:
    """A PNG of a few kilobytes that unpacks to gigabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


def large() -> bytes:
    out = io.BytesIO()
    Image.new("L", (5000, 5000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said", "kept"),
    [
        (b"", "no JPEG, PNG or WebP", False),
        (b"<html>Not found</html>", "no JPEG, PNG or WebP", False),
        (picture(1, kind="GIF"), "no JPEG, PNG or WebP", False),
        (picture(1)[:-2000], "damaged", True),
        (picture(1, kind="PNG")[:-2000], "damaged", True),
        (picture(1, kind="WEBP")[:-2000], "damaged", True),
        (b"\xff\xd8\xff<html>", "damaged", True),
        (bomb(), "larger than 24 megapixels", True),
        (large(), "larger than 24 megapixels", True),
    ],
    ids=["empty", "page", "GIF", "cut JPEG", "cut PNG", "cut WebP", "lying", "bomb", "large"],
)
def test_what_is_no_whole_photo_is_told_apart(content, said, kept):
    """A page called photo.jpg, half a photo, a photo that unpacks to gigabytes: none stops a training hours later."""
    with pytest.raises(LeftOut, match=said) as raised:
        read(content)
    assert raised.value.kept is kept


def test_a_line_that_was_cut_off_costs_one_photo_only(tmp_path):
    """A disk that filled up in the middle of a word leaves a manifest that is read, and goes on."""
    album = Album(tmp_path / "bears")
    for number in range(3):
        album.add(link("grizzly", number), read(picture(number)))
    manifest = tmp_path / "bears/manifest.csv"
    manifest.write_bytes(manifest.read_bytes()[:-30])
    album = Album(tmp_path / "bears")
    assert [album.knows(link("grizzly", number)) for number in range(3)] == [True, True, False]
    # Its photo is there, and is no copy of itself.
    assert album.add(link("grizzly", 2), read(picture(2))) == ""
    assert album.count == {"grizzly": 3}
    assert [(row["url"], row["left_out"]) for row in listed(tmp_path / "bears")] == [
        (link("grizzly", number).url, "") for number in range(3)
    ]


def test_photos_that_people_put_there_count(tmp_path):
    """They have no line, and yet a copy of one is a copy; what is no photo is no photo."""
    (tmp_path / "bears/grizzly").mkdir(parents=True)
    (tmp_path / "bears/grizzly/mine.JPG").write_bytes(picture(1))
    (tmp_path / "bears/grizzly/broken.jpg").write_bytes(picture(2)[:500])
    (tmp_path / "bears/grizzly/notes.txt").write_text("Mine.")
    album = Album(tmp_path / "bears")
    assert album.count == {"grizzly": 1}
    assert album.add(link("grizzly"), read(picture(1, quality=50))) == "grizzly/mine.JPG"


def test_what_a_killed_run_had_not_finished_is_cleared_away(tmp_path):
    """Half a file has a name that nobody takes for a photo, and goes with the next run."""
    for folder in ("bears/grizzly", "bears-bin/black", "bears"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / ".abc.jpg.part").write_bytes(picture(1)[:500])
    assert Album(tmp_path / "bears").count == {}
    assert files(tmp_path) == []


@pytest.mark.parametrize("text", [b"a,b\n1,2\n", b"\xff\xfe\n", f"{','.join(COLUMNS)}\n,,,,,,,,not hex,\n".encode()])
def test_a_manifest_of_somebody_else_is_left_alone(tmp_path, text):
    """A file that only has the name is not written over."""
    (tmp_path / "manifest.csv").write_bytes(text)
    with pytest.raises(GatherError, match="not one that was written here"):
        Album(tmp_path)
    assert (tmp_path / "manifest.csv").read_bytes() == text
