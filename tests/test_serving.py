"""A bridge that is told to stop answers whom it has promised to, and takes nobody else."""

import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest
from conftest import ROOT, free_port
from servers import gradio_like, says, server
from test_stream import GREET


@contextmanager
def standing(tmp_path):
    """A bridge as a process, before a Space that answers when told to; yield both and how to let it answer."""
    asked, go = threading.Event(), threading.Event()
    known = gradio_like({}, queue=b"false")

    def answer(request):
        if not request.path.startswith("/gradio_api/run/"):
            return known(request)
        asked.set()
        assert go.wait(20)
        return says(200, b'{"data": ["Hello"]}', Content_Type="application/json")(request)

    folder = tmp_path / "greet"
    folder.mkdir()
    (folder / "contract.json").write_text(json.dumps(GREET))
    port = free_port()
    with server(answer) as space:
        words = ["serve", "--demos", tmp_path, "--here", space, "--port", str(port)]
        command = [sys.executable, "-m", "api_bridge", *map(str, words)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert str(port) in process.stdout.readline()
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                while True:
                    try:
                        client.get("/healthz")
                        break
                    except httpx2.ConnectError:
                        assert process.poll() is None
                yield process, client, asked, go
        finally:
            go.set()
            process.kill()
            process.wait()


def said_so(client, process):
    """Look until it says that it is not ready, and not for ever."""
    for _ in range(500):
        if client.get("/readyz").status_code == 503:
            return
        assert process.poll() is None
    raise AssertionError("it was told to stop, and is still ready")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_who_was_asking_is_answered(tmp_path, sign):
    """At once not ready, no more questions, but those on their way come to their end; and that is no failure."""
    with standing(tmp_path) as (process, client, asked, go), ThreadPoolExecutor() as threads:
        answer = threads.submit(client.post, "/v1/demos/greet/ask", json={})
        assert asked.wait(10)
        assert client.get("/readyz").status_code == 200
        process.send_signal(sign)
        said_so(client, process)
        assert client.get("/healthz").status_code == 200
        refused = client.post("/v1/demos/greet/ask", json={})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        go.set()
        assert answer.result().json()["prediction"] == "Hello"
        assert process.wait(10) == 0


def test_told_twice_it_does_not_wait(tmp_path):
    """Whoever presses Ctrl-C again means it."""
    with standing(tmp_path) as (process, client, asked, _), ThreadPoolExecutor() as threads:
        answer = threads.submit(client.post, "/v1/demos/greet/ask", json={})
        assert asked.wait(10)
        process.send_signal(signal.SIGINT)
        said_so(client, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert isinstance(answer.exception(), httpx2.TransportError) or answer.result().status_code >= 500


def test_with_nobody_asking_it_ends_at_once(tmp_path):
    """A host that stops it need not wait."""
    with standing(tmp_path) as (process, *_):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
