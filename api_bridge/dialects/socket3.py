"""Gradio 3: a WebSocket where a queue is, one request where none is."""

from collections.abc import Mapping

from api_bridge.contract import File, Json
from api_bridge.dialects.base import Dialect, Endpoint, Partial, older, outputs_of
from api_bridge.faults import ContractBroken, SpaceBusy, SpaceUnreachable
from api_bridge.wire import app_failed, object_of


class Socket3(Dialect):
    name = "socket3"

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return "dependencies" in config and config.get("protocol") in (None, "ws")

    async def ask(self, endpoint: Endpoint, data: list[Json], partial: Partial | None) -> list[Json]:
        # The queue tells an app's own words when it fails, and each part of a stream; a plain request tells neither.
        if endpoint.queued:
            return await self._converse(endpoint, data, partial)
        body: dict[str, Json] = {"data": data, "session_hash": self.wire.session()}
        if older(self.config, (3, 6)):
            body["fn_index"] = endpoint.number  # these take the first function whatever the address says
        try:
            return outputs_of(await self.wire.post(f"/api{endpoint.name}", body))
        except (ContractBroken, SpaceUnreachable):
            if not self.config.get("enable_queue"):
                raise
            return await self._converse(endpoint, data, partial)  # the author closed the other way

    async def give(self, file: File, *, picture: bool = False) -> Json:
        return file.data_url() if picture else {"name": f"file{file.ending}", "data": file.data_url()}

    async def _converse(self, endpoint: Endpoint, data: list[Json], partial: Partial | None) -> list[Json]:
        session = self.wire.session()
        asking = {"fn_index": endpoint.number, "session_hash": session}
        async with self.wire.socket("/queue/join") as socket:
            if older(self.config, (3, 6)):
                await socket.tell({"hash": session})  # later ones ask for it
            while True:
                message = await socket.hear()
                match message.get("msg"):
                    case "send_hash":
                        await socket.tell(asking)
                    case "send_data":
                        await socket.tell({"data": data, **asking})
                    case "queue_full":
                        raise SpaceBusy("The Space's queue is full.", retry_after=1)
                    case "process_generating":
                        if partial and message.get("success") is not False:
                            await partial(outputs_of(message.get("output")))
                    case "process_completed":
                        output = object_of(message.get("output"))
                        if message.get("success") is not True:
                            raise app_failed(output.get("error"))
                        return outputs_of(output)
