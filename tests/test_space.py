"""One call to a real Gradio, by queue and directly; and to servers that are not what they should be."""

import asyncio
import http.server
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
from conftest import CAT, free_port, run
from gradio_client import Client, handle_file

from api_bridge import photos
from api_bridge.faults import AppFailed, ContractBroken, OutOfTime, SpaceBusy, SpaceUnreachable
from api_bridge.space import GradioSpace, address


def ask(where: str, endpoint: str, takes: dict, seconds: float = 20):
    """Ask once, through a connection of its own."""

    async def once():
        space = GradioSpace(where)
        try:
            return await space.ask(endpoint, takes, seconds)
        finally:
            await space.close()

    return run(once())


@pytest.fixture(scope="module")
def gradio() -> Iterator[str]:
    """A Gradio process of its own, with endpoints of every temper."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("gradio_app.py"), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    where = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{where}/config", timeout=2).close()
            break
        except OSError:
            assert process.poll() is None, "the Gradio app did not start"
            time.sleep(0.25)
    yield where
    process.terminate()
    process.wait(10)


@contextmanager
def server(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server on a real socket that answers everything with `answer`."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as it:
        threading.Thread(target=it.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{it.server_address[1]}"
        it.shutdown()


def says(status: int, body: bytes = b"{}", **headers: str) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def test_it_learns_what_a_space_offers(gradio):
    """Endpoints by their names, their parameters in order, and whether they queue."""

    async def about():
        space = GradioSpace(gradio)
        try:
            return await space.about()
        finally:
            await space.close()

    about = run(about())
    assert (about.gradio, about.dialect) == ("6.31.0", "queue5")
    assert about.endpoints["/greet"].parameters == ("name", "times")
    assert about.endpoints["/greet"].queued
    assert not about.endpoints["/greet_directly"].queued


@pytest.mark.parametrize("way", ["", "_directly"])
def test_arguments_go_by_name_and_outputs_come_whole(gradio, way):
    """In whatever order they are given; several outputs come as several."""
    assert ask(gradio, f"/greet{way}", {"times": 2, "name": "Ada"}) == ["Hello Ada!Hello Ada!", 3]


@pytest.mark.parametrize("way", ["", "_directly"])
def test_it_says_what_gradios_own_client_says(gradio, way):
    """The official client is the oracle: the same photo, the same answer."""
    theirs = Client(gradio, verbose=False).predict(handle_file(CAT), api_name=f"/measure{way}")
    assert ask(gradio, f"/measure{way}", {"photo": photos.describe(CAT.read_bytes())}) == [theirs]


@pytest.mark.parametrize("way", ["", "_directly"])
def test_the_apps_own_words_reach_the_visitor(gradio, way):
    """A `gr.Error` was written to be read; what could disturb a terminal is taken out."""
    with pytest.raises(AppFailed) as raised:
        ask(gradio, f"/complain{way}", {})
    assert raised.value.detail == "The model says: Only on Tuesdays.[31m"


@pytest.mark.parametrize("way", ["", "_directly"])
def test_a_crash_is_told_without_its_secrets(gradio, way):
    """The author can mend it; the visitor learns that there is nothing to learn."""
    with pytest.raises(AppFailed, match="did not say why") as raised:
        ask(gradio, f"/crash{way}", {})
    assert "swordfish" not in raised.value.detail
    assert raised.value.space == {"address": gradio}


def test_a_stream_of_answers_ends_with_its_last(gradio):
    """A generator's partial answers are passed over."""
    assert ask(gradio, "/count", {}) == [2]


def test_nobody_waits_for_ever(gradio):
    """The deadline ends what the Space does not."""
    begun = time.monotonic()
    with pytest.raises(OutOfTime):
        ask(gradio, "/sleep", {}, seconds=0.8)
    assert time.monotonic() - begun < 3


def test_what_is_not_there_any_more_breaks_the_contract(gradio):
    """An endpoint that was renamed, or a parameter that came or went, is named."""
    with pytest.raises(ContractBroken, match="no endpoint /gone"):
        ask(gradio, "/gone", {})
    with pytest.raises(ContractBroken, match="takes name, times where name was agreed"):
        ask(gradio, "/greet", {"name": "Ada"})


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (says(200, b"<html>hello</html>"), ContractBroken, "can not be read"),
        (says(200, b"[1]"), ContractBroken, "not one of Gradio's"),
        (says(200, b'{"version": "3.50.2", "dependencies": []}'), ContractBroken, "speaks Gradio 3.50.2"),
        (says(200, b'{"a": NaN}'), ContractBroken, "NaN is not JSON"),
        (says(200, b'"' + b"x" * 4_100_000 + b'"'), ContractBroken, "longer than 4 MB"),
        (says(302, Location="http://169.254.169.254/"), SpaceUnreachable, "does not follow"),
        (says(401), SpaceUnreachable, "private"),
        (says(404), ContractBroken, "not there any more"),
        (says(500, b"<html>oops</html>"), ContractBroken, "status 500"),
        (says(502), SpaceBusy, "busy or starting"),
        (says(503), SpaceBusy, "busy or starting"),
        (lambda request: request.connection.close(), SpaceBusy, "does not answer"),
        (
            lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
            SpaceBusy,
            "does not answer",
        ),
    ],
)
def test_a_server_that_is_no_gradio_is_told_apart(answer, fault, words):
    """Each wrong answer has the fault that says who can mend it."""
    with server(answer) as where, pytest.raises(fault, match=words):
        ask(where, "/greet", {"name": "Ada", "times": 1})


