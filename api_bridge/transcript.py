"""
What was said between the bridge and a real Space, kept, and said again later without it.

    wire = RecordingWire(HttpWire(address))     speaks, and keeps what was said
    transcript = wire.transcript()              JSON; no token, no address, nothing that no dialect reads
    GradioSpace("recorded", wire=RecordedWire(transcript))

Tests of every dialect run from such transcripts, in milliseconds and offline.
"""

import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from api_bridge.faults import Fault
from api_bridge.media import File
from api_bridge.strict_json import Json
from api_bridge.wire import LONGEST_ANSWER, HttpWire, Socket

SPACE = "http://space"  # in the place of every address

# Of `/config` and `/info`, what any dialect reads: the rest is large, and of no use here.
KEPT = {
    "config": ("version", "protocol", "api_prefix", "enable_queue", "input_components", "output_components"),
    "component": ("id", "type", "props"),
    "dependency": ("id", "targets", "inputs", "outputs", "backend_fn", "queue", "api_name", "types"),
    "parameter": ("label", "parameter_name", "parameter_has_default", "parameter_default", "component"),
}


class TranscriptError(Exception):
    """Something else was asked than was recorded; the text says what."""


class RecordingWire:
    """Passes everything on to a real Space, and keeps it."""

    def __init__(self, wire: HttpWire):
        self._wire = wire
        self.address, self.token = wire.address, wire.token
        self.said: list[dict[str, Json]] = []
        self._sessions = 0

    def transcript(self) -> dict[str, Json]:
        """Return what was said so far; `gradio` is the version that said it."""
        version = next((each["answer"].get("version") for each in self.said if each["path"] == "/config"), None)
        text = json.dumps({"gradio": str(version).strip(), "said": _once(self.said)})
        # By host, whatever the port: Gradio 5.0 cuts a digit off its own.
        text = re.sub(rf"https?://{re.escape(str(urlsplit(self.address).hostname))}(:\d+)?", SPACE, text)
        if self.token:
            text = text.replace(self.token, "token")
        return dict(json.loads(text))

    async def get(self, path: str, most: int = LONGEST_ANSWER) -> Json:
        said = self._say("get", path)
        with _kept(said):
            answer = await self._wire.get(path, most)
            said["answer"] = _shortened(path, answer)
        return answer

    async def post(self, path: str, body: Json, most: int = LONGEST_ANSWER, *, at_once: bool = False) -> Json:
        said = self._say("post", path, body=body)
        with _kept(said):
            said["answer"] = await self._wire.post(path, body, most, at_once=at_once)
        return said["answer"]

    async def upload(self, path: str, file: File) -> Json:
        said = self._say("upload", path, body=_named(file))
        with _kept(said):
            said["answer"] = await self._wire.upload(path, file)
        return said["answer"]

    async def fetch(self, path: str) -> bytes:
        said = self._say("fetch", path)
        with _kept(said):
            content = await self._wire.fetch(path)
            said["answer"] = base64.b64encode(content).decode("ascii")
        return content

    @contextlib.asynccontextmanager
    async def events(self, path: str) -> AsyncIterator[AsyncIterator[dict[str, Json]]]:
        said = self._say("events", path, heard=[])

        async def heard(events: AsyncIterator[dict[str, Json]]) -> AsyncIterator[dict[str, Json]]:
            async for message in events:
                said["heard"].append(message)
                yield message

        with _kept(said):
            async with self._wire.events(path) as events:
                yield heard(events)

    @contextlib.asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[Socket]:
        said = self._say("socket", path, heard=[], told=[])
        with _kept(said):
            async with self._wire.socket(path) as socket:
                yield _RecordingSocket(socket, said)

    def session(self) -> str:
        self._sessions += 1
        return f"session{self._sessions}"

    async def close(self) -> None:
        await self._wire.close()

    def _say(self, do: str, path: str, **more: Json) -> dict[str, Json]:
        said = {"do": do, "path": path, **more}
        self.said.append(said)
        return said


class _RecordingSocket:
    def __init__(self, socket: Socket, said: dict[str, Json]):
        self._socket, self._said = socket, said

    async def hear(self) -> dict[str, Json]:
        message = await self._socket.hear()
        self._said["heard"].append(message)
        return message

    async def tell(self, message: Json) -> None:
        self._said["told"].append(message)
        await self._socket.tell(message)


