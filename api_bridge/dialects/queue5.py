"""Gradio 5 and 6: everything below /gradio_api, functions by name, files inside the question."""

from collections.abc import Mapping
from urllib.parse import quote

from api_bridge.dialects.base import Endpoint, Tell
from api_bridge.dialects.queue4 import Queue4, event_of
from api_bridge.media import File
from api_bridge.strict_json import Json


class Queue5(Queue4):
    name = "queue5"
    prefix = "/gradio_api"
    numbered = False

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return config.get("protocol") == "sse_v3" and config.get("api_prefix") == cls.prefix

    async def give(self, file: File, *, picture: bool = False) -> Json:
        if not picture:
            return await super().give(file)  # inside a data URL it would lose its ending
        return {"url": file.data_url(), "meta": {"_type": "gradio.FileData"}}

    async def queue(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        """
        Join by name, and hear the queue's own messages.

        Gradio's own listener for `/call` hides an app's error text before 6.31; the
        queue's does not, and knows the event under the same name.
        """
        joined = await self.wire.post(f"{self.prefix}/call{quote(endpoint.name)}", {"data": data}, at_once=True)
        event = event_of(joined)
        return await self.listen(f"{self.prefix}/queue/data?session_hash={event}", told)

    def generated(self, so_far: list[Json] | None, said: list[Json]) -> list[Json]:
        return said  # whole each time for those who joined by name