def test_a_spaces_wish_to_be_left_alone_is_read():
    """Retry-After in seconds or as a date; garbage is nothing."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    for text, least, most in (
        ("7", 7, 7),
        (soon, 50, 61),
        ("-3", None, None),
        ("soon", None, None),
        ("9" * 400, None, None),
    ):
        with server(says(429, Retry_After=text)) as where, pytest.raises(SpaceBusy) as raised:
            ask(where, "/greet", {})
        after = raised.value.retry_after
        assert after is None if least is None else least <= after <= most


CONFIG = b'{"version": "6.31.0", "protocol": "sse_v3", "api_prefix": "/gradio_api", "dependencies": %s}'
GREET = b'[{"api_name": "greet", "queue": %s}]'
INFO = b'{"named_endpoints": {"/greet": {"parameters": []}}}'


def gradio_like(pages: dict[str, bytes], queue: bytes = b"true"):
    """Answer as a Gradio with one endpoint would, but for `pages`."""
    known = {"/config": CONFIG % (GREET % queue), "/gradio_api/info": INFO, **pages}

    def answer(request):
        path = request.path.partition("?")[0]
        kind = "text/event-stream" if path.endswith("/queue/data") else "application/json"
        says(200 if path in known else 404, known.get(path, b"{}"), Content_Type=kind)(request)

    return answer


@pytest.mark.parametrize(
    "pages",
    [
        {"/config": CONFIG % b"null"},
        {"/config": CONFIG % b"[3]"},
        {"/gradio_api/info": b"{}"},
        {"/gradio_api/info": b'{"named_endpoints": {"/greet": {}}}'},
        {"/gradio_api/call/greet": b"{}"},
        {"/gradio_api/call/greet": b'{"event_id": "a\\nb"}'},
        {"/gradio_api/call/greet": b'{"event_id": "a"}', "/gradio_api/queue/data": b"data: [1]\n\n"},
        {"/gradio_api/call/greet": b'{"event_id": "a"}', "/gradio_api/queue/data": b"data: {\n\n"},
        {"/gradio_api/call/greet": b'{"event_id": "a"}', "/gradio_api/queue/data": b"data: " + b"x" * 4_100_000},
    ],
)
def test_half_a_gradio_breaks_the_contract(pages):
    """Whatever it sends instead, nobody sees a bare exception, and nothing is asked again."""
    with server(gradio_like(pages)) as where, pytest.raises(ContractBroken):
        ask(where, "/greet", {})


def test_a_stream_that_ends_too_early_is_asked_again_by_whoever_may():
    """The Space was stopped in the middle: busy, not broken."""
    pages = {
        "/gradio_api/call/greet": b'{"event_id": "a"}',
        "/gradio_api/queue/data": b'data: {"msg": "estimation"}\n\n',
    }
    with server(gradio_like(pages)) as where, pytest.raises(SpaceBusy, match="stopped before"):
        ask(where, "/greet", {})


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


def test_nobody_there_and_nowhere_at_all_are_two_things():
    """A Space that is down comes back; a name that does not exist never does."""
    with pytest.raises(SpaceBusy):
        ask(f"http://127.0.0.1:{free_port()}", "/greet", {})
    with pytest.raises(SpaceUnreachable, match="no Space at this address"):
        ask("http://nowhere.invalid", "/greet", {})


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


def test_a_token_goes_to_its_space():
    """A private Space is asked with the maintainer's token."""
    sent = []

    def answer(request):
        sent.append(request.headers.get("Authorization"))
        says(403)(request)

    async def once():
        space = GradioSpace(where, token="hf_secret")
        with pytest.raises(SpaceUnreachable) as raised:
            await space.about()
        await space.close()
        return raised.value

    with server(answer) as where:
        fault = run(once())
    assert sent == ["Bearer hf_secret"]
    assert "hf_secret" not in str(fault.problem("a"))


@pytest.mark.parametrize(
    ("space", "where"),
    [
        ("Some.one/My_Space", "https://some-one-my-space.hf.space"),
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860"),
    ],
)
def test_a_spaces_name_is_its_address(space, where):
    """As the Hub has them."""
    assert address(space) == where
