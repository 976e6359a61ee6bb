"""What publishing would change is known before it does, to the byte and in words that `check` uses as well."""

import json
import subprocess
import sys

import pytest
from conftest import CATDOG, ROOT

from api_bridge import Contract, load
from training.hub.changes import Stored, between, for_visitors, foreign, ours, size, told, told_visitors


def stored(folder, path: str, *, large: bool = False) -> Stored:
    """A file as the Hub would keep it, named by git itself or by sha256sum."""
    program = ["sha256sum"] if large else ["git", "hash-object"]
    said = subprocess.run([*program, path], cwd=folder, capture_output=True, text=True, check=True).stdout
    return Stored((folder / path).stat().st_size, said.split()[0], large)


@pytest.fixture
def folder(tmp_path):
    """What would be published: one file of each sort."""
    (tmp_path / "demos/catdog").mkdir(parents=True)
    (tmp_path / "api_bridge").mkdir()
    (tmp_path / "app.py").write_text("print('é')\n", encoding="utf-8")
    (tmp_path / "api_bridge/space.py").write_bytes(b"")
    (tmp_path / "demos/catdog/model.onnx").write_bytes(b"\0" * 3000)
    return tmp_path


def test_a_file_that_is_there_already_is_not_sent(folder):
    """By git's own name for it, or its sha256: no byte of it is fetched for that."""
    there = {path: stored(folder, path) for path in ("app.py", "api_bridge/space.py")}
    there["demos/catdog/model.onnx"] = stored(folder, "demos/catdog/model.onnx", large=True)
    assert not between(folder, there)
    (folder / "app.py").write_text("print(1)\n")
    (folder / "demos/catdog/model.onnx").write_bytes(b"\0" * 2999 + b"1")
    assert between(folder, there).going_up == ["app.py", "demos/catdog/model.onnx"]


def test_notes_of_people_neither_go_up_nor_away(folder):
    """Neither those in the folder, nor those in the Space."""
    (folder / ".cache").mkdir()
    (folder / ".cache/app.py").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    theirs = ("notes.md", "demos", "api_bridge_notes/app.py", "more/demos/a.json", ".gitignore", "requirements-dev.txt")
    there = {path: Stored(1, "0", False) for path in (*theirs, "demos/old/contract.json", "api_bridge/gone.py")}
    changes = between(folder, there)
    assert changes.going_up == ["api_bridge/space.py", "app.py", "demos/catdog/model.onnx"]
    assert list(changes.removed) == ["api_bridge/gone.py", "demos/old/contract.json"]
    assert not any(map(ours, theirs))


@pytest.mark.parametrize(
    ("paths", "stands"),
    [
        ([], []),
        (["README.md", ".gitattributes", "notes.txt"], []),
        (["README.md", "app.py", "requirements.txt"], ["app.py", "requirements.txt"]),
        (["app.py", "bridge.toml"], []),
    ],
)
def test_the_app_of_somebody_else_is_not_run_over(paths, stands):
    """A Space just made is empty but for what the Hub puts there."""
    assert foreign(paths) == stands


def test_sizes_are_said_as_people_read_them(folder):
    """And the bridge's own fifty files in one line."""
    changes = between(folder, {"app.py": Stored(2_340_000, "0", False), "api_bridge/a\x1b.py": Stored(12, "0", False)})
    assert told(changes) == [
        "  added    demos/catdog/model.onnx  3.0 kB",
        "  changed  app.py  12 bytes, was 2.3 MB",
        "  added    api_bridge/  1 file, 0 bytes",
        "  removed  api_bridge/  1 file, 12 bytes",
    ]
    assert size(999) == "999 bytes"


# --- what visitors see


def changed(edit) -> Contract:
    """Cat or dog's contract, with something changed."""
    contract = load(CATDOG)
    value = json.loads(json.dumps(contract.json))
    edit(value)
    return Contract(value, contract.folder)


def relabel(value) -> None:
    label = value["prediction"]["properties"]["label"]
    label["enum"] = [*label["enum"], "fox"]


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda value: value.update(revision=9), []),
        (relabel, [("risky", "label-added")]),
        (lambda value: value["steps"]["catdog"].update(endpoint="/pets"), [("breaking", "endpoint-renamed")]),
        (lambda value: value["examples"][0]["prediction"].update(label="dog"), [("risky", "example-label")]),
        (lambda value: value["examples"].clear(), []),
    ],
)
def test_it_is_said_in_the_words_of_check(edit, found):
    """Breaking, risky or benign, as if the page of today met the Space of tomorrow; which it will."""
    findings = for_visitors({"catdog": load(CATDOG)}, {"catdog": changed(edit)})["catdog"]
    assert [(each.severity, each.code) for each in findings] == found
    assert all(each.visitor for each in findings)


def test_a_demo_that_goes_breaks_its_page():
    """And one that comes harms nobody."""
    catdog = {"catdog": load(CATDOG)}
    assert told_visitors(catdog, {}) == [
        "catdog: goes",
        "  breaking The demo is taken away.",
        "           Every question of its page fails with “There is no such demo”.",
    ]
    assert told_visitors({}, catdog)[1].startswith("  benign   The demo is new.")
    assert told_visitors(catdog, catdog)[1:] == ["  Nothing looks different."]


def test_another_model_is_said():
    """Nothing else may show it: labels and examples can stay the same."""
    other = changed(lambda value: value["model"].update(sha256="0" * 64))
    assert "  The model is another one." in told_visitors({"catdog": load(CATDOG)}, {"catdog": other})


def test_nothing_of_this_needs_the_hub():
    """Whoever only renders a folder installs no client of the Hub's, and waits for none."""
    program = "import sys, training.publish; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
