"""
Asks the real bridge over a real socket, and sees how it ends: a row of the fault list in a few words.

    with fault_server(SmallGradio(), {"run": [Harm("reset")]}) as space, bridge_before(space) as bridge:
        ended = bridge.ask("greet_directly")
    note(record_property, ended)
    assert (ended.kind, space.asked["run"]) == ("prediction", 2)

Every question ends within its deadline, in a prediction or a problem, and nobody is asked whom no contract
names: `bridge_before` and `ask` look at that for all rows.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx2
import pytest
from conftest import CAT
from fault_server import FaultServer
from servers import served
from small_gradio import contracts

from api_bridge import Bridge, Contract, GradioSpace, create_app
from api_bridge.admission import Gate

PATIENCE = 3.0  # seconds that a question may take
GRACE = 0.5  # seconds beyond that until everybody has heard of it

USUAL = {
    "greet": {"name": "Ada", "times": 1},
    "greet_directly": {"name": "Ada", "times": 1},
    "count": {"upto": 3},
    "complain": {"name": "Ada"},
    "crash": {"name": "Ada"},
}
ADA = {"greeting": "Hello Ada!", "length": 3}


@dataclass(frozen=True)
class Ended:
    """How one question ended, and how long it took."""

    kind: str  # prediction, or the fault's
    status: int
    told: dict[str, Any]  # the whole answer
    headers: Mapping[str, str]
    took: float
    events: list[tuple[str, Any]] = field(default_factory=list)  # where it was told as it happened
    stages: list[str] = field(default_factory=list)  # of a Space that woke meanwhile

    @property
    def prediction(self) -> Any:
        return self.told.get("prediction")

    @property
    def attempts(self) -> int | None:
        return self.told.get("attempts")

    def __str__(self) -> str:
        woke = ["202"] * bool(self.stages) + list(dict.fromkeys(self.stages))
        words = [*woke, "prediction" if self.kind == "prediction" else f"{self.status} {self.kind}"]
        if self.attempts:
            words.append(f"{self.attempts} attempt{'s' * (self.attempts > 1)}")
        if "Retry-After" in self.headers:
            words.append(f"again in {self.headers['Retry-After']} s")
        return ", ".join(words)


def note(record_property: Callable[[str, object], None], ended: Ended, space: FaultServer | None = None) -> Ended:
    """Note how a question ended, for the table, and how often `space` was asked; return it."""
    asked = sum(space.asked[kind] for kind in ("call", "join", "run")) if space else 0
    record_property("seen", f"{ended}" + f" · asked {asked}×" * (space is not None))
    record_property("took", ended.took)
    return ended


class Asked:
    """A bridge at an address, for visitors who look at what they are told."""

    def __init__(self, where: str, patience: float):
        self.where, self._patience = where, patience
        self.visitor = httpx2.Client(base_url=where, timeout=60)

    def ask(self, demo: str, value: Any = None, *, stream: bool = False, **options: Any) -> Ended:
        """Ask one question, or what is usual; it ends in time, and in one of two ways."""
        if demo == "catdog":
            options.setdefault("files", {"photo": CAT.read_bytes()})
        elif not {"content", "files"} & options.keys():
            options["json"] = USUAL[demo] if value is None else value
        headers = {"Accept": "text/event-stream"} if stream else {}
        options["headers"] = {**headers, **options.get("headers", {})}
        started = time.monotonic()
        response, stages = self.visitor.post(f"/v1/demos/{demo}/ask", **options), []
        while response.status_code == 202:
            stages.append(response.json()["stage"])
            time.sleep(0.02)
            response = self.visitor.get(response.headers["Location"])
        took = time.monotonic() - started
        assert took <= self._patience + GRACE, f"it took {took:.2f} s of {self._patience}"
        ended = looked_at(response, took)
        told = [about["stage"] for name, about in ended.events if name == "stage"]
        return replace(ended, stages=stages or told)

    def measured(self, name: str) -> float:
        """What the bridge counted under this name, all its labels together."""
        lines = self.visitor.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"tinyspaces_{name}"))


def looked_at(response: httpx2.Response, took: float = 0.0) -> Ended:
    """Return how a question ended; it is a prediction or a problem, whole and in keeping with its headers."""
    media, headers = response.headers["content-type"].partition(";")[0], dict(response.headers)
    events = read_events(response.text) if media == "text/event-stream" else []
    told = events[-1][1] if events else response.json()
    if "prediction" in told:
        assert response.status_code == 200
        return Ended("prediction", 200, told, response.headers, took, events)
    if not events:
        assert media == "application/problem+json"
        assert told["status"] == response.status_code
        assert told["retryable"] == ("retry-after" in headers)
    assert {"type", "title", "status", "detail", "retryable", "trace_id"} <= told.keys()
    assert "Traceback" not in response.text
    return Ended(told["type"].rpartition(":")[2], told["status"], told, response.headers, took, events)


def read_events(text: str) -> list[tuple[str, Any]]:
    """Return each event of a stream with what it says; comments are nothing."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n") if not block.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(about.removeprefix("data: "))) for name, about in blocks]


class Nearby(httpx2.AsyncHTTPTransport):
    """Brings what is meant for a Space of the Hub to a server on this machine."""

    def __init__(self, server: FaultServer):
        super().__init__()
        self._port = server.port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.host.endswith(".hf.space")
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


@contextmanager
def bridge_before(
    space: FaultServer | GradioSpace | str,
    *demos: str,
    also: tuple[FaultServer, ...] = (),
    patience: float = PATIENCE,
    change: Callable[[Any], None] = lambda contract: None,
    known: Mapping[str, Contract] | None = None,
    origins: tuple[str, ...] = (),
    gate: Gate | None = None,
    trusted_hops: int = 0,
    **options: Any,
) -> Iterator[Asked]:
    """
    Serve a bridge whose contracts are about `space` until the block ends.

    Its dice are lucky, so that nobody waits for long. Of other servers it may ask those in `also`, and nobody else.
    """
    address = space.address if isinstance(space, FaultServer | GradioSpace) else space
    it = space if isinstance(space, GradioSpace) else GradioSpace(address)
    known = known or contracts(it.name, *(demos or USUAL), change=change)
    options = {"dice": lambda: 0.1, **options}
    bridge = Bridge(known, {it.name: it}, patience=patience, **options)
    hosts: set[str] = set()
    send = httpx2.AsyncHTTPTransport.handle_async_request

    async def noted(self: httpx2.AsyncHTTPTransport, request: httpx2.Request) -> httpx2.Response:
        hosts.add(request.url.netloc.decode())
        return await send(self, request)

    watched = patch.object(httpx2.AsyncHTTPTransport, "handle_async_request", noted)
    with watched, served(create_app(bridge, origins, gate, trusted_hops)) as where:
        asked = Asked(where, patience)
        with asked.visitor:
            yield asked
    assert hosts <= {urlsplit(each).netloc for each in (address, *(server.address for server in also))}


def row(fault: str, expected: str, *values: Any, slow: bool = False) -> Any:
    """One row of the list, for `pytest.mark.parametrize`."""
    marks = [pytest.mark.fault(fault, expected), *([pytest.mark.slow] if slow else [])]
    return pytest.param(*values, marks=marks, id=fault.replace(" ", "-"))
