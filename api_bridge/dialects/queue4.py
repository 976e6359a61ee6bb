"""Gradio 4.9 to 4.44: join the queue, listen to it; files are uploaded first."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from api_bridge.dialects.base import Dialect, Endpoint, Tell, news, outputs_of
from api_bridge.dialects.diffs import changed
from api_bridge.faults import ContractBroken, SpaceBusy
from api_bridge.media import File
from api_bridge.strict_json import Json
from api_bridge.wire import app_failed, object_of, queue_full

PROTOCOLS = ("sse_v1", "sse_v2", "sse_v2.1", "sse_v3")


class Queue4(Dialect):
    name = "queue4"

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return config.get("protocol") in PROTOCOLS and not config.get("api_prefix")

    async def ask(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        if endpoint.queued:
            return await self.queue(endpoint, data, told)
        # Without a session, Gradio makes one for this question and forgets it; a named one it would keep for long.
        return outputs_of(await self.wire.post(f"{self.prefix}/run{quote(endpoint.name)}", {"data": data}))

    async def give(self, file: File, *, picture: bool = False) -> Json:
        paths = await self.wire.upload(f"{self.prefix}/upload", file)
        if not isinstance(paths, list) or not paths or not isinstance(paths[0], str):
            raise ContractBroken("The Space's answer is not one of Gradio's.")
        return {"path": paths[0], "orig_name": f"file{file.ending}", "meta": {"_type": "gradio.FileData"}}

    async def queue(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        """Join by the number that `/config` gave a moment ago, and listen."""
        session = self.wire.session()
        body = {"data": data, "fn_index": endpoint.number, "session_hash": session}
        event_of(await self.wire.post(f"{self.prefix}/queue/join", body, at_once=True))
        return await self.listen(f"{self.prefix}/queue/data?session_hash={session}", told)

    async def listen(
        self, address: str, told: Tell | None, send: Callable[[Json], Awaitable[None]] | None = None
    ) -> list[Json]:
        """Hear the queue's messages until the last; `send` gives the input where the queue asks for it."""
        so_far: list[Json] | None = None
        async with self.wire.events(address) as events:
            async for message in events:
                output = message.get("output")
                match message.get("msg"):
                    case "send_data" if send:
                        await send(message.get("event_id"))
                    case "queue_full":
                        raise queue_full()
                    case "process_generating" if message.get("success") is not False:
                        if told:  # or nobody wants the parts
                            so_far = self.generated(so_far, outputs_of(output))
                            await told("partial", so_far)
                    case "process_completed":
                        if message.get("success") is not True:
                            raise app_failed(object_of(output).get("error"))
                        return outputs_of(output)
                    case "unexpected_error":
                        raise app_failed(message.get("message"))
                    case _:
                        await news(message, told)
        raise SpaceBusy("The Space stopped before it had answered.")

    def generated(self, so_far: list[Json] | None, said: list[Json]) -> list[Json]:
        """Return a partial answer whole: from `sse_v2` on, only what changed is told after the first."""
        if so_far is None or self.config.get("protocol") in ("sse", "sse_v1"):
            return said
        return [changed(before, changes) for before, changes in zip(so_far, said, strict=False)]


def event_of(answer: Json) -> str:
    """The name of a question that has joined the queue."""
    event = object_of(answer).get("event_id")
    if not isinstance(event, str) or not event.isalnum():
        raise ContractBroken("The Space's answer is not one of Gradio's.")
    return event
