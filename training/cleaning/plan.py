"""
Cleaning a run's photos: marks first, and nothing moves until all of them are applied at once.

What is deleted goes to the bin in the trainer's folder, what is relabelled to the other label's
folder; both can be moved back. Only one process at a time cleans the photos of a demo.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from training.cleaning.journal import alone
from training.cleaning.marks import DECISIONS, Content, Mark, Marks
from training.cleaning.moves import MOVED, MOVING, RETURNING, Batch, Move, MoveError
from training.faults import TrainingError
from training.kept import Kept


class CleaningError(TrainingError):
    """What was asked can not be done; the text says why, and nothing was done."""


@dataclass(frozen=True)
class Plan:
    """What applying will do: `moves`, the marks that have to wait with the reason, and what is left of each label."""

    moves: list[Move]
    refused: list[dict[str, str]]
    left: dict[str, int]

    @property
    def digest(self) -> str:
        """Names this very plan: what was shown is what is done, or nothing."""
        return hashlib.sha256(json.dumps([asdict(move) for move in self.moves]).encode()).hexdigest()


@dataclass
class Cleaning:
    """The photos of a run, what was decided of them, and what was moved already."""

    kept: Kept
    marks: Marks
    batches: list[Batch]
    notes: list[str] = field(default_factory=list)  # what was put right when this began

    @classmethod
    def read(cls, kept: Kept) -> "Cleaning":
        """Read what was done before and finish what was cut off; raise `CleaningError` where that is impossible."""
        if kept.run.get("fields") != "photo":
            raise CleaningError(f"{kept.run['demo']} was trained on a table: there are no photos to clean.")
        if strange := [row["file"] for row in kept.rows if not _inside(row["file"])]:
            raise CleaningError(f"{strange[0]} does not lie in the photos' folder: train again.")
        cleaning = cls(kept, Marks.read(kept.folder), [])
        for folder in sorted((kept.folder / "bin").glob("[0-9]*/"), key=_number):
            if batch := Batch.read(folder):
                cleaning._add(batch)
        return cleaning

    def _add(self, batch: Batch) -> None:
        """Take a batch of earlier, and finish one that was cut off."""
        try:
            if batch.state == MOVING:
                batch = batch.forward()
                self.notes.append(f"Applying was cut off last time: {_photos(len(batch.moves))} moved now.")
            elif batch.state == RETURNING:
                batch, left = batch.back()
                self.notes += ["Restoring was cut off last time, and is finished now.", *left]
        except MoveError as error:
            self.notes.append(f"Applying was cut off last time and can not be finished. {error}")
        except OSError as error:
            raise CleaningError(f"The trainer's folder takes no file: {error.strerror}.") from error
        else:
            self.batches.append(batch)

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The run's photos by the names that they had then."""
        return {row["file"]: row for row in self.kept.rows}

    @property
    def applied(self) -> list[Batch]:
        """What was moved and not restored, oldest first."""
        return [batch for batch in self.batches if batch.state == MOVED]

    def moved(self) -> dict[str, Move]:
        """The last move of each of the run's photos that does not lie where it lay."""
        run = self.kept.run["started"]
        return {move.file: move for batch in self.applied if batch.run == run for move in batch.moves}

    def unsettled(self) -> list[Mark]:
        """The marks that were neither undone nor applied, oldest first; applying one settles those before it."""
        settled: dict[str, int] = {}
        for batch in self.applied:
            for move in batch.moves:
                settled[move.file] = max(move.mark, settled.get(move.file, -1))
        marks = self.marks.all()
        return [mark for mark in marks if mark.number > settled.get(mark.file, -1) and mark.file in self.rows]

    def waiting(self) -> dict[str, Mark]:
        """The mark that holds of each photo and was not applied."""
        return {mark.file: mark for mark in self.unsettled()}

    def mark(self, file: str, decision: str, label: str | None = None) -> Mark:
        """Write down what is to be done with a photo; raise `CleaningError` where that can not be meant."""
        place = self.place(file) if file in self.rows else None
        if place is None:
            raise CleaningError(f"{file} is no photo of this run, or in the bin: load the page again.")
        if decision not in DECISIONS or (decision == "relabel" and label not in self.kept.run["labels"]):
            raise CleaningError(f"{label or decision} is nothing that a photo can be marked with.")
        try:
            return self.marks.add(file, decision, label if decision == "relabel" else None, Content.of(place))
        except FileNotFoundError as error:
            raise CleaningError(f"{file} is gone from the disk.") from error
        except OSError as error:
            raise CleaningError(f"The mark could not be saved: {error.strerror}.") from error

    def undo(self, number: int) -> None:
        """Take a mark back; raise `CleaningError` where the disk does not take that."""
        try:
            self.marks.undo(number)
        except OSError as error:
            raise CleaningError(f"Undoing could not be saved: {error.strerror}.") from error

    def place(self, file: str) -> Path | None:
        """Where a photo of the run lies now; None in the bin."""
        return self._place(file, self.moved())

    def _place(self, file: str, moved: Mapping[str, Move]) -> Path | None:
        move = moved.get(file)
        return self.kept.path(self.rows[file]) if move is None else Path(move.target) if move.label else None

    def standing(self) -> Iterator[tuple[dict[str, Any], Path, str]]:
        """Each photo that is not in the bin: its row, where it lies now, and under which label."""
        moved = self.moved()
        for file, row in self.rows.items():
            if place := self._place(file, moved):
                yield row, place, (moved[file].label or "") if file in moved else row["label"]

    def plan(self) -> Plan:
        """Say what applying will do, file by file."""
        moves: list[Move] = []
        refused, taken = [], set[Path]()
        waiting, left = self.waiting(), Counter[str]()
        into = self._next().resolve() / "photos"
        for row, place, label in self.standing():
            left[label] += 1
            file, mark = row["file"], waiting.get(row["file"])
            if mark is None or mark.decision == "keep" or mark.label == label:
                continue
            if why := _hinders(place, label, mark):
                refused.append({"file": file, "why": why})
                continue
            target = _free(place.parent.parent / mark.label / place.name, taken) if mark.label else into / file
            taken.add(target)
            moves.append(Move(mark.number, file, mark.label, str(place.absolute()), str(target), mark.content))
            left[label] -= 1
            left[mark.label or ""] += 1
        return Plan(moves, refused, {label: left[label] for label in self.kept.run["labels"]})

    def _next(self) -> Path:
        numbers = [_number(folder) for folder in (self.kept.folder / "bin").glob("[0-9]*/")]
        return self.kept.folder / "bin" / f"{max(numbers, default=0) + 1:04}"

    def apply(self, digest: str) -> Batch:
        """Do what the plan called `digest` says, all of it or nothing; raise `CleaningError`."""
        plan = self.plan()
        if plan.digest != digest:
            raise CleaningError("The marks or the files have changed since this was shown: look at it again.")
        if not plan.moves:
            raise CleaningError("There is nothing to move.")
        try:
            batch = Batch.begin(self._next(), self.kept.run["started"], plan.moves)
        except OSError as error:
            raise CleaningError(f"Nothing was moved: the trainer's folder takes no file ({error.strerror}).") from error
        try:
            self.batches.append(batch.forward())
        except MoveError as error:
            raise CleaningError(str(error)) from error
        return self.batches[-1]

    def restore(self) -> tuple[Batch, list[str]]:
        """Move back what was applied last; return it with a sentence for each file that can not be moved."""
        if not self.applied:
            raise CleaningError("There is nothing to restore.")
        at = self.batches.index(self.applied[-1])
        try:
            self.batches[at], left = self.batches[at].back()
        except OSError as error:
            raise CleaningError(f"The trainer's folder takes no file: {error.strerror}.") from error
        return self.batches[at], left


