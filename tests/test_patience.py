"""When the bridge tries again and when it leaves a Space alone, without a test having to wait for it."""

import asyncio
import gc
import random
import selectors
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_bridge.faults import AppFailed, ContractBroken, InputRefused, OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.patience import (
    ATTEMPTS,
    LONGEST_REST,
    LONGEST_TRY,
    LONGEST_WAIT,
    TOKENS,
    Breaker,
    Budget,
    Deadline,
    Usual,
    ill,
    may_help,
    wait_before_retry,
)

seeded = partial(settings, derandomize=True, deadline=None)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Jumping(selectors.DefaultSelector):
    """Waits for nothing: time jumps to whatever comes next, so that an hour takes no time."""

    now = 0.0

    def select(self, timeout=None):
        assert timeout is not None, "everybody waits for something that will never happen"
        self.now += timeout
        return super().select(0)


def virtually(coroutine):
    """Run `coroutine` in virtual time; whoever leaves a task or an error behind has failed."""
    time, errors = Jumping(), []
    loop = asyncio.SelectorEventLoop(time)
    loop.time = lambda: time.now
    loop.set_exception_handler(lambda loop, said: errors.append(said))

    async def alone():
        result = await coroutine
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    def main():
        try:
            return loop.run_until_complete(alone())
        finally:
            gc.collect()  # an error that nobody looked at is told now
            loop.close()

    with ThreadPoolExecutor(1) as thread:  # Playwright holds this one's event loop
        result = thread.submit(main).result()
    assert errors == []
    return result


def now():
    """The clock of the loop that runs."""
    return asyncio.get_running_loop().time()


def marked(fault, mark):
    setattr(fault, mark, True)
    return fault


def full(**known):
    """What the bridge makes of 429 and of a full queue."""
    return marked(SpaceBusy("The Space's queue is full.", **known), "full")


def asleep():
    """What it makes of a Space that the Hub is waking."""
    return marked(SpaceBusy("Asleep."), "asleep")


def unseen():
    """What it makes of a door that nobody opened."""
    return marked(SpaceBusy("Refused."), "unseen")


def wordless():
    """What it makes of `error: null`."""
    return marked(AppFailed("It did not say why."), "wordless")


def test_a_deadline_runs_out_and_stays_out():
    """Nothing is left of it afterwards, and never less than nothing."""
    clock = Clock()
    deadline = Deadline.after(30, clock)
    assert deadline.left() == 30
    clock.now += 31
    assert deadline.left() == 0


def test_what_is_usual_is_learned_from_the_last_few_times():
    """One slow answer does not make everybody wait, and old times are forgotten."""
    usual = Usual(3)
    assert usual.seconds() is None
    for seconds in (900, 900, 1, 2, 60):
        usual.add(seconds)
    assert usual.seconds() == 2


@pytest.mark.parametrize(("fault", "first"), [(SpaceBusy(""), 0.25), (full(), 1.0)])
def test_waits_are_drawn_from_the_whole_interval(fault, first):
    """Full jitter: askers who failed together do not come back together, and later where it was too full."""
    dice = random.Random(7).random
    deadline = Deadline.after(1000, Clock())
    for attempt in range(1, ATTEMPTS):
        waits = [wait_before_retry(fault, attempt, deadline, dice) for _ in range(400)]
        most = min(LONGEST_WAIT, first * 2**attempt)
        assert all(0 <= wait < most for wait in waits)
        assert min(waits) < most * 0.05
        assert max(waits) > most * 0.95


def test_three_attempts_and_no_more():
    """An outage is not made worse."""
    assert wait_before_retry(SpaceBusy(""), ATTEMPTS, Deadline.after(1000, Clock()), lambda: 0) is None


@pytest.mark.parametrize(
    ("after", "left", "wait"),
    [(2.0, 30, 2.0), (0.0, 30, 0.25), (31.0, 100, None), (30.0, 100, 30.0), (20.0, 15, None), (3600.0, 30, None)],
)
def test_a_spaces_own_wish_is_honoured(after, left, wait):
    """Never sooner than `Retry-After`; one that is long, or past the deadline, is told to the visitor instead."""
    fault = SpaceBusy("", retry_after=after)
    assert wait_before_retry(fault, 1, Deadline.after(left, Clock()), lambda: 0.5) == wait


@pytest.mark.parametrize(("usual", "wait"), [(0.0, 0.25), (4.7, 0.25), (4.75, None), (6.0, None)])
def test_no_try_starts_that_would_come_too_late(usual, wait):
    """A Space is not bothered for an answer that nobody waits for any more."""
    assert wait_before_retry(SpaceBusy(""), 1, Deadline.after(5, Clock()), lambda: 0.5, usual) == wait


