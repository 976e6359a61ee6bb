"""A Gradio that says what it should not, or less than it should, or another thing than a moment ago."""

from itertools import cycle

import pytest
from asking import ADA, bridge_before, note, row
from conftest import ROOT, gradio_app
from fault_server import Harm, PassedOn, answer, event_stream, fault_server
from small_gradio import SmallGradio, completed, event, failed, partial

OTHER = completed(["Somebody else's", 9])
HEARTBEATS = cycle([{"msg": "heartbeat"}, 0.05])


def told(*messages: dict) -> Harm:
    """Say these messages in the place of the stream's own, and end."""
    return Harm("say", said=event_stream(b"".join(map(event, messages))))


STARTS = {"msg": "process_starts", "eta": None}
GREETED = completed(["Hello Ada!", 3])
NO_NAME = Harm("say", said=answer(b"{}"))
ODD_NAME = Harm("say", said=answer(b'{"event_id": "a/../b\\n"}'))

# What its queue says, the harm, how it ends, and how often what was asked.
ROWS = [
    row(
        "`error: null`",
        "one re-read, one retry",
        None,
        {"data": [told(failed(None))]},
        "prediction",
        {"config": 2, "call": 2},
    ),
    row("`error: null` again", "one retry, then failed", [failed(None)], {}, "app-failed", {"config": 2, "call": 2}),
    row("the app's own words", "failed, not retried", [failed("No.")], {}, "app-failed", {"call": 1}),
    row("an unexpected error", "failed, not retried", [{"msg": "unexpected_error", "message": "Out of memory."}], {}, "app-failed", {"call": 1}, slow=True),
    row("stream ends without completion", "retried", None, {"data": [told(STARTS)]}, "prediction", {"call": 2}),
    row("empty stream", "retried", None, {"data": [told()]}, "prediction", {"call": 2}, slow=True),
    row("completion twice", "first wins", [GREETED, OTHER], {}, "prediction", {"call": 1}),
    row("event after completion", "first wins", [GREETED, failed("Too late.")], {}, "prediction", {"call": 1}),
    row("messages nobody knows", "passed over", [{"msg": "new"}, {}, GREETED], {}, "prediction", {"call": 1}),
    row("event_id missing", "protocol", None, {"call": [NO_NAME]}, "contract-broken", {"call": 1, "data": 0}),
    row("event_id that leads elsewhere", "protocol", None, {"call": [ODD_NAME]}, "contract-broken", {"data": 0}),
    row("a message that is not JSON", "protocol", [b"data: {\n\n"], {}, "contract-broken", {"call": 1}),
    row("a message that is no object", "protocol", [b"data: [1]\n\n"], {}, "contract-broken", {"call": 1}, slow=True),
    row("completion without outputs", "protocol", [{"msg": "process_completed", "success": True}], {}, "contract-broken", {"call": 1}),
    row("heartbeats for ever", "deadline", HEARTBEATS, {}, "out-of-time", {"call": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("tells", "script", "ends", "asked"), ROWS)
def test_a_queue_that_says_strange_things(tells, script, ends, asked, record_property):
    """Nobody sees a bare exception, and only what may help is tried again."""
    play = SmallGradio(tells={"greet": tells} if tells else {})
    with fault_server(play, script) as space, bridge_before(space, patience=1) as bridge:
        ended = note(record_property, bridge.ask("greet"), space)
    assert (ended.kind, {kind: space.asked[kind] for kind in asked}) == (ends, asked)
    assert ended.kind != "prediction" or ended.prediction == ADA


@pytest.mark.fault("`gr.Error` text", "shown, sanitised")
def test_an_apps_own_words_reach_the_page_and_not_its_terminal(record_property):
    """What the author wrote for visitors is shown, without what could disturb a page or a log."""
    words = "Only on \x1b[31mTuesdays\x00, \u202eAda." + "!" * 900
    with fault_server(SmallGradio(tells={"greet": [failed(words)]})) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert ended.told["detail"].startswith("The model says: Only on [31mTuesdays, Ada.!")
    assert len(ended.told["detail"]) < 400


@pytest.mark.fault("partials, then the stream is lost", "not retried")
def test_what_somebody_has_seen_is_not_asked_again(record_property):
    """A page that showed half an answer does not see it begin again."""
    script = {"data": [told(STARTS, partial([0, "so far 0"]))]}
    with fault_server(SmallGradio(), script) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("count", stream=True))
    assert (ended.kind, space.asked["call"]) == ("space-busy", 1)
    assert [name for name, _ in ended.events] == ["accepted", "partial", "problem"]


@pytest.mark.fault("partials, then an error", "not retried")
def test_an_error_after_half_an_answer(record_property):
    """The app's words come after what it had said so far."""
    play = SmallGradio(tells={"count": [partial([0, "so far 0"]), failed(None)]})
    with fault_server(play) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("count", stream=True))
    assert (ended.kind, space.asked["call"]) == ("app-failed", 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        row("prefix appears (4 → 5)", "works", {"version": "4.44.1"}, {"version": "5.50.0"}),
        row("a newer Gradio (5 → 6)", "works", {"version": "5.50.0"}, {"version": "6.31.0"}, slow=True),
        row("function order changed", "names still right", {}, {"order": -1}),
        row("order changed, by number", "names still right", {"version": "4.44.1"}, {"version": "4.44.1", "order": -1}),
    ],
)
def test_a_space_that_was_made_anew(before, after, record_property):
    """The next visitor is answered by the function that was agreed, wherever it is now."""
    with fault_server(SmallGradio(**before)) as space, bridge_before(space) as bridge:
        first = bridge.ask("greet")
        space.play = SmallGradio(**after)
        ended = note(record_property, bridge.ask("greet", {"name": "Bo", "times": 2}))
    assert (first.prediction, ended.prediction) == (ADA, {"greeting": "Hello Bo!Hello Bo!", "length": 2})


@pytest.mark.fault("endpoint renamed", "drift, 0 retries")
def test_an_endpoint_that_is_gone(record_property):
    """Waiting does not bring it back: the maintainer is the one who can."""
    with fault_server(SmallGradio(without=["greet"])) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert (ended.kind, ended.attempts, ended.told["retryable"]) == ("contract-broken", 1, False)
    assert (space.asked["config"], space.asked["call"]) == (1, 0)
    assert "/greet" in ended.told["detail"]


# --- the same from a real Gradio


@pytest.fixture(scope="module")
def gradio():
    """A real Gradio behind the server that harms nothing, for what it says by itself."""
    with gradio_app(ROOT / "tests/matrix/app.py", "blocks") as address, fault_server(PassedOn(address)) as space:
        yield space


@pytest.mark.slow
@pytest.mark.parametrize(
    ("demo", "words", "asked"),
    [
        row("`gr.Error` text", "shown", "complain", "The model says: Only on Tuesdays, Ada.", 1),
        row("an exception", "one retry; nothing of it is told", "crash", "did not say why", 2),
    ],
)
def test_a_real_app_that_fails(gradio, demo, words, asked, record_property):
    """Its author's words are for visitors, its exceptions are not."""
    before = gradio.asked["call"]
    with bridge_before(gradio) as bridge:
        ended = note(record_property, bridge.ask(demo))
    assert (ended.kind, gradio.asked["call"] - before) == ("app-failed", asked)
    assert words in ended.told["detail"]
    assert "swordfish" not in str(ended.told)
