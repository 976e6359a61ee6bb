"""
What a question costs through the bridge, beside every other way to ask the same Space, all in one run.

    python dev.py bench bridge              a table, and each number to reach; some minutes
    python dev.py bench bridge --quick      the trivial function only, in less than one
    python dev.py bench bridge --json       {"ratios", "more", "rows", "memory", "machine"}

The bridge alone and mounted in the Space, the best raw routes by the same HTTP client, and Gradio's two
own clients, for 1, 16 and 64 askers. They take turns, so that whatever else this machine does hits all
alike; ratios are medians of those of single turns. Every question differs, so that no cache answers.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import stage
from stage import Asker, counted, megabytes, metric, percentile, said

ALONE, TUNED, MOUNTED, RUN, CALL = (
    "bridge, alone",
    "bridge, alone, 16 inside",
    "bridge, mounted",
    "raw /run",
    "raw queue",
)
QUEUED, PYTHON, NODE = "bridge, alone, by queue", "gradio_client", "@gradio/client"

# Askers → turns, and seconds of each.
FULL = {1: (10, 0.6), 16: (5, 1.0), 64: (4, 1.2)}
QUICK = {1: (5, 0.3), 16: (3, 0.5), 64: (1, 0.6)}
PHOTOS = {1: (6, 0.5), 16: (3, 1.2), 64: (2, 1.5)}


@dataclass
class Row:
    """One way to ask, with so many askers: what came of each turn."""

    who: str
    askers: int
    turns: list[dict] = field(default_factory=list)
    upstream: int = 0

    def each(self, part: float) -> list[float | None]:
        return [percentile(turn["times"], part) for turn in self.turns]

    def seconds(self, part: float) -> float | None:
        return percentile([each for turn in self.turns for each in turn["times"]], part)

    def rates(self) -> list[float]:
        return [len(turn["times"]) / turn["seconds"] for turn in self.turns]

    def told(self) -> dict:
        failures: dict[str, int] = {}
        for turn in self.turns:
            for kind, number in turn["failures"].items():
                failures[kind] = failures.get(kind, 0) + number
        asked = sum(turn["asked"] for turn in self.turns)
        halves = [each for each in self.each(0.5) if each is not None]
        return {
            "who": self.who,
            "askers": self.askers,
            "answered": sum(len(turn["times"]) for turn in self.turns),
            "p50_ms": _ms(self.seconds(0.5)),
            "p50_ms_from_to": [_ms(min(halves)), _ms(max(halves))] if halves else None,
            "p99_ms": _ms(self.seconds(0.99)),
            "per_second": round(median(self.rates()), 1),
            "failures": failures,
            "refused": sum(turn["refused"] for turn in self.turns),
            "upstream_per_question": round(self.upstream / max(1, asked), 2),
        }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)


Table = dict[tuple[str, int], Row]


def measured(ways: dict[str, dict], space: str, plan: dict[int, tuple[int, float]], name: str) -> tuple[Table, dict]:
    """Let all `ways` take turns; return their rows, and the megabytes of each asker's process."""
    with ExitStack() as stack:
        askers = {who: stack.enter_context(Asker(**way)) for who, way in ways.items()}
        for who, asker in askers.items():
            said(f"{name}: {who} warms up")
            asker.ask(1, 0.2)
            asker.ask(16, 0.3)
        table = {(who, number): Row(who, number) for number in plan for who in ways}
        for number, (turns, seconds) in plan.items():
            for turn in range(turns):
                # Another order each time: whoever comes after a slow one finds a busier machine.
                for who in [*ways][turn % len(ways) :] + [*ways][: turn % len(ways)]:
                    said(f"{name}: {number} askers, turn {turn + 1} of {turns}: {who}")
                    before = counted(space)
                    table[who, number].turns.append(askers[who].ask(number, seconds))
                    table[who, number].upstream += counted(space) - before
        return table, {who: megabytes(asker.process) for who, asker in askers.items()}


