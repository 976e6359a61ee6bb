"""
The core flow in Firefox: asked and answered by each route, of several steps, as a form, and without a line.

`python dev.py test --firefox` asks for it; a Firefox of Playwright's own is taken, or the one that is installed here.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CAT, ROOT, Road, free_port, said
from playwright.sync_api import Browser, Page, Playwright, expect

import dev

pytestmark = pytest.mark.firefox

TEDDY = ROOT / "site/demos/bears/examples/drawn-teddy.jpg"
KEPT = """new Promise((done) => {
    navigator.serviceWorker.addEventListener("controllerchange", () => done(null));
    if (navigator.serviceWorker.controller) done(null);
})"""  # `wait_for_function` evaluates text in the page, which its policy forbids
HOW = (
    "There is no Firefox to test with: run `.venv/bin/python -m playwright install firefox`, install Firefox itself, "
    "or name one in TEST_FIREFOX."
)


def launched(playwright: Playwright) -> Browser:
    """Start the Firefox that TEST_FIREFOX names, Playwright's own, or that of this system; fail where there is none."""
    named = os.environ.get("TEST_FIREFOX")
    if not named and Path(playwright.firefox.executable_path).exists():
        return playwright.firefox.launch()
    found = shutil.which(named) if named else shutil.which("firefox") or shutil.which("firefox-esr")
    if not found:
        pytest.fail(HOW)
    # As Mozilla ships it, Firefox is asked in WebDriver BiDi; Playwright's own has a protocol of its own.
    return playwright.firefox.launch(channel="moz-firefox", executable_path=found)


@pytest.fixture(scope="module")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def visitor(firefox: Browser) -> Iterator[Page]:
    """A page whose every complaint is looked at when the test is over."""
    context = firefox.new_context(locale="en-GB")
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if "Content-Security-Policy" in told.text else None)
    yield page
    context.close()
    assert complaints == []


def ask(page: Page, *photos: Path) -> None:
    page.get_by_label("Photo", exact=False).first.set_input_files([*photos])
    page.get_by_role("button", name="Ask").click()


def test_a_photo_is_answered_by_each_route(visitor: Page, road: Road):
    """A saved example at once, the bridge, and this device; all three say the same of the cat."""
    visitor.goto(road.demo)
    answer = visitor.get_by_role("region", name="Answer")
    visitor.get_by_role("link", name="Chelsea, a cat").click()
    expect(answer).to_contain_text("A saved answer")
    expect(answer).to_contain_text(said("cat"))
    ask(visitor, CAT)
    expect(answer).to_contain_text("Answered by the model’s server", timeout=20_000)
    expect(answer).to_contain_text(said("cat"))
    visitor.get_by_label("Keep everything on this device").check()
    ask(visitor, CAT)
    expect(answer).to_contain_text("Answered on this device", timeout=30_000)
    expect(answer).to_contain_text(said("cat"))
    answer.get_by_role("button", name="Show what it looked at").click()
    expect(answer.get_by_role("img", name="Your photo, darker where the model did not look for: a cat")).to_be_visible()


def test_several_steps_are_answered(visitor: Page, road: Road):
    """Two models side by side, and which of them agree."""
    visitor.goto(f"{road.origin}/bears-twice/")
    ask(visitor, TEDDY)
    answer = visitor.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Answered by the model’s server", timeout=20_000)
    expect(answer).to_contain_text("The models")
    for name in ("glance", "long"):
        expect(answer.locator(f"[data-step={name}] .bars li")).to_have_count(3)


def test_what_it_looked_at_is_drawn_on_the_device(visitor: Page, road: Road):
    """One step's label is the next one's input, and a picture is made of it, without the bridge."""
    visitor.goto(f"{road.origin}/catdog-look/")
    visitor.get_by_label("Keep everything on this device").check()
    ask(visitor, CAT)
    answer = visitor.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Answered on this device", timeout=30_000)
    expect(answer.get_by_role("img", name="What it looked at")).to_be_visible()


def test_a_form_is_answered(visitor: Page, road: Road):
    """Numbers and choices, from an example and changed by hand."""
    visitor.goto(f"{road.origin}/penguins/")
    visitor.get_by_role("link", name="Torgersen, 2007").click()
    weight = visitor.get_by_label("Weight in g")
    weight.press(
        "ControlOrMeta+a"
    )  # `fill` writes behind what stands in a number's field, where Firefox is asked in BiDi
    weight.press_sequentially("4100")
    visitor.get_by_role("button", name="Ask").click()
    expect(weight).to_have_value("4100")
    answer = visitor.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Answered by the model’s server", timeout=20_000)
    expect(answer.locator(".bars li")).to_have_count(3)


def test_after_one_visit_a_demo_opens_and_answers_without_a_line(visitor: Page, road: Road):
    """The site is really gone: its page, its examples and its model are this browser's own."""
    with dev.site(road.dist, port := free_port()):
        visitor.goto(f"http://127.0.0.1:{port}/catdog/")
        visitor.evaluate(KEPT)
        visitor.reload()
        visitor.get_by_label("Keep everything on this device").check()
        ask(visitor, CAT)
        answer = visitor.get_by_role("region", name="Answer")
        expect(answer).to_contain_text("Answered on this device", timeout=30_000)
    visitor.reload()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Cat or dog?")
    visitor.get_by_role("link", name="Chelsea, a cat").click()
    expect(answer).to_contain_text("A saved answer")
    visitor.get_by_label("Keep everything on this device").check()
    ask(visitor, CAT)
    expect(answer).to_contain_text("Answered on this device", timeout=30_000)
