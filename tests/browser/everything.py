"""
A demo of every kind, built, served and answered over real sockets: what tests of fields share.

A module takes its fixtures with `pytest_plugins = ["everything"]`. It imports more of it before pytest can rewrite its
asserts, which therefore are left as they are: PYTEST_DONT_REWRITE.
"""

import base64
import io
import json
import re
import shutil
import threading
import wave
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cases import every_kind
from conftest import CAT, copied_site
from PIL import Image
from playwright.sync_api import Page

import build
import dev
from api_bridge import photos
from api_bridge.contract import Contract, load
from api_bridge.media import File


def sound() -> bytes:
    """A quarter of a second of silence, as a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(4000))
    return content.getvalue()


def panorama() -> bytes:
    """A picture three times as wide as high, as a PNG file."""
    content = io.BytesIO()
    Image.new("RGB", (600, 200), "teal").save(content, "PNG")
    return content.getvalue()


WAV = {"name": "My own voice.wav", "mimeType": "audio/wav", "buffer": sound()}
PANORAMA = {"name": "wide.png", "mimeType": "image/png", "buffer": panorama()}
TEXT = {"name": "notes.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}


class StandIn(BaseHTTPRequestHandler):
    """Reads a form as the bridge does, and answers with what the example recorded."""

    contract: Contract
    asked: list[Any]
    refuse: dict[str, Any] | None

    def do_POST(self) -> None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form: list[tuple[str, str | File]] = []
        for part in message_from_bytes(head + body, policy=HTTP).iter_parts():
            name, file = (part.get_param(word, header="content-disposition") for word in ("name", "filename"))
            content = part.get_payload(decode=True)
            given = photos.describe(content, Path(file).suffix) if file else content.decode().replace("\r\n", "\n")
            form.append((name, given))
        self.asked.append(self.contract.check_input(self.contract.read_form(form)))
        if self.refuse:
            return self._send(json.dumps(self.refuse).encode(), "application/problem+json", 422)
        prediction = self.contract.json["examples"][0]["prediction"]
        kept = json.loads(json.dumps(prediction).replace("examples/", "v1/files/"))
        return self._send(json.dumps({"prediction": kept}).encode(), "application/json")

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        if "/v1/files/" in self.path:
            return self._send((self.contract.folder / "examples" / name).read_bytes(), "application/octet-stream")
        return self._send(json.dumps({"status": {"ready": name == "every"}}).encode(), "application/json")

    def _send(self, content: bytes, media: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's own folder with a demo of every kind in it, and a check that found it broken."""
    site = tmp_path_factory.mktemp("every") / "site"
    copied_site(site)
    folder = site / "demos/every"
    (folder / "examples").mkdir(parents=True)
    shutil.copy(CAT, folder / "examples/cat.jpg")
    (folder / "examples/voice.wav").write_bytes(WAV["buffer"])
    (folder / "examples/notes.csv").write_bytes(TEXT["buffer"])
    (folder / "contract.json").write_text(json.dumps(every_kind()), encoding="utf-8")
    (folder / "index.md").write_text("It takes everything.", encoding="utf-8")
    finding = {
        "class": "breaking",
        "what": "One is two.",
        "visitor": "It counts otherwise now.",
        "remedy": "Add it again.",
    }
    report = {"state": "breaking", "space": "some/one", "gradio": "6.31.0", "dialect": "queue5", "stage": "RUNNING"}
    checked = {"checked": "2026-11-21T12:00:00Z", "demos": {"every": {**report, "findings": [finding]}}}
    (site / "status.json").write_text(json.dumps(checked), encoding="utf-8")
    return site


@pytest.fixture(scope="session")
def bridge(site: Path) -> Iterator[tuple[str, type[StandIn]]]:
    """A bridge over a real socket, and what it was asked."""
    contract = load(site / "demos/every")
    face = type("Face", (StandIn,), {"contract": contract, "asked": [], "refuse": None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), face)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", face
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def origin(site: Path, bridge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    dist = tmp_path_factory.mktemp("every-dist")
    build.write(build.build(site=site, bridge=bridge[0]), dist)
    with dev.site(dist, 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def every(page: Page, origin: str, bridge) -> Iterator[Page]:
    """The page of the demo of every kind; whatever its scripts complain of fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    bridge[1].asked.clear()
    bridge[1].refuse = None
    page.goto(f"{origin}/every/")
    yield page
    assert complaints == []


def answer(page: Page):
    return page.get_by_role("region", name="Answer", exact=True)


def field(page: Page, title: str):
    """The control that is labelled so, whether or not it may be left empty."""
    return page.get_by_label(re.compile(rf"^\s*{title}( optional| اختياري)?$"))


def ask(page: Page) -> None:
    page.get_by_role("button", name="Ask").click()


def give(page: Page, event: str, name: str, content: bytes, target: str) -> None:
    """Drop or paste a file, as a browser does."""
    left_to_the_browser = page.evaluate(
        """([event, name, content, target]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            const given = event === "paste"
                ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true})
                : new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
            return document.querySelector(target).dispatchEvent(given);
        }""",
        [event, name, base64.b64encode(content).decode(), target],
    )
    assert not left_to_the_browser, "the browser would leave the page to show the file"
