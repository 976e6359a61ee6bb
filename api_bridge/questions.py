"""
Questions that go on after a `202`: a Space that wakes takes longer than anybody holds a line.

    question = Question(lambda told: bridge.ask(demo, value, told), started)
    await unless_they_leave(request, question.asking, question.waking)
    name = questions.keep(question)   # for whoever comes again
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from api_bridge.bridge import Answer
from api_bridge.dialects import Told
from api_bridge.faults import QuestionGone, SpaceBusy
from api_bridge.strict_json import Json

MOST = 64  # questions kept at once
KEPT = 60.0  # seconds since somebody last asked for it


class Question:
    """One question on its way since `started`; `stage` and `eta` say how far a Space that wakes has come."""

    def __init__(self, ask: Callable[[Told], Awaitable[Answer]], started: float):
        self.started = started
        self.stage: str | None = None
        self.eta: float | None = None
        self.asking = asyncio.ensure_future(ask(self._told))
        self.waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Nobody may ever come for a fault: it was told to the metrics already.
        self.asking.add_done_callback(lambda asking: asking.cancelled() or asking.exception())

    def _told(self, event: str, about: Json) -> None:
        if event == "stage":
            self.stage, self.eta = about["stage"], about["eta"]
            if not self.waking.done():
                self.waking.set_result(None)


class Questions:
    """Keeps questions for those who will come again, and ends those that nobody comes for."""

    def __init__(self, most: int = MOST, seconds: float = KEPT):
        self._most, self._seconds = most, seconds
        self._kept: dict[str, tuple[Question, asyncio.TimerHandle]] = {}

    def keep(self, question: Question) -> str:
        """Return a name that nobody can guess, or end the question and raise `SpaceBusy` where too many are kept."""
        if len(self._kept) >= self._most:
            question.asking.cancel()
            raise SpaceBusy("Many are waiting for the Space to wake up already.", retry_after=question.eta)
        name = secrets.token_urlsafe(16)
        self._renew(name, question)
        return name

    def get(self, name: str) -> Question:
        """Return the question called `name` and keep it a while longer, or raise `QuestionGone`."""
        if name not in self._kept:
            raise QuestionGone("This question is not kept any more: ask again.")
        question, timer = self._kept[name]
        timer.cancel()
        self._renew(name, question)
        return question

    def close(self) -> None:
        """End all of them."""
        for name in list(self._kept):
            self._forget(name)

    def _renew(self, name: str, question: Question) -> None:
        timer = asyncio.get_running_loop().call_later(self._seconds, self._forget, name)
        self._kept[name] = question, timer

    def _forget(self, name: str) -> None:
        question, timer = self._kept.pop(name)
        timer.cancel()
        question.asking.cancel()
