"""Gradio 2: one function, one address, and files as data URLs."""

from collections.abc import Mapping

from api_bridge.components import Component, slug
from api_bridge.dialects.base import About, Dialect, Endpoint, Parameter, Tell, named_apart, outputs_of
from api_bridge.faults import ContractBroken
from api_bridge.media import File
from api_bridge.strict_json import Json
from api_bridge.wire import WITH_FILES


class Predict2(Dialect):
    name = "predict2"
    numbered = False

    @classmethod
    def speaks(cls, config: Mapping[str, Json]) -> bool:
        return "input_components" in config

    async def learn(self) -> None:
        """There is no `/info`, and no names: the one endpoint is `/predict`."""
        try:
            inputs = [Component.of({"type": each["name"], "props": each}) for each in self.config["input_components"]]
            outputs = [Component.of({"type": each["name"], "props": each}) for each in self.config["output_components"]]
        except (KeyError, TypeError, AttributeError) as error:
            raise ContractBroken("What the Space says of itself is not Gradio's.") from error
        parameters = [Parameter(slug(each.label) or each.type, each, each.value, each.value is None) for each in inputs]
        endpoint = Endpoint("/predict", named_apart(parameters), tuple(outputs), queued=False)
        self.about = About(self.version, self.name, {"/predict": endpoint})

    async def ask(self, endpoint: Endpoint, data: list[Json], told: Tell | None) -> list[Json]:
        # Without a session of its own, one visitor's state would reach the next.
        body = {"data": data, "session_hash": self.wire.session()}
        # Without the slash at its end this address answers with a redirection.
        return outputs_of(await self.wire.post("/api/predict/", body, WITH_FILES))

    async def give(self, file: File, *, picture: bool = False) -> Json:
        return file.data_url() if picture else {"name": f"file{file.ending}", "data": file.data_url()}
