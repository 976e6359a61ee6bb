"""check → ask with patience → check."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from api_bridge.admission import INSIDE, WAITING
from api_bridge.clean import Cleaning
from api_bridge.contract import Contract
from api_bridge.dialects import About, Told
from api_bridge.faults import DemoUnknown, Fault, SpaceBusy
from api_bridge.files import Files
from api_bridge.media import File, each_file
from api_bridge.memory import KEPT, MOST, Memory, key_of
from api_bridge.metrics import Metrics
from api_bridge.patience import Clock, Deadline, Dice
from api_bridge.patiently import Patiently
from api_bridge.pipeline import Step
from api_bridge.space import Space
from api_bridge.steps import Call, Outcome, outcomes_of
from api_bridge.strict_json import Json
from api_bridge.workshop import Workshop

PATIENCE = 30.0  # seconds a visitor is kept waiting at most

Outputs = tuple[list[Json], int, str | None]  # what an endpoint gave, at which attempt, and which deployment it was
Ask = Callable[[Told | None], Awaitable[Outputs]]


@dataclass(frozen=True)
class Answer:
    """What a visitor asked for, and who gave it."""

    prediction: Json
    demo: str
    revision: int
    attempts: int
    route: str = "bridge"
    steps: Mapping[str, Outcome] = field(default_factory=dict)  # how each ended, where one question is several calls


class Bridge:
    """
    Asks Spaces on behalf of pages.

    `spaces` maps each Space named in the contracts to what can be asked; `clock`
    (seconds, monotonic), `dice` (0 to 1) and `sleep` are arguments so that tests need not wait.
    Every question ends within `patience` seconds.
    Each Space works on `inside` questions at once, and `waiting` more may wait for their turn;
    large photos are cleaned by so many `workers`, and so many predictions `kept` for so many seconds.
    """

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        spaces: Mapping[str, Space],
        *,
        clock: Clock = time.monotonic,
        dice: Dice = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: float = PATIENCE,
        inside: int = INSIDE,
        waiting: int = WAITING,
        workers: int = 1,
        kept: int = MOST,
        kept_seconds: float = KEPT,
    ):
        self.contracts = contracts
        self.spaces = spaces
        self.files = Files()  # what Spaces gave back, for a while
        self.metrics = Metrics()
        self.asking = 0  # questions on their way
        self.ending = False  # no more are taken
        self._clock, self._seconds = clock, patience
        self._workshop = Workshop(workers)
        self._memory: Memory[Outputs] = Memory(clock, _size, most=kept, seconds=kept_seconds)
        self._patient = {
            name: Patiently(
                name, space, self.metrics, clock=clock, dice=dice, sleep=sleep, inside=inside, waiting=waiting
            )
            for name, space in spaces.items()
        }

    def contract(self, demo: str) -> Contract:
        """Return `demo`'s contract, or raise `DemoUnknown`."""
        if demo not in self.contracts:
            known = ", ".join(self.contracts) or "none"
            raise DemoUnknown(f"There is no demo “{demo}” here. There are: {known}.")
        return self.contracts[demo]

    async def status(self, *demos: str) -> dict[str, dict[str, Json]]:
        """
        Return how the Space of each demo is: `{"ready", "gradio", "dialect"}`, or `{"ready": false, "fault"}`.

        A demo of several steps is as the first of them that is not ready, and has all of them in `steps`.
        """
        steps = {demo: self.contract(demo).json["steps"] for demo in demos}
        spaces = list(dict.fromkeys(step["space"] for each in steps.values() for step in each.values()))
        abouts = dict(zip(spaces, await asyncio.gather(*map(self._about, spaces)), strict=True))
        return {
            demo: _status({name: _told(step, abouts) for name, step in each.items()}) for demo, each in steps.items()
        }

    async def _about(self, space: str) -> About | Fault:
        try:
            return await self.spaces[space].about()
        except Fault as fault:
            return fault

    async def ask(
        self, demo: str, value: Mapping[str, Json], told: Told | None = None, *, parts: bool = True
    ) -> Answer:
        """
        Return the prediction for `value`, of several steps those that were answered; or raise a `Fault`.

        `told` hears what happens meanwhile: how far a Space that wakes has come, the place in a queue, progress,
        how each step stands and, with `parts`, partial predictions.

        Only `SpaceBusy` is retried: a visitor's mistake stays a mistake, and a broken
        contract is a bug which waiting can not mend.
        """
        contract = self.contract(demo)
        if self.ending:
            raise SpaceBusy("The bridge is about to stop, and another one to start.", retry_after=5)
        started, outcome = self._clock(), "left"
        self.asking += 1
        try:
            answer, word = await self._ask(contract, value, told, parts)
        except Fault as fault:
            outcome = fault.kind
            raise
        else:
            outcome = "answered" if word == "asked" else word
            return answer
        finally:
            self.asking -= 1
            self.metrics.count("questions_total", demo=demo, outcome=outcome)
            self.metrics.observe("question_seconds", self._clock() - started, demo=demo)

    def measured(self) -> str:
        """Return what was counted so far, as Prometheus reads it."""
        for name, patient in self._patient.items():
            self.metrics.set("breaker_open", float(patient.breaker.state == "open"), space=name)
            self.metrics.set("waiting", patient.door.waiting, space=name)
        return self.metrics.text()

    async def _ask(
        self, contract: Contract, value: Mapping[str, Json], told: Told | None, parts: bool
    ) -> tuple[Answer, str]:
        """Return the answer, and whether it was asked for, joined or kept."""
        deadline = Deadline.after(self._seconds, self._clock)
        question = contract.check_input(value)
        cleaning = Cleaning(self._workshop, deadline, self.metrics, self._clock)

        async def ask(step: Step, takes: Mapping[str, Json], told: Told | None) -> Call:
            return await self._call(contract, step, await cleaning.takes(step, takes), deadline, told, parts)

        outcomes = await outcomes_of(contract.pipeline, question, ask, told, self._shown, self._clock)
        steps = {name: outcomes[name] for name in contract.json["steps"]}  # in the order they are written
        answered = {name: each for name, each in steps.items() if each.state == "answered"}
        fault = next((each.fault for each in steps.values() if each.fault), None)
        if fault and not answered:
            raise fault
        predictions = {name: self._shown(each.prediction) for name, each in answered.items()}
        prediction = predictions if contract.pipeline.several else next(iter(predictions.values()))
        attempts = max((each.attempts for each in answered.values()), default=0)
        words = {each.word for each in answered.values()} or {"asked"}
        steps = {} if contract.pipeline.plain else steps
        answer = Answer(prediction, contract.demo, contract.revision, attempts, steps=steps)
        return answer, "asked" if "asked" in words else min(words)

    async def _call(
        self, contract: Contract, step: Step, takes: Json, deadline: Deadline, told: Told | None, parts: bool
    ) -> Call:
        """Ask one step's endpoint once."""
        patient = self._patient[step.json["space"]]

        def check(outputs: list[Json]) -> None:
            contract.check_prediction(each_file(gathered(step.json, outputs), File.described), step.name)

        async def ask(told: Told | None) -> Outputs:
            def pass_on(event: str, about: Json) -> None:
                assert told
                about = {"prediction": self._shown(gathered(step.json, about))} if event == "partial" else about
                told(event, about)

            # Checked before it is kept: a changed Space is not remembered.
            asked = await patient.ask(step.json, takes, deadline, pass_on if told else None, check, parts=parts)
            return *asked, patient.space.deployment

        (outputs, attempts, _), word = await self._once(contract, step.json, takes, ask, told)
        return gathered(step.json, outputs), attempts, word

    def _shown(self, prediction: Json) -> Json:
        """A prediction with its files kept and named."""
        return each_file(prediction, self.files.keep)

    async def close(self) -> None:
        await self._workshop.close()
        for space in self.spaces.values():
            await space.close()

    async def _once(
        self, contract: Contract, step: Mapping[str, Json], takes: Mapping[str, Json], ask: Ask, told: Told | None
    ) -> tuple[Outputs, str]:
        """Ask what is not being asked already, nor was a moment ago; what varies or is not pure is asked each time."""
        if not step["pure"]:
            return await ask(told), "asked"
        model, space = contract.json.get("model", {}).get("sha256"), step["space"]
        key = key_of(contract.demo, contract.revision, step["endpoint"], space, model, dict(takes))
        varies = any(example.get("varies") for example in contract.json["examples"])

        def fresh(outputs: Outputs) -> bool:
            return outputs[2] == self.spaces[space].deployment

        return await self._memory.once(key, ask, told, keep=not varies, fresh=fresh)


