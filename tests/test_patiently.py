"""One Space for all who ask: a fault of one is not everybody's storm, and the same question is asked once."""

import asyncio
from contextlib import suppress

import pytest
from conftest import CAT, run
from servers import says, server
from test_bridge import ScriptedSpace, bridge_to
from test_patience import now, unseen, virtually, wordless

from api_bridge import Bridge, photos
from api_bridge.contract import load
from api_bridge.faults import AppFailed, ContractBroken, Fault, OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.metrics import Metrics
from api_bridge.patience import TOKENS, Deadline
from api_bridge.patiently import LEFT_ALONE, Patiently
from api_bridge.waking import Waker

PHOTO = {"photo": photos.describe(CAT.read_bytes())}


class CountingSpace(ScriptedSpace):
    """Answers everybody the same, a little later, and counts who is inside."""

    def __init__(self, answer, seconds=0.02):
        super().__init__()
        self.answer, self.seconds, self.busy = answer, seconds, 0  # how often it is not to be had at first
        self.inside = self.most = 0

    async def ask(self, endpoint, takes, seconds, told=None):
        self.asked.append(takes)
        if len(self.asked) <= self.busy:
            raise SpaceBusy("Just now.")
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.inside -= 1
        return [self.answer]


def patiently(space, **limits):
    """`space` asked for everybody, in the time of the loop that runs."""
    return Patiently("here", space, Metrics(), clock=now, dice=lambda: 0.5, **limits)


def left(seconds):
    return Deadline.after(seconds, now)


@pytest.fixture
def good(contract):
    return contract.json["examples"][0]["prediction"]


def test_a_hundred_identical_questions_reach_the_space_once(contract, good):
    """A class that tries the same example costs one question; and a minute later it costs none."""
    space = CountingSpace(good)
    bridge = Bridge({"catdog": contract}, {"here": space})

    async def all_at_once():
        answers = await asyncio.gather(*(bridge.ask("catdog", PHOTO) for _ in range(100)))
        return [*answers, await bridge.ask("catdog", PHOTO)]

    assert {answer.prediction["label"] for answer in run(all_at_once())} == {"cat"}
    assert len(space.asked) == 1


def test_what_varies_is_asked_each_time(write_contract, good):
    """Whoever presses Ask again wants another picture."""
    varied = load(write_contract(lambda value: value["examples"][0].update(varies=True)))
    space = CountingSpace(good)
    bridge = Bridge({"catdog": varied}, {"here": space})

    async def twice():
        return [await bridge.ask("catdog", PHOTO) for _ in range(2)]

    assert len(run(twice())) == len(space.asked) == 2


def test_a_broken_answer_is_not_remembered(contract, good):
    """A Space that was mended answers the next who asks."""
    space = ScriptedSpace([{"label": "wolf"}], [good])
    bridge, _ = bridge_to(space, contract)
    with pytest.raises(ContractBroken):
        run(bridge.ask("catdog", PHOTO))
    assert run(bridge.ask("catdog", PHOTO)).prediction == good


def test_what_happened_is_counted(contract, good):
    """Questions by their end, calls to the Space and retries: what an operator looks at first."""
    bridge, _ = bridge_to(ScriptedSpace(SpaceBusy("Full."), [good]), contract)

    async def twice():
        return [await bridge.ask("catdog", PHOTO) for _ in range(2)]

    run(twice())
    told = bridge.measured()
    for line in (
        'tinyspaces_questions_total{demo="catdog",outcome="answered"} 1',
        'tinyspaces_questions_total{demo="catdog",outcome="kept"} 1',
        'tinyspaces_upstream_requests_total{space="here"} 2',
        'tinyspaces_retries_total{space="here"} 1',
        'tinyspaces_breaker_open{space="here"} 0',
    ):
        assert line in told


def test_the_place_before_the_door_is_told(contract, good):
    """How many are before you, 0 being next, and how long that takes as soon as it is known."""

    async def crowd():
        it, heard = patiently(CountingSpace(good, seconds=3), inside=1), []
        step = contract.json["steps"]["catdog"]

        def told(event, about):
            heard.append((now(), about["place"], about["eta"]))

        await asyncio.gather(*(it.ask(step, {"photo": n}, left(30), told if n == 3 else None) for n in range(4)))
        return heard

    assert virtually(crowd()) == [(0, 2, None), (3, 1, 6), (6, 0, 3)]


def test_a_space_is_asked_by_four_at_a_time(contract, good):
    """Others wait for their turn, and all are answered."""
    space = CountingSpace(good)
    bridge = Bridge({"catdog": contract}, {"here": space})

    async def crowd():
        step, patient = contract.json["steps"]["catdog"], bridge._patient["here"]
        deadline = Deadline.after(30, bridge._clock)
        return await asyncio.gather(*(patient.ask(step, {"photo": n}, deadline, None) for n in range(10)))

    assert len(run(crowd())) == 10
    assert space.most == 4


