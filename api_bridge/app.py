"""The bridge's HTTP face: routes, CORS, fault → status."""

import json
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from api_bridge.admission import Gate, client_of
from api_bridge.bridge import Answer, Bridge
from api_bridge.dialects import Told
from api_bridge.faults import (
    Fault,
    FileGone,
    FileTooLarge,
    MalformedRequest,
    RequestTooSlow,
    TooManyQuestions,
)
from api_bridge.metrics import MEDIA_TYPE
from api_bridge.openapi import openapi
from api_bridge.questions import Question, Questions
from api_bridge.reading import Reader
from api_bridge.steps import Outcome
from api_bridge.stream import Left, told_as_it_happens, unless_they_leave
from api_bridge.strict_json import Json

UNFORESEEN = Fault("Something went wrong in the bridge itself. What you gave was not kept.")
UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # proxies pass each event on at once

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"

log = logging.getLogger("api_bridge")


def create_app(
    bridge: Bridge, origins: Sequence[str] = (), gate: Gate | None = None, trusted_hops: int = 0
) -> Starlette:
    """
    Return the bridge as an ASGI app, to be mounted beside Gradio or served alone.

    `origins` are the pages' exact origins, such as `https://you.github.io`. `gate` says how often
    one visitor may ask; behind `trusted_hops` proxies of ours, it is the rightmost address before them.
    """
    face = _Face(bridge, gate, trusted_hops)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        face.questions.close()
        await bridge.close()

    return Starlette(
        routes=[
            Route("/v1/demos", face.demos),
            Route("/v1/demos/{demo}", face.demo),
            Route("/v1/demos/{demo}/ask", face.ask, methods=["POST"]),
            Route("/v1/questions/{name}", face.question),
            Route("/v1/files/{name}", face.file),
            Route("/healthz", face.healthz),
            Route("/readyz", face.readyz),
            Route("/metrics", face.metrics),
            Route("/v1/status", face.status),
            Route("/openapi.json", face.openapi),
        ],
        middleware=[
            Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"], max_age=600),
            Middleware(_Traced),
        ],
        exception_handlers={Fault: _told, HTTPException: _told_by_starlette, Left: _nobody},
        lifespan=lifespan,
    )


