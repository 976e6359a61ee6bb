"""What the benchmarks of the bridge share: Spaces, bridges and askers as processes, and their numbers."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CAT = ROOT / "site/demos/catdog/examples/cat.jpg"
NODE = shutil.which("node") or str(Path(sys.executable).with_name("node"))

TEXT = {"kind": "text", "title": "Name", "type": "string", "maxLength": 200}
SAID = {"kind": "text", "title": "Said", "type": "string"}
PHOTO = {
    "kind": "image",
    "title": "Photo",
    "type": "object",
    "required": ["media", "size"],
    "properties": {
        "media": {"type": "string", "enum": ["image/jpeg"]},
        "size": {"type": "integer", "maximum": 8_000_000},
        "pixels": {"type": "integer", "maximum": 24_000_000},
    },
}
LABEL = {"kind": "label", "type": "object", "required": ["label"], "properties": {"label": {"type": "string"}}}


def write_demos(folder: Path) -> Path:
    """Write the contracts of the Space in space.py into `folder`, and return it."""
    for demo, field, prediction in (
        ("greet", {"name": TEXT}, SAID),
        ("greet-queued", {"name": TEXT}, SAID),
        ("spell", {"name": TEXT}, SAID),
        ("measure", {"photo": PHOTO}, LABEL),
    ):
        (name,) = field
        endpoint = "/" + demo.replace("-", "_")
        contract = {
            "contract": 1,
            "demo": demo,
            "revision": 1,
            "title": demo.capitalize(),
            "input": {"type": "object", "required": [name], "additionalProperties": False, "properties": field},
            "steps": {
                "only": {"space": "here", "endpoint": endpoint, "takes": {name: f"input.{name}"}, "pure": True},
            },
            "prediction": prediction,
            "examples": [],
        }
        (folder / demo).mkdir(parents=True)
        (folder / demo / "contract.json").write_text(json.dumps(contract), encoding="utf-8")
    return folder


# --- processes


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: list[object], log: Path, cwd: Path = ROOT, **more: object) -> subprocess.Popen[bytes]:
    """Start a program of the project; what it says goes into `log`."""
    with log.open("ab") as words:
        env = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **{name: str(value) for name, value in more.items()}}
        return subprocess.Popen([*map(str, command)], cwd=cwd, env=env, stdout=words, stderr=words)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
    """Return as soon as `address` answers well, or end the program with the last words of `process`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.1)
    last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    raise SystemExit(f"{address} did not come up: {last}")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class RunningSpace:
    """The Space in space.py, which can be killed and started again at the same address."""

    def __init__(self, folder: Path, demos: Path):
        self.port, self._log, self._demos = free_port(), folder / "space.log", demos
        self.address = f"http://127.0.0.1:{self.port}"
        self.takes = 0.0  # seconds to come up

    def start(self) -> None:
        self.process = start([sys.executable, HERE / "space.py", self.port, self._demos], self._log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "RunningSpace":
        began = time.monotonic()
        self.start()
        try:
            wait_for(f"{self.address}/config", self.process, self._log)
        except BaseException:
            stop(self.process)
            raise
        self.takes = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process)


@contextmanager
def bridge(folder: Path, here: str, demos: Path, **settings: object) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the bridge alone before the Space at `here`, its gate wide open; yield its address and its process."""
    port = free_port()
    wide = {"TINYSPACES_PER_MINUTE": 100_000, "TINYSPACES_BURST": 100_000}
    given = {f"TINYSPACES_{name.upper()}": value for name, value in settings.items()}
    log = folder / "bridge.log"
    command = [sys.executable, "-m", "api_bridge", "serve", "--here", here, "--demos", demos, "--port", port]
    process = start(command, log, **wide, **given)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, log)
        yield f"http://127.0.0.1:{port}", process
    finally:
        stop(process)


@contextmanager
def published(folder: Path, *words: object) -> Iterator[tuple[str, Path]]:
    """Run the Space that this project publishes, told more in `words`; yield its address, and the folder of its demos."""
    command = [sys.executable, "-m", "training.publish", "--to", folder, *words]
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, stdout=sys.stderr)
    port, log = free_port(), folder / "space.log"
    process = start([sys.executable, "app.py"], log, folder, GRADIO_SERVER_PORT=port)
    try:
        wait_for(f"http://127.0.0.1:{port}/config", process, log)
        yield f"http://127.0.0.1:{port}", folder / "demos"
    finally:
        stop(process)


class Asker:
    """One way of asking, as a process of its own (asker.py or asker.mjs)."""

    def __init__(self, **way: object):
        program = [NODE, HERE / "asker.mjs"] if way["how"] == "js_client" else [sys.executable, HERE / "asker.py"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*program, json.dumps(way)], stdin=pipe, stdout=pipe, text=True, cwd=HERE)

    def ask(self, askers: int, seconds: float) -> dict:
        """Let so many ask for so long; return `{"times", "failures", "refused", "asked", "seconds"}`."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps({"askers": askers, "seconds": seconds}), file=self.process.stdin, flush=True)
        if not (line := self.process.stdout.readline()):
            raise SystemExit(f"An asker ended: {self.process.args}")
        return json.loads(line)

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process)


# --- numbers


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()


def counted(address: str, method: str = "", but: tuple[str, ...] = ()) -> int:
    """How many requests have reached the Gradio at `address`: those by one method only, and not those from `but`."""
    told = json.loads(get(f"{address}/counted"))
    return sum(number for sent, number in told.items() if sent.startswith(method) and not sent.endswith(but))


def metric(bridge: str, name: str) -> float:
    """The sum of a bridge's counter over all its labels."""
    lines = [line for line in get(f"{bridge}/metrics").splitlines() if line.startswith(f"tinyspaces_{name}{{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def megabytes(process: subprocess.Popen) -> float | None:
    """The memory that a process holds now, where the system tells; its children's is not among it."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True)
    return round(int(done.stdout) / 1024, 1) if done.stdout.strip().isdecimal() else None


def percentile(times: list[float], part: float) -> float | None:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] if times else None


@dataclass(frozen=True)
class Target:
    """A number to reach: at most this, or at least that."""

    name: str
    words: str
    most: float | None = None
    least: float | None = None

    def reached(self, numbers: dict[str, float | None]) -> bool | None:
        """Whether it is, where the number was measured."""
        number = numbers.get(self.name)
        if number is None:
            return None
        return number <= self.most if self.most is not None else number >= (self.least or 0)


def show_targets(targets: tuple[Target, ...], numbers: dict[str, float | None]) -> None:
    """Print each target beside what was reached, then the other numbers."""
    for target in targets:
        wanted = f"at most {target.most:g}" if target.most is not None else f"at least {target.least:g}"
        word = {True: "reached", False: "MISSED", None: "unknown"}[target.reached(numbers)]
        print(f"  {word:9}{target.words:48}{numbers.get(target.name)!s:>9}   {wanted}")
    for name, number in numbers.items():
        if name not in {target.name for target in targets}:
            print(f"           {name:48}{number!s:>9}")


def said(text: str) -> None:
    """Say how far it is, where somebody looks on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
