"""
Half an hour of all kinds of questions, at four fifths of what the bridge can do: does anything grow, or fail?

    python dev.py bench soak                    a line a minute
    python dev.py bench soak --minutes 5
    python dev.py bench soak --json             {"growth", "unexpected", "minutes"}

Texts, many of them asked before, photos, streams, and visitors who leave without their answer, through a
bridge alone before a Space in space.py. Growth is that of the bridge's process after the first five
minutes, when its memories are full; after half of a shorter time, when they may not be.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2
import stage
from asker import different
from stage import Target, megabytes, percentile, said

SHARE = 0.8  # of the capacity
ASKERS = 16  # at once, while the capacity is measured
SETTLED = 5.0  # minutes
LOOK = 5.0  # seconds between two looks at the process
KINDS = {"text": 50, "again": 20, "photo": 10, "stream": 10, "leaves a stream": 5, "leaves": 5}  # of a hundred

TARGETS = (
    Target("growth", "memory of the bridge, at the end to when it settled", most=1.03),
    Target("unexpected", "unexpected faults", most=0),
    Target("files_growth", "open files, at the end more than when it settled", most=5),
)


class Visitors:
    """Ask a bridge in all the ways of `KINDS`, and remember how it went."""

    def __init__(self, client: httpx2.AsyncClient, bridge: str):
        self.client, self.bridge = client, bridge
        self.photo, self.dice, self.number = stage.CAT.read_bytes(), random.Random(20), 0
        self.outcomes: Counter[str] = Counter()
        self.times: list[float] = []  # of new texts, in seconds

    async def ask(self) -> None:
        """Ask one question, and note how it ended."""
        (kind,) = self.dice.choices([*KINDS], [*KINDS.values()])
        self.number += 1
        began = time.perf_counter()
        try:
            outcome = await getattr(self, f"_{kind.replace(' ', '_')}")(self.number)
        except (httpx2.HTTPError, TimeoutError, KeyError, ValueError) as error:
            outcome = f"{kind}: {type(error).__name__}"
        if kind == "text" and outcome == "answered":
            self.times.append(time.perf_counter() - began)
        self.outcomes[outcome] += 1

    async def _text(self, number: int) -> str:
        return _outcome(await self._post("greet", json={"name": f"visitor {number}"}))

    async def _again(self, number: int) -> str:
        return _outcome(await self._post("greet", json={"name": f"somebody {number % 20}"}))

    async def _photo(self, number: int) -> str:
        photo = ("photo.jpg", different(self.photo, number), "image/jpeg")
        return _outcome(await self._post("measure", files={"photo": photo}))

    async def _stream(self, number: int) -> str:
        async with self._streamed(number) as answer:
            if answer.status_code != 200:
                await answer.aread()
                return _outcome(answer)
            text = (await answer.aread()).decode()
        last = text.rstrip().rpartition("\n\n")[2]
        name, _, about = last.removeprefix("event: ").partition("\ndata: ")
        return "answered" if name == "prediction" else _problem(json.loads(about))

    async def _leaves_a_stream(self, number: int) -> str:
        async with self._streamed(number) as answer:
            async for _ in answer.aiter_raw():
                break
        return "left"

    async def _leaves(self, number: int) -> str:
        try:
            async with asyncio.timeout(0.02):
                return _outcome(await self._post("spell", json={"name": f"gone {number}"}))
        except TimeoutError:
            return "left"

    async def _post(self, demo: str, **asked: object) -> httpx2.Response:
        return await self.client.post(f"{self.bridge}/v1/demos/{demo}/ask", **asked)

    def _streamed(self, number: int):
        asked = {"json": {"name": f"s{number}"}, "headers": {"Accept": "text/event-stream"}}
        return self.client.stream("POST", f"{self.bridge}/v1/demos/spell/ask", **asked)


def _outcome(answer: httpx2.Response) -> str:
    if answer.status_code == 200:
        return "answered" if "prediction" in answer.json() else "no prediction"
    if answer.status_code in (429, 503) and "retry-after" in answer.headers:
        return "refused"
    if answer.headers.get("content-type") != "application/problem+json":
        return f"status {answer.status_code} without a problem"
    return _problem(answer.json())


def _problem(about: dict) -> str:
    if about.get("status") in (429, 503) and "retry_after" in about:
        return "refused"
    return str(about.get("type", "no problem of ours"))


EXPECTED = ("answered", "refused", "left")


async def capacity(visitors: Visitors, seconds: float) -> float:
    """How many questions a second end well or are left, with so many asked at once."""
    until = time.perf_counter() + seconds

    async def over_and_over() -> None:
        while time.perf_counter() < until:
            await visitors.ask()

    await asyncio.gather(*(over_and_over() for _ in range(ASKERS)))
    return (visitors.outcomes["answered"] + visitors.outcomes["left"]) / seconds


async def keep_asking(visitors: Visitors, rate: float, seconds: float) -> None:
    """Let visitors come when they like, so many a second on average."""
    asking: set[asyncio.Task[None]] = set()
    end = next_at = time.perf_counter()
    end += seconds
    while next_at < end:
        await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
        task = asyncio.create_task(visitors.ask())
        asking.add(task)
        task.add_done_callback(asking.discard)
        next_at += visitors.dice.expovariate(rate)
    await asyncio.gather(*asking)


def open_files(pid: int) -> int | None:
    """How many a process has open, sockets among them, where the system tells."""
    folder = Path(f"/proc/{pid}/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else None


class Watch:
    """Looks at the bridge's process while others ask, and tells what it saw, minute by minute."""

    def __init__(self, visitors: Visitors, bridge, space, *, quiet: bool):
        self.visitors, self.bridge, self.space, self.quiet = visitors, bridge, space, quiet
        self.looks: list[tuple[float, float | None, int | None]] = []  # seconds, megabytes, open files
        self.minutes: list[dict] = []
        self.began = time.perf_counter()

    async def until_cancelled(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            passed = time.perf_counter() - self.began
            self.looks.append((passed, megabytes(self.bridge), open_files(self.bridge.pid)))
            if passed >= 60 * (len(self.minutes) + 1):
                self.minute()

    def within(self, part: int, first: float, last: float) -> float | None:
        """The median of what was seen of one part from the `first` to the `last` second."""
        seen = [look[part] for look in self.looks if first <= look[0] <= last and look[part] is not None]
        return median(seen) if seen else None

    def minute(self) -> None:
        """Note what was seen since the last one."""
        size, files = megabytes(self.bridge), open_files(self.bridge.pid)
        times, self.visitors.times = self.visitors.times, []
        outcomes, self.visitors.outcomes = self.visitors.outcomes, Counter()
        self.minutes.append(
            {
                "megabytes": size,
                "open_files": files,
                "space_megabytes": megabytes(self.space),
                "p50_ms": round((percentile(times, 0.5) or 0) * 1000, 1),
                "p99_ms": round((percentile(times, 0.99) or 0) * 1000, 1),
                "outcomes": dict(outcomes),
            }
        )
        if not self.quiet:
            print(
                "{0:4} {megabytes!s:>8} {open_files!s:>11} {space_megabytes!s:>10} {p50_ms:8} {p99_ms:8}   ".format(
                    len(self.minutes), **self.minutes[-1]
                )
                + ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())),
                flush=True,
            )


