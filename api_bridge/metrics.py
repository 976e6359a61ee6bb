"""
What the bridge counts, told as Prometheus reads it.

    metrics.count("questions_total", demo="catdog", outcome="answered")
    metrics.observe("question_seconds", 0.2, demo="catdog")
    metrics.set("waiting", 3, space="here")
    metrics.text()                                        # for GET /metrics, as MEDIA_TYPE

Used from the event loop only, so nothing is locked.
"""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from math import inf

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "tinyspaces_"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, inf)  # seconds, up to and with
MOST = 500  # sets of labels that a metric has; what comes after is counted together, as OTHER
OTHER = "other"


@dataclass(frozen=True)
class Declared:
    """A metric: its kind in Prometheus' words, what it tells, and the labels it has."""

    kind: str
    told: str
    labels: tuple[str, ...] = ()


METRICS = {
    "questions_total": Declared(
        "counter", "Questions, by their end: answered, kept, joined or a fault.", ("demo", "outcome")
    ),
    "question_seconds": Declared("histogram", "From a question's arrival to its end.", ("demo",)),
    "upstream_requests_total": Declared("counter", "How often a Space was asked.", ("space",)),
    "retries_total": Declared("counter", "How often a Space was asked again.", ("space",)),
    "breaker_open": Declared("gauge", "1 while a Space is left alone because it failed too often.", ("space",)),
    "waiting": Declared("gauge", "Questions that wait for a Space.", ("space",)),
    "photos_seconds": Declared("histogram", "How long photos took to clean, their waiting included."),
}


class Metrics:
    """Counts what is declared in `METRICS`; any other name or label is a `ValueError`."""

    def __init__(self) -> None:
        # By metric and label values: one number, or a histogram's buckets and the sum of its seconds.
        self._cells: dict[str, dict[tuple[str, ...], list[float]]] = {name: {} for name in METRICS}

    def count(self, name: str, **labels: str) -> None:
        """Add one to a counter."""
        self._cell("counter", name, labels)[0] += 1

    def set(self, name: str, value: float, **labels: str) -> None:
        """Let a gauge stand at `value`."""
        self._cell("gauge", name, labels)[0] = value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Note in a histogram how long something took."""
        cell = self._cell("histogram", name, labels)
        cell[bisect_left(BUCKETS, seconds)] += 1
        cell[-1] += seconds

    def text(self) -> str:
        """Return everything counted so far, in Prometheus' text format."""
        lines = []
        for name, about in METRICS.items():
            lines += [f"# HELP {PREFIX}{name} {about.told}", f"# TYPE {PREFIX}{name} {about.kind}"]
            for values, cell in self._cells[name].items():
                labels = dict(zip(about.labels, values, strict=True))
                lines += _histogram(name, labels, cell) if about.kind == "histogram" else [_line(name, labels, cell[0])]
        return "\n".join(lines) + "\n"

    def _cell(self, kind: str, name: str, labels: dict[str, str]) -> list[float]:
        """Return where a metric's number stands for these labels; too many sets of labels share one."""
        about = METRICS.get(name)
        if about is None or about.kind != kind or labels.keys() != {*about.labels}:
            raise ValueError(f"There is no {kind} {name} with the labels {', '.join(labels) or 'none'}.")
        cells, values = self._cells[name], tuple(labels[label] for label in about.labels)
        if values not in cells and len(cells) >= MOST:
            values = (OTHER,) * len(values)
        return cells.setdefault(values, [0] * (len(BUCKETS) + 1 if kind == "histogram" else 1))


def _histogram(name: str, labels: dict[str, str], cell: list[float]) -> list[str]:
    """A histogram's lines: each bucket holds what is in those before it, too."""
    upto = list(accumulate(cell[:-1]))
    buckets = [
        _line(f"{name}_bucket", {**labels, "le": "+Inf" if limit == inf else str(limit)}, number)
        for limit, number in zip(BUCKETS, upto, strict=True)
    ]
    return [*buckets, _line(f"{name}_sum", labels, cell[-1]), _line(f"{name}_count", labels, upto[-1])]


def _line(name: str, labels: dict[str, str], number: float) -> str:
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{PREFIX}{name}{'{' + inside + '}' if inside else ''} {number}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
