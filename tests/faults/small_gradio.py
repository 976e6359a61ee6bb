"""
Small Gradios for the fault server to play: they describe themselves as real ones of any version did.

What they say of themselves comes from tests/transcripts; what their functions give is computed here,
as tests/matrix/app.py does, or is what a test wants instead.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import cache
from itertools import count
from typing import Any

from conftest import CATDOG, ROOT, run
from fault_server import Request, answer

from api_bridge import Contract, GradioSpace
from api_bridge.learn import draft
from api_bridge.transcript import RecordedWire

PHOTO = (ROOT / "tests/matrix/photo.png").read_bytes()
CAT = {
    "label": "cat",
    "confidences": [{"label": "cat", "confidence": 0.9}, {"label": "dog", "confidence": 0.1}],
    "familiarity": 0.7,
    "unfamiliar": False,
}

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

Message = dict[str, Any] | float | bytes  # said as an event; waited for, in seconds; sent as it is

_starts = count(1)


@cache
def _said(version: str) -> str:
    said = json.loads((ROOT / f"tests/transcripts/{version}-plain-blocks.json").read_text(encoding="utf-8"))["said"]
    got = {each["path"]: each["answer"] for each in said if each["do"] == "get" and "answer" in each}
    return json.dumps(got)


class SmallGradio:
    """
    Plays a Gradio of `version`, 4.9 or newer, with the functions of tests/matrix/app.py, and /catdog.

    `gives` has what a function gives in the place of its own outputs, by name, and `tells` what its queue
    says in the place of all its messages. `order` turns the functions' numbers around.
    """

    def __init__(
        self,
        version: str = "6.31.0",
        *,
        gives: dict[str, Any] | None = None,
        tells: dict[str, Iterable[Message]] | None = None,
        without: Sequence[str] = (),
        order: int = 1,
    ):
        said = json.loads(_said(version))
        self.config = said.pop("/config")
        ((_, self.info),) = said.items()
        self.prefix = str(self.config.get("api_prefix", ""))
        self.gives, self.tells = gives or {}, tells or {}
        self.given: list[Any] = []  # what each question brought
        self._joined: dict[str, tuple[str, list[Any]]] = {}
        self._events = count(1)
        self.config["app_id"] = next(_starts)
        self._add_catdog()
        functions = self.config["dependencies"]
        self.config["dependencies"] = [each for each in functions if each["api_name"] not in without][::order]
        for number, each in enumerate(self.config["dependencies"]):
            each["id"] = number

    def _add_catdog(self) -> None:
        """The function of the committed contract, made of /turn's photo and confidences."""
        turn = next(each for each in self.config["dependencies"] if each["api_name"] == "turn")
        more = {"api_name": "catdog", "queue": False, "inputs": turn["inputs"][:1], "outputs": turn["outputs"][2:]}
        self.config["dependencies"].append({**turn, **more})
        self.info["named_endpoints"]["/catdog"] = {
            "parameters": self.info["named_endpoints"]["/turn"]["parameters"][:1]
        }

    async def __call__(self, request: Request) -> AsyncIterator[bytes]:
        match request.kind if request.path.startswith((f"{self.prefix}/", "/config")) else "elsewhere":
            case "config":
                yield _json(self.config)
            case "info":
                yield _json(self.info)
            case "run":
                yield _json({"data": self._outputs(request.path.rpartition("/")[2], request)})
            case "call":
                yield _json({"event_id": self._join(request.path.rpartition("/")[2], request)})
            case "join":
                named = [each["api_name"] for each in self.config["dependencies"]]
                session = json.loads(request.body)["session_hash"]
                yield _json({"event_id": self._join(named[json.loads(request.body)["fn_index"]], request, session)})
            case "data":
                yield EVENTS
                async for part in self._events_of(*self._joined.pop(request.path.rpartition("=")[2])):
                    yield b"%x\r\n%s\r\n" % (len(part), part)
                yield b"0\r\n\r\n"
            case "upload":
                yield _json(["/tmp/gradio/given.png"])
            case "file":
                yield answer(PHOTO, media="image/png")
            case _:
                yield answer(b"{}", 404)

    def _join(self, name: str, request: Request, session: str | None = None) -> str:
        event = f"event{next(self._events)}"
        data = json.loads(request.body)["data"]
        self.given.append(data)
        self._joined[session or event] = name, data
        return event

    def _outputs(self, name: str, request: Request) -> Any:
        data = json.loads(request.body)["data"]
        self.given.append(data)
        return self.gives.get(name, USUAL[name](data))

    async def _events_of(self, name: str, data: list[Any]) -> AsyncIterator[bytes]:
        for message in self.tells.get(name, self._usual_messages(name, data)):
            if isinstance(message, float):
                await asyncio.sleep(message)
            else:
                yield message if isinstance(message, bytes) else event(message)

    def _usual_messages(self, name: str, data: list[Any]) -> Iterable[Message]:
        yield {"msg": "estimation", "rank": 0, "queue_size": 1, "rank_eta": None}
        yield {"msg": "process_starts", "eta": None}
        if name == "count":
            for number in range(int(data[0])):
                yield partial([number, f"so far {number}"])
        yield completed(self.gives.get(name, USUAL[name](data)))


