"""
One connection to one Space: messages out, messages in, and every foreign error as a fault.

Knows HTTP, event streams and sockets, and nothing of Gradio's generations: those are in
`dialects/`, which speak only through a `Wire`. `transcript.py` holds another one, which
repeats what a real Space once said.
"""

import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from time import time
from typing import Protocol
from uuid import uuid4

import httpx2
import httpx2.websockets

from api_bridge.faults import AppFailed, ContractBroken, Fault, OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.media import File
from api_bridge.strict_json import Json, loads

CONNECT = 3.0  # seconds until a Space must have taken the call
FIRST_BYTE = 10.0  # seconds until it must say something where nothing has to be computed, and between two bytes
SILENCE = 35.0  # seconds that an event stream may be silent; Gradio's heartbeat comes every 15
LINES = httpx2.Limits(max_connections=100, keepalive_expiry=4)  # Gradio hangs up after 5 seconds: not in our hands
LONGEST_ANSWER = 4_000_000  # bytes of JSON
LARGEST_FILE = 25_000_000  # bytes of a file that a Space gives back
WITH_FILES = 35_000_000  # bytes of JSON where files stand inside it, as until Gradio 3


class Socket(Protocol):
    """A conversation, for the generations that hold one."""

    async def hear(self) -> dict[str, Json]:
        """Return the next message."""
        ...

    async def tell(self, message: Json) -> None:
        """Send one."""
        ...


class Wire(Protocol):
    """What dialects speak through; paths are below the Space's address."""

    async def get(self, path: str, most: int = ...) -> Json:
        """Return the JSON at `path`, of `most` bytes."""
        ...

    async def post(self, path: str, body: Json, most: int = ..., *, at_once: bool = ...) -> Json:
        """Return the JSON that `body` is answered with, of `most` bytes; `at_once` where nothing is computed first."""
        ...

    def events(self, path: str) -> contextlib.AbstractAsyncContextManager[AsyncIterator[dict[str, Json]]]:
        """Listen to the messages of an event stream."""
        ...

    def socket(self, path: str) -> contextlib.AbstractAsyncContextManager[Socket]:
        """Open a conversation."""
        ...

    async def upload(self, path: str, file: File) -> Json:
        """Return what a file given as a form is answered with."""
        ...

    async def fetch(self, path: str) -> bytes:
        """Return a file's bytes."""
        ...

    def session(self) -> str:
        """Return a name nobody else uses, for one question."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class HttpWire:
    """A Space over HTTP or, given a transport, in this very process."""

    def __init__(self, address: str, *, transport: httpx2.AsyncBaseTransport | None = None, token: str | None = None):
        self.address, self.token = address, token
        self._client = httpx2.AsyncClient(
            base_url=address,
            transport=transport,
            verify=_trusted(),
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=_timers(),  # all else ends with the question
            limits=LINES,
            follow_redirects=False,
        )
        # Visitors share this client: what a Space sets for one must not reach the next.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._socket_address = re.sub("^http", "ws", address)

    async def get(self, path: str, most: int = LONGEST_ANSWER) -> Json:
        async with translated(), self._client.stream("GET", _below(path), timeout=_timers(FIRST_BYTE)) as response:
            return await body_of(response, most)

    async def post(self, path: str, body: Json, most: int = LONGEST_ANSWER, *, at_once: bool = False) -> Json:
        timers = _timers(FIRST_BYTE if at_once else None)
        async with translated(), self._client.stream("POST", _below(path), json=body, timeout=timers) as response:
            return await body_of(response, most)

    async def upload(self, path: str, file: File) -> Json:
        files = {"files": (f"file{file.ending}", file.content, file.media)}
        timers = _timers(FIRST_BYTE)
        async with translated(), self._client.stream("POST", _below(path), files=files, timeout=timers) as response:
            return await body_of(response, LONGEST_ANSWER)

    async def fetch(self, path: str) -> bytes:
        async with translated(), self._client.stream("GET", _below(path), timeout=_timers(FIRST_BYTE)) as response:
            content = await _read(response, LARGEST_FILE)
            _refuse_status(response, content)
            return content

    @contextlib.asynccontextmanager
    async def events(self, path: str) -> AsyncIterator[AsyncIterator[dict[str, Json]]]:
        listening = self._client.sse(_below(path), max_event_size=LONGEST_ANSWER, timeout=_timers(SILENCE))
        async with translated(), listening as events:
            _refuse_status(events.response)
            yield _messages(events)

    @contextlib.asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[Socket]:
        try:
            async with (
                translated(),
                self._client.websocket(self._socket_address + path, max_message_size_bytes=WITH_FILES) as opened,
            ):
                yield _WebSocket(opened)
        except BaseExceptionGroup as group:  # httpx2 holds sockets in a task group: one cause, wrapped
            raise _only(group) from group

    def session(self) -> str:
        return uuid4().hex

    async def close(self) -> None:
        await self._client.aclose()


class _WebSocket:
    def __init__(self, opened: "httpx2.websockets.AsyncWebSocketSession"):
        self._opened = opened

    async def hear(self) -> dict[str, Json]:
        return object_of(_json(await self._opened.receive_text()))

    async def tell(self, message: Json) -> None:
        await self._opened.send_json(message)


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once, for it takes 30 ms and more than a megabyte."""
    return httpx2.create_ssl_context()


