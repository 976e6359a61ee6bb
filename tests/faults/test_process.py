"""The bridge as a process: told to stop, killed, set up wrongly."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx2
import pytest
from asking import Asked, note, row
from conftest import CATDOG, ROOT, free_port
from fault_server import FaultServer, Harm, fault_server
from PIL import Image
from small_gradio import SmallGradio

PATIENCE = 20.0  # seconds: these machines are busy


class Standing(Asked):
    """A bridge that is a process of its own."""

    def __init__(self, where: str, process: subprocess.Popen[str]):
        super().__init__(where, PATIENCE)
        self.process = process

    def peak(self) -> int:
        """The most memory it ever had, in megabytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1000

    def workers(self) -> list[int]:
        """The processes that clean its photos."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(each) for each in children.split()]


@contextmanager
def standing(
    folder: Path,
    space: FaultServer,
    *,
    port: int | None = None,
    limits: Callable[[], None] | None = None,
    **settings: str,
) -> Iterator[Standing]:
    """Run `python -m api_bridge serve` before `space` until the block ends, if it has not ended by then."""
    (folder / "catdog").mkdir(exist_ok=True)
    shutil.copy(CATDOG / "contract.json", folder / "catdog")
    port = port or free_port()
    known = {"patience": str(PATIENCE), "burst": "1000", "per_minute": "10000", "queue": "1000", **settings}
    environment = {f"TINYSPACES_{name.upper()}" if name.islower() else name: value for name, value in known.items()}
    words = ["serve", "--demos", folder, "--here", space.address, "--port", port]
    process = subprocess.Popen(
        [sys.executable, "-m", "api_bridge", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limits,
    )
    bridge = Standing(f"http://127.0.0.1:{port}", process)
    try:
        while not alive(bridge):
            assert process.poll() is None, process.stderr.read()
        yield bridge
    finally:
        bridge.visitor.close()
        process.kill()
        process.communicate()


def alive(bridge: Standing) -> bool:
    try:
        return bridge.visitor.get("/healthz").status_code == 200
    except httpx2.TransportError:
        time.sleep(0.05)
        return False


@cache
def photo(*size: int) -> bytes:
    """A photo of this size that is small to send, and large to read."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


# --- its end


@pytest.mark.slow
@pytest.mark.fault("SIGTERM", "readyz 503 at once, running ≤ 25 s, exit 0")
def test_told_to_stop_it_finishes_what_it_began(tmp_path, record_property):
    """A deployment costs nobody an answer."""
    with (
        fault_server(SmallGradio(), {"run": [Harm("stall", None, 3.0)]}) as space,
        standing(tmp_path, space) as bridge,
        ThreadPoolExecutor() as beside,
    ):
        running = beside.submit(bridge.ask, "catdog")
        while not space.asked["run"]:
            time.sleep(0.01)
        bridge.process.send_signal(signal.SIGTERM)
        while bridge.visitor.get("/readyz").status_code == 200:
            time.sleep(0.01)
        refused = bridge.ask("catdog", files={"photo": photo(300, 300)})
        assert not running.done()
        ended = running.result()
        code = bridge.process.wait(10)
    record_property("seen", f"{ended}; a new one: {refused}; exit {code}")
    assert (ended.kind, refused.status, code) == ("prediction", 503, 0)


@pytest.mark.slow
@pytest.mark.fault("killed and restarted", "answers again; nothing left behind")
def test_killed_it_leaves_nothing(tmp_path, record_property):
    """Its workers end by themselves, the Space is hung up on, and the port is free for the next."""
    port = free_port()
    with fault_server(SmallGradio(), {"run": [Harm("stall", None, 60)]}) as space:
        with standing(tmp_path, space, port=port) as bridge, ThreadPoolExecutor() as beside:
            running = beside.submit(bridge.ask, "catdog", files={"photo": photo(2000, 2000)})
            while not space.asked["run"]:
                time.sleep(0.01)
            workers = bridge.workers()
            bridge.process.kill()
            with pytest.raises(httpx2.TransportError):
                running.result()
        assert workers
        for _ in range(500):
            if space.left and all(map(gone, workers)):
                break
            time.sleep(0.01)
        assert (space.left, [pid for pid in workers if not gone(pid)]) == (1, [])
        with standing(tmp_path, space, port=port) as bridge:
            ended = note(record_property, bridge.ask("catdog"))
    assert ended.kind == "prediction"


# --- set up wrongly


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        row("contract missing", "clear log, exit 2", None, "No demo has a contract under", slow=True),
        row("contract cut short", "clear log, exit 2", '{"contract": 1, "demo"', "can not be read"),
        row("contract of another kind", "clear log, exit 2", '{"contract": 1}', "is not a contract", slow=True),
        row("contract empty", "clear log, exit 2", "", "can not be read", slow=True),
    ],
)
def test_a_broken_contract_is_said_in_a_line(contract, said, tmp_path, record_property):
    """Whoever starts it reads what is wrong, where, and what to do; nothing is served half."""
    if contract is not None:
        (tmp_path / "catdog").mkdir()
        (tmp_path / "catdog/contract.json").write_text(contract)
    words = ["serve", "--demos", str(tmp_path), "--port", str(free_port())]
    done = subprocess.run([sys.executable, "-m", "api_bridge", *words], cwd=ROOT, capture_output=True, text=True)
    record_property("seen", f"exit {done.returncode}: {done.stderr}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


@pytest.mark.slow
@pytest.mark.fault("Space gone at the start", "alive, readyz 503")
def test_it_starts_without_its_space(tmp_path, record_property):
    """The bridge may be up first; a balancer sees that it can not answer yet."""
    with fault_server(SmallGradio()) as space:
        port = space.port
    space.port = port
    with standing(tmp_path, space) as bridge:
        ready = bridge.visitor.get("/readyz")
        ended = note(record_property, bridge.ask("catdog"))
    assert (ready.status_code, ready.json()["demos"]["catdog"]["fault"]) == (503, "space-busy")
    assert (ended.kind, ended.told["retryable"]) == ("space-busy", True)
