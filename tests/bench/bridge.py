"""
What a question costs through the bridge, beside every other way to ask the same Space, all in one run.

    python dev.py bench bridge              tables, and each number to reach; five minutes
    python dev.py bench bridge --quick      the function that does nothing only, in less than one
    python dev.py bench bridge --json       {"ratios", "more", "rows", "memory", "machine"}

The bridge alone and mounted in the Space, the best raw routes by the same HTTP client, and Gradio's two
own clients, for 1, 16 and 64 askers, asking a function that does nothing, and cat or dog. They take turns,
so that whatever else this machine does hits all alike, and ratios are medians of those of single turns.
Every question differs, so that no memory answers it, and who is asked to come back later does.

Ratios are to a raw route on which each question stands for itself, as visitors' do: one that all would
share a session on is quicker, and stands beside it.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import stage
from stage import Asker, Target, counted, megabytes, percentile, said
from turns import Turns, in_ms

ALONE, TUNED, BY_QUEUE, MOUNTED = "bridge, alone", "bridge, 4 inside", "bridge, queued function", "bridge, mounted"
BRIDGES = (ALONE, TUNED, BY_QUEUE, MOUNTED)
RUN, ONE_SESSION, QUEUE = "raw /run", "raw /run, one session", "raw queue"
PYTHON, NODE = "gradio_client", "@gradio/client"

# Askers → turns, and seconds of each.
FULL = {1: (10, 0.6), 16: (5, 1.0), 64: (3, 1.2)}
QUICK = {1: (5, 0.3), 16: (3, 0.5), 64: (1, 0.6)}
PHOTOS = {1: (5, 0.6), 16: (3, 1.2), 64: (1, 1.5)}

TARGETS = (
    Target("p50_vs_raw", "p50 alone, of raw /run", most=1.4),
    Target("p50_vs_gradio_client", "p50 alone, of gradio_client", most=0.15),
    Target("p99_vs_raw", "p99 alone, of raw /run", most=3),
    Target("mounted_p50_vs_raw", "p50 mounted, of raw /run", most=1),
    Target("mounted_p50_vs_queue", "p50 mounted, of the raw queue", most=0.3),
    Target("throughput16_vs_raw", "16 askers' throughput, of raw /run", least=0.8),
    Target("throughput16_vs_gradio_client", "16 askers' throughput, of gradio_client", least=5),
    Target("failures64", "64 askers' failures but for “come back later”", most=0),
    Target("cached_p50_ms", "p50 of a question asked before, ms", most=2),
    Target("hundred_identical_upstream", "times the Space is asked for 100 of a kind", most=1),
    Target("idle_mb", "megabytes of an idle bridge", most=90),
    Target("import_ratio", "importing api_bridge, of gradio_client", most=0.4),
)


# --- what is measured


def nothing(folder: Path, plan: dict[int, tuple[int, float]]) -> tuple[Turns, dict[str, float | None]]:
    """Ask the function that does nothing in every way; return the rows, and what else there is to know."""
    with ExitStack() as stack:
        demos = stage.write_demos(folder / "demos")
        running = stack.enter_context(stage.RunningSpace(folder, demos))
        space = running.address
        alone, process = stack.enter_context(stage.bridge(folder, space, demos))
        tuned, _ = stack.enter_context(stage.bridge(folder, space, demos, askers=4, queue=60))
        idle = megabytes(process)
        turns = Turns(
            "text",
            plan,
            {
                ALONE: {"how": "bridge", "address": alone, "name": "greet"},
                RUN: {"how": "run", "address": space, "name": "greet"},
                MOUNTED: {"how": "bridge", "address": f"{space}/bridge", "name": "greet"},
                ONE_SESSION: {"how": "run", "address": space, "name": "greet", "session": "ours"},
                TUNED: {"how": "bridge", "address": tuned, "name": "greet"},
                QUEUE: {"how": "call", "address": space, "name": "greet_queued"},
                BY_QUEUE: {"how": "bridge", "address": alone, "name": "greet-queued"},
                PYTHON: {"how": "gradio_client", "address": space, "name": "greet"},
                NODE: {"how": "js_client", "address": space, "name": "greet"},
            },
        )
        turns.take(space)
        turns.memory |= {"bridge, idle": idle, "bridge, after all": megabytes(process)}
        turns.memory["the Space with a bridge in it"] = megabytes(running.process)
        said("a question asked before")
        same = {"how": "bridge", "address": alone, "name": "greet", "same": "Ada"}
        with Asker(**same) as crowd, Asker(**same) as asker:
            before = counted(space, "POST")
            crowd.ask(100, 0)  # in no time at all: everybody asks once, to begin with
            upstream = counted(space, "POST") - before
            cached = [percentile(asker.ask(1, 0.3)["times"], 0.5) for _ in range(7)]
    return turns, {
        "failures64": sum(sum(turns.rows[who, 64].failures().values()) for who in BRIDGES),
        "cached_p50_ms": in_ms(median(cached)),
        "cached_p50_ms_at_best": in_ms(min(cached)),
        "hundred_identical_upstream": upstream,
        "idle_mb": idle,
    }


def cat_or_dog(folder: Path) -> Turns:
    """Ask the published Space about a photo, in every way."""
    with ExitStack() as stack:
        space, demos = stack.enter_context(stage.published(folder / "published"))
        alone, _ = stack.enter_context(stage.bridge(folder, space, demos))
        asked = {"name": "catdog", "photo": str(stage.CAT)}
        turns = Turns(
            "catdog",
            PHOTOS,
            {
                ALONE: {"how": "bridge", "address": alone, **asked},
                RUN: {"how": "run", "address": space, **asked},
                MOUNTED: {"how": "bridge", "address": f"{space}/bridge", **asked},
                PYTHON: {"how": "gradio_client", "address": space, **asked},
                NODE: {"how": "js_client", "address": space, **asked},
            },
        )
        turns.take(None)
    return turns


IMPORTS = {
    "api_bridge": "import api_bridge",
    "every_name_of_api_bridge": "from api_bridge import *",
    "gradio_client": "import gradio_client",
}


def imports(times: int) -> dict[str, float]:
    """Let fresh Pythons import in turn; the best of so many is the one that nothing disturbed."""
    best = dict.fromkeys(IMPORTS, 1e9)
    for turn in range(times + 1):
        said(f"imports, turn {turn + 1} of {times + 1}")
        for name, code in IMPORTS.items():
            code = f"import time; t = time.perf_counter()\n{code}\nprint(time.perf_counter() - t)"
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=stage.ROOT, capture_output=True, text=True, check=True
            )
            if turn:  # the first one reads from the disk
                best[name] = min(best[name], float(done.stdout))
    return {
        "import_ratio": round(best["api_bridge"] / best["gradio_client"], 3),
        **{f"import_{name}_s": round(seconds, 3) for name, seconds in best.items()},
    }


# --- what is told


def ratios_of(text: Turns) -> dict[str, float | None]:
    """Each of the bridge alone, on the function that does nothing."""
    return {
        "p50_vs_raw": text.time(ALONE, RUN),
        "p50_vs_gradio_client": text.time(ALONE, PYTHON),
        "throughput16_vs_raw": text.rate(ALONE, RUN),
        "throughput16_vs_gradio_client": text.rate(ALONE, PYTHON),
    }


def more_of(text: Turns, photo: Turns | None) -> dict[str, float | None]:
    more = {
        "p99_vs_raw": text.worst(ALONE, RUN),
        "p50_vs_raw_at_best": text.time_at_best(ALONE, RUN),
        "p99_16_vs_raw": text.worst(ALONE, RUN, 16),
        "p50_vs_js_client": text.time(ALONE, NODE),
        "p50_vs_raw_one_session": text.time(ALONE, ONE_SESSION),
        "p50_queued_vs_queue": text.time(BY_QUEUE, QUEUE),
        "mounted_p50_vs_raw": text.time(MOUNTED, RUN),
        "mounted_p50_vs_raw_at_best": text.time_at_best(MOUNTED, RUN),
        "mounted_p50_vs_queue": text.time(MOUNTED, QUEUE),
        "mounted_throughput16_vs_raw": text.rate(MOUNTED, RUN),
        "throughput16_with_4_inside_vs_raw": text.rate(TUNED, RUN),
    }
    if photo:
        more |= {
            "catdog_p50_vs_raw": photo.time(ALONE, RUN),
            "catdog_p50_vs_gradio_client": photo.time(ALONE, PYTHON),
            "catdog_mounted_p50_vs_raw": photo.time(MOUNTED, RUN),
            "catdog_throughput16_vs_raw": photo.rate(ALONE, RUN),
            "catdog_throughput16_vs_gradio_client": photo.rate(ALONE, PYTHON),
        }
    return more


def show(rows: list[dict]) -> None:
    """Print a table for each question and number of askers."""
    for row in rows:
        if row["who"] == ALONE:
            print(
                f"\n{row['endpoint']}, {row['askers']} at once".ljust(29) + "p50 ms  (of turns)      p99 ms   a second"
            )
        turns = "({} to {})".format(*row["p50_ms_of_turns"] or "--")
        line = f"  {row['who']:25}{row['p50_ms'] or '-':>8}  {turns:22}{row['p99_ms'] or '-':>8}{row['per_second']:>9}"
        notes = [f"{row['requests_per_question']:g} requests each"] if row["requests_per_question"] is not None else []
        notes += [f"{row['refused']} told to come later"] if row["refused"] else []
        notes += [f"FAILED {number} × {kind}" for kind, number in row["failures"].items()]
        print(f"{line}   {', '.join(notes)}")


def main() -> int:
    """Measure, and print; the exit code is 0 however the numbers are."""
    parser = argparse.ArgumentParser(prog="dev.py bench bridge", description="What a question costs.")
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, and nothing else")
    parser.add_argument("--quick", action="store_true", help="the function that does nothing only, shortly")
    options = parser.parse_args()
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    machine["load_before"] = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    with TemporaryDirectory() as name:
        text, beside = nothing(Path(name), QUICK if options.quick else FULL)
        photo = None if options.quick else cat_or_dog(Path(name))
    more = {**more_of(text, photo), **beside, **imports(3 if options.quick else 7)}
    ratios = ratios_of(text)
    rows = [row.told() for turns in (text, photo) if turns for row in turns.rows.values()]
    said("")
    if options.json:
        told = {"ratios": ratios, "more": more, "rows": rows, "memory": text.memory, "machine": machine}
        told["targets"] = [{**asdict(target), "reached": target.reached({**ratios, **more})} for target in TARGETS]
        print(json.dumps(told, indent=2))
        return 0
    print(", ".join(f"{name} {about}" for name, about in machine.items()))
    show(rows)
    print("\nmegabytes of a process")
    for who, size in text.memory.items():
        print(f"  {who:40}{size}")
    print()
    stage.show_targets(TARGETS, {**ratios, **more})
    return 0


if __name__ == "__main__":
    sys.exit(main())
