"""What a learner has to be to become a graph, and what happens where it is not."""

import json
from contextlib import contextmanager

import numpy as np
import onnxruntime
import pytest
from drawn_photos import draw
from PIL import Image

from training import vision
from training.export import ExportError, carried, export
from training.finish import moved
from training.graph import Crop, Seeing, judging, pixels, seeing
from training.parity import ParityError, compare

BLOCKS = (vision.ImageBlock(vision.Photo), vision.CategoryBlock)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Discs and squares, in folders of their names."""
    return draw(tmp_path_factory.mktemp("photos") / "shapes", 10)


def loaders(photos, transform, blocks=BLOCKS, **about):
    """Photos as an essay loads them, made square by `transform`."""
    block = vision.DataBlock(
        blocks=blocks,
        get_items=vision.get_image_files,
        get_y=vision.parent_label,
        splitter=vision.RandomSplitter(0.2, seed=1),
        item_tfms=transform,
        batch_tfms=vision.aug_transforms(),
        **about,
    )
    return block.dataloaders(photos, bs=8, num_workers=0)


@pytest.fixture(scope="module")
def learn(photos):
    """A learner that has not learned yet."""
    return vision.learner(loaders(photos, vision.RandomResizedCrop(64)))


class Inked(vision.Transform):
    """A transform of somebody's own."""

    def encodes(self, image: vision.TensorImage):
        return 255 - image


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        (vision.Resize(64), "squeezes photos and can not crop"),
        (vision.Resize(64, vision.ResizeMethod.Pad), "squeezes photos and can not pad"),
        (vision.RandomResizedCrop((64, 96)), "looks at squares"),
        ([vision.RandomResizedCrop(64), Inked()], "can not carry the transform Inked"),
        ([vision.Resize(64, vision.ResizeMethod.Squish), vision.RandomResizedCrop(64)], "needs one RandomResizedCrop"),
        (vision.RandomResizedCrop(64), "leave `normalize` on"),
    ],
)
def test_what_the_graph_can_not_carry_is_said(learn, photos, transform, said):
    """By name, and before anything is written."""
    with learn_from(learn, loaders(photos, transform)), pytest.raises(ExportError, match=said):
        carried(learn)


@contextmanager
def learn_from(learn, dls):
    """For a while, a learner has other photos."""
    own, learn.dls = learn.dls, dls
    yield
    learn.dls = own


def test_a_learner_of_two_photos_is_refused(learn, photos):
    """A page asks about one."""
    two = loaders(
        photos,
        vision.RandomResizedCrop(64),
        (BLOCKS[0], *BLOCKS),
        n_inp=2,
        getters=[vision.noop] * 2 + [vision.parent_label],
    )
    with learn_from(learn, two), pytest.raises(ExportError, match="takes 2 inputs"):
        carried(learn)


def test_another_head_is_refused(learn):
    """Its map of a photo would not be what decided."""
    other = vision.vision_learner(learn.dls, vision.resnet18, pretrained=False, normalize=False)
    with pytest.raises(ExportError, match=r"make it with `training\.vision\.learner`"):
        carried(other)


def test_random_transforms_of_training_are_no_hindrance(learn):
    """They leave a visitor's photo as it is."""
    crop, normal = carried(learn)
    assert (crop.size, crop.resized) == (64, 80)
    assert normal.mean.flatten().tolist() == [0.5] * 3


def test_the_map_is_what_decides(learn):
    """Head folded, mean last: the same logits as the learner's own network, and a map whose mean they are."""
    image, norm = vision.torch.rand(1, 3, 64, 64), learn.model[1][0]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    network = Seeing(learn.model.cpu().eval(), *[vision.tensor([0.5] * 3)] * 2)
    with vision.torch.no_grad():
        evidence, embedding = network(image)
        theirs = learn.model((image - 0.5) / 0.5)[0]
    assert evidence.shape == (2, 2, 2)
    assert evidence.mean((1, 2)).tolist() == pytest.approx(theirs.tolist(), abs=1e-4)
    assert float(embedding.norm()) == pytest.approx(1, abs=1e-5)


