"""A Space in this process is asked by calling its app, and says the same as over HTTP."""

import asyncio

import gradio as gr
import pytest
from conftest import run
from fastapi import FastAPI
from servers import served
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api_bridge import GradioSpace
from api_bridge.faults import AppFailed, ContractBroken, Fault, OutOfTime, SpaceBusy
from api_bridge.inside import InsideWire

HERE = "http://127.0.0.1:1"


def complain():
    raise gr.Error("Only on Tuesdays.")


def crash():
    raise RuntimeError("secret: swordfish")


def whose(request: gr.Request):
    return request.session_hash or "nobody"


@pytest.fixture(scope="module")
def app():
    """A real Gradio with a stateless session, to be called or served."""
    with gr.Blocks(analytics_enabled=False) as page:
        name, said = gr.Textbox(), gr.Textbox()
        gr.Button().click(lambda name: f"Hello {name}!", name, said, api_name="greet", queue=False)
        gr.Button().click(lambda name: f"Queued {name}!", name, said, api_name="queued")
        gr.Button().click(complain, None, said, api_name="complain", queue=False)
        gr.Button().click(crash, None, said, api_name="crash", queue=False)
        gr.Button().click(whose, None, said, api_name="whose", queue=False)
    return gr.mount_gradio_app(FastAPI(), page, path="/", ssr_mode=False, show_error=False)


def ended(space, endpoint, **takes):
    """The outputs of one question, or the fault that it ended with."""

    async def once():
        try:
            return await space.ask(endpoint, takes, 20)
        except Fault as fault:
            return type(fault), fault.detail
        finally:
            await space.close()

    return run(once())


@pytest.mark.parametrize(
    ("endpoint", "takes"),
    [("/greet", {"name": "Ada ü"}), ("/queued", {"name": "Ada"}), ("/complain", {}), ("/crash", {}), ("/gone", {})],
)
def test_it_says_the_same_as_over_http(app, endpoint, takes):
    """Answers and faults alike; only faster."""
    with served(app) as where:
        by_http = ended(GradioSpace(where), endpoint, **takes)
        inside = ended(GradioSpace(where, wire=InsideWire(where, app)), endpoint, **takes)
    assert inside == by_http


def test_a_stateless_app_is_given_one_session(app):
    """And any other none, so that nobody meets another visitor's state."""
    assert ended(GradioSpace(HERE, wire=InsideWire(HERE, app)), "/whose") == ["nobody"]
    assert ended(GradioSpace(HERE, wire=InsideWire(HERE, app, stateless=True)), "/whose") == ["bridge"]


async def _crash(request):
    raise RuntimeError("in the app itself")


async def _slow(request):
    await request.body()
    await asyncio.sleep(3600)


def posted(path, seconds=20.0):
    answers = {
        "/full": lambda request: JSONResponse({}, 503, {"Retry-After": "7"}),
        "/long": lambda request: Response(b'"' + b"a" * 5_000_000 + b'"'),
        "/says": lambda request: JSONResponse({"error": "No."}, 500),
        "/a b": lambda request: JSONResponse(request.query_params["c"]),
        "/crash": _crash,
        "/slow": _slow,
    }
    routes = [Route(each, answer, methods=["POST"]) for each, answer in answers.items()]
    space = GradioSpace(HERE, wire=InsideWire(HERE, Starlette(routes=routes)))

    async def once():
        async with space._asking(seconds):
            return await space.wire.post(path, {})

    return run(once())


@pytest.mark.parametrize(
    ("path", "fault", "said"),
    [
        ("/full", SpaceBusy, "busy"),
        ("/long", ContractBroken, "longer than 4 MB"),
        ("/says", AppFailed, "No."),
        ("/crash", SpaceBusy, "status 500"),
        ("/nowhere", ContractBroken, "not there any more"),
    ],
)
def test_what_goes_wrong_is_a_fault_here_too(path, fault, said):
    """Nothing foreign comes through, and the process goes on."""
    with pytest.raises(fault, match=said):
        posted(path)


def test_a_path_is_read_as_http_would():
    """Names with spaces, and what follows the question mark."""
    assert posted("/a%20b?c=d") == "d"


def test_a_slow_app_ends_with_the_time():
    """And not when it likes."""
    with pytest.raises(OutOfTime):
        posted("/slow", seconds=0.2)
