"""What reaches the Hub is what was rendered, in one commit that somebody agreed to; and the Space that runs it answers."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import CATDOG, ROOT
from hub_space import Blob, Commit, Space, binary
from small_hub import SmallHub, small_hub
from test_publish import fresh_environment

from api_bridge import load
from training.hub.changes import ours
from training.hub.push import Runtime
from training.hub.refusals import Away
from training.hub.running import LONGEST, NotRunning, until_up
from training.publish import publish

PAGE = "https://you.github.io"
PAUSED = [{"stage": "PAUSED"}]  # what a Space says that no test waits for
CONTRACT = load(CATDOG)
PICTURES = [example["input"]["photo"]["file"] for example in CONTRACT.json["examples"]]
# Everything that any library logs goes to stderr, with what huggingface_hub says of its requests.
LOUD = "import logging, runpy; logging.basicConfig(level=0); runpy.run_module('training.publish', run_name='__main__')"


@dataclass
class Said:
    """What a command said and did."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A Hub for all tests here; no token ever reached it but in its header."""
    with small_hub() as it:
        it.home = tmp_path_factory.mktemp("home")
        yield it
    assert it.leaks == []


@pytest.fixture(autouse=True)
def well(hub):
    """Whatever a test made the Hub do is over when it ends, and so is every app that it started."""
    yield
    hub.ill, hub.meanwhile = [], None
    for space in hub.spaces.values():
        space.stop()


