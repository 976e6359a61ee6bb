"""A road that breaks: names, connections, bytes. Each row asks the bridge, and sees how that ends."""

import json
import ssl
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import trustme
from asking import ADA, bridge_before, note, row
from conftest import ROOT, free_port, gradio_app
from fault_server import Harm, PassedOn, answer, black_hole, fault_server, random_script
from small_gradio import SmallGradio, completed, event

from api_bridge import GradioSpace, wire
from api_bridge.patience import LONGEST_REST

RESET, CUT = Harm("reset"), Harm("cut")
STALL = Harm("stall", seconds=60)
GARBAGE = Harm("say", said=b"\x16\x03\x01\x00\xff SSH-2.0-\xfe\r\n\r\n")
GREETING = {"data": ["Hello Ada!", 3]}
LONGER = Harm("say", said=answer(json.dumps(GREETING).encode(), Content_Length="999", Connection="close"))
SHORTER = Harm("say", said=answer(json.dumps(GREETING).encode(), Content_Length="9"))

BYTE_BY_BYTE = [Harm("dribble", 0), ...]

ROWS = [
    row("reset before headers", "retried", {"run": [RESET]}, "prediction", {"run": 2}),
    row("reset before headers, for ever", "busy after 3", {"run": [RESET, ...]}, "space-busy", {"run": 3}),
    row("reset before /config", "retried", {"config": [RESET]}, "prediction", {"config": 2, "run": 1}, slow=True),
    row("hung up without a word", "retried", {"run": [CUT]}, "prediction", {"run": 2}),
    row("head cut short", "retried", {"call": [Harm("cut", -30)]}, "prediction", {"call": 2, "data": 1}),
    row("body cut short", "retried", {"run": [Harm("cut", 5)]}, "prediction", {"run": 2}),
    row(
        "/config cut short", "retried", {"config": [Harm("cut", 500)]}, "prediction", {"config": 2, "run": 1}, slow=True
    ),
    row("half a chunk", "retried", {"data": [Harm("cut", 9)]}, "prediction", {"call": 2, "data": 2}),
    row("stream reset", "retried", {"data": [Harm("reset", 150)]}, "prediction", {"call": 2, "data": 2}, slow=True),
    row("garbage in the place of HTTP", "retried", {"run": [GARBAGE]}, "prediction", {"run": 2}),
    row("Content-Length too long", "retried", {"run": [LONGER]}, "prediction", {"run": 2}),
    row("Content-Length too short", "retried", {"run": [SHORTER]}, "prediction", {"run": 2}),
    row("nothing said for /config", "10 s, retried", {"config": [STALL]}, "prediction", {"config": 2}),
    row("nothing said on joining", "10 s, retried", {"call": [STALL]}, "prediction", {"call": 2}),
    row("stall mid-stream", "35 s, retried", {"data": [Harm("stall", 150, 60)]}, "prediction", {"call": 2, "data": 2}),
    row("a model that computes", "waited for", {"run": [Harm("stall", None, 0.6)]}, "prediction", {"run": 1}),
    row("one byte a second", "deadline", {"run": [Harm("dribble", 0, 1)]}, "out-of-time", {"run": 1}, slow=True),
    row(
        "/config, ten bytes a second",
        "deadline",
        {"config": [Harm("dribble", 0, 0.1)]},
        "out-of-time",
        {"run": 0},
        slow=True,
    ),
    row(
        "all split at every byte",
        "identical",
        {"config": BYTE_BY_BYTE, "info": BYTE_BY_BYTE, "call": BYTE_BY_BYTE, "data": BYTE_BY_BYTE},
        "prediction",
        {"config": 1, "call": 1, "data": 1},
    ),
]


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """A wire whose timers run faster than ours: 0.3 s for 3, 10 and 35."""
    for name in ("CONNECT", "FIRST_BYTE", "SILENCE"):
        monkeypatch.setattr(wire, name, 0.3)


def see(play, script, ends, asked, record_property):
    """Ask once, through what the script does, and look at how it ended and how often the Space was asked."""
    with fault_server(play, script) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet_directly" if "run" in asked else "greet"), space)
    assert (ended.kind, {kind: space.asked[kind] for kind in asked}) == (ends, asked)
    assert ended.kind != "prediction" or ended.prediction == ADA


@pytest.mark.parametrize(("script", "ends", "asked"), ROWS)
def test_a_broken_road(script, ends, asked, record_property):
    """What did not arrive whole is asked again, and what does not arrive ends with the question."""
    see(SmallGradio(), script, ends, asked, record_property)


@pytest.fixture(scope="module")
def gradio():
    """A real Gradio, which knows nothing of what happens on the way."""
    with gradio_app(ROOT / "tests/matrix/app.py", "blocks") as address:
        yield address


@pytest.mark.slow
@pytest.mark.parametrize(("script", "ends", "asked"), ROWS)
def test_a_broken_road_to_a_real_gradio(gradio, script, ends, asked, record_property):
    """The same before a real server, so that nobody has to believe ours."""
    see(PassedOn(gradio), script, ends, asked, record_property)


