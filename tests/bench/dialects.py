"""
Who can still ask which Gradio: the bridge, and Gradio's two own clients, one real image question each.

    python dev.py bench dialects            a table; some minutes
    python dev.py bench dialects --json     {"rows": [{"version", "mode", "app", "bridge", "gradio_client", "js_client"}]}

Each cell is `ok`, or why not. The bridge is asked everything in tests/matrix/questions.py;
the clients one photo, and the one for pages a second time.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent), str(TESTS / "matrix")]

from generations import ROWS, environment, running
from questions import ASK, PHOTO

from api_bridge.faults import Fault
from api_bridge.space import GradioSpace

PATIENCE = 15  # seconds for a client that may never answer


def bridge(address: str, app: str) -> str:
    """Ask through the bridge's own dialects."""

    async def once() -> str:
        space = GradioSpace(address)
        try:
            return await ASK[app](space) or "ok"
        except Fault as fault:
            return f"{fault.kind}: {fault.detail}"
        finally:
            await space.close()

    return asyncio.run(once())


def endpoint(version: str, app: str) -> str:
    return "/turn" if app == "blocks" or version.startswith("6.") else "/predict"


def gradio_client(address: str, name: str) -> str:
    code = (
        "import sys\n"
        "from gradio_client import Client, handle_file\n"
        "said = Client(sys.argv[1], verbose=False).predict(handle_file(sys.argv[3]), 'Ada', 2, api_name=sys.argv[2])\n"
        "assert said[1] == 'Hello Ada!Hello Ada!', said\n"
        "print('ok')\n"
    )
    return outcome([sys.executable, "-c", code, address, name, str(PHOTO)])


def js_client(address: str, name: str) -> str:
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    return outcome([node, "client.mjs", address, name, str(PHOTO)], cwd=TESTS / "bench")


def outcome(command: list[str], cwd: Path | None = None) -> str:
    """What a client's process said last; `hangs` where it never did."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"hangs ({PATIENCE} s)"
    lines = (done.stdout.strip() or done.stderr.strip() or "it said nothing").splitlines()
    return next((line for line in lines if "Error" in line), lines[-1]).strip()[:100]


def row(version: str, mode: str, app: str) -> dict[str, str]:
    """Start one server, and let all three ask it."""
    name = endpoint(version, app)
    with running(version, app, spaces=mode == "spaces") as address, ThreadPoolExecutor() as threads:
        ours = bridge(address, app)
        theirs = threads.submit(gradio_client, address, name), threads.submit(js_client, address, name)
        return {
            "version": version,
            "mode": mode,
            "app": app,
            "bridge": ours,
            "gradio_client": theirs[0].result(),
            "js_client": theirs[1].result(),
        }


def main() -> int:
    """Print the table; return 1 when the bridge failed anywhere."""
    parser = argparse.ArgumentParser(prog="dev.py bench dialects", description="Who can still ask which Gradio.")
    parser.add_argument("--json", action="store_true", help="the rows as JSON, and nothing else")
    parser.add_argument("versions", nargs="*", help="only these")
    options = parser.parse_args()
    wanted = [each for each in ROWS if not options.versions or each[0] in options.versions]
    for version in dict.fromkeys(version for version, _, _ in wanted):
        environment(version)
    rows = []
    for number, each in enumerate(wanted, 1):
        rows.append(row(*each))
        if not options.json:
            print(
                "{version:7} {mode:7} {app:10} {bridge:30} {gradio_client:50} {js_client}".format(**rows[-1]),
                flush=True,
            )
        elif sys.stderr.isatty():
            print(f"\r{number} of {len(wanted)}", end="", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps({"rows": rows}, indent=2))
    else:
        for who in ("bridge", "gradio_client", "js_client"):
            print(f"{who}: {sum(each[who] == 'ok' for each in rows)} of {len(rows)}")
    return 0 if all(each["bridge"] == "ok" for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