@pytest.fixture(scope="module")
def demos(tmp_path_factory) -> Path:
    """One demo, cat or dog."""
    folder = tmp_path_factory.mktemp("demos")
    shutil.copytree(CATDOG, folder / "catdog")
    return folder


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, demos) -> dict[str, bytes]:
    """What that demo's Space holds, by path."""
    folder = tmp_path_factory.mktemp("rendered")
    publish(folder, [PAGE], demos)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(hub: SmallHub, *words: object, token: str | None = None, answer: str | None = None, **env: str) -> Said:
    """Run the command as a person does, with a terminal where an `answer` is typed; nothing said shows a token."""
    terminal, typed = pty.openpty()
    known = {
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(hub.home),
        "HF_HUB_DISABLE_XET": "1",
        "PATH": os.environ["PATH"],
    }
    token = hub.token if token is None else token
    program = ["-c", LOUD] if "HF_DEBUG" in env else ["-m", "training.publish"]
    process = subprocess.Popen(
        [sys.executable, *program, *map(str, words)],
        cwd=ROOT,
        env={**known, **({"HF_TOKEN": token} if token else {}), **env},
        stdin=subprocess.DEVNULL if answer is None else typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        os.write(terminal, (answer or "").encode())
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
        os.close(terminal)
        os.close(typed)
    for secret in filter(None, (token, hub.token, hub.reader)):
        assert secret not in out + err
    return Said(process.returncode, out, err)


def change(demos: Path, to: Path, edit) -> Path:
    """A copy of `demos` whose cat or dog has another contract."""
    shutil.copytree(demos, to)
    path = to / "catdog/contract.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    edit(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    return to


# --- a whole story, with apps that really run


@pytest.fixture(scope="module")
def story(hub, demos, tmp_path_factory) -> SimpleNamespace:
    """A Space is made; somebody puts notes beside it; the next revision comes; the first one is brought back."""

    def next_revision(contract):
        contract["revision"] += 1
        contract["title"] = "Dog or cat?"
        del contract["examples"][-1]

    to = ("--to", "hub:you/story")
    first = command(hub, *to, "--demos", demos, "--origins", PAGE, answer="y\n")
    space = hub.spaces["you/story"]
    notes = space.files | {"notes.txt": blob(b"mine"), "data/app.py": blob(b"mine too")}
    space.commit(notes | {"demos/old/contract.json": blob(b"{}"), "model.bin": blob(b"\0mine")}, "Notes")
    later = change(demos, tmp_path_factory.mktemp("later") / "demos", next_revision)
    (later / f"catdog/{PICTURES[-1]}").unlink()
    hub.asked.clear()
    second = command(hub, *to, "--demos", later, "--yes")
    sent = list(hub.asked)
    back = command(hub, *to, "--revision", space.commits[1].oid[:7], "--yes")
    hub.asked.clear()
    again = command(hub, *to, "--demos", demos)
    return SimpleNamespace(
        space=space, first=first, second=second, back=back, again=again, later=later, sent=sent, idle=list(hub.asked)
    )


def blob(content: bytes) -> Blob:
    return Blob(content, binary(content))


def held(commit: Commit) -> dict[str, bytes]:
    return {path: blob.content for path, blob in commit.files.items()}


def test_a_space_is_made_and_holds_every_byte(story, rendered):
    """One question, one commit, and what the Hub has is what `--to FOLDER` writes."""
    assert story.first.code == 0, story.first.err
    assert "you/story is not there yet. It will be made: Gradio, public, cpu-basic." in story.first.out
    assert story.first.out.count("[y/N]") == 1
    assert held(story.space.commits[1]) == rendered
    assert [commit.summary for commit in story.space.commits[:2]] == ["First", "Publish catdog"]
    assert not story.space.private


def test_models_and_pictures_go_beside_git(story):
    """Git itself is refused for them by the Hub."""
    large = {path for path, blob in story.space.commits[1].files.items() if blob.large}
    assert large == {"demos/catdog/model.onnx", *(f"demos/catdog/{picture}" for picture in PICTURES)}


def test_the_app_that_runs_is_asked_every_example(story):
    """From the bytes that were sent, through the bridge's own code: a line each, and exit code 0."""
    most = len(PICTURES)
    for said, count in ((story.first, most), (story.second, most - 1), (story.back, most)):
        assert said.code == 0, said.err
        assert len(re.findall(r"^catdog: the example “.+” is answered as recorded\.$", said.out, re.MULTILINE)) == count
        assert re.search(r"^RUNNING after \d+ s$", said.out, re.MULTILINE)


def test_only_what_changed_is_sent_and_only_ours_goes_away(story):
    """Notes of people stay where they are; the model is not sent twice."""
    before, after = story.space.commits[2:4]
    assert after.summary == "Publish catdog"
    gone = before.files.keys() - after.files.keys()
    assert gone == {"demos/old/contract.json", f"demos/catdog/{PICTURES[-1]}"}
    assert held(after)["notes.txt"] == b"mine"
    assert held(after)["data/app.py"] == b"mine too"
    assert held(after)["model.bin"] == b"\0mine"
    changed = {path for path in after.files if after.files[path] != before.files[path]}
    assert changed == {"README.md", "demos/catdog/contract.json"}
    assert not [each for each in story.sent if each.startswith("PUT")]
    assert sum(each == "POST /api/spaces/you/story/commit/main" for each in story.sent) == 1


def test_what_will_change_is_said_with_sizes(story):
    """Each file, the demo's revisions, and that no visitor will notice."""
    lines = story.second.out.splitlines()
    assert any(re.fullmatch(r"  changed  demos/catdog/contract.json  [\d.]+ kB, was [\d.]+ kB", each) for each in lines)
    assert "  removed  demos/old/contract.json  2 bytes" in lines
    assert "old: its contract there can not be read, so nobody can say what changes." in lines
    now, after = CONTRACT.revision, CONTRACT.revision + 1
    assert lines[lines.index(f"catdog: revision {now} → {after}") + 1] == "  Nothing looks different."


def test_a_revision_comes_back_as_one_more_commit(story, rendered):
    """Nobody's history is rewritten, and notes that are younger than the revision stay."""
    assert story.back.code == 0, story.back.err
    last = story.space.commits[-1]
    assert len(story.space.commits) == 5
    assert last.summary == f"Back to {story.space.commits[1].oid[:7]}"
    assert {path: content for path, content in held(last).items() if ours(path)} == rendered
    assert held(last)["notes.txt"] == b"mine"


def test_where_nothing_changed_nothing_is_pushed(story):
    """And nobody is asked; the Space is, so that the command can be run again to see how it is."""
    assert story.again.code == 0
    assert "nothing was changed" in story.again.out
    assert not [each for each in story.idle if not each.startswith(("GET", "HEAD"))]
    assert "answered as recorded" in story.again.out


def test_a_space_that_answers_otherwise_is_not_called_well(hub, demos, tmp_path):
    """Exit code 3, which example, and how to take it back."""

    def another_answer(contract):
        contract["examples"][0]["prediction"]["confidences"][0]["confidence"] -= 0.4

    to = ("--to", "hub:you/otherwise", "--origins", PAGE, "--yes")
    said = command(hub, *to, "--demos", change(demos, tmp_path / "demos", another_answer))
    assert said.code == 3
    assert re.search(r"catdog: The example “.+”: the confidence of “cat” moved from", said.out)
    assert said.out.count("is answered as recorded") == len(PICTURES) - 1
    assert "`--revision" in said.out


@pytest.mark.slow
def test_a_private_space_is_asked_with_the_token(hub, demos, rendered):
    """Its app answers nobody else; a public one never sees the token."""
    hub.space("you/private", rendered | {"bridge.toml": b'origins = ["https://old.example"]\n'}, private=True)
    said = command(hub, "--to", "hub:you/private", "--demos", demos, "--origins", PAGE, "--yes")
    assert said.code == 0, said.out + said.err
    assert "private" in said.out


@pytest.mark.slow
def test_zero_gpu_is_told_that_there_is_a_function_for_it(hub, demos, rendered):
    """With the platform's own package: it stops an app that shows it none, and ours only mounts Gradio."""
    python, hub.python = hub.python, fresh_environment(ROOT / "training/space/requirements.txt")
    try:
        to = ("--to", "hub:you/zero", "--demos", demos, "--origins", PAGE, "--hardware", "zero-a10g", "--yes")
        said = command(hub, *to)
        assert "It will be made: Gradio, public, zero-a10g." in said.out
        assert said.code == 0, said.out + said.err
        assert hub.spaces["you/zero"].reported
        silent = hub.space("you/silent", rendered | {"zerogpu.py": b"def report():\n    pass\n"})
        said = command(hub, "--to", "hub:you/silent", "--hardware", "zero-a10g", "--revision", "main", "--yes")
        assert said.code == 4
        assert not silent.reported
        assert "No @spaces.GPU function detected during startup" in said.err
    finally:
        hub.python = python


# --- the question


@pytest.fixture
def older(hub, rendered) -> Space:
    """A Space with something to publish to it, and an app that no test waits for."""
    files = rendered | {"app.py": b"# older\n", "notes.txt": b"mine"}
    return hub.space(f"you/older-{len(hub.spaces)}", files, stages=list(PAUSED))


def to(space: Space, demos: Path) -> tuple[object, ...]:
    return ("--to", f"hub:{space.name}", "--demos", demos)


@pytest.mark.parametrize("answer", ["n\n", "\n", "nonsense\n", "\x04"])
def test_whoever_does_not_say_yes_changes_nothing(hub, older, demos, answer):
    """Enter is no, and so is the end of what is typed."""
    said = command(hub, *to(older, demos), answer=answer)
    assert (said.code, said.err) == (1, "Nothing was changed.\n")
    assert "  changed  app.py  " in said.out
    assert len(older.commits) == 1


def test_where_nobody_can_be_asked_nothing_happens(hub, older, demos):
    """A job in the background says so and ends, unless it was told --yes."""
    said = command(hub, *to(older, demos))
    assert said.code == 1
    assert "say --yes to publish this. Nothing was changed." in said.err
    assert len(older.commits) == 1
    assert command(hub, *to(older, demos), "--yes").code == 4
    assert [commit.summary for commit in older.commits] == ["First", "Publish catdog"]


# --- what pages may ask


def test_a_new_space_needs_to_know_its_pages(hub, demos):
    """The pages of this machine would be no good there."""
    said = command(hub, "--to", "hub:you/nobodys", "--demos", demos, "--yes")
    assert said.code == 1
    assert "such as --origins https://you.github.io" in said.err
    assert "you/nobodys" not in hub.spaces


def test_a_space_keeps_its_pages_and_settings(hub, rendered, demos):
    """Whoever published them once need not say them each time."""
    settings = b'origins = ["https://mine.example"]\nper_minute = 5\n'
    space = hub.space("you/settings", rendered | {"bridge.toml": settings, "app.py": b"# older\n"}, stages=list(PAUSED))
    command(hub, *to(space, demos), "--yes")
    assert held(space.commits[1])["bridge.toml"] == settings


def test_a_page_that_may_not_ask_any_more_is_breaking(hub, rendered, demos):
    """It would fail for every visitor, and nobody would know why."""
    settings = b'origins = ["https://mine.example"]\n'
    space = hub.space("you/pages", rendered | {"bridge.toml": settings}, stages=list(PAUSED))
    said = command(hub, *to(space, demos), "--origins", PAGE, answer="n\n")
    assert "  breaking Pages of https://mine.example may not ask any more." in said.out


# --- what may go wrong


@pytest.mark.parametrize(
    ("pattern", "status", "message", "said"),
    [
        ("GET /api/whoami-v2", 401, "Invalid credentials in Authorization header", "make one with write access at"),
        ("GET /api/whoami-v2", 503, "", r"The Hub is not well \(status 503\): try again"),
        ("GET /api/whoami-v2", 0, "", "can not be reached"),
        ("POST .*/preupload/main", 403, "You need write access", "may not write to you/.*It says: .*You need write"),
        ("POST .*/objects/batch", 507, "Storage limit reached", "more than the Hub takes.*It says: .*Storage limit"),
        ("PUT /storage/", 403, "", r"uploading 'demos/.*jpg' to the Hub\. Run the same command again"),
        ("POST .*/commit/main", 400, "Bad", "refuses with status 400.*Bad"),
        ("POST .*/commit/main", 412, "A commit has happened since", "Somebody else changed"),
        ("POST .*/commit/main", 429, "", "asked too often"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence_and_changes_nothing(
    hub, older, tmp_path, demos, pattern, status, message, said
):
    """What to do, and what was changed until then: nothing, even where half of the files went up."""
    shutil.copytree(demos, tmp_path / "demos")
    picture = tmp_path / "demos/catdog/examples/cat.jpg"
    picture.write_bytes(picture.read_bytes() + str(os.getpid()).encode() + pattern.encode())
    hub.refuse(pattern, status, message)
    told = command(hub, "--to", f"hub:{older.name}", "--demos", tmp_path / "demos", "--yes")
    assert told.code == 1
    assert re.search(said, told.err.strip())
    assert told.err.count("\n") == 1, told.err
    assert "Nothing was changed" in told.err or status == 429
    assert len(older.commits) == 1


@pytest.mark.parametrize(
    ("pattern", "status", "message", "said"),
    [
        ("repos/create", 402, "requires a PRO subscription", r"paid plan or for credits. `--hardware zero-a10g`.*PRO"),
        ("repos/create", 403, "", "may not write to you/unmade"),
        ("repos/create", 409, "You already created this space repo", "you/unmade is taken: choose another"),
    ],
)
def test_a_space_that_may_not_be_made_is_not(hub, demos, pattern, status, message, said):
    """Since 2026 the Hub asks for a plan where it asked for nothing before."""
    hub.refuse(pattern, status, message)
    told = command(hub, "--to", "hub:you/unmade", "--demos", demos, "--origins", PAGE, "--yes")
    assert told.code == 1
    assert re.search(said, told.err)
    assert "Nothing was changed." in told.err
    assert "you/unmade" not in hub.spaces


def test_a_race_is_noticed(hub, older, demos):
    """What somebody pushed between the question and the commit is not run over."""
    hub.meanwhile = lambda: older.commit(older.files | {"app.py": blob(b"# theirs\n")}, "Theirs")
    told = command(hub, *to(older, demos), "--yes")
    assert told.code == 1
    assert "Somebody else changed" in told.err
    assert "Nothing was changed." in told.err
    assert [commit.summary for commit in older.commits] == ["First", "Theirs"]


def test_a_commit_whose_answer_was_lost_is_not_denied(hub, older, demos):
    """It may have arrived: the same command says whether it did."""
    hub.refuse("/commit/main", 0, after=True)
    told = command(hub, *to(older, demos), "--yes")
    assert told.code == 1
    assert "It may have arrived all the same: run the same command again" in told.err
    assert len(older.commits) == 2
    assert "holds all this already" in command(hub, *to(older, demos), "--yes").out
    assert len(older.commits) == 2


def test_an_hour_is_not_slept_away(hub, older, demos):
    """A Hub that asks for an hour is told on; huggingface_hub by itself would wait, and say nothing."""
    hub.refuse("preupload", 429, Retry_After="3600")
    told = command(hub, *to(older, demos), "--yes")
    assert told.code == 1
    assert "asks to wait: try again in an hour. Nothing was changed." in told.err


def test_a_file_that_was_kept_out_is_missed(hub, rendered, demos):
    """A .gitignore in the Space would leave an app without its model, and the Hub would say nothing."""
    files = {**rendered, "app.py": b"# older\n", ".gitignore": b"*.onnx\n"}
    del files["demos/catdog/model.onnx"]
    space = hub.space("you/ignored", files, stages=list(PAUSED))
    told = command(hub, *to(space, demos), "--yes")
    assert told.code == 1
    assert "does not hold demos/catdog/model.onnx as it was sent: has it a .gitignore?" in told.err


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"token": ""}, "There is no token"),
        ({"token": "hf_cut in two"}, "is no token: copy it again"),
        ({"token": "hf_ünlike"}, "is no token: copy it again"),
        ({"token": "hf_of_nobody_abcdefghij"}, "does not accept the token"),
        ({"token": "hf_reads_abcdefghijklmnop"}, "may only read: make one with write access"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "The Hub at http://127.0.0.1:9 can not be reached"),
        ({"HF_HUB_OFFLINE": "1"}, "can not be reached"),
    ],
)
def test_who_can_not_publish_is_told_before_anything(hub, older, demos, known, said):
    """One sentence, and not one letter of the token."""
    told = command(hub, *to(older, demos), "--yes", **known)
    assert told.code == 1
    assert said in told.err
    assert told.err.count("\n") == 1
    assert len(older.commits) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "hub:nonsense"), "is not a Space's name"),
        (("--to", "hub:you/others", "--origins", PAGE), "app.py that was not published by this: choose another name"),
        (("--to", "hub:you/pages-2", "--revision", "1234567"), "There is no revision 1234567 in you/pages-2"),
        (("--to", "hub:you/gone", "--revision", "1234567"), "There is no revision 1234567"),
        (("--to", "hub:you/pages-2", "--revision", "FIRST"), "nothing of this was published"),
        (("--to", ".local/x", "--revision", "1234567"), "are for a Space on the Hub"),
    ],
)
def test_what_makes_no_sense_is_said(hub, rendered, words, said):
    """And the Space is left as it is."""
    hub.space("you/others", {"app.py": b"# theirs\n"})
    space = hub.space("you/pages-2", {"README.md": b"---\nsdk: gradio\n---\n"})
    first = space.commits[0].oid
    space.commit({path: blob(content) for path, content in rendered.items()}, "Ours")
    told = command(hub, *(first if word == "FIRST" else word for word in words), "--yes")
    assert told.code == 1
    assert said in told.err
    assert len(space.commits) == 2


