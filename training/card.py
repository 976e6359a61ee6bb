"""
A demo's model card, in the Hugging Face Hub's format, written from what its run left in the demo's folder.

    python -m training.card                        every demo that has figures
    python -m training.card site/demos/bears       one
    python -m training.card --check                write nothing; say which card is stale, exit 1

People add to it in `demo.toml`: what the model is for, and what not, as `for` and `not_for` under `[card]`.
"""

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastcore.script import call_parse
from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.faults import TrainingError
from training.telling import costly, gaps, listed, percent, said, things, told_apart, weight, worst_first

DEMOS = Path("site/demos")
PAGES = Path(__file__).parent / "pages"
# Watts that a machine draws while it learns: assumed, and the card says so.
WATTS = {"CPU": 65, "Apple GPU": 30, "GPU": 300}
GRAMS_A_KWH = 480  # of CO2, about the world's average


class CardError(TrainingError):
    """There is nothing to write a card from; the text says what to do."""


@dataclass(frozen=True)
class Demo:
    """What a demo's folder says of its model."""

    name: str
    contract: Mapping[str, Any]
    figures: Mapping[str, Any]
    wishes: Mapping[str, str]  # what people wrote under [card]

    @classmethod
    def read(cls, folder: Path) -> "Demo":
        try:
            contract, figures = (
                json.loads((folder / name).read_text(encoding="utf-8")) for name in ("contract.json", "figures.json")
            )
            wishes = tomllib.loads((folder / "demo.toml").read_text(encoding="utf-8")).get("card", {})
        except (OSError, ValueError) as error:
            raise CardError(f"{folder} can not be read: {error}.") from error
        if "accuracy" not in figures:
            raise CardError(f"{folder / 'figures.json'} is from an older run: train the demo again.")
        return cls(folder.resolve().name, contract, figures, wishes)


def card(folder: Path) -> str:
    """
    Return the card of the demo in `folder`: YAML between two lines of ---, then Markdown.

    Reads contract.json, figures.json and demo.toml there and nothing else: the same folder has the same
    card. Raises `CardError` where they are not whole.
    """
    demo = Demo.read(folder)
    return f"---\n{metadata(demo).to_yaml()}\n---\n\n{_text(demo)}\n"


def metadata(demo: Demo) -> ModelCardData:
    """Return what the Hub reads of the card: licence, tags and the figures as a model-index."""
    figures, photos = demo.figures, demo.figures["fields"] == "photo"
    task = "image-classification" if photos else "tabular-classification"
    of = {"task_type": task, "dataset_type": "imagefolder" if photos else "csv", "dataset_split": "validation"}
    accuracy = {"metric_type": "accuracy", "metric_name": "Accuracy"}
    results = [EvalResult(**of, dataset_name=figures["name"], **accuracy, metric_value=figures["accuracy"]["value"])]
    for each in figures["hardships"]:
        name = f"{figures['name']}, {each['title']}"
        made = {"dataset_name": name, "dataset_config": each["name"], "metric_value": each["accuracy"]["value"]}
        results.append(EvalResult(**of, **made, **accuracy))
    for each in _foreign(figures):
        told = {"metric_type": "roc_auc", "metric_name": "AUROC, familiar against foreign"}
        name = {"dataset_name": f"{figures['name']} against {each['name']}", "dataset_config": f"not {each['name']}"}
        results.append(EvalResult(**of, **name, **told, metric_value=each["auroc"]))
    return ModelCardData(
        language="en",
        license="apache-2.0",
        library_name="onnx",
        pipeline_tag=task,
        tags=["onnx", "fastai", *(["timm"] if photos else []), "tinyspaces"],
        metrics=["accuracy", *(["roc_auc"] if _foreign(figures) else [])],
        model_name=demo.name,
        eval_results=results,
        co2_eq_emissions={
            "emissions": float(f"{_cost(figures)['grams']:.2g}"),
            "source": "an estimate: the time that was measured, at a power that is assumed",
            "training_type": "fine-tuning" if photos else "pre-training",
            "hardware_used": figures["device"],
        },
    )


# --- the text


def _text(demo: Demo) -> str:
    """What people read, as pages/card.md tells it."""
    env = Environment(
        loader=FileSystemLoader(PAGES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - it is Markdown, and `plain` escapes that
    )
    env.filters.update(
        plain=_plain, times=_times, listed=listed, percent=percent, said=said, told_apart=told_apart, weight=weight
    )
    figures, parity = demo.figures, demo.figures.get("parity")
    words = demo.contract["prediction"]["properties"]["label"]["words"]
    labels = [each["label"] for each in figures["labels"]]
    epochs = figures["losses"]["epochs"]
    return env.get_template("card.md").render(
        contract=demo.contract,
        figures=figures,
        wishes=demo.wishes,
        photos=figures["fields"] == "photo",
        things=things(figures),
        labels=labels,
        words=[words.get(label, label) for label in labels],
        epochs=len(epochs),
        head=sum(epoch["stage"] == "head" for epoch in epochs),
        began=datetime.fromisoformat(figures["started"]).astimezone(UTC),
        runtimes=[each for each in parity if "agree" in each] if isinstance(parity, list) else [],
        gaps=gaps(figures),
        costly=costly(figures),
        worst_first=worst_first(figures),
        cost=_cost(figures),
        example=_example(demo.contract),
    )


def _example(contract: Mapping[str, Any]) -> dict[str, Any]:
    """A row to ask about: the contract's first example, or what its form holds at the beginning."""
    if contract["examples"]:
        return contract["examples"][0]["input"]
    return {name: field.get("default") for name, field in contract["input"]["properties"].items()}


def _plain(text: str) -> str:
    """Return `text` so that Markdown draws it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", " ".join(text.split()))


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _foreign(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return (figures["unfamiliar"] or {"foreign": []})["foreign"]


def _cost(figures: Mapping[str, Any]) -> dict[str, float]:
    """What training took, from the time that was measured and a power that is assumed."""
    watts = next((watts for device, watts in WATTS.items() if device in figures["device"]), WATTS["GPU"])
    watt_hours = watts * figures["seconds"] / 3600
    grams = watt_hours / 1000 * GRAMS_A_KWH
    return {"watts": watts, "watt_hours": watt_hours, "grams": grams, "grams_a_kwh": GRAMS_A_KWH}


@call_parse
def main(
    *demos: Path,  # the demos' folders; every one that has figures without one
    check: bool = False,  # write nothing; exit 1 when a card is stale
):
    "Write the cards of demos from their figures, or check them."
    stale = False
    for demo in demos or sorted(path.parent for path in DEMOS.glob("*/figures.json")):
        try:
            text, path = card(Path(demo)), Path(demo) / "card.md"
        except CardError as error:
            print(error, file=sys.stderr)
            stale = True
            continue
        if not check:
            path.write_text(text, encoding="utf-8")
        holds = path.exists() and path.read_text(encoding="utf-8") == text
        print(f"{path}: {'holds' if holds else f'is stale: run `python -m training.card {demo}`'}")
        stale = stale or not holds
    if stale:
        sys.exit(1)
