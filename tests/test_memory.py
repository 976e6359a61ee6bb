"""The same question once: who joins, who is remembered, and who may leave without harm to the others."""

import asyncio
import random
from dataclasses import replace

import pytest
from test_patience import Clock, now, virtually

from api_bridge.faults import OutOfTime, SpaceBusy
from api_bridge.media import File
from api_bridge.memory import KEPT, Memory, key_of

CAT = File(b"a cat", "image/jpeg", ending=".jpg")


class Space:
    """Answers after a second, with how often it was asked; or fails, where it is told to."""

    def __init__(self, fault=None, seconds=1.0):
        self.asked, self.given_up, self.fault, self.seconds = 0, 0, fault, seconds

    async def ask(self, told=None):
        self.asked += 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)  # it says good-bye
            self.given_up += 1
            raise
        if self.fault:
            raise self.fault
        return f"answer {self.asked}"


def memory(clock=now, **limits):
    return Memory(clock, len, **limits)


async def together(it, space, times, key="key"):
    return await asyncio.gather(*(it.once(key, space.ask) for _ in range(times)), return_exceptions=True)


def test_a_hundred_identical_questions_reach_the_space_once():
    """A class that opens one page at once is one question; later it is none."""
    space = Space()

    async def hundred():
        it = memory()
        first = await together(it, space, 100)
        return first, await it.once("key", space.ask), it

    first, later, it = virtually(hundred())
    assert first == [("answer 1", "asked")] + [("answer 1", "joined")] * 99
    assert later == ("answer 1", "kept")
    assert (space.asked, it._asking) == (1, {})


def test_different_questions_do_not_wait_for_each_other():
    """Only what is the same is joined."""
    space = Space()

    async def two():
        it = memory()
        return await asyncio.gather(it.once("one", space.ask), it.once("other", space.ask)), now()

    answers, ended = virtually(two())
    assert ([word for _, word in answers], space.asked, ended) == (["asked", "asked"], 2, 1)


def test_a_failure_reaches_all_who_joined_once_and_is_forgotten():
    """A Space in trouble is not asked ninety-nine times more, and is asked again afterwards."""
    space = Space(SpaceBusy("Full."))

    async def failing():
        it = memory()
        assert await together(it, space, 100) == [space.fault] * 100
        assert (space.asked, it._asking) == (1, {})
        space.fault = None
        return await it.once("key", space.ask)

    assert virtually(failing()) == ("answer 2", "asked")


def test_what_must_not_be_kept_is_joined_and_forgotten():
    """Where the answer may differ next time, next time asks."""
    space = Space()

    async def twice():
        it = memory()
        first = await asyncio.gather(*(it.once("key", space.ask, keep=False) for _ in range(2)))
        return first, await it.once("key", space.ask, keep=False)

    assert virtually(twice()) == ([("answer 1", "asked"), ("answer 1", "joined")], ("answer 2", "asked"))


def test_the_first_may_leave():
    """Those who joined get their answer, and the Space is not asked again for it."""
    space = Space()

    async def leaving():
        it = memory()
        tasks = [asyncio.create_task(it.once("key", space.ask)) for _ in range(3)]
        await asyncio.sleep(0.5)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True), now()

    (first, *others), ended = virtually(leaving())
    assert isinstance(first, asyncio.CancelledError)
    assert (others, ended) == ([("answer 1", "joined")] * 2, 1)
    assert (space.asked, space.given_up) == (1, 0)


def test_the_last_who_leaves_ends_the_work():
    """A Space does not work for nobody; and who comes a moment later is not given what was given up."""
    space = Space()

    async def leaving():
        it = memory()
        tasks = [asyncio.create_task(it.once("key", space.ask)) for _ in range(3)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.05)  # the work is saying good-bye
        assert await it.once("key", space.ask) == ("answer 2", "asked")
        assert (space.asked, space.given_up, it._asking) == (2, 1, {})

    virtually(leaving())


def test_a_deadline_is_everybodys_own():
    """Who has no time left leaves; who has some stays."""
    space = Space(seconds=10)

    async def patient():
        it = memory()

        async def impatient():
            async with asyncio.timeout(3):
                await it.once("key", space.ask)

        return await asyncio.gather(impatient(), it.once("key", space.ask), return_exceptions=True)

    impatient, patient = virtually(patient())
    assert isinstance(impatient, TimeoutError)
    assert patient == ("answer 1", "joined")