def test_more_than_can_be_answered_are_told_when_to_come_back(contract, good):
    """Refused at the door, with a time, and not kept waiting for nothing."""
    space = CountingSpace(good, seconds=0.2)
    bridge = Bridge({"catdog": contract}, {"here": space}, waiting=3)

    async def crowd():
        step, patient = contract.json["steps"]["catdog"], bridge._patient["here"]
        deadline = Deadline.after(30, bridge._clock)
        asked = (patient.ask(step, {"photo": n}, deadline, None) for n in range(8))
        return await asyncio.gather(*asked, return_exceptions=True)

    ended = run(crowd())
    refused = [each for each in ended if isinstance(each, SpaceBusy)]
    assert (len(ended) - len(refused), len(refused)) == (7, 1)
    assert all("More people are asking" in each.detail for each in refused)


def test_an_outage_is_not_made_worse(contract):
    """Retries come out of one purse: many who fail together ask little more than once each."""
    space = ScriptedSpace(*[SpaceBusy("Down.")] * 1000)
    bridge, _ = bridge_to(space, contract)

    async def many():
        for _ in range(60):
            with pytest.raises(SpaceBusy):
                await bridge.ask("catdog", PHOTO)

    run(many())
    assert len(space.asked) < 60 * 1.2 + TOKENS


def test_a_space_that_fails_is_left_alone_and_tried_again(contract, good):
    """After five failures in a row nobody is sent there for ten seconds; then one goes first, with a word before."""
    space = ScriptedSpace(*[SpaceBusy("Down.")] * 5, [good])
    moments = [0.0]

    async def sleep(seconds):
        moments[0] += seconds

    bridge = Bridge({"catdog": contract}, {"here": space}, clock=lambda: moments[0], dice=lambda: 0.5, sleep=sleep)

    async def ask():
        return (await bridge.ask("catdog", PHOTO)).attempts

    for _ in range(2):
        with pytest.raises(SpaceBusy):
            run(ask())
    asked = len(space.asked)
    assert asked == 5
    with pytest.raises(SpaceBusy, match=LEFT_ALONE) as raised:
        run(ask())
    assert (len(space.asked), 0 < raised.value.retry_after <= 10) == (asked, True)
    moments[0] += 11
    assert run(ask()) == 1


def test_an_app_that_says_no_is_well(contract):
    """Its own words are an answer: nobody is kept from asking it."""
    space = ScriptedSpace(*[AppFailed("No.")] * 20)
    bridge, _ = bridge_to(space, contract)

    async def often():
        for _ in range(20):
            with pytest.raises(AppFailed):
                await bridge.ask("catdog", PHOTO)

    run(often())
    assert len(space.asked) == 20


def woken(stages: list[bytes], contract, monkeypatch, *answers):
    """Ask a Space of the Hub once; return how it ended, what was told meanwhile, and how often the Hub was asked."""
    told, asked = [], []

    def hub(request):
        asked.append(request.path)
        says(200, b'{"stage": "%s"}' % stages[min(len(asked), len(stages)) - 1])(request)

    def tell(event, about):
        told.append((event, about))

    space = ScriptedSpace(*answers)
    space.name = "someone/bears"
    bridge, _ = bridge_to(space, contract)
    with server(hub) as where:
        monkeypatch.setenv("HF_ENDPOINT", where)
        try:
            ended = run(bridge.ask("catdog", PHOTO, tell))
        except Fault as fault:
            ended = fault
    assert set(asked) <= {"/api/spaces/someone/bears/runtime"}
    return ended, told, len(asked)


def test_a_space_that_sleeps_is_waited_for(contract, good, monkeypatch):
    """The Hub says how far it is, whoever waits is told, and then it is asked again."""
    stages = [b"SLEEPING", b"BUILDING", b"RUNNING"]
    ended, told, asked = woken(stages, contract, monkeypatch, SpaceBusy("Asleep."), [good])
    assert (ended.prediction, ended.attempts, asked) == (good, 2, 3)
    assert [about["stage"] for event, about in told if event == "stage"] == ["SLEEPING", "BUILDING", "RUNNING"]


def test_a_space_that_was_stopped_is_not_waited_for(contract, monkeypatch):
    """Its owner has to start it: said at once."""
    ended, _, asked = woken([b"PAUSED"], contract, monkeypatch, SpaceBusy("Asleep."))
    assert (type(ended), asked) == (SpaceUnreachable, 1)
    assert "PAUSED" in ended.detail


