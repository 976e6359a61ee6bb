"""A Space that sleeps, is built, was stopped or is replaced: the Hub says so, and knows no more than that."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from asking import ADA, Asked, Nearby, bridge_before, note, row
from conftest import free_port, run
from fault_server import FaultServer, Harm, answer, fault_server
from small_gradio import Hub, SmallGradio

from api_bridge import GradioSpace, waking, wire

AWAY = answer(b"<html>Your Space is sleeping</html>", 503, "text/html")
STUCK = {"PAUSED": "paused", "RUNTIME_ERROR": "runtime error", "BUILD_ERROR": "build error", "STOPPED": "stopped"}


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Hours at the Hub go by in a moment: 10 to 20 ms between two calls, for 2 to 15 s."""
    monkeypatch.setattr(waking, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(waking, "LONGEST_PAUSE", 0.02)


@contextmanager
def on_the_hub(
    monkeypatch, stages: tuple[str, ...], away: int | None = None, patience: float = 3, **harm
) -> Iterator[tuple[Asked, FaultServer, FaultServer]]:
    """
    A bridge before someone/bears, and the Hub that tells its `stages`.

    The Space says 503 as often as `away` says, or until the Hub has said that it runs.
    """
    words, gradio = Hub(*stages), SmallGradio()

    async def play(request):
        if server.asked["config"] <= away if away is not None else "RUNNING" not in words.said:
            yield AWAY
            return
        async for part in gradio(request):
            yield part

    with fault_server(words, harm) as hub, fault_server(play) as server:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        space = GradioSpace("someone/bears", transport=Nearby(server))
        with bridge_before(space, "greet", also=(server, hub), patience=patience) as bridge:
            yield bridge, server, hub


@pytest.mark.parametrize(
    ("stages", "stream"),
    [
        row("asleep, then wakes", "202 → prediction", ("SLEEPING", "BUILDING", "RUNNING"), False),
        row("asleep, told as it wakes", "stages → prediction", ("SLEEPING", "BUILDING", "RUNNING"), True),
        row("building", "202 → prediction", ("BUILDING", "APP_STARTING", "RUNNING"), False, slow=True),
        row("unknown stage", "waking", ("HIBERNATING", "YAWNING", "RUNNING"), False),
    ],
)
def test_a_space_that_comes_back_is_waited_for(stages, stream, record_property, monkeypatch):
    """Whoever waits sees how far it is, and is answered by itself."""
    with on_the_hub(monkeypatch, stages) as (bridge, space, hub):
        ended = note(record_property, bridge.ask("greet", stream=stream))
    assert (ended.prediction, space.asked["call"]) == (ADA, 1)
    assert ended.stages
    assert set(ended.stages) <= set(stages)
    assert hub.asked["runtime"] == 3


@pytest.mark.fault("asleep for ever", "≤ 25 Hub calls")
def test_a_space_that_never_comes_back(record_property, monkeypatch):
    """The Hub is not asked without end, nor again by the next who asks."""
    with on_the_hub(monkeypatch, ("SLEEPING",)) as (bridge, _, hub):
        ended, again = [bridge.ask("greet", {"name": name}) for name in ("Ada", "Bo")]
    note(record_property, ended)
    assert {ended.kind, again.kind} == {"out-of-time"}
    assert set(ended.stages) == {"SLEEPING"}
    assert hub.asked["runtime"] <= waking.CALLS == 25


@pytest.mark.fault("a crowd before a Space that wakes", "one poller")
def test_a_crowd_asks_the_hub_as_one_does(record_property, monkeypatch):
    """Ten visitors are no ten pollers, and all of them are answered."""
    stages = ("SLEEPING",) * 9 + ("RUNNING",)
    with (
        on_the_hub(monkeypatch, stages, patience=6) as (bridge, _, hub),
        ThreadPoolExecutor(10) as crowd,
    ):
        ends = list(crowd.map(lambda name: bridge.ask("greet", {"name": str(name)}), range(10)))
    note(record_property, ends[-1])
    assert {each.kind for each in ends} == {"prediction"}
    assert hub.asked["runtime"] <= 12


@pytest.mark.parametrize("stage", [row(words, "at once", stage) for stage, words in STUCK.items()])
def test_a_space_that_only_its_owner_can_start(stage, record_property, monkeypatch):
    """Nobody waits for what will not come, and the page says whose turn it is."""
    with on_the_hub(monkeypatch, (stage,)) as (bridge, space, hub):
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.kind, ended.told["retryable"]) == ("space-unreachable", False)
    assert (space.asked["config"], hub.asked["runtime"]) == (1, 1)
    assert stage in ended.told["detail"]


