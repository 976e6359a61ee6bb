"""Waiting for a Space that sleeps: one asks the Hub for all, seldom, and says honestly how long it will take."""

import asyncio
import random

import pytest
from test_patience import now, virtually

from api_bridge.faults import OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.patience import Deadline
from api_bridge.waking import CALLS, LONGEST, WATCHERS, Waker, pause, stuck


class Hub:
    """Says the stages of one Space, each until its moment; the last for ever."""

    def __init__(self, *stages, takes=0.0):
        self.stages, self.takes, self.called = stages, takes, []

    async def stage(self):
        self.called.append(now())
        await asyncio.sleep(self.takes)
        return next((stage for stage, until in self.stages if now() < until), self.stages[-1][0])


def until(seconds):
    """Asleep, building, and up after so many seconds."""
    return Hub(("SLEEPING", seconds / 3), ("BUILDING", seconds), ("RUNNING", 0))


def always(stage, takes=0.0):
    return Hub((stage, 0), takes=takes)


def waker(hub, dice=lambda: 0.5):
    return Waker(hub.stage, clock=now, dice=dice)


def left(seconds=300):
    return Deadline.after(seconds, now)


def wait(it, seconds=300, told=lambda stage, eta: None):
    return it.until_up(left(seconds), told)


@pytest.mark.parametrize("stage", ["RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING"])
def test_a_space_that_runs_is_not_waited_for(stage):
    """Also while the next version of it is being built."""
    hub = always(stage)

    async def running():
        return await wait(waker(hub)), now()

    assert virtually(running()) == (stage, 0)
    assert hub.called == [0]


def test_a_space_that_wakes_is_waited_for():
    """The visitor sees each stage, and gets on within fifteen seconds of its being up."""
    heard, hub = [], until(60)

    async def waking():
        return await wait(waker(hub), told=lambda stage, eta: heard.append((stage, eta))), now()

    stage, ended = virtually(waking())
    assert stage == "RUNNING"
    assert 60 <= ended <= 75
    assert list(dict.fromkeys(stage for stage, _ in heard)) == ["SLEEPING", "BUILDING", "RUNNING"]
    assert {eta for _, eta in heard} == {None}  # nothing is known of this Space yet, and nothing invented


def test_one_asks_however_many_wait():
    """A class of visitors costs the Hub no more than one; who comes later hears at once where it stands."""
    heard, alone, hub = [], until(60), until(60)

    async def crowd():
        it = waker(hub)
        first = [asyncio.create_task(wait(it)) for _ in range(WATCHERS - 1)]
        await asyncio.sleep(30)
        last = asyncio.create_task(wait(it, told=lambda stage, eta: heard.append((now(), stage))))
        await asyncio.sleep(1)
        with pytest.raises(SpaceBusy, match="Many are waiting"):
            await wait(it)
        return await asyncio.gather(*first, last)

    virtually(wait_alone(alone))
    assert virtually(crowd()) == ["RUNNING"] * WATCHERS
    assert heard[0] == (30, "BUILDING")
    assert hub.called == alone.called


async def wait_alone(hub):
    return await wait(waker(hub))


@pytest.mark.parametrize(
    "stage", ["PAUSED", "STOPPED", "DELETING", "NO_APP_FILE", "RUNTIME_ERROR", "BUILD_ERROR", "CONFIG_ERROR"]
)
def test_what_does_not_start_by_itself_is_said_at_once(stage):
    """Nobody waits four minutes for a Space that its owner has stopped."""
    hub = Hub(("BUILDING", 1), (stage, 0))

    async def stopped():
        it = waker(hub)
        faults = await asyncio.gather(*(wait(it) for _ in range(3)), return_exceptions=True)
        return faults, now()

    faults, ended = virtually(stopped())
    assert ended < 3
    assert all(isinstance(fault, SpaceUnreachable) and stage in fault.detail for fault in faults)
    assert faults[0].space == {"stage": stage}


