"""
Our recipe beside fastai's `fine_tune`, and the graph beside `load_learner`.

    python dev.py bench training PHOTOS      one sub-folder of photos per label; about eight minutes for 300

The ratios to read: seconds and errors of our recipe to those of `fine_tune(3)` on the same body, photos and
size; and of the graph to the learner: from the start of a process to its first prediction (aim 0.1), one
prediction after another (0.3), and the memory of the process.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent)]

SIZE, SEED = 160, 42

GRAPH = """
from training.space.model import Model
from PIL import Image
model = Model(Path(sys.argv[1]))
def predict(path):
    with Image.open(path) as photo:
        return model(photo)
"""
LEARNER = """
from training.vision import load_learner
learn = load_learner(sys.argv[1])
def predict(path):
    with learn.no_bar(), learn.no_logging():
        return learn.predict(path)
"""
PROGRAM = """
import json, resource, sys, time
from pathlib import Path
begun = float(sys.argv[2])
{load}
times = []
for path in map(Path, sys.argv[3:]):
    since = time.time()
    predict(path)
    times.append(time.time() - since)
    first = locals().get("first") or time.time() - begun
print(json.dumps({{"first": first, "times": times[1:], "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}}))
"""


def plain(photos: Path) -> dict[str, float]:
    """What the course does: the same body, photos, size and split, fastai's own head, three epochs of fine_tune."""
    from training import vision

    vision.set_seed(SEED, reproducible=True)
    block = vision.DataBlock(
        blocks=(vision.ImageBlock(vision.Photo), vision.CategoryBlock),
        get_items=vision.get_image_files,
        get_y=vision.parent_label,
        splitter=vision.RandomSplitter(0.2, seed=SEED),
        item_tfms=vision.RandomResizedCrop(SIZE, min_scale=0.5),
        batch_tfms=vision.aug_transforms(),
    )
    dls = block.dataloaders(photos, bs=32, num_workers=2)
    begun = time.monotonic()
    with vision.pretrained() as overlay:
        learn = vision.vision_learner(dls, vision.ARCH, pretrained_cfg_overlay=overlay, metrics=vision.accuracy)
    with learn.no_bar():
        learn.fine_tune(3)
    seconds = time.monotonic() - begun
    with learn.no_bar(), learn.no_logging():
        loss, accuracy = learn.validate()
    return {"seconds": seconds, "loss": float(loss), "accuracy": float(accuracy)}


def ours(photos: Path, folder: Path) -> dict[str, float]:
    """The essay as people run it; `whole` is from photos to a demo's folder."""
    begun = time.monotonic()
    words = ["--to", "bears", "--size", str(SIZE), "--seed", str(SEED)]
    subprocess.run([sys.executable, "-m", "training.bears", photos.resolve(), *words], cwd=folder, check=True)
    run = json.loads((folder / ".local/training/bears/run.json").read_text())
    best = min(run["epochs"], key=lambda epoch: epoch["valid"])
    return {
        "seconds": run["seconds"],
        "loss": best["valid"],
        "accuracy": best["accuracy"],
        "whole": time.monotonic() - begun,
    }


def asked(load: str, file: Path, photos: list[Path]) -> dict[str, float]:
    """Start a process, ask it about every photo; return its first answer, its median and its memory."""
    words = [sys.executable, "-c", PROGRAM.format(load=load), str(file), str(time.time()), *map(str, photos)]
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    return {
        "first answer, s": told["first"],
        "one more, ms": statistics.median(told["times"]) * 1000,
        "memory, MB": told["memory"] / 1024,
    }


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photos", type=Path, help="one sub-folder of photos per label")
    photos = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as folder:
        recipe, fine_tune = ours(photos, Path(folder)), plain(photos)
        some = sorted(path for path in photos.rglob("*") if path.suffix in (".jpg", ".jpeg", ".png"))[:60]
        files = {GRAPH: Path(folder) / "bears/model.onnx", LEARNER: Path(folder) / ".local/training/bears/learner.pkl"}
        # In turns, and the best of three: whatever else runs here only ever adds.
        turns = [{load: asked(load, file, some) for load, file in files.items()} for _ in range(3)]
    print(f"\nfrom photos to a demo's folder: {recipe['whole']:.0f} s\n")
    print(f"{'':<18}{'fit, s':>10}{'loss':>10}{'accuracy':>10}")
    for name, told in {"ours": recipe, "fine_tune(3)": fine_tune}.items():
        print(f"{name:<18}{told['seconds']:>10.1f}{told['loss']:>10.4f}{told['accuracy']:>10.3f}")
    print(
        f"{'ratio':<18}{recipe['seconds'] / fine_tune['seconds']:>10.2f}{recipe['loss'] / fine_tune['loss']:>10.2f}\n"
    )
    print(f"{'':<18}{'graph':>10}{'learner':>10}{'ratio':>10}")
    for name in turns[0][GRAPH]:
        graph, learner = (min(turn[load][name] for turn in turns) for load in (GRAPH, LEARNER))
        print(f"{name:<18}{graph:>10.2f}{learner:>10.2f}{graph / learner:>10.3f}")


if __name__ == "__main__":
    main()
