"""Gradio 4.0 to 4.8: an event stream that asks for the input, which is sent beside it."""

from collections.abc import Mapping

from api_bridge.dialects.base import Endpoint, Tell
from api_bridge.dialects.queue4 import Queue4
from api_bridge.strict_json import Json


class Stream4(Queue4):
    name = "stream4"

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return config.get("protocol") == "sse"

    async def queue(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        session = self.wire.session()
        asking = {"fn_index": endpoint.number, "session_hash": session}

        async def send(event: Json) -> None:
            await self.wire.post("/queue/data", {"data": data, "event_id": event, **asking}, at_once=True)

        address = f"/queue/join?fn_index={endpoint.number}&session_hash={session}"
        return await self.listen(address, told, send)
