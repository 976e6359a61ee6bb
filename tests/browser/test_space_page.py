"""Gradio's own page of the Space: whoever visits it there finds every demo, and what each model looked at."""

from conftest import CAT, Road
from playwright.sync_api import Page, expect


def test_a_visitor_of_the_space_itself_can_ask(page: Page, road: Road):
    """Each demo is behind its tab; a photo is answered, and what the model looked at is drawn."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(road.space)
    page.get_by_role("tab", name="Cat or dog?").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button").filter(has_text="Drop Image Here").click()
    chooser.value.set_files(CAT)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_test_id("label-output-value")).to_have_text("cat")
    page.get_by_role("button", name="What it looked at").click()
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.locator("img[src$='.webp']")).to_be_visible()
    assert complaints == []
