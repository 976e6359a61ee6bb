"""
What a person decided of each photo: keep it, delete it, or give it another label.

Marks are lines of `marks.jsonl` in the trainer's folder, and a mark's number is its line, counted
from 0. Undoing one adds a line as well. So two pages that mark at once can not lose each other's
marks: of a photo, the newest that was not undone holds.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.cleaning import journal

DECISIONS = ("keep", "delete", "relabel")


@dataclass(frozen=True)
class Content:
    """What a file held when it was looked at: enough to know whether it still does."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Content":
        """Read the file at `path`; raise `OSError` where it can not be read."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(path.stat().st_size, digest)


@dataclass(frozen=True)
class Mark:
    """A decision about the photo that photos.json calls `file`, which held `content` then."""

    number: int
    file: str
    decision: str
    label: str | None
    content: Content

    def said(self) -> dict[str, Any]:
        """What a page needs to know of it."""
        return {"number": self.number, "file": self.file, "decision": self.decision, "label": self.label}


@dataclass
class Marks:
    """All marks that were ever made in a trainer's folder."""

    path: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> "Marks":
        """Read the marks of a trainer's folder; raise `JournalError` when they are no marks any more."""
        path = folder / "marks.jsonl"
        return cls(path, journal.lines(path))

    def add(self, file: str, decision: str, label: str | None, content: Content) -> Mark:
        """Write a mark down; raise `OSError` when the disk does not take it, and then it is not made."""
        about = {"file": file, "decision": decision, "label": label, **vars(content)}
        self._append(about)
        return self._mark(len(self.lines) - 1)

    def undo(self, number: int) -> None:
        """Take the mark back that is `number`; taking it back twice does no harm."""
        if self.live(number):
            self._append({"undo": number})

    def live(self, number: int) -> bool:
        """Whether `number` is a mark that was not undone."""
        return 0 <= number < len(self.lines) and "file" in self.lines[number] and number not in self._undone()

    def all(self) -> list[Mark]:
        """Every mark that was not undone, oldest first."""
        undone = self._undone()
        return [self._mark(at) for at, line in enumerate(self.lines) if "file" in line and at not in undone]

    def since(self, number: int) -> list[dict[str, Any]]:
        """What was marked and undone from line `number` on, as a page needs to know it."""
        return [
            {"undo": line["undo"]} if "undo" in line else self._mark(at).said()
            for at, line in enumerate(self.lines[number:], number)
        ]

    def _undone(self) -> set[int]:
        return {line["undo"] for line in self.lines if "undo" in line}

    def _mark(self, at: int) -> Mark:
        line = self.lines[at]
        return Mark(at, line["file"], line["decision"], line["label"], Content(line["size"], line["sha256"]))

    def _append(self, line: dict[str, Any]) -> None:
        line = {**line, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        journal.append(self.path, line)
        self.lines.append(line)
