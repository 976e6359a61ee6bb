"""The essays, from photos or a table to a demo's folder: as a person runs them, on photos that the tests draw."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
from drawn_photos import draw
from PIL import Image

from api_bridge import load
from training.kept import Kept
from training.space.model import Model
from training.vision import PhotosError, look_at

ONE_CPU_EACH = {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


def essay(name: str, folder, *words, run=(), **environment) -> subprocess.CompletedProcess:
    """Run an essay in `folder`, where its own notes go; return what it said."""
    command = [sys.executable, *run, "-m", f"training.{name}", *map(str, words)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=500, env={**os.environ, **environment}
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What one command leaves behind: the folder it ran in, the demo's and the trainer's."""
    folder = tmp_path_factory.mktemp("trained")
    draw(folder / "photos/shapes", 14)
    draw(folder / "photos/others", 4, labels=("stripes",))
    (folder / "photos/shapes/disc/broken.png").write_bytes(b"no photo")
    words = ("--to", "shapes", "--size", "64", "--head", "4", "--all", "1", "--others", "photos/others/stripes")
    done = essay("catdog", folder, "photos/shapes", *words)
    assert done.returncode == 0, done.stderr
    return done, folder, folder / "shapes", Kept.read(folder / ".local/training/shapes")


def test_one_command_leaves_a_whole_demo(trained):
    """Model, contract, figures and card for everybody, and a beginning of what people will write."""
    done, _, demo, _ = trained
    assert "1 can not be read and are left out" in done.stdout
    assert sorted(path.name for path in demo.iterdir()) == [
        "card.md",
        "contract.json",
        "demo.toml",
        "figures.json",
        "index.md",
        "model.onnx",
    ]
    contract = load(demo)
    assert (contract.title, contract.revision) == ("Disc or square?", 1)
    model = contract.json["model"]
    assert model["labels"] == ["disc", "square"]
    assert (model["validated_on"], model["trained_on"]) == (5, {"name": "shapes", "count": 23})
    # So few photos, and yet every batch of them was learned from.
    assert re.search(r"(80|100).0% of 5 that were held back are right", done.stdout)


def test_every_runtime_was_asked_and_agreed(trained):
    """fastai, Python, a browser and the Space: the gate is no gate where one of them is left out."""
    _, _, demo, _ = trained
    table = json.loads((demo / "figures.json").read_text())["parity"]
    assert {row["runtime"]: row.get("agree") for row in table} == dict.fromkeys(
        ("graph in Python", "fastai", "browser", "Space"), 28
    )
    assert all(row["largest_difference"] <= 0.03 for row in table)


def test_what_shows_photos_stays_with_the_trainer(trained):
    """Names and pictures of photos are in the trainer's folder, and none of them in the demo's."""
    _, folder, demo, kept = trained
    assert {row["file"] for row in kept.rows} == {f"{label}/{n}.png" for label in ("disc", "square") for n in range(14)}
    assert (kept.folder / "report.html").exists()
    for path in demo.iterdir():
        content = path.read_bytes()
        assert b"disc/" not in content
        assert str(folder).encode() not in content
        assert b"/training/graph.py" not in content
        assert b"site-packages" not in content


def test_the_rows_are_the_graphs_own_words(trained):
    """What report and card are drawn from is what a visitor would be told."""
    _, _, demo, kept = trained
    model = Model(demo / "model.onnx")
    for row, embedding, cam in zip(kept.rows, kept.embeddings(), kept.maps(), strict=True):
        with Image.open(kept.path(row)) as photo:
            said = model.run(photo)
        assert said["probabilities"] == pytest.approx(row["probabilities"], abs=2e-3)
        assert said["embedding"] == pytest.approx(embedding, abs=2e-3)
        assert said["cam"] == pytest.approx(cam, abs=0.05)
        if row["split"] == "valid":
            assert said["familiarity"] == pytest.approx(row["familiarity"], abs=2e-3)


def test_photos_of_something_else_are_less_familiar(trained):
    """They are measured on folders that nothing learned from, and every way to tell is in the table."""
    _, _, _, kept = trained
    told = kept.run["unfamiliar"]
    assert [(each["name"], each["photos"]) for each in told["foreign"]] == [("stripes", 4)]
    assert told["foreign"][0]["auroc"] > 0.9
    assert len(told["scorers"]) == 7


def test_the_graph_takes_a_photo_of_any_size(trained):
    """Pixels in, a verdict out; nothing else to know."""
    graph = onnx.load(trained[2] / "model.onnx").graph
    assert [each.name for each in graph.input] == ["pixels"]
    names = {each.name for each in graph.output}
    assert names == {"probabilities", "embedding", "cam", "familiarity", "unfamiliar"}
    assert graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    model = Model(trained[2] / "model.onnx")
    for size in ((1, 1), (9, 400), (1200, 900)):
        told = model(Image.new("RGB", size, "red"))
        assert list(told) == ["disc", "square"]
        assert sum(told.values()) == pytest.approx(1, abs=1e-4)


def test_weights_are_stored_in_sixteen_bits(trained):
    """Half the size for the visitor, and nothing large is left in 32."""
    weights = onnx.load(trained[2] / "model.onnx").graph.initializer
    large = [each for each in weights if np.prod(each.dims) >= 256 and each.data_type == onnx.TensorProto.FLOAT]
    assert large == []
    assert (trained[2] / "model.onnx").stat().st_size < 10_000_000


