"""The contract is what the model and demo.toml amount to; people change one and the machine writes the other."""

import json
import shutil

import pytest
from conftest import CATDOG

from api_bridge import load
from training.record import DemoError, describe_demo, expect, main, record


@pytest.fixture
def demo(tmp_path):
    """A copy of cat or dog, to be changed."""
    folder = tmp_path / "catdog"
    shutil.copytree(CATDOG, folder)
    return folder


def edit(demo, old: str, new: str) -> None:
    text = (demo / "demo.toml").read_text(encoding="utf-8")
    assert old in text
    (demo / "demo.toml").write_text(text.replace(old, new), encoding="utf-8")


def test_the_committed_contract_holds(demo):
    """Writing it again changes nothing, not even on another machine's last digits."""
    before = (demo / "contract.json").read_bytes()
    assert not record(demo)
    assert (demo / "contract.json").read_bytes() == before


def test_a_change_is_the_next_revision(demo):
    """And everything else stays as it was."""
    before = load(demo)
    edit(demo, 'title = "Cat or dog?"', 'title = "Dog or cat?"')
    assert record(demo)
    assert load(demo).json == {**before.json, "title": "Dog or cat?", "revision": before.revision + 1}


def test_check_writes_nothing_and_says_what_is_stale(demo, capsys):
    """For CI: exit 1 and the command that mends it."""
    main("catdog", check=True, demos=demo.parent)
    assert capsys.readouterr().out == "catdog: holds\n"
    edit(demo, 'cat = "a cat"', 'cat = "a kitty"')
    before = (demo / "contract.json").read_bytes()
    with pytest.raises(SystemExit):
        main("catdog", check=True, demos=demo.parent)
    assert "is stale: run `python -m training.record catdog`" in capsys.readouterr().out
    assert (demo / "contract.json").read_bytes() == before


@pytest.mark.parametrize(("moved", "noticed"), [(0.001, False), (0.01, True)])
def test_only_a_real_move_of_a_confidence_is_noticed(demo, moved, noticed):
    """Another machine's last digits are no revision; another answer is."""
    value = json.loads((demo / "contract.json").read_text(encoding="utf-8"))
    value["examples"][1]["prediction"]["confidences"][0]["confidence"] -= moved
    (demo / "contract.json").write_text(json.dumps(value), encoding="utf-8")
    assert record(demo) is noticed


def test_another_model_is_noticed(demo):
    """Its digest is part of the contract."""
    value = json.loads((demo / "contract.json").read_text(encoding="utf-8"))
    value["model"]["sha256"] = "0" * 64
    (demo / "contract.json").write_text(json.dumps(value), encoding="utf-8")
    assert record(demo)
    assert load(demo).json["model"]["sha256"] != "0" * 64


def test_a_cameras_file_names_are_fine(demo):
    """They become addresses that can be typed."""
    (demo / "examples/cat.jpg").rename(demo / "examples/IMG_0001 (2).JPG")
    edit(demo, '"cat.jpg"', '"IMG_0001 (2).JPG"')
    assert record(demo)
    assert load(demo).json["examples"][0]["name"] == "img-0001-2"


def test_a_broken_contract_is_not_written_over(demo):
    """Conflict markers may hide somebody's work: they are for people to mend."""
    (demo / "contract.json").write_text("<<<<<<< HEAD")
    with pytest.raises(DemoError, match="restore it with git, or delete it"):
        record(demo)
    assert (demo / "contract.json").read_text() == "<<<<<<< HEAD"


@pytest.mark.parametrize(
    ("folder", "labels", "said"),
    [
        ("catdog", ["bird", "fish"], "words for cat, dog; the labels are bird, fish"),
        ("My Birds", ["bird", "fish"], "name it in small letters"),
    ],
)
def test_what_could_not_be_recorded_is_said_before_training(demo, folder, labels, said):
    """Not after it."""
    with pytest.raises(DemoError, match=said):
        expect(demo.parent / folder, labels)
    expect(demo.parent / "birds", labels)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda demo: edit(demo, 'title = "Cat or dog?"', ""), 'needs a line `title = "…"`'),
        (lambda demo: edit(demo, 'source = "Drawn for this page, CC0."', ""), r"examples\[1\] needs a line `source"),
        (lambda demo: edit(demo, '"coffee.jpg"', '"tea.jpg"'), "tea.jpg can not be read"),
        (lambda demo: edit(demo, 'cat = "a cat"', 'wolf = "a wolf"'), "has words for wolf"),
        (lambda demo: edit(demo, "title =", "title"), "can not be read"),
        (lambda demo: (demo / "model.onnx").unlink(), "python -m training.catdog PHOTOS"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_written(demo, change, said):
    """One line for whoever wrote demo.toml."""
    before = (demo / "contract.json").read_bytes()
    change(demo)
    with pytest.raises(DemoError, match=said):
        describe_demo(demo)
    assert (demo / "contract.json").read_bytes() == before
