"""axe-core finds nothing to say, on every page, in every state, in light and dark."""

from pathlib import Path

import pytest
from conftest import CAT, Road
from playwright.sync_api import Page, expect

AXE = Path(__file__).parent.parent / "node_modules/axe-core/axe.min.js"


def violations(page: Page) -> list[str]:
    """What axe-core finds, in a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations)")
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


def idle(page: Page) -> None:
    expect(page.get_by_text("Nothing asked yet")).to_be_visible()


def waiting(page: Page) -> None:
    page.route("**/ask", lambda route: None)
    page.get_by_label("Photo").set_input_files(CAT)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()


def waiting_long(page: Page) -> None:
    page.clock.install()
    waiting(page)
    page.clock.fast_forward(9000)
    expect(page.get_by_text("Still asking")).to_be_visible()


def answered(page: Page) -> None:
    page.get_by_label("Photo").set_input_files(CAT)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("Answered by")).to_be_visible()


def saved(page: Page) -> None:
    page.get_by_role("link", name="Chelsea, a cat").click()
    page.get_by_text("What it knows, and where it fails").click()
    expect(page.get_by_role("table").first).to_be_visible()


def failed(page: Page) -> None:
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", [idle, waiting, waiting_long, answered, saved, failed])
def test_every_state_of_a_demo(demo: Page, state, scheme):
    """Whoever cannot see it, point at it, or see it well, can use it."""
    demo.emulate_media(color_scheme=scheme)
    state(demo)
    assert violations(demo) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/no/such/page"])
def test_every_other_page(visitor: Page, road: Road, path, scheme):
    """The first page and the one for wrong addresses."""
    visitor.emulate_media(color_scheme=scheme)
    visitor.goto(road.origin + path)
    assert violations(visitor) == []


def test_axe_sees_what_is_wrong(demo: Page):
    """A page made worse on purpose is found out: the silence above means something."""
    demo.evaluate("document.querySelector('label').remove()")
    assert any(line.startswith("label:") for line in violations(demo))
