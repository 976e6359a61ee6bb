"""
One dialect for each generation of Gradio: how its functions are asked, and in what words.

    predict2   2.x            POST /api/predict/
    socket3    3.x            POST /api/{name}, or a WebSocket where a queue is
    stream4    4.0 to 4.8     one event stream that asks for the input
    queue4     4.9 to 4.44    join the queue, then listen; files are uploaded first
    queue5     5 and 6        the same below /gradio_api, by name; files travel inside
    client     any other      whatever gradio_client can speak, in a thread

`meet` reads `/config` (and `/info` where there is one) once, and picks.
"""

from api_bridge.dialects.base import About, Dialect, Endpoint, Parameter, Told
from api_bridge.dialects.client import Client
from api_bridge.dialects.predict2 import Predict2
from api_bridge.dialects.queue4 import Queue4
from api_bridge.dialects.queue5 import Queue5
from api_bridge.dialects.socket3 import Socket3
from api_bridge.dialects.stream4 import Stream4
from api_bridge.faults import ContractBroken
from api_bridge.strict_json import Json
from api_bridge.wire import Wire, object_of

__all__ = ["DIALECTS", "About", "Dialect", "Endpoint", "Parameter", "Told", "meet"]

NO_GRADIO = "A Gradio app has a /config; a static or Docker Space has none."

LARGEST_CONFIG = 16_000_000  # bytes: long choices, and pictures inside, are an author's right

DIALECTS: tuple[type[Dialect], ...] = (Queue5, Queue4, Stream4, Socket3, Predict2)


async def meet(wire: Wire) -> Dialect:
    """Return the dialect that the Space at the other end speaks, having read what it says of itself."""
    config = await _config(wire)
    chosen = next((dialect for dialect in DIALECTS if dialect.speaks(config)), Client)
    dialect = chosen(wire, config)
    await dialect.learn()
    return dialect


async def _config(wire: Wire) -> dict[str, Json]:
    try:
        config = object_of(await wire.get("/config", LARGEST_CONFIG))
    except ContractBroken as fault:
        if "longer than" in fault.detail:
            raise
        raise ContractBroken(f"{fault.detail} {NO_GRADIO}") from fault
    if not ({"dependencies", "input_components"} & config.keys()):
        raise ContractBroken(f"There is no Gradio app at this address. {NO_GRADIO}")
    return config
