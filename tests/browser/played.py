"""
A bridge on a real socket that a test plays: it says what the test tells it, when the test tells it.

    with playing(folder) as bridge:
        page.goto(bridge.demo)
        …                                       # a visitor asks
        question = bridge.next()
        question.tell("queue", place=2, eta=None)
        question.tell("prediction", prediction=CAT_SAID)
"""

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import CAT, CATDOG
from playwright.sync_api import Page, expect
from servers import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import build
import dev
from api_bridge.stream import event

READABLE = {"Access-Control-Allow-Origin": "*"}
CAT_SAID, DOG_SAID = (
    example["prediction"]
    for example in json.loads((CATDOG / "contract.json").read_text(encoding="utf-8"))["examples"][:2]
)
SLEEPS = "<h1>This Space is sleeping</h1>"


class Question:
    """One that has arrived; what is told is sent at once, in a piece of its own."""

    def __init__(self, photo: bytes, accept: str):
        self.photo, self.accept = photo, accept
        self.left = threading.Event()  # the page listens no more
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(self, name: str, /, **about: Any) -> None:
        """Tell one event; after a prediction or a problem, nothing more."""
        self.say(event(name, about))
        if name in ("prediction", "problem"):
            self.end()

    def say(self, content: bytes) -> None:
        """Send these very bytes."""
        self._loop.call_soon_threadsafe(self._said.put_nowait, content)

    def end(self) -> None:
        """Send nothing more."""
        self._loop.call_soon_threadsafe(self._said.put_nowait, None)

    async def stream(self) -> AsyncIterator[bytes]:
        """What the page reads."""
        try:
            while (content := await self._said.get()) is not None:
                yield content
        finally:
            self.left.set()


class Played:
    """The bridge. While it is `asleep`, its host answers in its place, with a page that no script may read."""

    demo: str  # the address of the page that asks it

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget what was asked, for the next test."""
        self.asleep = False
        self.instead: Response | None = None  # what questions are answered with, at once
        self.health: Any = {"alive": True}
        self.asked = self.polls = 0  # requests
        self.poll = threading.Event()  # polls are answered
        self.poll.set()
        self._arrived: queue.Queue[Question] = queue.Queue()

    def next(self) -> Question:
        """Wait for the next question that is not answered at once."""
        return self._arrived.get(timeout=15)

    async def ask(self, request: Request) -> Response:
        self.asked += 1
        async with request.form() as form:
            question = Question(await form["photo"].read(), request.headers["accept"])
        if self.asleep:
            return HTMLResponse(SLEEPS, 503)
        if self.instead:
            return self.instead
        self._arrived.put(question)
        return StreamingResponse(question.stream(), media_type="text/event-stream", headers=READABLE)

    async def healthz(self, request: Request) -> Response:
        self.polls += 1
        await asyncio.to_thread(self.poll.wait, 20)
        return HTMLResponse(SLEEPS, 503) if self.asleep else JSONResponse(self.health, headers=READABLE)


@contextmanager
def playing(folder: Path, site: Path = build.SITE) -> Iterator[Played]:
    """Serve the bridge, and the `site` that asks it, built into `folder`, until the block ends."""
    bridge = Played()
    ask = Route("/v1/demos/catdog/ask", bridge.ask, methods=["POST"])
    with served(Starlette(routes=[ask, Route("/healthz", bridge.healthz)])) as address:
        build.write(build.build(site=site, bridge=address), folder)
        with dev.site(folder, 0) as port:
            bridge.demo = f"http://127.0.0.1:{port}/catdog/"
            yield bridge


@contextmanager
def visited(page: Page, bridge: Played) -> Iterator[Page]:
    """The page that asks the bridge, in a browser that can not answer by itself; whatever its scripts complain of fails the test."""
    page.add_init_script("delete globalThis.Worker")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    bridge.begin()
    page.goto(bridge.demo)
    expect(page.get_by_text("Nothing asked yet.")).to_be_visible()
    yield page
    assert complaints == []


def answer(page: Page):
    """The region in which answers stand."""
    return page.get_by_role("region", name="Answer")


def ask(page: Page, photo: Path = CAT) -> None:
    """Choose a photo and ask about it."""
    page.get_by_label("Photo").set_input_files(photo)
    expect(page.get_by_role("img", name="Your photo")).to_be_visible()
    page.get_by_role("button", name="Ask", exact=True).click()


def problem(kind: str, status: int, detail: str, **more: Any) -> Response:
    """A problem before any stream, as the bridge tells one."""
    about = {"type": f"urn:tinyspaces:{kind}", "status": status, "detail": detail, **more}
    return JSONResponse(about, status, READABLE, "application/problem+json")
