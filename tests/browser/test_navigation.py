"""From page to page without a reload, by mouse, keyboard and the browser's own buttons."""

import re

import pytest
from conftest import CAT, Road
from playwright.sync_api import Browser, Page, Route, expect

import build
import dev


def marked(page: Page) -> bool:
    """Whether this is still the document that was marked: a reload would have lost it."""
    return page.evaluate("window.mark === 1")


def test_pages_change_without_a_reload(visitor: Page, road: Road):
    """Title, focus and the way back are those of real pages."""
    visitor.goto(road.origin)
    visitor.evaluate("window.mark = 1")
    visitor.get_by_role("link", name="Cat or dog?").first.click()
    expect(visitor.get_by_role("heading", name="Cat or dog?")).to_be_focused()
    expect(visitor).to_have_title("Cat or dog? · TinySpaces")
    expect(visitor).to_have_url(road.demo)
    visitor.get_by_label("Photo").set_input_files(CAT)
    visitor.get_by_role("button", name="Ask").click()
    expect(visitor.get_by_role("region", name="Answer")).to_contain_text("A cat")
    visitor.go_back()
    expect(visitor.get_by_role("heading", name="Ask a small model")).to_be_focused()
    visitor.go_forward()
    expect(visitor.get_by_role("button", name="Ask")).to_be_visible()
    visitor.get_by_role("link", name="TinySpaces").click()
    expect(visitor).to_have_title("TinySpaces")
    assert marked(visitor)


def test_a_demo_left_behind_answers_nothing_more(visitor: Page, road: Road):
    """Its listeners go with it: a photo pasted on another page asks nobody, and a second visit works."""
    visitor.goto(road.demo)
    paste = """document.dispatchEvent(new ClipboardEvent("paste", {bubbles: true, cancelable: true, clipboardData: (() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["x"], "x.png"));
        return transfer;
    })()}))"""
    for _ in range(3):
        visitor.get_by_role("link", name="TinySpaces").click()
        expect(visitor.get_by_role("heading", name="Ask a small model")).to_be_focused()
        assert visitor.evaluate(paste), "a demo that is gone still takes photos"
        visitor.get_by_role("link", name="Cat or dog?").first.click()
        expect(visitor.get_by_role("heading", name="Cat or dog?")).to_be_focused()
    asked = []
    visitor.on("request", lambda request: asked.append(request.url) if "/bridge/" in request.url else None)
    visitor.get_by_label("Photo").set_input_files(CAT)
    visitor.get_by_role("button", name="Ask").click()
    expect(visitor.get_by_role("region", name="Answer")).to_contain_text("A cat")
    assert len(asked) == 1


def test_a_question_goes_on_while_somebody_looks_elsewhere(demo: Page):
    """Whoever comes back finds the photo as it was given, and its answer."""
    held: list[Route] = []
    demo.route("**/ask", lambda route: held.append(route))
    demo.get_by_label("Photo").set_input_files(CAT)
    with demo.expect_request("**/ask"):
        demo.get_by_role("button", name="Ask").click()
    demo.get_by_role("link", name="TinySpaces").click()
    expect(demo.get_by_role("heading", name="Ask a small model")).to_be_focused()
    with demo.expect_response("**/ask"):
        held[0].continue_()
    demo.get_by_role("link", name="Cat or dog?", exact=False).first.click()
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    expect(demo.get_by_role("region", name="Answer")).to_contain_text("Answered by the model’s server")


def test_a_page_that_nobody_comes_back_to_ends_its_question(demo: Page):
    """Only the last few are kept: what the oldest asked is let go."""
    demo.route("**/ask", lambda route: None)
    demo.get_by_label("Photo").set_input_files(CAT)
    with demo.expect_request("**/ask"):
        demo.get_by_role("button", name="Ask").click()
    with demo.expect_event("requestfailed", lambda request: request.url.endswith("/ask")):
        for title in (
            "Grizzly, black",
            "Which penguin?",
            "What is this to wear?",
            "Sort a wardrobe",
            "Which bear? Asked twice",
        ):
            demo.get_by_role("link", name="TinySpaces").click()
            demo.get_by_role("link", name=title).first.click()
            expect(demo.get_by_role("heading", level=1)).to_contain_text(title)


