"""
One call to one Space in its own words: no retries, no schemas.

Speaks the Gradio of today (5 and 6: protocol `sse_v3`, prefix `/gradio_api`). Other
generations will be other dialects behind the same two verbs, `about` and `ask`.
"""

import asyncio
import base64
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from time import time
from typing import Protocol

import httpx2

from api_bridge.contract import File, Json, loads
from api_bridge.faults import AppFailed, ContractBroken, Fault, OutOfTime, SpaceBusy, SpaceUnreachable

PREFIX = "/gradio_api"
CONNECT = 3.0  # seconds until a Space must have taken the call
LONGEST_ANSWER = 4_000_000  # bytes of JSON


@dataclass(frozen=True)
class Endpoint:
    """One function of a Space, found by its name: its number changes between starts."""

    parameters: tuple[str, ...]  # in the order Gradio takes them
    queued: bool


@dataclass(frozen=True)
class About:
    """What a Space says of itself."""

    gradio: str  # its version
    dialect: str
    endpoints: Mapping[str, Endpoint]


class Space(Protocol):
    """Whatever can be asked: a Gradio app, or a recording of one."""

    async def about(self) -> About:
        """Return what the Space says of itself."""
        ...

    async def ask(self, endpoint: str, takes: Mapping[str, Json], seconds: float) -> list[Json]:
        """Return `endpoint`'s outputs for the parameters in `takes`, within `seconds`, or raise a `Fault`."""
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
    """A Gradio app, over HTTP or, given a transport, in this very process."""

    def __init__(self, space: str, *, transport: httpx2.AsyncBaseTransport | None = None, token: str | None = None):
        self.address = address(space)
        self._client = httpx2.AsyncClient(
            base_url=self.address,
            transport=transport,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            timeout=httpx2.Timeout(None, connect=CONNECT),  # all else ends with the question
            follow_redirects=False,
        )
        # Visitors share this client: what a Space sets for one must not reach the next.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._about: About | None = None

    async def about(self) -> About:
        """Read what the Space says of itself now, whatever it said before."""
        self._about = None
        async with self._asking(CONNECT + 10):
            return await self._known()

    async def ask(self, endpoint: str, takes: Mapping[str, Json], seconds: float) -> list[Json]:
        """Ask by the shortest road the endpoint allows: `/run`, or the queue where it insists."""
        async with self._asking(seconds):
            found = (await self._known()).endpoints.get(endpoint)
            if found is None:
                raise ContractBroken(f"The Space has no endpoint {endpoint} any more.")
            body = {"data": _arguments(endpoint, found, takes)}
            if found.queued:
                return await self._queue(endpoint, body)
            return _outputs(await self._post(f"{PREFIX}/run{endpoint}", body))

    async def close(self) -> None:
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def _asking(self, seconds: float) -> AsyncIterator[None]:
        """
        Whatever goes wrong inside ends within `seconds`, as a fault that names this Space.

        An app in this process answers its own cancellation with an error, so time is looked at first.
        """
        try:
            async with _translated(), asyncio.timeout(seconds) as limit:
                try:
                    yield
                except Fault as fault:
                    if limit.expired():
                        raise TimeoutError from fault
                    raise
        except Fault as fault:
            self._about = None  # a new deployment may be why
            fault.space = {"address": self.address}
            raise

    async def _known(self) -> About:
        """Read `/config` and `/info` once, until a fault makes them doubtful."""
        if self._about is None:
            config = _object(await self._get("/config"))
            if config.get("protocol") != "sse_v3" or config.get("api_prefix") != PREFIX:
                version = str(config.get("version", "of an unknown version")).strip()
                raise ContractBroken(f"This Space speaks Gradio {version}, which the bridge does not know yet.")
            self._about = _read_about(config, _object(await self._get(f"{PREFIX}/info")))
        return self._about

    async def _queue(self, endpoint: str, body: Json) -> list[Json]:
        """
        Join the queue by the endpoint's name, and listen to its messages.

        Gradio's own listener for `/call` hides an app's error text before 6.31; the
        queue's does not, and knows the event under the same name.
        """
        event = _object(await self._post(f"{PREFIX}/call{endpoint}", body)).get("event_id")
        if not isinstance(event, str) or not event.isalnum():
            raise ContractBroken("The Space's answer is not one of Gradio's.")
        path = f"{PREFIX}/queue/data?session_hash={event}"
        async with self._client.sse(path, max_event_size=LONGEST_ANSWER) as events:
            _refuse_status(events.response)
            async for told in events:
                message = _object(_json(told.data))
                if message.get("msg") == "process_completed":
                    output = _object(message.get("output"))
                    if message.get("success") is not True:
                        raise _app_failed(output.get("error"))
                    return _outputs(output)
                if message.get("msg") == "unexpected_error":
                    raise _app_failed(message.get("message"))
        raise SpaceBusy("The Space stopped before it had answered.")

    async def _get(self, path: str) -> Json:
        async with self._client.stream("GET", path) as response:
            return await _body(response)

    async def _post(self, path: str, body: Json) -> Json:
        async with self._client.stream("POST", path, json=body) as response:
            return await _body(response)


