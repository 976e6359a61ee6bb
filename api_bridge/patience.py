"""
When to try again: pure functions of clock and dice, so that every rule is tested without sleeping.

One fault is retried, `SpaceBusy`, at one layer, the bridge; three attempts at most, and
none that could not end before the deadline.
"""

from collections.abc import Callable
from dataclasses import dataclass

from api_bridge.faults import Fault

Clock = Callable[[], float]  # seconds, monotonic
Dice = Callable[[], float]  # from 0 up to 1

ATTEMPTS = 3
FIRST_WAIT = 0.25  # seconds; doubles with each attempt
LONGEST_WAIT = 8.0


@dataclass(frozen=True)
class Deadline:
    """A moment on a clock that nothing may outlast."""

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        return cls(clock() + seconds, clock)

    def left(self) -> float:
        """Seconds until then, never below zero."""
        return max(0.0, self.at - self.clock())


def wait_before_retry(fault: Fault, attempt: int, deadline: Deadline, dice: Dice) -> float | None:
    """
    Return how many seconds to wait before trying again, or None to give up.

    `attempt` counts from 1 and has just failed. The wait is drawn from the whole
    interval up to a doubling limit (full jitter), and is never shorter than the
    Space's own `Retry-After`.
    """
    if attempt >= ATTEMPTS:
        return None
    wait = dice() * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    wait = max(wait, fault.retry_after or 0.0)
    return wait if wait < deadline.left() else None
