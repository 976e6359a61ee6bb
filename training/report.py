"""
The page a trainer looks at after a run: how often it is right, what it got wrong, what it has not seen.

    python -m training.report site/demos/bears

It shows training photos, so it stays in the trainer's folder: `report.html`, and its pictures in `report/`.
Any browser opens it from the disk, without a server and without scripts.
"""

import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from fastcore.script import call_parse
from fastprogress import progress_bar
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from api_bridge.photos import DAMAGED, upright
from training import plots
from training.faults import in_words
from training.kept import Kept
from training.kept import kept as trainers
from training.measures import figures, held_back
from training.telling import costly, gaps, listed, percent, said, things, told_apart

PAGES = Path(__file__).parent / "pages"
WORST = 24  # photos with the highest losses, shown with their maps
MOST = 60  # photos shown behind one cell of the confusion matrix
LARGE, SMALL = 400, 200  # pixels of a picture's longer side

Row = dict[str, Any]


def write(folder: Path) -> Path:
    """
    Draw the report of the run in the trainer's folder `folder`, and return its page.

    Raises `KeptError` when there is no whole run. A photo that is no longer there is named without its picture.
    """
    kept = Kept.read(folder)
    told, rows = figures(kept), _rows(kept)
    worst = sorted(rows, key=lambda row: row["loss"], reverse=True)[:WORST]
    cells = _cells(rows, len(told["labels"]))
    if kept.run["fields"] == "photo":
        _draw(kept, worst, (row for cell in cells for row in cell["rows"]))

    env = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters.update(percent=percent, said=said)
    page = env.get_template("report.html").render(
        run=kept.run,
        figures=told,
        began=datetime.fromisoformat(kept.run["started"]).astimezone(UTC),
        thing=things(told).removesuffix("s"),
        plots=_plots(kept, told),
        cells={(cell["truth"], cell["guess"]): cell for cell in cells},
        worst=worst,
        unseen=unseen(told),
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    return folder / "report.html"


def unseen(told: Mapping[str, Any]) -> list[str]:
    """Return what the model has not seen, a sentence each."""
    labels = listed([each["label"] for each in told["labels"]])
    return [
        f"Anything but {labels}: it has to choose one of them, whatever it is given.",
        *gaps(told),
        *(f"Photos that are {each['title']}: right about {said(each['accuracy'])} of them." for each in costly(told)),
        *(told_apart(each) for each in (told["unfamiliar"] or {"foreign": []})["foreign"]),
    ]


def _rows(kept: Kept) -> list[Row]:
    """The rows that were held back, with their number among all, the guess, and how sure it was."""
    labels, back = kept.run["labels"], []
    for number, row in enumerate(kept.rows):
        if row["split"] == "valid":
            guess = int(np.argmax(row["probabilities"]))
            back.append(
                {
                    **row,
                    "number": number,
                    "truth": labels.index(row["label"]),
                    "guess": guess,
                    "said": labels[guess],
                    "sure": row["probabilities"][guess],
                    "picture": None,
                    "map": None,
                }
            )
    return back


def _cells(rows: list[Row], labels: int) -> list[Row]:
    """The confusion matrix's cells that are not empty, each with the rows it was least sure of first."""
    cells = []
    for truth in range(labels):
        for guess in range(labels):
            inside = [row for row in rows if (row["truth"], row["guess"]) == (truth, guess)]
            if inside:
                ranked = sorted(inside, key=lambda row: row["sure"])[:MOST]
                cells.append({"truth": truth, "guess": guess, "count": len(inside), "rows": ranked})
    return cells


def _plots(kept: Kept, told: Mapping[str, Any]) -> dict[str, Any]:
    run, strange = kept.run, told["unfamiliar"]
    return {
        "intervals": plots.intervals(told["labels"]),
        "calibration": plots.calibration(told["calibration"]) if told["calibration"] else None,
        "losses": plots.losses(run["epochs"]) if run["epochs"] else None,
        "rates": plots.rates(run["rate"]) if run.get("rate") else None,
        "familiarity": plots.familiarity([row["familiarity"] for row in held_back(kept)], strange["below"])
        if strange
        else None,
    }


# --- pictures


def _draw(kept: Kept, worst: list[Row], others: Iterable[Row]) -> None:
    """Leave a picture of every row that the page shows, and name it in the row."""
    folder = kept.folder / "report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    maps = kept.maps()
    large = {row["number"] for row in worst}
    shown = {row["number"]: row for row in [*worst, *others]}
    for number, row in progress_bar(shown.items(), total=len(shown)):
        row["link"] = kept.path(row).resolve().as_uri()
        try:
            with Image.open(kept.path(row)) as image:
                photo = upright(image)
        except DAMAGED:
            continue
        side = LARGE if number in large else SMALL
        photo.thumbnail((side, side))
        row["picture"] = _picture(photo, folder / f"{number}.webp")
        if number in large:
            evidence = maps[number, row["guess"]].astype(float)
            laid = overlaid(photo, evidence, kept.run["size"] / kept.run["resized"])
            row["map"] = _picture(laid, folder / f"{number}-map.webp")


def _picture(photo: Image.Image, path: Path) -> dict[str, Any]:
    photo.save(path, "WEBP", quality=75)
    return {"src": f"{path.parent.name}/{path.name}", "width": photo.width, "height": photo.height}


def overlaid(photo: Image.Image, evidence: np.ndarray, seen: float) -> Image.Image:
    """
    Return `photo` with what spoke for a label laid over it: the lighter, the more.

    `evidence` is a class-activation map, k × k, of which only what speaks for the label counts. It belongs to
    the middle of the photo, `seen` of its width and height; the rim around it was cut off and stays dark.
    """
    spoke = np.clip(evidence, 0, None)
    shades = Image.fromarray(np.uint8(255 * spoke / (spoke.max() or 1)))
    width, height = (max(1, round(side * seen)) for side in photo.size)
    over = Image.new("L", photo.size)
    middle = ((photo.width - width) // 2, (photo.height - height) // 2)
    over.paste(shades.resize((width, height), Image.Resampling.BILINEAR), middle)
    colours = np.uint8(255 * mpl.colormaps["magma"](np.asarray(over))[..., :3])
    return Image.blend(photo, Image.fromarray(colours), 0.55)


@call_parse
@in_words()
def main(
    demo: Path,  # the demo's folder, such as site/demos/bears
):
    "Draw the report of a demo's last run again, and say where it is."
    print(write(trainers(demo)))
