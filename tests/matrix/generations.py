"""
Fifteen generations of Gradio, each a real process in an environment of its own.

    with running("4.12.0", "blocks", spaces=True) as address: …

Environments are made once, by uv, and kept below `.local/matrix/`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".local" / "matrix"


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


VERSIONS = sorted((path.name.removesuffix(".txt") for path in HERE.glob("*.txt")), key=_order)
APPS = ("interface", "blocks")
PROGRAMS = {
    "interface": ("app.py", "interface"),
    "blocks": ("app.py", "blocks"),
    "components": ("components.py",),
}
MODES = ("plain", "spaces")
# 2.9.4 has no Blocks.
ROWS = [
    (version, mode, app)
    for version in VERSIONS
    for mode in MODES
    for app in APPS
    if (version, app) != ("2.9.4", "blocks")
]
# What each component is, in every generation that has Blocks.
COMPONENTS = [(version, "plain", "components") for version in VERSIONS if version != "2.9.4"]


def environment(version: str) -> Path:
    """Return the Python that runs Gradio `version`, made now if it is not there yet; needs uv, and packages to fetch."""
    folder = ENVIRONMENTS / version
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins = (HERE / f"{version}.txt").read_text()
    stamp = folder / "ready"
    if not (stamp.exists() and stamp.read_text() == pins):
        shutil.rmtree(folder, ignore_errors=True)
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", "3.11", str(folder)], check=True)
        install = [
            "pip",
            "install",
            "--quiet",
            "--python",
            str(python),
            "--no-deps",
            "-r",
            str(HERE / f"{version}.txt"),
        ]
        subprocess.run([*uv, *install], check=True)
        stamp.write_text(pins)
    return python


@contextmanager
def running(version: str, app: str, *, spaces: bool = False) -> Iterator[str]:
    """Run the matrix's app of that name, as on Spaces or plain; yield its address."""
    port = free_port()
    settings = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_SERVER_PORT": str(port)}
    if spaces:
        settings |= {"SYSTEM": "spaces", "SPACE_ID": "someone/name"}
    log = ENVIRONMENTS / f"{version}-{app}.log"
    program, *words = PROGRAMS[app]
    python = environment(version)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [python, HERE / program, str(port), *words],
            env={**os.environ, **settings},
            stdout=out,
            stderr=out,
            cwd=ENVIRONMENTS,  # the oldest leave a folder where they run
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{log}: {log.read_text(errors='replace')[-400:]}")
        with suppress(OSError), urllib.request.urlopen(f"{address}/config", timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"{log}: it did not answer within two minutes")
