"""What a model looked at: drawn over the photo at the right place, as dark as it should be."""

import numpy as np
import onnx
import pytest
from conftest import CAT, CATDOG, ROOT
from PIL import Image

from training.space.model import Model, shares

PHOTOS = sorted(path.parent for path in (ROOT / "site/demos").glob("*/model.onnx") if path.parent.name != "penguins")


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(CATDOG / "model.onnx")


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(CAT) as picture:
        return picture.convert("RGB")


@pytest.mark.parametrize("folder", PHOTOS, ids=lambda folder: folder.name)
def test_the_map_lies_where_the_graph_looks(folder):
    """The part of a photo that a map is drawn over is the one that the graph's own crop leaves."""
    graph = onnx.load(folder / "model.onnx").graph
    said = {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    squeezed, begins = (
        int(onnx.numpy_helper.to_array(next(value for name, value in said.items() if name.endswith(f"_{word}")))[0])
        for word in ("square", "begins")
    )
    (cam,) = (output for output in graph.output if output.name == "cam")
    # One pixel of this picture is one of those that the graph squeezes a photo to.
    seen = shares(cam.type.tensor_type.shape.dim[-1].dim_value, squeezed).sum(1)
    assert seen[:begins].tolist() == seen[-begins:].tolist() == [0] * begins
    assert np.allclose(seen[begins:-begins], 1)


def test_a_place_shines_where_it_is(model):
    """Left stays left and up stays up, in a picture that is no square."""
    across, down = shares(4, 400), shares(4, 200)
    places = np.zeros((4, 4))
    places[0, 3] = 1  # up, on the right
    heat = down @ places @ across.T
    assert heat.shape == (200, 400)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert row < 60
    assert column > 300
    assert heat.max() == 1


def test_without_strength_it_is_the_photo(model, photo):
    """To the last pixel."""
    assert np.array_equal(np.asarray(model.look(photo, "cat", 0)), np.asarray(photo))


def test_with_all_strength_what_it_did_not_look_at_is_black(model, photo):
    """The margin, which it has not seen, and what spoke against the label; and what spoke for it most is as it was."""
    before, after = np.asarray(photo, int), np.asarray(model.look(photo, "cat", 1), int)
    heat = model.run(photo)["cam"][model.labels.index("cat")].clip(0)
    assert after[:15].max() == after[:, :20].max() == 0
    height, width = before.shape[:2]
    side = heat.shape[0]
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    part = 224 / 256
    y, x = (
        round(size * ((1 - part) / 2 + part * (place + 0.5) / side)) for size, place in ((height, row), (width, column))
    )
    assert np.abs(after[y, x] - before[y, x]).max() <= 0.05 * 255
    assert (after <= before).all()


def test_half_the_strength_is_half_of_the_way(model, photo):
    """The slider does what it says."""
    none, half, all_ = (np.asarray(model.look(photo, "dog", strength), float) for strength in (0, 0.5, 1))
    assert np.abs((none + all_) / 2 - half).max() <= 1


def test_a_large_photo_is_drawn_small(model, photo):
    """Nobody waits for a picture that no page shows as large; its sides keep their proportion."""
    large = photo.resize((3000, 2000))
    assert model.look(large, "cat", 0.7).size == (1024, 683)


def test_a_label_that_it_does_not_know_has_no_map(model, photo):
    """Nothing is drawn that would mean nothing."""
    with pytest.raises(ValueError, match="wolf"):
        model.look(photo, "wolf", 0.7)
