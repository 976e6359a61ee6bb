"""
One Space, for all who ask it: who may go in, when to try again, when to leave it alone.

    door → breaker → Space; a second time only for `SpaceBusy`, and within the budget
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from api_bridge.admission import INSIDE, WAITING, Door
from api_bridge.contract import Json
from api_bridge.dialects import Told
from api_bridge.faults import Fault, SpaceBusy
from api_bridge.hub import is_name, stage
from api_bridge.metrics import Metrics
from api_bridge.patience import Breaker, Budget, Clock, Deadline, Dice, Usual, wait_before_retry
from api_bridge.space import Space
from api_bridge.waking import Waker

LEFT_ALONE = "The Space failed several times and is left alone for a moment."

Sleep = Callable[[float], Awaitable[None]]


class Patiently:
    """Asks the space called `name` for everybody: `inside` questions at once, `waiting` in the queue before it."""

    def __init__(
        self,
        name: str,
        space: Space,
        metrics: Metrics,
        *,
        clock: Clock = time.monotonic,
        dice: Dice = random.random,
        sleep: Sleep = asyncio.sleep,
        inside: int = INSIDE,
        waiting: int = WAITING,
    ):
        self.name, self.space, self._metrics = name, space, metrics
        self.door = Door(clock, inside, waiting)
        self.breaker = Breaker(clock)
        self._budget = Budget(clock)
        self._waker = _waker(space, clock, dice, sleep)
        self._usual: dict[str, Usual] = defaultdict(Usual)
        self._clock, self._dice, self._sleep = clock, dice, sleep

    async def ask(
        self, step: Mapping[str, Json], takes: Mapping[str, Json], deadline: Deadline, told: Told | None
    ) -> tuple[list[Json], int]:
        """
        Return the outputs of `step`'s endpoint and the attempts it took, or raise a `Fault` that knows them.

        What somebody has seen a part of is not asked again.
        """
        seen = _Seen(told)
        async with self.door.enter(deadline, seen.place):
            attempt = 1
            while True:
                try:
                    outputs = await self._once(step["endpoint"], takes, deadline, seen if told else None)
                except Fault as fault:
                    fault.attempts = attempt
                    resting = self.breaker.state != "closed"  # nobody waits inside for a Space that is left alone
                    again = step["pure"] and isinstance(fault, SpaceBusy) and not (seen.parts or resting)
                    usual = self._usual[step["endpoint"]].seconds() or 0.0
                    wait = wait_before_retry(fault, attempt, deadline, self._dice, usual) if again else None
                    if isinstance(fault, SpaceBusy) and again and attempt == 1 and self._waker and not fault.full:
                        await self._waker.until_up(deadline, seen.stage)  # raises where nobody need wait
                        wait = 0.0
                    if wait is None or not self._budget.take():
                        raise
                else:
                    if attempt == 1:
                        self._budget.earn()
                    return outputs, attempt
                self._metrics.count("retries_total", space=self.name)
                await self._sleep(wait)
                attempt += 1

    async def _once(
        self, endpoint: str, takes: Mapping[str, Json], deadline: Deadline, told: Told | None
    ) -> list[Json]:
        trying = self.breaker.state == "half-open"
        if not self.breaker.allows():
            raise SpaceBusy(LEFT_ALONE, retry_after=max(1.0, self.breaker.left()))
        with self.breaker.watched():
            if trying:
                await self.space.about()  # a word before a question
            started = self._clock()
            self._metrics.count("upstream_requests_total", space=self.name)
            outputs = await self.space.ask(endpoint, takes, deadline.left(), told)
        self._usual[endpoint].add(self._clock() - started)
        return outputs


def _waker(space: Space, clock: Clock, dice: Dice, sleep: Sleep) -> Waker | None:
    """One who asks the Hub how far a Space is, where the Hub knows it."""
    name = str(getattr(space, "name", ""))
    if not is_name(name):
        return None
    return Waker(lambda: stage(name, getattr(space, "token", None)), clock=clock, dice=dice, sleep=sleep)


class _Seen:
    """Passes on what is told, and knows whether a part of the answer was among it."""

    def __init__(self, told: Told | None):
        self._told = told
        self._telling: set[asyncio.Task[None]] = set()  # held until they are done
        self.parts = False

    async def __call__(self, event: str, about: Json) -> None:
        self.parts = self.parts or event == "partial"
        if self._told:
            await self._told(event, about)

    def place(self, place: int) -> None:
        """Tell the place before our own door as Gradio tells the one in its queue."""
        self._soon("queue", {"place": place, "eta": None})

    def stage(self, stage: str, eta: float | None) -> None:
        """Tell how far a Space that wakes has come, and how many seconds it usually still takes."""
        self._soon("stage", {"stage": stage, "eta": eta})

    def _soon(self, event: str, about: Json) -> None:
        task = asyncio.get_running_loop().create_task(self(event, about))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
