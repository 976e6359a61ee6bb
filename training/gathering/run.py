"""
One run of gathering: pictures are fetched in parallel, looked at one after the other, and counted.

What comes is put into an `Album` at once, so that whoever stops a run loses nothing.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from fastprogress import progress_bar

from training.gathering.album import Album, LeftOut, Photo, read
from training.gathering.links import Link
from training.gathering.web import LARGEST, NotFetched, NotNow, Web


@dataclass
class Outcome:
    """What a run came to; as text, one paragraph."""

    album: Album
    each: int
    labels: list[str]
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)  # how many, by reason
    doubted: list[str] = field(default_factory=list)  # copies that stand under two labels
    unsearched: list[str] = field(default_factory=list)  # sentences

    def __str__(self) -> str:
        album, count = self.album, self.album.count
        said = [f"{album.folder}: " + ", ".join(f"{label} {count[label]}" for label in sorted(count)) + "."]
        if self.left_out:
            seen = self.left_out.total() + self.kept
            said.append(f"{self.left_out.total()} of {seen} were left out: {self.reasons()}.")
        if self.doubted:
            said.append(f"Under two labels, so that one may be wrong: {'; '.join(self.doubted)}.")
        if any(row.left_out and row.file for row in album.rows):
            said.append(f"Pictures that were left out lie in {album.bin}; --restore LABEL/NAME puts one back.")
        said.append(f"{album.manifest.name} says where each is from.")
        if few := [f"{label} ({count[label]})" for label in self.labels if count[label] < self.each]:
            said.append(f"Fewer than {self.each} were found of {', '.join(few)}.")
        return " ".join(said)

    def reasons(self) -> str:
        """Why pictures were left out, the most frequent reason first."""
        return "; ".join(f"{why} ({number})" for why, number in self.left_out.most_common())


class Gathering:
    """A run that brings each label of `outcome` up to what is wanted, and counts what became of each link."""

    def __init__(self, outcome: Outcome, public: Callable[[str], bool]):
        self.outcome, self.album = outcome, outcome.album
        self._public = public

    async def run(self, links: dict[str, list[Link]]) -> None:
        """Fetch from `links`, by label, and keep what are photos; raise `OSError` where they can not be written."""
        self._web = Web(self._public)
        # Unpacked, a picture is a hundred times its size. And a folder's are judged in their order, whatever runs.
        self._looking = asyncio.Lock()
        missing = {label: self.outcome.each - self.album.count[label] for label in links}
        self._bar = _bar(sum(min(missing[label], len(links[label])) for label in links if missing[label] > 0))
        fills = [asyncio.create_task(self._fill(label, of_label)) for label, of_label in links.items()]
        try:
            await asyncio.gather(*fills)
        finally:
            await _ended(fills)
            await self._web.close()
            if self._bar:
                print()

    async def _fill(self, label: str, links: list[Link]) -> None:
        """Fetch until the label has enough, and never more at once than are still missing."""
        coming, running = iter(links), set()
        try:
            while True:
                missing = self.outcome.each - self.album.count[label] - len(running)
                running |= {asyncio.create_task(self._take(link)) for link in islice(coming, max(0, missing))}
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.gather(*done)
        finally:
            await _ended(running)

    async def _take(self, link: Link) -> None:
        """Put one link's picture among the photos, or say why not."""
        content, why = b"", ""
        try:
            if not link.file:
                content = await self._web.fetch(link.url)
            async with self._looking:
                if link.file:
                    content = _of_disk(link.file)
                photo = await asyncio.to_thread(read, content)
                why = self._add(link, photo)
        except NotNow as fault:
            why = str(fault)  # and no line of the manifest: the next run asks again
        except NotFetched as fault:
            why = str(fault)
            self.album.leave_out(link, why)
        except LeftOut as fault:
            why = str(fault)
            self.album.leave_out(link, why, content if fault.kept else b"")
        self._count(why)

    def _add(self, link: Link, photo: Photo) -> str:
        twin = self.album.add(link, photo)
        if twin and twin.partition("/")[0] != link.label:
            self.outcome.doubted.append(f"{twin} also came as {link.label}")
        return "copies of others" if twin else ""

    def _count(self, why: str) -> None:
        if why:
            self.outcome.left_out[why] += 1
        else:
            self.outcome.kept += 1
        if self._bar:
            self._bar.comment = f"{self.outcome.left_out.total()} left out"
            self._bar.update(self.outcome.kept)


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Stop them, and hear what each has to say: a full disk is told once, not by everyone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _of_disk(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise LeftOut(f"larger than {LARGEST // 1_000_000} MB", kept=False)
        return file.read_bytes()
    except OSError as error:
        raise NotNow("not readable") from error


def _bar(total: int):
    """fastai's progress bar, where somebody sees it."""
    if total < 1 or not sys.stdout.isatty():
        return None
    bar = progress_bar(range(total))
    bar.update(0)
    return bar
