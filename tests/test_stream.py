"""A question that takes a while is told as it happens; whoever leaves stops the work, and harms nobody."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest
from conftest import ROOT, gradio_app, run
from servers import served

from api_bridge import Bridge, Contract, GradioSpace, create_app
from api_bridge.faults import AppFailed
from api_bridge.learn import draft
from api_bridge.space import About, Endpoint
from api_bridge.stream import event, told_as_it_happens

EVENTS = {"accept": "text/event-stream"}


@pytest.fixture(scope="module")
def bridge() -> Iterator[str]:
    """The bridge before a real Gradio whose endpoints stream, fail and queue."""
    with gradio_app(ROOT / "tests/matrix/app.py", "blocks") as address:

        async def learned() -> dict[str, Contract]:
            space = GradioSpace(address)
            about = await space.about()
            await space.close()
            names = ("count", "greet", "complain")
            drafts = [draft(about, about.endpoints[f"/{name}"], address, name, {}) for name in names]
            return {each["demo"]: Contract(each, ROOT) for each in drafts}

        with served(create_app(Bridge(run(learned()), {address: GradioSpace(address)}))) as where:
            yield where


def events(where: str, demo: str, value: dict) -> list[tuple[str, dict]]:
    """Ask, and return every event with what it says."""
    with httpx2.stream("POST", f"{where}/v1/demos/{demo}/ask", json=value, headers=EVENTS, timeout=30) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        blocks = response.read().decode().strip().split("\n\n")
    pairs = [block.split("\n") for block in blocks if not block.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(about.removeprefix("data: "))) for name, about in pairs]


def test_parts_come_before_the_whole(bridge):
    """A function that answers bit by bit is seen doing so; the last event is the whole answer."""
    told = events(bridge, "count", {"upto": 3})
    assert told[0][0] == "accepted"
    partials = [about["prediction"] for name, about in told if name == "partial"]
    assert partials == [{"length": number, "greeting": f"so far {number}"} for number in range(3)]
    name, last = told[-1]
    assert (name, last["prediction"]) == ("prediction", {"length": 2, "greeting": "so far 2"})
    assert last["trace_id"] == told[0][1]["trace_id"]


def test_the_place_in_the_queue_is_told(bridge):
    """Whoever waits learns how many are before them."""
    told = events(bridge, "greet", {"name": "Ada", "times": 1})
    assert {"place", "eta"} <= next(about for name, about in told if name == "queue").keys()
    assert told[-1][1]["prediction"] == {"greeting": "Hello Ada!", "length": 3}


def test_a_fault_ends_the_stream_as_a_problem(bridge):
    """The app's own words arrive in the same shape as without a stream."""
    name, problem = events(bridge, "complain", {"name": "Ada"})[-1]
    assert (name, problem["type"]) == ("problem", "urn:tinyspaces:app-failed")
    assert problem["detail"] == "The model says: Only on Tuesdays, Ada."


def test_a_visitors_mistake_is_told_with_its_status(bridge):
    """Before anything is promised."""
    response = httpx2.post(f"{bridge}/v1/demos/greet/ask", json={"nome": "Ada"}, headers=EVENTS)
    assert (response.status_code, response.json()["type"]) == (422, "urn:tinyspaces:input-refused")


class SlowSpace:
    """Answers after an hour, and notes who gave up waiting."""

    deployment = None

    def __init__(self):
        self.asked = threading.Event()
        self.cancelled = threading.Event()

    async def about(self):
        return About("6.31.0", "queue5", {"/greet": Endpoint("/greet", (), (), queued=False)})

    async def ask(self, endpoint, takes, seconds, told=None):
        self.asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def close(self):
        """Nothing is held."""


GREET = {
    "contract": 1,
    "demo": "greet",
    "revision": 1,
    "title": "Greet",
    "input": {"type": "object", "required": [], "additionalProperties": False, "properties": {}},
    "steps": {"greet": {"space": "here", "endpoint": "/greet", "takes": {}, "pure": True}},
    "prediction": {"type": "string"},
    "examples": [],
}


@pytest.mark.parametrize("headers", [{}, EVENTS])
def test_whoever_leaves_stops_the_work(headers):
    """A closed page costs the Space nothing more, with a stream or without."""
    space = SlowSpace()
    app = create_app(Bridge({"greet": Contract(GREET, ROOT)}, {"here": space}))
    with served(app) as where:
        with suppress(httpx2.TimeoutException), httpx2.Client(timeout=1) as client:
            client.post(f"{where}/v1/demos/greet/ask", json={}, headers=headers)
        assert space.asked.is_set()
        assert space.cancelled.wait(5)


def test_silence_is_filled():
    """Proxies close what says nothing: a comment comes in time, and is no event."""

    async def slowly(told):
        await asyncio.sleep(0.35)
        return "prediction", 3

    async def heard():
        return [part async for part in told_as_it_happens(slowly, {}, heartbeat=0.1)]

    parts = run(heard())
    assert parts[0] == event("accepted", {})
    assert parts[-1] == event("prediction", 3)
    assert parts[1:-1] == [b": still here\n\n"] * len(parts[1:-1])
    assert len(parts) >= 4


def test_a_slow_reader_loses_progress_and_never_the_prediction():
    """What is not read in time is dropped, but for the end."""

    async def chatty(told):
        for number in range(1000):
            told("progress", number)
        return "prediction", "whole"

    async def heard():
        return [part async for part in told_as_it_happens(chatty, {})]

    parts = run(heard())
    assert parts[-1] == event("prediction", "whole")
    assert 10 < len(parts) < 100


def test_a_surprise_is_raised_to_whoever_listens():
    """Nothing is swallowed: the face turns it into a problem."""

    async def broken(told):
        raise AppFailed("no")

    async def heard():
        return [part async for part in told_as_it_happens(broken, {})]

    with pytest.raises(AppFailed):
        run(heard())


def test_a_text_with_line_ends_is_one_event():
    """What a Space says can not forge another event."""
    assert event("partial", "a\n\nevent: prediction\ndata: 1\r").count(b"\n") == 3
