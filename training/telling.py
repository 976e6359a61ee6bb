"""What the figures of a run amount to in words: report and card say it alike."""

from collections.abc import Mapping, Sequence
from typing import Any

FEW = 50  # photos of a label to learn from; below, it is said


def percent(share: float) -> str:
    """Return `98.5 %`, with a space that no line breaks at."""
    return f"{share * 100:.1f}\u00a0%"


def weight(size: int) -> str:
    """Return a file's size in words: `4.2 MB`, `96 kB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


def said(share: Mapping[str, Any]) -> str:
    """Return a share with the bounds it may lie between: `98.5 % (92.1 to 99.7 %)`."""
    if share["value"] is None:
        return "unknown: there was none"
    return f"{percent(share['value'])} ({share['low'] * 100:.1f} to {percent(share['high'])})"


def things(figures: Mapping[str, Any]) -> str:
    """What a model is asked about: photos, or a table's rows."""
    return "photos" if figures["fields"] == "photo" else "rows"


def listed(words: Sequence[str], last: str = "or") -> str:
    """Return `a, b or c`."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def gaps(figures: Mapping[str, Any]) -> list[str]:
    """Return what was missing where the model learned, a sentence each."""
    learned, of = figures["splits"]["train"], things(figures)
    sentences = []
    if few := [f"{label} ({count})" for label, count in learned.items() if count < FEW]:
        sentences.append(f"There were few {of}, less than {FEW}, to learn some labels from: {listed(few, 'and')}.")
    least, most = min(learned, key=learned.__getitem__), max(learned, key=learned.__getitem__)
    if learned[most] > 2 * learned[least]:
        sentences.append(
            f"It learned from {learned[most]} {of} of {most}, but from {learned[least]} of {least}: "
            f"in doubt it leans to {most}."
        )
    return sentences


def costly(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """
    Return the hardships that clearly cost something, worst first.

    Clearly is: the best that such photos may be is worse than the worst that photos as they come may be.
    """
    floor = figures["accuracy"]["low"]
    return [each for each in worst_first(figures) if each["accuracy"]["high"] < floor]


def worst_first(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return all hardships, the worst first."""
    return sorted(figures["hardships"], key=lambda each: each["accuracy"]["value"] or 0)


def told_apart(foreign: Mapping[str, Any]) -> str:
    """Say how well a set of photos of something else is told from a model's own, and what an AUROC means."""
    return (
        f"{foreign['name']}: it calls {percent(foreign['unfamiliar'])} of these {foreign['photos']} photos unfamiliar. "
        f"Of one of them and one of its own, it finds its own more familiar {percent(foreign['auroc'])} of the time "
        f"(AUROC {foreign['auroc']:.3f})."
    )