def test_an_unknown_stage_is_on_its_way():
    """The Hub may learn new words; and what runs again after an error is asked again."""
    assert not any(stuck(stage) for stage in ("SLEEPING", "BUILDING", "APP_STARTING", "DREAMING", "ERROR_FREE"))
    hub = Hub(("DREAMING", 5), ("RUNTIME_ERROR", 20), ("RUNNING", 0))

    async def mended():
        it = waker(hub)
        with pytest.raises(SpaceUnreachable):
            await wait(it)
        await asyncio.sleep(20)
        return await wait(it), it.eta()

    assert virtually(mended()) == ("RUNNING", None)


def test_a_silent_hub_is_no_reason_to_wait():
    """Where the Hub is down, the Space itself is tried."""
    hub = Hub(("SLEEPING", 5), (None, 0))

    async def silent():
        it = waker(hub)
        return await wait(it), now(), it.eta()

    stage, ended, eta = virtually(silent())
    assert (stage, eta) == (None, None)
    assert ended < 10


@pytest.mark.parametrize("rolled", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("takes", [0.0, 9.0])
def test_a_space_that_never_wakes_is_given_up(rolled, takes):
    """After four minutes and at most twenty-five calls, whatever the dice and however slow the Hub."""
    hub = always("SLEEPING", takes)

    async def asleep():
        with pytest.raises(OutOfTime, match="still waking"):
            await wait(waker(hub, lambda: rolled), 100_000)
        return now()

    ended = virtually(asleep())
    assert LONGEST - 15 <= ended <= LONGEST + takes
    assert 15 <= len(hub.called) <= CALLS
    assert all(2 <= later - sooner <= 15 for sooner, later in zip(hub.called, hub.called[1:], strict=False))


def test_pauses_grow():
    """A Space that starts in seconds is noticed in seconds, and one that takes minutes costs few calls."""
    pauses = [pause(calls, lambda: 0) for calls in range(1, CALLS)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pause(CALLS, lambda: 1)) == (2, 15)
    assert sum(pauses) > LONGEST


def test_twenty_five_calls_are_the_end(monkeypatch):
    """Also if somebody should shorten the pauses one day."""
    monkeypatch.setattr("api_bridge.waking.LONGEST_PAUSE", 2)
    hub = always("SLEEPING")

    async def asleep():
        it = waker(hub)
        for _ in range(2):
            with pytest.raises(OutOfTime):
                await wait(it)

    virtually(asleep())
    assert len(hub.called) == CALLS


def test_visitors_with_little_time_do_not_ask_more_often():
    """A page that comes again every few seconds continues the wake; it does not begin it anew."""
    hub = always("SLEEPING")

    async def impatient():
        it = waker(hub)
        while now() < LONGEST - 1:
            with pytest.raises(OutOfTime):
                await wait(it, 1)
            await asyncio.sleep(0.5)
        assert len(hub.called) <= CALLS
        await asyncio.sleep(2)
        with pytest.raises(OutOfTime):
            await wait(it, 1)  # and after four minutes another one begins
        return hub.called[-1]

    assert virtually(impatient()) >= LONGEST


def test_when_all_have_left_nobody_asks():
    """A Space that nobody waits for is nobody's business."""
    hub = always("SLEEPING")

    async def leaving():
        it = waker(hub)
        tasks = [asyncio.create_task(wait(it)) for _ in range(3)]
        await asyncio.sleep(10)
        tasks[0].cancel()
        before = len(hub.called)
        await asyncio.sleep(10)
        assert len(hub.called) > before
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)
        before = len(hub.called)
        await asyncio.sleep(100)
        assert (len(hub.called), it._listeners) == (before, [])

    virtually(leaving())


