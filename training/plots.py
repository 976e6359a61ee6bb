"""
A run's curves as inline SVG: drawn by matplotlib, coloured by the page they stand in.

Colours are the page's own `currentColor`, `--first`, `--second` and `--line`, so that they work in the
dark. Each plot has a title and a description for those who listen; its numbers stand beside it in the page.
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

# matplotlib wants colours of its own: these stand for the page's until the plot is drawn.
INK, FIRST, SECOND, LINE = "#000001", "#000002", "#000003", "#000004"
PAGES = {INK: "currentColor", FIRST: "var(--first)", SECOND: "var(--second)", LINE: "var(--line)"}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "the same each time",
    "text.parse_math": False,  # a label may be called “$”
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.4,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def losses(epochs: Sequence[Mapping[str, Any]]) -> Markup:
    """Loss on the photos learned from and on those held back, epoch by epoch."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes("epoch", "loss")
        numbers = range(1, len(epochs) + 1)
        axes.plot(numbers, [epoch["train"] for epoch in epochs], "o-", color=FIRST, label="learned from")
        axes.plot(numbers, [epoch["valid"] for epoch in epochs], "s--", color=SECOND, label="held back")
        thawed = [number for number, epoch in zip(numbers, epochs, strict=True) if epoch["stage"] == "all"]
        if thawed and thawed[0] > 1:
            axes.axvline(thawed[0] - 0.5, color=INK, linewidth=0.8, linestyle=":")
            _note(axes, thawed[0] - 0.5, "the body learns too")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlim=(0.5, len(epochs) + 0.5), ylim=(0, None))
        axes.legend()
        best = min(range(len(epochs)), key=lambda number: epochs[number]["valid"])
        return _svg(
            figure,
            "losses",
            "Loss per epoch",
            f"On held-back photos it went from {epochs[0]['valid']:.3g} to {epochs[-1]['valid']:.3g}; "
            f"it was lowest, {epochs[best]['valid']:.3g}, after epoch {best + 1}.",
        )


def rates(rate: Mapping[str, Any]) -> Markup:
    """Loss for each learning rate that was tried, and the rate that was chosen."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes("learning rate", "loss")
        tried, lost = np.array(rate["rates"]), np.array(rate["losses"])
        axes.plot(tried, lost, color=FIRST)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.axvline(rate["chosen"], color=SECOND, linestyle="--")
        _note(axes, rate["chosen"], f"{rate['chosen']:.2g}")
        # Beyond the rate where it explodes there is nothing to see.
        axes.set_ylim(top=min(np.nanmax(lost), np.nanmin(lost) + 2 * (lost[0] - np.nanmin(lost)) + 0.1))
        return _svg(
            figure,
            "rates",
            "Loss for each learning rate",
            f"Rates from {tried.min():.1g} to {tried.max():.1g} were tried; {rate['chosen']:.2g} was chosen.",
        )


def intervals(labels: Sequence[Mapping[str, Any]]) -> Markup:
    """Precision and recall of each label, with the interval in which they lie."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes("", "", height=1.1 + 0.5 * len(labels))
        for kind, off, mark, colour in (("precision", -0.15, "o", FIRST), ("recall", 0.15, "s", SECOND)):
            known = [(n, each[kind]) for n, each in enumerate(labels) if each[kind]["value"] is not None]
            values = [share["value"] for _, share in known]
            # Rounding may put a bound past its own value by a hair; a length is never below zero.
            below = [max(0, share["value"] - share["low"]) for _, share in known]
            above = [max(0, share["high"] - share["value"]) for _, share in known]
            places = [n + off for n, _ in known]
            axes.errorbar(values, places, xerr=[below, above], fmt=mark, color=colour, capsize=3, label=kind)
        axes.set_yticks(range(len(labels)), [each["label"] for each in labels])
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
        weakest = min(labels, key=lambda each: each["recall"]["low"])
        return _svg(
            figure,
            "intervals",
            "Precision and recall of each label",
            f"With 95 % intervals. The least sure recall is that of {weakest['label']}: "
            f"at least {weakest['recall']['low']:.0%}.",
        )


def calibration(told: Mapping[str, Any]) -> Markup:
    """How often guesses of each confidence were right; a perfect model stays on the dotted line."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes("how sure it was", "how often it was right", height=3.4)
        bins = told["bins"]
        sure, right = [each["confidence"] for each in bins], [each["accuracy"] for each in bins]
        below = [max(0, each["accuracy"] - each["low"]) for each in bins]
        above = [max(0, each["high"] - each["accuracy"]) for each in bins]
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        axes.errorbar(sure, right, yerr=[below, above], fmt="o", color=FIRST, capsize=3)
        axes.set(xlim=(min(0.5, *sure) - 0.02, 1.02), ylim=(-0.02, 1.02))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        return _svg(
            figure,
            "calibration",
            "How often guesses of each confidence were right",
            f"On average confidence and accuracy lie {told['error']:.1%} apart.",
        )


def familiarity(values: Sequence[float], below: float) -> Markup:
    """How familiar those held back are, and where the model begins to say “unfamiliar”."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes("familiarity", "held back")
        counts, edges = np.histogram(values, bins=30)
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=FIRST)
        axes.axvline(below, color=SECOND, linestyle="--")
        _note(axes, below, "unfamiliar", left=True)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.12)
        return _svg(
            figure,
            "familiarity",
            "How familiar those held back are",
            f"Familiarity goes from {min(values):.2f} to {max(values):.2f}; "
            f"{sum(value < below for value in values)} of {len(values)} are below the threshold of {below:.2f}.",
        )


def _axes(across: str, up: str, height: float = 3.0) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, height))
    axes = figure.add_subplot()
    axes.set_axisbelow(True)
    axes.set(xlabel=across, ylabel=up)
    return figure, axes


def _note(axes: Axes, across: float, text: str, *, left: bool = False) -> None:
    """Write `text` at the top, beside the upright line at `across`."""
    side, away = ("right", -5) if left else ("left", 5)
    at = {"xycoords": ("data", "axes fraction"), "xytext": (away, 0), "textcoords": "offset points"}
    axes.annotate(text, (across, 1), ha=side, va="top", **at)


def _svg(figure: Figure, name: str, title: str, description: str) -> Markup:
    """Return `figure` as a picture for a page with others: its ids are its own, its text is the page's."""
    drawn = io.StringIO()
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = drawn.getvalue()
    size = re.search(r'viewBox="[^"]+"', text)[0]
    inside = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>| font-family: [^;\"]+;", "", inside, flags=re.DOTALL)
    named = set(re.findall(r'(?:url\(#|href="#)([^")]+)', inside))
    inside = re.sub(r' id="([^"]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in named else "", inside)
    inside = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", inside).replace("xlink:href", "href")
    for ours, pages in PAGES.items():
        inside = inside.replace(ours, pages)
    spoken = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-about">{escape(description)}</desc>'
    return Markup(  # noqa: S704 - matplotlib has escaped what it drew
        f'<svg role="img" aria-labelledby="{name}-title {name}-about" {size}>{spoken}{inside}</svg>'
    )
