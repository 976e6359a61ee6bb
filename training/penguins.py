"""
Which penguin? A form instead of a photo: four measures, an island, a sex, and out comes the species.

    python -m training.penguins

The table is the Palmer penguins', which the package of that name brings along. Leaves
model.onnx, contract.json, figures.json and card.md in site/demos/penguins, and a report to
look at in .local/training/penguins. Takes half a minute.
"""

from fastcore.script import call_parse
from palmerpenguins import load_penguins

from training.faults import in_words
from training.fitting import fit
from training.kept import kept
from training.record import expect
from training.tabular import *  # the way the course imports fastai
from training.tabular import export

DEMO = Path("site/demos/penguins")
MEASURES = {
    "bill_length_mm": {"title": "Bill length in mm", "minimum": 20, "maximum": 80, "step": 0.1},
    "bill_depth_mm": {"title": "Bill depth in mm", "minimum": 8, "maximum": 30, "step": 0.1},
    "flipper_length_mm": {"title": "Flipper length in mm", "minimum": 120, "maximum": 280, "step": 1},
    "body_mass_g": {"title": "Weight in g", "minimum": 1500, "maximum": 9000, "step": 25},
}
CHOICES = {"island": {"title": "Island"}, "sex": {"title": "Sex"}}


@call_parse
@in_words()
def main(
    to: Path = DEMO,  # the demo's folder
    epochs: int = 12,  # times that each penguin is seen
    seed: int = 42,  # same seed, same split
):
    "Train on the Palmer penguins, and leave a demo's folder ready to publish."
    set_seed(seed, reproducible=True)

    # The data: two penguins were never measured and go; eleven were never sexed, and a
    # visitor may not know either, so that "unknown" is a choice like the others.
    penguins = load_penguins().dropna(subset=list(MEASURES)).reset_index(drop=True)
    penguins["sex"] = penguins["sex"].fillna("unknown")
    expect(to, sorted(penguins["species"].unique()))

    # A table needs no pictures of the world: numbers become deviations from their means,
    # words become vectors, and one penguin in five is held back.
    table = TabularPandas(
        penguins,
        procs=[Categorify, Normalize],
        cat_names=list(CHOICES),
        cont_names=list(MEASURES),
        y_names="species",
        y_block=CategoryBlock(),
        splits=RandomSplitter(0.2, seed=seed)(penguins),
    )
    dls = table.dataloaders(bs=32)

    # Two small layers, from nothing. There is no body to wake, so there is one stage only.
    learn = tabular_learner(dls, layers=[64, 32], metrics=accuracy)
    run = fit(learn, kept(to), head=0, all=epochs, seed=seed)

    # The promise: columns become the form's fields, species the contract's labels.
    fields = {
        **{name: {"kind": "number", "type": "number", **about} for name, about in MEASURES.items()},
        **{name: {"kind": "choice", "type": "string", **about} for name, about in CHOICES.items()},
    }
    export(learn, to, run, table=penguins, fields=fields, name="Palmer penguins, CC0")
