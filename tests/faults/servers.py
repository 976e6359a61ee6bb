"""Servers on real sockets that answer as a test says: wrongly, or nearly like a Gradio."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from conftest import free_port, run
from starlette.applications import Starlette

from api_bridge.space import GradioSpace


def ask(where: str, endpoint: str, takes: dict, seconds: float = 20):
    """Ask once, through a connection of its own."""

    async def once():
        space = GradioSpace(where)
        try:
            return await space.ask(endpoint, takes, seconds)
        finally:
            await space.close()

    return run(once())


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


CONFIG = (
    b'{"version": "6.31.0", "protocol": "sse_v3", "api_prefix": "/gradio_api",'
    b' "components": [{"id": 1, "type": "textbox", "props": {"label": "Said"}}], "dependencies": %s}'
)
GREET = b'[{"api_name": "greet", "queue": %s, "inputs": [], "outputs": [1]}]'
INFO = b'{"named_endpoints": {"/greet": {"parameters": []}}}'


def gradio_like(pages: dict[str, bytes], queue: bytes = b"true"):
    """Answer as a Gradio with one endpoint would, but for `pages`."""
    known = {"/config": CONFIG % (GREET % queue), "/gradio_api/info": INFO, **pages}

    def answer(request):
        path = request.path.partition("?")[0]
        kind = "text/event-stream" if path.endswith("/queue/data") else "application/json"
        says(200 if path in known else 404, known.get(path, b"{}"), Content_Type=kind)(request)

    return answer


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """An ASGI app on a real socket, until the block ends."""
    port = free_port()
    it = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", proxy_headers=False))
    thread = threading.Thread(target=it.run, daemon=True)
    thread.start()
    while not it.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        it.should_exit = True
        thread.join(10)
