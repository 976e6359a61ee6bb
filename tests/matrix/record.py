"""
Record what every generation says, for the tests that run without them.

    python tests/matrix/record.py             all of them: five minutes, and the environments
    python tests/matrix/record.py 6.31.0      one
"""

import asyncio
import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent), str(TESTS / "matrix")]

from generations import COMPONENTS, ROWS, running
from questions import ASK

from api_bridge.space import GradioSpace
from api_bridge.transcript import RecordingWire
from api_bridge.wire import HttpWire

TRANSCRIPTS = TESTS / "transcripts"


async def recorded(address: str, app: str) -> dict:
    wire = RecordingWire(HttpWire(address))
    space = GradioSpace(address, wire=wire)
    try:
        if wrong := await ASK[app](space):
            raise SystemExit(f"{address}: {wrong}")
        return wire.transcript()
    finally:
        await space.close()


def main() -> None:
    TRANSCRIPTS.mkdir(exist_ok=True)
    for version, mode, app in ROWS + COMPONENTS:
        if sys.argv[1:] and version not in sys.argv[1:]:
            continue
        with running(version, app, spaces=mode == "spaces") as address:
            transcript = asyncio.run(recorded(address, app))
        path = TRANSCRIPTS / f"{version}-{mode}-{app}.json"
        path.write_text(json.dumps(transcript, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path.name, path.stat().st_size, flush=True)


if __name__ == "__main__":
    main()
