"""
Grizzly, black or teddy? The course's bears, from a folder of photos to a demo's folder.

    python -m training.bears PHOTOS

`PHOTOS` has one sub-folder per label; `python -m training.gather` makes such a folder. Leaves
model.onnx, contract.json, figures.json and card.md in site/demos/bears, and a report to look
at in .local/training/bears. Takes under four minutes for three hundred photos on two cores.
"""

from fastcore.script import call_parse

from training.export import export
from training.faults import in_words
from training.fitting import fit
from training.kept import kept
from training.vision import *  # the way the course imports fastai
from training.vision import folders, learner, look_at

DEMO = Path("site/demos/bears")


@call_parse
@in_words()
def main(
    photos: Path,  # one sub-folder of photos per label
    to: Path = DEMO,  # the demo's folder
    size: int = 160,  # pixels per side
    head: int = 3,  # epochs in which only the head learns
    all: int = 2,  # epochs in which the body learns as well
    seed: int = 42,  # same seed, same split
    name: str = "",  # what to call these photos on the page; their folder's name without it
    others: str = "",  # folders of photos of something else, with commas between, to measure what is unfamiliar
):
    "Train on photos of bears, and leave a demo's folder ready to publish."
    good = look_at(photos, to)
    set_seed(seed, reproducible=True)

    # The data: the label is the folder's name, and one photo in five is held back.
    # A bear is a bear from any distance: training sees a random part of each photo,
    # at least half of it, and validation always the whole.
    bears = DataBlock(
        blocks=(ImageBlock(Photo), CategoryBlock),
        get_y=parent_label,
        splitter=RandomSplitter(0.2, seed=seed),
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=aug_transforms(),
    )
    dls = bears.dataloaders(good, bs=min(32, len(good) // 4), num_workers=2)

    # The body has seen a million photos already. First only the new head learns what to make
    # of what the body sees; then all of it, ten times more gently.
    learn = learner(dls, metrics=accuracy)
    run = fit(learn, kept(to), head=head, all=all, size=size, seed=seed)

    # The promise: the labels it learned become the contract's labels.
    export(learn, to, run, photos=photos, name=name, others=folders(others))