def test_how_long_it_takes_is_learned():
    """The second visitor is told how long the first one waited, less what has passed, and never less than nothing."""
    told = []

    async def twice():
        begin = now()
        hub = Hub(("SLEEPING", 50), ("RUNNING", 1000), ("SLEEPING", 2000), ("RUNNING", 0))
        it = waker(hub)
        await wait(it)
        took = now() - begin
        assert it.eta() == took
        await asyncio.sleep(1000 - now())
        task = asyncio.create_task(wait(it, 150, lambda stage, eta: told.append((now(), eta))))
        with pytest.raises(OutOfTime) as late:
            await task
        assert late.value.retry_after == 1
        return took

    took = virtually(twice())
    assert all(eta == pytest.approx(max(0, 1000 + took - at)) for at, eta in told)
    assert told[0] == pytest.approx((1000, took))
    assert told[-1][1] == 0


def test_the_middle_of_the_last_five_wakes():
    """One bad day is not what a visitor is told."""

    async def wakes():
        it = waker(always("RUNNING"))
        for seconds in (900, 30, 40, 50, 60, 200):
            it._usual.add(seconds)
        return it.eta()

    assert virtually(wakes()) == 50


def test_what_nobody_watched_teaches_nothing():
    """Who comes back after two minutes does not know when it was up."""
    hub = until(30)

    async def gap():
        it = waker(hub)
        with pytest.raises(OutOfTime):
            await wait(it, 5)
        await asyncio.sleep(115)
        return await wait(it), it.eta()

    assert virtually(gap()) == ("RUNNING", None)


def test_a_listener_that_fails_harms_nobody():
    """One broken stream, and the others still hear and still get on."""
    heard, errors = [], []

    def broken(stage, eta):
        raise ValueError("the stream is gone")

    async def listening():
        asyncio.get_running_loop().set_exception_handler(lambda loop, said: errors.append(said))
        it = waker(until(10))
        return await asyncio.gather(wait(it, told=broken), wait(it, told=lambda stage, eta: heard.append(stage)))

    assert virtually(listening()) == ["RUNNING", "RUNNING"]
    assert set(heard) == {"SLEEPING", "BUILDING", "RUNNING"}
    assert errors


async def _visitors(dice):
    """Random visitors of a Space that does as it likes; return how they ended."""
    stages = dice.choices(["SLEEPING", "BUILDING", "DREAMING", "RUNNING", "PAUSED", None], [5, 5, 3, 1, 1, 1], k=6)
    moments = sorted(now() + dice.uniform(0, 600) for _ in stages)
    hub = Hub(*zip(stages, moments, strict=True), takes=dice.choice([0, 0.5, 9]))
    it = waker(hub, dice.random)
    tasks = []
    for _ in range(dice.randrange(1, 15)):
        tasks.append(asyncio.create_task(wait(it, dice.choice([1, 30, 300]))))
        await asyncio.sleep(dice.choice([0, 0, 1, 40, 200]))
        if dice.random() < 0.3:
            dice.choice(tasks).cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    allowed = (str, type(None), OutOfTime, SpaceUnreachable, asyncio.CancelledError)
    assert all(isinstance(result, allowed) for result in results), results
    assert it._poller is None or it._poller.over
    assert it._listeners == []
    return results


def test_however_visitors_come_and_go():
    """Everybody ends well or with a fault of ours, and nobody is left asking."""

    async def many():
        ends = set()
        for seed in range(300):
            ends |= {type(result).__name__ for result in await _visitors(random.Random(seed))}
        return ends

    assert virtually(many()) == {"str", "NoneType", "OutOfTime", "SpaceUnreachable", "CancelledError"}


def test_no_crowd_makes_more_than_twenty_five_calls_a_wake():
    """However many come, leave and come again while a Space sleeps for ever."""

    async def crowd(dice):
        begin, hub = now(), always("SLEEPING", dice.choice([0, 3]))
        it, tasks = waker(hub, dice.random), []
        while now() < begin + LONGEST - 5:
            tasks.append(asyncio.create_task(wait(it, dice.choice([1, 20, 100]))))
            await asyncio.sleep(dice.choice([0.1, 1, 10]))
            if dice.random() < 0.3:
                dice.choice(tasks).cancel()
        calls = sum(at < begin + LONGEST for at in hub.called)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return calls

    async def many():
        return [await crowd(random.Random(seed)) for seed in range(100)]

    assert max(virtually(many())) <= CALLS
