"""Any Space becomes a demo, by one command and without a hand on any file; or nothing is written, and why is said."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, gradio_app
from proxy import proxy
from servers import gradio_like, says, server

from api_bridge import load
from api_bridge.media import files_in

FORM = ROOT / "tests/gradio_form.py"


def bridge(*words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api_bridge", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **settings})


@pytest.fixture(scope="module")
def form() -> Iterator[str]:
    """A Space with six fields and four outputs."""
    with gradio_app(FORM) as address:
        yield address


@pytest.fixture(scope="module")
def every() -> Iterator[str]:
    """A Space with an endpoint for every component."""
    with gradio_app(ROOT / "tests/matrix/components.py") as address:
        yield address


def test_a_space_becomes_a_demo(form, tmp_path):
    """Fields with the names, limits, choices and defaults that the Space tells; its own example, answered."""
    done = bridge("add", form, "--demos", tmp_path)
    assert (done.returncode, "describe is there" in done.stdout) == (0, True)
    contract = load(tmp_path / "describe")
    fields = contract.fields
    assert {name: field["kind"] for name, field in fields.items()} == {
        "photo": "image",
        "name": "text",
        "times": "slider",
        "tame": "checkbox",
        "colour": "choice",
        "tricks": "choices",
    }
    assert fields["times"] | {"kind": "slider"} == {
        "kind": "slider",
        "title": "Times",
        "description": "How often each trick is done.",
        "type": "number",
        "minimum": 1,
        "maximum": 5,
        "step": 1,
        "default": 2,
    }
    assert (fields["colour"]["enum"], fields["colour"]["default"]) == (["black", "ginger"], "black")
    assert contract.json["input"]["required"] == ["photo"]
    assert list(contract.json["prediction"]["properties"]) == ["turned", "sentence", "light", "table"]
    assert contract.json["spaces"][form]["dialect"] == "queue5"
    (example,) = contract.json["examples"]
    assert example["prediction"]["sentence"] == "Chelsea is black and tame."
    for file in files_in(example):
        assert (tmp_path / "describe" / file["file"]).stat().st_size == file["size"]
    assert not list(tmp_path.glob(".*")), "nothing half-written is left"


def test_without_examples_of_its_own_something_is_made_up(tmp_path):
    """A drawn picture and the Space's own defaults: the page has an answer to show from the first day."""
    with gradio_app(FORM, "bare") as address:
        assert bridge("add", address, "--demos", tmp_path, "--demo", "made-up").returncode == 0
    (example,) = load(tmp_path / "made-up").json["examples"]
    assert example["title"] == "A first try"
    assert example["prediction"]["sentence"] == "Chelsea is black."