@pytest.mark.slow
@pytest.mark.fault("forty scripts by dice", "an end each, then well again")
def test_whatever_happens_it_is_over_some_day(record_property):
    """No harm leaves anything behind that the next visitor would meet."""
    ends: Counter[str] = Counter()
    for seed in range(40):
        later = [0.0]
        with (
            fault_server(SmallGradio(), random_script(seed)) as space,
            bridge_before(space, clock=lambda later=later: time.monotonic() + later[0]) as bridge,
        ):
            ends.update(bridge.ask(demo, stream=stream).kind for demo in ("greet", "count") for stream in (False, True))
            space.script, later[0] = {}, LONGEST_REST
            assert bridge.ask("greet", {"name": "Bo"}).kind == "prediction", f"seed {seed}"
    record_property("seen", ", ".join(f"{number} {kind}" for kind, number in ends.items()))
    assert set(ends) <= {"prediction", "space-busy", "contract-broken"}


# --- event streams: what the standard allows is read, however it is cut

MESSAGES = [{"msg": "process_starts", "eta": None}, completed(["Grüße, Ada 🦊", 3])]
STREAM = b"".join(event(each) for each in MESSAGES).decode()
LINES = "".join(
    "".join(f"data: {line}\n" for line in json.dumps(each, indent=1, ensure_ascii=False).split("\n")) + "\n"
    for each in MESSAGES
)


@pytest.mark.parametrize(
    "stream",
    [
        row("events split at every byte, UTF-8 cut in two", "identical", STREAM),
        row("events with CRLF", "identical", STREAM.replace("\n", "\r\n")),
        row("events with CR", "identical", STREAM.replace("\n", "\r"), slow=True),
        row("events after a BOM", "identical", "\ufeff" + STREAM),
        row("events between comments", "identical", ": ping\n\n:\n" + STREAM.replace("\n\n", "\n: pong\n\n")),
        row("data in several lines", "identical", LINES, slow=True),
        row("no space after the colon", "identical", STREAM.replace("data: ", "data:"), slow=True),
        row("fields nobody knows", "identical", STREAM.replace("data: ", "retry: 3\nid: 7\nevent: x\nwhat\ndata: ")),
    ],
)
def test_an_event_stream_is_read_as_the_standard_has_it(stream, record_property):
    """Each arrives byte by byte, and is the same answer."""
    play = SmallGradio(tells={"greet": [stream.encode()]})
    with fault_server(play, {"data": [Harm("dribble", 0)]}) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.prediction, space.asked["data"]) == ({"greeting": "Grüße, Ada 🦊", "length": 3}, 1)


# --- before any byte


@pytest.mark.fault("name not found", "failed, not retried")
def test_a_name_that_is_nobodys(record_property):
    """A Space that was deleted, or never was: waiting can not mend it."""
    with bridge_before("http://nowhere.invalid") as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.kind, ended.attempts, ended.told["retryable"]) == ("space-unreachable", 1, False)


@pytest.mark.fault("refused", "retried, then busy")
def test_nobody_at_home(record_property):
    """A Space that is being restarted: it may be back in a moment."""
    with bridge_before(f"http://127.0.0.1:{free_port()}") as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.kind, ended.attempts) == ("space-busy", 3)


@pytest.mark.fault("black hole", "3 s, retried")
def test_a_call_that_nobody_takes(record_property):
    """A host that swallows packets does not swallow the whole of the time."""
    with black_hole() as nowhere, bridge_before(nowhere) as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.kind, ended.attempts) == ("space-busy", 3)
    assert ended.took >= 3 * wire.CONNECT


@pytest.mark.fault("reset on a reused connection", "once, free")
def test_a_kept_connection_that_has_died(record_property):
    """Gradio resets a connection after a crash: the next visitor does not pay for that with a retry."""
    script = {"run": [Harm("reset", after=10_000)]}  # after the whole answer
    with fault_server(SmallGradio(), script) as space, bridge_before(space) as bridge:
        ends = [bridge.ask("greet_directly", {"name": name}) for name in ("Ada", "Bo")]
        note(record_property, ends[1])
        assert bridge.measured("retries_total") == 0
    assert [each.kind for each in ends] == ["prediction"] * 2
    assert (space.asked["run"], space.connections) == (2, 2)


@pytest.mark.parametrize(
    ("lasts", "kind"),
    [
        row("TLS", "works", timedelta(days=9), "prediction"),
        row("TLS expired", "failed, not retried", -timedelta(days=1), "space-unreachable"),
    ],
)
def test_a_certificate_and_its_day(lasts, kind, record_property):
    """A certificate that has run out is the maintainer's to renew."""
    authority, today = trustme.CA(), datetime.now(UTC)
    made = authority.issue_cert("127.0.0.1", not_before=today - timedelta(days=20), not_after=today + lasts)
    ours, theirs = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(ours)
    made.configure_cert(theirs)
    with fault_server(SmallGradio(), tls=theirs) as server:
        space = GradioSpace(server.address, transport=httpx2.AsyncHTTPTransport(verify=ours))
        with bridge_before(space) as bridge:
            ended = note(record_property, bridge.ask("greet_directly"))
    assert ended.kind == kind
    assert kind == "prediction" or (ended.attempts, "certificate" in ended.told["detail"]) == (1, True)
