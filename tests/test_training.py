"""The essay from photos to a demo's folder, on photos that the test draws."""

import random
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import ROOT
from PIL import Image, ImageDraw

from api_bridge import load
from training.space.model import Model


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """A folder of photos, one sub-folder per label: discs and squares, some of them turned or see-through."""
    folder, dice = tmp_path_factory.mktemp("photos") / "shapes", random.Random(5)
    for label in ("disc", "square"):
        (folder / label).mkdir(parents=True)
        for number in range(14):
            size = (dice.randint(70, 140), dice.randint(70, 140))
            image = Image.new("RGBA", size, (dice.randint(150, 255), 230, 230, dice.choice((0, 255))))
            box = (10, 10, size[0] - 15, size[1] - 15)
            draw = ImageDraw.Draw(image)
            (draw.ellipse if label == "disc" else draw.rectangle)(box, fill=(200 if label == "disc" else 20, 30, 60))
            exif = Image.Exif()
            exif[0x0112] = dice.choice((1, 3, 6))
            image.save(folder / label / f"{number}.png", exif=exif)
    return folder


@pytest.fixture(scope="module")
def demo(shapes, tmp_path_factory):
    """What one command leaves behind."""
    to = tmp_path_factory.mktemp("demos") / "shapes"
    command = [sys.executable, "-m", "training.catdog", shapes, "--to", to, "--size", "64", "--epochs", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "fastai and the graph agree on 5 photos" in done.stdout
    # So few photos, and yet every batch of them was learned from.
    assert re.search(r"(80|100).0% of 5 photos that were held back are right", done.stdout)
    return to


def test_one_command_leaves_a_whole_demo(demo):
    """Model, contract and figures, and a beginning of what people will write."""
    assert sorted(path.name for path in demo.iterdir()) == [
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


def test_the_graph_takes_a_photo_of_any_size(demo):
    """Pixels in, probabilities out; nothing else to know."""
    graph = onnx.load(demo / "model.onnx").graph
    assert [each.name for each in graph.input] == ["pixels"]
    assert [each.name for each in graph.output] == ["probabilities"]
    assert graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    model = Model(demo / "model.onnx")
    for size in ((1, 1), (9, 400), (1200, 900)):
        told = model(Image.new("RGB", size, "red"))
        assert list(told) == ["disc", "square"]
        assert sum(told.values()) == pytest.approx(1, abs=1e-4)


def test_weights_are_stored_in_sixteen_bits(demo):
    """Half the size for the visitor, and nothing large is left in 32."""
    weights = onnx.load(demo / "model.onnx").graph.initializer
    large = [each for each in weights if np.prod(each.dims) >= 256 and each.data_type == onnx.TensorProto.FLOAT]
    assert large == []
    assert (demo / "model.onnx").stat().st_size < 10_000_000


@pytest.fixture(scope="module")
def learned(shapes):
    """A learner and its own predictions of the photos that were held back."""
    from training import vision

    block = vision.DataBlock(
        blocks=(vision.ImageBlock(vision.Photo), vision.CategoryBlock),
        get_items=vision.get_image_files,
        get_y=vision.parent_label,
        splitter=vision.RandomSplitter(0.2, seed=1),
        item_tfms=vision.RandomResizedCrop(64),
    )
    dls = block.dataloaders(shapes, bs=8, num_workers=0)
    learn = vision.learner(dls)
    with learn.no_bar(), learn.no_logging():
        return learn, learn.get_preds()[0].numpy()


def test_a_graph_that_disagrees_is_never_written(learned, tmp_path, monkeypatch):
    """One probability off by more than 0.03, and the folder stays as it was."""
    from training import export

    learn, expected = learned
    graph = export.build(learn, {"labels": ["disc", "square"]})
    assert export.parity(graph, learn, expected) <= export.NEAR
    moved = expected.copy()
    moved[0] += (0.04, -0.04) if moved[0].argmax() == 0 else (-0.04, 0.04)
    with pytest.raises(export.ParityError, match="No model and no contract was written"):
        export.parity(graph, learn, moved)

    def wrong(prefix):
        return lambda size, resized: prefix(size, resized + 64)

    monkeypatch.setattr(export, "_prefix", wrong(export._prefix))
    (tmp_path / "shapes").mkdir()
    with pytest.raises(export.ParityError):
        export.export(learn, tmp_path / "shapes", "shapes")
    assert list((tmp_path / "shapes").iterdir()) == []


def test_the_graph_prepares_pixels_as_pillow_does():
    """The whole photo squeezed square and its centre cut out, to the last grey level, borders too."""
    from training import export

    noise = np.random.default_rng(3).integers(0, 256, (130, 210, 3), dtype=np.uint8)
    for size, resized in ((64, 64), (64, 80)):
        session = onnxruntime.InferenceSession(export._prefix(size, resized).SerializeToString())
        (image,) = session.run(None, {"pixels": noise})
        edge = (resized - size) // 2
        squeezed = np.asarray(Image.fromarray(noise).resize((resized, resized), Image.Resampling.BILINEAR))
        theirs = squeezed[edge : edge + size, edge : edge + size].transpose(2, 0, 1)
        assert np.abs(image[0] * 255 - theirs).max() <= 1.01


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
    for label, count in folders.items():
        (tmp_path / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (8, 8)).save(tmp_path / label / f"{number}.png")
    command = [sys.executable, "-m", "training.catdog", tmp_path, "--to", tmp_path / "demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo").exists()
