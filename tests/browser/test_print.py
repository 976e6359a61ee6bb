"""What is printed can be read by somebody who never saw the page: what was given, what was answered, and where."""

import re

import pytest
from conftest import CAT, Road, said
from playwright.sync_api import Page, expect


def printed(page: Page) -> tuple[str, int]:
    """The text that stands on paper, with what the head says beside the site's name, and the number of sheets."""
    content = page.pdf(format="A4")
    page.emulate_media(media="print")
    head = page.evaluate("getComputedStyle(document.querySelector('header'), '::after').content")
    return f"{head} {page.locator('body').inner_text()}", len(re.findall(rb"/Type\s*/Page\b", content))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answer_is_printed_with_its_address(visitor: Page, road: Road, scheme: str):
    """One sheet with the photo, the verdict and how sure it is, dark on white; no button, and no place to drop a photo."""
    visitor.emulate_media(color_scheme=scheme)
    visitor.goto(road.demo)
    visitor.locator("input[type=file]").set_input_files(CAT)
    visitor.get_by_role("button", name="Ask").click()
    expect(visitor.locator("main")).to_have_attribute("data-state", "answered")
    text, sheets = printed(visitor)
    for words in (road.demo, said("cat"), "dog", "under 1\xa0%"):
        assert words in text
    for words in ("Ask", "Copy", "Take a photo", "Drop", "Deutsch", "Or look at one of these", "What it knows"):
        assert words not in text
    assert sheets == 1
    photo = visitor.locator(".frame img").bounding_box()
    assert photo["width"] / photo["height"] == pytest.approx(451 / 300, abs=0.01), "whole, and not stretched"
    red, *_ = visitor.locator("h1").evaluate("(title) => getComputedStyle(title).color.match(/\\d+/g).map(Number)")
    assert red < 100


def test_several_photos_and_their_table_are_printed(visitor: Page, road: Road):
    """With the heads of its columns, which are buttons on the screen, and without the place for more photos."""
    visitor.goto(f"{road.origin}/wardrobe/#three-to-wear-and-a-coffee")
    expect(visitor.get_by_role("table")).to_be_visible()
    text, sheets = printed(visitor)
    for words in ("Label", "Confidence", "drawn-dress.jpg", "75\xa0%", "three-to-wear-and-a-coffee"):
        assert words in text
    assert "A saved answer, recorded with this page." in text
    for words in ("Remove", "Sort them", "Drop", "up to 8 MB", "Ask, to hear it"):
        assert words not in text
    assert sheets == 1
    visitor.goto(f"{road.origin}/catdog-look/")
    text, _ = printed(visitor)
    assert "Photo" not in text, "a frame with nothing in it"


def test_what_a_model_looked_at_is_printed(visitor: Page, road: Road):
    """With the label that it is for, in words; without the slider, which nobody can move on paper."""
    visitor.goto(f"{road.demo}#cat")
    visitor.get_by_role("button", name="Show what it looked at").click()
    label = visitor.get_by_label("What it looked at for")
    expect(label).to_be_visible(timeout=15_000)
    text, sheets = printed(visitor)
    assert "What it looked at for" in text
    for words in ("How dark the rest is", "Show what it looked at", "Ask"):
        assert words not in text
    expect(visitor.locator(".look input")).to_be_hidden()
    assert label.evaluate(
        "(select) => [getComputedStyle(select).appearance, getComputedStyle(select).borderWidth]"
    ) == [
        "none",
        "0px",
    ]
    assert sheets == 1