def test_predictions_are_kept_for_ten_minutes():
    """By the given clock, so that nothing has to be waited for."""
    clock, space = Clock(), Space()

    async def later():
        it = memory(clock)
        words = []
        for moved in (0, KEPT - 1, 1, 0):
            clock.now += moved
            words.append((await it.once("key", space.ask))[1])
        return words

    assert virtually(later()) == ["asked", "kept", "asked", "kept"]


@pytest.mark.parametrize(
    ("most", "most_bytes", "size", "fit"), [(5, 10_000, 1, 5), (5, 10_000, 3000, 3), (5, 10, 11, 0)]
)
def test_memory_is_bounded_both_ways(most, most_bytes, size, fit):
    """So many predictions, so many bytes: what was not asked for longest goes first, and a giant is not kept."""

    async def filling():
        it = memory(Clock(), most=most, most_bytes=most_bytes)

        async def ask(told):
            return "a" * size

        for number in range(20):
            await it.once(str(number), ask)
            await it.once("0", ask)
        words = {number: (await it.once(str(number), ask, keep=False))[1] for number in range(20)}
        return [number for number, word in words.items() if word == "kept"]

    kept = virtually(filling())
    assert kept == ([0, *range(21 - fit, 20)] if fit else [])


async def _questions(dice):
    """Random askers of few questions: some leave, some asks fail; say how often each question was asked at once."""
    it, asking, ends = memory(most=3, most_bytes=300), {}, []

    async def ask(key):
        assert key not in asking, "asked twice at once"
        asking[key] = True
        try:
            await asyncio.sleep(dice.choice([0, 0.5, 2]))
            if dice.random() < 0.3:
                raise OutOfTime("Late.")
            return key * dice.choice([1, 200, 400])
        finally:
            del asking[key]

    async def visit(key):
        try:
            answer, word = await it.once(key, lambda told: ask(key), keep=dice.random() < 0.7)
            assert set(answer) == {key}
            ends.append(word)
        except OutOfTime:
            ends.append("late")

    tasks = []
    for _ in range(dice.randrange(1, 25)):
        tasks.append(asyncio.create_task(visit(dice.choice("abc"))))
        await asyncio.sleep(dice.choice([0, 0, 0.5]))
        if dice.random() < 0.4:
            dice.choice(tasks).cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in results if each is not None and not isinstance(each, asyncio.CancelledError)] == []
    assert (it._asking, asking) == ({}, {})
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(it._kept) <= 3
    return ends


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_who_leaves_leaves_no_complaint_behind(seconds):
    """A log says what somebody has to mend; that work which was given up, or just failed, ended badly is nothing."""

    async def leaving():
        it = memory()

        async def ask(told):
            try:
                await asyncio.sleep(1)
            finally:
                raise OutOfTime("Late.")  # an app in this process answers its cancellation so, too

        task = asyncio.create_task(it.once("key", ask))
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert virtually(leaving())


def test_however_askers_come_and_go():
    """No question is asked twice at once, no answer goes to another question, no task and no place is left."""

    async def many():
        return {end for seed in range(500) for end in await _questions(random.Random(seed))}

    assert virtually(many()) == {"asked", "joined", "kept", "late"}


KEY = ("catdog", 3, "/catdog", "5a1e", "77f0", {"photo": CAT, "size": 3})


def test_the_same_question_has_the_same_key():
    """Whatever the order of its fields, and whoever sends the photo."""
    assert key_of(*KEY) == key_of(*KEY[:5], {"size": 3, "photo": File(b"a cat", "image/jpeg", ending=".jpg")})
    assert len(key_of(*KEY)) == 64


@pytest.mark.parametrize(
    ("place", "other"),
    [
        (0, "birds"),
        (1, 4),
        (2, "/other"),
        (3, "5a1f"),
        (3, None),
        (4, "77f1"),
        (4, None),
        (5, {"photo": replace(CAT, content=b"a dog"), "size": 3}),
        (5, {"photo": replace(CAT, media="image/png"), "size": 3}),
        (5, {"photo": CAT, "size": "3"}),
        (5, {"photo": CAT, "size": True}),
        (5, {"photo": [CAT], "size": 3}),
        (5, {"photo": CAT}),
    ],
)
def test_another_question_has_another_key(place, other):
    """Another photo, another model, another Space: nobody gets somebody else's answer."""
    assert key_of(*KEY[:place], other, *KEY[place + 1 :]) != key_of(*KEY)


def test_what_is_not_a_question_has_no_key():
    """A mistake of ours is seen, and not kept under a name by chance."""
    with pytest.raises(TypeError, match="object is not JSON"):
        key_of(*KEY[:5], {"photo": object()})
