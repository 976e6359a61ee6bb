"""What a visitor makes on a page, a real Gradio receives: drawn, recorded, photographed, pasted from a spreadsheet."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import CAT, ROOT, copied_site, free_port, gradio_app
from playwright.sync_api import BrowserType, Page, expect
from test_added_demo import _wait

import build
import dev


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a Space that says what it was given, added as anybody's."""
    site = copied_site(tmp_path_factory.mktemp("given") / "site")
    port, bridge_port = free_port(), free_port()
    python = [sys.executable, "-m", "api_bridge"]
    with gradio_app(ROOT / "tests/gradio_given.py") as space:
        shutil.rmtree(site / "demos")
        subprocess.run([*python, "add", space, "--demos", site / "demos"], cwd=ROOT, check=True, capture_output=True)
        serve = ["serve", "--demos", site / "demos", "--port", str(bridge_port), "--origin", f"http://127.0.0.1:{port}"]
        bridge = subprocess.Popen([*python, *serve], cwd=ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{bridge_port}/healthz")
            build.write(build.build(site=site, bridge=f"http://127.0.0.1:{bridge_port}"), site / "dist")
            with dev.site(site / "dist", port):
                yield f"http://127.0.0.1:{port}/say/"
        finally:
            bridge.terminate()
            bridge.wait(10)


@pytest.fixture
def page(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Page]:
    """A page that may use a made-up camera and a made-up microphone."""
    flags = [*browser_type_launch_args.get("args", []), "--use-fake-device-for-media-stream"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    yield browser.new_context(permissions=["camera", "microphone"]).new_page()
    browser.close()


def test_a_real_gradio_receives_what_was_made(page: Page, address: str):
    """Pixels where one drew, sound that was heard, a photo as the camera saw it, numbers as numbers."""
    page.goto(address)
    sketch, sound, pictures = (page.locator(f"[data-field={name}]") for name in ("sketch", "sound", "pictures"))
    sheet = page.get_by_role("application", name="Sketch: draw here")
    sheet.focus()
    page.keyboard.press("Space")
    for _ in range(10):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Space")
    expect(sketch.get_by_role("button", name="Undo")).to_be_visible()
    sound.get_by_role("button", name="Record a sound").click()
    expect(sound).to_contain_text(re.compile("Recording, 0:0[1-9]"))
    sound.get_by_role("button", name="Finish").click()
    expect(sound.get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Pictures").set_input_files(CAT)
    pictures.get_by_role("button", name="Take a photo").click()
    pictures.get_by_role("button", name="Take it").click()
    expect(pictures.get_by_role("listitem")).to_have_count(2)
    page.get_by_label("name, row 1").fill("Anna")
    page.get_by_label("kg, row 1").fill("0.5")
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.get_by_role("region", name="Answer", exact=True)
    expect(answer).to_contain_text("Answered by", timeout=20_000)
    given = json.loads(answer.get_by_text('{"size"').inner_text())
    assert given["size"] == [720, 960]
    (top, left), (bottom, right) = given["dark"]
    assert top < 360 < bottom < 370
    assert left == pytest.approx(480, abs=10)
    assert right == pytest.approx(880, abs=10)
    assert given["rate"] == 24_000
    assert given["seconds"] > 0.9
    assert given["loud"] > 1000
    assert given["pictures"][0] == [300, 451]
    assert min(given["pictures"][1]) > 400
    assert given["table"] == [["name", "kg"], [["Anna", 0.5]]]
