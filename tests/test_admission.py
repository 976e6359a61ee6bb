"""Who may ask now: nobody is lost in the queue, nobody jumps it, and one visitor does not take it all."""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_patience import Clock, now, seeded, virtually

from api_bridge.admission import A_MINUTE, BURST, Door, Gate, client_of
from api_bridge.faults import OutOfTime, SpaceBusy
from api_bridge.patience import Deadline

EACH = 60 / A_MINUTE  # seconds until one more


def door(**settings):
    return Door(now, **settings)


async def ask(door, seconds=10.0, left=1000.0, told=lambda place: None):
    """Be inside for `seconds`; return when it was over."""
    async with door.enter(Deadline.after(left, now), told):
        await asyncio.sleep(seconds)
    return now()


async def settled():
    """Let everybody who can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


def knows(door, seconds, times=20):
    for _ in range(times):
        door.usual.add(seconds)
    return door


def test_two_at_once_and_the_others_in_turn():
    """First come, first served."""

    async def six():
        return await asyncio.gather(*(ask(it) for _ in range(6)))

    it = door(limit=2)
    assert virtually(six()) == [10, 10, 20, 20, 30, 30]
    assert (it.inside, it.waiting, it.usual.seconds()) == (0, 0, 10)


def test_who_waits_hears_the_place():
    """A visitor sees the queue move."""
    heard = []

    async def three():
        it = door(limit=1)
        await asyncio.gather(ask(it), ask(it), ask(it, told=heard.append))

    virtually(three())
    assert heard == [2, 1]


def test_the_queue_has_an_end():
    """The nineteenth hears at once that it is full, and when to come again."""

    async def crowd():
        it = knows(door(limit=2), 2)
        inside = [asyncio.create_task(ask(it, 2)) for _ in range(18)]
        await settled()
        with pytest.raises(SpaceBusy) as refused:
            await ask(it)
        assert (now(), refused.value.retry_after) == (0, 17)
        await asyncio.gather(*inside)

    virtually(crowd())


def test_nobody_waits_for_what_comes_too_late():
    """Where four are before me, each takes 10 s and I have 30, there is no use in waiting."""

    async def late():
        it = knows(door(limit=1), 10)
        others = [asyncio.create_task(ask(it)) for _ in range(3)]
        await settled()
        with pytest.raises(SpaceBusy) as refused:
            await ask(it, left=39.9)
        assert (now(), refused.value.retry_after) == (0, 30)
        await ask(it, left=40.1)
        await asyncio.gather(*others)

    virtually(late())


def test_where_nothing_is_known_yet_it_is_tried():
    """The first visitors are no worse off; no number is invented for them; and the deadline holds."""

    async def first():
        it = door(limit=1)
        other = asyncio.create_task(ask(it, 50))
        await settled()
        with pytest.raises(SpaceBusy) as refused:
            await ask(it, left=30)
        assert (now(), refused.value.retry_after, it.waiting) == (30, None, 0)
        await other

    virtually(first())


def test_only_answers_teach_how_long_one_takes():
    """A Space that refuses in a millisecond does not look like a fast one."""

    async def fails():
        it = door()
        with pytest.raises(SpaceBusy):
            async with it.enter(Deadline.after(30, now)):
                raise SpaceBusy("")
        return it

    it = virtually(fails())
    assert (it.usual.seconds(), it.inside) == (None, 0)


def test_who_leaves_makes_room():
    """The others move up, and hear it."""
    heard = []

    async def leaving():
        it = door(limit=1)
        first, second = asyncio.create_task(ask(it)), asyncio.create_task(ask(it))
        third = asyncio.create_task(ask(it, told=heard.append))
        await asyncio.sleep(1)
        second.cancel()
        assert await third == 20
        assert await first == 10
        assert second.cancelled()

    virtually(leaving())
    assert heard == [2, 1]


def test_a_turn_that_comes_while_leaving_is_passed_on():
    """The place of somebody who left in that very moment is not lost."""

    async def passing():
        it = door(limit=1)
        gone = asyncio.Event()

        async def first():
            async with it.enter(Deadline.after(30, now)):
                await gone.wait()

        tasks = [asyncio.create_task(each) for each in (first(), ask(it), ask(it))]
        await settled()
        gone.set()
        await asyncio.sleep(0)  # the second has the turn now, and does not know it yet
        tasks[1].cancel()
        assert await tasks[2] == 10
        assert tasks[1].cancelled()
        return it

    it = virtually(passing())
    assert (it.inside, it.waiting) == (0, 0)


def test_a_listener_that_fails_harms_nobody():
    """A broken stream loses nobody's place."""
    errors = []

    def broken(place):
        raise ValueError("the stream is gone")

    async def listening():
        asyncio.get_running_loop().set_exception_handler(lambda loop, said: errors.append(said))
        it = door(limit=1)
        ends = await asyncio.gather(ask(it), ask(it, told=broken), ask(it))
        return ends, it.inside, it.waiting

    assert virtually(listening()) == ([10, 20, 30], 0, 0)
    assert errors


async def worked(dice):
    await asyncio.sleep(dice.choice([0, 0.5, 3, 3]))
    if dice.random() < 0.2:
        raise OutOfTime("The Space failed.")