def test_a_killed_run_goes_on_after_its_last_epoch(tmp_path):
    """A power cut costs one epoch. And a table becomes a demo with a form, by the same road."""
    progress = tmp_path / ".local/training/penguins/checkpoint/progress.json"
    words = ("--to", "penguins", "--epochs", "30")
    first = subprocess.Popen(
        [sys.executable, "-m", "training.penguins", *words], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(1200):
            if progress.exists() and len(json.loads(progress.read_text())["epochs"]) > 1:
                break
            assert first.poll() is None
            time.sleep(0.05)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    before = json.loads(progress.read_text())
    assert not (tmp_path / "penguins").exists()

    second = essay("penguins", tmp_path, *words)
    assert second.returncode == 0, second.stderr
    assert f"Going on after epoch {len(before['epochs'])}" in second.stdout
    assert "Looking for a learning rate" not in second.stdout
    kept = Kept.read(tmp_path / ".local/training/penguins")
    assert kept.run["epochs"][: len(before["epochs"])] == before["epochs"]
    assert not progress.exists()

    contract = load(tmp_path / "penguins")
    assert list(contract.fields) == [
        "bill_length_mm",
        "bill_depth_mm",
        "flipper_length_mm",
        "body_mass_g",
        "island",
        "sex",
    ]
    assert contract.fields["sex"]["enum"] == ["female", "male", "unknown"]
    assert contract.json["model"]["accuracy"] >= 0.95
    assert {row["runtime"] for row in json.loads((tmp_path / "penguins/figures.json").read_text())["parity"]} == {
        "graph in Python",
        "fastai",
        "browser",
        "Space",
    }
    model = Model(tmp_path / "penguins/model.onnx")
    bird = dict(kept.rows[0]["values"])
    assert not model.prediction(bird)["unfamiliar"]
    assert model.prediction({**bird, "body_mass_g": 90_000.0})["unfamiliar"]


@pytest.mark.slow
def test_two_processes_learn_together(tmp_path):
    """Each from its own part of every batch; one of them says what is to be said."""
    run = ("-m", "torch.distributed.run", "--nproc-per-node", "2")
    done = essay("penguins", tmp_path, "--to", "penguins", "--epochs", "6", run=run, **ONE_CPU_EACH)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("that were held back are right") == 1
    kept = Kept.read(tmp_path / ".local/training/penguins")
    assert kept.run["device"].startswith("2 × ")
    assert len(kept.run["epochs"]) > 2
    assert load(tmp_path / "penguins").json["model"]["accuracy"] >= 0.75  # a third would be luck


@pytest.mark.slow
def test_a_label_may_have_any_name(tmp_path):
    """It stands on pages, in attributes, in TOML and in JSON."""
    odd = ('1 <b>"quoted"', "ünï & 'so'")
    draw(tmp_path / "photos", 6, labels=odd)
    done = essay("catdog", tmp_path, "photos", "--to", "odd", "--size", "64", "--head", "1", "--all", "0")
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "odd").json["model"]["labels"] == list(odd)
    assert "<b>" not in (tmp_path / ".local/training/odd/report.html").read_text()


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ({}, "holds no photos"),
        ({"cat": 6}, "one label"),
        ({"cat": 6, ".": 5}, "directly in its label's sub-folder"),
        ({"cat": 6, "dog/more": 6}, "not so those in: more"),
        ({"cat": 9, "dog": 2}, "at least 5 photos"),
    ],
)
def test_photos_that_can_not_teach_are_said_to_be_that(tmp_path, folders, said):
    """Before anything is trained: one line that says what to do."""
    fill(tmp_path, folders)
    with pytest.raises(PhotosError, match=said):
        look_at(tmp_path, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_the_essay_says_it_in_one_line(tmp_path):
    """And ends with 1, without a traceback."""
    fill(tmp_path, {"cat": 6})
    done = essay("catdog", tmp_path, tmp_path, "--to", tmp_path / "demo")
    assert done.returncode == 1
    assert "one label" in done.stderr
    assert "Traceback" not in done.stderr


def fill(folder, counts: dict[str, int]) -> None:
    """Put so many photos into each sub-folder."""
    for label, count in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (8, 8)).save(folder / label / f"{number}.png")


def test_a_full_disk_is_one_line(trained, tmp_path):
    """Nothing half-written: the folder has no demo, and the photos are as they were."""
    _, folder, _, _ = trained
    code = (
        "import resource, signal, runpy, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "sys.argv = ['catdog', *sys.argv[1:]]\n"
        "runpy.run_module('training.catdog', run_name='__main__')"
    )
    words = [folder / "photos/shapes", "--to", "full", "--size", "64", "--head", "1", "--all", "0"]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Mend that, and run this again." in done.stderr
    assert not (tmp_path / "full").exists()


@pytest.mark.slow
def test_four_ways_to_be_square_stand_side_by_side(tmp_path):
    """The same photos in each way, and how often each was right: to be looked at, not believed."""
    draw(tmp_path / "photos", 8)
    done = essay("resize", tmp_path, "photos", "--size", "64", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / ".local/training/resize"
    page = (folder / "index.html").read_text()
    for way in ("crop", "pad", "squish", "part"):
        assert re.search(rf"^{way} +\d+\.\d\s%", done.stdout, re.MULTILINE)
        assert f'<h2 id="{way}">' in page
        with Image.open(folder / f"pictures/{way}-0.jpg") as picture:
            assert picture.size == (64, 64)
    looks = {(folder / f"pictures/{way}-2.jpg").read_bytes() for way in ("crop", "pad", "squish", "part")}
    assert len(looks) == 4
