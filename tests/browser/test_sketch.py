"""Whoever draws sees what is sent: on a blank sheet or over a photo, with a mouse or with the keyboard."""

import io

import pytest
from conftest import CAT
from everything import PANORAMA, ask, field
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from test_axe import violations

pytest_plugins = ["everything"]


@pytest.fixture
def sketch(every: Page) -> Locator:
    """The field to draw in, of a form that has all else that it needs."""
    field(every, "Photo").set_input_files(CAT)
    field(every, "Story").fill("x")
    place = every.locator("[data-field=sketch]")
    place.locator("canvas").scroll_into_view_if_needed()
    return place


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Draw a line with the mouse through points, which are shares of the sheet's box."""
    page.locator("canvas").evaluate("(sheet) => sheet.scrollIntoView({block: 'center'})")
    box = page.locator("canvas").bounding_box()
    (x, y), *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=5)
    page.mouse.up()


def sent(page: Page, bridge) -> Image.Image:
    """Ask, and return the sketch as it arrived: a PNG, in RGB."""
    bridge[1].asked.clear()
    with page.expect_response("**/ask"):
        ask(page)
    expect(page.locator("main")).to_have_attribute("data-state", "answered")
    file = bridge[1].asked[0]["sketch"]
    assert (file.media, file.ending) == ("image/png", ".png")
    return Image.open(io.BytesIO(file.content)).convert("RGB")


def test_a_sketch_arrives_as_it_was_drawn(every: Page, sketch: Locator, bridge):
    """Dark where one drew and white elsewhere; rubbed out, undone, redone, cleared and taken back."""
    stroke(every, (0.25, 0.25), (0.75, 0.25))
    drawn = sent(every, bridge)
    assert drawn.size == (960, 720)
    assert [drawn.getpixel(at) for at in ((480, 180), (480, 360), (20, 180))] == [
        (0, 0, 0),
        (255, 255, 255),
        (255, 255, 255),
    ]
    sketch.get_by_label("Colour of the pen").fill("#ff0000")
    sketch.get_by_label("Size").fill("60")
    stroke(every, (0.5, 0.75), (0.5, 0.75))  # a dot
    sketch.get_by_label("Eraser").check()
    stroke(every, (0.5, 0.1), (0.5, 0.4))
    drawn = sent(every, bridge)
    assert [drawn.getpixel(at) for at in ((480, 540), (480, 180), (300, 180))] == [
        (255, 0, 0),
        (255, 255, 255),
        (0, 0, 0),
    ]
    expect(every.get_by_text("Changed since this answer.")).to_be_hidden()
    undo, redo, clear = (sketch.get_by_role("button", name=name) for name in ("Undo", "Redo", "Clear"))
    undo.click()
    expect(every.get_by_text("Changed since this answer.")).to_be_visible()
    undo.click()
    assert sent(every, bridge).getpixel((480, 540)) == (255, 255, 255)
    redo.click()
    assert sent(every, bridge).getpixel((480, 540)) == (255, 0, 0)
    clear.click()
    expect(clear).to_be_hidden()
    expect(sketch.locator("canvas")).to_be_focused()
    undo.click()
    assert sent(every, bridge).getpixel((480, 180)) == (0, 0, 0)
    assert violations(every) == []


def test_a_mask_is_drawn_over_a_photo(every: Page, sketch: Locator, bridge):
    """As large as the photo, whose own colours stay where nobody drew; another photo starts anew, and that can be undone."""
    field(every, "Sketch").set_input_files(CAT)
    expect(every.locator("canvas")).to_have_js_property("width", 451)
    stroke(every, (0.4, 0.5), (0.6, 0.5))
    drawn = sent(every, bridge)
    with Image.open(CAT) as cat:
        assert drawn.size == cat.size == (451, 300)
        assert drawn.getpixel((225, 150)) == (0, 0, 0)
        there, here = cat.convert("RGB").getpixel((225, 40)), drawn.getpixel((225, 40))
    assert max(abs(one - other) for one, other in zip(there, here, strict=True)) < 12
    field(every, "Sketch").set_input_files(PANORAMA)
    expect(every.locator("canvas")).to_have_js_property("width", 600)
    stroke(every, (0.4, 0.5), (0.6, 0.5))
    assert sent(every, bridge).getpixel((300, 100)) == (0, 0, 0)
    undo = sketch.get_by_role("button", name="Undo")
    undo.click()
    undo.click()
    expect(every.locator("canvas")).to_have_js_property("width", 451)
    assert sent(every, bridge).getpixel((225, 150)) == (0, 0, 0)
    sketch.get_by_role("button", name="Remove the photo").click()
    expect(sketch.get_by_role("img")).to_have_count(0)
    undo.click()
    every.get_by_role("link", name="Anna and her cat").click()
    expect(sketch.get_by_role("img")).to_have_count(0)
    undo.click()
    expect(every.locator("canvas")).to_have_js_property("width", 451)
    assert sent(every, bridge).getpixel((225, 150)) == (0, 0, 0)


def test_it_is_drawn_with_the_keyboard_alone(every: Page, sketch: Locator, bridge):
    """Arrows move the pen, space puts it down and lifts it, and each is said; the way there is by Tab."""
    sheet = every.get_by_role("application", name="Sketch: draw here")
    expect(sheet).to_have_accessible_description(
        "Draw with mouse, pen or finger. With the keyboard: arrows move, space puts the pen down and lifts it. Or choose a picture to draw on."
    )
    field(every, "Moment").focus()
    for _ in range(20):
        every.keyboard.press("Tab")
        if sheet.evaluate("(sheet) => sheet === document.activeElement"):
            break
    expect(sheet).to_be_focused()
    every.keyboard.press("Space")
    expect(sketch.get_by_role("status")).to_have_text("The pen is down.")
    for _ in range(10):
        every.keyboard.press("Shift+ArrowRight")
    every.keyboard.press("Space")
    expect(sketch.get_by_role("status")).to_have_text("The pen is up.")
    for _ in range(5):
        every.keyboard.press("Shift+ArrowUp")
    every.keyboard.press("Space")
    every.keyboard.press("Tab")  # leaving lifts the pen
    sheet.focus()
    every.keyboard.press("Shift+ArrowUp")
    drawn = sent(every, bridge)
    dark = [at for at in range(480, 960, 8) if drawn.getpixel((at, 360)) == (0, 0, 0)]
    assert dark[-1] - dark[0] == pytest.approx(400, abs=10)
    assert drawn.getpixel((880, 160)) == (0, 0, 0)
    assert drawn.getpixel((880, 260)) == drawn.getpixel((880, 120)) == (255, 255, 255)
