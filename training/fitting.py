"""
Fit a learner: the head while the body sleeps, then all of it, at rates that `lr_find` finds.

The best epoch is what remains, an end comes early when nothing gets better, and a run that
was killed goes on after its last whole epoch. A GPU is taken by itself where there is one;
several are used by `torchrun --nproc-per-node 2 -m training.bears PHOTOS`, a process for each.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.schedule import valley
from fastai.distributed import DistributedDL, num_distrib, rank_distrib
from fastai.learner import Learner

from training.kept import CHECKPOINT

STAGES = ("head", "all")
LOOKED = 24  # batches that the search for a rate learns from, and forgets again
GENTLER = 10  # times slower than its head a whole network learns, and its first layers a tenth of that
OTHERS = ("WORLD_SIZE", "RANK")  # where fastai reads that there are other processes
PATIENCE = 2  # epochs without anything better that are waited for


def fit(learn: Learner, kept: Path, *, head: int, all: int, **about: Any) -> dict[str, Any]:
    """
    Fit `learn` for `head` epochs with its body frozen and `all` with everything awake; return the run.

    Leaves the weights of its best epoch in `learn`. `kept` is the trainer's folder, where
    checkpoints stay until the demo is there; `about` tells one run from another: with the same
    photos and the same `about`, a run that was killed is gone on with. Of several processes
    only the first returns.
    """
    progress = Progress(kept / CHECKPOINT, _fingerprint(learn, head=head, all=all, **about))
    learn.model_dir = progress.folder.resolve()
    _suit(learn)
    if progress.told["rate"] is None and not rank_distrib():
        learn.freeze() if head else learn.unfreeze()
        with _alone():
            progress.told["rate"] = find_rate(learn)
    with _side_by_side(learn):
        progress.told["rate"] = _of_the_first(progress.told["rate"])
        for stage, epochs in zip(STAGES, (head, all), strict=True):
            if epochs and not progress.past(stage):
                _stage(learn, progress, stage, epochs, gently=bool(head))
    progress.restore(learn, "best")
    device = _device()
    _end_of_the_others()
    told = {name: progress.told[name] for name in ("started", "seconds", "rate", "epochs")}
    return {**told, **about, "device": device}


def _stage(learn: Learner, progress: "Progress", stage: str, epochs: int, *, gently: bool) -> None:
    if stage == "head":
        learn.freeze()
    else:
        learn.unfreeze()
    done = progress.begin(stage, learn)
    rate = progress.told["rate"]["chosen"]
    rates = slice(rate / GENTLER**2, rate / GENTLER) if stage == "all" and gently else slice(rate)
    learn.fit_one_cycle(epochs, rates, start_epoch=done, cbs=progress)


class Progress(Callback):
    """Keeps each whole epoch on disk with what was measured, and ends a fit that gets no better."""

    order = 60  # after the recorder, whose figures it keeps

    def __init__(self, folder: Path, fingerprint: str):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        there = folder / "progress.json"
        self.told: dict[str, Any] = json.loads(there.read_text(encoding="utf-8")) if there.exists() else {}
        if self.told.get("fingerprint") != fingerprint:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            self.told = {"fingerprint": fingerprint, "started": started, "seconds": 0.0, "rate": None, "epochs": []}

    def past(self, stage: str) -> bool:
        """Whether a killed run had already ended this stage."""
        return stage in self.told.get("ended", [])

    def begin(self, stage: str, learn: Learner) -> int:
        """Make ready for a stage; return how many of its epochs a killed run had done."""
        self.stage, self.since = stage, time.monotonic()
        self.done = done = sum(epoch["stage"] == stage for epoch in self.told["epochs"])
        if done:
            print(f"Going on after epoch {done} of a run that did not end.")
            self.restore(learn, "checkpoint")
        elif self.told["epochs"]:
            self.restore(learn, "best", opt=False)
        return done

    def restore(self, learn: Learner, name: str, *, opt: bool = True) -> None:
        """Give `learn` the weights of the last epoch, or of the best one."""
        learn.load(name, with_opt=opt and name == "checkpoint")

    def after_epoch(self) -> None:
        if self.epoch < self.done:
            return  # passed over, because a killed run had done it
        train, valid, accuracy = (float(each) for each in self.learn.recorder.values[-1][:3])
        now = time.monotonic()
        best = all(valid < epoch["valid"] for epoch in self.told["epochs"])
        self.told["epochs"].append(
            {
                "stage": self.stage,
                "train": round(train, 4),
                "valid": round(valid, 4),
                "accuracy": round(accuracy, 4),
                "seconds": round(now - self.since, 1),
            }
        )
        self.told["seconds"] = round(self.told["seconds"] + now - self.since, 1)
        self.since = now
        if rank_distrib():
            return
        if best:
            self._keep("best", with_opt=False)
        self._keep("checkpoint", with_opt=True)
        self._write()

    def before_epoch(self) -> None:
        # Asked here, so that a killed run which goes on ends where it would have ended.
        losses = [epoch["valid"] for epoch in self.told["epochs"] if epoch["stage"] == self.stage]
        if len(losses) > PATIENCE and min(losses[-PATIENCE:]) >= min(losses[:-PATIENCE]):
            print(f"Nothing got better for {PATIENCE} epochs: the best one is kept.")
            raise CancelFitException

    def after_fit(self) -> None:
        if not rank_distrib():
            self.told.setdefault("ended", []).append(self.stage)
            self._write()

    def _keep(self, name: str, *, with_opt: bool) -> None:
        """Save under another name first: a run may be killed while it writes."""
        self.learn.save("half", with_opt=with_opt)
        (self.folder / "half.pth").replace(self.folder / f"{name}.pth")

    def _write(self) -> None:
        half = self.folder / "half.json"
        half.write_text(json.dumps(self.told), encoding="utf-8")
        half.replace(self.folder / "progress.json")


def find_rate(learn: Learner) -> dict[str, Any]:
    """Return fastai's search for a learning rate: the rates tried, their losses, and the one that was chosen."""
    print("Looking for a learning rate …")
    with learn.no_bar():
        chosen = learn.lr_find(1e-5, 3, num_it=LOOKED, show_plot=False, suggest_funcs=valley).valley
    tried = zip(learn.recorder.lrs, (float(loss) for loss in learn.recorder.losses), strict=False)
    rates, losses = zip(*((f"{rate:.3g}", round(loss, 4)) for rate, loss in tried), strict=True)
    return {"rates": [float(rate) for rate in rates], "losses": list(losses), "chosen": float(f"{chosen:.2g}")}


