"""A question whose Space wakes is answered with where to come again, and goes on meanwhile."""

import asyncio
import time
from contextlib import contextmanager

import httpx2
import pytest
from servers import served
from test_bridge import ScriptedSpace
from test_patience import virtually
from test_stream import GREET, ROOT

from api_bridge import Bridge, Contract, create_app
from api_bridge.faults import AppFailed, QuestionGone, SpaceBusy
from api_bridge.questions import Question, Questions
from api_bridge.waking import Waker


class WakingSpace(ScriptedSpace):
    """Sleeps until it is `up`, then answers as it was told to; the Hub says how far it is."""

    up = False

    async def ask(self, *words):
        if not self.up:
            raise SpaceBusy("Asleep.")
        return await super().ask(*words)

    async def stage(self):
        return "RUNNING" if self.up else "BUILDING"


@contextmanager
def asked(space):
    """Ask the bridge before `space` over a socket; yield the answer, and what gets the one at its Location."""
    bridge = Bridge({"greet": Contract(GREET, ROOT)}, {"here": space})
    bridge._patient["here"]._waker = Waker(
        space.stage, clock=time.monotonic, dice=lambda: 0, sleep=lambda seconds: asyncio.sleep(seconds / 100)
    )
    with served(create_app(bridge)) as where, httpx2.Client(base_url=where) as client:
        first = client.post("/v1/demos/greet/ask", json={})
        yield first, lambda: client.get(first.headers["location"])


def until_over(look):
    while (answer := look()).status_code == 202:
        time.sleep(0.02)
    return answer


def test_a_space_that_wakes_is_a_202():
    """Who can not listen to a stream is told where to come again, how far it is and when to look; then it is there."""
    space = WakingSpace(["Hello"])
    with asked(space) as (first, look):
        again = look()
        space.up = True
        then, once_more = until_over(look), look()
    assert [each.status_code for each in (first, again, then, once_more)] == [202, 202, 200, 200]
    name = first.json()["question"]
    assert first.json() == again.json() == {"question": name, "stage": "BUILDING", "eta": None}
    assert first.headers["location"] == f"/v1/questions/{name}"
    assert int(first.headers["retry-after"]) > 0
    assert then.json()["prediction"] == once_more.json()["prediction"] == "Hello"


def test_a_fault_comes_the_same_way():
    """As a problem, with its own status."""
    space = WakingSpace(AppFailed("No."))
    with asked(space) as (_, look):
        space.up = True
        then = until_over(look)
    assert (then.status_code, then.headers["content-type"]) == (502, "application/problem+json")
    assert then.json()["detail"] == "No."


def test_a_question_nobody_knows_is_gone():
    """Names can not be guessed, and an old one says what to do."""
    with served(create_app(Bridge({"greet": Contract(GREET, ROOT)}, {"here": ScriptedSpace()}))) as where:
        answer = httpx2.get(f"{where}/v1/questions/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:tinyspaces:question-gone")
    assert "ask again" in answer.json()["detail"]


class Slow:
    """Asks for an hour, and notes whether somebody gave up."""

    ended = False

    async def ask(self, told):
        told("stage", {"stage": "SLEEPING", "eta": None})
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.ended = True
            raise


def test_a_question_that_nobody_comes_for_is_ended():
    """A minute after somebody last looked, and not before."""

    async def looking():
        slow, questions = Slow(), Questions()
        name = questions.keep(Question(slow.ask, 0.0))
        for _ in range(3):
            await asyncio.sleep(59)
            questions.get(name)
        assert not slow.ended
        await asyncio.sleep(61)
        assert slow.ended
        with pytest.raises(QuestionGone):
            questions.get(name)

    virtually(looking())


def test_so_many_and_no_more_are_kept():
    """Each holds a photo: who comes too late is told so, and leaves nothing behind."""

    async def crowd():
        slow, questions = Slow(), Questions(most=2)
        for _ in range(2):
            questions.keep(Question(Slow().ask, 0.0))
        question = Question(slow.ask, 0.0)
        await question.waking
        with pytest.raises(SpaceBusy):
            questions.keep(question)
        await asyncio.sleep(0)
        assert slow.ended
        questions.close()
        await asyncio.sleep(0)

    virtually(crowd())
