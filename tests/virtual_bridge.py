"""The whole bridge in virtual time, before one Space that can fall ill and another that stays well."""

import asyncio
import gc
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from conftest import ROOT
from ill_gradio import FUNCTIONS, IllGradio
from test_patience import Jumping

from api_bridge import Bridge, Contract, GradioSpace

ILL, WELL = "someone/ill", "someone/well"
NOTICED = 15.0  # seconds until the Hub is asked again


def demo(function: str, space: str) -> Contract:
    """A demo that takes a text and gives one."""
    text = {"kind": "text", "title": "Text", "type": "string"}
    step = {"space": space, "endpoint": f"/{function}", "takes": {"text": "input.text"}, "pure": function != "do"}
    value = {
        "contract": 1,
        "demo": f"{function} {space}",
        "revision": 1,
        "title": function,
        "input": {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {"text": text}},
        "steps": {"only": step},
        "prediction": {"type": "string"},
        "examples": [],
    }
    return Contract(value, ROOT)


@dataclass(eq=False)
class Asked:
    """One question of one visitor, and how it ended."""

    function: str
    space: str
    text: str
    began: float
    task: asyncio.Task[Any] = None
    ended: float | None = None
    told: list[tuple[str, Any]] = field(default_factory=list)
    left: bool = False


class VirtualBridge:
    """Time passes when it is told to; the Hub says of the Space that falls ill what `hub` is."""

    def __init__(self):
        self.time, self.errors = Jumping(), []
        self.loop = asyncio.SelectorEventLoop(self.time)
        self.loop.time = lambda: self.time.now
        self.loop.set_exception_handler(lambda loop, said: self.errors.append(said))
        self.ill, self.well = IllGradio(), IllGradio()
        self.hub: str | None = "RUNNING"
        self.slept = -1.0  # until then somebody may have waited for it to wake up
        self.questions: list[Asked] = []
        spaces = {ILL: GradioSpace(ILL, transport=self.ill), WELL: GradioSpace(WELL, transport=self.well)}
        contracts = [demo(function, name) for function in FUNCTIONS for name in spaces]
        dice = random.Random(7).random
        self.bridge = Bridge({each.demo: each for each in contracts}, spaces, clock=self.loop.time, dice=dice)
        for name, space in spaces.items():
            self.bridge._patient[name]._waker._stage = self._stage if name == ILL else _running
            self._go(space.about())

    def ask(self, function: str, space: str, text: str, listens: bool) -> Asked:
        """Let somebody ask, whose `told` fills where they listen."""
        asked = Asked(function, space, text, self.time.now)

        async def ends() -> Any:
            told = (lambda *event: asked.told.append(event)) if listens else None
            try:
                return await self.bridge.ask(f"{function} {space}", {"text": text}, told)
            finally:
                asked.ended = self.time.now

        asked.task = self.loop.create_task(ends())
        self.questions.append(asked)
        self.pass_time(0)
        return asked

    def leave(self, asked: Asked) -> None:
        asked.left = True
        asked.task.cancel()
        self.pass_time(0)

    def pass_time(self, seconds: float) -> None:
        if self.hub not in ("RUNNING", None):
            self.slept = self.time.now + seconds + NOTICED
        self._go(asyncio.sleep(seconds))

    def counted(self, name: str) -> float:
        """What the bridge counted under this name for the Space that falls ill."""
        line = f'tinyspaces_{name}{{space="{ILL}"}} '
        told = self.bridge.measured().splitlines()
        return sum(float(each.removeprefix(line)) for each in told if each.startswith(line))

    def leaves_nothing_behind(self) -> None:
        """Close the bridge: no task, connection, place, listener or error is left, and nobody is inside."""
        assert self._go(_others()) == set()
        for name, gradio in ((ILL, self.ill), (WELL, self.well)):
            patient = self.bridge._patient[name]
            assert (patient.door.inside, patient.door.waiting) == (0, 0)
            assert patient._waker._listeners == []
            assert (gradio.open, gradio.inside.total()) == (set(), 0)
        assert self.bridge._memory._asking == {}
        self._go(self.bridge.close())
        self._go(self.loop.shutdown_asyncgens())
        gc.collect()  # an error that nobody looked at is told now
        assert self.errors == []

    def _go(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def _stage(self) -> str | None:
        await asyncio.sleep(0.1)
        return self.hub


async def _running() -> str:
    return "RUNNING"


async def _others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}
