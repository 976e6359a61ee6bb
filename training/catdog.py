"""
Cat or dog? The course's first model, from a folder of photos to a demo's folder.

    python -m training.catdog PHOTOS

`PHOTOS` has one sub-folder per label, here `cat` and `dog`; other names work as well. Leaves
model.onnx, contract.json, figures.json and card.md in site/demos/catdog, and a report to look
at in .local/training/catdog. Takes about seven minutes for a thousand photos on two cores.
"""

from fastcore.script import call_parse

from training.export import export
from training.faults import in_words
from training.fitting import fit
from training.kept import kept
from training.vision import *  # the way the course imports fastai
from training.vision import folders, learner, look_at

DEMO = Path("site/demos/catdog")


@call_parse
@in_words()
def main(
    photos: Path,  # one sub-folder of photos per label
    to: Path = DEMO,  # the demo's folder
    size: int = 224,  # pixels per side
    head: int = 3,  # epochs in which only the head learns
    all: int = 1,  # epochs in which the body learns as well
    seed: int = 42,  # same seed, same split
    name: str = "",  # what to call these photos on the page; their folder's name without it
    others: str = "",  # folders of photos of something else, with commas between, to measure what is unfamiliar
):
    "Train on photos of two kinds, and leave a demo's folder ready to publish."
    good = look_at(photos, to)
    set_seed(seed, reproducible=True)

    # The data: the label is the folder's name, and one photo in five is held back.
    # Training sees a random part of each photo, validation always the whole of it.
    pets = DataBlock(
        blocks=(ImageBlock(Photo), CategoryBlock),
        get_y=parent_label,
        splitter=RandomSplitter(0.2, seed=seed),
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=aug_transforms(),
    )
    dls = pets.dataloaders(good, bs=min(32, len(good) // 4), num_workers=2)

    # The body has seen a million photos already. First only the new head learns what to make
    # of what the body sees; then all of it, ten times more gently.
    learn = learner(dls, metrics=accuracy)
    run = fit(learn, kept(to), head=head, all=all, size=size, seed=seed)

    # The promise: the labels it learned become the contract's labels.
    export(learn, to, run, photos=photos, name=name, others=folders(others))
