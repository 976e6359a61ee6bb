"""The fit keeps its best epoch, ends when nothing gets better, and leaves sleeping norms asleep."""

import pandas as pd
import pytest
from drawn_photos import draw

from training import fitting, vision
from training.tabular import Categorify, Normalize, TabularPandas, accuracy, tabular_learner
from training.tabular import CategoryBlock as Species


@pytest.fixture
def learn(monkeypatch):
    """A small table that any network learns."""
    vision.set_seed(3)
    rows = pd.DataFrame({"size": [n % 40 for n in range(160)], "kind": ["a", "b"] * 80})
    rows["large"] = rows["size"].gt(19).map({True: "yes", False: "no"})
    table = TabularPandas(
        rows,
        procs=[Categorify, Normalize],
        cat_names=["kind"],
        cont_names=["size"],
        y_names="large",
        y_block=Species(),
        splits=vision.RandomSplitter(0.25, seed=1)(rows),
    )
    learn = tabular_learner(table.dataloaders(bs=16), layers=[8], metrics=accuracy)
    learn.remove_cb(vision.ProgressCallback)
    return learn


def test_the_best_epoch_is_what_remains(learn, tmp_path):
    """And the run tells what each was like, how fast it learned and for how long."""
    run = fitting.fit(learn, tmp_path, head=0, all=6, seed=3)
    losses = [epoch["valid"] for epoch in run["epochs"]]
    with learn.no_bar(), learn.no_logging():
        assert float(learn.validate()[0]) == pytest.approx(min(losses), abs=1e-3)
    assert len(run["rate"]["rates"]) == len(run["rate"]["losses"]) > 10
    assert 1e-5 < run["rate"]["chosen"] < 3
    assert all(epoch["stage"] == "all" and epoch["seconds"] >= 0 for epoch in run["epochs"])
    assert run["seed"] == 3


def test_an_end_comes_early_where_nothing_gets_better(learn, tmp_path, monkeypatch, capsys):
    """Two epochs without anything better, and the rest is not waited for."""
    monkeypatch.setattr(fitting, "find_rate", lambda _: {"rates": [], "losses": [], "chosen": 1e-12})
    run = fitting.fit(learn, tmp_path, head=0, all=30)
    assert len(run["epochs"]) < 12
    assert "Nothing got better for 2 epochs" in capsys.readouterr().out


def test_other_photos_or_other_words_begin_anew(learn, tmp_path, capsys):
    """Only the very run that was killed is gone on with."""
    fitting.fit(learn, tmp_path, head=0, all=2, seed=3)
    assert (tmp_path / "checkpoint/progress.json").exists()  # until the demo is there
    capsys.readouterr()
    fitting.fit(learn, tmp_path, head=0, all=2, seed=3)
    assert "Looking for" not in capsys.readouterr().out
    fitting.fit(learn, tmp_path, head=0, all=2, seed=4)
    assert "Looking for" in capsys.readouterr().out


def test_norms_stay_as_a_million_photos_left_them(tmp_path):
    """Frozen or not: drifting averages cost three photos in a hundred."""
    photos = draw(tmp_path / "photos", 6)
    block = vision.DataBlock(
        blocks=(vision.ImageBlock(vision.Photo), vision.CategoryBlock),
        get_items=vision.get_image_files,
        get_y=vision.parent_label,
        splitter=vision.RandomSplitter(0.2, seed=1),
        item_tfms=vision.RandomResizedCrop(64),
    )
    learn = vision.learner(block.dataloaders(photos, bs=4, num_workers=0), metrics=vision.accuracy)
    norms = [layer for layer in learn.model[0].modules() if isinstance(layer, vision.nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]
    head = learn.model[1][0].running_mean.clone()
    weights = learn.model[0].model.conv_stem.weight.clone()
    learn.unfreeze()
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-2)
    assert not vision.torch.equal(learn.model[0].model.conv_stem.weight, weights)  # awake, and learning
    assert all(vision.torch.equal(norm.running_mean, mean) for norm, mean in zip(norms, before, strict=True))
    assert not vision.torch.equal(learn.model[1][0].running_mean, head)
