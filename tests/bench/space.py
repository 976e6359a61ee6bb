"""
A Space whose functions do next to nothing, with the bridge mounted beside it as in training/space: what a
question costs here is the road.

    python space.py PORT DEMOS

`GET /counted` tells how many requests reached Gradio so far, by method and sender; after `POST /failing` all of
them are refused with a 503, until `POST /well`.
"""

import sys
import time
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent)]

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse

from api_bridge import Bridge, GradioSpace, create_app, load_all, log_to_stderr
from api_bridge.inside import InsideWire


def greet(name: str) -> str:
    return f"Hello {name}!"


def measure(photo) -> dict[str, float]:
    return {"wide": photo.width / 1000, "high": photo.height / 1000}


def spell(name: str):
    for end in range(1, len(name) + 1):
        time.sleep(0.005)
        yield name[:end]


class Counted:
    """Counts what reaches Gradio, over HTTP and from the bridge beside it, and refuses it where it is told to."""

    def __init__(self, app):
        self.app, self.failing, self.counted = app, False, Counter()

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if path in ("/counted", "/failing", "/well"):
            self.failing = path == "/failing" or (self.failing and path == "/counted")
            return await JSONResponse(self.counted)(scope, receive, send)
        if path.startswith(("/gradio_api/", "/config")):
            sender = dict(scope["headers"]).get(b"user-agent", b"?").decode()
            self.counted[f"{scope['method']} {sender}"] += 1
            if self.failing:
                return await JSONResponse({"error": "starting"}, 503)(scope, receive, send)
        return await self.app(scope, receive, send)


def draw() -> gr.Blocks:
    with gr.Blocks(analytics_enabled=False) as page:
        name, text = gr.Textbox(), gr.Textbox()
        photo, label = gr.Image(type="pil"), gr.Label()
        gr.Button().click(greet, name, text, api_name="greet", queue=False)
        gr.Button().click(greet, name, text, api_name="greet_queued")
        gr.Button().click(measure, photo, label, api_name="measure", queue=False)
        gr.Button().click(spell, name, text, api_name="spell", concurrency_limit=8)
    return page


def main(port: int, demos: Path) -> None:
    """Serve until stopped."""
    log_to_stderr()
    app, here = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), f"http://127.0.0.1:{port}"
    counted = Counted(app)
    bridge = Bridge(load_all(demos), {"here": GradioSpace(here, wire=InsideWire(here, counted, stateless=True))})
    app.mount("/bridge", create_app(bridge))
    gr.mount_gradio_app(app, draw(), path="/", show_error=False, ssr_mode=False)
    uvicorn.run(counted, host="127.0.0.1", port=port, log_level="warning", proxy_headers=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
