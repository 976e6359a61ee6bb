"""Several steps of one question: asked at once where they may be, and none hides another; before a real Gradio, too."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from conftest import CAT, ROOT, gradio_app, run
from servers import served

from api_bridge import Bridge, Contract, GradioSpace, create_app
from api_bridge.contract import wrong_with
from api_bridge.faults import AppFailed, SpaceBusy
from api_bridge.pipeline import read
from api_bridge.steps import AT_ONCE, outcomes_of

TEXT = {"kind": "text", "title": "Text", "type": "string"}
MEASURED = {"kind": "label", "type": "object", "required": ["label"], "properties": {"label": {"type": "string"}}}
PHOTO = {
    "type": "object",
    "required": ["media", "size"],
    "properties": {
        "media": {"type": "string", "enum": ["image/jpeg", "image/png"]},
        "size": {"type": "integer", "maximum": 8_000_000},
        "pixels": {"type": "integer"},
    },
}
CASES = json.loads((ROOT / "tests/contracts/pipelines.json").read_text(encoding="utf-8"))  # JavaScript is held to them
EVENTS = {"accept": "text/event-stream"}


def contract(steps: dict[str, dict[str, Any]], parts: dict[str, Any], space: str = "here", **fields: Any) -> dict:
    """A contract with these steps, and what each of them predicts."""
    fields = fields or {"name": TEXT}
    only = next(iter(parts.values()))
    value = {
        "contract": 1,
        "demo": "several",
        "revision": 1,
        "title": "Several",
        "input": {"type": "object", "required": [*fields], "additionalProperties": False, "properties": fields},
        "steps": {name: {"title": name, "space": space, "pure": True, **step} for name, step in steps.items()},
        "prediction": {"type": "object", "properties": parts} if len(steps) > 1 else only,
        "examples": [],
    }
    assert wrong_with(value) is None
    return value


def asks(endpoint: str, when: str = "", **takes: str) -> dict[str, Any]:
    return {"endpoint": endpoint, "takes": takes, **({"when": when} if when else {})}


# --- with calls that do what the test says


def outcomes(steps: dict[str, dict[str, Any]], ask: Any, question: dict | None = None, told: Any = None, **parts: Any):
    """Run these steps, each a text, of a question; `ask` is told the step's name and what it takes."""
    several = {name: {"kind": "several", "type": "array", "items": TEXT} for name in parts}
    value = contract(
        steps,
        {name: several.get(name, TEXT) for name in steps},
        photos={**TEXT, "type": "array", "items": TEXT},
        name=TEXT,
    )

    async def call(step, takes, told):
        return await ask(step.name, takes, told), 1, "asked"

    question = question or {"name": "Ada", "photos": []}
    return run(asyncio.wait_for(outcomes_of(read(value), question, call, told), 10))


def test_steps_that_do_not_need_each_other_are_asked_at_once():
    """Each of two waits for the other to be asked: one after the other they would wait for ever."""

    async def ask(name, takes, told):
        met[name].set()
        await asyncio.wait_for(met["two" if name == "one" else "one"].wait(), 5)
        return name

    met = {name: asyncio.Event() for name in ("one", "two")}
    ended = outcomes({name: asks("/a", name="input.name") for name in met}, ask)
    assert {name: each.prediction for name, each in ended.items()} == {"one": "one", "two": "two"}


def test_a_step_begins_when_what_it_needs_is_there_and_not_when_everything_is():
    """A slow model beside it keeps nobody waiting who does not need it."""

    async def ask(name, takes, told):
        if name == "slow":
            await asyncio.wait_for(over.wait(), 5)
        if name == "after":
            over.set()
        return f"{name} of {takes['name']}"

    over = asyncio.Event()
    steps = {
        "slow": asks("/a", name="input.name"),
        "quick": asks("/a", name="input.name"),
        "after": asks("/a", name="quick"),
    }
    assert outcomes(steps, ask)["after"].prediction == "after of quick of Ada"


