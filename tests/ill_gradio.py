"""
A Gradio that echoes what it is asked, and is ill in the way it is told to be.

It is a transport, so that it lives in virtual time: what takes a Space long takes a test no time.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import count
from typing import Any

import httpx2

FUNCTIONS = ("say", "tell", "do")  # through the queue in one go, through the queue bit by bit, and without a queue

STATUSES = {
    "busy": (503, {}),
    "busy for a moment": (503, {"Retry-After": "2"}),
    "busy for an hour": (503, {"Retry-After": "3600"}),
    "limited": (429, {"Retry-After": "1"}),
    "starting": (502, {}),
    "private": (401, {}),
    "moved": (302, {"Location": "https://elsewhere.example/"}),
    "gone": (404, {}),
}
CONNECTIONS = ("refuses", "is a black hole", "hangs up")
CONFIGS = ("renamed", "of another kind")
ANSWERS = (
    "full",
    "fails without a word",
    "says no",
    "stops",
    "is cut off",
    "says a part and no",
    "says a part and stops",
    "is silent",
    "only beats",
    "babbles",
)
ILLS = (*STATUSES, *CONNECTIONS, *CONFIGS, *ANSWERS)

INFO = {"named_endpoints": {f"/{each}": {"parameters": [{"parameter_name": "text"}]} for each in FUNCTIONS}}
TEXTBOX = {"type": "textbox", "props": {"label": "Text"}}


def said(function: str, text: str) -> str:
    """What `function` answers to `text`."""
    return f"{text}, {function}"


Question = tuple[str, str]  # the function, and what it is asked


class IllGradio(httpx2.AsyncBaseTransport):
    """Knows who is inside, and which connections are open."""

    def __init__(self) -> None:
        self.ill: str | None = None
        self.seconds = 0.5  # that an answer takes
        self.deployment = 1
        self.requests = self.asked = self.most_inside = self.most_alike = 0
        self.inside: Counter[Question] = Counter()  # those somebody waits for now
        self.done: Counter[Question] = Counter()  # how often the app worked on each
        self.hurried: list[Question] = []  # asked again before they should
        self._later: dict[Question, float] = {}
        self.open: set[Answer] = set()
        self._joined: dict[str, Question] = {}
        self._events_given = count(1)

    def deploy(self) -> None:
        """Start anew: what was joined is forgotten."""
        self.deployment += 1
        self._joined.clear()

    def enter(self, question: Question) -> None:
        self.inside[question] += 1
        self.most_inside = max(self.most_inside, self.inside.total())
        if question[0] != "do":
            self.most_alike = max(self.most_alike, self.inside[question])

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body, (*_, kind, name) = await request.aread(), ("", *request.url.path.split("/"))
        question = (name, json.loads(body)["data"][0]) if kind in ("call", "run") else None
        self.requests += 1
        if question:
            self._ask(question)
        await asyncio.sleep(0.01)
        await self._connected()
        if self.ill in STATUSES:
            status, headers = STATUSES[self.ill]
            if question:
                self._later[question] = _now() + float(headers.get("Retry-After", 0))
            return httpx2.Response(status, headers=headers, json={})
        match kind, name:
            case _, "config":
                return httpx2.Response(200, json=self._config())
            case _, "info":
                return httpx2.Response(200, json=INFO)
            case "call", _ if question:
                event = f"event{next(self._events_given)}"
                self._joined[event] = question
                return httpx2.Response(200, json={"event_id": event})
            case "run", _ if question:
                return await self._run(question)
            case "queue", "data":
                question = self._joined.pop(request.url.params["session_hash"], None)
                told = Answer(self, question, self._events(question))
                return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=told)
        raise AssertionError(f"Nobody needs {request.url}.")

    def _ask(self, question: Question) -> None:
        self.asked += 1
        if _now() < self._later.get(question, 0):
            self.hurried.append(question)

    async def _connected(self) -> None:
        match self.ill:
            case "refuses":
                raise httpx2.ConnectError("refused")
            case "is a black hole":
                await asyncio.sleep(3)
                raise httpx2.ConnectTimeout("nobody there")
            case "hangs up":
                raise httpx2.ReadError("reset")

    def _config(self) -> dict[str, Any]:
        more = "2" if self.ill == "renamed" else ""
        functions = [
            {"id": number, "api_name": name + more, "inputs": [1], "outputs": [1], "queue": name != "do"}
            for number, name in enumerate(FUNCTIONS)
        ]
        about = {"version": "6.31.0", "protocol": "sse_v3", "api_prefix": "/gradio_api", "app_id": self.deployment}
        return {**about, "components": [{"id": 1, **TEXTBOX}], "dependencies": functions}

    def _gives(self, question: Question) -> Any:
        return 7 if self.ill == "of another kind" else said(*question)

    async def _run(self, question: Question) -> httpx2.Response:
        self.enter(question)
        try:
            await asyncio.sleep(self.seconds)
            match self.ill:
                case "full":
                    return httpx2.Response(503, json={"error": "Queue is full."})
            self.done[question] += 1
            match self.ill:
                case "fails without a word":
                    return httpx2.Response(500, json={"error": None})
                case "says no" | "says a part and no":
                    return httpx2.Response(500, json={"error": "No."})
                case "stops" | "is cut off" | "says a part and stops":
                    raise httpx2.RemoteProtocolError("cut off")
                case "is silent" | "only beats":
                    await asyncio.sleep(10_000)
                case "babbles":
                    return httpx2.Response(200, content=b'{"data": [')
            return httpx2.Response(200, json={"data": [self._gives(question)]})
        finally:
            self.inside -= Counter([question])

    async def _events(self, question: Question | None) -> AsyncGenerator[bytes]:
        deployment = self.deployment
        yield event(msg="estimation", rank=0, queue_size=1, rank_eta=None)
        await asyncio.sleep(self.seconds)
        if question is None or deployment != self.deployment:
            return
        if "part" in str(self.ill) or question[0] == "tell":
            yield event(msg="process_generating", output={"data": [f"{question[1]} so far"]}, success=True)
        match self.ill:
            case "full":
                yield event(msg="queue_full")
            case "fails without a word":
                yield event(msg="process_completed", output={"error": None}, success=False)
            case "says no" | "says a part and no":
                yield event(msg="process_completed", output={"error": "No."}, success=False)
            case "stops" | "says a part and stops":
                return
            case "is cut off":
                raise httpx2.ReadError("cut off")
            case "is silent":
                await asyncio.sleep(10_000)
            case "only beats":
                while True:
                    yield event(msg="heartbeat")
                    await asyncio.sleep(15)
            case "babbles":
                yield b"data: {\n\n"
        yield event(msg="process_completed", output={"data": [self._gives(question)]}, success=True)


def _now() -> float:
    return asyncio.get_running_loop().time()


def event(**message: Any) -> bytes:
    return f"data: {json.dumps(message)}\n\n".encode()


class Answer(httpx2.AsyncByteStream):
    """An event stream, and who waits for it."""

    def __init__(self, space: IllGradio, question: Question | None, events: AsyncGenerator[bytes]):
        self._space, self._question, self._events = space, question, events
        space.open.add(self)
        if question:
            space.enter(question)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for each in self._events:
            yield each

    async def aclose(self) -> None:
        self._space.open.discard(self)
        if self._question:
            self._space.inside -= Counter([self._question])
            self._question = None
        await self._events.aclose()