def _read_about(config: dict[str, Json], info: dict[str, Json]) -> About:
    endpoints = {}
    try:
        named = info["named_endpoints"]
        for dependency in config["dependencies"]:
            name = f"/{dependency.get('api_name')}"
            if name in named:
                parameters = tuple(str(parameter["parameter_name"]) for parameter in named[name]["parameters"])
                endpoints[name] = Endpoint(parameters, dependency.get("queue") is not False)
    except (AttributeError, KeyError, TypeError) as error:
        raise ContractBroken("What the Space says of itself is not Gradio's.") from error
    return About(str(config.get("version", "")).strip(), "queue5", endpoints)


def _arguments(name: str, endpoint: Endpoint, takes: Mapping[str, Json]) -> list[Json]:
    """Put `takes` in the endpoint's order; a file travels inside, as Gradio's file with a data URL."""
    if set(endpoint.parameters) != set(takes):
        raise ContractBroken(
            f"The endpoint {name} takes {', '.join(endpoint.parameters) or 'nothing'} "
            f"where {', '.join(takes) or 'nothing'} was agreed."
        )
    return [_argument(takes[parameter]) for parameter in endpoint.parameters]


def _argument(value: Json) -> Json:
    if not isinstance(value, File):
        return value
    content = base64.b64encode(value.content).decode("ascii")
    return {"url": f"data:{value.media};base64,{content}", "meta": {"_type": "gradio.FileData"}}


def _outputs(answer: Json) -> list[Json]:
    outputs = _object(answer).get("data")
    if not isinstance(outputs, list):
        raise ContractBroken("The Space's answer is not one of Gradio's.")
    return outputs


def _app_failed(text: Json) -> Fault:
    """The app's own words, where it gave any, without what could disturb a page or a terminal."""
    words = "".join(letter for letter in text if letter.isprintable())[:300] if isinstance(text, str) else ""
    return AppFailed(f"The model says: {words}" if words else "The model failed and did not say why.")


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise ContractBroken("The Space's answer is not one of Gradio's.")
    return value


def _json(text: str | bytes) -> Json:
    try:
        return loads(text)
    except ValueError as error:
        raise ContractBroken(f"The Space's answer can not be read: {error}.") from error


async def _body(response: httpx2.Response) -> Json:
    content = await _read(response)
    _refuse_status(response, content)
    return _json(content)


async def _read(response: httpx2.Response) -> bytes:
    """Read to the end, but not for ever."""
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > LONGEST_ANSWER:
            raise ContractBroken(f"The Space's answer is longer than {LONGEST_ANSWER // 1_000_000} MB.")
    return b"".join(parts)


def _refuse_status(response: httpx2.Response, content: bytes = b"") -> None:
    """Raise the fault that a status stands for; Gradio's are not to be trusted, so its texts are read too."""
    status = response.status_code
    if status == 200:
        return
    if status in (429, 502, 503, 504):
        after = _retry_after(response.headers.get("Retry-After"))
        raise SpaceBusy("The Space is busy or starting.", retry_after=after)
    if status in (401, 403):
        raise SpaceUnreachable("The Space is private and did not accept the bridge's token.")
    if status == 404:
        raise ContractBroken("The Space, or what was agreed with it, is not there any more.")
    if 300 <= status < 400:
        raise SpaceUnreachable("The Space sends elsewhere, where the bridge does not follow.")
    with contextlib.suppress(ValueError):
        answer = loads(content)
        if isinstance(answer, dict) and "error" in answer:
            raise _app_failed(answer["error"])
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
async def _translated() -> AsyncIterator[None]:
    """Turn foreign errors into faults, where they enter."""
    try:
        yield
    except TimeoutError as error:
        raise OutOfTime("The model did not answer in time.") from error
    except httpx2.SSEError as error:
        raise ContractBroken("The Space's answer is not one of Gradio's.") from error
    except httpx2.TransportError as error:
        causes = list(_causes(error))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            raise SpaceUnreachable("There is no Space at this address.") from error
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            raise SpaceUnreachable("The Space's certificate is not valid.") from error
        raise SpaceBusy("The Space does not answer.") from error
    except httpx2.HTTPError as error:
        raise SpaceUnreachable("The Space can not be asked.") from error


def _causes(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