def test_every_component_can_be_carried(every, tmp_path):
    """Each kind going in and coming out becomes a contract, with its answer recorded where one can be made up."""
    listed = bridge("add", every, "--demos", tmp_path)
    assert listed.returncode == 2
    names = [line.split()[0] for line in listed.stderr.splitlines() if line.startswith("  /")]
    assert len(names) > 45
    assert "can not be carried" not in listed.stderr
    unrecorded = set()
    for name in names[::3]:  # each costs a second; the offline test below reads all of them
        done = bridge("add", every, "--endpoint", name, "--demos", tmp_path, "--demo", name.strip("/"))
        assert done.returncode == 0, done.stderr
        if not load(tmp_path / name.strip("/")).json["examples"]:
            unrecorded.add(name)
    assert unrecorded <= {"/takes_video", "/takes_model3d", "/takes_chatbot"}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (says(200, b"<html>hello</html>"), 2, "static or Docker Space has none"),
        (says(404), 2, "static or Docker Space has none"),
        (says(401), 4, "private"),
        (says(503), 4, "busy or starting"),
        (gradio_like({"/config": b'{"version": "6.31.0", "dependencies": [], "components": []}'}), 2, "no function"),
        (
            gradio_like(
                {
                    "/config": b'{"version": "3.50.2", "components": [], "dependencies": '
                    b'[{"inputs": [], "outputs": [], "targets": [1], "api_name": null}]}'
                }
            ),
            2,
            "None of this Space's 1 functions has a name",
        ),
    ],
)
def test_what_is_no_space_is_said_in_a_line(answer, code, words, tmp_path):
    """Not a Gradio, static, private, asleep, without a name: each says what to do, and leaves no folder."""
    with server(answer) as where:
        done = bridge("add", where, "--demos", tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_mistakes_in_names_are_answered_with_near_ones(form, every, tmp_path):
    """An endpoint that is not there, a Space that is none, a name that can not be an address, a demo that exists."""
    assert "Near it: /takes_number" in bridge("add", every, "--endpoint", "/takes_numbr", "--demos", tmp_path).stderr
    assert "write user/name" in bridge("add", "just words", "--demos", tmp_path).stderr
    assert "small letters" in bridge("add", form, "--demo", "Big Name", "--demos", tmp_path).stderr
    (tmp_path / "describe").mkdir()
    done = bridge("add", form, "--demos", tmp_path)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert bridge("add").returncode == 5


def test_a_private_space_is_asked_with_the_token_and_no_other(form, tmp_path):
    """HF_TOKEN goes where its owner says, and is written nowhere."""
    with proxy(form, token="hf_secret") as where:
        refused = bridge("add", where, "--demos", tmp_path, HF_TOKEN="hf_secret")
        assert (refused.returncode, "private" in refused.stderr) == (4, True)
        done = bridge("add", where, "--private", where, "--demos", tmp_path, HF_TOKEN="hf_secret")
        assert done.returncode == 0, done.stderr
    written = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    assert "hf_secret" not in written + done.stdout + done.stderr


@pytest.mark.parametrize(
    ("stage", "words"),
    [(b"SLEEPING", "open its page once"), (b"PAUSED", "only its owner"), (b"RUNTIME_ERROR", "only its owner")],
)
def test_why_a_space_is_away_is_asked_of_the_hub(stage, words, tmp_path):
    """Asleep is woken by a visit; stopped is its owner's to mend."""
    with server(says(200, b'{"stage": "%s"}' % stage)) as hub:
        done = bridge("add", "nobody-here/bears", "--demos", tmp_path, HF_ENDPOINT=hub)
    assert (done.returncode, words in done.stderr) == (4, True), done.stderr


def test_a_broken_description_is_no_hindrance(tmp_path):
    """With /info broken the fields are named after their labels, and that is said."""
    pages = {
        "/gradio_api/info": b"<html>",
        "/gradio_api/run/greet": b'{"data": ["hello"]}',
    }
    with server(gradio_like(pages, queue=b"false")) as where:
        done = bridge("add", where, "--demos", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "/info is broken" in done.stderr
    assert json.loads((tmp_path / "greet/contract.json").read_text())["examples"][0]["prediction"] == "hello"


def test_moods_are_not_taken_for_drift(tmp_path):
    """A Space that never answers twice the same is marked so, and its form is what is held from then on."""
    asked = []

    def answer(request):
        asked.append(request.path)
        pages = {"/gradio_api/run/greet": b'{"data": ["answer %d"]}' % len(asked)}
        gradio_like(pages, queue=b"false")(request)

    with server(answer) as where:
        assert bridge("add", where, "--demos", tmp_path).returncode == 0
        (example,) = load(tmp_path / "greet").json["examples"]
        assert example["varies"] is True
        done = bridge("check", "--demos", tmp_path)
    assert (done.returncode, done.stdout[:5]) == (0, "holds")


def tomorrow(version: str = "6.31.0", **changes: object) -> dict[str, bytes]:
    """What a Space with one odd endpoint says of itself."""
    box = {"id": 1, "type": "textbox", "props": {"label": changes.pop("label", "Said")}}
    column = {"id": 2, "type": "column", "props": {}}
    function = {"api_name": "greet", "queue": False, "inputs": [], "outputs": [1, 2], **changes}
    config = {"version": version, "protocol": "sse_v3", "api_prefix": "/gradio_api"}
    config = {**config, "components": [box, column], "dependencies": [function]}
    name = f"/{function['api_name']}"
    return {
        "/config": json.dumps(config).encode(),
        "/gradio_api/info": json.dumps({"named_endpoints": {name: {"parameters": []}}}).encode(),
        f"/gradio_api/run{name}": b'{"data": ["hello", null]}',
    }


def test_a_part_of_the_page_among_the_outputs_is_left_out(tmp_path):
    """`return x, gr.update(visible=True)` is how many apps are written; what shows nothing says nothing."""
    with server(gradio_like(tomorrow())) as where:
        assert bridge("add", where, "--demos", tmp_path).returncode == 0
        assert load(tmp_path / "greet").json["steps"]["greet"]["gives"] == ["said", None]
        assert bridge("check", "--demos", tmp_path).returncode == 0


def test_odd_letters_are_carried(tmp_path):
    """A title with a character that TOML forbids, and one that a terminal would obey."""
    with server(gradio_like(tomorrow(label="A\x7f\x1b[31mB"))) as where:
        done = bridge("add", where, "--demos", tmp_path)
        assert done.returncode == 0, done.stderr
        assert bridge("check", "--demos", tmp_path).returncode == 0
        refused = bridge("add", where, "--endpoint", "/\x1b[31m", "--demos", tmp_path, "--demo", "x")
    assert "\x1b" not in refused.stderr + done.stderr


def test_a_name_that_the_site_needs_is_refused(tmp_path):
    """Before it breaks the build of everybody's page."""
    with server(gradio_like(tomorrow(api_name="status"))) as where:
        done = bridge("add", where, "--demos", tmp_path)
    assert (done.returncode, "a page of its own" in done.stderr) == (2, True)


def test_an_unknown_gradio_is_added_and_holds(form, tmp_path):
    """Through Gradio's own client, and said to be so."""
    with proxy(form, prefix="/tomorrow") as where:
        done = bridge("add", where, "--demos", tmp_path)
        assert done.returncode == 0, done.stderr
        assert load(tmp_path / "describe").json["spaces"][where]["dialect"] == "client"
        held = bridge("check", "--demos", tmp_path)
    assert held.returncode == 0, held.stdout


def test_a_hub_page_is_a_spaces_name():
    """People copy addresses."""
    from api_bridge.add import named

    assert named("https://huggingface.co/spaces/someone/bears/") == "someone/bears"
    assert named("https://huggingface.co/spaces/someone/bears/tree/main") == "someone/bears"
    assert named("http://127.0.0.1:7860/?__theme=dark") == "http://127.0.0.1:7860"


def test_what_people_wrote_stays(form, tmp_path):
    """Accepting a change rewrites what machines wrote, and nothing else."""
    bridge("add", form, "--demos", tmp_path)
    folder: Path = tmp_path / "describe"
    (folder / "index.md").write_text("My own words.\n")
    text = (folder / "demo.toml").read_text().replace('name = "Name"', 'name = "Who is it?"')
    (folder / "demo.toml").write_text(text)
    done = bridge("check", "describe", "--accept", "--demos", tmp_path)
    assert (folder / "index.md").read_text() == "My own words.\n"
    contract = load(folder)
    assert contract.fields["name"]["title"] == "Who is it?"
    assert contract.revision == 2, done.stderr
