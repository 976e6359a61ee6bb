"""
Whether a Space runs what was published, and answers each recorded example as recorded.

    until_up(space, commit, before)
    holds = await answers(space, contracts, private=False)
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from api_bridge.answers import compare_examples
from api_bridge.bridge import Bridge
from api_bridge.contract import Contract
from api_bridge.examples import Sample, recorded
from api_bridge.faults import Fault
from api_bridge.report import line
from api_bridge.space import GradioSpace
from training.hub.changes import PublishError
from training.hub.push import HubSpace, Runtime
from training.hub.refusals import Away

LONGEST = 900.0  # seconds that a Space may take to build and to start
GRACE = 60.0  # seconds after which a stage is believed that may still be that of the commit before
PAUSE = 2.0  # seconds between two looks at it
UP = ("RUNNING", "SLEEPING")  # asking wakes it
FAILED = ("BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR", "NO_APP_FILE", "PAUSED", "STOPPED", "DELETING")


class NotRunning(PublishError):
    """What was published does not run, or not yet."""


def until_up(
    space: HubSpace,
    commit: str,
    before: Runtime,
    *,
    hardware: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """
    Return when the Space runs at `commit`, and on `hardware`; `before` is how it was before that.

    Raises `NotRunning` when it will not, or has not within `LONGEST` seconds.
    """
    started, now, told, moved = clock(), before, "", False
    while True:
        with suppress(Away):  # the Space starts all the same
            now = space.runtime()
        passed = clock() - started
        if now.stage != told:
            print(f"{line(now.stage)} after {passed:.0f} s", flush=True)
            told = now.stage
        # What the Hub tells at first is still how the commit before was.
        moved = moved or now.stage != before.stage or passed > GRACE
        there = now.commit == commit or (now.commit is None and moved)
        if now.stage in UP and there and hardware in (None, now.hardware):
            return
        if now.stage in FAILED and (moved or (there and hardware is None)):
            raise NotRunning(f"{space.name} does not run: {now.stage}. {_why(space, now)}{space.so_far}")
        if passed > LONGEST:
            late = f"{space.name} is still {line(now.stage)} after {LONGEST / 60:.0f} minutes"
            raise NotRunning(f"{late}: look at {space.page}. {space.so_far}")
        sleep(PAUSE)


def _why(space: HubSpace, now: Runtime) -> str:
    """What is known of a failure, a line each, or what to do about it."""
    if now.stage in ("PAUSED", "STOPPED"):
        return f"Start it at {space.page}/settings. "
    words = [*([line(now.error)] if now.error else []), *space.log(now.stage)]
    return "".join(f"\n  {each}" for each in words) + ("\n" if words else "")


async def answers(space: HubSpace, contracts: Mapping[str, Contract], *, private: bool) -> bool:
    """Ask the Space every recorded example, say a line each; return whether all was as recorded."""
    app = space.gradio(private=private)
    bridge = Bridge(contracts, {"here": app})
    holds = True
    try:
        for demo, contract in contracts.items():
            others = sorted({step["space"] for step in contract.json["steps"].values()} - {"here"})
            if others:
                print(f"{demo}: {', '.join(others)} answers it; `python -m api_bridge check {demo}` asks that one.")
                continue
            for sample, example in zip(recorded(contract), contract.json["examples"], strict=True):
                holds &= await _answers(bridge, contract, sample, example)
        holds &= await _serves(app, contracts)
    finally:
        await bridge.close()
    return holds


async def _answers(bridge: Bridge, contract: Contract, sample: Sample, example: Mapping[str, object]) -> bool:
    where = f"{contract.demo}: the example “{line(sample.title)}”"
    try:
        answer = await bridge.ask(contract.demo, sample.input)
    except Fault as fault:
        print(f"{where} is not answered: {line(fault.detail)}")
        return False
    found = compare_examples(example, answer.prediction, contract)
    for each in found:
        print(f"{contract.demo}: {line(each.what)}")
    if not found:
        print(f"{where} is answered as recorded.")
    return not found


async def _serves(app: GradioSpace, contracts: Mapping[str, Contract]) -> bool:
    """Whether the bridge in the Space, which pages ask, has these very contracts."""
    try:
        served = await app.wire.get("/bridge/v1/demos")
        revisions = {each["demo"]: each["revision"] for each in served["demos"]}
    except (Fault, LookupError, TypeError) as error:
        print(
            f"The bridge at {app.address}/bridge does not answer: {line(getattr(error, 'detail', 'not in its words'))}"
        )
        return False
    other = [demo for demo, contract in contracts.items() if revisions.get(demo) != contract.revision]
    for demo in other:
        print(f"{demo}: the bridge there has revision {revisions.get(demo)}, not {contracts[demo].revision}.")
    return not other