def test_a_space_that_sleeps_on_ends_with_the_deadline(contract, monkeypatch):
    """And the Hub is not asked without end."""
    ended, _, asked = woken([b"SLEEPING"], contract, monkeypatch, SpaceBusy("Asleep."))
    assert isinstance(ended, OutOfTime)
    assert asked <= 25


def test_a_space_that_sleeps_is_nobodys_failure(contract):
    """However many wake it, its breaker stays closed: what sleeps is waited for, and not left alone."""

    async def asleep():
        space = ScriptedSpace(*[SpaceBusy("Asleep.") for _ in range(6)])
        it = patiently(space)

        async def stage():
            return "SLEEPING"

        it._waker = Waker(stage, clock=now, dice=lambda: 0)
        for _ in range(6):
            with pytest.raises(OutOfTime, match="still waking"):
                await it.ask(contract.json["steps"]["catdog"], {"photo": 1}, left(5), None)
        return it.breaker.state, len(space.asked)

    assert virtually(asleep()) == ("closed", 6)


def test_steps_after_a_space_that_woke_have_their_whole_time(contract, good):
    """However long the models slept, each in its Space: what was waited for them is not counted, nor counted twice."""

    async def two():
        async def stage():
            return "SLEEPING" if now() < up else "RUNNING"

        its, up, deadline = (
            [patiently(ScriptedSpace(SpaceBusy("Asleep."), [good])) for _ in "12"],
            now() + 100,
            left(20),
        )
        for it in its:
            it._waker = Waker(stage, clock=now, dice=lambda: 0)
        await asyncio.sleep(5)
        step = contract.json["steps"]["catdog"]
        await asyncio.gather(*(it.ask(step, {"photo": 1}, deadline, None) for it in its))
        return now() > up, deadline.left()

    assert virtually(two()) == (True, 15)


def test_who_comes_while_it_wakes_waits_beside_the_door(contract, good):
    """The Space is not asked by those who know that it sleeps, and no place before it is taken up."""

    async def crowd():
        it = patiently(CountingSpace(good), waiting=0)
        hub = asyncio.Event()

        async def stage():
            if not hub.is_set():
                return "SLEEPING"
            return "RUNNING"

        it._waker = Waker(stage, clock=now, dice=lambda: 0)
        await it._waker.asleep()
        watching = asyncio.create_task(it._waker.until_up(left(100)))
        await asyncio.sleep(1)
        step = contract.json["steps"]["catdog"]
        asking = [asyncio.create_task(it.ask(step, {"photo": n}, left(5), None)) for n in range(2)]
        await asyncio.sleep(30)
        assert (it.space.asked, it.door.inside, it.door.waiting) == ([], 0, 0)
        hub.set()
        await watching
        return await asyncio.gather(*asking)

    assert [attempts for _, attempts in virtually(crowd())] == [1, 1]


def test_waiting_for_the_next_attempt_takes_up_no_place(contract, good):
    """While one question waits to be asked again, another is answered; and then it is the first."""

    async def both():
        space = ScriptedSpace(SpaceBusy("Later.", retry_after=10), [good], [good])
        it, ends = patiently(space, inside=1), []

        async def ask(name):
            await it.ask(contract.json["steps"]["catdog"], {"photo": name}, left(30), None)
            ends.append((name, now()))

        await asyncio.gather(ask("one"), ask("two"))
        return ends

    assert virtually(both()) == [("two", 0), ("one", 10)]


def test_what_waits_to_be_asked_again_is_not_turned_away(contract, good):
    """A full queue is for those who come now; who was inside already goes first."""

    async def crowd():
        space = CountingSpace(good, seconds=3)
        it = patiently(space, inside=1, waiting=1)
        space.busy = 1
        step = contract.json["steps"]["catdog"]
        return await asyncio.gather(*(it.ask(step, {"photo": n}, left(30), None) for n in range(2)))

    assert [attempts for _, attempts in virtually(crowd())] == [2, 1]


def test_an_endpoint_that_changed_is_not_asked_on_and_on(contract, good):
    """After five broken answers it is left alone and its fault is told, until it holds again; others are not harmed."""

    async def drift():
        space = ScriptedSpace(*[[{"label": "wolf"}]] * 5, [good])
        it = patiently(space)
        step = contract.json["steps"]["catdog"]

        def check(outputs):
            contract.check_prediction(outputs[0])

        async def ask():
            return await it.ask(step, {"photo": 1}, left(30), None, check)

        for _ in range(7):
            with pytest.raises(ContractBroken):
                await ask()
        assert (len(space.asked), it.breaker.state) == (5, "closed")
        await asyncio.sleep(1)
        return await ask()  # one looked, and it holds

    assert virtually(drift()) == ([good], 1)


