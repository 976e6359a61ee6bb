"""Event streams of random bytes, and good ones in odd dress; and streams of ours, for readers who are slow or leave."""

import asyncio
import json
from typing import Any

import httpx2
from conftest import run
from fuzz import JSON, often
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_patience import now, virtually

from api_bridge import GradioSpace
from api_bridge.faults import Fault
from api_bridge.stream import HEARTBEAT, UNREAD, event, told_as_it_happens

PROTOCOLS = {"sse": "", "sse_v1": "", "sse_v2": "", "sse_v2.1": "", "sse_v3": "/gradio_api"}
INFO = {"named_endpoints": {"/say": {"parameters": [{"parameter_name": "text"}]}}}


class Saying(httpx2.AsyncBaseTransport):
    """A Gradio of which only the event stream is of interest: it says these pieces, and ends."""

    def __init__(self, protocol: str, pieces: list[bytes]):
        self._pieces = pieces
        box = {"id": 1, "type": "textbox", "props": {"label": "Text"}}
        say = {"id": 0, "api_name": "say", "inputs": [1], "outputs": [1], "queue": True}
        prefix = {"api_prefix": PROTOCOLS[protocol]} if PROTOCOLS[protocol] else {}
        self._config = {"version": "4.44.1", "protocol": protocol, "components": [box], "dependencies": [say], **prefix}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(200, json={"event_id": "event1"})
        if "/queue/" in request.url.path:
            return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Pieces(self._pieces))
        return httpx2.Response(200, json=INFO if request.url.path.endswith("/info") else self._config)


class Pieces(httpx2.AsyncByteStream):
    def __init__(self, pieces: list[bytes]):
        self._pieces = pieces

    async def __aiter__(self):
        for piece in self._pieces:
            yield piece


def heard(protocol: str, pieces: list[bytes]) -> tuple[Any, list[Any]]:
    """What asking comes to where the event stream says `pieces`, and the parts that were told before."""
    told = []

    async def ask():
        space = GradioSpace("http://space.example", transport=Saying(protocol, pieces))
        try:
            return await space.ask("/say", {"text": "Hello"}, 5, lambda *said: told.append(said))
        except Fault as fault:
            return fault
        finally:
            await space.close()

    return run(ask()), [about for kind, about in told if kind == "partial"]


MESSAGES = ["send_data", "estimation", "progress", "process_generating", "process_completed", "queue_full", "heartbeat"]
OUTPUTS = st.lists(
    st.sampled_from(["a", [["append", [], "b"]], [["add", [0], 1]], [["delete", ["x"], 0]]]) | JSON, max_size=2
)
messages = st.fixed_dictionaries(
    {"msg": st.sampled_from(MESSAGES)},
    optional={
        "output": st.fixed_dictionaries({}, optional={"data": OUTPUTS | JSON, "error": JSON}) | JSON,
        "success": JSON,
        "event_id": JSON,
        "progress_data": st.none() | st.lists(st.dictionaries(st.sampled_from(["index", "desc"]), JSON)),
        "rank": JSON,
    },
)
LINES = [
    b"data: {",
    b"data:",
    b"data",
    b"event: x",
    b"id: \0",
    b"retry: x",
    b": beats",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"data: " + b"[" * 2000,
]


@st.composite
def streams(draw) -> list[bytes]:
    """Messages with odd lines between them, cut into pieces anywhere."""
    said = draw(
        st.lists(
            messages.map(lambda each: b"data: " + json.dumps(each).encode())
            | st.sampled_from(LINES)
            | st.binary(max_size=9),
            max_size=8,
        )
    )
    end = draw(st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r", b"\n"]))
    return cut(draw, end.join([*said, b""]))


def cut(draw, whole: bytes) -> list[bytes]:
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    return [whole[begin:end] for begin, end in zip([0, *places], [*places, len(whole)], strict=True)]


@often
@given(st.sampled_from(list(PROTOCOLS)), streams())
@example("sse_v3", [b"data: " + b"x" * 5_000_000])
@example("sse_v3", [b"data: x\n" * 600_000])
@example("sse_v3", [b"data: {}\n\n" * 100_000])
@example("sse_v3", [b"\r"] * 50_000)
def test_no_event_stream_is_too_odd(protocol, pieces):
    """A prediction or a fault of ours comes of it, whatever a Space says."""
    ended, _ = heard(protocol, pieces)
    assert isinstance(ended, list | Fault)


@often
@given(
    st.sampled_from(list(PROTOCOLS)),
    st.text(max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(0, 2),
    st.data(),
)
def test_a_good_event_stream_is_understood_however_it_comes(protocol, text, end, spread, data):
    """Line ends of any kind, comments, a mark at the beginning, a message on several lines, and cuts anywhere."""
    output = {"data": [text], "is_generating": False}
    generating = {"msg": "process_generating", "output": output, "success": True}
    completed = {"msg": "process_completed", "output": output, "success": True}
    lines = []
    for message in ({"msg": "estimation", "rank": 0}, generating, completed):
        lines += [": a comment", "event: message"]
        lines += [
            f"data: {line}" for line in json.dumps(message, ensure_ascii=False, indent=spread or None).split("\n")
        ]
        lines += [""]
    whole = "".join(line + end for line in lines).encode()
    ended, parts = heard(protocol, cut(data.draw, data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + whole))
    assert (ended, parts) == ([text], [[text]])


# --- streams of ours

WAITS = st.sampled_from([0.0, 0.1, 4.0, 25.0])  # seconds
happening = st.lists(st.tuples(WAITS, st.sampled_from([0, 1, 3, UNREAD, 200])), max_size=6)


@settings(often, max_examples=often.max_examples // 5)  # each is minutes, of a clock that jumps
@given(happening, st.booleans(), st.lists(WAITS, max_size=12), st.none() | st.integers(1, 12))
def test_a_reader_may_be_slow_or_leave(happens, well, reads, leaves):
    """Nobody waits for them: what they miss is progress, never the end; and when they leave, the work ends."""
    said, heard, silences, ended = [], [], [], []

    async def ask(told):
        try:
            for wait, times in happens:
                await asyncio.sleep(wait)
                for _ in range(times):
                    said.append(("progress", len(said)))
                    told(*said[-1])
            await asyncio.sleep(1)
            return ("prediction", "whole") if well else ("problem", "none")
        finally:
            ended.append(now())

    async def reader():
        pauses, last, stream = iter(reads), now(), told_as_it_happens(ask, "trace")
        async for part in stream:
            silences.append(now() - last)
            heard.append(part)
            if len(heard) == leaves:
                await stream.aclose()
                break
            await asyncio.sleep(next(pauses, 0.0))
            last = now()

    virtually(reader())
    assert len(ended) == (len(heard) > 1)  # it begins when somebody has heard that it was accepted
    assert max(silences) <= HEARTBEAT + 1e-6  # or somebody between us would hang up
    events = [part for part in heard if not part.startswith(b":")]
    assert events[0] == event("accepted", "trace")
    told, end = events[1:], event(*(("prediction", "whole") if well else ("problem", "none")))
    if leaves is None or len(heard) < leaves:
        assert told[-1] == end
    left = iter([*(event(*each) for each in said), end])
    assert all(each in left for each in told)  # in their order, each once
    if len(said) <= UNREAD and leaves is None:
        assert len(told) == len(said) + 1  # nothing is missed