class RecordedWire:
    """Says again what a Space once said, to whoever asks the same."""

    def __init__(self, transcript: Mapping[str, Json]):
        self._left = [dict(each) for each in transcript["said"]]
        self._got: dict[str, dict[str, Json]] = {}
        self._sessions = 0

    async def get(self, path: str, most: int = LONGEST_ANSWER) -> Json:
        said = self._next("get", path)
        if not said.get("again"):
            self._got[path] = said
        return _answer(self._got[path])

    async def post(self, path: str, body: Json, most: int = LONGEST_ANSWER, *, at_once: bool = False) -> Json:
        return _answer(self._next("post", path, body))

    async def upload(self, path: str, file: File) -> Json:
        return _answer(self._next("upload", path, _named(file)))

    async def fetch(self, path: str) -> bytes:
        return base64.b64decode(_answer(self._next("fetch", path)))

    @contextlib.asynccontextmanager
    async def events(self, path: str) -> AsyncIterator[AsyncIterator[dict[str, Json]]]:
        said = self._next("events", path)

        async def heard() -> AsyncIterator[dict[str, Json]]:
            for message in said["heard"]:
                yield message
            _raise_kept(said)

        yield heard()

    @contextlib.asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[Socket]:
        yield _RecordedSocket(self._next("socket", path))

    def session(self) -> str:
        self._sessions += 1
        return f"session{self._sessions}"

    async def close(self) -> None:
        """Nothing is held."""

    def _next(self, do: str, path: str, body: Json = None) -> dict[str, Json]:
        for at, said in enumerate(self._left):
            if (said["do"], said["path"], said.get("body")) == (do, path, body):
                return self._left.pop(at)
        raise TranscriptError(f"{do} {path} with {str(body)[:200]} was not recorded, or not so often.")


class _RecordedSocket:
    def __init__(self, said: Mapping[str, Json]):
        self._said = said
        self._heard, self._told = iter(said["heard"]), iter(said["told"])

    async def hear(self) -> dict[str, Json]:
        for message in self._heard:
            return dict(message)
        _raise_kept(self._said)
        raise TranscriptError("Nothing more was heard on this socket.")

    async def tell(self, message: Json) -> None:
        if message != next(self._told, None):
            raise TranscriptError(f"{str(message)[:200]} was not told on this socket.")


@contextlib.contextmanager
def _kept(said: dict[str, Json]) -> Any:
    """Keep a fault as it was raised, so that it can be raised again."""
    try:
        yield
    except Fault as fault:
        said["fault"] = {"kind": fault.kind, "detail": fault.detail}
        raise


def _answer(said: Mapping[str, Json]) -> Json:
    _raise_kept(said)
    return said["answer"]


def _raise_kept(said: Mapping[str, Json]) -> None:
    if kept := said.get("fault"):
        raise next(kind for kind in _family(Fault) if kind.kind == kept["kind"])(kept["detail"])


def _family(kind: type[Fault]) -> list[type[Fault]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _family(child))]


def _once(said: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """What was read several times and had not changed is kept once."""
    last: dict[str, dict[str, Json]] = {}
    kept = []
    for each in said:
        again = each["do"] == "get" and last.get(each["path"]) == each
        kept.append({"do": "get", "path": each["path"], "again": True} if again else each)
        if each["do"] == "get":
            last[each["path"]] = each
    return kept


def _named(file: File) -> Json:
    """A file that was sent, known again by its bytes."""
    return {**file.described(), "sha256": sha256(file.content).hexdigest()}


def _shortened(path: str, answer: Json) -> Json:
    if not isinstance(answer, dict):
        return answer
    if path == "/config" and "components" in answer:
        return {
            **_only(answer, "config"),
            "components": [_only(each, "component") for each in answer["components"]],
            "dependencies": [_only(each, "dependency") for each in answer.get("dependencies", ())],
        }
    if path.endswith("/info") and "named_endpoints" in answer:
        named = answer["named_endpoints"].items()
        return {
            "named_endpoints": {
                name: {"parameters": [_only(each, "parameter") for each in endpoint["parameters"]]}
                for name, endpoint in named
            }
        }
    return answer


def _only(value: Mapping[str, Json], what: str) -> dict[str, Json]:
    return {name: value[name] for name in KEPT[what] if name in value}
