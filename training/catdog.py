"""
Cat or dog? The course's first model, from a folder of photos to a demo's folder.

    python -m training.catdog PHOTOS

`PHOTOS` has one sub-folder per label, here `cat` and `dog`; other names work as well.
Leaves model.onnx, contract.json and figures.json in site/demos/catdog.
Takes about two minutes for a thousand photos on two cores without a GPU.
"""

from fastcore.script import call_parse

from training.export import export
from training.vision import *  # the way the course imports fastai
from training.vision import learner, look_at

DEMO = Path("site/demos/catdog")


@call_parse
def main(
    photos: Path,  # one sub-folder of photos per label
    to: Path = DEMO,  # the demo's folder
    size: int = 224,  # pixels per side
    epochs: int = 3,  # times that each photo is seen
    seed: int = 42,  # same seed, same split
    name: str = "",  # what to call these photos on the page; their folder's name without it
):
    "Train, hold the graph against the learner, and leave a demo's folder ready to publish."
    count = look_at(photos, to)
    set_seed(seed, reproducible=True)

    # The data: the label is the folder's name, and one photo in five is held back.
    # Training sees a random part of each photo, validation always the whole of it.
    pets = DataBlock(
        blocks=(ImageBlock(Photo), CategoryBlock),
        get_items=get_image_files,
        get_y=parent_label,
        splitter=RandomSplitter(0.2, seed=seed),
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=aug_transforms(),
    )
    dls = pets.dataloaders(photos, bs=min(32, count // 4), num_workers=2)

    # The body has seen a million photos already and stays as it is; only the new head
    # learns what to make of what the body sees. Three looks at each photo are enough.
    learn = learner(dls, metrics=accuracy).to_channelslast(use_amp=False)
    learn.fit_one_cycle(epochs, 1e-2)

    # The proof: photos the network has never learned from.
    _, correct = learn.validate()
    print(f"{correct:.1%} of {len(dls.valid_ds)} photos that were held back are right.")

    # The promise: the labels it learned become the contract's labels.
    export(learn, to, trained_on=name or photos.resolve().name)
