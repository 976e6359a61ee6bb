"""What is said of a model is what was measured, on photos it never learned from."""

import json

import numpy as np
import pytest
from finished_run import RUN, draw, tiny_graph
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from training import hardships
from training.measures import auroc, calibration, figures, share
from training.space.model import Model


@pytest.fixture
def kept(tmp_path):
    return draw(tmp_path)


def test_figures_are_those_of_the_photos_held_back(kept):
    """Nobody reads the figures of photos that the model learned by heart: of ten held back, one is wrong."""
    told = figures(kept)
    assert told["confusion"] == [[4, 1], [0, 5]]
    assert told["splits"] == {"train": {"cat": 8, "dog": 8}, "valid": {"cat": 5, "dog": 5}}
    # Wilson's interval of 9 of 10, as it stands in textbooks.
    assert told["accuracy"] == {"value": 0.9, "low": 0.5958, "high": 0.9821, "count": 10}
    cat, dog = told["labels"]
    assert (cat["precision"]["value"], cat["recall"]["value"]) == (1, 0.8)
    assert (dog["precision"]["value"], dog["recall"]["value"]) == (0.8333, 1)
    assert (dog["precision"]["count"], dog["recall"]["count"]) == (6, 5)
    assert told["losses"]["epochs"] == RUN["epochs"]


def test_a_label_that_was_never_said_has_no_precision(tmp_path):
    """“None to measure it on” is no 0 %, and no NaN that a page can not read."""
    told = figures(draw(tmp_path, labels=["cat", "dog", "fox"]))
    fox = told["labels"][2]
    assert fox["precision"] == {"value": None, "low": 0, "high": 1, "count": 0}
    assert fox["recall"]["value"] == 0
    json.dumps(told, allow_nan=False)


def test_nothing_that_shows_or_names_a_photo_is_published(kept):
    """Whoever reads figures.json learns neither where the photos lie nor what they are called."""
    text = json.dumps(figures(kept))
    assert "secret" not in text
    assert str(kept.folder.parent) not in text
    assert "discs and squares" in text


@given(some.integers(1, 500).flatmap(lambda count: some.tuples(some.integers(0, count), some.just(count))))
def test_a_share_lies_between_its_bounds(of):
    """A bar is never drawn beside its own interval."""
    told = share(*of)
    assert 0 <= told["low"] <= told["value"] <= told["high"] <= 1


def test_calibration_counts_every_answer_once():
    """Sure to the last is in the last bin; the error is the mean distance of sure and right."""
    told = calibration(np.array([1.0, 0.95, 0.95, 0.55]), np.array([True, True, False, False]))
    assert [(each["confidence"], each["accuracy"], each["count"]) for each in told["bins"]] == [
        (0.55, 0, 1),
        (0.9667, 0.6667, 3),
    ]
    assert told["error"] == pytest.approx((0.55 + 3 * 0.3) / 4, abs=1e-4)


def test_auroc_is_how_often_ours_is_the_more_familiar():
    """Every pair of one of ours and a foreign one counts once, and a tie counts half."""
    assert auroc([0.8, 0.9], [0.1, 0.2]) == 1
    assert auroc([0.1], [0.9]) == 0
    assert auroc([0.5, 0.5], [0.5]) == 0.5
    assert auroc([0.3, 0.9], [0.5, 0.1]) == 0.75


def test_false_alarms_are_those_of_the_threshold(kept):
    """Half of a threshold's story is whom it turns away wrongly: none of ten here, and two of them a little above."""
    assert figures(kept)["unfamiliar"]["false_alarms"]["value"] == 0
    moved = {**kept.run, "unfamiliar": {**RUN["unfamiliar"], "below": 0.8}}
    assert figures(type(kept)(kept.folder, moved, kept.rows))["unfamiliar"]["false_alarms"]["value"] == 0.4


def test_a_run_without_photos_of_a_kind_is_told_all_the_same(tmp_path):
    """A table has no rate, no hardships and no foreign sets, and its page is not broken by that."""
    told = figures(draw(tmp_path, fields="table", rate=None, unfamiliar=None))
    assert (told["rate"], told["unfamiliar"], told["hardships"]) == (None, None, [])


# --- where it fails


@pytest.fixture
def model(tmp_path):
    tiny_graph(tmp_path / "model.onnx")
    return Model(tmp_path / "model.onnx")


def test_hardships_are_measured_through_the_graph(kept, model):
    """The model that knows cats by their lightness loses all of them in the dark, and says so of the darkest."""
    told = {each["name"]: each for each in hardships.measure(kept, model)}
    assert set(told) == {each.__name__ for each in hardships.HARDSHIPS}
    assert told["turned"]["accuracy"]["value"] == 1
    assert told["dark"]["accuracy"] == share(5, 10)
    assert told["dark"]["unfamiliar"] == 1
    assert told["turned"]["unfamiliar"] == 0
    assert figures(kept)["hardships"] == list(told.values())


def test_hardships_of_an_older_run_are_not_this_ones(kept, model):
    """A new model is not blamed for what its forerunner could not see."""
    hardships.measure(kept, model)
    later = type(kept)(kept.folder, {**kept.run, "started": "2026-11-22T12:00:00+00:00"}, kept.rows)
    assert figures(later)["hardships"] == []


def test_photos_that_are_gone_are_passed_over(kept, model):
    """Cleaning after a run moves photos away; the others still tell."""
    kept.path(kept.rows[8]).unlink()
    kept.path(kept.rows[9]).write_bytes(b"no photo")
    assert {each["accuracy"]["count"] for each in hardships.measure(kept, model)} == {8}


def test_so_many_photos_and_no_more_are_asked_about(kept, model):
    """Ten thousand photos do not make anybody wait for an hour, and the same are chosen each time."""
    first = hardships.measure(kept, model, most=4)
    assert {each["accuracy"]["count"] for each in first} == {4}
    assert hardships.measure(kept, model, most=4) == first


def test_a_table_has_no_hardships(tmp_path, model):
    """Rows of numbers are neither dark nor far."""
    kept = draw(tmp_path, fields="table")
    assert hardships.measure(kept, model) == []
    assert not (kept.folder / "hardships.json").exists()


@pytest.mark.parametrize("hardship", hardships.HARDSHIPS, ids=lambda each: each.__name__)
def test_a_hardship_is_the_same_each_time_for_any_photo(hardship):
    """Two runs can be held against each other, and no odd photo ends a training in a traceback."""
    dice = np.random.default_rng(2)
    for size in ((1, 1), (3, 200), (320, 9), (320, 240)):
        photo = Image.fromarray(dice.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
        before = photo.tobytes()
        harder = hardship(photo)
        assert harder.mode == "RGB"
        assert sorted(harder.size) == sorted(size)
        assert harder.tobytes() == hardship(photo).tobytes()
        assert photo.tobytes() == before
        if size == (320, 240):
            assert harder.tobytes() != before
