"""check → ask with patience → check."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from api_bridge import photos
from api_bridge.contract import Contract, Json, each_file
from api_bridge.faults import DemoUnknown, Fault, SpaceBusy
from api_bridge.files import Files
from api_bridge.patience import Clock, Deadline, Dice, wait_before_retry
from api_bridge.space import Space

PATIENCE = 30.0  # seconds a visitor is kept waiting at most


@dataclass(frozen=True)
class Answer:
    """What a visitor asked for, and who gave it."""

    prediction: Json
    demo: str
    revision: int
    attempts: int
    route: str = "bridge"


class Bridge:
    """
    Asks Spaces on behalf of pages.

    `spaces` maps each Space named in the contracts to what can be asked; `clock`
    (seconds, monotonic), `dice` (0 to 1) and `sleep` are arguments so that tests need not wait.
    """

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        spaces: Mapping[str, Space],
        *,
        clock: Clock = time.monotonic,
        dice: Dice = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        self.contracts = contracts
        self.spaces = spaces
        self.files = Files()  # what Spaces gave back, for a while
        self._clock, self._dice, self._sleep = clock, dice, sleep

    def contract(self, demo: str) -> Contract:
        """Return `demo`'s contract, or raise `DemoUnknown`."""
        if demo not in self.contracts:
            known = ", ".join(self.contracts) or "none"
            raise DemoUnknown(f"There is no demo “{demo}” here. There are: {known}.")
        return self.contracts[demo]

    async def status(self, demo: str) -> dict[str, Json]:
        """Return how `demo`'s Space is: `{"ready", "gradio", "dialect"}`, or `{"ready": false, "fault"}`."""
        step = _step(self.contract(demo))
        try:
            about = await self.spaces[step["space"]].about()
        except Fault as fault:
            return {"ready": False, "fault": fault.kind, "detail": fault.detail}
        if step["endpoint"] not in about.endpoints:
            return {"ready": False, "fault": "contract-broken", "detail": f"{step['endpoint']} is not there any more."}
        return {"ready": True, "gradio": about.gradio, "dialect": about.dialect}

    async def ask(self, demo: str, value: Mapping[str, Json]) -> Answer:
        """
        Return the Space's prediction for `value`, or raise a `Fault`.

        Only `SpaceBusy` is retried: a visitor's mistake stays a mistake, and a
        broken contract is a bug which waiting can not mend.
        """
        deadline = Deadline.after(PATIENCE, self._clock)
        contract = self.contract(demo)
        step = _step(contract)
        question = await _cleaned(contract.check_input(value))
        outputs, attempts = await self._patiently(step, question, deadline)
        prediction = each_file(gathered(step, outputs), self.files.keep)
        return Answer(contract.check_prediction(prediction), demo, contract.revision, attempts)

    async def close(self) -> None:
        for space in self.spaces.values():
            await space.close()

    async def _patiently(
        self, step: Mapping[str, Json], question: Mapping[str, Json], deadline: Deadline
    ) -> tuple[list[Json], int]:
        """Ask the step's endpoint until it answers, fails, or time is up; return its outputs and the attempts."""
        space = self.spaces[step["space"]]
        takes = {parameter: question.get(source.removeprefix("input.")) for parameter, source in step["takes"].items()}
        attempt = 1
        while True:
            try:
                return await space.ask(step["endpoint"], takes, deadline.left()), attempt
            except Fault as fault:
                fault.attempts = attempt
                again = step["pure"] and isinstance(fault, SpaceBusy)
                wait = wait_before_retry(fault, attempt, deadline, self._dice) if again else None
                if wait is None:
                    raise
            await self._sleep(wait)
            attempt += 1


def _step(contract: Contract) -> dict[str, Json]:
    """A demo has one step until pipelines come."""
    (step,) = contract.json["steps"].values()
    return dict(step)


def gathered(step: Mapping[str, Json], outputs: Sequence[Json]) -> Json:
    """Return the prediction that a step's outputs make: the only one, or each by its name."""
    if "gives" not in step:
        return outputs[0] if outputs else None
    return {name: output for name, output in zip(step["gives"], outputs, strict=False) if name}


async def _cleaned(question: dict[str, Json]) -> dict[str, Json]:
    """Re-encode photos beside the loop, so that one large photo does not make everybody wait."""

    def clean() -> dict[str, Json]:
        return {name: each_file(value, partial(photos.cleaned, field=name)) for name, value in question.items()}

    return await asyncio.to_thread(clean)
