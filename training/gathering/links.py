"""
What to gather: labels and links, from a web search, a CSV or a folder of pictures.

A label becomes a folder's name, so it must be one on every system. Every foreign error
ends here as a `GatherError`, in a sentence.
"""

import csv
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ddgs import DDGS
from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException
from primp import ConnectError, DNSError

ENGINES = "duckduckgo,bing"  # in this order: the second where the first has nothing
PAGES = 6  # of one search; a page has 35 to 100 links
PAUSE = 1.0  # seconds between two pages

# What Windows keeps for itself, with any ending.
RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
LONGEST = 80  # characters of a label

INSTEAD = "`--from` takes a folder of pictures or a CSV of links instead."


class GatherError(Exception):
    """Photos can not be gathered like this; the text says why, and what to do."""


@dataclass(frozen=True)
class Link:
    """Where a picture is: on the web at `url`, or on this disk in `file`."""

    label: str
    url: str = ""
    source: str = ""  # the page it stands on, or its name in the folder that it came from
    licence: str = ""
    file: Path | None = None


def label_of(words: str) -> str:
    """Return `words` as a folder's name on every system; raise `GatherError` where there is no such name."""
    name = unicodedata.normalize("NFC", words)
    name = re.sub(r'[<>:"/\\|?*]', "-", name)
    name = "".join(letter for letter in name if letter.isspace() or unicodedata.category(letter)[0] != "C")
    # A dot or a dash in front hides a folder, or looks like an option; at the end Windows drops dots.
    name = " ".join(name.split()).lstrip(". -").rstrip(". -")
    if not name:
        raise GatherError(f"{words!r} has no letter that a folder could be named with: write it like name=words.")
    if RESERVED.fullmatch(name):
        raise GatherError(f"Windows allows no folder called {name}: write it like {name}-photos={name}.")
    if len(name) > LONGEST or len(name.encode()) > 2 * LONGEST:
        raise GatherError(f"“{name[:30]}…” is too long for a folder's name: write it like name=words.")
    return name


def searches(words: Iterable[str]) -> dict[str, str]:
    """Return what to search for by label, from `grizzly bear` or `grizzly=grizzly bear`; raise `GatherError`."""
    found: dict[str, str] = {}
    for each in words:
        name, sign, wanted = each.partition("=")
        label = label_of(name)
        wanted = wanted.strip() if sign else name.strip()
        if not wanted:
            raise GatherError(f"{each!r} says no words to search for.")
        _distinct(label, found)
        found[label] = wanted
    return found


def search(words: str, wanted: int, ddgs: DDGS, known: Callable[[str], bool]) -> list[tuple[str, str]]:
    """
    Return the addresses of about `wanted` pictures that are not `known`, with their pages' addresses.

    Raises `GatherError` where there is nothing at all; a search that ends early has what it has.
    """
    found: dict[str, str] = {}
    for page in range(1, PAGES + 1):
        if page > 1:
            time.sleep(PAUSE)
        try:
            results = ddgs.images(words, page=page, max_results=None, backend=ENGINES)
        except (DDGSException, TypeError) as error:  # it stumbles over results without a title
            if page > 1:
                break
            raise GatherError(_why(words, error)) from error
        before = len(found)
        found.update({str(each["image"]): str(each["url"] or "") for each in results if each["image"]})
        if len(found) == before or sum(not known(url) for url in found) >= wanted:
            break
    return [(url, page) for url, page in found.items() if not known(url)]


def _why(words: str, error: Exception) -> str:
    """ddgs wraps what happened once or twice, and says of an empty answer and of a refusal the same."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    if isinstance(inner.__cause__, ConnectError | DNSError):
        return f"The search can not be reached: is this machine online? {INSTEAD}"
    if isinstance(inner, TimeoutException):
        return f"The search did not answer in time: try again in some minutes. {INSTEAD}"
    if isinstance(inner, RatelimitException) or "vqd" in str(inner):
        return f"The search turns us away for now: try again in some minutes. {INSTEAD}"
    return (
        f"The search has no pictures of “{words}”, or turns us away for now, which it does not tell apart: "
        f"try other words, or the same in some minutes. {INSTEAD}"
    )


def links_from(source: Path) -> list[Link]:
    """Return the links in a CSV, or those of a folder's pictures; raise `GatherError`."""
    if source.is_dir():
        found = list(_of_folder(source))
        if not found:
            raise GatherError(f"{source} has no files in sub-folders: it needs one sub-folder of pictures per label.")
    elif source.is_file():
        found = list(_of_csv(source))
        if not found:
            raise GatherError(f"{source} has no line below its first.")
    else:
        raise GatherError(f"{source} is neither a folder nor a file.")
    labels: dict[str, str] = {}
    for label in dict.fromkeys(link.label for link in found):
        _distinct(label, labels)
        labels[label] = label
    return found


def _of_folder(folder: Path) -> Iterator[Link]:
    for path in sorted(folder.glob("*/**/*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield Link(label_of(inside.parts[0]), source=inside.as_posix(), file=path)


def _of_csv(path: Path) -> Iterator[Link]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restval="", skipinitialspace=True)
            columns = {
                (name or "").strip().lower().replace("license", "licence"): name for name in rows.fieldnames or []
            }
            if not {"label", "url"} <= columns.keys():
                there = ", ".join(name for name in columns if name) or "nothing"
                raise GatherError(f"{path} needs the columns label and url in its first line; it has {there}.")
            for row in rows:
                said = {name: row[column].strip() for name, column in columns.items() if name}
                if not said["label"] or not said["url"]:
                    raise GatherError(f"{path}, line {rows.line_num}: a label and a url are needed.")
                yield Link(label_of(said["label"]), said["url"], said.get("source", ""), said.get("licence", ""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise GatherError(f"{path} is no CSV in UTF-8: save it as one.") from error


def _distinct(label: str, others: dict[str, str]) -> None:
    same = [other for other in others if other.casefold() == label.casefold()]
    if same:
        raise GatherError(f"{same[0]} and {label} would be one folder on many systems: name one of them otherwise.")
