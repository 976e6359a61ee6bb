"""
A question whose answer takes a while, told as it happens: `Accept: text/event-stream`.

    accepted · stage · queue · progress · partial · step · prediction or problem

`step` says how the steps of one question stand, where there are several or one is asked for each of several.
The work ends when the last one listening has left.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from starlette.requests import Request

from api_bridge.dialects import Told
from api_bridge.strict_json import Json

HEARTBEAT = 10.0  # seconds of silence after which a comment says that we are still here
UNREAD = 64  # events kept for a slow reader; what is beyond them is lost, but for the last


async def told_as_it_happens(
    ask: Callable[[Told], Awaitable[tuple[str, Json]]], accepted: Json, heartbeat: float = HEARTBEAT
) -> AsyncIterator[bytes]:
    """
    Yield the events of one question, ending with what `ask` returns: its last event's name, and what it says.

    Whoever stops listening stops the question.
    """
    waiting: asyncio.Queue[tuple[str, Json] | None] = asyncio.Queue()  # None: there is nothing more to tell

    def told(event: str, about: Json) -> None:
        if waiting.qsize() < UNREAD:
            waiting.put_nowait((event, about))

    yield event("accepted", accepted)
    asking = asyncio.ensure_future(ask(told))
    asking.add_done_callback(lambda _: waiting.put_nowait(None))
    try:
        while True:
            try:
                async with asyncio.timeout(heartbeat):
                    said = await waiting.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if said is None:
                break
            yield event(*said)
        yield event(*await asking)
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await asking


def event(name: str, about: Json) -> bytes:
    """Return one event as the stream has it; JSON holds no bare line ends, so it is always one line."""
    return f"event: {name}\ndata: {json.dumps(about, ensure_ascii=False)}\n\n".encode()


class Left(Exception):
    """Whoever asked is not there any more."""


async def unless_they_leave(request: Request, *work: asyncio.Future[Any]) -> None:
    """Wait for the first of `work`, or cancel it and raise `Left` when whoever asked has left; the body is read."""
    leaving = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({*work, leaving}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        _cancel(work)
        raise
    finally:
        leaving.cancel()
    if not any(each.done() for each in work):
        _cancel(work)
        raise Left


def _cancel(work: Iterable[asyncio.Future[Any]]) -> None:
    for each in work:
        each.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
