"""
A folder of photos by label, as gathering leaves it: whole photos, no two alike, and where each came from.

    photos/bears/grizzly/3fa91c….jpg     named by its content, so that nothing is there twice
    photos/bears/manifest.csv            a line a link, also of what was left out and why
    photos/bears-bin/grizzly/….jpg       what was left out, to be looked at and put back

A file has its whole content before it has its name, and its line comes last: a run that is killed
leaves nothing half, and what it fetched without a line is known again by its content.
"""

import csv
import errno
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import imagehash
from PIL import Image

from api_bridge.faults import FileTooLarge
from api_bridge.media import ENDINGS, media_of
from api_bridge.photos import DAMAGED, MEDIA, READ, describe, upright
from training.gathering.links import GatherError, Link

MOST_PIXELS = 24_000_000  # as visitors may send
PHOTOS = {ENDINGS[media] for media in MEDIA.values()} | {".jpeg"}

# Bits of 256 in which two pictures may differ and be one photo. Rescaled to a quarter or saved again at
# quality 20, 600 photos moved by 18 at most; of five million pairs of different photos of bears, cats, dogs
# and clothes, the nearest were 38 apart. The usual 64 bits took different trousers for the same.
NEAR = 28


class LeftOut(Exception):
    """What was fetched is no photo to learn from; `kept` where somebody may want it back."""

    def __init__(self, why: str, *, kept: bool = True):
        super().__init__(why)
        self.kept = kept


@dataclass(frozen=True)
class Photo:
    """A photo that can be read to its end: its bytes, its ending, and what it looks like in 256 bits."""

    content: bytes
    ending: str
    looks: int


def read(content: bytes) -> Photo:
    """
    Return `content` as a photo, or raise `LeftOut`.

    fastai's `verify_images` says neither why nor stops at a picture that unpacks to gigabytes.
    """
    ending = ENDINGS.get(media_of(content), "")
    if ending not in PHOTOS:
        raise LeftOut("no JPEG, PNG or WebP", kept=False)
    try:
        pixels = describe(content).pixels
    except FileTooLarge:
        pixels = MOST_PIXELS + 1
    if pixels is None:
        raise LeftOut("damaged")
    if pixels > MOST_PIXELS:
        raise LeftOut(f"larger than {MOST_PIXELS // 1_000_000} megapixels")
    try:
        with Image.open(io.BytesIO(content), formats=READ) as image:
            looks = imagehash.phash(upright(image), hash_size=16)
    except DAMAGED as error:
        raise LeftOut("damaged") from error
    return Photo(content, ending, int(str(looks), 16))


@dataclass(frozen=True)
class Row:
    """A line of the manifest; `file` is below the folder or, where there is a reason to leave it out, below its bin."""

    label: str
    file: str = ""
    url: str = ""
    source: str = ""
    licence: str = ""
    sha256: str = ""
    size: str = ""  # bytes
    fetched: str = ""
    looks: str = ""
    left_out: str = ""