def test_what_failed_hides_nothing_but_what_needed_it():
    """The others are answered; what stood on it is skipped, and so is what stood on that."""

    async def ask(name, takes, told):
        if name == "bad":
            raise AppFailed("Only on Tuesdays.")
        return name

    steps = {
        "good": asks("/a", name="input.name"),
        "bad": asks("/a", name="input.name"),
        "on_bad": asks("/a", name="bad"),
        "further": asks("/a", name="on_bad"),
        "unwanted": asks("/a", when='good == "better"', name="good"),
    }
    ended = outcomes(steps, ask)
    assert {name: each.state for name, each in ended.items()} == {
        "good": "answered",
        "bad": "failed",
        "on_bad": "skipped",
        "further": "skipped",
        "unwanted": "skipped",
    }
    assert ended["bad"].fault.detail == "Only on Tuesdays."


def test_of_several_only_a_few_are_asked_at_once():
    """One visitor with many photos does not take every place at a Space, and each has its answer at its place."""

    async def ask(name, takes, told):
        inside.append(takes["name"])
        together.append(len(inside))
        await asyncio.sleep(0)
        inside.remove(takes["name"])
        if takes["name"] == "2":
            raise SpaceBusy("Full.")
        return f"{name} {takes['name']}"

    inside, together, told = [], [], []
    steps = {"each": asks("/a", name="input.photos[]")}
    question = {"name": "Ada", "photos": [str(number) for number in range(6)]}
    ended = outcomes(steps, ask, question, lambda *event: told.append(event), each=...)["each"]
    assert ended.prediction == ["each 0", "each 1", None, "each 3", "each 4", "each 5"]
    assert {at: str(fault) for at, fault in ended.failed.items()} == {2: "Full."}
    assert max(together) == AT_ONCE
    states = [(about.get("at"), about["state"]) for _, about in told]
    assert states[0] == (None, "asking")
    assert states[-1] == (None, "answered")
    assert sorted(states[1:-1]) == sorted(
        [(at, "asking") for at in range(6)] + [(at, "failed" if at == 2 else "answered") for at in range(6)]
    )


def test_where_none_of_several_was_answered_the_step_failed():
    """With what went wrong first; and what stood on it is not asked."""

    async def ask(name, takes, told):
        raise AppFailed(f"No {takes['name']}.")

    steps = {"each": asks("/a", name="input.photos[]"), "after": asks("/a", name="each")}
    ended = outcomes(steps, ask, {"name": "", "photos": ["a", "b"]}, each=...)
    assert (ended["each"].state, ended["each"].fault.detail, ended["after"].state) == ("failed", "No a.", "skipped")


@pytest.mark.parametrize("case", CASES["outcomes"], ids=lambda case: case["what"])
def test_how_every_step_ended_is_told_as_the_page_tells_it(case):
    """Which were answered, which failed and why, also of several; the page's own device says the same of the same."""

    async def ask(step, takes, told):
        said = case["asked"][step.name]
        said = said[takes[step.each]] if step.each else said
        if "fault" in said:
            raise AppFailed(said["fault"])
        return said, 1, "asked"

    ended = run(outcomes_of(read(CASES["contracts"][case["contract"]]), case["input"], ask, None))
    told = {
        name: {
            "state": each.state,
            **({"fault": each.fault.detail} if each.fault else {}),
            **(
                {"failed": [{"at": at, "fault": fault.detail} for at, fault in each.failed.items()]}
                if each.failed
                else {}
            ),
        }
        for name, each in ended.items()
    }
    assert told == case["steps"]
    assert {name: each.prediction for name, each in ended.items() if each.state == "answered"} == case["prediction"]


def test_what_a_step_says_on_its_way_is_told_with_its_name():
    """And of which of several it is; a plain question's events are as they always were."""

    async def ask(name, takes, told):
        told("queue", {"place": 0, "eta": None})
        return "x"

    told: list[Any] = []
    two = {"one": asks("/a", name="input.name"), "each": asks("/a", name="input.photos[]")}
    outcomes(two, ask, {"name": "", "photos": ["a"]}, lambda *event: told.append(event), each=...)
    queues = [about for event, about in told if event == "queue"]
    assert queues == [
        {"place": 0, "eta": None, "step": "one"},
        {"place": 0, "eta": None, "step": "each", "at": 0},
    ]
    told.clear()
    outcomes({"one": two["one"]}, ask, None, lambda *event: told.append(event))
    assert told == [("queue", {"place": 0, "eta": None})]