def test_the_verdict_is_in_the_graph(learn):
    """Temperature, nearest and threshold: as numpy would have it."""
    network = seeing(Seeing(learn.model.cpu().eval(), *[vision.tensor([0.5] * 3)] * 2), Crop(64, 80))
    noise = np.random.default_rng(3)
    photo = noise.integers(0, 256, (90, 70, 3), dtype=np.uint8)
    evidence, embedding = onnxruntime.InferenceSession(network.SerializeToString()).run(None, {"pixels": photo})
    known = noise.normal(size=(30, len(embedding))) * 0.01 + embedding
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    nearest = np.sort(known.astype(np.float16).astype(float) @ embedding)[-10:].mean()
    logits = evidence.mean((1, 2)) / 2.5
    for below, strange in ((nearest - 0.01, False), (nearest + 0.01, True)):
        session = onnxruntime.InferenceSession(judging(network, 2.5, known, float(below)).SerializeToString())
        names = [each.name for each in session.get_outputs()]
        said = dict(zip(names, session.run(None, {"pixels": photo}), strict=True))
        assert said["probabilities"] == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=2e-3)
        assert said["cam"] == pytest.approx(evidence / 2.5, abs=0.02)
        assert float(said["familiarity"]) == pytest.approx(nearest, abs=2e-3)
        assert bool(said["unfamiliar"]) is strange


def test_the_graph_prepares_pixels_as_pillow_does():
    """The whole photo squeezed square and its centre cut out, to the last grey level, borders too."""
    noise = np.random.default_rng(3).integers(0, 256, (130, 210, 3), dtype=np.uint8)
    for size, resized in ((64, 64), (64, 80)):
        session = onnxruntime.InferenceSession(pixels(Crop(size, resized)).SerializeToString())
        (image,) = session.run(None, {"pixels": noise})
        edge = (resized - size) // 2
        squeezed = np.asarray(Image.fromarray(noise).resize((resized, resized), Image.Resampling.BILINEAR))
        theirs = squeezed[edge : edge + size, edge : edge + size].transpose(2, 0, 1)
        assert np.abs(image[0] * 255 - theirs).max() <= 1.01


def test_what_is_see_through_lies_on_white():
    """A browser hands over four channels, and a drawing may have a hole."""
    session = onnxruntime.InferenceSession(pixels(Crop(8, 8)).SerializeToString())
    photo = np.full((20, 20, 4), 100, np.uint8)
    for cover, seen in ((255, 100), (0, 255), (51, 255 - 0.2 * 155)):
        photo[..., 3] = cover
        (image,) = session.run(None, {"pixels": photo})
        assert image * 255 == pytest.approx(np.full((1, 3, 8, 8), seen), abs=1.01)


def test_a_runtime_that_disagrees_is_refused(tmp_path, monkeypatch):
    """One label that differs, or one probability that is too far, and the photo is named."""
    from conftest import CAT, CATDOG

    from training import parity

    monkeypatch.setattr(parity, "over_http", lambda *_: "not here")
    monkeypatch.setattr(parity, "in_browser", lambda *_: "not here")
    with Image.open(CAT) as photo:
        ours = np.array(list(parity.Model(CATDOG / "model.onnx")(photo).values()))
    table = compare(CATDOG, [CAT], ours[None])
    assert [row.get("not_asked") for row in table] == [None, None, "not here", "not here"]
    for wrong in (ours[::-1], ours + np.array([0.04, -0.04])):
        with pytest.raises(ParityError, match=r"cat\.jpg: fastai says .* 1 of 1 are like that"):
            compare(CATDOG, [CAT], wrong[None])


def test_a_graph_that_disagrees_is_never_written(learn, photos, tmp_path, monkeypatch):
    """A network that says the contrary is noticed by the first photo, and the folder stays as it was."""
    from training import export as module

    class Contrary(Seeing):
        def forward(self, image):
            evidence, embedding = super().forward(image)
            return -evidence, embedding

    monkeypatch.setattr(module, "Seeing", Contrary)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes").mkdir()
    run = {
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0,
        "rate": None,
        "epochs": [],
        "seed": 1,
        "device": "CPU",
    }
    with pytest.raises(ParityError, match="fastai says"):
        export(learn, tmp_path / "shapes", run, photos=photos)
    assert list((tmp_path / "shapes").iterdir()) == []
    assert not (tmp_path / ".local").exists()


def test_a_folder_is_brought_whole_or_not_at_all(tmp_path):
    """A disk that fills up half-way leaves what was there before."""
    stage, to = tmp_path / "stage", tmp_path / "to"
    (stage / "inner").mkdir(parents=True)
    to.mkdir()
    for place, text in ((stage / "a.json", "new"), (stage / "inner/b", "new"), (to / "a.json", "old")):
        place.write_text(text)
    (to / "inner").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="inner"):
        moved(stage, to)
    assert sorted(path.name for path in to.iterdir()) == ["a.json", "inner"]
    assert (to / "a.json").read_text() == "old"
    (to / "inner").unlink()
    moved(stage, to)
    assert (to / "a.json").read_text() == (to / "inner/b").read_text() == "new"
    assert json.dumps(sorted(path.name for path in to.rglob("*"))) == '["a.json", "b", "inner"]'
