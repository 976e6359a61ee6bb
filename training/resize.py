"""
Crop, pad, squish, or a random part each time? The four ways to make photos square, side by side.

    python -m training.resize PHOTOS

`PHOTOS` has one sub-folder per label. Trains the same network four times on the same photos,
and leaves a page with what each way makes of them, and how often each was right, in
.local/training/resize. Takes about two minutes for three hundred photos on two cores.
"""

from fastcore.script import call_parse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.faults import in_words
from training.kept import KEPT
from training.measures import share
from training.telling import said
from training.vision import *  # the way the course imports fastai
from training.vision import learner, look_at

TO = KEPT / "resize"
PAGES = Path(__file__).parent / "pages"
WAYS = {
    "crop": "The middle is kept, and what lies beside it is never seen.",
    "pad": "All of it is kept, with black beside it, which is looked at as well.",
    "squish": "All of it is kept, and made narrower or lower than it is.",
    "part": "Another part is seen each time, and of photos held back the whole, squished: what the essays here do.",
}
SHOWN = 4  # photos, and as many looks at each


@call_parse
@in_words()
def main(
    photos: Path,  # one sub-folder of photos per label
    to: Path = TO,  # where the page goes
    size: int = 128,  # pixels per side
    epochs: int = 3,  # times that each photo is seen
    seed: int = 42,  # same seed, same split, same order
):
    "Train four times on the same photos, made square in four ways, and draw a page of it."
    good = look_at(photos, Path("resize"))
    ways = {
        "crop": Resize(size, ResizeMethod.Crop),
        "pad": Resize(size, ResizeMethod.Pad, pad_mode=PadMode.Zeros),
        "squish": Resize(size, ResizeMethod.Squish),
        "part": RandomResizedCrop(size, min_scale=0.3),
    }
    (to / "pictures").mkdir(parents=True, exist_ok=True)
    rows = []
    for way, transform in ways.items():
        # Everything but the one transform is the same: photos, split, order, head, rate.
        set_seed(seed, reproducible=True)
        block = DataBlock(
            blocks=(ImageBlock(Photo), CategoryBlock),
            get_y=parent_label,
            splitter=RandomSplitter(0.2, seed=seed),
            item_tfms=transform,
        )
        dls = block.dataloaders(good, bs=min(32, len(good) // 4), num_workers=2)

        # What the network will see of the same few photos: training's own look at them.
        looks = [dls.train.after_item(dls.train.dataset[row]) for row in range(SHOWN)]
        pictures = []
        for row, (image, label) in enumerate(looks):
            name = f"pictures/{way}-{row}.jpg"
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(to / name, quality=88)
            pictures.append({"file": name, "alt": f"{dls.vocab[label]}, {way}"})

        learn = learner(dls, metrics=accuracy).to_channelslast(use_amp=False)
        with learn.no_logging():
            learn.fit_one_cycle(epochs, 5e-3)
        guesses, truth = learn.get_preds()
        right = share(int((guesses.argmax(1) == truth).sum()), len(truth))
        print(f"{way:<8} {said(right)}")
        rows.append({"way": way, "meaning": WAYS[way], "pictures": pictures, "accuracy": right, "said": said(right)})

    env = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    page = env.get_template("resize.html").render(rows=rows, photos=photos.resolve().name, size=size, epochs=epochs)
    (to / "index.html").write_text(page, encoding="utf-8")
    print(f"Side by side: {to / 'index.html'}")
