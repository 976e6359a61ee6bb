"""An answer that is not what was agreed: it is never shown, whatever it is."""

import math
import time

import pytest
from asking import bridge_before, note, row
from fault_server import Harm, answer, fault_server
from small_gradio import CAT, PHOTO, SmallGradio, completed

from api_bridge import patience


def cat(confidence=0.9, label="cat", **changed):
    """What /catdog gives, but for what is changed."""
    other = {"label": "dog", "confidence": 0.1}
    return {
        "label": label,
        "confidences": [{"label": label, "confidence": confidence}, other],
        "familiarity": 0.7,
        "unfamiliar": False,
        **changed,
    }


def raw(text: bytes) -> dict:
    return {"script": {"run": [Harm("say", said=answer(text)), ...]}}


ROWS = [
    row("NaN", "broken", {"gives": [cat(math.nan)]}),
    row("Infinity", "broken", {"gives": [cat(-math.inf)]}),
    row("a number beyond all doubles", "broken", raw(b'{"data": [{"label": "cat", "confidence": 1e999}]}')),
    row("confidence above 1", "broken", {"gives": [cat(1.5)]}),
    row("confidence below 0", "broken", {"gives": [cat(-0.1)]}, slow=True),
    row("confidence in words", "broken", {"gives": [cat("high")]}, slow=True),
    row("label set changed", "drift", {"gives": [cat(label="wolf")]}),
    row("label null", "broken", {"gives": [cat(label=None)]}, slow=True),
    row("confidences null", "broken", {"gives": [cat(confidences=None)]}, slow=True),
    row("confidences empty", "broken", {"gives": [cat(confidences=[])]}),
    row("confidences missing", "broken", {"gives": [{"label": "cat"}]}),
    row("confidences of another kind", "broken", {"gives": [cat(confidences={"cat": 1})]}, slow=True),
    row("null in the place of an answer", "broken", {"gives": [None]}),
    row("text in the place of a label", "broken", {"gives": ["cat"]}, slow=True),
    row("no output at all", "broken", {"gives": []}),
    row("outputs that are no list", "broken", raw(b'{"data": {"label": "cat"}}')),
    row("half a letter", "broken", raw(b'{"data": ["\\ud83d"]}')),
    row("100,000-deep JSON", "broken", raw(b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    row("JSON that is none", "broken", raw(b"{'data': []}"), slow=True),
    row("nothing", "broken", raw(b"")),
]


@pytest.mark.parametrize("about", ROWS)
def test_what_was_not_agreed_is_not_shown(about, record_property):
    """The maintainer hears of it, and the page does not guess; nor is it remembered as an answer."""
    play = SmallGradio(gives={"catdog": about["gives"]} if "gives" in about else {})
    with fault_server(play, about.get("script")) as space, bridge_before(space, "catdog") as bridge:
        ended = note(record_property, bridge.ask("catdog"))
        again = bridge.ask("catdog")
    assert (ended.kind, again.kind) == ("contract-broken", "contract-broken")
    assert (ended.attempts, ended.told["retryable"]) == (1, False)


@pytest.mark.parametrize("number", [row("NaN for any number", "broken", math.nan), row("Infinity for any number", "broken", math.inf)])  # fmt: skip
def test_a_number_is_a_number(number, record_property):
    """Where a contract sets no limits, a browser still could not read these."""
    with (
        fault_server(SmallGradio(gives={"greet_directly": ["Hello", number]})) as space,
        bridge_before(space) as bridge,
    ):
        ended = note(record_property, bridge.ask("greet_directly"))
    assert ended.kind == "contract-broken"


@pytest.mark.fault("label set changed, seen by many", "left alone until it holds again")
def test_a_space_that_drifted_is_left_alone(record_property):
    """Visitors' photos are not sent where no answer can come from; once the contract holds, they are again."""
    later = [0.0]
    with (
        fault_server(SmallGradio(gives={"catdog": [cat(label="wolf")]})) as space,
        bridge_before(space, "catdog", clock=lambda: time.monotonic() + later[0]) as bridge,
    ):
        ends = [note(record_property, bridge.ask("catdog")).kind for _ in range(9)]
        asked = space.asked["run"]
        space.play = SmallGradio()
        later[0] = patience.LOOK
        mended = bridge.ask("catdog")
    assert set(ends) == {"contract-broken"}
    assert asked < 9
    assert mended.prediction == CAT


@pytest.mark.fault("an extra output", "works")
def test_more_than_was_agreed_is_enough(record_property):
    """An author who adds an output breaks nobody's page."""
    with (
        fault_server(SmallGradio(gives={"catdog": [CAT, "more"]})) as space,
        bridge_before(space, "catdog") as bridge,
    ):
        ended = note(record_property, bridge.ask("catdog"))
    assert ended.prediction == CAT


@pytest.mark.fault("100 MB in one event", "4 MB cap")
def test_an_event_without_end_is_not_read(record_property):
    """The queue's messages have their limit, too."""
    play = SmallGradio(tells={"greet": [b'data: "' + b"x" * 100_000_000]})
    with fault_server(play) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert ended.kind == "contract-broken"
    assert space.sent < 30_000_000


@pytest.mark.fault("100,000-deep JSON in an event", "broken")
def test_a_deep_event_is_not_followed(record_property):
    """Python's own stack is not for a Space to fill."""
    play = SmallGradio(tells={"greet": [b"data: " + b"[" * 100_000 + b"\n\n"]})
    with fault_server(play) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet"))
    assert ended.kind == "contract-broken"


HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.\u0000</script>\x1b[2J"


@pytest.mark.parametrize("stream", [row("text with HTML, RTL, NUL", "escaped", False), row("… as it happens", "escaped", True)])  # fmt: skip
def test_a_spaces_words_are_data(stream, record_property):
    """They arrive letter for letter, as JSON that no browser takes for a page."""
    play = SmallGradio(gives={"greet": [HOSTILE, 3]}, tells={})
    with fault_server(play) as space, bridge_before(space) as bridge:
        ended = note(record_property, bridge.ask("greet", stream=stream))
    assert ended.prediction["greeting"] == HOSTILE
    assert ended.headers["content-type"].partition(";")[0] in ("application/json", "text/event-stream")


@pytest.mark.fault("label with HTML, RTL, NUL", "escaped")
def test_a_label_is_data_too(record_property):
    """Where a contract lists no labels, any will do, and none is more than its letters."""

    def any_label(contract):
        told = contract["prediction"]["properties"]
        for label in (told["label"], told["confidences"]["items"]["properties"]["label"]):
            del label["enum"]

    play = SmallGradio(gives={"catdog": [cat(label=HOSTILE)]})
    with fault_server(play) as space, bridge_before(space, "catdog", change=any_label) as bridge:
        ended = note(record_property, bridge.ask("catdog"))
    assert ended.prediction["label"] == HOSTILE


# --- files that come with it

TURN = {"files": {"photo": PHOTO}, "data": {"name": "Ada", "times": "1"}}


def turned(**changed):
    return completed([{"path": "/tmp/turned.png", "meta": {"_type": "gradio.FileData"}, **changed}, "Hello", CAT])


@pytest.mark.parametrize(
    ("message", "script", "ends"),
    [
        row("a file", "works", turned(), {}, "prediction"),
        row("a file on another host", "not fetched", turned(path=None, url="http://127.0.0.1:9/x.png"), {}, "contract-broken"),
        row("a file cut short", "retried", turned(), {"file": [Harm("cut", 50)]}, "prediction"),
        row("a file of 26 MB", "25 MB cap", turned(), {"file": [Harm("say", said=answer(b"\x89PNG" * 6_500_001))]}, "contract-broken"),
    ],
)  # fmt: skip
def test_a_file_is_fetched_from_its_space_alone(message, script, ends, record_property):
    """What it is, its bytes say; where it is, the Space's own address."""
    with (
        fault_server(SmallGradio(tells={"turn": [message]}), script) as space,
        bridge_before(space, "turn") as bridge,
    ):
        ended = note(record_property, bridge.ask("turn", **TURN))
    assert ended.kind == ends


@pytest.mark.fault("a script in the place of a picture", "named for what it is, run as nothing")
def test_a_script_is_not_shown_as_a_picture(record_property):
    """Whoever opens it gets bytes to keep, and no page of ours."""
    script = {"file": [Harm("say", said=answer(b"<script>alert(1)</script>", media="image/png"))]}
    with (
        fault_server(SmallGradio(tells={"turn": [turned()]}), script) as space,
        bridge_before(space, "turn") as bridge,
    ):
        ended = note(record_property, bridge.ask("turn", **TURN))
        file = bridge.visitor.get("/" + ended.prediction["turned"]["file"])
    assert (ended.prediction["turned"]["media"], file.headers["content-type"]) == ("application/octet-stream",) * 2
    assert (file.headers["x-content-type-options"], "sandbox" in file.headers["content-security-policy"]) == (
        "nosniff",
        True,
    )