@seeded(max_examples=500)
@given(st.integers(1, 4), st.none() | st.floats(0, 1e6), st.floats(0, 200), st.floats(0, 60), st.floats(0, 0.999))
def test_every_wait_fits(attempt, after, left, usual, rolled):
    """Whatever was said and rolled: not before the Space's wish, and done before the deadline."""
    fault = SpaceBusy("", retry_after=after)
    wait = wait_before_retry(fault, attempt, Deadline.after(left, Clock()), lambda: rolled, usual)
    if wait is not None:
        assert (after or 0) <= wait <= 30
        assert wait + usual < left + 1e-9


def test_a_budget_is_spent_and_earned():
    """Ten retries; then one for ten good first tries, or for ten seconds of patience."""
    clock = Clock()
    budget = Budget(clock)
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(10):
        budget.earn()
    assert (budget.take(), budget.take()) == (True, False)
    clock.now += 9.9
    assert not budget.take()
    clock.now += 0.1
    assert (budget.take(), budget.take()) == (True, False)


@seeded(max_examples=500)
@given(st.lists(st.sampled_from(["take", "earn", 0.5, 30.0]), max_size=200))
def test_retries_never_outrun_what_was_earned(steps):
    """However askers and successes mix: no more than ten, and what time and successes gave."""
    clock = Clock()
    budget, taken, earned = Budget(clock), 0, TOKENS
    for step in steps:
        if step == "take":
            taken += budget.take()
        elif step == "earn":
            budget.earn()
            earned += 0.1
        else:
            clock.now += step
            earned += step / 10
        assert taken <= earned + 1e-6
        assert budget._tokens <= TOKENS


def test_after_a_quiet_hour_there_are_ten_and_no_more():
    """Patience is not saved up for a storm."""
    clock = Clock()
    budget = Budget(clock)
    clock.now += 3600
    for _ in range(100):
        budget.earn()
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]


def test_an_outage_makes_little_traffic():
    """Twenty askers a second for thirty seconds: hardly more questions than without any retry."""
    clock = Clock()
    budget, asked = Budget(clock), 0
    for _ in range(600):
        asked += 1 + sum(budget.take() for _ in range(ATTEMPTS - 1))
        clock.now += 0.05
    assert asked / 600 < 1.03


@pytest.mark.parametrize("fault", [SpaceBusy(""), OutOfTime(""), SpaceUnreachable("")])
def test_a_space_that_is_not_well_counts(fault):
    """Each of these says something about it."""
    assert ill(fault)


@pytest.mark.parametrize(
    "fault", [full(), asleep(), InputRefused(""), AppFailed(""), ContractBroken(""), asyncio.CancelledError()]
)
def test_an_answer_is_an_answer(fault):
    """Visitors who make mistakes, come all at once or leave do not close a Space for the others."""
    assert not ill(fault)


def failing(breaker, times):
    for _ in range(times):
        assert breaker.allows()
        breaker.failed()


def test_five_failures_in_a_row_open_it():
    """A Space that is down is left alone, and visitors hear at once for how long."""
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(15):
        breaker.succeeded()
    failing(breaker, 4)
    assert (breaker.state, breaker.left()) == ("closed", 0.0)
    failing(breaker, 1)
    assert (breaker.state, breaker.allows(), breaker.left()) == ("open", False, 2.0)
    clock.now += 9.5
    assert (breaker.state, breaker.allows(), breaker.left()) == ("open", False, 0.5)


def test_half_of_the_last_twenty_open_it():
    """Also where good and bad answers alternate; but four calls prove nothing."""
    breaker = Breaker(Clock())
    for _ in range(2):
        breaker.failed()
        breaker.succeeded()
    assert breaker.state == "closed"
    breaker.failed()
    assert breaker.state == "open"


def test_a_minute_ago_is_long_ago():
    """What failed then says nothing of now, and neither does the twenty-first call."""
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker, 4)
    clock.now += 61
    failing(breaker, 4)
    assert breaker.state == "closed"
    for _ in range(20):
        breaker.succeeded()
    failing(breaker, 4)
    assert breaker.state == "closed"


def test_one_asks_first_and_the_others_follow():
    """When the rest is over, one visitor finds out for all."""
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker, 5)
    clock.now += 10
    assert (breaker.state, breaker.left()) == ("half-open", 0.0)
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    assert breaker.left() == 1.0
    breaker.succeeded()
    assert (breaker.state, breaker.allows(), breaker.left()) == ("closed", True, 0.0)
    failing(breaker, 4)
    assert breaker.state == "closed"


def test_each_failed_try_doubles_the_rest():
    """Up to two minutes, and ten seconds again after it was well."""
    clock, rests = Clock(), []
    breaker = Breaker(clock)
    failing(breaker, 5)
    for _ in range(6):
        rests.append(rested(breaker, clock))
        failing(breaker, 1)
    assert rests == [10, 20, 40, 80, 120, 120]
    rested(breaker, clock)
    assert breaker.allows()
    breaker.succeeded()
    failing(breaker, 5)
    assert rested(breaker, clock) == 10