@pytest.mark.parametrize(
    ("stage", "away", "asked"),
    [
        row("running-building", "works", "RUNNING_BUILDING", 0, 0),
        row("running-building, with a hiccup", "retried", "RUNNING_BUILDING", 1, 1),
        row("running, with a hiccup", "retried", "RUNNING", 1, 1, slow=True),
    ],
)
def test_a_space_that_runs(stage, away, asked, record_property, monkeypatch):
    """An old version answers while the new one is built; nobody need ask the Hub where it answers."""
    with on_the_hub(monkeypatch, (stage,), away) as (bridge, _, hub):
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.kind, hub.asked["runtime"]) == ("prediction", asked)


@pytest.mark.parametrize(
    ("harm", "away"),
    [
        row("Hub down, the Space up", "works", Harm("reset"), 0),
        row("Hub down, the Space with a hiccup", "retried", Harm("reset"), 1),
        row("Hub says 500", "retried", Harm("say", said=answer(status=500)), 1, slow=True),
        row("Hub says garbage", "retried", Harm("say", said=answer(b'{"stage": 7}')), 1),
        row("Hub hangs", "retried after 5 s", Harm("stall", seconds=60), 1, slow=True),
    ],
)
def test_a_hub_that_is_no_help(harm, away, record_property, monkeypatch):
    """The Space is what counts: a Hub that is ill makes nobody's question fail."""
    with on_the_hub(monkeypatch, ("SLEEPING",), away, patience=8, runtime=[harm, ...]) as (bridge, _, hub):
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.prediction, hub.asked["runtime"]) == (ADA, away)


@pytest.mark.fault("Hub refuses", "retried")
def test_no_hub_at_all(record_property, monkeypatch):
    """Behind a firewall there may be none."""
    with on_the_hub(monkeypatch, ("SLEEPING",), away=1) as (bridge, _, hub):
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{(port := free_port())}")
        hub.port = port  # asked, and not there
        ended = note(record_property, bridge.ask("greet"))
    assert ended.prediction == ADA


@pytest.mark.fault("redeployed mid-job", "retried, cache void")
def test_a_space_that_is_replaced_while_it_works(record_property):
    """The new one answers what the old one had begun, and what the old one said before is not shown any more."""
    old, new = SmallGradio(), SmallGradio(gives={"greet": ["Good day!", 8]})

    async def play(request):
        replaced = space.asked["data"] + (request.kind != "data") > 2
        async for part in (new if replaced else old)(request):
            yield part

    script = {"data": [None, Harm("cut", 60)]}
    with fault_server(play, script) as space, bridge_before(space, "greet") as bridge:
        ends = [bridge.ask("greet", {"name": name, "times": 1}) for name in ("Ada", "Bo", "Ada")]
        note(record_property, ends[1])
    told = [each.prediction["greeting"] for each in ends]
    assert (told, space.asked["call"]) == (["Hello Ada!", "Good day!", "Good day!"], 4)


def test_certificates_are_read_once(monkeypatch):
    """Reading them takes 30 ms, in which nobody is answered: that is not for each call to the Hub."""
    read = []
    monkeypatch.setattr(
        wire.httpx2, "create_ssl_context", lambda: read.append(ssl.create_default_context()) or read[-1]
    )
    wire._trusted.cache_clear()
    for _ in range(9):
        run(wire.HttpWire("https://hub.invalid").close())
    assert len(read) == 1
