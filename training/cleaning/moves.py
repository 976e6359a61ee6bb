"""
Files moved together, so that they can all be moved back, whenever the power fails.

A batch is a folder of the bin: `moves.jsonl` says what goes where before the first file moves, and
each line after it how far the batch is. What is deleted lies in `photos` beside it.
"""

import errno
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from training.cleaning import journal
from training.cleaning.marks import Content
from training.faults import TrainingError

MOVING, MOVED, RETURNING, RETURNED = "moving", "moved", "returning", "returned"
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)  # file systems without hard links


class MoveError(TrainingError):
    """A file can not be moved; the text says which and why."""


@dataclass(frozen=True)
class Move:
    """One file's way, for the mark of that number on the photo that photos.json calls `file`."""

    mark: int
    file: str
    label: str | None  # the new one; None goes to the bin
    source: str
    target: str
    content: Content


@dataclass(frozen=True)
class Batch:
    """Moves that were asked for at once, during the run that began at `run`."""

    folder: Path
    run: str
    moves: tuple[Move, ...]
    state: str

    @classmethod
    def begin(cls, folder: Path, run: str, moves: Iterable[Move]) -> "Batch":
        """Write down what is about to be moved."""
        batch = cls(folder, run, tuple(moves), MOVING)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        journal.append(folder / "moves.jsonl", {"run": run, "at": now, "moves": [asdict(move) for move in batch.moves]})
        return batch

    @classmethod
    def read(cls, folder: Path) -> "Batch | None":
        """Read a batch; None for one whose beginning was never written, so that nothing has moved."""
        lines = journal.lines(folder / "moves.jsonl")
        if not lines:
            return None
        plan, *states = lines
        moves = (Move(**{**move, "content": Content(**move["content"])}) for move in plan["moves"])
        return cls(folder, plan["run"], tuple(moves), states[-1]["state"] if states else MOVING)

    def now(self, state: str) -> "Batch":
        """Write down how far it is."""
        journal.append(self.folder / "moves.jsonl", {"state": state})
        return replace(self, state=state)

    def forward(self) -> "Batch":
        """Move all that has not moved yet; where one file can not, move all back and raise `MoveError`."""
        try:
            for move in self.moves:
                put(Path(move.source), Path(move.target), move.content)
            return self.now(MOVED)
        except (MoveError, OSError) as error:
            left = self._move_back()
            if left:
                raise MoveError(f"{error} {' '.join(left)} Put that right, then start this again.") from error
            # A full disk still lets go of a file: what was never done needs no line saying so.
            (self.folder / "moves.jsonl").unlink()
            raise MoveError(f"{error} Nothing was moved.") from error

    def back(self) -> tuple["Batch", list[str]]:
        """Move all back where it was; return a sentence for each file that can not be, and leave that alone."""
        left = self.now(RETURNING)._move_back()
        return self.now(RETURNED), left

    def _move_back(self) -> list[str]:
        left = []
        for move in reversed(self.moves):
            source, target = Path(move.source), Path(move.target)
            try:
                if not source.exists() or _holds(target, move.content):
                    put(target, source, move.content)
            except (MoveError, OSError) as error:
                left.append(str(error))
        return left


def put(source: Path, target: Path, content: Content) -> None:
    """
    Move a file, in the end at `target` or still at `source`, and never over another.

    A move that was cut off is finished. Raises `MoveError` for a file that is gone or does not
    hold `content` any more, for a place that is taken, and for a disk that does not take it.
    """
    try:
        if _holds(target, content) and (not source.exists() or _holds(source, content)):
            source.unlink(missing_ok=True)
        elif target.exists():
            raise MoveError(f"{target} is another file already: {source} stays where it is.")
        elif not source.exists():
            raise MoveError(f"{source} is gone.")
        elif not _holds(source, content):
            raise MoveError(f"{source} has changed since it was marked.")
        else:
            _move(source, target)
    except OSError as error:
        raise MoveError(f"{source} can not be moved to {target.parent}: {error.strerror or error}.") from error


def _holds(path: Path, content: Content) -> bool:
    return path.is_file() and path.stat().st_size == content.size and Content.of(path) == content


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    """To another disk: whole and on it before it has its name, and only then gone from here."""
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copy2(source, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        _rename(part, target)
    finally:
        part.unlink(missing_ok=True)
    source.unlink()


def _rename(source: Path, target: Path) -> None:
    """Two names for a moment and then one: unlike a plain rename, this never writes over a file."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, "It is there already") from error
        source.rename(target)
    else:
        source.unlink()
