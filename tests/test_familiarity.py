"""What is unlike all that was learned from is called so, and what is like it hardly ever."""

import numpy as np
import pytest

from training.familiarity import SCORERS, familiarity, known, table, threshold

DICE = np.random.default_rng(7)


def around(middle: int, count: int, spread: float = 0.15) -> np.ndarray:
    """Embeddings of length 1 about one of the axes."""
    rows = DICE.normal(size=(count, 40)) * spread
    rows[:, middle] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_at_most_five_in_a_hundred_are_called_unfamiliar_that_are_not():
    """However few were held back: over many trials, of photos that nobody had seen."""
    for count in (20, 65, 600):
        alarms = []
        for _ in range(400):
            below = threshold(DICE.normal(size=count))
            alarms.append((DICE.normal(size=200) < below).mean())
        assert np.mean(alarms) <= 0.0525


def test_a_handful_of_photos_promises_nothing():
    """Of eighteen none can be left out and the promise be kept: nothing is unfamiliar then."""
    assert threshold(DICE.normal(size=18)) == -1


def test_the_photo_at_the_threshold_is_familiar():
    """The rank is among those that stay."""
    held_back = np.linspace(0.5, 0.9, 60, dtype=np.float32)
    assert (held_back < threshold(held_back)).sum() == 2  # 3 of 61, and that third one stays


def test_every_label_is_known_alike():
    """A rare label is not crowded out by a common one."""
    labels = ["common"] * 900 + ["rare"] * 60
    chosen = [labels[place] for place in known(labels, 200)]
    assert (chosen.count("rare"), chosen.count("common")) == (60, 140)
    assert known(["a", "b", "a"]) == [0, 1, 2]


def test_a_photo_does_not_count_as_its_own_neighbour():
    """Or each that was learned from would be more familiar than any that comes."""
    rows = around(0, 12)
    alone = familiarity(rows, rows, list(range(12)))
    expected = [np.sort(np.delete(rows @ row, place))[-10:].mean() for place, row in enumerate(rows)]
    assert alone == pytest.approx(expected, abs=1e-5)
    assert (familiarity(rows, rows) > alone).all()


@pytest.mark.parametrize("name", SCORERS)
def test_every_way_knows_its_own(name):
    """Of what is clearly something else, each says less: or the comparison would compare nothing."""
    learned = np.concatenate([around(0, 60), around(1, 60)])
    labels = np.repeat(["a", "b"], 60)
    ours, foreign = SCORERS[name](learned, labels, around(0, 40)), SCORERS[name](learned, labels, around(2, 40))
    assert ours.shape == foreign.shape == (40,)
    assert np.median(ours) > np.median(foreign)


def test_the_table_has_the_best_way_first():
    """With a column for each set of photos."""
    rows = [{"name": "b", "auroc": {"cats": 0.7}, "mean": 0.7}, {"name": "a", "auroc": {"cats": 0.9}, "mean": 0.9}]
    lines = table(rows).splitlines()
    assert "cats" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["a", "b"]