def test_a_page_that_comes_too_late_is_not_shown(visitor: Page, road: Road):
    """Back, pressed before the next page had come, wins."""
    visitor.goto(road.origin)
    held = []
    visitor.route("**/catdog/", lambda route: held.append(route))
    visitor.get_by_role("link", name="Cat or dog?").first.click()
    expect(visitor).to_have_url(road.demo)
    visitor.go_back()
    expect(visitor).to_have_url(f"{road.origin}/")
    held[0].continue_()
    visitor.wait_for_timeout(300)
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Ask a small model")


def test_a_reload_keeps_the_readers_place(demo: Page):
    """Half way down the page, and still there afterwards."""
    demo.set_viewport_size({"width": 360, "height": 500})
    demo.evaluate("scrollTo(0, 400)")
    demo.reload()
    expect(demo.get_by_text("Nothing asked yet.")).to_be_attached()
    demo.wait_for_timeout(200)
    assert demo.evaluate("scrollY") == 400


def test_the_keyboard_alone_is_enough(demo: Page):
    """Skip link, home, photo, Ask, an example, what it knows: in that order, each with a visible focus."""
    seen = []
    for _ in range(10):
        demo.keyboard.press("Tab")
        seen.append(demo.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
        ring = demo.evaluate("""() => [document.activeElement, document.activeElement.parentElement]
            .some((each) => getComputedStyle(each).outlineStyle === "solid")""")
        assert ring, f"no visible focus on {seen[-1]}"
    assert seen[:6] == ["Skip to the content", "TinySpaces", "field-photo", "Take a photo", "Ask", "here"]
    assert seen[9] == "What it knows, and where it fails"
    demo.keyboard.press("Enter")
    expect(demo.get_by_role("table").first).to_be_visible()
    demo.get_by_role("link", name="Chelsea, a cat").focus()
    demo.keyboard.press("Enter")
    expect(demo.get_by_role("region", name="Answer")).to_contain_text("A cat, over 99 %.")


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_nothing_is_cut_off(demo: Page, width: int):
    """No sideways scrolling from a small phone to a large screen, with an answer on the page."""
    demo.set_viewport_size({"width": width, "height": 800})
    demo.get_by_role("link", name="Chelsea, a cat").click()
    demo.get_by_text("What it knows, and where it fails").click()
    assert demo.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wrong_address_leads_home(visitor: Page, road: Road):
    """The site's own page, with the status that it is."""
    response = visitor.goto(f"{road.origin}/no/such/page/")
    assert response is not None
    assert response.status == 404
    visitor.get_by_role("link", name="All demos are on the first page").click()
    expect(visitor.get_by_role("heading", name="Ask a small model")).to_be_visible()


def test_a_projects_page_below_a_path(visitor: Page, road: Road, tmp_path):
    """GitHub serves /repo/: pages, examples and scripts are all found there."""
    build.write(build.build(base="/repo/", space=road.space), tmp_path / "dist")
    with dev.site(tmp_path / "dist", 0, "/repo/") as port:
        origin = f"http://127.0.0.1:{port}"
        visitor.goto(f"{origin}/repo/")
        visitor.get_by_role("link", name="Cat or dog?").first.click()
        visitor.get_by_role("link", name="Chelsea, a cat").click()
        expect(visitor.get_by_role("region", name="Answer")).to_contain_text("A cat")
        expect(visitor).to_have_url(f"{origin}/repo/catdog/#cat")
        assert visitor.request.get(f"{origin}/catdog/").status == 404


def test_without_scripts_the_page_still_tells(browser: Browser, road: Road):
    """Text, examples and their saved answers remain; the form says what it needs."""
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(road.demo)
    expect(page.get_by_text("Asking needs scripts.")).to_be_visible()
    expect(page.get_by_text("It said: A cat, over 99 %.")).to_be_visible()
    page.get_by_text("What it knows, and where it fails").click()
    expect(page.get_by_text(re.compile("It learned from \\d+ photos"))).to_be_visible()
    page.context.close()


def test_the_page_asks_for_little(visitor: Page, road: Road):
    """At most eight requests, photos aside."""
    asked = []
    visitor.on("requestfinished", lambda request: asked.append(request) if request.resource_type != "image" else None)
    visitor.goto(road.demo, wait_until="networkidle")
    assert len(asked) <= 8
