"""
A Space that sleeps is waited for: one asks the Hub how far it is, however many wait.

    if await waker.asleep():
        await waker.until_up(deadline, told=lambda stage, eta: ...)

Asking the Hub wakes nobody: it was the question to the Space itself that did.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from api_bridge.faults import OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.memory import Joined
from api_bridge.patience import Clock, Deadline, Dice, Usual

CALLS = 25  # to the Hub, for one wake
LONGEST = 240.0  # seconds that a wake is watched
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 12.5  # seconds between two calls, and up to a fifth more
WAKES = 5  # that the estimate is learned from
WATCHERS = 64  # questions that wait for one wake, each with what it asks about

Told = Callable[[str, float | None], None]  # the stage, and how many seconds it will still take, if that is known


@dataclass
class _Wake:
    """One way from asleep to awake; those who watch it may come and go."""

    began: float
    next: float  # when the Hub may be asked again
    calls: int = 0
    stage: str | None = None
    whole: bool = True  # watched without a gap, so that something can be learned from it


class Waker:
    """Waits for one Space; `stage` returns the Hub's word for how it is, None where the Hub is silent."""

    def __init__(
        self,
        stage: Callable[[], Awaitable[str | None]],
        *,
        clock: Clock,
        dice: Dice,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        self._stage, self._clock, self._dice, self._sleep = stage, clock, dice, sleep
        self._usual = Usual(WAKES)
        self._wake: _Wake | None = None
        self._poller: Joined[str | None] | None = None
        self._glance: Joined[bool] | None = None
        self._listeners: list[Told] = []

    @property
    def watching(self) -> bool:
        """Whether somebody waits for the Space now."""
        return self._poller is not None and not self._poller.over

    async def asleep(self) -> bool:
        """Return whether the Space does not run, by the Hub's word; False where the Hub is silent."""
        if self.watching:
            return True
        if self._glance is None or self._glance.over:
            self._glance = Joined(self._glanced(self._current()))
        return await self._glance.wait()

    async def _glanced(self, wake: _Wake) -> bool:
        """Ask the Hub once, unless it was asked a moment ago."""
        self._wake = wake
        if wake.calls < CALLS and (wake.stage is None or self._clock() >= wake.next):
            await self._call(wake)
        return self._wake is wake

    def eta(self) -> float | None:
        """Return how many seconds it will usually still take, or None as long as nobody knows."""
        usual = self._usual.seconds()
        if usual is None or self._wake is None:
            return usual
        return max(0.0, self._wake.began + usual - self._clock())

    async def until_up(self, deadline: Deadline, told: Told = lambda stage, eta: None) -> str | None:
        """
        Return the Hub's word when the Space runs, or None where the Hub is silent: only trying tells.

        Raise `SpaceUnreachable` where it will not start by itself, `OutOfTime` where it did not start in time.
        """
        if len(self._listeners) >= WATCHERS:
            raise SpaceBusy("Many are waiting for the Space to wake up already.", retry_after=self._after())
        if not self.watching:
            self._wake = self._current()
            self._poller = Joined(self._poll(self._wake))
        if self._wake and self._wake.stage:  # who comes later hears at once where it stands
            self._tell(self._wake.stage, told)
        self._listeners.append(told)
        try:
            async with asyncio.timeout(deadline.left()):
                return await self._poller.wait()  # type: ignore[union-attr]
        except TimeoutError as error:
            raise self._late() from error
        finally:
            self._listeners.remove(told)

    def _current(self) -> _Wake:
        """Go on with the wake that others began to watch, within its bounds, or begin another."""
        now, wake = self._clock(), self._wake
        if wake is None or now >= wake.began + LONGEST:
            return _Wake(began=now, next=now)
        wake.whole = wake.whole and now <= wake.next
        return wake

    async def _poll(self, wake: _Wake) -> str | None:
        """Ask the Hub until its word is the last one."""
        while wake.calls < CALLS and wake.next < wake.began + LONGEST:
            await self._sleep(max(0.0, wake.next - self._clock()))
            await self._call(wake)
            if wake.stage:
                self._tell(wake.stage, *self._listeners)
            if self._wake is not wake:
                return wake.stage
        raise self._late()

    async def _call(self, wake: _Wake) -> None:
        """Ask the Hub once; a wake that has come to its end is forgotten."""
        wake.calls += 1
        wake.next = self._clock() + pause(wake.calls, self._dice)
        wake.stage = await self._stage()
        if wake.stage is None or wake.stage.startswith("RUNNING"):
            self._wake = None
            if wake.stage and wake.whole and wake.calls > 1:  # at the first call it was up already
                self._usual.add(self._clock() - wake.began)
        elif stuck(wake.stage):
            self._wake = None
            raise SpaceUnreachable(_STUCK.format(wake.stage), space={"stage": wake.stage})

    def _tell(self, stage: str, *listeners: Told) -> None:
        """Each is told apart from all else, so that none can do harm."""
        eta = None if stage.startswith("RUNNING") else self.eta()
        for told in listeners:
            asyncio.get_running_loop().call_soon(told, stage, eta)

    def _late(self) -> OutOfTime:
        return OutOfTime("The Space is still waking up.", retry_after=self._after())

    def _after(self) -> float | None:
        eta = self.eta()
        return None if eta is None else max(1.0, eta)


_STUCK = "The Hub says {}: only the Space's owner can start it."


def stuck(stage: str) -> bool:
    """Return whether a Space in `stage` stays there until its owner acts; whatever is not known is on its way."""
    return stage in ("PAUSED", "STOPPED", "DELETING", "NO_APP_FILE") or stage.endswith("_ERROR")


def pause(calls: int, dice: Dice) -> float:
    """Return the seconds until the next call: from 2 growing to 15, so that all calls together last 240."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 1.3 ** (calls - 1)) * (1 + dice() / 5)
