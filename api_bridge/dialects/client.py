"""
Any generation that has no dialect here yet: Gradio's own client speaks for us, in a thread.

Slower, and it can not be stopped once it asks; but tomorrow's Gradio then needs a newer
gradio_client, not a newer bridge. `About.dialect` says when it is so.
"""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from api_bridge.dialects.base import Dialect, Endpoint, Tell, older
from api_bridge.faults import ContractBroken, Fault, SpaceBusy
from api_bridge.media import File
from api_bridge.strict_json import Json
from api_bridge.wire import app_failed

LONGEST = 120.0  # seconds that one of its threads may wait


class Client(Dialect):
    name = "client"
    numbered = False

    def __init__(self, wire: Any, config: dict[str, Json]):
        super().__init__(wire, config)
        self.prefix = str(config.get("api_prefix") or "")
        self._client: Any = None
        self._threads = ThreadPoolExecutor(4)

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return "dependencies" in config

    async def learn(self) -> None:
        address = getattr(self.wire, "address", None)
        # Gradio's client believes a prefix that leads elsewhere, and sends the token along; and it hands what is
        # older than 4 to somebody else's Space.
        strange = not re.fullmatch(r"(/[\w-]+)*/?", self.prefix) or older(self.config, (4,))
        if address is None or strange:
            raise ContractBroken(f"This Space speaks Gradio {self.version} in a way that nobody knows.")
        with _translated(self.version):
            self._client = await self._beside(_connected, address, getattr(self.wire, "token", None))
        await super().learn()

    async def ask(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        visible = [
            value for value, parameter in zip(data, endpoint.parameters, strict=True) if not parameter.component.hidden
        ]
        loop = asyncio.get_running_loop()
        shown = [component for component in endpoint.outputs if not component.hidden]
        jobs: list[Any] = []

        def row(said: Any) -> list[Json]:
            answers = iter([said] if len(shown) == 1 else said)
            return [None if component.hidden else next(answers) for component in endpoint.outputs]

        def predict() -> list[Json]:
            job = self._client.submit(*visible, api_name=endpoint.name)
            jobs.append(job)
            if told and endpoint.streams:
                for said in job:
                    asyncio.run_coroutine_threadsafe(told("partial", row(said)), loop).result()
            return row(job.result(LONGEST))

        try:
            with _translated(self.version):
                outputs: list[Json] = await self._beside(predict)
                return outputs
        finally:
            for job in jobs:
                job.cancel()  # of one that is done, nothing

    async def _beside(self, work: Any, *words: Any) -> Any:
        """Do `work` in one of this Space's own few threads: a slow one holds up nobody else's."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *words)

    async def give(self, file: File, *, picture: bool = False) -> Json:
        """The client uploads from a disk only; what it was given is gone as soon as it was read."""

        def upload() -> Json:
            from gradio_client import handle_file

            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"file{file.ending}"
                path.write_bytes(file.content)
                uploaded = self._client.endpoints[0]._upload_file(handle_file(path), 0)
                return {"path": uploaded["path"], "meta": {"_type": "gradio.FileData"}}

        with _translated(self.version):
            return await self._beside(upload)


def _connected(address: str, token: str | None) -> Any:
    import gradio_client

    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # it would tell its makers otherwise
    return gradio_client.Client(address, token=token, verbose=False, download_files=False)


@contextlib.contextmanager
def _translated(version: str) -> Iterator[None]:
    import httpx
    from gradio_client.exceptions import AppError

    try:
        yield
    except (Fault, TimeoutError):
        raise
    except AppError as error:
        # The client says this where the app said nothing.
        words = None if str(error).startswith("The upstream Gradio app") else str(error)
        raise app_failed(words) from error
    except httpx.TransportError as error:
        raise SpaceBusy("The Space does not answer.") from error
    except Exception as error:  # whatever a client of another day may raise
        raise ContractBroken(
            f"This Space speaks Gradio {version}, which neither the bridge nor its gradio_client knows: update them."
        ) from error
