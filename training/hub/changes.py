"""
What publishing would change in a Space, file by file and for its visitors. Pure: nobody is asked here.

    changes = between(folder, there)          which files go up, and which go away
    for_visitors(before, after)               what pages built with the contracts of before would see
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from api_bridge.answers import compare_examples
from api_bridge.contract import Contract
from api_bridge.faults import DemoUnknown
from api_bridge.findings import SAME, SEVERITIES, Finding
from api_bridge.media import files_in
from api_bridge.parts import compare_demos
from api_bridge.report import line

FILES = ("app.py", "model.py", "zerogpu.py", "requirements.txt", "README.md", "bridge.toml", ".gitattributes")
FOLDERS = ("api_bridge", "demos")
MARK = "bridge.toml"  # what was published by this has it
THEIRS = ("README.md", ".gitattributes")  # the Hub puts these into every new Space


class PublishError(Exception):
    """It can not be published; the text says what to do."""


@dataclass(frozen=True)
class Stored:
    """A file as the Hub keeps it: its bytes, and the digest by which it is known."""

    size: int
    digest: str  # sha256 where it is `large`, or else git's own sha1
    large: bool  # kept beside git

    def holds(self, content: bytes) -> bool:
        """Whether these are the very bytes."""
        if self.large:
            return self.digest == hashlib.sha256(content).hexdigest()
        # Git's name for a file; nothing is kept safe by it here.
        return self.digest == hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Changes:
    """Paths and their sizes in bytes; of a changed file the new one and the old one."""

    added: Mapping[str, int]
    changed: Mapping[str, tuple[int, int]]
    removed: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def going_up(self) -> list[str]:
        """The paths of the files that are sent."""
        return sorted([*self.added, *self.changed])


def ours(path: str) -> bool:
    """Whether a file of a Space is one that publishing may replace or take away."""
    return path in FILES or (path.partition("/")[0] in FOLDERS and "/" in path)


def foreign(paths: Iterable[str]) -> list[str]:
    """Return what stands in the way: files of others where ours would be, in a Space that was not published by this."""
    mine = sorted(path for path in paths if ours(path) and path not in THEIRS)
    return [] if MARK in mine else mine


def between(folder: Path, there: Mapping[str, Stored]) -> Changes:
    """Return what makes a Space with the files `there` hold what `folder` does; files of others stay."""
    here = {path: path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    mine = {name: path for path, name in here.items() if ours(name)}
    added, changed = {}, {}
    for name, path in sorted(mine.items()):
        content = path.read_bytes()
        if name not in there:
            added[name] = len(content)
        elif not there[name].holds(content):
            changed[name] = (len(content), there[name].size)
    removed = {name: file.size for name, file in sorted(there.items()) if ours(name) and name not in mine}
    return Changes(added, changed, removed)


def for_visitors(before: Mapping[str, Contract], after: Mapping[str, Contract]) -> dict[str, list[Finding]]:
    """Return for each demo what a page built with the contract of before would meet, the worst first."""
    return {demo: _demo(before.get(demo), after.get(demo)) for demo in sorted({*before, *after})}


def _demo(before: Contract | None, after: Contract | None) -> list[Finding]:
    if before is None:
        return [Finding("benign", "demo-new", "The demo is new.", "Nothing looks different until the site has it.", "")]
    if after is None:
        visitor = f"Every question of its page fails with “{DemoUnknown.title}”."
        return [Finding("breaking", "demo-gone", "The demo is taken away.", visitor, "")]
    found = [*compare_demos(before.json, after.json), *_answers(before, after)]
    return sorted(found, key=lambda each: SEVERITIES.index(each.severity))


def _answers(before: Contract, after: Contract) -> Iterator[Finding]:
    """How the recorded answers differ; those with files in them are left to whoever looks at them."""
    now = {example["name"]: example["prediction"] for example in after.json["examples"]}
    for example in before.json["examples"]:
        if example["name"] in now and not any(files_in(now[example["name"]])):
            yield from compare_examples(example, now[example["name"]], before)


# --- in words


def told(changes: Changes) -> list[str]:
    """Return one line a file with its size, and one for the bridge's own code."""
    rows = [("added", name, size(bytes_)) for name, bytes_ in changes.added.items()]
    rows += [("changed", name, f"{size(new)}, was {size(old)}") for name, (new, old) in changes.changed.items()]
    rows += [("removed", name, size(bytes_)) for name, bytes_ in changes.removed.items()]
    lines = [f"  {how:8} {line(name)}  {sizes}" for how, name, sizes in rows if not name.startswith("api_bridge/")]
    for how, names in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        if count := sum(name.startswith("api_bridge/") for name in names):
            total = sum(each if isinstance(each, int) else each[0] for name, each in names.items() if _of_bridge(name))
            lines.append(f"  {how:8} api_bridge/  {count} file{'' if count == 1 else 's'}, {size(total)}")
    return lines


def _of_bridge(name: str) -> bool:
    return name.startswith("api_bridge/")


def told_visitors(before: Mapping[str, Contract], after: Mapping[str, Contract]) -> list[str]:
    """Return what changes for the visitors of each demo, as `check` says it."""
    lines = []
    for demo, findings in for_visitors(before, after).items():
        lines.append(f"{line(demo)}: {_revisions(before.get(demo), after.get(demo))}")
        if _model(before.get(demo)) != _model(after.get(demo)) and demo in before and demo in after:
            lines.append("  The model is another one.")
        for each in findings:
            lines += [f"  {each.severity:8} {line(each.what)}", f"  {'':8} {line(each.visitor)}"]
        lines += [] if findings else [f"  {SAME}"]
    return lines


def _revisions(before: Contract | None, after: Contract | None) -> str:
    if before is None and after is not None:
        return f"revision {after.revision}"
    if before is None or after is None:
        return "goes"
    if before.json == after.json:
        return f"revision {after.revision}, as it is"
    return f"revision {before.revision} → {after.revision}"


def _model(contract: Contract | None) -> str | None:
    return contract.json["model"]["sha256"] if contract and contract.json.get("model") else None


def size(count: int) -> str:
    """5100000 → 5.1 MB."""
    for unit, name in ((1_000_000, "MB"), (1_000, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"
