"""The contract is what the model and demo.toml amount to; people change one and the machine writes the other."""

import json
import shutil

import pytest
from conftest import CATDOG, ROOT
from PIL import Image

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


# --- demos of several steps

SEVERAL = ("bears-twice", "catdog-look", "wardrobe")


@pytest.fixture
def steps(tmp_path):
    """Copies of the demos of several steps, to be changed, beside those that they ask."""
    for folder in (ROOT / "site/demos").iterdir():
        if folder.name in SEVERAL:
            shutil.copytree(folder, tmp_path / folder.name)
        else:
            (tmp_path / folder.name).symlink_to(folder)
    return tmp_path


@pytest.mark.parametrize("name", SEVERAL)
def test_the_committed_contracts_of_several_hold(steps, name):
    """The models here say of the examples what was recorded, and draw the same pictures; nothing is written."""
    before = {path: path.read_bytes() for path in (steps / name).rglob("*") if path.is_file()}
    assert not record(steps / name)
    assert {path: path.read_bytes() for path in (steps / name).rglob("*") if path.is_file()} == before


def test_a_picture_is_drawn_where_none_was(steps):
    """And its description is the contract's, to the byte."""
    folder = steps / "catdog-look"
    (folder / "contract.json").unlink()
    (folder / "examples/chelsea-a-cat-look.webp").unlink()
    assert record(folder)
    example = load(folder).json["examples"][0]["prediction"]["look"]
    assert (folder / example["file"]).stat().st_size == example["size"]


def test_a_picture_of_something_else_is_noticed(steps):
    """Another file by another encoder is not: it looks the same."""
    folder = steps / "catdog-look"
    path = folder / "examples/chelsea-a-cat-look.webp"
    with Image.open(path) as picture:
        picture.save(path, "WEBP", quality=60)
    value = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    value["examples"][0]["prediction"]["look"]["size"] = path.stat().st_size
    (folder / "contract.json").write_text(json.dumps(value), encoding="utf-8")
    assert not record(folder)
    with Image.open(path) as picture:
        picture.rotate(180).save(path, "WEBP", quality=60)
    assert record(folder)


def test_a_model_that_is_not_here_is_asked_for(steps):
    """A contract of a stranger's demo may be here without its model."""
    (steps / "catdog").unlink()
    shutil.copytree(ROOT / "site/demos/catdog", steps / "catdog", ignore=shutil.ignore_patterns("*.onnx"))
    with pytest.raises(DemoError, match="step “guess” asks catdog, whose model is not here: train it first"):
        record(steps / "catdog-look")


def test_a_demo_that_asks_others_is_written_after_them(steps, capsys):
    """Its fields and words are theirs as they are now."""
    main(*SEVERAL, "catdog", check=True, demos=steps)
    main(check=True, demos=steps)
    said = capsys.readouterr().out.splitlines()[-len(SEVERAL) :]
    assert said == [f"{name}: holds" for name in SEVERAL]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "bears-twice",
            'demo = "bears-glance"',
            'demo = "polar"',
            "asks the demo polar, whose contract can not be read",
        ),
        ("bears-twice", 'demo = "bears-glance"', 'demo = "wardrobe"', "wardrobe, which has steps itself"),
        ("bears-twice", '"bears.photo"', '"bears.picture"', "is from bears.picture, and there is no such field"),
        ("bears-twice", 'title = "At a glance"', "", "steps.glance has no title"),
        ("bears-twice", '"drawn-teddy.jpg"', '"drawn-tiger.jpg"', "drawn-tiger.jpg can not be read"),
        ("bears-twice", 'alt = "A drawing of a sitting', 'old = "', r"examples\[1\] needs a line `alt"),
        ("catdog-look", "guess.confidence >", "gess.confidence >", "steps.look needs “gess”, which is no step"),
        ("catdog-look", "guess.unfamiliar ==", "guess.foreign ==", "the prediction has no “guess.foreign”"),
        ("catdog-look", '"/catdog-look"', '"/catdog-lick"', "catdog has no endpoint /catdog-lick"),
        ("catdog-look", '"input.strength"', '"input.force"', "there is no field “force”"),
        ("wardrobe", 'demo = "clothing"', "", 'steps.sort needs a line `demo = "…"`'),
    ],
)
def test_steps_that_do_not_fit_are_said_and_nothing_written(steps, name, old, new, said):
    """One line for whoever wrote demo.toml."""
    before = (steps / name / "contract.json").read_bytes()
    edit(steps / name, old, new)
    with pytest.raises(DemoError, match=said):
        record(steps / name)
    assert (steps / name / "contract.json").read_bytes() == before
