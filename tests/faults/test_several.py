"""One question to several steps, of which some go wrong: what can be answered is, and what can not says why."""

import pytest
from asking import ADA, bridge_before, note, row
from conftest import CAT, CATDOG
from fault_server import Harm, answer, fault_server
from small_gradio import SmallGradio, contracts

from api_bridge import Contract
from api_bridge.contract import wrong_with

GREET = {"endpoint": "/greet_directly", "takes": {"name": "input.name", "times": "input.times"}}
LATE = {**GREET, "takes": {"name": "input.name", "times": "first.length"}}
USUAL = {"name": "Ada", "times": 1}
RESET = [Harm("reset", after=None), ...]


def several(space: str, **steps: dict) -> dict[str, Contract]:
    """A demo of the steps `first` and `second`, each a greeting unless it is said otherwise."""
    value = contracts(space, "greet_directly")["greet_directly"].json
    said = {"first": {**GREET, "title": "First"}, "second": {**GREET, "endpoint": "/greet", "title": "Second"}}
    said = {name: {**each, **steps.get(name, {})} for name, each in said.items()}
    (step,) = value["steps"].values()
    made = {
        **value,
        "demo": "several",
        "steps": {name: {**step, **each} for name, each in said.items()},
        "prediction": {"type": "object", "properties": dict.fromkeys(said, value["prediction"])},
    }
    assert wrong_with(made) is None
    return {"several": Contract(made, CATDOG)}


ROWS = [
    row("one of two steps is reset", "the other one's answer", {"run": RESET}, {}, "space-busy"),
    row("one of two steps says nothing", "the other one's answer", {"run": [Harm("stall", seconds=60), ...]}, {}, "out-of-time"),
    row("one of two steps breaks its contract", "the other one's answer", {"run": [Harm("say", said=answer(b'{"data": [1, 2]}')), ...]}, {}, "contract-broken"),
    row("the endpoint of one of two steps is gone", "the other one's answer", {}, {"first": {"endpoint": "/gone"}}, "contract-broken"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "steps", "kind"), ROWS)
def test_one_step_that_fails_hides_no_other(script, steps, kind, record_property):
    """A visitor has the answer that there is, and reads why there is not the other one."""
    with (
        fault_server(SmallGradio(), script) as space,
        bridge_before(space, known=several(space.address, **steps), patience=1.5) as bridge,
    ):
        ended = note(record_property, bridge.ask("several", USUAL), space)
    assert (ended.kind, ended.prediction) == ("prediction", {"second": ADA})
    assert {name: step["state"] for name, step in ended.told["steps"].items()} == {
        "first": "failed",
        "second": "answered",
    }
    assert ended.told["steps"]["first"]["fault"]["type"] == f"urn:tinyspaces:{kind}"


@pytest.mark.fault("a step whose need failed", "skipped, and not asked")
def test_what_stands_on_a_failed_step_is_not_asked(record_property):
    """There is nothing to ask it with; the fault of the first is the whole answer."""
    with fault_server(SmallGradio(), {"run": [Harm("say", said=answer(b"{}", 500)), ...]}) as space:
        known = several(space.address, second={**LATE, "endpoint": "/greet"})
        with bridge_before(space, known=known) as bridge:
            ended = note(record_property, bridge.ask("several", USUAL), space)
        assert (space.asked["call"], space.asked["join"]) == (0, 0)
    assert (ended.kind, ended.status) == ("space-busy", 503)


@pytest.mark.fault("a slow step, and a silent one after it", "one deadline for both")
def test_steps_share_one_deadline(record_property):
    """The second has the time that the first one left, and no visitor waits twice."""
    script = {"run": [Harm("stall", seconds=0.8), Harm("stall", seconds=60), ...]}
    with fault_server(SmallGradio(), script) as space:
        known = several(space.address, second=LATE)
        with bridge_before(space, known=known, patience=1.2) as bridge:
            ended = note(record_property, bridge.ask("several", USUAL), space)
    assert (ended.kind, ended.prediction) == ("prediction", {"first": ADA})
    assert ended.told["steps"]["second"]["fault"]["type"] == "urn:tinyspaces:out-of-time"


@pytest.mark.fault("one broken photo among three", "two answers, and why not three")
def test_one_broken_photo_spoils_no_other(record_property):
    """Each photo is a question of its own."""
    with fault_server(SmallGradio()) as space:
        value = contracts(space.address, "catdog")["catdog"].json
        photo = {
            name: said for name, said in value["input"]["properties"]["photo"].items() if name not in ("kind", "title")
        }
        value["input"]["properties"] = {
            "photos": {"kind": "images", "title": "Photos", "type": "array", "items": photo}
        }
        value["input"]["required"] = ["photos"]
        value["steps"]["catdog"]["takes"] = {"photo": "input.photos[]"}
        value["prediction"] = {
            "kind": "several",
            "type": "array",
            "items": {**value["prediction"], "type": ["object", "null"]},
        }
        value["examples"] = []
        assert wrong_with(value) is None
        whole = CAT.read_bytes()
        files = [("photos", content) for content in (whole[:9000], whole, whole + b"\0")]
        with bridge_before(space, known={"catdog": Contract(value, CATDOG)}) as bridge:
            ended = note(record_property, bridge.ask("catdog", files=files), space)
    assert [each and each["label"] for each in ended.prediction] == [None, "cat", "cat"]
    assert [(each["at"], each["fault"]["status"]) for each in ended.told["steps"]["catdog"]["failed"]] == [(0, 422)]
