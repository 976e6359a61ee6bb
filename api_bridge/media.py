"""
A file: its bytes, what kind they are by their first few, never by a name, and where files are within a value.

    each_file(answer, keep)    every file in it, however deep
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from api_bridge.strict_json import Json

# The same table is in site/js/contract.js; a test holds the two together.
SIGNATURES: tuple[tuple[str, str], ...] = (
    ("image/jpeg", r"\xff\xd8\xff"),
    ("image/png", r"\x89PNG\r\n\x1a\n"),
    ("image/webp", r"RIFF....WEBP"),
    ("image/gif", r"GIF8[79]a"),
    ("audio/wav", r"RIFF....WAVE"),
    ("audio/mpeg", r"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"),
    ("audio/flac", r"fLaC"),
    ("audio/ogg", r"OggS"),
    ("audio/mp4", r"....ftypM4A"),
    ("video/quicktime", r"....ftypqt"),
    ("video/mp4", r"....ftyp"),
    ("video/webm", r"\x1aE\xdf\xa3"),
    ("application/pdf", r"%PDF-"),
    ("application/zip", r"PK\x03\x04"),
)
HEAD = 12  # bytes that decide

_PATTERNS = [(media, re.compile(pattern.encode("latin-1"), re.DOTALL)) for media, pattern in SIGNATURES]

ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "video/quicktime": ".mov",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "text/plain": ".txt",
}


def media_of(content: bytes) -> str:
    """Return the media type that `content` begins like; `application/octet-stream` for what nothing here does."""
    head = content[:HEAD]
    return next((media for media, pattern in _PATTERNS if pattern.match(head)), "application/octet-stream")


def ending_of(name: str) -> str:
    """A file's ending, where it is a plain one: photo.JPG → .jpg."""
    ending = PurePosixPath(str(name)).suffix.lower()
    return ending if ending[1:].isalnum() and ending.isascii() and len(ending) < 10 else ""


@dataclass(frozen=True)
class File:
    """A file in an input: its bytes, and what a contract can say of them."""

    content: bytes
    media: str  # by content, never by name
    pixels: int | None = None  # width × height, where it is a photo
    ending: str = ""  # such as .csv: all that is kept of its name

    def data_url(self) -> str:
        """Return the whole file as an address."""
        return f"data:{self.media};base64,{base64.b64encode(self.content).decode('ascii')}"

    def described(self) -> dict[str, Json]:
        """Return what is checked in place of the bytes."""
        about = {"media": self.media, "size": len(self.content), "pixels": self.pixels}
        return {name: value for name, value in about.items() if value is not None}


def each_file(value: Json, change: Callable[[File], Json]) -> Json:
    """Return `value` with every file in it, however deep, changed."""
    if isinstance(value, File):
        return change(value)
    if isinstance(value, dict):
        return {name: each_file(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [each_file(part, change) for part in value]
    return value


def files_in(recorded: Json) -> Iterator[dict[str, Json]]:
    """Yield the description of every file that a recorded value names, however deep."""
    if isinstance(recorded, dict):
        if "media" in recorded and isinstance(recorded.get("file"), str):
            yield recorded
        else:
            for part in recorded.values():
                yield from files_in(part)
    elif isinstance(recorded, list):
        for part in recorded:
            yield from files_in(part)
