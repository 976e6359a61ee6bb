"""What kind of file some bytes are: by their first few, never by a name."""

import re
from pathlib import PurePosixPath

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
