"""The day a Space changes: seen by `check` before a visitor sees it, over real Spaces that changed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CATDOG, ROOT, gradio_app, run
from servers import says, server

from api_bridge import GradioSpace, load
from api_bridge.add import accept
from api_bridge.bridge import Bridge
from api_bridge.examples import recorded
from api_bridge.learn import NotCarried
from api_bridge.transcript import RecordedWire

FORM = ROOT / "tests/gradio_form.py"


def check(demos: Path, *words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api_bridge", "check", "--demos", str(demos), *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **settings})


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A Space, and a folder of demos in which its contract was written down."""
    demos = tmp_path_factory.mktemp("demos")
    with gradio_app(FORM) as address:
        command = [sys.executable, "-m", "api_bridge", "add", address, "--demos", str(demos)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        yield address, demos


@pytest.fixture
def moved(agreed: tuple[str, Path], tmp_path: Path):
    """Return the demos with their contract at another address, as if that were where the Space had always been."""

    def move(address: str) -> Path:
        demos = tmp_path / "demos"
        shutil.copytree(agreed[1], demos, dirs_exist_ok=True)
        for name in ("contract.json", "demo.toml"):
            path = demos / "describe" / name
            path.write_text(path.read_text(encoding="utf-8").replace(agreed[0], address), encoding="utf-8")
        return demos

    return move


def test_what_holds_is_said_in_a_line(agreed):
    """Same endpoint, same form, same answers."""
    done = check(agreed[1])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("holds     describe")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("renamed", 3, "The endpoint /describe is called /explain now."),
        ("required", 3, "There is a new field `mood`, and the Space needs it."),
        ("narrowed", 3, "The field `colour` does not take “ginger” any more."),
        ("default", 2, "The default of the field `times` is 3 now; it was 2 before."),
        ("unsure", 2, "moved from 0.5"),
        ("failing", 3, "is not answered any more: The model says: Out of paint."),
    ],
)
def test_each_change_is_found_at_a_real_space(moved, change, code, words):
    """In one sentence each: what changed, what a visitor would see, what to do; and by the exit code how bad it is."""
    with gradio_app(FORM, change) as address:
        done = check(moved(address))
        as_json = json.loads(check(moved(address), "--json").stdout) if change == "renamed" else None
    assert (done.returncode, words in done.stdout) == (code, True), done.stdout + done.stderr
    if as_json:
        (finding,) = as_json["demos"]["describe"]["findings"]
        assert (finding["class"], finding["what"]) == ("breaking", words)


def test_accepting_writes_the_next_revision(moved):
    """The new contract is written, its example asked again, and holds from then on."""
    with gradio_app(FORM, "narrowed") as address:
        demos = moved(address)
        after = check(demos, "--accept")
    assert (after.returncode, load(demos / "describe").revision) == (0, 2), after.stdout
    assert load(demos / "describe").fields["colour"]["enum"] == ["black"]
    assert load(demos / "describe").json["examples"]


def test_the_new_name_of_the_only_endpoint_can_be_accepted(moved):
    """The remedy that is named can be followed: Gradio 6 renamed the endpoint of every Interface."""
    with gradio_app(FORM, "renamed") as address:
        demos = moved(address)
        done = check(demos, "--accept")
    assert (done.returncode, done.stdout[:5]) == (0, "holds"), done.stdout + done.stderr
    assert load(demos / "describe").json["steps"]["describe"]["endpoint"] == "/explain"


def test_one_demo_does_not_keep_the_others_from_being_checked(moved):
    """A mistake in one `demo.toml` is that demo's finding; the rest are held as ever."""
    demos = moved("http://127.0.0.1:1")
    shutil.copytree(demos / "describe", demos / "other")
    for path in (demos / "other/contract.json", demos / "other/demo.toml"):
        path.write_text(path.read_text().replace('"demo": "describe"', '"demo": "other"'))
    (demos / "describe/demo.toml").write_text("title = ")
    done = check(demos)
    assert done.returncode == 3
    assert "demo.toml can not be read" in done.stdout
    assert "asleep    other" in done.stdout


