"""What every dialect shares: how an app's `/config` and `/info` become endpoints."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from api_bridge.components import Component, slug
from api_bridge.faults import ContractBroken, Fault
from api_bridge.media import File
from api_bridge.strict_json import Json
from api_bridge.wire import Wire, object_of

# Told of what happens before the last answer: "queue" {place, 0 being next, eta}, "progress" {…}, "partial" [outputs].
Told = Callable[[str, Json], None]
Tell = Callable[[str, Json], Coroutine[None, None, None]]  # the same inside: files of a part are fetched first


@dataclass(frozen=True)
class Parameter:
    """One thing an endpoint takes."""

    name: str  # the function's own word for it; before Gradio says those, made from the label
    component: Component
    default: Json = None
    required: bool = True


@dataclass(frozen=True)
class Endpoint:
    """One function of a Space, found by its name: its number changes between starts."""

    name: str
    parameters: tuple[Parameter, ...]  # in the order Gradio takes them, hidden state among them
    outputs: tuple[Component, ...]
    queued: bool
    streams: bool = False  # answers several times, the last time whole
    number: int = 0  # of use only with the `/config` it was read from


@dataclass(frozen=True)
class About:
    """What a Space says of itself."""

    gradio: str  # its version
    dialect: str
    endpoints: Mapping[str, Endpoint]
    nameless: int = 0  # functions that can not be asked: their author gave them no name
    notes: tuple[str, ...] = field(default=())  # what it should have said and did not


class Dialect(ABC):
    """One generation's words. `ask` and `give` are what generations differ in."""

    name: ClassVar[str]
    prefix: str = ""
    numbered: ClassVar[bool] = True  # asks by a number, so that `/config` is read anew for every question

    def __init__(self, wire: Wire, config: dict[str, Json]):
        self.wire = wire
        self.config = config
        self.about = About("", self.name, {})

    @classmethod
    @abstractmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        """Whether an app with this `/config` is of this generation."""

    @abstractmethod
    async def ask(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        """Return what `endpoint` gives for `data`, both in Gradio's own form."""

    @abstractmethod
    async def give(self, file: File, *, picture: bool = False) -> Json:
        """Return what stands for `file` in a question, having uploaded it where that is the way."""

    @property
    def video_inside(self) -> bool:
        """Whether a video is asked with beside its subtitles, as in Gradio 4 and 5."""
        return not older(self.config, (4,)) and older(self.config, (6,))

    def chat(self, component: Component, turns: list[Json]) -> list[Json]:
        """Return a conversation as this generation has it: in pairs, in turns, or in turns of several parts."""
        if not older(self.config, (6,)):
            return [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in turns]
        return turns if component.props.get("type") == "messages" else _pairs(turns)

    async def learn(self) -> None:
        """Read `/info` beside the `/config` that is known, and describe the endpoints."""
        info, notes = await self._info()
        endpoints, nameless = {}, 0
        try:
            components = {each["id"]: each for each in self.config["components"]}
            for position, dependency in enumerate(self.config["dependencies"]):
                if not dependency.get("api_name"):
                    nameless += bool(dependency.get("backend_fn", True)) and bool(dependency.get("targets"))
                    continue
                endpoint = self._endpoint(position, dependency, components, info)
                if endpoint.name in info or not info:
                    endpoints[endpoint.name] = endpoint
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ContractBroken("What the Space says of itself is not Gradio's.") from error
        self.about = About(self.version, self.name, endpoints, nameless, notes)

    def samples(self, endpoint: str) -> Iterator[tuple[list[Parameter], dict[Json, Json]]]:
        """Yield each example that the app shows for `endpoint`: its parameters, and a value by component."""
        parameters = [each for each in self.about.endpoints[endpoint].parameters if not each.component.hidden]
        wanted = {each.component.id for each in parameters}
        components = {each["id"]: each for each in self.config.get("components", ())}
        for dependency in self.config.get("dependencies", ()):
            for number in dependency.get("inputs", ()):
                shown = components.get(number, {})
                filled = dependency.get("outputs", ())
                if shown.get("type") == "dataset" and (wanted >= set(filled) or wanted <= set(filled)):
                    for sample in shown["props"].get("samples", ()):
                        if len(sample) == len(filled):
                            values = dict(zip(filled, sample, strict=True))
                            yield [each for each in parameters if each.component.id in values], values

    @property
    def version(self) -> str:
        return str(self.config.get("version") or "of an unknown version").strip()

    async def _info(self) -> tuple[Mapping[str, Json], tuple[str, ...]]:
        """The named endpoints of `/info`; nothing, with a note, where it is missing or broken."""
        try:
            info = object_of(await self.wire.get(f"{self.prefix}/info"))["named_endpoints"]
            for each in info.values():
                for parameter in each["parameters"]:
                    parameter.get("parameter_name")
        except (Fault, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, Fault) and error.retryable:
                raise
            if _numbers(self.version) < (3, 17):
                return {}, ()  # it was not invented yet
            return {}, (f"The Space's {self.prefix}/info is broken: parameters are named after their labels.",)
        return info, ()

    def _endpoint(
        self, position: int, said: Mapping[str, Json], components: Mapping[Json, Json], info: Mapping[str, Json]
    ) -> Endpoint:
        name = f"/{said['api_name']}"
        told = iter(info.get(name, {}).get("parameters", ()))
        inputs = [Component.of(components[number]) for number in said["inputs"]]
        parameters = []
        for component in inputs:
            more = None if component.hidden else next(told, None)
            parameters.append(_parameter(component, more or {}, bool(more)))
        queue = said.get("queue")
        return Endpoint(
            name,
            named_apart(parameters),
            tuple(Component.of(components[number]) for number in said["outputs"]),
            bool(self.config.get("enable_queue", True)) if queue is None else bool(queue),
            bool((said.get("types") or {}).get("generator")),
            said.get("id", position),
        )


def _parameter(component: Component, told: Mapping[str, Json], in_info: bool) -> Parameter:
    """What `/info` tells of a parameter comes before what its component shows."""
    name = told.get("parameter_name") or slug(component.label) or component.type
    if "parameter_has_default" in told:
        has = bool(told["parameter_has_default"])
        return Parameter(str(name), component, told.get("parameter_default") if has else None, not has)
    default = component.value
    return Parameter(str(name), component, default, default is None)


def named_apart(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Two of a name become name and name_2, or whatever number is free."""
    given = list(parameters)
    taken = {each.name for each in given}
    seen: set[str] = set()
    apart = []
    for each in given:
        name, count = each.name, 1
        while name in seen or (count > 1 and name in taken):
            count += 1
            name = f"{each.name}_{count}"
        seen.add(name)
        apart.append(replace(each, name=name))
    return tuple(apart)


async def news(message: dict[str, Json], told: Tell | None) -> None:
    """Pass on what a queue's message says of the wait; all generations say it in these words."""
    if told and message.get("msg") == "estimation":
        await told("queue", {"place": message.get("rank"), "eta": message.get("rank_eta")})
    elif told and message.get("msg") == "progress":
        for each in (message.get("progress_data") or [])[-1:]:
            parts = ("progress", "index", "length", "unit", "desc")
            await told("progress", {part: each[part] for part in parts if each.get(part) is not None})


def outputs_of(answer: Json) -> list[Json]:
    """The outputs in an answer, as every generation has them."""
    outputs = object_of(answer).get("data")
    if not isinstance(outputs, list):
        raise ContractBroken("The Space's answer is not one of Gradio's.")
    return outputs


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def older(config: Mapping[str, Json], than: tuple[int, ...]) -> bool:
    """Whether an app says that it is older than the version `than`."""
    numbers = _numbers(str(config.get("version", "")))
    return bool(numbers) and numbers < than


def _pairs(turns: list[Json]) -> list[Json]:
    pairs: list[list[Json]] = []
    for turn in turns:
        if turn["role"] == "assistant" and pairs and pairs[-1][1] is None:
            pairs[-1][1] = turn["content"]
        else:
            pairs.append([None, turn["content"]] if turn["role"] == "assistant" else [turn["content"], None])
    return pairs
