"""
What an outage does: to those who ask a Space through the bridge meanwhile, and to the Space.

    python dev.py bench outage                  three outages of 60 s: refusing, killed, silent
    python dev.py bench outage --seconds 20
    python dev.py bench outage --json           {"amplification", "recovery_s", "lost", "outages"}

Ten different questions a second, with ten seconds each, go through the bridge to a Space that refuses all
with a 503, to one that is killed and started again, and to one that takes every call and answers none.
Beside it a naive client asks as many, and tries each three times with a second between. A Space that refuses
counts what reaches it; what the others would have got is what the bridge says that it sent.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import stage
from stage import Target, metric, said

EVERY = 0.1  # seconds between two questions of each asker
PATIENCE = 10  # seconds that a question lasts at most
LATE = 0.5  # seconds after which a question that has not ended is lost
WELL = 3.0  # seconds of health before
LONGEST = 150.0  # seconds to wait for a good answer afterwards

clock = time.monotonic

TARGETS = (
    Target("amplification", "requests sent for a question asked meanwhile", most=1.2),
    Target("recovery_s", "seconds from recovery to the first good answer", most=2),
    Target("lost", "questions lost", most=0),
)


@dataclass
class Question:
    """When it was asked, when it ended, and how."""

    began: float
    ended: float = 0.0
    outcome: str = "lost"


class Asker:
    """Asks through `once`, which returns an outcome."""

    def __init__(self, once: Callable[[str], Awaitable[str]]):
        self._once = once
        self.questions: list[Question] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def ask(self) -> None:
        """Ask a question that was never asked before, and do not wait for it."""
        question = Question(clock())
        self.questions.append(question)
        task = asyncio.create_task(self._ask(question, f"visitor {len(self.questions)}"))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def well_since(self, moment: float) -> float | None:
        """When the first prediction came after `moment`."""
        ends = [each.ended for each in self.questions if each.outcome == "prediction" and each.ended > moment]
        return min(ends, default=None)

    async def _ask(self, question: Question, name: str) -> None:
        with suppress(httpx2.HTTPError, ValueError, TimeoutError):
            question.outcome = await self._once(name)
        question.ended = clock()


def through_bridge(client: httpx2.AsyncClient, bridge: str) -> Callable[[str], Awaitable[str]]:
    async def once(name: str) -> str:
        async with asyncio.timeout(PATIENCE + LATE):
            answer = await client.post(f"{bridge}/v1/demos/greet/ask", json={"name": name})
        told = answer.json()
        if answer.status_code == 200:
            return "prediction" if told["prediction"] == f"Hello {name}!" else "lost"
        return str(told["type"]) if answer.headers["content-type"] == "application/problem+json" else "lost"

    return once


def naively(client: httpx2.AsyncClient, space: str, sent: Counter[str]) -> Callable[[str], Awaitable[str]]:
    async def once(name: str) -> str:
        for pause in (1, 1, 0):
            sent["naive"] += 1
            with suppress(httpx2.HTTPError):
                answer = await client.post(f"{space}/gradio_api/run/greet", json={"data": [name]})
                if answer.status_code == 200:
                    return "prediction"
            await asyncio.sleep(pause)
        return "gave up"

    return once


# --- outages


class Scene:
    """A Space with a bridge before it, and both askers."""

    def __init__(self, folder: Path, stack: ExitStack):
        demos = stage.write_demos(folder / "demos")
        self.space = stack.enter_context(stage.RunningSpace(folder, demos))
        self.bridge, _ = stack.enter_context(stage.bridge(folder, self.space.address, demos, patience=PATIENCE))
        self.sent: Counter[str] = Counter()

    def requests(self, kind: str) -> int:
        """What the bridge has sent so far, as the Space tells or, where it can not, the bridge."""
        if kind != "refusing":
            return int(metric(self.bridge, "upstream_requests_total"))
        return stage.counted(self.space.address, but=("naive", "probe"))


async def refusing(scene: Scene, seconds: float) -> None:
    async with httpx2.AsyncClient(base_url=scene.space.address) as client:
        await client.post("/failing")
        await asyncio.sleep(seconds)
        await client.post("/well")


async def killed(scene: Scene, seconds: float) -> None:
    """Be away for `seconds`, starting included, and return in the first able moment."""
    scene.space.kill()
    await asyncio.sleep(max(0.0, seconds - scene.space.takes))
    scene.space.start()
    async with httpx2.AsyncClient(headers={"User-Agent": "probe"}) as client:
        while True:
            with suppress(httpx2.HTTPError):
                if (await client.get(f"{scene.space.address}/config")).status_code == 200:
                    return
            await asyncio.sleep(0.02)


async def silent(scene: Scene, seconds: float) -> None:
    """Take every call and answer none."""
    scene.space.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    scene.space.process.send_signal(signal.SIGCONT)


OUTAGES: dict[str, Callable[[Scene, float], Awaitable[None]]] = {
    "refusing": refusing,
    "killed": killed,
    "silent": silent,
}


async def outage(kind: str, scene: Scene, seconds: float) -> dict:
    """Let the Space fail in one way while everybody asks; return what came of it."""
    # Let go of what is idle before a server does: whoever asks in that very moment gets no answer.
    many = httpx2.Limits(max_connections=None, keepalive_expiry=2)
    async with (
        httpx2.AsyncClient(timeout=2 * PATIENCE, limits=many) as ours,
        httpx2.AsyncClient(timeout=PATIENCE, limits=many, headers={"User-Agent": "naive"}) as theirs,
    ):
        askers = {"bridge": Asker(through_bridge(ours, scene.bridge))}
        if kind != "silent":  # all that the naive one had asked would be answered before anybody else
            askers["naive"] = Asker(naively(theirs, scene.space.address, scene.sent))
        asking = asyncio.create_task(keep_asking([*askers.values()]))
        await asyncio.sleep(WELL)
        before, began = await requests(kind, scene), clock()
        await OUTAGES[kind](scene, seconds)
        back = clock()
        sent = await requests(kind, scene)
        while clock() < back + LONGEST and not all(asker.well_since(back) for asker in askers.values()):
            await asyncio.sleep(0.05)
        await asyncio.sleep(WELL)
        asking.cancel()
        await asyncio.gather(*(task for asker in askers.values() for task in asker.tasks))
    rows = {who: told(asker, began, back, sent[who] - before[who]) for who, asker in askers.items()}
    return {"kind": kind, "seconds": round(back - began, 1), "askers": rows}


async def keep_asking(askers: list[Asker]) -> None:
    """Let each ask every tenth of a second, whatever became of the questions before."""
    next_at = clock()
    while True:
        for asker in askers:
            asker.ask()
        next_at += EVERY
        await asyncio.sleep(max(0.0, next_at - clock()))


async def requests(kind: str, scene: Scene) -> dict[str, int]:
    """What each has sent so far."""
    return {"bridge": await asyncio.to_thread(scene.requests, kind), "naive": scene.sent["naive"]}


def told(asker: Asker, began: float, back: float, sent: int) -> dict:
    """What came of the questions of one asker."""
    meanwhile = [each for each in asker.questions if began <= each.began < back]
    well = asker.well_since(back)
    waits = [each.ended - each.began for each in meanwhile]
    return {
        "asked": len(meanwhile),
        "sent": sent,
        "amplification": round(sent / max(1, len(meanwhile)), 2),
        "recovery_s": None if well is None else round(well - back, 2),
        "lost": sum(each.outcome == "lost" for each in asker.questions),
        "p50_s": round(stage.percentile(waits, 0.5) or 0, 3),
        "longest_s": round(max(each.ended - each.began for each in asker.questions), 2),
        "outcomes": dict(Counter(each.outcome for each in meanwhile)),
    }


def main() -> int:
    """Let a Space fail, and print; the exit code is 0 however the numbers are."""
    parser = argparse.ArgumentParser(prog="dev.py bench outage", description="What an outage does.")
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, and nothing else")
    parser.add_argument("--seconds", type=float, default=60, help="how long each outage lasts (60)")
    options = parser.parse_args()
    outages = []
    for kind in OUTAGES:
        with TemporaryDirectory() as name, ExitStack() as stack:
            said(f"a Space comes up, to be {kind}")
            scene = Scene(Path(name), stack)
            said(f"a Space is {kind} for {options.seconds:g} s")
            outages.append(asyncio.run(outage(kind, scene, options.seconds)))
    said("")
    numbers = {each.name: _worst([one["askers"]["bridge"][each.name] for one in outages]) for each in TARGETS}
    if options.json:
        reached = [{**asdict(target), "reached": target.reached(numbers)} for target in TARGETS]
        print(json.dumps({**numbers, "outages": outages, "targets": reached}, indent=2))
    else:
        for each in outages:
            show(each)
        print()
        stage.show_targets(TARGETS, numbers)
    return 0


def show(about: dict) -> None:
    """Print what came of one outage."""
    title = f"A Space {about['kind']} for {about['seconds']} s"
    print(f"\n{title:30}  asked   sent   each  well after  lost  p50 s  longest s")
    for who, row in about["askers"].items():
        line = "  {:28}{asked:7}{sent:7}{amplification:7}{recovery_s!s:>10} s{lost:6}{p50_s:7}{longest_s:11}   "
        ends = (f"{number} {outcome.rpartition(':')[2]}" for outcome, number in row["outcomes"].items())
        print(line.format(who, **row) + ", ".join(ends))


def _worst(numbers: list[float | None]) -> float | None:
    """The largest; None, which is worse than any, where one never came."""
    return None if None in numbers else max(number for number in numbers if number is not None)


if __name__ == "__main__":
    sys.exit(main())
