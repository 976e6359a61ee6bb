"""
From a rendered folder to a Space: say what will change, ask once, and make it so in one commit.

    there = found(space)
    released(space, there, folder, message="…")        and `running` says whether it answers
"""

import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from api_bridge.contract import Contract, load
from api_bridge.faults import ContractUnreadable
from api_bridge.report import line
from training.hub.changes import MARK, Changes, PublishError, between, foreign, size, told, told_visitors
from training.hub.push import HubSpace, Now


@dataclass(frozen=True)
class There:
    """What a Space holds of ours: how it is, what it promises, and the settings of its bridge."""

    now: Now
    contracts: Mapping[str, Contract]
    settings: bytes | None


def found(space: HubSpace) -> There | None:
    """
    Return what is there, or None where no Space is.

    Raises `PublishError` for a token that may only read, and for an app that others wrote.
    """
    space.check_token()
    now = space.now()
    if now is None:
        return None
    if names := foreign(now.files):
        others = f"{', '.join(names[:5])} that was not published by this"
        raise PublishError(f"{space.name} has {others}: choose another name. {space.so_far}")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if MARK in now.files:
            space.fetch(now.commit, [MARK, "demos/*/contract.json"], folder)
        settings = (folder / MARK).read_bytes() if MARK in now.files else None
        return There(now, _promised(folder), settings)


def _promised(folder: Path) -> dict[str, Contract]:
    """Return the contracts in `folder`; one that can not be read is said, and left out."""
    contracts = {}
    for path in sorted(folder.glob("demos/*/contract.json")):
        try:
            contracts[path.parent.name] = load(path.parent)
        except ContractUnreadable:
            print(f"{line(path.parent.name)}: its contract there can not be read, so nobody can say what changes.")
    return contracts


def contracts_in(folder: Path) -> dict[str, Contract]:
    """Return the contracts in `folder`; raise `PublishError` where there is none, or one can not be read."""
    try:
        contracts = {path.parent.name: load(path.parent) for path in sorted(folder.glob("demos/*/contract.json"))}
    except ContractUnreadable as fault:
        raise PublishError(f"It holds a contract that can not be read here: {fault.detail}") from fault
    if not contracts:
        raise PublishError("It holds no demos: choose another revision.")
    return contracts


def released(
    space: HubSpace, there: There | None, folder: Path, *, message: str, yes: bool, hardware: str | None
) -> tuple[str, Now]:
    """
    Make `space` hold what `folder` does, once somebody agreed; return the commit, and the Space as it was before.

    Raises `PublishError`, which says what was changed until then.
    """
    now = there.now if there else None
    changes = between(folder, now.files if now else {})
    if now and now.runtime.hardware == hardware:
        hardware = None
    if now and not changes and not hardware:
        print(f"{space.name} holds all this already, at {now.commit[:7]}: nothing was changed.")
        return now.commit, now
    _show(space, there, folder, changes, hardware)
    _agree(yes)
    now = _made(space, now, hardware)
    changes = between(folder, now.files)  # a new Space has files of its own
    if not changes:
        return now.commit, now
    commit = space.push(folder, changes, now.commit, message)
    print(f"Published as {commit[:7]}: {space.page}", flush=True)
    _whole(space, folder, commit)
    return commit, now


def _show(space: HubSpace, there: There | None, folder: Path, changes: Changes, hardware: str | None) -> None:
    """Say what will change: the files, and what the visitors of each demo see."""
    if there is None:
        print(f"{space.name} is not there yet. It will be made: Gradio, public, {line(hardware or 'cpu-basic')}.")
    else:
        runtime = there.now.runtime
        known = (runtime.stage, runtime.hardware, "private" if there.now.private else "public")
        print(f"{space.name} is at {there.now.commit[:7]}: {', '.join(filter(None, known))}.")
        if hardware:
            print(f"Its hardware becomes {line(hardware)}.")
    for each in told(changes):
        print(each)
    up = sum((folder / path).stat().st_size for path in changes.going_up)
    print(f"Files to send: {len(changes.going_up)}, {size(up)}. To remove: {len(changes.removed)}.\n")
    for each in told_visitors(there.contracts if there else {}, contracts_in(folder)):
        print(each)
    for each in _pages(there.settings if there else None, (folder / MARK).read_bytes()):
        print(each)


def _pages(before: bytes | None, after: bytes) -> Iterator[str]:
    """Which pages may ask from now on, and which no more."""
    old, new = _origins(before), _origins(after)
    if new:
        yield f"Pages that may ask: {', '.join(map(line, new))}."
    for origin in sorted({*old} - {*new}):
        yield f"  breaking Pages of {line(origin)} may not ask any more."
        yield f"  {'':8} Every question of theirs fails with “The model's server does not answer”."


def _origins(settings: bytes | None) -> list[str]:
    try:
        said = tomllib.loads((settings or b"").decode()).get("origins", [])
    except ValueError:
        return []
    return [str(each) for each in said] if isinstance(said, list) else []


def _agree(yes: bool) -> None:
    """Ask once; raise `PublishError` for anything but a yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise PublishError("Nobody is here to be asked: say --yes to publish this. Nothing was changed.")
    try:
        answer = input("Publish this? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise PublishError("Nothing was changed.")


def _made(space: HubSpace, now: Now | None, hardware: str | None) -> Now:
    """Make the Space where there is none, or ask for its hardware: both may be refused before any file is sent."""
    if now is not None:
        if hardware:
            space.request(hardware)
        return now
    space.make(hardware)
    made = space.now()
    if made is None:
        raise PublishError(f"{space.so_far} The Hub does not show it yet: run the same command again.")
    return made


def _whole(space: HubSpace, folder: Path, commit: str) -> None:
    """Raise `PublishError` when a commit does not hold every file, as where a .gitignore keeps some out."""
    if missing := between(folder, space.files(commit)):
        names = ", ".join([*missing.going_up, *missing.removed][:5])
        raise PublishError(f"{space.name} does not hold {names} as it was sent: has it a .gitignore? {space.so_far}")
