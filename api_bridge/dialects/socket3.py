"""Gradio 3: a WebSocket where a queue is, one request where none is."""

from collections.abc import Mapping
from urllib.parse import quote

from api_bridge.dialects.base import Dialect, Endpoint, Tell, news, older, outputs_of
from api_bridge.faults import ContractBroken, SpaceUnreachable
from api_bridge.media import File
from api_bridge.strict_json import Json
from api_bridge.wire import WITH_FILES, app_failed, object_of, queue_full


class Socket3(Dialect):
    name = "socket3"

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return "dependencies" in config and config.get("protocol") in (None, "ws")

    async def ask(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        # The queue tells an app's own words when it fails, and each part of a stream; a plain request tells neither.
        if endpoint.queued:
            return await self._converse(endpoint, data, told)
        body: dict[str, Json] = {"data": data, "session_hash": self.wire.session()}
        if older(self.config, (3, 6)):
            body["fn_index"] = endpoint.number  # these take the first function whatever the address says
        try:
            return outputs_of(await self.wire.post(f"/api{quote(endpoint.name)}", body, WITH_FILES))
        except (ContractBroken, SpaceUnreachable):
            if not self.config.get("enable_queue"):
                raise
            return await self._converse(endpoint, data, told)  # the author closed the other way

    async def give(self, file: File, *, picture: bool = False) -> Json:
        return file.data_url() if picture else {"name": f"file{file.ending}", "data": file.data_url()}

    async def _converse(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
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
                        raise queue_full()
                    case "process_generating":
                        if told and message.get("success") is not False:
                            await told("partial", outputs_of(message.get("output")))
                    case "process_completed":
                        output = object_of(message.get("output"))
                        if message.get("success") is not True:
                            raise app_failed(output.get("error"))
                        return outputs_of(output)
                    case _:
                        await news(message, told)