class _Face:
    """What each route answers."""

    def __init__(self, bridge: Bridge, gate: Gate | None, trusted_hops: int):
        self.bridge, self.gate, self.trusted_hops = bridge, gate, trusted_hops
        self.questions, self.reader = Questions(), Reader()

    async def demos(self, request: Request) -> Response:
        listed = [
            {"demo": contract.demo, "title": contract.title, "revision": contract.revision}
            for contract in self.bridge.contracts.values()
        ]
        return JSONResponse({"demos": listed})

    async def demo(self, request: Request) -> Response:
        name = request.path_params["demo"]
        contract, status = self.bridge.contract(name), await self.bridge.status(name)
        return JSONResponse({"contract": contract.json, "status": status[name]})

    async def ask(self, request: Request) -> Response:
        started = time.perf_counter()
        contract = self.bridge.contract(request.path_params["demo"])
        self._let_through(request)
        value = await self.reader.read(request, contract)
        if "text/event-stream" in request.headers.get("accept", ""):
            contract.check_input(value)  # a visitor's mistake is told at once, with its status
            return self._stream(request, contract.demo, value, started)
        question = Question(lambda told: self.bridge.ask(contract.demo, value, told, parts=False), started)
        await unless_they_leave(request, question.asking, question.waking)
        return self._how_far(request, question, None if question.asking.done() else self.questions.keep(question))

    async def question(self, request: Request) -> Response:
        name = request.path_params["name"]
        return self._how_far(request, self.questions.get(name), name)

    def _how_far(self, request: Request, question: Question, name: str | None) -> Response:
        """The answer of a question that is over; of another one, where to come again and when."""
        if question.asking.done():
            told = _told_answer(question.asking.result(), request, question.started)
            return JSONResponse(told, headers=getattr(request.state, "quota", None))
        place = f"{request.scope.get('root_path', '')}/v1/questions/{name}"
        headers = {"Location": place, "Retry-After": "2", "Cache-Control": "no-store"}
        return JSONResponse({"question": name, "stage": question.stage, "eta": question.eta}, 202, headers)

    def _let_through(self, request: Request) -> None:
        """Raise `TooManyQuestions` before anything of the question is read."""
        if self.gate is None:
            return
        forwarded = ", ".join(request.headers.getlist("x-forwarded-for"))
        host = request.client.host if request.client else None
        client = client_of(host, forwarded or None, self.trusted_hops)
        wait = self.gate.take(client)
        request.state.quota = self.gate.quota(client).headers()
        if wait:
            raise TooManyQuestions("You ask faster than anybody could read: wait a moment.", retry_after=wait)

    def _stream(self, request: Request, demo: str, value: Mapping[str, Json], started: float) -> Response:
        async def ask(told: Told) -> tuple[str, Json]:
            def tell(event: str, about: Json) -> None:
                if event == "step" and "fault" in about:
                    about = {**about, "fault": about["fault"].problem(request.state.trace_id)}
                told(event, about)

            try:
                answer = await self.bridge.ask(demo, value, tell)
            except Fault as fault:
                return "problem", fault.problem(request.state.trace_id)
            except Exception:  # whatever was not foreseen ends as a problem here, too
                log.exception("unexpected fault, trace %s", request.state.trace_id)
                return "problem", UNFORESEEN.problem(request.state.trace_id)
            return "prediction", _told_answer(answer, request, started)

        events = told_as_it_happens(ask, {"demo": demo, "trace_id": request.state.trace_id})
        return StreamingResponse(events, media_type="text/event-stream", headers=UNBUFFERED)

    async def file(self, request: Request) -> Response:
        file = self.bridge.files.get(request.path_params["name"])
        if file is None:
            raise FileGone("This file is not kept any more: ask again.")
        # Whatever a Space made is shown as what it is, and run as nothing.
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=3600, immutable",
        }
        return Response(file.content, media_type=file.media, headers=headers)

    async def healthz(self, request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(self, request: Request) -> Response:
        if self.bridge.ending:
            return JSONResponse({"ready": False, "demos": {}}, 503)
        statuses = await self.bridge.status(*self.bridge.contracts)
        ready = bool(statuses) and all(status["ready"] for status in statuses.values())
        return JSONResponse({"ready": ready, "demos": statuses}, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        return Response(self.bridge.measured(), media_type=MEDIA_TYPE)

    async def status(self, request: Request) -> Response:
        return JSONResponse({"demos": await self.bridge.status(*self.bridge.contracts)})

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(openapi(list(self.bridge.contracts.values()), request.scope.get("root_path", "")))


def _told_answer(answer: Answer, request: Request, started: float) -> dict[str, Json]:
    trace_id = request.state.trace_id
    steps = {name: _told_outcome(outcome, trace_id) for name, outcome in answer.steps.items()}
    return {
        "prediction": answer.prediction,
        **({"steps": steps} if steps else {}),
        "demo": answer.demo,
        "revision": answer.revision,
        "route": answer.route,
        "took_ms": round((time.perf_counter() - started) * 1000, 1),
        "trace_id": trace_id,
    }


def _told_outcome(outcome: Outcome, trace_id: str) -> dict[str, Json]:
    """How one step of a question ended; of several, which were not answered."""
    told: dict[str, Json] = {"state": outcome.state}
    if outcome.seconds is not None:
        told["took_ms"] = round(outcome.seconds * 1000, 1)
    if outcome.fault:
        told["fault"] = outcome.fault.problem(trace_id)
    if outcome.failed:
        told["failed"] = [{"at": at, "fault": fault.problem(trace_id)} for at, fault in outcome.failed.items()]
    return told


def log_to_stderr(form: str = "text") -> None:
    """Let every problem's trace be found in the process's own log, as text or a line of JSON; it names no visitor."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLine() if form == "json" else logging.Formatter(LINE))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"time": self.formatTime(record), "level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


class _Traced:
    """Give every request a name to find it by, and turn a surprise into a problem instead of a bare 500."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        request.state.trace_id = uuid4().hex
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:  # whatever was not foreseen ends here, in the log and as a problem
            log.exception("unexpected fault, trace %s", request.state.trace_id)
            if begun:
                raise
            await _problem(request, UNFORESEEN)(scope, receive, send)


async def _told(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)
    return _problem(request, fault)


async def _nobody(request: Request, left: Exception) -> Response:
    log.info("499 left, trace %s", request.state.trace_id)
    return Response(status_code=499)  # nobody reads it; proxies count it


async def _told_by_starlette(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    fault = MalformedRequest(f"{error.detail}.")
    return _problem(request, fault, error.status_code, dict(error.headers or {}))


def _problem(
    request: Request, fault: Fault, status: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    problem = fault.problem(request.state.trace_id)
    problem["status"] = status or fault.status
    headers = {**getattr(request.state, "quota", {}), **(headers or {})}
    if isinstance(fault, FileTooLarge | RequestTooSlow):
        headers["Connection"] = "close"  # or the rest of it would be read after all
    if fault.retryable:
        headers["Retry-After"] = str(math.ceil(problem["retry_after"]))
    log.info("%s %s, trace %s", problem["status"], fault.kind, request.state.trace_id)
    return JSONResponse(problem, problem["status"], headers, media_type="application/problem+json")