def rested(breaker, clock):
    """Wait until it is half-open; return how many seconds that took."""
    began = clock.now
    while breaker.state == "open":
        clock.now += 0.5
    return clock.now - began


def test_one_a_second_looks_and_ends_the_rest():
    """A Space that is up again is not left alone for two minutes more; and those who look do not crowd."""
    clock = Clock()
    breaker = Breaker(clock)
    assert not breaker.may_look()  # nothing is wrong
    failing(breaker, 5)
    assert not breaker.may_look()  # it has failed just now
    clock.now += 1
    assert [breaker.may_look() for _ in range(3)] == [True, False, False]
    clock.now += 1
    assert breaker.may_look()
    breaker.looks_well()
    assert (breaker.state, breaker.allows()) == ("half-open", False)  # whoever looked goes first
    breaker.succeeded()
    assert (breaker.state, breaker.allows()) == ("closed", True)


def test_looks_that_mislead_are_not_believed_again():
    """Where an app is up and yet fails, its questions are spared until the rest is over."""
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker, 5)
    clock.now += 1
    assert breaker.may_look()
    breaker.looks_well()
    breaker.failed()
    assert (breaker.state, breaker.left()) == ("open", 20.0)
    for _ in range(19):
        clock.now += 1
        assert not breaker.may_look()
    clock.now += 1
    assert breaker.allows()  # the rest is over
    breaker.failed()
    clock.now += 1
    assert breaker.may_look()  # nobody looked before this one


def test_a_breaker_remembers_why():
    """Whoever is turned away hears what is wrong, and not what ended somebody else's call."""
    breaker = Breaker(Clock())
    for fault in (SpaceUnreachable("Gone."), AppFailed("No.")):
        with pytest.raises(type(fault)), breaker.watched():
            raise fault
    assert breaker.why.detail == "Gone."


@pytest.mark.parametrize(
    ("fault", "attempt", "pure", "again"),
    [
        (SpaceBusy(""), 1, True, True),
        (SpaceBusy(""), 2, True, True),
        (SpaceBusy(""), 1, False, False),
        (unseen(), 1, False, True),
        (asleep(), 1, False, True),
        (wordless(), 1, True, True),
        (wordless(), 2, True, False),
        (wordless(), 1, False, False),
        (AppFailed("No."), 1, True, False),
        (OutOfTime(""), 1, True, False),
        (ContractBroken(""), 1, True, False),
        (SpaceUnreachable(""), 1, True, False),
    ],
)
def test_what_may_be_asked_again(fault, attempt, pure, again):
    """Never what may have happened already; an app that failed without a word, once."""
    assert may_help(fault, attempt, pure=pure) is again


def test_a_try_that_comes_to_nothing_lets_the_next_one_through():
    """A visitor who leaves while trying for all does not lock the door behind them."""
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker, 5)
    clock.now += 10
    for error in (asyncio.CancelledError(), AppFailed("No."), full()):
        assert breaker.allows()
        with pytest.raises(type(error)), breaker.watched():
            raise error
        assert breaker.state == "half-open"
    assert breaker.allows()
    with breaker.watched():
        pass
    assert breaker.state == "closed"


def test_the_watched_call_reports_itself():
    """Whoever asks can not forget to say how it went."""
    breaker = Breaker(Clock())
    for _ in range(5):
        with pytest.raises(OutOfTime), breaker.watched():
            raise OutOfTime("")
    assert breaker.state == "open"


@seeded(max_examples=500)
@given(st.lists(st.sampled_from(["ask", "ask", "well", "ill", "neither", 1.0, 15.0, 70.0]), max_size=150))
def test_a_breaker_never_locks_for_good(steps):
    """However calls begin and end: one at most tries half-open, rests are bounded, and a well Space is asked again."""
    clock = Clock()
    breaker, tried_at = Breaker(clock), None
    for step in steps:
        state = breaker.state
        if step == "ask":
            allowed = breaker.allows()
            assert allowed or state != "closed"
            assert not (allowed and state == "open")
            if allowed and state == "half-open":
                assert tried_at is None or clock.now >= tried_at + LONGEST_TRY
                tried_at = clock.now
        elif isinstance(step, float):
            clock.now += step
        else:
            {"well": breaker.succeeded, "ill": breaker.failed, "neither": breaker.neither}[step]()
            tried_at = None
        assert 0 <= breaker.left() <= LONGEST_REST
    clock.now += LONGEST_REST
    assert breaker.allows()
    breaker.succeeded()
    assert (breaker.state, breaker.allows(), breaker.left()) == ("closed", True, 0.0)


def test_who_tried_and_never_came_back_is_not_waited_for():
    """A mistake of ours costs half a minute, and not the Space."""
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker, 5)
    clock.now += 10
    assert breaker.allows()
    clock.now += 29
    assert not breaker.allows()
    clock.now += 1
    assert breaker.allows()