async def soak(bridge: str, process, space, minutes: float, *, quiet: bool) -> dict:
    """Measure what the bridge can do, ask for `minutes`, and return what was seen."""
    # Let go of what is idle before the bridge does: whoever asks in that very moment gets no answer.
    many = httpx2.Limits(max_connections=None, keepalive_expiry=2)
    async with httpx2.AsyncClient(timeout=45, limits=many) as client:
        said("what can the bridge do?")
        await capacity(Visitors(client, bridge), 3)
        can = await capacity(Visitors(client, bridge), 12)
        said("")
        if not quiet:
            print(f"The bridge answers {can:.0f} questions a second; it is asked {can * SHARE:.0f}.\n")
            print("minute   megabytes  open files   Space MB   p50 ms   p99 ms")
        visitors = Visitors(client, bridge)
        visitors.number = 1_000_000  # not those of before
        watch = Watch(visitors, process, space, quiet=quiet)
        watching = asyncio.create_task(watch.until_cancelled())
        await keep_asking(visitors, can * SHARE, minutes * 60)
        watching.cancel()
        watch.minute()
    outcomes = sum((Counter(each["outcomes"]) for each in watch.minutes), Counter())
    settled, end = 60 * min(SETTLED, minutes / 2), 60 * minutes
    memory, files = ((watch.within(part, settled, settled + 60), watch.within(part, end - 60, end)) for part in (1, 2))
    return {
        "capacity": round(can, 1),
        "growth": round(memory[1] / memory[0], 3) if memory[0] and memory[1] else None,
        "files_growth": files[1] - files[0] if None not in files else None,
        "unexpected": sum(number for outcome, number in outcomes.items() if outcome not in EXPECTED),
        "outcomes": dict(outcomes),
        "minutes": watch.minutes,
    }


def main() -> int:
    """Let everybody ask for so long, and print; the exit code is 0 however the numbers are."""
    parser = argparse.ArgumentParser(prog="dev.py bench soak", description="Does anything grow?")
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, and nothing else")
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    options = parser.parse_args()
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        demos = stage.write_demos(folder / "demos")
        space = stack.enter_context(stage.RunningSpace(folder, demos))
        bridge, process = stack.enter_context(stage.bridge(folder, space.address, demos))
        numbers = asyncio.run(soak(bridge, process, space.process, options.minutes, quiet=options.json))
    if options.json:
        reached = [{**asdict(target), "reached": target.reached(numbers)} for target in TARGETS]
        print(json.dumps({**numbers, "targets": reached}, indent=2))
        return 0
    print(f"\n{numbers['outcomes']}\n")
    stage.show_targets(TARGETS, {target.name: numbers[target.name] for target in TARGETS})
    return 0


if __name__ == "__main__":
    sys.exit(main())
