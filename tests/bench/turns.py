"""Several ways of asking that take turns, and what they are to each other."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from stage import Asker, counted, megabytes, percentile, said

Numbers = list[float | None]


@dataclass
class Row:
    """One way of asking, with so many askers: what came of each turn."""

    endpoint: str
    who: str
    askers: int
    turns: list[dict] = field(default_factory=list)
    requests: int | None = None  # that reached Gradio

    def each(self, part: float) -> Numbers:
        """A percentile of each turn, in seconds."""
        return [percentile(turn["times"], part) for turn in self.turns]

    def over_all(self, part: float) -> float | None:
        return percentile([seconds for turn in self.turns for seconds in turn["times"]], part)

    def rates(self) -> list[float]:
        """Answers a second in each turn."""
        return [len(turn["times"]) / turn["seconds"] for turn in self.turns]

    def failures(self) -> dict[str, int]:
        kinds = sorted({kind for turn in self.turns for kind in turn["failures"]})
        return {kind: sum(turn["failures"].get(kind, 0) for turn in self.turns) for kind in kinds}

    def told(self) -> dict:
        halves = [each for each in self.each(0.5) if each is not None]
        asked = sum(turn["asked"] for turn in self.turns)
        return {
            "endpoint": self.endpoint,
            "who": self.who,
            "askers": self.askers,
            "answered": sum(len(turn["times"]) for turn in self.turns),
            "p50_ms": in_ms(self.over_all(0.5)),
            "p50_ms_of_turns": [in_ms(min(halves)), in_ms(max(halves))] if halves else None,
            "p99_ms": in_ms(self.over_all(0.99)),
            "per_second": round(median(self.rates()), 1),
            "refused": sum(turn["refused"] for turn in self.turns),
            "failures": self.failures(),
            "requests_per_question": None if self.requests is None else round(self.requests / asked, 2),
        }


class Turns:
    """
    Lets all `ways` of asking an endpoint take turns, so that whatever else the machine does hits all alike.

    `plan` has for each number of askers how many turns there are, and how many seconds each lasts.
    """

    def __init__(self, endpoint: str, plan: dict[int, tuple[int, float]], ways: dict[str, dict]):
        self.endpoint, self.plan, self.ways = endpoint, plan, ways
        self.rows = {(who, askers): Row(endpoint, who, askers) for askers in plan for who in ways}
        self.memory: dict[str, float | None] = {}  # of each asker's process

    def take(self, space: str | None) -> None:
        """Let everybody ask; what reaches Gradio is counted where `space` counts it."""
        with ExitStack() as stack:
            askers = {who: stack.enter_context(Asker(**way)) for who, way in self.ways.items()}
            for who, asker in askers.items():
                said(f"{self.endpoint}: {who} warms up")
                asker.ask(1, 0.2)
                asker.ask(16, 0.3)
            for number, (turns, seconds) in self.plan.items():
                for turn in range(turns):
                    # Another order each time: who follows on somebody slow may find a busier machine.
                    for who in self._order(turn):
                        said(f"{self.endpoint}: {number} askers, turn {turn + 1} of {turns}, {who}")
                        row, before = self.rows[who, number], counted(space) if space else 0
                        row.turns.append(askers[who].ask(number, seconds))
                        if space:
                            row.requests = (row.requests or 0) + counted(space) - before
            self.memory = {f"asker: {who}": megabytes(asker.process) for who, asker in askers.items()}

    def time(self, one: str, other: str, askers: int = 1) -> float | None:
        """How much longer `one` takes than `other` in the same turn."""
        return _ratio(self.rows[one, askers].each(0.5), self.rows[other, askers].each(0.5))

    def time_at_best(self, one: str, other: str, askers: int = 1) -> float | None:
        """The same of the best turn of each, which others on this machine disturbed the least."""
        best = (min(filter(None, self.rows[who, askers].each(0.5)), default=None) for who in (one, other))
        return _ratio([next(best)], [next(best)])

    def rate(self, one: str, other: str, askers: int = 16) -> float | None:
        """How many questions `one` answers while `other` answers one."""
        return _ratio(self.rows[one, askers].rates(), self.rows[other, askers].rates())

    def worst(self, one: str, other: str, askers: int = 1) -> float | None:
        """The p99 of one to the other's, over all turns: what is rare does not happen in each."""
        return _ratio([self.rows[one, askers].over_all(0.99)], [self.rows[other, askers].over_all(0.99)])

    def _order(self, turn: int) -> list[str]:
        names, first = [*self.ways], turn % len(self.ways)
        return names[first:] + names[:first]


def in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)


def _ratio(ours: Numbers | list[float], theirs: Numbers | list[float]) -> float | None:
    """The median of the ratios of single turns; one in which somebody had no answer is none."""
    each = [one / other for one, other in zip(ours, theirs, strict=True) if one and other]
    return round(median(each), 3) if each else None