def test_a_space_that_is_up_again_is_found_within_two_seconds(contract, good):
    """Nobody waits out a rest of ten seconds or of two minutes where one question is enough to know."""

    async def outage():
        space = ScriptedSpace(*[SpaceBusy("Down.")] * 5)
        it = patiently(space)
        step = contract.json["steps"]["catdog"]
        space.up = False

        async def about():
            space.looked = getattr(space, "looked", 0) + 1
            if not space.up:
                raise SpaceBusy("Down.")

        space.about = about
        began = now()
        while True:
            if now() - began > 60 and not space.up:
                space.up, recovered, space.answers = True, now(), [[good]]
            with suppress(SpaceBusy):
                await it.ask(step, {"photo": 1}, left(5), None)
                return now() - recovered, space.looked
            await asyncio.sleep(0.1)

    waited, looked = virtually(outage())
    assert waited <= 2
    assert looked <= 62  # one a second


def test_an_app_that_failed_without_a_word_is_asked_once_more(contract, good):
    """One that was deployed anew in that moment fails so; one that fails again has failed."""

    async def twice():
        it = patiently(ScriptedSpace(wordless(), [good], wordless(), wordless(), [good]))
        step = contract.json["steps"]["catdog"]
        first = await it.ask(step, {"photo": 1}, left(30), None)
        with pytest.raises(AppFailed) as raised:
            await it.ask(step, {"photo": 1}, left(30), None)
        return first, raised.value.attempts

    (outputs, attempts), asked = virtually(twice())
    assert (outputs, attempts, asked) == ([good], 2, 2)


def test_what_is_not_pure_is_asked_again_only_if_nobody_saw_it(contract, good):
    """A message is not sent twice; one that never left may be."""
    step = {**contract.json["steps"]["catdog"], "pure": False}

    async def once(fault):
        it = patiently(ScriptedSpace(fault, [good]))
        return await it.ask(step, {"photo": 1}, left(30), None)

    assert virtually(once(unseen())) == ([good], 2)
    with pytest.raises(SpaceBusy, match=r"Lost\."):
        virtually(once(SpaceBusy("Lost.")))


def test_a_new_deployment_answers_anew(contract, good):
    """What another model said a minute ago is not this one's answer; what this one said when it was met first is."""
    space = ScriptedSpace([good], [good])
    bridge, _ = bridge_to(space, contract)
    met = iter(["one", "two"])
    ask = space.ask

    async def asked(*words):
        space.deployment = next(met)  # it is met in being asked
        return await ask(*words)

    space.ask = asked

    async def four():
        for deployment in (None, "one", "two", "two"):
            space.deployment = deployment
            await bridge.ask("catdog", PHOTO)

    run(four())
    assert len(space.asked) == 2


def test_parts_that_nobody_listens_to_are_not_asked_for(contract, good):
    """Whoever wants the answer only is asked for again when a stream is lost half-way."""

    async def lost(parts):
        heard, space = [], CountingSpace(good)

        async def ask(endpoint, takes, seconds, told=None):
            space.asked.append(takes)
            if told:
                told("partial", [good])
            if len(space.asked) == 1:
                raise SpaceBusy("Lost.")
            return [good]

        space.ask, it = ask, patiently(space)
        step = contract.json["steps"]["catdog"]

        def told(event, about):
            heard.append(event)

        return await it.ask(step, {"photo": 1}, left(30), told, parts=parts), heard

    assert virtually(lost(False)) == (([good], 2), [])
    with pytest.raises(SpaceBusy):
        virtually(lost(True))


def test_whoever_joins_hears_what_happens(contract, good):
    """Two pages with one question see the same progress, also the one that came later."""

    async def both():
        space = CountingSpace(good)
        going = asyncio.Event()

        async def ask(endpoint, takes, seconds, told=None):
            told("queue", {"place": 1, "eta": None})
            await going.wait()
            told("progress", {"index": 1})
            return [good]

        space.ask = ask
        bridge, heard = Bridge({"catdog": contract}, {"here": space}), {"first": [], "second": []}

        def listener(name):
            def told(event, about):
                heard[name].append(event)

            return told

        first = asyncio.create_task(bridge.ask("catdog", PHOTO, listener("first")))
        while not heard["first"]:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(bridge.ask("catdog", PHOTO, listener("second")))
        while not heard["second"]:
            await asyncio.sleep(0.01)
        going.set()
        await asyncio.gather(first, second)
        return heard

    assert run(both()) == {"first": ["queue", "progress"], "second": ["queue", "progress"]}