def _timers(silence: float | None = None) -> httpx2.Timeout:
    return httpx2.Timeout(None, connect=CONNECT, read=silence)


def object_of(value: Json) -> dict[str, Json]:
    """Return `value`, which Gradio always says as an object."""
    if not isinstance(value, dict):
        raise ContractBroken("The Space's answer is not one of Gradio's.")
    return value


def app_failed(text: Json) -> Fault:
    """The app's own words, where it gave any, without what could disturb a page or a terminal."""
    words = "".join(letter for letter in text if letter.isprintable())[:300] if isinstance(text, str) else ""
    if len(words) > 1 and words[0] == words[-1] == "'":
        words = words[1:-1]  # until Gradio 5.0 they come quoted
    fault = AppFailed(f"The model says: {words}" if words else "The model failed and did not say why.")
    fault.wordless = not words
    return fault


def queue_full() -> Fault:
    """The Space is up, and its queue takes no more."""
    fault = SpaceBusy("The Space's queue is full.")
    fault.full = fault.unseen = True
    return fault


async def _messages(events: "httpx2.EventSource") -> AsyncIterator[dict[str, Json]]:
    async for told in events:
        yield object_of(_json(told.data))


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error that a group was made around; a fault before anything that followed from it."""
    inside = [_only(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    return next((error for error in inside if isinstance(error, Fault)), inside[0])


def _json(text: str | bytes) -> Json:
    try:
        return loads(text)
    except ValueError as error:
        raise ContractBroken(f"The Space's answer can not be read: {error}.") from error


def _below(path: str) -> str:
    """Return `path`, which may lead nowhere but below the Space's own address, whatever the Space says."""
    if not re.match(r"/(?!/)", path):
        raise ContractBroken("The Space sends elsewhere, where the bridge does not follow.")
    return path


async def body_of(response: httpx2.Response, most: int) -> Json:
    """Return the JSON in an answer of at most `most` bytes, or raise the fault that it stands for."""
    content = await _read(response, most)
    _refuse_status(response, content)
    return _json(content)


async def _read(response: httpx2.Response, most: int) -> bytes:
    """Read to the end, but not for ever."""
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > most:
            raise ContractBroken(f"The Space's answer is longer than {most // 1_000_000} MB.")
    return b"".join(parts)


def _refuse_status(response: httpx2.Response, content: bytes = b"") -> None:
    """Raise the fault that a status stands for; Gradio's are not to be trusted, so its texts are read too."""
    status = response.status_code
    if status == 200:
        return
    if status in (429, 502, 503, 504):
        after = _retry_after(response.headers.get("Retry-After"))
        busy = SpaceBusy("The Space is busy or starting.", retry_after=after)
        busy.full = busy.unseen = status == 429 or b"Queue is full" in content
        raise busy
    if status in (401, 403):
        raise SpaceUnreachable(
            "The Space is private or asks for a login: the bridge has no token for it, or none that it accepts."
        )
    if status == 404:
        raise ContractBroken("The Space, or what was agreed with it, is not there any more.")
    if 300 <= status < 400:
        raise SpaceUnreachable("The Space sends elsewhere, where the bridge does not follow.")
    with contextlib.suppress(ValueError):
        answer = loads(content)
        if isinstance(answer, dict) and "error" in answer:
            raise app_failed(answer["error"])
    if status >= 500:  # no words of Gradio's: something before it, or a start that went wrong
        raise SpaceBusy(f"The Space failed with status {status}.")
    raise ContractBroken(f"The Space answered with status {status}, which Gradio does not.")


def _retry_after(text: str | None) -> float | None:
    """Seconds or a date, as HTTP has it; anything else is nothing."""
    if text is None:
        return None
    if re.fullmatch("[0-9]{1,6}", text.strip()):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (TypeError, ValueError):
        return None


@contextlib.asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn foreign errors into faults, where they enter."""
    try:
        yield
    except TimeoutError as error:
        raise OutOfTime("The model did not answer in time.") from error
    except httpx2.websockets.WebSocketUpgradeError as error:
        _refuse_status(error.response)
        raise ContractBroken("The Space's answer is not one of Gradio's.") from error
    except httpx2.websockets.HTTPXWSException as error:
        raise SpaceBusy("The Space stopped before it had answered.") from error
    except httpx2.SSEError as error:
        raise ContractBroken("The Space's answer is not one of Gradio's.") from error
    except httpx2.TransportError as error:
        causes = list(_causes(error))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            raise SpaceUnreachable("There is no Space at this address.") from error
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            raise SpaceUnreachable("The Space's certificate is not valid.") from error
        busy = SpaceBusy("The Space does not answer.")
        busy.unseen = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
        raise busy from error
    except httpx2.HTTPError as error:
        raise SpaceUnreachable("The Space can not be asked.") from error


def _causes(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
