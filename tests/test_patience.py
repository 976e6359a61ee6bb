"""When the bridge tries again, without a test having to wait for it."""

import random

import pytest

from api_bridge.faults import SpaceBusy
from api_bridge.patience import ATTEMPTS, LONGEST_WAIT, Deadline, wait_before_retry


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_runs_out_and_stays_out():
    """Nothing is left of it afterwards, and never less than nothing."""
    clock = Clock()
    deadline = Deadline.after(30, clock)
    assert deadline.left() == 30
    clock.now += 31
    assert deadline.left() == 0


def test_waits_are_drawn_from_the_whole_interval():
    """Full jitter: askers who failed together do not come back together."""
    dice = random.Random(7).random
    deadline = Deadline.after(1000, Clock())
    for attempt in range(1, ATTEMPTS):
        waits = [wait_before_retry(SpaceBusy(""), attempt, deadline, dice) for _ in range(400)]
        most = min(LONGEST_WAIT, 0.25 * 2**attempt)
        assert all(0 <= wait < most for wait in waits)
        assert min(waits) < most * 0.05
        assert max(waits) > most * 0.95


def test_three_attempts_and_no_more():
    """An outage is not made worse."""
    assert wait_before_retry(SpaceBusy(""), ATTEMPTS, Deadline.after(1000, Clock()), lambda: 0) is None


@pytest.mark.parametrize(
    ("after", "left", "wait"), [(2.0, 30, 2.0), (0.0, 30, 0.25), (31.0, 30, None), (3600.0, 30, None)]
)
def test_a_spaces_own_wish_is_honoured(after, left, wait):
    """Never sooner than `Retry-After`, and not at all when that is past the deadline."""
    fault = SpaceBusy("", retry_after=after)
    assert wait_before_retry(fault, 1, Deadline.after(left, Clock()), lambda: 0.5) == wait
