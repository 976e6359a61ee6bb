"""
A server on a real socket that does to its answers what a script says, and then goes on well.

    script = {"run": [Harm("reset"), None, Harm("stall", seconds=60), ...]}
    with fault_server(SmallGradio(), script) as space:             # plays a Gradio
    with fault_server(PassedOn("http://127.0.0.1:7860"), script) as space:     # stands before a real one
        ...
        assert space.asked["run"] == 2

A script has a list for each of `KINDS`: what is done to the first answer of that kind, to the second and so
on; `None` is nothing, and a final `...` does the one before it for ever.
"""

import asyncio
import math
import random
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import EllipsisType
from urllib.parse import urlsplit

KINDS = ("config", "info", "call", "join", "data", "runtime", "run", "upload", "file")

LINGER_NOT = struct.pack("ii", 1, 0)  # a socket closed with this is reset


@dataclass(frozen=True)
class Harm:
    """
    What is done to one answer on its way, once `after` bytes of its body have passed, or all; for None, not even its head.

    `cut` closes the connection, `reset` resets it, `stall` is silent for so many `seconds` and goes on,
    `dribble` sends the rest byte by byte with so many seconds between two, and `say` sends what is `said`.
    """

    how: str
    after: int | None = None
    seconds: float = 0.0
    said: bytes = b""


Script = Mapping[str, Sequence[Harm | EllipsisType | None]]


@dataclass(frozen=True)
class Request:
    """What somebody asked, and when."""

    kind: str
    method: str
    path: str
    headers: Mapping[str, str]
    head: bytes
    body: bytes
    at: float


Play = Callable[[Request], AsyncIterator[bytes]]  # an answer in parts, the whole head in the first


def answer(body: bytes = b"{}", status: int = 200, media: str = "application/json", **headers: str) -> bytes:
    """Return a whole HTTP answer, head and body."""
    told = {"Content-Type": media, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} As it is\r\n{lines}\r\n".encode() + body


