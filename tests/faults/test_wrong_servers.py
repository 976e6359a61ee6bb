"""A Space that is not what it should be: each wrong answer has the fault that says who can mend it."""

import asyncio
import json

import httpx2
import pytest
from conftest import run
from servers import CONFIG, GREET, ask, gradio_like, says, server

from api_bridge.faults import ContractBroken, OutOfTime, SpaceBusy
from api_bridge.space import GradioSpace
from api_bridge.wire import HttpWire


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (says(200, b"<html>hello</html>"), ContractBroken, "can not be read"),
        (says(200, b"[1]"), ContractBroken, "not one of Gradio's"),
        (says(200, b'{"version": "3.50.2"}'), ContractBroken, "no Gradio app at this address"),
        (says(200, b'{"a": NaN}'), ContractBroken, "NaN is not JSON"),
        (says(200, b'"' + b"x" * 16_100_000 + b'"'), ContractBroken, "longer than 16 MB"),
        (says(404), ContractBroken, "not there any more"),
        (says(500, b"<html>oops</html>"), SpaceBusy, "status 500"),
    ],
)
def test_a_server_that_is_no_gradio_is_told_apart(answer, fault, words):
    """Each wrong answer has the fault that says who can mend it."""
    with server(answer) as where, pytest.raises(fault, match=words):
        ask(where, "/greet", {"name": "Ada", "times": 1})


@pytest.mark.parametrize("functions", [b"null", b"[3]"])
def test_half_a_gradio_breaks_the_contract(functions):
    """Whatever it sends instead, nobody sees a bare exception, and nothing is asked again."""
    with server(gradio_like({"/config": CONFIG % functions})) as where, pytest.raises(ContractBroken):
        ask(where, "/greet", {})


@pytest.mark.parametrize("info", [b"{}", b"<html>", b'{"named_endpoints": {"/greet": {}}}', b'{"named_endpoints": 3}'])
def test_a_broken_description_does_not_stop_an_answer(info):
    """Gradio's /info breaks more often than its functions do: what /config says is enough, and that is noted."""

    async def once():
        space = GradioSpace(where)
        about = await space.about()
        answer = await space.ask("/greet", {}, 5)
        await space.close()
        return about, answer

    pages = {"/gradio_api/info": info, "/gradio_api/run/greet": b'{"data": ["hello"]}'}
    with server(gradio_like(pages, queue=b"false")) as where:
        about, answer = run(once())
    assert answer == ["hello"]
    assert about.notes == ("The Space's /gradio_api/info is broken: parameters are named after their labels.",)


def test_a_new_deployment_is_noticed_after_a_fault():
    """What the Space said of itself is read again once it has failed."""
    pages = {"/gradio_api/run/greet": b'{"data": ["hello"]}', "/config": CONFIG % b"[]"}

    async def twice():
        space = GradioSpace(where)
        with pytest.raises(ContractBroken, match="no endpoint /greet"):
            await space.ask("/greet", {}, 5)
        pages["/config"] = CONFIG % (GREET % b"false")
        answer = await space.ask("/greet", {}, 5)
        await space.close()
        return answer

    with server(lambda request: gradio_like(pages)(request)) as where:
        assert run(twice()) == ["hello"]


def test_whoever_asks_how_a_space_is_hears_how_it_is_now():
    """Not how it was when it was last asked: a Space that died is not ready."""

    async def twice():
        space = GradioSpace(where)
        assert (await space.about()).gradio == "6.31.0"
        gone.append(True)
        with pytest.raises(SpaceBusy):
            await space.about()
        await space.close()

    gone: list[bool] = []
    with server(lambda request: says(503)(request) if gone else gradio_like({})(request)) as where:
        run(twice())


def test_time_runs_out_inside_this_process_too():
    """A mounted Gradio answers its own cancellation with an error; the visitor hears that it was too slow."""

    async def stubborn(scope, receive, send):
        try:
            await asyncio.sleep(5)
        except BaseException:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b'{"error": null}'})

    async def once():
        space = GradioSpace("http://inside", transport=httpx2.ASGITransport(app=stubborn))
        with pytest.raises(OutOfTime):
            await space.ask("/greet", {}, 0.2)

    run(once())


def test_cookies_of_one_visitor_do_not_reach_the_next():
    """The client is shared; what a Space sets is not kept."""
    sent = []

    def answer(request):
        sent.append(request.headers.get("Cookie"))
        says(200, b'{"protocol": "x"}', Set_Cookie="session=1")(request)

    async def twice():
        space = GradioSpace(where)
        for _ in range(2):
            with pytest.raises(ContractBroken):
                await space.about()
        await space.close()

    with server(answer) as where:
        run(twice())
    assert sent == [None, None]


@pytest.mark.parametrize("prefix", ["http://127.0.0.1:{}/latest?x=", "//127.0.0.1:{}", "@127.0.0.1:{}", "/a/../../b"])
def test_a_space_chooses_nobody_elses_address(prefix):
    """Whatever it says of itself, its token and the bridge's questions go to that Space alone."""
    asked = []

    def elsewhere(request):
        asked.append(request.path)
        says(200)(request)

    async def about(where):
        space = GradioSpace(where, token="hf_secret")
        try:
            with pytest.raises(ContractBroken):
                await space.about()
        finally:
            await space.close()

    with server(elsewhere) as other:
        told = prefix.format(other.rpartition(":")[2])
        config = json.dumps(
            {"version": "9.0.0", "protocol": "sse_v9", "api_prefix": told, "components": [], "dependencies": []}
        )
        with server(says(200, config.encode())) as where:
            run(about(where))
    assert asked == []


@pytest.mark.parametrize("path", ["http://127.0.0.1/x", "//127.0.0.1/x", "x", ""])
def test_a_path_leads_nowhere_but_below_the_space(path):
    """The last fence, whatever comes through the others."""

    async def get():
        wire = HttpWire("http://127.0.0.1:1")
        try:
            await wire.get(path)
        finally:
            await wire.close()

    with pytest.raises(ContractBroken, match="does not follow"):
        run(get())
