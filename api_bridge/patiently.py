"""
One Space, for all who ask it: who may go in, when to try again, when to leave it alone.

    awake → door → breakers → Space; a second time only where that may help, and within the budget
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from api_bridge.admission import INSIDE, WAITING, Door
from api_bridge.dialects import Told
from api_bridge.faults import Fault, OutOfTime, SpaceBusy
from api_bridge.hub import is_name, stage
from api_bridge.metrics import Metrics
from api_bridge.patience import (
    LOOK,
    Breaker,
    Budget,
    Clock,
    Deadline,
    Dice,
    Usual,
    drifted,
    may_help,
    wait_before_retry,
)
from api_bridge.space import Space
from api_bridge.strict_json import Json
from api_bridge.waking import LONGEST, Waker

LEFT_ALONE = "The Space failed several times and is left alone for a moment."

Sleep = Callable[[float], Awaitable[None]]
Check = Callable[[list[Json]], None]


class Patiently:
    """
    Asks the space called `name` for everybody: `inside` questions at once, `waiting` in the queue before it.

    One breaker knows whether the Space is well, and one for each endpoint whether it keeps its contract.
    """

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
        self._agreed: dict[str, Breaker] = defaultdict(lambda: Breaker(clock, drifted))
        self._budget = Budget(clock)
        self._waker = _waker(space, clock, dice, sleep)
        self._usual: dict[str, Usual] = defaultdict(Usual)
        self._clock, self._dice, self._sleep = clock, dice, sleep

    async def ask(
        self,
        step: Mapping[str, Json],
        takes: Mapping[str, Json],
        deadline: Deadline,
        told: Told | None,
        check: Check = lambda outputs: None,
        *,
        parts: bool = True,
    ) -> tuple[list[Json], int]:
        """
        Return the outputs of `step`'s endpoint and the attempts it took, or raise a `Fault` that knows them.

        Outputs that `check` raises `ContractBroken` for are none. Without `parts`, `told` hears nothing of the
        Space itself; what somebody has seen a part of is not asked again. Waiting for a Space that sleeps is
        not part of the deadline, and happens once.
        """
        seen, attempt, waited = _Seen(told, self.door), 1, False
        heard = seen if told and parts else None
        if self._waker and self._waker.watching:
            waited = await self._awake(self._waker, deadline, seen)
        while True:
            try:
                async with self.door.enter(deadline, seen.place, again=attempt > 1):
                    outputs = await self._once(step["endpoint"], takes, deadline, heard, check)
            except Fault as fault:
                if fault.attempts is None:  # it was not asked at all: nobody waits for a Space that is left alone
                    raise
                fault.attempts = attempt
                if seen.parts or not may_help(fault, attempt, pure=step["pure"]):
                    raise
                if self._waker and isinstance(fault, SpaceBusy) and fault.asleep and not waited:
                    waited = await self._awake(self._waker, deadline, seen)
                else:
                    usual = self._usual[step["endpoint"]].seconds() or 0.0
                    wait = wait_before_retry(fault, attempt, deadline, self._dice, usual)
                    if wait is None or self.breaker.state != "closed" or not self._budget.take():
                        raise
                    self._metrics.count("retries_total", space=self.name)
                    await self._sleep(wait)
                attempt += 1
            else:
                if attempt == 1:
                    self._budget.earn()
                return outputs, attempt

    async def _awake(self, waker: Waker, deadline: Deadline, seen: "_Seen") -> bool:
        """Wait until the Space is up, and leave as much of the deadline as before; return that it was waited for."""
        left = deadline.left()
        await waker.until_up(Deadline.after(LONGEST, self._clock), seen.stage)
        deadline.renew(left)
        return True

    async def _once(
        self, endpoint: str, takes: Mapping[str, Json], deadline: Deadline, told: Told | None, check: Check
    ) -> list[Json]:
        async with self._allowed(self.breaker, deadline), self._allowed(self._agreed[endpoint], deadline):
            started = self._clock()
            self._metrics.count("upstream_requests_total", space=self.name)
            try:
                outputs = await self.space.ask(endpoint, takes, deadline.left(), told)
                check(outputs)
            except Fault as fault:
                fault.attempts = 1
                if isinstance(fault, SpaceBusy) and not fault.full:
                    fault.asleep = await self._asleep(deadline)
                raise
            self._usual[endpoint].add(self._clock() - started)
            return outputs

    @asynccontextmanager
    async def _allowed(self, breaker: Breaker, deadline: Deadline) -> AsyncIterator[None]:
        """Raise what made `breaker` open; of those who come meanwhile one has a look, before it asks."""
        looking = breaker.may_look()
        if not looking and not breaker.allows():
            raise self._left_alone(breaker)
        with breaker.watched():
            if breaker.state != "closed":
                try:
                    async with asyncio.timeout(LOOK if looking else deadline.left()):
                        await self.space.about()
                except TimeoutError as error:
                    raise SpaceBusy(LEFT_ALONE, retry_after=max(1.0, breaker.left())) from error
                breaker.looks_well()
            yield

    def _left_alone(self, breaker: Breaker) -> Fault:
        """What waiting can not mend is said as it was; all else is a Space that rests."""
        if breaker.why and not breaker.why.retryable:
            return type(breaker.why)(breaker.why.detail, space=breaker.why.space)
        return SpaceBusy(LEFT_ALONE, retry_after=max(1.0, breaker.left()))

    async def _asleep(self, deadline: Deadline) -> bool:
        if self._waker is None:
            return False
        try:
            async with asyncio.timeout(deadline.left()):
                return await self._waker.asleep()
        except TimeoutError as error:
            raise OutOfTime("The model did not answer in time.") from error
        except Fault as fault:
            fault.attempts = 1
            raise


def _waker(space: Space, clock: Clock, dice: Dice, sleep: Sleep) -> Waker | None:
    """One who asks the Hub how far a Space is, where the Hub knows it."""
    name = str(getattr(space, "name", ""))
    if not is_name(name):
        return None
    return Waker(lambda: stage(name, getattr(space, "token", None)), clock=clock, dice=dice, sleep=sleep)


class _Seen:
    """Passes on what is told, and knows whether a part of the answer was among it."""

    def __init__(self, told: Told | None, door: Door):
        self._told, self._door = told, door
        self.parts = False

    def __call__(self, event: str, about: Json) -> None:
        self.parts = self.parts or event == "partial"
        if self._told:
            self._told(event, about)

    def place(self, place: int) -> None:
        """Tell the place before our own door as Gradio tells the one in its queue, where 0 is next."""
        self("queue", {"place": place - 1, "eta": self._door.wait(place)})

    def stage(self, stage: str, eta: float | None) -> None:
        """Tell how far a Space that wakes has come, and how many seconds it usually still takes."""
        self("stage", {"stage": stage, "eta": eta})