def event_stream(body: bytes) -> bytes:
    """Return a whole event stream that ends with its connection."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body


class FaultServer:
    """Counts what it is asked, and plays its script."""

    def __init__(self, play: Play, script: Script, tls: ssl.SSLContext | None):
        self.play, self.script, self._tls = play, {kind: list(harms) for kind, harms in script.items()}, tls
        self.asked: Counter[str] = Counter()  # by kind
        self.heard: list[Request] = []
        self.connections = self.left = self.sent = 0  # left: who hung up before the answer had ended; sent: bytes
        self._open: set[asyncio.Task] = set()
        self.port = 0

    @property
    def address(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def times(self, kind: str) -> list[float]:
        """When questions of this kind came, in seconds."""
        return [request.at for request in self.heard if request.kind == kind]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door, and hang up."""
        self._server.close()
        open_ = list(self._open)
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(task := asyncio.current_task())
        self.connections += 1
        try:
            while request := await _read(reader):
                self.asked[request.kind] += 1
                self.heard.append(request)
                if not await self._told(request, reader, writer):
                    break
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever asked is gone, or the block has ended
        finally:
            self._open.discard(task)
            writer.close()

    async def _told(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer, unless whoever asked hangs up; return whether the connection may be used again."""
        telling = asyncio.ensure_future(self._tell(request, writer))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            self.left += not telling.done() or telling.exception() is not None
        finally:
            telling.cancel()
            leaving.cancel()
            await asyncio.gather(telling, leaving, return_exceptions=True)
        return not telling.cancelled() and telling.result()

    def _next(self, kind: str) -> Harm | None:
        harms = self.script.get(kind, [])
        if len(harms) > 1 and harms[1] is ...:
            return harms[0]
        return harms.pop(0) if harms else None

    async def _tell(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer, with what harm is due; return whether the connection may be used again."""
        harm = self._next(request.kind)
        if harm and harm.how == "say":
            await self._send(writer, harm.said)
            return b"Connection: close" not in harm.said and harm.said.startswith(b"HTTP")
        left, head = (math.inf if harm is None else 0), b""
        async for part in self.play(request):
            if not head:
                head = part.partition(b"\r\n\r\n")[0]
                left = left if harm is None or harm.after is None else len(head) + 4 + harm.after
            if len(part) <= left:
                await self._send(writer, part)
                left -= len(part)
                continue
            await self._send(writer, part[: int(left)])
            rest, left = part[int(left) :], 0
            match harm.how:
                case "cut" | "reset":
                    break
                case "stall":
                    await asyncio.sleep(harm.seconds)
                    await self._send(writer, rest)
                    left = math.inf
                case "dribble":
                    for byte in rest:
                        await self._send(writer, bytes([byte]))
                        await asyncio.sleep(harm.seconds)
        if harm and harm.how == "reset":
            reset(writer)
        return not (harm and harm.how in ("cut", "reset")) and b"connection: close" not in head.lower()

    async def _send(self, writer: asyncio.StreamWriter, part: bytes) -> None:
        for at in range(0, len(part), 65_536):
            writer.write(part[at : at + 65_536])
            await writer.drain()
            self.sent += len(part[at : at + 65_536])


def reset(writer: asyncio.StreamWriter) -> None:
    """Let a connection end as one whose other end has died."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """Read one question; None where nobody asks any more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(kind_of(path), method, path, headers, head, body, time.monotonic())


def kind_of(path: str) -> str:
    """Which of `KINDS` a path is, whatever prefix it has."""
    return next((kind for kind in KINDS if f"/{kind}" in path), "other")


class PassedOn:
    """Asks a real server, and passes on what it says as it comes."""

    def __init__(self, target: str):
        self._host, self._port = urlsplit(target).hostname, urlsplit(target).port

    async def __call__(self, request: Request) -> AsyncIterator[bytes]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            head = request.head.replace(b"onnection: keep-alive", b"onnection: close")
            writer.write(head + request.body)
            yield await reader.readuntil(b"\r\n\r\n")
            while part := await reader.read(65_536):
                yield part
        finally:
            writer.close()


@contextmanager
def fault_server(play: Play, script: Script | None = None, tls: ssl.SSLContext | None = None) -> Iterator[FaultServer]:
    """Run a fault server in a thread of its own until the block ends."""
    it, loop = FaultServer(play, script or {}, tls), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(it.start(), loop).result(10)
    try:
        yield it
    finally:
        asyncio.run_coroutine_threadsafe(it.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes no call and refuses none: its door is full."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        callers = [socket.socket() for _ in range(8)]
        for caller in callers:
            caller.setblocking(False)
            with suppress(BlockingIOError):
                caller.connect(door.getsockname())
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            for caller in callers:
                caller.close()


BUSY = (
    answer(status=503),
    answer(status=429, Retry_After="0"),
    answer(b"<html>", 500, "text/html"),
    answer(status=504),
)


def random_script(seed: int) -> Script:
    """Return the script that `seed` stands for: some harm, here and there, that is over within half a second."""
    dice = random.Random(seed)

    def harm() -> Harm | None:
        after = dice.choice([None, 0, 1, dice.randrange(400)])
        return dice.choice(
            [
                None,
                Harm("cut", after),
                Harm("reset", after),
                Harm("stall", after, seconds=dice.uniform(0, 0.2)),
                Harm("dribble", after, seconds=0.0),
                Harm("say", said=dice.choice(BUSY)),
                Harm("say", said=dice.randbytes(dice.randrange(1, 200))),
                Harm("say", said=event_stream(b"data: {}\n\n" * dice.randrange(3))),
            ]
        )

    harmed = dice.sample(KINDS, dice.randrange(1, 4))
    return {kind: [harm() for _ in range(dice.randrange(1, 4))] for kind in harmed}
