"""
From words to a folder of photos: the first step of every model of one's own.

    python -m training.gather "grizzly bear" "black bear" "teddy bear" --to photos/bears
    python -m training.gather grizzly="grizzly bear" "polar=polar bear" --to photos/bears --each 200
    python -m training.gather --from links.csv --to photos/bears      columns: label,url[,licence,source]
    python -m training.gather --from FOLDER --to photos/bears         copies, one sub-folder per label

Leaves one sub-folder per label, without broken pictures and copies, and `manifest.csv`, which says
where each photo is from. Stopped or killed, the same command goes on where it was.
"""
# ruff: noqa: N803 - `from` is Python's own word; of `From`, fastcore makes --from

import asyncio
import errno
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

from ddgs import DDGS
from fastcore.script import call_parse
from fastprogress import progress_bar

from training.album import Album, LeftOut, Photo, read
from training.links import GatherError, Link, links_from, search, searches
from training.web import LARGEST, NotFetched, NotNow, Web, is_public

SPARE = 2  # links for each photo that is wanted: many lead nowhere
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
            reasons = ", ".join(f"{number} {why}" for why, number in self.left_out.most_common())
            said.append(f"{self.left_out.total()} of {self.left_out.total() + self.kept} were left out: {reasons}.")
        if self.doubted:
            said.append(f"Under two labels, so that one may be wrong: {'; '.join(self.doubted)}.")
        if any(row.left_out and row.file for row in album.rows):
            said.append(f"Pictures that were left out lie in {album.bin}; --restore LABEL/NAME puts one back.")
        said.append(f"{album.manifest.name} says where each is from.")
        if few := [f"{label} ({count[label]})" for label in self.labels if count[label] < self.each]:
            said.append(f"Fewer than {self.each} were found of {', '.join(few)}.")
        return " ".join(said)


def gather(
    words: Iterable[str] = (),
    *,
    to: Path,
    source: Path | None = None,
    each: int = 150,
    ddgs: DDGS | None = None,
    public: Callable[[str], bool] = is_public,
) -> Outcome:
    """
    Bring `to` up to `each` photos of a label: of `words`, searched for with `ddgs`, or of `source`.

    Only IP addresses that are `public` are connected to. Raises `GatherError`; what is there then is whole.
    """
    words = list(words)
    if bool(words) == bool(source):
        raise GatherError("Say words to search for, or --from a folder or a CSV: one of the two.")
    if each < 1:
        raise GatherError("--each is the number of photos of a label: at least 1.")
    if source and source.is_dir() and _overlap(source.resolve(), to.resolve()):
        raise GatherError(f"{source} and {to} lie in each other: choose another folder to gather into.")
    try:
        album = Album(to)
        outcome = Outcome(album, each, [])
        links = _searched(words, outcome, ddgs or DDGS(timeout=10)) if words else _sourced(source, album)
        asyncio.run(_Gathering(outcome, public).run(links))
    except OSError as error:
        if error.errno in FULL:
            raise GatherError(
                "The disk is full. What is there is whole: make room, and give the same command again."
            ) from error
        raise GatherError(f"{error.filename or to} can not be read or written: {error.strerror}.") from error
    if not album.count:
        raise GatherError(_nothing(outcome))
    return outcome


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def _searched(words: list[str], outcome: Outcome, ddgs: DDGS) -> dict[str, list[Link]]:
    """Links for what is still wanted of each label; a search that failed keeps no other from its photos."""
    links, album = {}, outcome.album
    for label, query in searches(words).items():
        outcome.labels.append(label)
        wanted = outcome.each - album.count[label]
        if wanted > 0:
            try:
                found = search(query, SPARE * wanted, ddgs, lambda url, label=label: album.knows(Link(label, url)))
            except GatherError as error:
                outcome.unsearched.append(f"{label}: {error}")
                continue
            print(f"{label}: {len(found)} links")
            links[label] = [Link(label, url, page) for url, page in found]
    return links


def _sourced(source: Path, album: Album) -> dict[str, list[Link]]:
    links = defaultdict(list)
    for link in dict.fromkeys(links_from(source)):
        if not album.knows(link):
            links[link.label].append(link)
    return links


def _nothing(outcome: Outcome) -> str:
    if outcome.unsearched:
        return outcome.unsearched[0]
    reasons = ", ".join(f"{number} {why}" for why, number in outcome.left_out.most_common())
    online = " Is this machine online?" if set(outcome.left_out) == {"out of reach"} else ""
    return f"Not one photo came: {reasons or 'no link is new'}.{online}"


class _Gathering:
    """One run: fetches in parallel, looks at one picture after the other."""

    def __init__(self, outcome: Outcome, public: Callable[[str], bool]):
        self.outcome, self.album = outcome, outcome.album
        self._public = public

    async def run(self, links: dict[str, list[Link]]) -> None:
        self._web = Web(self._public)
        # Unpacked, a picture is a hundred times its size. And a folder's are judged in their order, whatever runs.
        self._looking = asyncio.Lock()
        missing = {label: self.outcome.each - self.album.count[label] for label in links}
        self._bar = _bar(sum(min(missing[label], len(links[label])) for label in links if missing[label] > 0))
        try:
            await asyncio.gather(*(self._fill(label, of_label) for label, of_label in links.items()))
        finally:
            await self._web.close()
            if self._bar:
                print()

    async def _fill(self, label: str, links: list[Link]) -> None:
        """Fetch until the label has enough, and never more at once than are still missing."""
        coming, running = iter(links), set()
        while True:
            missing = self.outcome.each - self.album.count[label] - len(running)
            running |= {asyncio.create_task(self._take(link)) for link in islice(coming, max(0, missing))}
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

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


@call_parse
def main(
    *words: str,  # what to search for, each a label; or LABEL=WORDS
    to: Annotated[Path, {"opt": True, "required": True}],  # the folder of photos, one sub-folder per label
    From: Path | None = None,  # instead of words: a folder of pictures, or a CSV of links
    each: int = 150,  # photos of a label, at most
    restore: str = "",  # put this file of the bin back, named LABEL/NAME as in manifest.csv
):
    "Gather photos to train on: whole ones, no two alike, and where each is from."
    try:
        if restore:
            Album(to).restore(restore)
            print(f"{restore} is in {to} again.")
            return
        outcome = gather(words, to=to, source=From, each=each)
    except GatherError as error:
        raise SystemExit(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit("Stopped. What is there is whole; the same command goes on from here.") from None
    print(outcome)
    if outcome.unsearched:
        raise SystemExit("\n".join(outcome.unsearched))