def _suit(learn: Learner) -> None:
    """Half the numbers' width on CUDA; on a CPU, channels last, which convolutions like better."""
    if torch.device(learn.dls.device).type == "cuda":
        learn.to_channelslast()
    elif any(isinstance(layer, torch.nn.Conv2d) for layer in learn.model.modules()):
        learn.to_channelslast(use_amp=False)


@contextmanager
def _side_by_side(learn: Learner) -> Iterator[None]:
    """One of several processes that `torchrun` started learns from its own part of each batch."""
    if num_distrib() < 2:
        yield
        return
    if not torch.cuda.is_available():
        # fastai moves these over CUDA, where processes on CPUs have none.
        DistributedDL._broadcast = lambda _, numbers, rank: _of_the_first(numbers)
    with learn.distrib_ctx(sync_bn=torch.cuda.is_available()):
        yield


@contextmanager
def _alone() -> Iterator[None]:
    """For what one process does while the others wait."""
    hidden = {name: os.environ.pop(name) for name in OTHERS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _end_of_the_others() -> None:
    """The first process has the same weights as all others: it goes on alone, and they are done."""
    if num_distrib() > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    if rank_distrib():
        raise SystemExit(0)
    for name in OTHERS:
        os.environ.pop(name, None)


def _of_the_first(told: Any) -> Any:
    """What the first process has, in all of them."""
    shared = [told]
    if num_distrib() > 1:
        torch.distributed.broadcast_object_list(shared, src=0)
    return shared[0]


def _device() -> str:
    if torch.cuda.is_available():
        return f"{max(1, num_distrib())} × {torch.cuda.get_device_name()}"
    if torch.backends.mps.is_available():
        return "Apple GPU"
    return f"{max(1, num_distrib())} × CPU, {torch.get_num_threads()} threads"


def _fingerprint(learn: Learner, **about: Any) -> str:
    """What makes two runs the same: the photos, their split, and what was asked for."""
    splits = [
        dl.items.to_csv() if hasattr(dl.items, "to_csv") else list(map(str, dl.items)) for dl in learn.dls.loaders
    ]
    said = [splits, list(map(str, learn.dls.vocab)), about]
    return sha256(json.dumps(said, default=str).encode()).hexdigest()