async def _crowd(dice):
    """A random crowd before a door: its members work, fail, wait in vain and leave whenever they like."""
    limit, most = dice.choice([1, 2, 3]), dice.choice([1, 4, 16])
    it, inside, served, ends = Door(now, limit, most), set(), [], {}

    async def visit(number):
        places = []
        try:
            async with it.enter(Deadline.after(dice.choice([1, 10, 1000]), now), places.append):
                assert places or not it.waiting  # who goes straight in passes nobody
                assert places == sorted(places, reverse=True)
                if places:
                    served.append((now(), number))
                inside.add(number)
                assert len(inside) <= it.inside <= limit
                await worked(dice)
            ends[number] = "answered"
        except (SpaceBusy, OutOfTime) as fault:
            ends[number] = fault.kind
        except asyncio.CancelledError:
            ends[number] = "left"
            raise
        finally:
            inside.discard(number)

    tasks = []
    for number in range(dice.randrange(1, 30)):
        tasks.append(asyncio.create_task(visit(number)))
        await asyncio.sleep(dice.choice([0, 0, 0, 0.5]))
        if dice.random() < 0.25:
            dice.choice(tasks).cancel()
        assert it.waiting <= most
        assert not it.waiting or it.inside == limit  # nobody waits before a free place
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    assert all(number in ends or results[number] for number in range(len(tasks)))  # or left before it began
    assert (it.inside, it.waiting) == (0, 0)
    numbers = [number for _, number in sorted(served)]  # turns of one moment may begin in any order
    assert numbers == sorted(numbers)
    return ends


def test_two_thousand_crowds_are_served_in_order():
    """Never more than the limit inside, nobody lost, nobody overtaken, no place left taken when all have gone."""

    async def crowds():
        return [end for seed in range(2000) for end in (await _crowd(random.Random(seed))).values()]

    seen = Counter(virtually(crowds()))
    assert min(seen[end] for end in ("answered", "left", "space-busy", "out-of-time")) > 1000


def test_a_visitor_asks_five_at_once_and_ten_a_minute():
    """Enough for a curious person, and not for a loop."""
    clock = Clock()
    gate = Gate(clock)
    assert [gate.take("a") for _ in range(7)] == [0, 0, 0, 0, 0, 6, 6]
    assert gate.take("b") == 0
    clock.now += 4
    assert gate.take("a") == 2
    clock.now += 2
    assert gate.take("a") == 0
    clock.now += 54
    asked = sum(gate.take("a") == 0 for _ in range(20))
    assert asked == BURST


def test_a_page_hears_what_is_left():
    """Before it is refused, and for how long it is."""
    clock = Clock()
    gate = Gate(clock)
    assert gate.quota("a").headers() == {"RateLimit-Policy": '"asks";q=5;w=30', "RateLimit": '"asks";r=5;t=0'}
    left = []
    for _ in range(6):
        gate.take("a")
        left.append((gate.quota("a").remaining, gate.quota("a").reset))
    assert left == [(4, 6), (3, 6), (2, 6), (1, 6), (0, 6), (0, 6)]
    clock.now += 4.5
    assert (gate.quota("a").remaining, gate.quota("a").reset) == (0, 2)
    clock.now += 1.5
    assert (gate.quota("a").remaining, gate.quota("a").reset) == (1, 6)


def test_visitors_are_forgotten():
    """After half a minute nothing is known of anybody; a flood of addresses fills no memory."""
    clock = Clock()
    gate = Gate(clock, most=100)
    for number in range(1000):
        gate.take(str(number))
    assert len(gate._full_at) == 100
    clock.now += EACH
    gate.take("a")
    assert len(gate._full_at) == 1


@seeded(max_examples=300)
@given(st.lists(st.sampled_from(["a", "b", 0.5, 7.0]), max_size=120))
def test_no_window_lets_more_through(steps):
    """However visitors time it: never more than five, and one each six seconds; what they were told is true."""
    clock = Clock()
    gate, taken = Gate(clock), {"a": [], "b": []}
    for step in steps:
        if isinstance(step, float):
            clock.now += step
            continue
        quota, wait = gate.quota(step), gate.take(step)
        assert (wait == 0) == (quota.remaining > 0)
        assert wait <= quota.reset <= EACH
        if not wait:
            taken[step].append(clock.now)
            for since in taken[step]:
                assert sum(at >= since for at in taken[step]) <= BURST + (clock.now - since) / EACH + 1e-6


def test_a_forged_header_changes_nothing():
    """Without a proxy of ours nobody else's word counts; with one, only what it heard itself."""
    alice = client_of("203.0.113.7", None, 0)
    assert client_of("203.0.113.7", "198.51.100.1", 0) == alice
    assert client_of("10.0.0.1", "203.0.113.7", 1) == alice
    assert client_of("10.0.0.1", "198.51.100.1, 203.0.113.7", 1) == alice
    assert client_of("10.0.0.2", "198.51.100.1,203.0.113.7, 10.0.0.1", 2) == alice
    assert client_of("10.0.0.2", "203.0.113.7", 5) == alice
    assert client_of("198.51.100.1", "203.0.113.7", 0) != alice
    assert client_of("203.0.113.7", "", 1) == alice


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.7", "203.0.113.7:4711"),
        ("203.0.113.7", "::ffff:203.0.113.7"),
        ("2001:db8::1", "[2001:DB8:0:0::2]:443"),
        ("2001:db8::1", "2001:db8::ffff:1%eth0"),
        ("testclient", "TestClient"),
    ],
)
def test_one_household_is_one_visitor(one, other):
    """A flood does not get far with the addresses of one connection, nor with spellings."""
    assert client_of(one, None, 0) == client_of(other, None, 0)


def test_different_households_are_different_visitors():
    """Nobody is refused for a neighbour."""
    addresses = ["203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8:0:1::1", None]
    assert len({client_of(address, None, 0) for address in addresses}) == 5


def test_no_address_is_kept():
    """What is remembered leads nobody back to a visitor, not even with a list of all addresses."""
    name = client_of("203.0.113.7", None, 0)
    assert "203" not in name.encode().fromhex(name).decode("latin-1")
    assert len(name) == 24
    assert client_of("203.0.113.7", None, 0, b"one") != client_of("203.0.113.7", None, 0, b"another")
