"""A server that stands before a real Gradio and changes what it is told to: another prefix, a closed door."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from servers import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

METHODS = ["GET", "POST", "HEAD", "OPTIONS"]


@contextmanager
def proxy(target: str, *, prefix: str | None = None, token: str | None = None) -> Iterator[str]:
    """
    Stand before the Gradio at `target` until the block ends; yield the address.

    `prefix` takes the place of /gradio_api, in paths and in what the app says of itself;
    `token` is asked for, as a private Space does.
    """
    client = httpx2.AsyncClient(base_url=target, timeout=30)

    async def forward(request: Request) -> Response:
        if token and request.headers.get("authorization") != f"Bearer {token}":
            return JSONResponse({"error": "This Space is private."}, 401)
        path = request.url.path.replace(prefix, "/gradio_api", 1) if prefix else request.url.path
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        url = f"{path}?{request.url.query}" if request.url.query else path
        asked = client.build_request(request.method, url, headers=headers, content=await request.body())
        answer = await client.send(asked, stream=True)
        kept = {name: value for name, value in answer.headers.items() if name in ("content-type", "location")}
        if request.url.path == "/config" and prefix:
            config = json.loads(await answer.aread())
            return JSONResponse({**config, "api_prefix": prefix, "root": str(request.base_url).rstrip("/")})
        return StreamingResponse(answer.aiter_bytes(), answer.status_code, kept)

    app = Starlette(routes=[Route("/{path:path}", forward, methods=METHODS)])
    with served(app) as address:
        yield address