def test_a_contract_that_is_none_is_no_sleeping_space(tmp_path):
    """It is for the maintainer to mend."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/contract.json").write_text("{}")
    assert check(tmp_path).returncode == 3


def test_a_space_that_is_away_has_not_changed(moved):
    """Asleep is its own exit code; the file of the contract is left alone."""
    with server(says(503)) as where:
        done = check(moved(where), "--accept")
    assert done.returncode == 4
    assert done.stdout.startswith("asleep")
    assert load(moved(where) / "describe").revision == 1


def test_the_hub_is_asked_how_a_space_is(tmp_path):
    """`SLEEPING` is a better answer than silence."""
    value = json.loads((CATDOG / "contract.json").read_text(encoding="utf-8"))
    (tmp_path / "catdog").mkdir()
    (tmp_path / "catdog/contract.json").write_text(json.dumps(value))
    for name in ("model.onnx", "examples"):
        (tmp_path / "catdog" / name).symlink_to(CATDOG / name)
    asked = []

    def hub(request):
        asked.append(request.path)
        says(200, b'{"stage": "SLEEPING", "hardware": {"current": null}}')(request)

    with server(hub) as where:
        done = check(tmp_path, "--here", "nobody-here/bears", "--json", HF_ENDPOINT=where)
    assert asked == ["/api/spaces/nobody-here/bears/runtime"]
    told = json.loads(done.stdout)["demos"]["catdog"]
    assert (done.returncode, told["stage"], told["state"]) == (4, "SLEEPING", "asleep")
    assert "The Hub says SLEEPING: open its page once" in told["detail"]


def test_what_is_no_gradio_any_more_breaks_the_contract(moved):
    """A Space that became a static page is no Space to wait for."""
    with server(says(200, b"<html>moved</html>")) as where:
        done = check(moved(where))
    assert (done.returncode, "static or Docker Space" in done.stdout) == (3, True)


def test_the_trained_demo_holds_with_its_own_space(road):
    """Contract, model, examples, and that a page of this origin may read the answers."""
    done = check(ROOT / "site/demos", "catdog", "--here", road.space, "--origin", road.origin)
    assert (done.returncode, done.stdout.startswith("holds")) == (0, True), done.stdout
    refused = check(ROOT / "site/demos", "catdog", "--here", road.space, "--origin", "https://foreign.example")
    assert (refused.returncode, "does not let pages of https://foreign.example" in refused.stdout) == (3, True)


def test_a_step_that_changed_is_named(road, tmp_path):
    """Of a demo of several steps each is held against its endpoint; the others are no trouble to look at."""
    demos = tmp_path / "demos"
    shutil.copytree(ROOT / "site/demos/catdog-look", demos / "catdog-look")
    assert check(demos, "--here", road.space).stdout.startswith("holds     catdog-look")
    path = demos / "catdog-look/contract.json"
    path.write_text(
        path.read_text().replace('"/catdog-look"', '"/catdog-map"').replace('"maximum": 1,', '"maximum": 2,')
    )
    done = check(demos, "--here", road.space)
    assert done.returncode == 3
    assert "Step `look`: the endpoint /catdog-map is gone; the Space has" in done.stdout
    assert "Step `guess`" not in done.stdout


def test_who_writes_a_contract_is_said_where_no_space_can(agreed, tmp_path):
    """Accepting is refused with what can be done: steps that ask strangers have nothing to be trained or published."""
    for demo, writer in (("catdog", "Its model writes"), ("catdog-look", "publish catdog again")):
        with pytest.raises(NotCarried, match=rf"{writer}.*or run `python -m training.record {demo}`\.$"):
            run(accept(None, load(ROOT / "site/demos" / demo), {}))
    value = json.loads((agreed[1] / "describe/contract.json").read_text())
    (step,), part = value["steps"].values(), value["prediction"]
    value["steps"] = {name: {**step, "title": name} for name in ("one", "two")}
    value["prediction"] = {"type": "object", "required": [], "properties": {"one": part, "two": part}}
    value["input"]["properties"]["times"]["default"] = 7
    (tmp_path / "describe").mkdir()
    (tmp_path / "describe/contract.json").write_text(json.dumps({**value, "examples": []}))
    done = check(tmp_path, "--accept")
    assert "No command writes the contract of describe" in done.stdout
    assert "training.record" not in done.stdout
    assert load(tmp_path / "describe").revision == 1


def test_a_folder_that_lost_something_is_said_before_anybody_is_asked(moved):
    """An example's picture that is missing, or another one."""
    demos = moved("http://nowhere.invalid")
    picture = next((demos / "describe/examples").glob("example-1-*"))
    picture.write_bytes(b"something else")
    assert "is another than was recorded" in check(demos).stdout
    picture.unlink()
    done = check(demos)
    assert (done.returncode, "is missing" in done.stdout) == (3, True)


def test_reports_go_where_they_are_wanted(moved, tmp_path):
    """Annotations for a workflow, Markdown for an issue, JSON for the site's status page."""
    with gradio_app(FORM, "renamed") as address:
        words = ["--github", "--markdown", tmp_path / "report.md", "--status", tmp_path / "status.json"]
        done = check(moved(address), *words)
    assert done.stdout.startswith("::error file=site/demos/describe/contract.json")
    assert "/explain" in (tmp_path / "report.md").read_text()
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["demos"]["describe"]["state"] == "breaking"


def test_what_was_said_can_be_kept_and_said_again(agreed, tmp_path):
    """`--record` keeps the exchange without its address; the same question is answered from it offline."""
    address, demos = agreed
    assert check(demos, "--record", tmp_path).returncode == 0
    text = (tmp_path / "describe.json").read_text(encoding="utf-8")
    assert "127.0.0.1" not in text
    contract = load(demos / "describe")
    space = GradioSpace("http://recorded", wire=RecordedWire(json.loads(text)))
    bridge = Bridge({"describe": contract}, {address: space})
    answer = run(bridge.ask("describe", recorded(contract)[0].input))
    assert answer.prediction["sentence"] == contract.json["examples"][0]["prediction"]["sentence"]


def test_mistakes_are_said_with_their_exit_code(tmp_path):
    """A demo that is not there, a folder without any, a flag that does not exist."""
    assert "There are: bears, bears-glance" in check(ROOT / "site/demos", "birds").stderr
    assert check(tmp_path).returncode == 2
    assert check(tmp_path, "--perhaps").returncode == 5
