"""A Space, or what stands before it, that answers with a status: who waits, who asks again, who is told at once."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from asking import ADA, bridge_before, note, row
from fault_server import Harm, answer, event_stream, fault_server
from small_gradio import SmallGradio, event

from api_bridge import GradioSpace


def says(status: int, body: bytes = b"{}", media: str = "application/json", **headers: str) -> Harm:
    return Harm("say", said=answer(body, status, media, **headers))


HTML = says(500, b"<html><h1>Internal Server Error</h1></html>", "text/html")
FULL = says(503, b'{"detail": "Queue is full. Max size is 1 and size is 1."}')
FULL_LATER = Harm("say", said=event_stream(event({"msg": "queue_full"})))
LONG = b'"' + b"x" * 5_000_000 + b'"'
ENDLESS = Harm("say", said=b"HTTP/1.1 200 OK\r\n\r\n" + LONG[:-1])

# The harm, how it ends, how often who was asked, and the seconds between the first two of them at least.
ROWS = [
    row(
        "429 with Retry-After 2",
        "waits 2 s",
        {"run": [says(429, Retry_After="2")]},
        "prediction",
        {"run": 2},
        2.0,
        slow=True,
    ),
    row(
        "503 with Retry-After 1",
        "waits 1 s",
        {"run": [says(503, Retry_After="1")]},
        "prediction",
        {"run": 2},
        1.0,
        slow=True,
    ),
    row(
        "503 with Retry-After -3",
        "as if unsaid",
        {"run": [says(503, Retry_After="-3")]},
        "prediction",
        {"run": 2},
        0,
        slow=True,
    ),
    row(
        "503 for 10⁴⁰⁰ s",
        "as if unsaid",
        {"run": [says(503, Retry_After="9" * 400)]},
        "prediction",
        {"run": 2},
        0,
        slow=True,
    ),
    row("503 with garbage", "as if unsaid", {"run": [says(503, Retry_After="soon")]}, "prediction", {"run": 2}, 0),
    row("429 without a word", "b = 1 s", {"run": [says(429)]}, "prediction", {"run": 2}, 0.19),
    row("queue full", "b = 1 s", {"call": [FULL]}, "prediction", {"call": 2, "data": 1}, 0.19),
    row("queue full, told later", "b = 1 s", {"data": [FULL_LATER]}, "prediction", {"call": 2, "data": 2}, 0.19),
    row(
        "500 with an HTML page", "/config again, then again", {"run": [HTML]}, "prediction", {"config": 2, "run": 2}, 0
    ),
    row("500 with an HTML page, for ever", "busy", {"run": [HTML, ...]}, "space-busy", {"run": 3}, 0, slow=True),
    row("502", "retried", {"run": [says(502)]}, "prediction", {"run": 2}, 0),
    row("504", "retried", {"run": [says(504)]}, "prediction", {"run": 2}, 0, slow=True),
    row("503 for ever", "busy after 3", {"run": [says(503), ...]}, "space-busy", {"run": 3}, 0),
    row("503 for /info", "retried", {"info": [says(503)]}, "prediction", {"info": 2, "run": 1}, 0),
    row("401", "failed", {"run": [says(401), ...]}, "space-unreachable", {"run": 1}, 0),
    row("403", "failed", {"config": [says(403), ...]}, "space-unreachable", {"config": 1}, 0, slow=True),
    row("404, no such Space", "failed", {"config": [says(404), ...]}, "contract-broken", {"config": 1, "run": 0}, 0),
    row("5 MB of JSON", "4 MB cap", {"run": [says(200, LONG), ...]}, "contract-broken", {"run": 1}, 0),
    row("an answer without end", "4 MB cap", {"run": [ENDLESS, ...]}, "contract-broken", {"run": 1}, 0),
]


@pytest.mark.parametrize(("script", "ends", "asked", "waits"), ROWS)
def test_a_status(script, ends, asked, waits, record_property):
    """What may be over in a moment is asked again, not before its time; all else is said at once."""
    with fault_server(SmallGradio(), script) as space, bridge_before(space, patience=5) as bridge:
        ended = note(record_property, bridge.ask("greet_directly" if "run" in asked else "greet"), space)
    assert (ended.kind, {kind: space.asked[kind] for kind in asked}) == (ends, asked)
    assert ended.kind != "prediction" or ended.prediction == ADA
    times = space.times(next(iter(script)))
    assert not waits or times[1] - times[0] >= waits


@pytest.mark.fault("429 for an hour", "passed on at once")
def test_an_hour_is_the_visitors_to_wait(record_property):
    """Nobody is kept for nothing: the page says when."""
    script = {"run": [says(429, Retry_After="3600")]}
    with fault_server(SmallGradio(), script) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet_directly"))
    assert (ended.kind, ended.headers["Retry-After"], space.asked["run"]) == ("space-busy", "3600", 1)
    assert ended.took < 1


@pytest.mark.slow
@pytest.mark.fault("Retry-After as a date", "waits until then")
def test_a_date_is_waited_for(record_property):
    """HTTP has two ways to say when."""
    then = datetime.now(UTC) + timedelta(seconds=3)
    script = {"run": [says(503, Retry_After=format_datetime(then, usegmt=True))]}
    with fault_server(SmallGradio(), script) as space, bridge_before(space, patience=6) as bridge:
        ended = note(record_property, bridge.ask("greet_directly"))
    first, second = space.times("run")
    assert ended.kind == "prediction"
    assert second - first >= 1.5  # a date has no fractions


@pytest.mark.fault("redirect to another host", "refused")
def test_nobody_is_sent_elsewhere(record_property):
    """Whatever a Space says, its visitors' photos go to it alone."""
    with fault_server(SmallGradio()) as other:
        there = f"{other.address}/gradio_api/run/greet_directly"
        with (
            fault_server(SmallGradio(), {"run": [says(307, Location=there)]}) as space,
            bridge_before(space) as bridge,
        ):
            ended = note(record_property, bridge.ask("greet_directly"))
        assert (ended.kind, space.asked["run"], other.connections) == ("space-unreachable", 1, 0)


@pytest.mark.fault("401 that repeats the token", "failed; token not echoed")
def test_a_token_is_never_told(record_property):
    """A Space that throws the token back does not bring it onto a page."""
    script = {"run": [says(401, b'{"error": "Bearer hf_secret is wrong"}', WWW_Authenticate="Bearer hf_secret")]}
    with fault_server(SmallGradio(), script) as server:
        space = GradioSpace(server.address, token="hf_secret")
        with bridge_before(space) as bridge:
            ended = note(record_property, bridge.ask("greet_directly"))
    assert server.heard[0].headers["authorization"] == "Bearer hf_secret"
    assert ended.kind == "space-unreachable"
    assert "private" in ended.told["detail"]
    assert "hf_secret" not in json.dumps(ended.told) + str(ended.headers)


@pytest.mark.fault("response bomb", "read no further than the cap")
def test_a_bomb_is_not_carried_home(record_property):
    """A Space that sends without end is hung up on."""
    bomb = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[" + b" " * 60_000_000
    with (
        fault_server(SmallGradio(), {"run": [Harm("say", said=bomb)]}) as space,
        bridge_before(space) as bridge,
    ):
        ended = note(record_property, bridge.ask("greet_directly"))
    assert (ended.kind, space.asked["run"], space.left) == ("contract-broken", 1, 1)
    assert space.sent < 30_000_000  # the cap, and what lies in the sockets
