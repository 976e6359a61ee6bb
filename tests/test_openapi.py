"""
What the bridge says of itself is so: Schemathesis asks what its description allows, and what it does not.

All its checks are on, but where a reason is given; over a real socket, and the same questions each time.
`EXAMPLES=1000` in the environment asks so many of each kind.
"""

import itertools
import json
import os
import subprocess
import sys
import time
from tempfile import TemporaryDirectory

import pytest
from cases import EVERYTHING, every_kind, valid
from conftest import CATDOG, ROOT
from servers import says, served, server
from test_bridge import ScriptedSpace

from api_bridge import Bridge, Contract, create_app, load
from api_bridge.admission import Gate
from api_bridge.faults import AppFailed, ContractBroken, OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.media import File
from api_bridge.space import About, Endpoint

EXAMPLES = os.environ.get("EXAMPLES", "6")
STREAM = "--header=Accept: text/event-stream"


def hold(where: str, *words: str, phases: str = "coverage,fuzzing") -> None:
    """Let Schemathesis hold the bridge at `where` against what it says of itself."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{where}/openapi.json", *words, f"--phases={phases}"]
    plain = ["--seed=1", f"--max-examples={EXAMPLES}", "--request-timeout=20", "--warnings=off", "--no-color"]
    told = {**os.environ, "SCHEMATHESIS_HOOKS": str(ROOT / "tests/openapi_hooks.py")}
    with TemporaryDirectory() as folder:  # where it leaves its notes
        held = subprocess.run([*command, *plain], capture_output=True, text=True, env=told, cwd=folder)
    assert held.returncode == 0, held.stdout + held.stderr


def a_demo(name: str, fields: dict, *without: str) -> Contract:
    """A demo that takes `fields`, but for some, and answers with every kind of prediction."""
    value = every_kind()
    properties = {field: schema for field, schema in fields["properties"].items() if field not in without}
    required = [field for field in fields["required"] if field not in without]
    value |= {"demo": name, "input": {**fields, "properties": properties, "required": required}}
    value["steps"] = {name: {**value["steps"]["every"], "endpoint": f"/{name}"}}
    return Contract(value, ROOT)


KINDS = every_kind()["input"]
FILES = [name for name, schema in KINDS["properties"].items() if "media" in str(schema)]
LISTS = ["settings", "talk", "letter", "sound", "film"]  # and what else Schemathesis can not send in a form
FORMS = [load(CATDOG), a_demo("forms", KINDS, *LISTS)]
WORDS = [a_demo("words", EVERYTHING, "photo"), a_demo("kinds", KINDS, *FILES)]
LEARNED = [
    Contract(json.loads(path.read_text()), ROOT)
    for path in sorted(ROOT.glob("tests/contracts/*.json"))
    if path.stem != "pipelines"
]
SEVERAL = [load(ROOT / "site/demos" / name) for name in ("catdog-look", "wardrobe")]


def as_files(value):
    """A recorded prediction with small files in the place of those it describes."""
    if isinstance(value, dict) and isinstance(value.get("size"), int):
        return File(b"\x89PNG\r\n\x1a\n", "image/png")
    if isinstance(value, dict):
        return {name: as_files(part) for name, part in value.items()}
    return [as_files(part) for part in value] if isinstance(value, list) else value


class Willing(ScriptedSpace):
    """Answers whatever it is asked, bit by bit where somebody listens."""

    def __init__(self, contracts: list[Contract]):
        super().__init__()
        self.gives = {}
        for contract in contracts:
            examples, pipeline = contract.json["examples"], contract.pipeline
            whole = as_files(examples[0]["prediction"] if examples else valid(contract.json["prediction"]))
            for step in pipeline.steps:
                given = whole[step.name] if pipeline.several else whole
                given, gives = given[0] if step.each else given, step.json.get("gives")
                self.gives[step.json["endpoint"]] = [given[name] for name in gives] if gives else [given]

    async def about(self):
        return About("6.31.0", "queue5", {name: Endpoint(name, (), (), queued=False) for name in self.gives})

    async def ask(self, endpoint, takes, seconds, told=None):
        if told:
            told("queue", {"place": 1, "eta": None})
            told("progress", {"index": 1, "length": 2})
            told("partial", self.gives[endpoint])
        return self.gives[endpoint]


class Ill(Willing):
    """Fails each time in another way."""

    def __init__(self, contracts: list[Contract]):
        super().__init__(contracts)
        kinds = (SpaceBusy, AppFailed, OutOfTime, SpaceUnreachable, AppFailed, ContractBroken, AppFailed)
        self.faults = itertools.cycle(kinds)

    async def about(self):
        raise SpaceBusy("Not now.")

    async def ask(self, endpoint, takes, seconds, told=None):
        raise next(self.faults)("Not now.", retry_after=None, space={"address": "here"})


class Sleepy(Willing):
    """Sleeps again as soon as it has answered."""

    name = "someone/sleepy"
    awake = False

    async def ask(self, endpoint, takes, seconds, told=None):
        self.awake = not self.awake
        if self.awake:
            raise SpaceBusy("Asleep.")
        return await super().ask(endpoint, takes, seconds, told)


async def at_once(seconds: float) -> None:
    """Nobody waits between two attempts."""


def bridge(contracts: list[Contract], kind: type[Willing] = Willing) -> Bridge:
    """A bridge before one Space under all its names; it remembers nothing, so that each question is asked."""
    space = kind(contracts)
    names = {step["space"] for contract in contracts for step in contract.json["steps"].values()}
    known = {contract.demo: contract for contract in contracts}
    return Bridge(known, dict.fromkeys(names, space), sleep=at_once, kept=0)


def test_it_keeps_its_word():
    """A program written from the description is answered as it says, whatever a visitor gave."""
    with served(create_app(bridge(FORMS + WORDS + LEARNED))) as where:
        hold(where)


def test_it_keeps_its_word_about_every_field():
    """Nothing but what is described comes back, also where Schemathesis can not know what is right."""
    with served(create_app(bridge([a_demo("every", KINDS)]))) as where:
        # It makes no JSON inside of a text by its `contentSchema`, and neither sounds nor films.
        hold(where, "--exclude-checks=positive_data_acceptance")


def test_a_stream_keeps_its_word():
    """Each event is one of those described, and says what it should."""
    with served(create_app(bridge(FORMS[:1] + WORDS[:1] + SEVERAL))) as where:
        hold(where, STREAM)


def test_a_crowd_is_told_when_to_come_again():
    """Every header that is promised to whoever asks too fast is there."""
    with served(create_app(bridge(FORMS[:1]), gate=Gate(time.monotonic, a_minute=600))) as where:
        hold(where)


@pytest.mark.parametrize("accept", [[], [STREAM]], ids=["at once", "as it happens"])
def test_each_fault_is_described(accept):
    """A Space that fails in every way it can makes no answer that nobody was told of."""
    with served(create_app(bridge(FORMS[:1] + WORDS[:1], Ill))) as where:
        hold(where, "--exclude-checks=not_a_server_error", *accept)  # for these are what is asked for


def test_a_question_is_found_again(monkeypatch):
    """Whoever is sent on while a Space wakes up finds the question where the answer said."""
    stages = itertools.cycle([b"SLEEPING", b"BUILDING", b"RUNNING"])
    with (
        server(lambda request: says(200, b'{"stage": "%s"}' % next(stages))(request)) as hub,
        served(create_app(bridge(WORDS[:1], Sleepy))) as where,
    ):
        monkeypatch.setenv("HF_ENDPOINT", hub)
        # No more than 64 may wait for a Space to wake up.
        hold(where, "--exclude-checks=not_a_server_error", phases="coverage,fuzzing,stateful")
