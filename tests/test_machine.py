"""
The whole bridge before a Space that falls ill and becomes well again, while people ask, wait and leave.

Hypothesis makes up what happens, in virtual time. `SEQUENCES=10000` in the environment plays so many.
"""

import gc
import os
from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ill_gradio import FUNCTIONS, ILLS, said
from virtual_bridge import ILL, WELL, Asked, VirtualBridge

from api_bridge.admission import INSIDE
from api_bridge.bridge import PATIENCE, Answer
from api_bridge.faults import Fault
from api_bridge.patience import EARNED, FEWEST, LONGEST_REST, LOOK, REFILL, TOKENS
from api_bridge.waking import LONGEST

SEQUENCES = int(os.environ.get("SEQUENCES", "60"))
SECONDS = st.sampled_from([0.02, 0.5, 3.0, 20.0])  # that an answer takes
PAUSE = st.sampled_from([0.0, 0.005, 0.015, 0.3, 2.0, 9.0])  # seconds until something else happens
FUNCTION, CROWD = st.sampled_from(FUNCTIONS), st.sampled_from([1, 3, 22])
DOWN = ("busy", "starting", "refuses", "hangs up")  # says so at once
GRACE = 0.5  # seconds beyond a deadline until everybody has heard of it
STAGES = ("SLEEPING", "BUILDING", "PAUSED", "RUNTIME_ERROR", "UNHEARD_OF", None)


