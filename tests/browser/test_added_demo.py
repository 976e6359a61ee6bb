"""Somebody else's Space becomes a page: `add`, `build`, and a visitor asks it, through a bridge that runs alone."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from conftest import CAT, ROOT, free_port, gradio_app
from playwright.sync_api import Page, expect

import build
import dev


@pytest.fixture(scope="module")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Six fields and four outputs, from a Space's own words to a page, and no file was written by hand."""
    site: Path = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "site", site, dirs_exist_ok=True)
    port, bridge_port = free_port(), free_port()
    python = [sys.executable, "-m", "api_bridge"]
    with gradio_app(ROOT / "tests/gradio_form.py") as space:
        subprocess.run([*python, "add", space, "--demos", site / "demos"], cwd=ROOT, check=True, capture_output=True)
        serve = ["serve", "--demos", site / "demos", "--port", str(bridge_port), "--origin", f"http://127.0.0.1:{port}"]
        bridge = subprocess.Popen([*python, *serve], cwd=ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{bridge_port}/healthz")
            build.write(build.build(site=site, bridge=f"http://127.0.0.1:{bridge_port}"), site / "dist")
            with dev.site(site / "dist", port):
                yield f"http://127.0.0.1:{port}/describe/"
        finally:
            bridge.terminate()
            bridge.wait(10)


def _wait(address: str) -> object:
    for _ in range(100):
        with suppress(httpx2.TransportError):
            return httpx2.get(address).raise_for_status()
        time.sleep(0.1)
    raise AssertionError(f"{address} did not answer")


def test_a_visitor_asks_a_space_that_nobody_prepared(page: Page, page_address: str):
    """Every field is a labelled control of its own kind; every output is drawn under its own title."""
    page.goto(page_address)
    page.get_by_label("Photo", exact=True).set_input_files(CAT)
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Tame").check()
    page.get_by_role("radio", name="ginger").check()
    page.get_by_role("checkbox", name="roll").check()
    page.get_by_role("slider", name="Times").fill("4")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Ada is ginger and tame.")).to_be_visible(timeout=20_000)
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("heading", name="Turned")).to_be_visible()
    expect(answer.get_by_role("row", name="roll 4")).to_be_visible()
    picture = answer.get_by_role("img").first
    expect(picture).to_have_js_property("naturalWidth", 451)


def test_its_own_example_answers_at_once(page: Page, page_address: str):
    """Recorded when it was added: the form is filled, and the saved answer is there without any server."""
    page.goto(f"{page_address}#example-1")
    expect(page.get_by_text("Chelsea is black and tame.").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Chelsea")
    expect(page.get_by_role("checkbox", name="roll")).to_be_checked()


def test_a_refusal_stands_beside_its_field(page: Page, page_address: str):
    """Asking without a photo says so, and leads there."""
    page.goto(page_address)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("“Photo” is missing: choose a file.")).to_be_visible()
    expect(page.get_by_label("Photo", exact=True)).to_be_focused()