class Album:
    """The folder, its manifest and its bin; reads them when it is made, and keeps them true after each picture."""

    def __init__(self, folder: Path):
        self.folder = folder
        named = folder if folder.name not in ("", "..") else folder.resolve()
        self.bin = named.with_name(f"{named.name}-bin")
        self.manifest = folder / "manifest.csv"
        for part in [*folder.glob("**/.*.part"), *self.bin.glob("*/.*.part")]:
            part.unlink()  # what a run that was killed had not finished
        self.rows = _rows(self.manifest)
        self._known = {(row.label, row.url or row.source) for row in self.rows}
        self._listed = {row.file: int(row.looks or "0", 16) for row in self.rows if not row.left_out}
        self._looks = dict(self._there())
        self.count = Counter(file.partition("/")[0] for file in self._looks)  # photos, by label

    def knows(self, link: Link) -> bool:
        """Whether it was decided already if this link's picture is kept."""
        return (link.label, link.url or link.source) in self._known

    def add(self, link: Link, photo: Photo) -> str:
        """Keep `photo`, or put it into the bin where it is a copy of another; return that one's file, or nothing."""
        digest = sha256(photo.content).hexdigest()
        file = f"{link.label}/{digest[:20]}{photo.ending}"
        again = file in self._looks and file not in self._listed
        twin = None if again else self._twin(photo)
        row = self._row(link, photo.content, looks=f"{photo.looks:064x}")
        if twin is None:
            self._append(replace(row, file=file), photo.content)
            self.count[link.label] += file not in self._looks
            self._looks[file] = self._listed[file] = photo.looks
            return ""
        # The very same bytes need not be kept twice.
        self._append(replace(row, file="" if twin == file else file, left_out=f"a copy of {twin}"), photo.content)
        return twin

    def leave_out(self, link: Link, why: str, content: bytes = b"") -> None:
        """Remember that `link` leads to nothing to learn from; what it led to goes into the bin."""
        file = f"{link.label}/{sha256(content).hexdigest()[:20]}{ENDINGS.get(media_of(content), '')}" if content else ""
        self._append(replace(self._row(link, content), file=file, left_out=why), content)

    def restore(self, file: str) -> None:
        """Put `file` (label/name) of the bin back among the photos; raise `GatherError` where it is not there."""
        rows = [row for row in self.rows if row.file == file and row.left_out]
        if not rows or not (self.bin / file).is_file():
            raise GatherError(f"{self.bin} has no {file}: name it as manifest.csv does.")
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self.bin / file).replace(self.folder / file)
        # What is among the photos is compared with newcomers only: it will not be thrown out again.
        self.rows = [replace(row, left_out="") if row in rows else row for row in self.rows]
        _write(self.manifest, _lines([COLUMNS, *(list(asdict(row).values()) for row in self.rows)]))

    def _there(self) -> Iterator[tuple[str, int]]:
        """What each photo in the folder looks like; a run that was killed, and people, add some without a line."""
        for path in sorted(self.folder.glob("[!.]*/[!.]*")):
            file = path.relative_to(self.folder).as_posix()
            if path.suffix.lower() in PHOTOS:
                with suppress(LeftOut):
                    yield file, self._listed[file] if file in self._listed else read(path.read_bytes()).looks

    def _twin(self, photo: Photo) -> str | None:
        near = ((looks ^ photo.looks).bit_count() for looks in self._looks.values())
        distance, file = min(zip(near, self._looks, strict=True), default=(NEAR + 1, ""))
        return file if distance <= NEAR else None

    def _row(self, link: Link, content: bytes, looks: str = "") -> Row:
        said = {
            "label": link.label,
            "url": link.url,
            "source": link.source,
            "licence": link.licence,
            "sha256": sha256(content).hexdigest() if content else "",
            "size": str(len(content)) if content else "",
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
            "looks": looks,
        }
        # A line of the manifest is a line of text, whatever a page's address holds.
        return Row(**{name: " ".join(value.split()) for name, value in said.items()})

    def _append(self, row: Row, content: bytes) -> None:
        if row.file:
            _write((self.bin if row.left_out else self.folder) / row.file, content)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.manifest.open("ab", buffering=0) as file:
            end = file.tell()
            line = _lines([*([] if end else [COLUMNS]), list(asdict(row).values())])
            if file.write(line) != len(line):
                file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.manifest))
        self.rows.append(row)
        self._known.add((row.label, row.url or row.source))


COLUMNS = [field.name for field in fields(Row)]


def _rows(manifest: Path) -> list[Row]:
    """The manifest's rows; a last line that was cut off by a full disk is cut off whole."""
    if not manifest.exists():
        return []
    text = manifest.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        _write(manifest, whole)
    try:
        rows = csv.DictReader(io.StringIO(whole.decode()), restval="")
        found = [Row(**{name: row[name] for name in COLUMNS}) for row in rows]
        _ = [int(row.looks or "0", 16) for row in found]
    except (ValueError, KeyError, csv.Error) as error:
        raise GatherError(f"{manifest} is not one that was written here: move it away, or mend it.") from error
    return found


def _lines(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: under another name first, which nobody takes for a photo."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