class Visitors(VirtualBridge, RuleBasedStateMachine):
    """What can happen, in any order; and what holds whatever happened."""

    def __init__(self):
        RuleBasedStateMachine.__init__(self)
        VirtualBridge.__init__(self)
        self.fell = (0.0, 0)  # when the Space became as it is, and how often it had been asked

    # --- what can happen

    @rule(function=FUNCTION, text=st.sampled_from("ABCDEFGH"), listens=st.booleans(), pause=PAUSE)
    def somebody_asks(self, function, text, listens, pause):
        self.ask(function, ILL, text, listens)
        self.pass_time(pause)

    @rule(function=FUNCTION, crowd=CROWD, alike=st.booleans(), pause=PAUSE)
    def a_crowd_asks(self, function, crowd, alike, pause):
        begun = len(self.questions)
        for number in range(begun, begun + crowd):
            self.ask(function, ILL, str(begun if alike else number), listens=number % 2 == 0)
        self.pass_time(pause)

    @rule(text=st.sampled_from("AB"), pause=PAUSE)
    def somebody_asks_the_other(self, text, pause):
        self.ask("say", WELL, text, listens=True)
        self.pass_time(pause)

    @precondition(lambda self: any(not each.task.done() for each in self.questions))
    @rule(which=st.integers(0, 100))
    def somebody_leaves(self, which):
        waiting = [each for each in self.questions if not each.task.done()]
        self.leave(waiting[which % len(waiting)])

    @initialize(how=st.sampled_from([None, *ILLS]), seconds=SECONDS, function=FUNCTION, crowd=CROWD, pause=PAUSE)
    def it_begins(self, how, seconds, function, crowd, pause):
        self.it_falls_ill(how, seconds)
        self.a_crowd_asks(function, crowd, False, pause)

    @rule(how=st.sampled_from(ILLS), seconds=SECONDS)
    def it_falls_ill(self, how, seconds):
        self.ill.ill, self.ill.seconds, self.fell = how, seconds, (self.time.now, self.ill.requests)

    @rule(stage=st.sampled_from(STAGES))
    def it_falls_asleep(self, stage):
        self.hub = stage
        self.it_falls_ill("busy", self.ill.seconds)

    @rule(seconds=SECONDS)
    def it_becomes_well(self, seconds):
        self.hub, self.ill.ill, self.ill.seconds = "RUNNING", None, seconds

    @rule()
    def it_is_deployed_anew(self):
        self.ill.deploy()

    @rule(seconds=st.sampled_from([0.1, 0.6, 2.0, 5.0, 10.0, 35.0, 130.0]))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    # --- what holds

    @invariant()
    def each_ends_in_time(self):
        for asked in self.questions:
            if asked.space == WELL:
                patience = 1.0  # whatever happens elsewhere
            else:
                patience = PATIENCE + GRACE + (LONGEST if asked.began <= self.slept else 0.0)
            ended = self.time.now if asked.ended is None else asked.ended
            assert ended - asked.began <= patience, asked

    @invariant()
    def each_ends_as_it_should(self):
        for asked in self.questions:
            if asked.task.done() and not asked.left:
                self.right(asked)

    def right(self, asked: Asked) -> None:
        """An answer to this very question, or a fault."""
        fault = asked.task.exception()
        if fault:
            assert isinstance(fault, Fault), repr(fault)
            assert asked.space == ILL, "nobody else suffers"
            assert (fault.attempts or 0) <= 3 + 1  # one of them before it woke up
        else:
            answer = asked.task.result()
            assert isinstance(answer, Answer)
            assert (answer.prediction, answer.attempts <= 3 + 1) == (said(asked.function, asked.text), True)
        assert {event for event, _ in asked.told} <= {"queue", "stage", "partial"}
        parts = [about["prediction"] for event, about in asked.told if event == "partial"]
        assert parts in ([], [f"{asked.text} so far"])  # what somebody saw a part of is not asked again

    @invariant()
    def no_more_go_in_than_may(self):
        for gradio in (self.ill, self.well):
            assert gradio.most_inside <= INSIDE
            assert gradio.most_alike <= 1 or gradio.deployment > 1  # what another start answers is another question

    @invariant()
    def it_is_not_asked_more_than_it_bears(self):
        """Retries come out of one purse and not too soon; only who waited for a wake asks twice for nothing."""
        retries, woken = self.counted("retries_total"), sum(each.began <= self.slept for each in self.questions)
        assert retries <= TOKENS + self.time.now / REFILL + EARNED * len(self.questions)
        assert self.ill.asked <= len(self.questions) + retries + woken
        hurried = {text for _, text in self.ill.hurried if text.isdigit()}  # these are asked by one at a time
        assert not any(each.text in hurried and each.began > self.slept for each in self.questions)
        if self.ill.ill in DOWN and self.hub == "RUNNING":
            fell, requests = self.fell
            assert self.ill.requests - requests <= FEWEST + 2 * INSIDE + (self.time.now - fell) / LOOK

    @invariant()
    def what_is_done_is_done_once(self):
        """Each who asks for it is answered by a call of their own, and nothing is done that nobody asked for."""
        asked = [each for each in self.questions if each.space == ILL and each.function == "do"]
        for text in {each.text for each in asked}:
            alike = [each.task for each in asked if each.text == text]
            answered = sum(task.done() and not task.cancelled() and not task.exception() for task in alike)
            assert answered <= self.ill.done["do", text] <= len(alike)

    # --- and in the end

    def teardown(self):
        try:
            self.becomes_well_and_quiet()
            self.leaves_nothing_behind()
        finally:
            self.loop.close()

    def becomes_well_and_quiet(self) -> None:
        """Who asks a Space that is well again is answered, whatever it was before: no fault is remembered."""
        self.it_becomes_well(seconds=0.5)
        self.pass_time(PATIENCE + LONGEST + LONGEST_REST)
        self.each_ends_in_time()
        self.each_ends_as_it_should()
        assert all(each.task.done() for each in self.questions)
        for function in FUNCTIONS:
            for text in ("A", "new"):
                answers = []
                for _ in range(2):  # what was agreed may be known anew only after a first fault
                    asked = self.ask(function, ILL, text, listens=True)
                    self.pass_time(5)
                    self.right(asked)
                    answers.append(isinstance(asked.task.exception(), Fault))
                assert not answers[-1], asked
        assert self.counted("breaker_open") == 0


def test_whatever_happens_everybody_is_answered():
    """Each question ends in time, rightly or in a fault; nobody else suffers, and nothing is left behind."""
    many = settings(
        max_examples=SEQUENCES,
        stateful_step_count=30,
        derandomize=True,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    gc.freeze()  # so that looking for what was left behind is quick
    try:
        with ThreadPoolExecutor(1) as thread:  # Playwright holds this one's event loop
            thread.submit(run_state_machine_as_test, Visitors, settings=many).result()
    finally:
        gc.unfreeze()