def _told(step: Mapping[str, Json], abouts: Mapping[str, About | Fault]) -> dict[str, Json]:
    about, endpoint = abouts[step["space"]], step["endpoint"]
    if isinstance(about, Fault):
        return {"ready": False, "fault": about.kind, "detail": about.detail}
    if endpoint not in about.endpoints:
        return {"ready": False, "fault": "contract-broken", "detail": f"{endpoint} is not there any more."}
    return {"ready": True, "gradio": about.gradio, "dialect": about.dialect}


def _status(steps: dict[str, dict[str, Json]]) -> dict[str, Json]:
    """How a demo is whose steps are so."""
    first = next(iter(steps.values()))
    worst = next((each for each in steps.values() if not each["ready"]), first)
    return {**worst, "steps": steps} if len(steps) > 1 else worst


def gathered(step: Mapping[str, Json], outputs: Sequence[Json]) -> Json:
    """Return the prediction that a step's outputs make: the only one, or each by its name."""
    if "gives" not in step:
        return outputs[0] if outputs else None
    return {name: output for name, output in zip(step["gives"], outputs, strict=False) if name}


def _size(answer: Outputs) -> int:
    """About how many bytes an answer takes up."""
    sizes: list[int] = []

    def counted(file: File) -> str:
        sizes.append(len(file.content))
        return ""

    return len(json.dumps(each_file(answer[0], counted))) + sum(sizes)
