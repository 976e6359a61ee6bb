"""
fastai's tables, ready for an essay: `from training.tabular import *`.

A learner of rows becomes the same ONE graph as one of photos: `numbers` and `choices` in,
probabilities and a verdict on strangeness out. Its contract is a form.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastai.tabular.all import *  # the way the course imports fastai
from fastai.tabular.all import Learner, Normalize, TabularModel, nn

from training.export import ExportError
from training.finish import Asked, finish
from training.graph import exported

REACH = 2.0  # deviations: how far from the middle a row's numbers count as much as being there at all


class Reading(nn.Module):
    """
    A table's network with its normalising inside.

    Its embedding is the row itself: numbers in deviations from their means, a one for each
    choice. With one more number that is always the same, all of it of length 1, rows
    beyond those that were learned from point elsewhere, and not only further.
    """

    def __init__(self, model: TabularModel, means: list[float], deviations: list[float], choices: list[int]):
        super().__init__()
        self.model, self.choices = model, choices
        self.register_buffer("means", torch.tensor(means))
        self.register_buffer("deviations", torch.tensor(deviations))

    def forward(self, numbers: torch.Tensor, choices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `evidence` (labels) and `embedding` for one row."""
        normal = (numbers - self.means) / self.deviations
        # fastai keeps 0 for a choice it has not met.
        evidence = self.model((choices + 1)[None], normal[None])[0]
        chosen = [nn.functional.one_hot(choices[place], count).float() for place, count in enumerate(self.choices)]
        row = torch.cat([normal, *chosen, torch.full((1,), REACH)])
        return evidence, row / row.norm()


def export(
    learn: Learner,
    to: Path,
    run: dict[str, Any],
    *,
    table: pd.DataFrame,
    fields: Mapping[str, Mapping[str, Any]],
    name: str,
) -> None:
    """
    Leave a demo in the folder `to`, of what `learn` learned from `table`, which people call `name`.

    `fields` describes each column as the contract has it (`kind`, `title`, `type`, limits),
    numbers and choices in the learner's own order; a choice's `enum` is added here. Raises
    `ExportError` for what a graph can not carry, `ParityError` when a runtime says something else.
    """
    numbers, choices = list(learn.dls.train.cont_names), list(learn.dls.train.cat_names)
    if list(fields) != [*numbers, *choices]:
        raise ExportError(f"The form has {', '.join(fields)}; the learner takes {', '.join([*numbers, *choices])}.")
    (normal,), words = [step for step in learn.dls.procs if isinstance(step, Normalize)], learn.dls.classes
    fields = {name: dict(field) for name, field in fields.items()}
    for name_of in choices:
        fields[name_of]["enum"] = [str(word) for word in words[name_of]][1:]
    network = Reading(
        learn.model.cpu().eval(),
        [float(normal.means[each]) for each in numbers],
        [float(normal.stds[each]) + 1e-7 for each in numbers],
        [len(fields[each]["enum"]) for each in choices],
    )
    blank = (torch.zeros(len(numbers)), torch.zeros(len(choices), dtype=torch.int64))
    graph = exported(network, blank, ["numbers", "choices"], ["evidence", "embedding"])
    run = {**run, "fields": "table", "photos": "", "name": name, "body": "fastai's tabular network", "left_out": 0}
    finish(learn, graph, _asked(learn, table, fields), to, run, {"fields": fields})


def _asked(learn: Learner, table: pd.DataFrame, fields: Mapping[str, Mapping[str, Any]]) -> list[Asked]:
    """Every row as a form gives it, those held back first."""
    asked = []
    for split, dl in (("valid", learn.dls.valid), ("train", learn.dls.train)):
        for number, label in zip(dl.items.index, dl.ys.iloc[:, 0], strict=True):
            row = table.loc[number]
            values = {name: str(row[name]) if "enum" in field else float(row[name]) for name, field in fields.items()}
            asked.append(Asked(str(number), split, int(label), _feed(values, fields), values))
    return asked


def _feed(values: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]):
    numbers = [values[name] for name, field in fields.items() if "enum" not in field]
    choices = [field["enum"].index(values[name]) for name, field in fields.items() if "enum" in field]
    return lambda: {"numbers": np.array(numbers, np.float32), "choices": np.array(choices, np.int64)}