def event(message: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(message, ensure_ascii=False)}\n\n".encode()


def partial(outputs: list[Any]) -> dict[str, Any]:
    return {"msg": "process_generating", "output": {"data": outputs, "is_generating": True}, "success": True}


def completed(outputs: list[Any]) -> dict[str, Any]:
    return {"msg": "process_completed", "output": {"data": outputs, "is_generating": False}, "success": True}


def failed(text: str | None) -> dict[str, Any]:
    return {"msg": "process_completed", "output": {"error": text}, "success": False}


def _json(value: Any) -> bytes:
    return answer(json.dumps(value).encode())


def _greet(data: list[Any]) -> list[Any]:
    return [f"Hello {data[0]}!" * int(data[1]), len(data[0])]


def _turn(data: list[Any]) -> list[Any]:
    turned = {"path": "/tmp/gradio/turned.png", "url": None, "meta": {"_type": "gradio.FileData"}}
    return [turned, f"Hello {data[1]}!" * int(data[2]), CAT]


USUAL: dict[str, Callable[[list[Any]], list[Any]]] = {
    "greet": _greet,
    "greet_directly": _greet,
    "turn": _turn,
    "count": lambda data: [data[0] - 1, f"so far {data[0] - 1}"],
    "catdog": lambda data: [CAT],
}


class Hub:
    """Plays the Hub: how a Space is, one word each time it is asked, and the last one for ever."""

    def __init__(self, *stages: str):
        self._stages = list(stages)
        self.said: list[str] = []

    async def __call__(self, request: Request) -> AsyncIterator[bytes]:
        self.said.append(self._stages.pop(0) if len(self._stages) > 1 else self._stages[0])
        yield _json({"stage": self.said[-1]})


@cache
def _drafts() -> dict[str, str]:
    """Contracts of the functions, as a real Gradio said what they are."""
    said = [{"do": "get", "path": path, "answer": got} for path, got in json.loads(_said("6.31.0")).items()]
    about = run(GradioSpace("recorded", wire=RecordedWire({"said": said})).about())
    named = {endpoint.name.strip("/"): endpoint for endpoint in about.endpoints.values()}
    return {name: json.dumps(draft(about, each, "", name, {})) for name, each in named.items()}


def contracts(space: str, *demos: str, change: Callable[[Any], None] = lambda contract: None) -> dict[str, Contract]:
    """Return the contracts of `demos`, each about the Space called `space`, and changed as a test asks."""
    made = {}
    for demo in demos:
        value = json.loads(CATDOG.joinpath("contract.json").read_text() if demo == "catdog" else _drafts()[demo])
        value["steps"][demo]["space"] = space
        change(value)
        made[demo] = Contract(value, CATDOG)
    return made
