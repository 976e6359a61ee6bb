"""
Any generation that has no dialect here yet: Gradio's own client speaks for us, in a thread.

Slower, and it can not be stopped once it asks; but tomorrow's Gradio then needs a newer
gradio_client, not a newer bridge. `About.dialect` says when it is so.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api_bridge.contract import File, Json
from api_bridge.dialects.base import Dialect, Endpoint, Partial
from api_bridge.faults import ContractBroken, Fault, SpaceBusy
from api_bridge.wire import HttpWire, app_failed


class Client(Dialect):
    name = "client"
    numbered = False

    def __init__(self, wire: Any, config: dict[str, Json]):
        super().__init__(wire, config)
        self.prefix = str(config.get("api_prefix") or "")
        self._client: Any = None

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return "dependencies" in config

    async def learn(self) -> None:
        if not isinstance(self.wire, HttpWire):
            raise ContractBroken(f"This Space speaks Gradio {self.version}, which only Gradio's own client may know.")
        with _translated(self.version):
            self._client = await asyncio.to_thread(_connected, self.wire.address, self.wire.token)
        await super().learn()

    async def ask(self, endpoint: Endpoint, data: list[Json], partial: Partial | None) -> list[Json]:
        visible = [
            value for value, parameter in zip(data, endpoint.parameters, strict=True) if not parameter.component.hidden
        ]
        loop = asyncio.get_running_loop()
        shown = [component for component in endpoint.outputs if not component.hidden]

        def row(said: Any) -> list[Json]:
            answers = iter([said] if len(shown) == 1 else said)
            return [None if component.hidden else next(answers) for component in endpoint.outputs]

        def predict() -> list[Json]:
            job = self._client.submit(*visible, api_name=endpoint.name)
            if partial and endpoint.streams:
                for said in job:
                    asyncio.run_coroutine_threadsafe(partial(row(said)), loop).result()
            return row(job.result())

        with _translated(self.version):
            return await asyncio.to_thread(predict)

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
            return await asyncio.to_thread(upload)


def _connected(address: str, token: str | None) -> Any:
    import gradio_client

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