def ratio(table: Table, one: str, other: str, askers: int, part: float = 0.5) -> float | None:
    """How much longer `one` takes than `other`: the median over the turns that they took one after the other."""
    pairs = zip(table[one, askers].each(part), table[other, askers].each(part), strict=True)
    each = [mine / theirs for mine, theirs in pairs if mine and theirs]
    return round(median(each), 3) if each else None


def faster(table: Table, one: str, other: str, askers: int) -> float | None:
    """How many questions `one` answers in the time in which `other` answers one."""
    pairs = zip(table[one, askers].rates(), table[other, askers].rates(), strict=True)
    each = [mine / theirs for mine, theirs in pairs if theirs]
    return round(median(each), 3) if each else None


def overall(table: Table, one: str, other: str, askers: int, part: float) -> float | None:
    """As `ratio`, of all turns together: what is rare does not happen in each."""
    mine, theirs = table[one, askers].seconds(part), table[other, askers].seconds(part)
    return round(mine / theirs, 3) if mine and theirs else None


def text_ways(space: str, alone: str, tuned: str) -> dict[str, dict]:
    return {
        ALONE: {"how": "bridge", "address": alone, "name": "greet"},
        RUN: {"how": "run", "address": space, "name": "greet"},
        MOUNTED: {"how": "bridge", "address": f"{space}/bridge", "name": "greet"},
        TUNED: {"how": "bridge", "address": tuned, "name": "greet"},
        CALL: {"how": "call", "address": space, "name": "greet_queued"},
        QUEUED: {"how": "bridge", "address": alone, "name": "greet-queued"},
        PYTHON: {"how": "gradio_client", "address": space, "name": "greet"},
        NODE: {"how": "js_client", "address": space, "name": "greet"},
    }


def main() -> int:
    """Measure, and print; return 0 however the numbers are."""
    parser = argparse.ArgumentParser(prog="dev.py bench bridge", description="What a question costs.")
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, and nothing else")
    parser.add_argument("--quick", action="store_true", help="the trivial function only, shortly")
    options = parser.parse_args()
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        demos = stage.write_demos(folder / "demos")
        space, _ = stack.enter_context(stage.space(folder, demos))
        alone, process = stack.enter_context(stage.bridge(folder, space, demos))
        tuned, _ = stack.enter_context(stage.bridge(folder, space, demos, askers=16, queue=48))
        idle = megabytes(process)
        table, _ = measured(text_ways(space, alone, tuned), space, QUICK if options.quick else FULL, "text")
        ratios = {
            "p50_vs_raw": ratio(table, ALONE, RUN, 1),
            "p50_vs_gradio_client": ratio(table, ALONE, PYTHON, 1),
            "throughput16_vs_raw": faster(table, ALONE, RUN, 16),
            "throughput16_vs_gradio_client": faster(table, ALONE, PYTHON, 16),
        }
        more = {
            "p99_vs_raw": overall(table, ALONE, RUN, 1, 0.99),
            "mounted_p50_vs_raw": ratio(table, MOUNTED, RUN, 1),
            "mounted_p50_vs_queue": ratio(table, MOUNTED, CALL, 1),
            "throughput16_tuned_vs_raw": faster(table, TUNED, RUN, 16),
            "idle_mb": idle,
            "loaded_mb": megabytes(process),
        }
        said("")
    rows = [row.told() for row in table.values()]
    if options.json:
        print(json.dumps({"ratios": ratios, "more": more, "rows": rows}, indent=2))
        return 0
    for row in rows:
        print(
            "{askers:3} {who:26} p50 {p50_ms!s:>8} p99 {p99_ms!s:>8} {per_second:7}/s {refused:5} {failures} {upstream_per_question}".format(
                **row
            )
        )
    for name, number in {**ratios, **more}.items():
        print(f"{name:32} {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