def test_whoever_leaves_stops_every_step():
    """None goes on behind the visitor's back, also not those that still wait for others."""

    async def ask(step, takes, told):
        asked.append(step.name)
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(step.name)

    async def left():
        value = contract(
            {name: asks("/a", name="input.name") for name in ("one", "two")} | {"three": asks("/a", name="one")},
            dict.fromkeys(("one", "two", "three"), TEXT),
        )
        task = asyncio.ensure_future(outcomes_of(read(value), {"name": "Ada"}, ask, None))
        while len(asked) < 2:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return asyncio.all_tasks() - {asyncio.current_task()}

    asked, stopped = [], []
    assert run(left()) == set()
    assert (sorted(asked), sorted(stopped)) == (["one", "two"], ["one", "two"])


# --- before a real Gradio


@pytest.fixture(scope="module")
def gradio() -> Iterator[str]:
    """A Gradio process of its own, with endpoints of every temper."""
    with gradio_app(Path(__file__).with_name("gradio_app.py")) as address:
        yield address


GREETED = {"type": "object", "properties": {"greeting": TEXT, "length": {"type": "number"}}}


def asked(address: str, value: dict, *, stream: bool = False, **options: Any) -> httpx2.Response:
    """Ask a bridge before the app at `address`, over real sockets."""
    bridge = Bridge({"several": Contract(value, ROOT)}, {address: GradioSpace(address)})
    with served(create_app(bridge)) as where:
        options.setdefault("json", {"name": "Ada"})
        headers = EVENTS if stream else {}
        response = httpx2.post(f"{where}/v1/demos/several/ask", headers=headers, timeout=30, **options)
        described(response, httpx2.get(f"{where}/openapi.json").json())
        return response


def described(response: httpx2.Response, said: dict) -> None:
    """Hold an answer, or each event of a stream, against what the bridge says of itself."""
    if response.status_code != 200:
        return
    ((media, about),) = (
        each
        for each in said["paths"]["/v1/demos/several/ask"]["post"]["responses"]["200"]["content"].items()
        if response.headers["content-type"].startswith(each[0])
    )
    if media == "application/json":
        jsonschema.validate(response.json(), {**about["schema"], "components": said["components"]})
        return
    schemas = {
        each["properties"]["event"]["const"]: each["properties"]["data"]["contentSchema"]
        for each in about["itemSchema"]["oneOf"]
    }
    for name, told in events(response):
        jsonschema.validate(told, {**schemas[name], "components": said["components"]})


def events(response: httpx2.Response) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n") if not block.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(about.removeprefix("data: "))) for name, about in blocks]


def test_one_steps_prediction_is_what_the_next_one_takes(gradio):
    """In series, through real endpoints; what is not due is skipped, and said to be."""
    steps = {
        "again": asks("/greet", when="first.length >= 3", name="first.greeting", times="first.length"),
        "never": asks("/greet", when="first.length > 3", name="first.greeting"),
        "first": {**asks("/greet_directly", name="input.name"), "gives": ["greeting", "length"]},
    }
    steps["again"]["gives"] = steps["never"]["gives"] = ["greeting", "length"]
    told = asked(gradio, contract(steps, dict.fromkeys(steps, GREETED), gradio)).json()
    assert told["prediction"] == {
        "first": {"greeting": "Hello Ada!", "length": 3},
        "again": {"greeting": "Hello Hello Ada!!" * 3, "length": 10},
    }
    assert list(told["steps"]) == ["again", "never", "first"]
    assert told["steps"]["never"] == {"state": "skipped"}
    assert told["steps"]["again"]["state"] == "answered"
    assert told["steps"]["again"]["took_ms"] > 0


def test_two_models_are_really_asked_at_the_same_time(gradio):
    """The app lets neither go before the other is inside."""
    steps = {"one": asks("/meet", name="input.name"), "two": asks("/meet", name="input.name")}
    steps["two"]["pure"] = False  # or the same question would be asked once for both
    told = asked(gradio, contract(steps, {"one": TEXT, "two": TEXT}, gradio)).json()
    assert told["prediction"] == {"one": "Ada met somebody", "two": "Ada met somebody"}