def _inside(file: str) -> bool:
    path = PurePosixPath(file)
    return not path.is_absolute() and ".." not in path.parts


def _number(folder: Path) -> int:
    return int(folder.name)


def _photos(count: int) -> str:
    return "1 photo was" if count == 1 else f"{count} photos were"


def _hinders(place: Path, label: str, mark: Mark) -> str | None:
    """Why a file must not be moved, in a sentence."""
    if place.is_symlink():
        return "It is only a link to a file elsewhere: change that by hand."
    if mark.label and place.parent.name != label:
        return f"It does not lie in a folder called {label}, so that no other folder is another label."
    try:
        return None if Content.of(place) == mark.content else "It has changed since it was marked: look at it again."
    except FileNotFoundError:
        return "It is gone from the disk."
    except OSError as error:
        return f"It can not be read: {error.strerror}."


def _free(target: Path, taken: set[Path]) -> Path:
    """`target`, or the next name that no file has and none will get."""
    number, found = 1, target
    while found in taken or found.exists():
        number += 1
        found = target.with_name(f"{target.stem}-{number}{target.suffix}")
    return found


def restored(folder: Path) -> list[str]:
    """Restore what was applied last in a trainer's folder; return what there is to say."""
    kept = Kept.read(folder)
    with alone(folder):
        cleaning = Cleaning.read(kept)
        batch, left = cleaning.restore()
    back = len(batch.moves) - len(left)
    said = [f"{_photos(back)} moved back, with the marks of before.", *left]
    if cleaning.applied:
        said.append("What was applied before that can be restored as well: run this again.")
    return [*cleaning.notes, *said]
