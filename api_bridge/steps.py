"""
The steps of one question: each is asked as soon as what it needs is there, and one that fails hides no other.

    outcomes = await outcomes_of(pipeline, question, ask, tell)      {"guess": Outcome("answered", …), …}
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api_bridge.dialects import Told
from api_bridge.faults import Fault
from api_bridge.patience import Clock
from api_bridge.pipeline import Pipeline, Step
from api_bridge.strict_json import Json

AT_ONCE = 2  # of several, so that one question does not take every place at a Space

Call = tuple[Json, int, str]  # what one call gave, after so many attempts, and whether it was asked, joined or kept
Ask = Callable[[Step, Mapping[str, Json], Told | None], Awaitable[Call]]
Show = Callable[[Json], Json]


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    state: str  # answered, failed or skipped
    prediction: Json = None  # of several an array, null where one failed
    seconds: float | None = None
    attempts: int = 1
    word: str = "asked"  # or joined, or kept
    fault: Fault | None = None
    failed: Mapping[int, Fault] = field(default_factory=dict)  # those of several that were not answered


async def outcomes_of(
    pipeline: Pipeline,
    question: Mapping[str, Json],
    ask: Ask,
    told: Told | None,
    show: Show = lambda prediction: prediction,
    clock: Clock = time.monotonic,
) -> dict[str, Outcome]:
    """
    Ask every step that is due; return how each ended, in the pipeline's order.

    `ask` makes one call. `told` hears its events with the `step` they are of, and those of one of several with
    its place, `at`; and an event `step` whenever a step's state changes, its prediction as it is `show`n. Of a
    plain question nothing but the call's own events is told.
    """
    run = _Run(pipeline, question, ask, told, show, clock)
    async with asyncio.TaskGroup() as group:
        for step in pipeline.steps:  # those that it needs are on their way already
            run.ending[step.name] = group.create_task(run.end(step))
    return {name: ending.result() for name, ending in run.ending.items()}


class _Run:
    """One question on its way."""

    def __init__(
        self,
        pipeline: Pipeline,
        question: Mapping[str, Json],
        ask: Ask,
        told: Told | None,
        show: Show,
        clock: Clock,
    ):
        self.ending: dict[str, asyncio.Task[Outcome]] = {}
        self._values: dict[str, Json] = {"input": question}  # and each answered step's prediction
        self._plain, self._ask, self._told, self._show, self._clock = pipeline.plain, ask, told, show, clock

    async def end(self, step: Step) -> Outcome:
        """Wait for what `step` needs, ask it where it is due, and return how it ended."""
        for need in step.needs:
            await self.ending[need]
        if not step.due(self._values):
            self._tell(step, "skipped")
            return Outcome("skipped")
        self._tell(step, "asking")
        started = self._clock()
        try:
            outcome = await self._asked(step, step.taken(self._values), started)
        except Fault as fault:
            self._tell(step, "failed", fault=fault)
            return Outcome("failed", None, self._clock() - started, fault.attempts or 0, fault=fault)
        self._values[step.name] = outcome.prediction
        self._tell(step, "answered", prediction=outcome.prediction)
        return outcome

    async def _asked(self, step: Step, takes: Mapping[str, Json], started: float) -> Outcome:
        if step.each is None:
            prediction, attempts, word = await self._ask(step, takes, self._hearing(step))
            return Outcome("answered", prediction, self._clock() - started, attempts, word)
        several, turns = takes[step.each] or [], asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            calls = [
                group.create_task(self._one(step, {**takes, step.each: each}, at, turns))
                for at, each in enumerate(several)
            ]
        made = [call.result() for call in calls]
        failed = {at: each for at, each in enumerate(made) if isinstance(each, Fault)}
        if failed and len(failed) == len(made):
            raise failed[0]
        answered = [each for each in made if not isinstance(each, Fault)]
        return Outcome(
            "answered",
            [None if isinstance(each, Fault) else each[0] for each in made],
            self._clock() - started,
            max((attempts for _, attempts, _ in answered), default=1),
            "asked" if any(word == "asked" for *_, word in answered) else "kept",
            failed=failed,
        )

    async def _one(self, step: Step, takes: Mapping[str, Json], at: int, turns: asyncio.Semaphore) -> Call | Fault:
        """Ask about one of several when it is its turn; what becomes of it is nobody else's trouble."""
        async with turns:
            self._tell(step, "asking", at=at)
            try:
                call = await self._ask(step, takes, self._hearing(step, at=at))
            except Fault as fault:
                self._tell(step, "failed", at=at, fault=fault)
                return fault
            self._tell(step, "answered", at=at, prediction=call[0])
            return call

    def _hearing(self, step: Step, **at: int) -> Told | None:
        """What a call of `step` tells to: of which one it is told where there are others."""
        told = self._told
        if told is None or self._plain:
            return told
        return lambda event, about: told(event, {**about, "step": step.name, **at})

    def _tell(self, step: Step, state: str, **about: Any) -> None:
        if self._told is None or self._plain:
            return
        if "prediction" in about:
            about["prediction"] = self._show(about["prediction"])
        self._told("step", {"step": step.name, "state": state, **about})
