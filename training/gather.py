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
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from ddgs import DDGS
from fastcore.script import call_parse

from training.gathering.album import Album
from training.gathering.links import GatherError, Link, links_from, search, searches
from training.gathering.run import Gathering, Outcome
from training.gathering.web import is_public

SPARE = 2  # links for each photo that is wanted: many lead nowhere
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    with _translated(to):
        album = Album(to)
        outcome = Outcome(album, each, [])
        links = _searched(words, outcome, ddgs or DDGS(timeout=10)) if words else _sourced(source, album)
        asyncio.run(Gathering(outcome, public).run(links))
    if not album.count:
        raise GatherError(_nothing(outcome))
    return outcome


@contextmanager
def _translated(to: Path) -> Iterator[None]:
    """Say in a sentence what a disk says in numbers."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise GatherError(
                "The disk is full. What is there is whole: make room, and give the same command again."
            ) from error
        raise GatherError(f"{error.filename or to} can not be read or written: {error.strerror}.") from error


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
    online = " Is this machine online?" if set(outcome.left_out) == {"out of reach"} else ""
    return f"Not one photo came: {outcome.reasons() or 'no link is new'}.{online}"


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
            with _translated(to):
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
