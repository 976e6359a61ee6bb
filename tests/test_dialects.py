"""
Every generation of Gradio, from what real servers said: no server, no socket, milliseconds.

The transcripts in tests/transcripts/ are named after the version that said them; they were made by
`python tests/matrix/record.py`. `python dev.py test --gradio` asks the servers themselves.
"""

import json
from pathlib import Path

import pytest
from conftest import ROOT, run
from generations import COMPONENTS, ROWS
from gradio_client.utils import apply_diff
from questions import ASK, photo

from api_bridge.dialects import DIALECTS
from api_bridge.dialects.diffs import changed
from api_bridge.faults import ContractBroken
from api_bridge.space import GradioSpace
from api_bridge.transcript import RecordedWire, TranscriptError

TRANSCRIPTS = ROOT / "tests/transcripts"
EXPECTED = {
    "2.9.4": "predict2",
    "3.1.7": "socket3",
    "3.10.1": "socket3",
    "3.16.2": "socket3",
    "3.36.1": "socket3",
    "3.50.2": "socket3",
    "4.0.2": "stream4",
    "4.12.0": "queue4",
    "4.19.2": "queue4",
    "4.21.0": "queue4",
    "4.44.1": "queue4",
    "5.0.2": "queue5",
    "5.50.0": "queue5",
    "6.0.2": "queue5",
    "6.31.0": "queue5",
}


def transcript(version: str, mode: str = "plain", app: str = "blocks") -> dict:
    return json.loads((TRANSCRIPTS / f"{version}-{mode}-{app}.json").read_text(encoding="utf-8"))


def space(said: dict) -> GradioSpace:
    return GradioSpace("http://recorded", wire=RecordedWire(said))


@pytest.mark.parametrize(("version", "mode", "app"), ROWS + COMPONENTS)
def test_every_generation_is_spoken(version, mode, app):
    """Photos in and out, several inputs and outputs, streams, the app's own words: as that version says them."""
    said = transcript(version, mode, app)
    assert said["gradio"] == version
    assert run(ASK[app](space(said))) is None


@pytest.mark.parametrize("version", EXPECTED)
def test_each_has_its_dialect(version):
    """Found from what the app says of itself, and by one dialect only."""
    said = transcript(version, app="interface")
    assert run(space(said).about()).dialect == EXPECTED[version]
    config = next(each["answer"] for each in said["said"] if each["path"] == "/config")
    assert sum(dialect.speaks(config) for dialect in DIALECTS) == 1


@pytest.mark.parametrize("version", EXPECTED)
def test_what_an_endpoint_takes_is_told_alike(version):
    """Names, kinds and defaults of a photo, a text and a slider: the same from 2.9.4 to today."""
    (endpoint,) = run(space(transcript(version, app="interface")).about()).endpoints.values()
    assert [(each.name, each.component.type, each.default) for each in endpoint.parameters] == [
        ("photo", "image", None),
        ("name", "textbox", None),
        ("times", "slider", 2),
    ]
    assert [each.type for each in endpoint.outputs] == ["image", "textbox", "label"]


def test_a_function_is_asked_by_its_number_of_this_moment():
    """The number of a function moves between starts; what was read once is not believed twice."""
    said = transcript("4.12.0")
    config = next(each for each in said["said"] if each["path"] == "/config")
    moved = json.loads(json.dumps(config))
    moved["answer"]["dependencies"] = [{"api_name": "new", "inputs": [], "outputs": [], "targets": []}] + moved[
        "answer"
    ]["dependencies"]
    greet = next(each for each in said["said"] if each["path"] == "/queue/join" and each["body"]["data"] == ["Ada", 1])
    heard = [each for each in said["said"] if each["path"] == "/queue/data?session_hash=session2"]
    info = next(each for each in said["said"] if each["path"] == "/info")
    again = {**greet, "body": {**greet["body"], "fn_index": greet["body"]["fn_index"] + 1, "session_hash": "session2"}}
    first = {**greet, "body": {**greet["body"], "session_hash": "session1"}}
    talk = [config, info, first, {**heard[0], "path": "/queue/data?session_hash=session1"}, moved, info, again, *heard]

    async def twice():
        asked = space({"said": talk})
        return [await asked.ask("/greet", {"name": "Ada", "times": 1}, 5) for _ in range(2)]

    assert run(twice()) == [["Hello Ada!", 3]] * 2


def test_no_transcript_tells_where_it_was_made():
    """No address, no token, no folder of the machine that recorded it."""
    for path in TRANSCRIPTS.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert "127.0.0.1" not in text
        assert "hf_" not in text
        assert str(Path.home()) not in text or str(Path.home()) == "/"


def test_another_question_is_not_answered_from_a_transcript():
    """A dialect that says something else than it did is noticed."""
    with pytest.raises(TranscriptError, match="was not recorded"):
        run(space(transcript("2.9.4", app="interface")).ask("/predict", {"photo": photo(), "name": "Bob"}, 5))


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        ("so", [["append", [], " far"]]),
        ([1, {"a": ["x"]}], [["add", [1, "a", 0], "w"], ["append", [1, "a", 1], "yz"], ["replace", [0], 2]]),
        ({"a": 1, "b": 2}, [["delete", ["a"], None], ["add", ["c"], [3]], ["replace", ["b"], None]]),
        ([1, 2, 3], [["delete", [1], None]]),
        (None, [["replace", [], {"whole": True}]]),
        ("same", []),
    ],
)
def test_partial_answers_are_put_together_as_gradio_does(before, changes):
    """Gradio's own client is the oracle; what was told before is left as it was."""
    kept = json.loads(json.dumps(before))
    assert changed(before, changes) == apply_diff(before, changes)
    assert before == kept


@pytest.mark.parametrize(
    "changes", [3, [["append"]], [["sing", [], 1]], [["sing", ["a"], 1]], [["replace", ["b", "c"], 1]]]
)
def test_nonsense_in_a_stream_breaks_the_contract(changes):
    """And nothing else."""
    with pytest.raises(ContractBroken):
        changed({"a": 1}, changes)
