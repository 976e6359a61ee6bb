"""The road that most tests travel: a real Space, the built site before it, a real browser."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import build
import dev
from api_bridge import Contract, load
from api_bridge.messages import load as load_messages
from api_bridge.words import sentence
from training.publish import publish

ROOT = Path(__file__).parent.parent
CATDOG = ROOT / "site/demos/catdog"
CAT = CATDOG / "examples/cat.jpg"


SAY = load_messages(ROOT / "site/messages.toml").say("en")


def said(example: str) -> str:
    """What the page says of one of cat or dog's examples: whatever the model in the project says today."""
    contract = load(CATDOG).json
    (prediction,) = (each["prediction"] for each in contract["examples"] if each["name"] == example)
    # The page has a line between this and what follows.
    return sentence(prediction, contract["prediction"]["properties"]["label"]["words"], SAY).removeprefix(
        "Unfamiliar. "
    )


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Wait for `coroutine` in a thread of its own: Playwright holds this one's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def copied_site(to: Path) -> Path:
    """Leave a copy of the site's folder at `to`, to be changed; its models, which nothing changes, are the same files."""
    shutil.copytree(ROOT / "site", to, ignore=shutil.ignore_patterns("*.onnx"))
    for model in (ROOT / "site").rglob("*.onnx"):
        (to / model.relative_to(ROOT / "site")).symlink_to(model)
    return to


@contextmanager
def gradio_app(program: Path, *words: str) -> Iterator[str]:
    """Run a Gradio app of tests/ as a process of its own; yield its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, program, str(port), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"},
    )
    try:
        for _ in range(240):
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=2):
                break
            assert process.poll() is None, f"{program.name} did not start"
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Road:
    """Where things are while a Space and a site are up."""

    space: str
    bridge: str
    origin: str
    space_folder: Path
    space_port: int
    dist: Path

    @property
    def demo(self) -> str:
        return f"{self.origin}/catdog/"


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """The published Space and the built site, each a process or a port of its own."""
    folder, dist = tmp_path_factory.mktemp("space"), tmp_path_factory.mktemp("dist")
    space_port, port = free_port(), free_port()
    origin, space = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{space_port}"
    publish(folder, [origin])
    build.write(build.build(space=space), dist)
    with dev.space(folder, space_port), dev.site(dist, port):
        yield Road(space, f"{space}/bridge", origin, folder, space_port, dist)


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The committed contract of cat or dog."""
    return load(CATDOG)


@pytest.fixture
def write_contract(tmp_path: Path):
    """Write a contract into a folder of its own, changed as the test asks, and return the folder."""

    def write(change=lambda contract: None, name: str = "catdog") -> Path:
        value = json.loads((CATDOG / "contract.json").read_text(encoding="utf-8"))
        change(value)
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "contract.json").write_text(json.dumps(value), encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The browser that dev.py found, kept from looking for anything but this machine."""
    rules = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    found = {"executable_path": os.environ["TEST_BROWSER"]} if os.environ.get("TEST_BROWSER") else {}
    return {**browser_type_launch_args, **found, "args": [f"--host-resolver-rules={rules}"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without the worker that keeps pages: it would answer in the place of what a test puts before a request."""
    return {**browser_context_args, "service_workers": "block"}


@pytest.fixture
def visitor(page: Page, road: Road) -> Iterator[Page]:
    """A page whose every request and complaint is looked at when the test is over."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    foreign = [url for url in asked if not url.startswith((road.origin, "http://127.0.0.1", "blob:", "data:"))]
    assert foreign == []
    assert complaints == []


@pytest.fixture
def demo(visitor: Page, road: Road) -> Page:
    """The cat-or-dog page, ready to be asked, in a browser that can not answer by itself: only the bridge does."""
    visitor.add_init_script("delete globalThis.Worker")
    visitor.goto(road.demo)
    return visitor
