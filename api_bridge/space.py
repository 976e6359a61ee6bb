"""
One call to one Space, in the words of its generation: no retries, no schemas.

    space = GradioSpace("someone/bears")
    outputs = await space.ask("/bears", {"photo": photo}, seconds=30)
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Protocol

import httpx2

from api_bridge.components import slug
from api_bridge.dialects import About, Dialect, Endpoint, Told, meet
from api_bridge.dialects.fetched import Files
from api_bridge.dialects.values import incoming, outgoing
from api_bridge.faults import ContractBroken, Fault
from api_bridge.strict_json import Json
from api_bridge.wire import CONNECT, HttpWire, Wire, translated

__all__ = ["About", "Endpoint", "GradioSpace", "Space", "address"]

TRUSTED = 60.0  # seconds that what a Space said of itself is taken to be so: it may be deployed anew without a fault


class Space(Protocol):
    """Whatever can be asked: a Gradio app, or a recording of one."""

    deployment: str | None  # which start of which app was met last: another one may answer otherwise

    async def about(self) -> About:
        """Return what the Space says of itself."""
        ...

    async def ask(
        self, endpoint: str, takes: Mapping[str, Json], seconds: float, told: Told | None = None
    ) -> list[Json]:
        """
        Return `endpoint`'s outputs for the parameters in `takes`, within `seconds`, or raise a `Fault`.

        `told` hears what happens before the last answer: the place in a queue, progress, partial outputs.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def address(space: str) -> str:
    """Return the address of a Space: `user/name` lives at user-name.hf.space."""
    if re.match(r"https?://", space):
        return space.rstrip("/")
    return f"https://{re.sub(r'[^a-z0-9]+', '-', space.lower())}.hf.space"


class GradioSpace:
    """A Gradio app of any generation, over HTTP or, given a transport, in this very process."""

    def __init__(
        self,
        space: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        token: str | None = None,
        wire: Wire | None = None,
    ):
        self.name, self.token = space, token  # by which the Hub knows it, where it does
        self.address = address(space)
        self.wire = wire or HttpWire(self.address, transport=transport, token=token)
        self._dialect: Dialect | None = None
        self.deployment: str | None = None
        self._met = 0.0  # when
        self._meeting = asyncio.Lock()  # a crowd asks once

    async def about(self) -> About:
        """Read what the Space says of itself now, whatever it said before."""
        self._dialect = None
        async with self._asking(CONNECT + 10):
            return (await self._known()).about

    async def ask(
        self, endpoint: str, takes: Mapping[str, Json], seconds: float, told: Told | None = None
    ) -> list[Json]:
        async with self._asking(seconds):
            if self._dialect and self._dialect.numbered:
                self._dialect = None  # a number is good only while the app that gave it runs
            dialect = await self._known()
            found = dialect.about.endpoints.get(endpoint)
            if found is None:
                raise ContractBroken(f"The Space has no endpoint {endpoint} any more.")
            found = as_agreed(found, takes)
            given = arranged(found, takes)
            data = [
                await outgoing(each.component, given[each.name], dialect) if each.name in given else each.default
                for each in found.parameters
            ]
            fetch = Files(dialect)

            async def whole(outputs: list[Json]) -> list[Json]:
                if len(outputs) < len(found.outputs):
                    raise ContractBroken(f"The endpoint {endpoint} gives fewer outputs than it has.")
                return [
                    await incoming(component, value, fetch)
                    for component, value in zip(found.outputs, outputs, strict=False)
                ]

            async def pass_on(event: str, about: Json) -> None:
                if told:
                    told(event, await whole(about) if event == "partial" else about)

            return await whole(await dialect.ask(found, data, pass_on if told else None))

    async def samples(self, endpoint: str, most: int) -> list[dict[str, Json]]:
        """Return `most` of the inputs that the Space itself offers as examples for `endpoint`, by parameter."""
        async with self._asking(CONNECT + 30):
            dialect = await self._known()
            fetch = Files(dialect)
            return [
                {each.name: await incoming(each.component, sample[each.component.id], fetch) for each in parameters}
                for parameters, sample in islice(dialect.samples(endpoint), most)
            ]

    async def close(self) -> None:
        await self.wire.close()

    @contextlib.asynccontextmanager
    async def _asking(self, seconds: float) -> AsyncIterator[None]:
        """
        Whatever goes wrong inside ends within `seconds`, as a fault that names this Space.

        An app in this process answers its own cancellation with an error, so time is looked at first.
        """
        try:
            async with translated(), asyncio.timeout(seconds) as limit:
                try:
                    yield
                except Fault as fault:
                    if limit.expired():
                        raise TimeoutError from fault
                    raise
        except Fault as fault:
            self._dialect = None  # a new deployment may be why
            fault.space = {"address": self.address}
            raise

    async def _known(self) -> Dialect:
        """Read `/config` and `/info` once, until a fault or time makes them doubtful."""
        async with self._meeting:
            if self._dialect is None or time.monotonic() > self._met + TRUSTED:
                self._dialect, self._met = await meet(self.wire), time.monotonic()
                self.deployment = str(self._dialect.config.get("app_id"))
            return self._dialect


def as_agreed(endpoint: Endpoint, takes: Iterable[str]) -> Endpoint:
    """
    Return `endpoint` with its parameters called what was agreed.

    What was agreed before Gradio told parameters' names is named after their labels, and
    is still found by them.
    """
    names = {each.name for each in endpoint.parameters}
    if names.issuperset(takes):
        return endpoint
    by_label = {slug(each.component.label): each.name for each in endpoint.parameters}
    called = {by_label[agreed]: agreed for agreed in takes if agreed not in names and agreed in by_label}
    if set(called) & set(takes):
        return endpoint
    return replace(
        endpoint, parameters=tuple(replace(each, name=called.get(each.name, each.name)) for each in endpoint.parameters)
    )


def arranged(endpoint: Endpoint, takes: Mapping[str, Json]) -> dict[str, Json]:
    """Return what was given for each of the endpoint's parameters; what was not is left to the Space's own default."""
    known = {each.name: each for each in endpoint.parameters}
    needed = {name for name, each in known.items() if each.required and not each.component.hidden}
    if not (needed <= set(takes) <= set(known)):
        raise _disagreed(endpoint, takes)
    return {name: value for name, value in takes.items() if value is not None or known[name].required}


def _disagreed(endpoint: Endpoint, takes: Mapping[str, Json]) -> Fault:
    visible = [each.name for each in endpoint.parameters if not each.component.hidden]
    return ContractBroken(
        f"The endpoint {endpoint.name} takes {', '.join(visible) or 'nothing'} "
        f"where {', '.join(takes) or 'nothing'} was agreed."
    )
