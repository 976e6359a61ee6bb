"""
A Space in this very process: its app is called, and nothing is packed for a journey.

    GradioSpace(address, wire=InsideWire(address, app))

What is asked and answered is Gradio's own API; only HTTP's envelopes are left out, which cost
about as much as the app's own work.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
from starlette.types import ASGIApp, Message

from api_bridge.strict_json import Json
from api_bridge.wire import LONGEST_ANSWER, HttpWire, body_of, translated

SESSION = "bridge"


class InsideWire(HttpWire):
    """
    `app`, an ASGI app that answers at `address` too.

    With `stateless`, all questions share one session: for an app that keeps nothing in sessions, and
    otherwise makes one for each question, which is a fifth of its work.
    """

    def __init__(self, address: str, app: ASGIApp, *, stateless: bool = False):
        super().__init__(address, transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False))
        self._app, self._stateless = app, stateless
        self._at = urlsplit(address)

    async def post(self, path: str, body: Json, most: int = LONGEST_ANSWER, *, at_once: bool = False) -> Json:
        if self._stateless and "/run/" in path:
            body = {**body, "session_hash": SESSION}
        async with translated():
            return await body_of(await self._called(path, json.dumps(body).encode()), most)

    async def _called(self, path: str, body: bytes) -> httpx2.Response:
        """Call the app with one POST; return what it answered, whole."""
        over = asyncio.Event()
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        said: dict[str, Any] = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                said.update(message)
            else:
                parts.append(message.get("body", b""))

        bare, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": self._at.scheme,
            "path": unquote(bare),
            "raw_path": bare.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (b"host", self._at.netloc.encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": (self._at.hostname, self._at.port),
        }
        try:
            # An error of the app's own comes after its answer: what it answered is what counts.
            with suppress(Exception):
                await self._app(scope, receive, send)
        finally:
            over.set()
        return httpx2.Response(said.get("status", 500), headers=said.get("headers", []), content=b"".join(parts))
