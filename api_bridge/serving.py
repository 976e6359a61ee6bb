"""Serves until told to stop, and then until everybody who asked has an answer."""

import time
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from api_bridge.bridge import Bridge

IDLE = 65  # seconds that a line stays open between two questions: proxies that let go later would ask on a dead one
GRACE = 25.0  # seconds that those who are being answered get, when the end has come


class Server(uvicorn.Server):
    """
    Serves `app`; at SIGTERM or Ctrl-C `bridge` takes no more questions and says so at `/readyz`.

    Then it ends as soon as nobody is being answered any more, within `GRACE` seconds; at once when told twice.
    """

    def __init__(self, app: ASGIApp, bridge: Bridge, host: str, port: int):
        # What is said of the road here is for our own gate to read: uvicorn must not.
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=2,
            )
        )
        self._bridge = bridge
        self._until = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._bridge.ending:
            self.force_exit = True
        self._bridge.ending = True
        self._until = time.monotonic() + GRACE

    async def on_tick(self, counter: int) -> bool:
        if self._bridge.ending and (self.force_exit or not self._bridge.asking or time.monotonic() > self._until):
            self.should_exit = True
        return await super().on_tick(counter)
