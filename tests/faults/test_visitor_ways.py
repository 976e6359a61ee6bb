"""Visitors who come from elsewhere, come too often, or leave before they are answered."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from asking import note, row
from fault_server import Harm
from test_visitor import ASK, END, FORM, OWN, PHOTO, bridge_and_space, line_to, until

from api_bridge.admission import Gate

STALL = Harm("stall", seconds=60)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        row("own Origin", "may read", OWN, OWN),
        row("foreign Origin", "no ACAO", "https://evil.example", None),
        row("null Origin", "no ACAO", "null", None),
        row("nearly our Origin", "no ACAO", OWN + ".evil.example", None),
    ],
)
def test_only_our_pages_read_answers(origin, allowed, record_property):
    """Another page that asks on a visitor's behalf never hears what came of it."""
    with bridge_and_space() as (bridge, _):
        ended = note(record_property, bridge.ask("catdog", headers={"Origin": origin}))
        asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        before = bridge.visitor.options("/v1/demos/catdog/ask", headers=asking)
    for headers in (ended.headers, before.headers):
        assert headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in headers


@pytest.mark.fault("flood", "429; others are answered")
def test_one_who_floods_is_held_back_alone(record_property):
    """Behind our own proxy each visitor has a purse; an empty one is nobody else's."""
    with (
        bridge_and_space(gate=Gate(time.monotonic), trusted_hops=1) as (bridge, _),
        ThreadPoolExecutor(8) as flood,
    ):

        def ask(visitor: str):
            return bridge.ask("catdog", headers={"X-Forwarded-For": visitor})

        flooding = [flood.submit(ask, "203.0.113.1") for _ in range(60)]
        others = [ask(f"198.51.100.{number}") for number in range(12)]
        ends = Counter(each.result().status for each in flooding)
        refused = next(each.result() for each in flooding if each.result().status == 429)
    record_property("seen", f"{ends[200]} answered, {ends[429]} refused; others: {len(others)} answered")
    assert {each.status for each in others} == {200}
    assert (set(ends), 5 <= ends[200] <= 6) == ({200, 429}, True)
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= {name.lower() for name in refused.headers}


@pytest.mark.fault("forged X-Forwarded-For", "ignored")
def test_a_visitor_is_not_whom_he_says(record_property):
    """Without a proxy of ours, what a visitor says of the road is no reason to let him in again."""
    with bridge_and_space(gate=Gate(time.monotonic)) as (bridge, _):
        ends = [bridge.ask("catdog", headers={"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(6)]
        note(record_property, ends[-1])
    assert [each.status for each in ends] == [200] * 5 + [429]


# --- those who leave


@pytest.mark.parametrize(
    ("accept", "script"),
    [
        row("leaves mid-job", "upstream cancelled within 10 s", b"*/*", {"run": [STALL]}),
        row("leaves a stream mid-job", "upstream cancelled within 10 s", b"text/event-stream", {"run": [STALL]}),
        row("leaves before the Space answers", "upstream cancelled within 10 s", b"*/*", {"config": [STALL]}),
    ],
)
def test_whoever_leaves_stops_the_work(accept, script, record_property):
    """Nobody computes for an empty chair."""
    (kind,) = script
    with bridge_and_space(script, patience=30) as (bridge, space):
        with line_to(bridge) as line:
            body = FORM + PHOTO + END
            line.sendall(ASK + b"Accept: %s\r\nContent-Length: %d\r\n\r\n" % (accept, len(body)) + body)
            assert until(lambda: space.asked[kind] == 1, 10)
        left = time.monotonic()
        assert until(lambda: space.left == 1, 10)
        record_property("seen", f"hung up after {time.monotonic() - left:.1f} s")


@pytest.mark.fault("leaves, and another has joined", "unharmed")
def test_who_joined_does_not_care_who_left(record_property):
    """Two ask the same; the first one leaves, and the second is answered by what had begun."""
    with bridge_and_space({"run": [Harm("stall", None, 1.0)]}) as (bridge, space), ThreadPoolExecutor(1) as other:
        bridge.visitor.get("/readyz")  # the Space is known by now
        with line_to(bridge) as line:
            body = FORM + PHOTO + END
            line.sendall(ASK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert until(lambda: space.asked["run"] == 1, 10)
            joined = other.submit(bridge.ask, "catdog")
            assert until(lambda: bridge.measured("photos_seconds_count") == 2, 10)  # cleaned, and joined
        ended = note(record_property, joined.result())
    assert (ended.kind, space.asked["run"], space.left) == ("prediction", 1, 0)