# --- the token


def test_the_token_is_in_no_log(hub, older, demos):
    """With everything said that any library has to say, for a whole publication, and a Hub that repeats it."""
    told = command(hub, *to(older, demos), "--yes", HF_DEBUG="1", HF_HUB_VERBOSITY="debug")
    assert told.code == 4, told.err
    assert re.search(r"Send: curl .*/commit/main", told.err), "nothing was logged, so nothing was tried"
    assert "authenticated: True" in told.err
    older.commit({**older.files, "app.py": blob(b"# older\n")}, "Older")
    hub.refuse("preupload", 403, f"{hub.token} may not do this")
    told = command(hub, *to(older, demos), "--yes")
    assert "It says: " in told.err
    assert "… may not do this" in told.err


def test_one_module_holds_the_token():
    """Whoever looks for where it goes reads one file."""
    said = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "training").rglob("*.py")}
    assert [name for name, text in said.items() if re.search(r"get_token\(|HF_TOKEN\"|\._token", text)] == ["push.py"]
    assert not re.search(r"subprocess|os\.system|getLogger|print\(", said["push.py"])


# --- how far it is


@pytest.mark.parametrize(
    ("stages", "log", "said"),
    [
        (
            [{"stage": "BUILDING"}, {"stage": "BUILD_ERROR"}],
            "Collecting gradio\nERROR: no such version",
            "no such version",
        ),
        (
            [{"stage": "RUNTIME_ERROR", "errorMessage": "Exit code: 1"}],
            "Traceback\nKeyError: 'x'",
            "Exit code: 1\n  Trace",
        ),
        ([{"stage": "PAUSED"}], "", "Start it at http.*/settings"),
        ([{"stage": "BUILDING", "sha": None}, {"stage": "CONFIG_ERROR", "sha": None}], "", "CONFIG_ERROR"),
    ],
)
def test_a_space_that_does_not_start_says_why(hub, rendered, demos, stages, log, said):
    """Its log's last lines, exit code 4, and the way back."""
    first = {"stage": "RUNNING", "sha": "0" * 40}
    space = hub.space("you/ill", rendered | {"app.py": b"# older\n"}, stages=[first, *stages], log=log)
    told = command(hub, *to(space, demos), "--yes")
    assert told.code == 4
    assert re.search(said, told.err)
    assert f"`--revision {space.commits[0].oid[:7]}` takes it back" in told.err


