"""
When to try again, and when to leave a Space alone: pure rules of clock and dice, tested without sleeping.

One fault is retried, `SpaceBusy`, at one layer, the bridge; three attempts at most, none that
could not end before the deadline, and of each Space no more than its `Budget` has left. A Space
that fails call after call is left in peace by its `Breaker`, looked at once a second, and asked
again by one caller first.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Literal

from api_bridge.faults import AppFailed, ContractBroken, Fault, OutOfTime, SpaceBusy, SpaceUnreachable

Clock = Callable[[], float]  # seconds, monotonic
Dice = Callable[[], float]  # from 0 up to 1

ATTEMPTS = 3
FIRST_WAIT = 0.25  # seconds; doubles with each attempt
FIRST_WAIT_IF_FULL = 1.0  # where the Space itself said that too many ask
LONGEST_WAIT = 8.0
LONGEST_WISH = 30.0  # a longer Retry-After is the visitor's to wait for, not ours

TOKENS = 10.0  # retries that a Space's budget holds at most
EARNED = 0.1  # of a retry, by each success at the first try
REFILL = 10.0  # seconds until one more

CALLS, WINDOW = 20, 60.0  # what a breaker looks back on: so many calls, so many seconds
FEWEST = 5  # calls that it must have seen; as many failures in a row open it, too
SHORTEST_REST, LONGEST_REST = 10.0, 120.0  # seconds that it stays open; doubles
LONGEST_TRY = 30.0  # seconds until whoever tries half-open is taken for lost
LOOK = 1.0  # seconds between two looks at a Space that is left alone


@dataclass
class Deadline:
    """A moment on a clock that nothing may outlast; all steps of one question have the same."""

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        return cls(clock() + seconds, clock)

    def left(self) -> float:
        """Seconds until then, never below zero."""
        return max(0.0, self.at - self.clock())

    def renew(self, left: float) -> None:
        """Let there be `left` seconds again, as before a wait that is not counted."""
        self.at = max(self.at, self.clock() + left)


class Usual:
    """How long something takes, learned from the last few times."""

    def __init__(self, times: int = 20):
        self._last: deque[float] = deque(maxlen=times)

    def add(self, seconds: float) -> None:
        self._last.append(seconds)

    def seconds(self) -> float | None:
        """Return the median, or None as long as nothing is known."""
        return median(self._last) if self._last else None


def wait_before_retry(fault: Fault, attempt: int, deadline: Deadline, dice: Dice, usual: float = 0.0) -> float | None:
    """
    Return how many seconds to wait before trying again, or None to give up.

    `attempt` counts from 1 and has just failed; `usual` is how long the endpoint takes. The wait
    is drawn from the whole interval up to a doubling limit (full jitter), and is never shorter
    than the Space's own `Retry-After`; one that is too long is passed on to the visitor instead.
    """
    left, wish = deadline.left(), fault.retry_after or 0.0
    if attempt >= ATTEMPTS or wish > min(left, LONGEST_WISH):
        return None
    first = FIRST_WAIT_IF_FULL if _full(fault) else FIRST_WAIT
    wait = max(wish, dice() * min(LONGEST_WAIT, first * 2**attempt))
    return wait if wait + usual < left else None


def may_help(fault: Fault, attempt: int, *, pure: bool) -> bool:
    """
    Return whether asking again can help, and does no harm.

    What is not `pure` is asked again only where the app can not have seen the question. An app that
    failed without a word is asked once more: one that was deployed anew meanwhile fails like that.
    """
    if isinstance(fault, AppFailed):
        return pure and fault.wordless and attempt == 1
    return isinstance(fault, SpaceBusy) and (pure or fault.unseen or fault.asleep)


def _full(fault: BaseException) -> bool:
    return isinstance(fault, SpaceBusy) and fault.full


class Budget:
    """
    So many retries and no more, for all who ask one Space together.

    In an outage everybody retries, and three attempts each would be three times the load.
    """

    def __init__(self, clock: Clock):
        self._clock = clock
        self._tokens, self._at = TOKENS, clock()

    def take(self) -> bool:
        """Pay for a retry; False where there is nothing left to pay with."""
        self._fill((self._clock() - self._at) / REFILL)
        self._at = self._clock()
        if self._tokens < 1 - 1e-9:  # ten tenths are one, also in floating point
            return False
        self._tokens -= 1
        return True

    def earn(self) -> None:
        """A first try succeeded: the Space is well."""
        self._fill(EARNED)

    def _fill(self, tokens: float) -> None:
        self._tokens = min(TOKENS, self._tokens + tokens)


def ill(fault: BaseException) -> bool:
    """
    Return whether `fault` says that the Space is not well.

    A visitor's mistake, an app that said no in its own words and a full queue are answers of a
    Space that is up, and one that wakes is waited for.
    """
    if isinstance(fault, SpaceBusy):
        return not (fault.full or fault.asleep)
    return isinstance(fault, OutOfTime | SpaceUnreachable)


def drifted(fault: BaseException) -> bool:
    """Return whether `fault` says that a contract does not hold."""
    return isinstance(fault, ContractBroken)


class Breaker:
    """
    Leaves alone what fails call after call; `counts` says which faults are failures.

    Each call that `allows()` or `may_look()` let through is followed by one of `succeeded()`,
    `failed()` and `neither()`; `watched()` does that for the call inside it.
    """

    def __init__(self, clock: Clock, counts: Callable[[BaseException], bool] = ill):
        self.why: Fault | None = None  # the last failure
        self._clock, self._counts = clock, counts
        self._calls: deque[tuple[float, bool]] = deque(maxlen=CALLS)  # when it ended, whether well
        self._until: float | None = None  # open until then, half-open afterwards
        self._rest = SHORTEST_REST
        self._trying_until = 0.0  # one call is on its way half-open, and nobody else may
        self._look_at = 0.0  # when the next one may look
        self._looked = False  # half-open because somebody looked, and not because the rest was over
        self._misled = False  # it looked well and failed again: only time tells

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        if self._until is None:
            return "closed"
        return "open" if self._clock() < self._until else "half-open"

    def allows(self) -> bool:
        """Return whether a call may be made now; half-open, only the first who wants to may."""
        if self.state == "half-open" and self._clock() >= self._trying_until:
            self._trying_until = self._clock() + LONGEST_TRY
            return True
        return self.state == "closed"

    def may_look(self) -> bool:
        """Return whether the caller should look if all is well again; while open, one a second should."""
        if self.state != "open" or self._misled or self._clock() < self._look_at:
            return False
        self._look_at = self._clock() + LOOK
        return True

    def looks_well(self) -> None:
        """Whoever may look did so, and goes on with a call: the rest is over."""
        if self.state == "open":
            self._until, self._looked = self._clock(), True
            self._trying_until = self._clock() + LONGEST_TRY

    def left(self) -> float:
        """Return the seconds after which asking again makes sense: 0.0 where it does now."""
        if self._until is None:
            return 0.0
        rest = self._until - self._clock()
        if rest > 0 and not self._misled:
            return min(rest, 2 * LOOK)
        # Nobody knows how long the one that is trying will take: look again soon.
        return max(rest, 1.0 if self._clock() < self._trying_until else 0.0)

    def succeeded(self) -> None:
        if self.state == "half-open":
            self._calls.clear()
            self._until, self._rest, self._trying_until = None, SHORTEST_REST, 0.0
        elif self.state == "closed":
            self._calls.append((self._clock(), True))

    def failed(self) -> None:
        if self.state == "half-open":
            self._open(min(LONGEST_REST, self._rest * 2), misled=self._looked)
        elif self.state == "closed":
            self._calls.append((self._clock(), False))
            if self._too_many():
                self._open(SHORTEST_REST, misled=False)

    def neither(self) -> None:
        """The call ended without a word about the Space: its asker left, or the fault does not count."""
        self._trying_until = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Report how the call inside ends."""
        try:
            yield
        except BaseException as error:
            if self._counts(error):
                self.why = error if isinstance(error, Fault) else None
                self.failed()
            else:
                self.neither()
            raise
        self.succeeded()

    def _open(self, seconds: float, *, misled: bool) -> None:
        now = self._clock()
        self._until, self._rest, self._trying_until = now + seconds, seconds, 0.0
        self._look_at, self._looked, self._misled = now + LOOK, False, misled

    def _too_many(self) -> bool:
        well = [ended_well for at, ended_well in self._calls if self._clock() - at <= WINDOW]
        return len(well) >= FEWEST and (2 * sum(well) <= len(well) or not any(well[-FEWEST:]))
