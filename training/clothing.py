"""
What to wear? Ten kinds of clothing, some of them very alike, and not as many photos of each.

    python -m training.clothing PHOTOS

`PHOTOS` has one sub-folder per label. Leaves model.onnx, contract.json, figures.json and
card.md in site/demos/clothing, and a report to look at in .local/training/clothing. Takes
about a quarter of an hour for three thousand photos on two cores.
"""

from fastcore.script import call_parse

from training.export import export
from training.faults import in_words
from training.fitting import fit
from training.kept import kept
from training.vision import *  # the way the course imports fastai
from training.vision import folders, learner, look_at

DEMO = Path("site/demos/clothing")


@call_parse
@in_words()
def main(
    photos: Path,  # one sub-folder of photos per label
    to: Path = DEMO,  # the demo's folder
    size: int = 224,  # pixels per side
    head: int = 3,  # epochs in which only the head learns
    all: int = 2,  # epochs in which the body learns as well
    seed: int = 42,  # same seed, same split
    name: str = "",  # what to call these photos on the page; their folder's name without it
    others: str = "",  # folders of photos of something else, with commas between, to measure what is unfamiliar
):
    "Train on photos of clothes, and leave a demo's folder ready to publish."
    good = look_at(photos, to)
    set_seed(seed, reproducible=True)

    # The data: the label is the folder's name, and one photo in five is held back.
    # How long a sleeve or a leg is decides here, so training sees most of each photo, and
    # nothing is turned far: clothes hang, or lie as they hang.
    clothes = DataBlock(
        blocks=(ImageBlock(Photo), CategoryBlock),
        get_y=parent_label,
        splitter=RandomSplitter(0.2, seed=seed),
        item_tfms=RandomResizedCrop(size, min_scale=0.75),
        batch_tfms=aug_transforms(max_rotate=5, max_warp=0.1),
    )
    dls = clothes.dataloaders(good, bs=min(32, len(good) // 4), num_workers=2)

    # A shirt and a t-shirt differ in a collar: here it is the second half, with the body
    # learning as well, that makes the difference.
    learn = learner(dls, metrics=accuracy)
    run = fit(learn, kept(to), head=head, all=all, size=size, seed=seed)

    # The promise: the labels it learned become the contract's labels.
    export(learn, to, run, photos=photos, name=name, others=folders(others))