def test_one_that_fails_is_told_beside_those_that_did_not(gradio):
    """As the page hears it: each step as it goes, its fault in the shape of every fault."""
    steps = {
        "good": {**asks("/greet_directly", name="input.name"), "gives": ["greeting", "length"]},
        "bad": asks("/complain_directly"),
        "after": asks("/greet_directly", name="bad"),
    }
    parts = {"good": GREETED, "bad": TEXT, "after": GREETED}
    steps["after"]["gives"] = ["greeting", "length"]
    told = events(asked(gradio, contract(steps, parts, gradio), stream=True))
    name, last = told[-1]
    assert (name, last["prediction"]) == ("prediction", {"good": {"greeting": "Hello Ada!", "length": 3}})
    said = {(about["step"], about["state"]): about for event, about in told if event == "step"}
    assert {*said} == {
        ("good", "asking"),
        ("good", "answered"),
        ("bad", "asking"),
        ("bad", "failed"),
        ("after", "skipped"),
    }
    assert said["good", "answered"]["prediction"] == last["prediction"]["good"]
    problem = said["bad", "failed"]["fault"]
    assert problem["type"] == "urn:tinyspaces:app-failed"
    assert problem["detail"].startswith("The model says: Only on Tuesdays.")
    assert problem == last["steps"]["bad"]["fault"]
    assert problem["trace_id"] == last["trace_id"] == told[0][1]["trace_id"]


def test_where_no_step_was_answered_the_first_fault_is_the_answer(gradio):
    """A problem with its status, as any other question has it."""
    steps = {"one": asks("/complain_directly"), "two": asks("/crash_directly")}
    response = asked(gradio, contract(steps, {"one": TEXT, "two": TEXT}, gradio))
    assert (response.status_code, response.json()["type"]) == (502, "urn:tinyspaces:app-failed")
    assert response.json()["detail"].startswith("The model says: Only on Tuesdays.")


def test_one_broken_photo_among_several_spoils_no_other(gradio):
    """It is told with its place; so is each answer, as it comes."""
    steps = {"each": asks("/measure_directly", photo="input.photos[]")}
    photos = {"kind": "images", "title": "Photos", "type": "array", "minItems": 1, "maxItems": 4, "items": PHOTO}
    items = {**MEASURED, "type": ["object", "null"]}
    value = contract(steps, {"each": {"kind": "several", "type": "array", "items": items}}, gradio, photos=photos)
    whole = CAT.read_bytes()
    files = [("photos", content) for content in (whole, whole[:9000], whole)]
    told = events(asked(gradio, value, stream=True, json=None, files=files))
    name, last = told[-1]
    assert (name, [each and each["label"] for each in last["prediction"]]) == ("prediction", ["wide", None, "wide"])
    (missed,) = last["steps"]["each"]["failed"]
    assert (missed["at"], missed["fault"]["field"], missed["fault"]["status"]) == (1, "photos", 422)
    states = [(about.get("at"), about["state"]) for event, about in told if event == "step"]
    assert sorted(states, key=str) == sorted(
        [(at, state) for at, state in ((0, "answered"), (1, "failed"), (2, "answered"), (None, "answered"))]
        + [(at, "asking") for at in (0, 1, 2, None)],
        key=str,
    )


def test_a_step_that_drifted_is_not_shown_and_the_other_is(gradio):
    """Each step is held to its own part of what was agreed."""
    steps = {
        "good": {**asks("/greet_directly", name="input.name"), "gives": ["greeting", "length"]},
        "drifted": {**asks("/greet_directly", name="input.name", times="good.length"), "gives": ["greeting", "length"]},
    }
    wrong = {"type": "object", "properties": {"greeting": {"type": "number"}}}
    told = asked(gradio, contract(steps, {"good": GREETED, "drifted": wrong}, gradio)).json()
    assert list(told["prediction"]) == ["good"]
    assert told["steps"]["drifted"]["fault"]["type"] == "urn:tinyspaces:contract-broken"
    assert "prediction.drifted.greeting: type" in told["steps"]["drifted"]["fault"]["detail"]
