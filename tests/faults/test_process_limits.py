"""The bridge as a process that is short of something: of time, memory, files, a disk; or of the right hour."""

import resource
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from asking import bridge_before, looked_at, note
from fault_server import Harm, fault_server
from small_gradio import SmallGradio
from test_process import PATIENCE, photo, standing

from api_bridge.admission import Gate

ASK = "/v1/demos/catdog/ask"
LARGEST = (4898, 4898)  # pixels, a little below 24 million


def counted(ends: Counter[str]) -> str:
    return ", ".join(f"{number} {end}" for end, number in ends.items())


@pytest.mark.slow
@pytest.mark.fault("decoding for seconds", "healthz < 1 s")
def test_large_photos_hold_up_nobody(tmp_path, record_property):
    """While it reads the largest photos there are, it is alive to whoever asks."""
    large = photo(*LARGEST)
    with (
        fault_server(SmallGradio()) as space,
        standing(tmp_path, space) as bridge,
        ThreadPoolExecutor() as beside,
    ):
        asking = [beside.submit(bridge.ask, "catdog", files={"photo": large}) for _ in range(5)]
        slowest = 0.0
        while not all(each.done() for each in asking):
            started = time.monotonic()
            assert bridge.visitor.get("/healthz").status_code == 200
            slowest = max(slowest, time.monotonic() - started)
        ends = Counter(each.result().kind for each in asking)
    record_property("seen", f"{ends['prediction']} of 5 answered, healthz ≤ {slowest:.2f} s")
    assert ends == {"prediction": 5}
    assert slowest < 1


@pytest.mark.slow
@pytest.mark.fault("50 photos of 24 megapixels at once", "memory capped")
def test_a_crowd_of_large_photos_is_not_read_at_once(tmp_path, record_property):
    """Some are cleaned, the others are told when to come back; the machine goes on."""
    large = photo(*LARGEST).ljust(7_900_000, b"\0")
    with (
        fault_server(SmallGradio()) as space,
        standing(tmp_path, space) as bridge,
        ThreadPoolExecutor(50) as crowd,
    ):
        before = bridge.peak()
        ends = list(crowd.map(lambda _: looked_at(bridge.visitor.post(ASK, files={"photo": large})), range(50)))
        more = bridge.peak() - before
    told = Counter(each.kind for each in ends)
    record_property("seen", f"{counted(told)}; {more} MB more for 395 MB of photos")
    assert set(told) <= {"prediction", "space-busy", "out-of-time"}
    assert told["prediction"] > 0
    assert more < 800


@pytest.mark.slow
@pytest.mark.fault("64 file descriptors", "goes on")
def test_few_files_are_enough(tmp_path, record_property):
    """When there are no more connections to give, those there are come to their end, and the next are taken."""

    def limits():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    def ask(number: int) -> str:
        try:
            with httpx2.Client(base_url=bridge.where, timeout=PATIENCE + 5, verify=False) as visitor:
                return str(visitor.post(ASK, files={"photo": photo(300, 300 + number)}).status_code)
        except httpx2.TransportError:
            return "no line"

    with fault_server(SmallGradio()) as space, standing(tmp_path, space, limits=limits) as bridge:
        with ThreadPoolExecutor(100) as crowd:
            ends = Counter(crowd.map(ask, range(100)))
        ended = bridge.ask("catdog", files={"photo": photo(300, 299)})
        assert bridge.process.poll() is None
    record_property("seen", f"{counted(ends)}; then {ended}")
    assert set(ends) <= {"200", "503", "504", "no line"}
    assert (ends["200"] > 0, ended.kind) == (True, "prediction")


@pytest.mark.fault("disk full", "works")
def test_no_disk_is_needed(tmp_path, record_property):
    """Photos never touch one: where not a byte can be written, large ones are answered as ever."""

    def limits():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    nowhere = {"TMPDIR": str(tmp_path / "nowhere"), "PYTHONDONTWRITEBYTECODE": "1"}
    with fault_server(SmallGradio()) as space, standing(tmp_path, space, limits=limits, **nowhere) as bridge:
        ended = note(record_property, bridge.ask("catdog", files={"photo": photo(2000, 2000).ljust(5_000_000, b"\0")}))
    assert ended.kind == "prediction"


@pytest.mark.fault("clock jumps an hour", "timers unmoved")
def test_another_hour_changes_nothing(record_property, monkeypatch):
    """Summer time, or a clock put right: no question ends for it, none is let in, none is forgotten."""
    real, hours = time.time, [0]
    monkeypatch.setattr(time, "time", lambda: real() + 3600 * hours[0])
    script = {"run": [Harm("stall", None, 0.6)]}
    with (
        fault_server(SmallGradio(), script) as space,
        bridge_before(space, gate=Gate(time.monotonic, 1, 2)) as bridge,
        ThreadPoolExecutor(1) as beside,
    ):
        bridge.visitor.get("/readyz")
        for jump in (1, -1):
            running = beside.submit(bridge.ask, "greet_directly")
            while not space.asked["run"]:
                time.sleep(0.01)
            hours[0] += jump
            assert note(record_property, running.result()).kind == "prediction"
        refused = bridge.ask("greet_directly")
    assert space.asked["run"] == 1  # the second was remembered
    assert (refused.kind, int(refused.headers["Retry-After"]) > 30) == ("too-many-questions", True)