class Scripted:
    """A Space that is as far as a script says, a look at a time; an hour passes in no time."""

    name, page, so_far = "you/space", "https://hub/you/space", "It is published."

    def __init__(self, *stages):
        self.stages, self.seconds = list(stages), 0.0

    def runtime(self) -> Runtime:
        stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        if isinstance(stage, Exception):
            raise stage
        return Runtime(*stage, *[None] * (4 - len(stage)))

    def log(self, _stage):
        return []

    def wait(self, *, before, hardware=None):
        known = Runtime(*before, None, None)
        until_up(self, "new", known, hardware=hardware, clock=lambda: self.seconds, sleep=self.sleep)

    def sleep(self, seconds):
        self.seconds += seconds
        assert self.seconds < 7200, "it would wait for ever"


def test_it_ends_whatever_the_hub_says():
    """A build that never ends is told after a quarter of an hour."""
    space = Scripted(("BUILDING", "old"))
    with pytest.raises(NotRunning, match="still BUILDING after 15 minutes"):
        space.wait(before=("RUNNING", "old"))
    assert LONGEST < space.seconds < LONGEST + 10


@pytest.mark.parametrize(
    ("before", "stages"),
    [
        (("RUNNING", "old"), [("RUNNING", "old"), ("RUNNING_BUILDING", "old"), ("RUNNING", "new")]),
        (("RUNTIME_ERROR", "old"), [("RUNTIME_ERROR", "old"), ("BUILDING", "old"), ("RUNNING", "new")]),
        (("RUNNING", None), [("RUNNING", None), ("BUILDING", None), ("RUNNING", None)]),
        (("RUNNING", "old"), [Away("503"), ("BUILDING", "old"), Away("503"), ("RUNNING", "new")]),
        (("SLEEPING", "old"), [("SLEEPING", "old"), ("BUILDING", "old"), ("SLEEPING", "new")]),
        (("RUNNING", "old"), [("A_NEW_WORD", "old"), ("RUNNING", "new")]),
    ],
)
def test_what_ran_before_is_not_taken_for_what_was_published(before, stages):
    """The Hub tells the old stage on for a while, good or bad, and may not answer in between."""
    space = Scripted(*stages)
    space.wait(before=before)
    assert len(space.stages) == 1
    assert space.seconds < 60


def test_other_hardware_is_waited_for():
    """What failed, or ran, on the hardware of before says nothing of the next one."""
    space = Scripted(
        ("RUNTIME_ERROR", "new", "cpu"), ("BUILDING", "new"), ("RUNNING", "new", "cpu"), ("RUNNING", "new", "gpu")
    )
    space.wait(before=("RUNTIME_ERROR", "new"), hardware="gpu")
    assert len(space.stages) == 1


def test_a_space_that_stays_broken_is_told_in_a_minute():
    """The stage of before may be that of now as well: it is not watched for a quarter of an hour."""
    space = Scripted(("PAUSED", "old"))
    with pytest.raises(NotRunning, match=r"PAUSED. Start it at https://hub/you/space/settings"):
        space.wait(before=("PAUSED", "old"))
    assert 60 < space.seconds < 70
