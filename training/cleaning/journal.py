"""
A file that only grows, a JSON value a line, and only one process that writes it.

What stands in it was on the disk before anybody was told so.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, TextIO

from training.faults import TrainingError


class JournalError(TrainingError):
    """A journal can not be used; the text says why."""


def lines(path: Path) -> list[Any]:
    """Return what was appended; a last line that was cut off while it was written was never told to anybody."""
    if not path.exists():
        return []
    *whole, _cut_off = path.read_bytes().split(b"\n")
    values = []
    for number, line in enumerate(whole, 1):
        try:
            values.append(json.loads(line))
        except ValueError as error:
            raise JournalError(
                f"{path}, line {number}, can not be read: mend that line, or delete the file."
            ) from error
    return values


def append(path: Path, value: object) -> None:
    """Add a line and wait until the disk has it; raise `OSError` and leave the file as it was where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(value, ensure_ascii=False).encode() + b"\n"
    with path.open("r+b" if path.exists() else "x+b", buffering=0) as file:
        end = _end_of_whole_lines(file)
        try:
            file.truncate(end)
            file.seek(end)
            while line:
                line = line[file.write(line) :]
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(end)
            raise


def _end_of_whole_lines(file: FileIO) -> int:
    end = file.seek(0, os.SEEK_END)
    if not end or _at(file, end - 1) == b"\n":
        return end
    file.seek(0)
    return file.read().rfind(b"\n") + 1


def _at(file: FileIO, place: int) -> bytes:
    file.seek(place)
    return file.read(1)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep `folder` to this process; raise `JournalError` while another has it."""
    with (folder / "cleaning.lock").open("a") as file:
        try:
            _lock(file)
        except BlockingIOError as error:
            raise JournalError("These photos are cleaned in another window: go on there, or end it there.") from error
        yield


def _lock(file: TextIO) -> None:
    """The system lets go of it when this process ends, however it ends."""
    if os.name == "nt":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
