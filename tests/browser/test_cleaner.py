"""The page where photos are cleaned, in a real browser, before the server that a person starts."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from drawn_run import cleaner, drawn, leave, marks, row, tree
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect
from test_axe import violations

WRONG = ("disc/3.jpg", "ring/5.jpg")


@pytest.fixture
def folder(tmp_path) -> Path:
    """The trainer's folder of a run with two labels that are wrong."""
    return drawn(tmp_path, each=20, wrong=WRONG)


@pytest.fixture
def table(folder, tmp_path, page: Page) -> Iterator[Page]:
    """The page, open; its complaints are looked at when the test is over."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    with cleaner(tmp_path) as (address, _):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        opened(page, address)
        yield page
        assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert complaints == []


def opened(page: Page, address: str) -> Page:
    """The page, with its photos there."""
    page.goto(address)
    expect(page.get_by_role("listbox", name="Photos")).to_be_focused()
    return page


def current(page: Page) -> str:
    """The file of the photo that is looked at, as it is named beside its picture."""
    return page.get_by_role("complementary").get_by_role("heading").inner_text()


def cards(page: Page) -> Locator:
    """The photos that are drawn."""
    return page.get_by_role("listbox", name="Photos").get_by_role("option")


def saved(page: Page) -> None:
    expect(page.get_by_text("All saved.")).to_be_visible()


def test_a_newcomer_cleans_by_keyboard(table: Page, folder, tmp_path):
    """Wrong labels come first with a reason; five keys, one yes, and the disk is clean; another, and it is as before."""
    before = tree(tmp_path / "photos")
    first = current(table)
    assert first in WRONG
    expect(table.get_by_text("Likely labelled wrongly")).to_be_visible()
    table.keyboard.press("d")
    second = current(table)
    assert {first, second} == set(WRONG)
    table.keyboard.press("3")  # its third label: square
    third = current(table)
    table.keyboard.press(" ")
    saved(table)
    assert sorted(marks(folder)) == sorted(
        [(first, "delete", None), (second, "relabel", "square"), (third, "keep", None)]
    )
    assert tree(tmp_path / "photos") == before

    table.get_by_role("button", name="Apply…").click()
    plan = table.get_by_role("dialog", name="What will be done")
    expect(plan).to_contain_text("1 photo to the bin")
    expect(plan).to_contain_text("1 photo to another label’s folder")
    table.keyboard.press("Escape")
    assert tree(tmp_path / "photos") == before
    table.get_by_role("button", name="Apply…").click()
    plan.get_by_role("button", name="Move 2 photos").click()
    expect(table.get_by_text("2 photos moved. Train again").last).to_be_visible()
    after = tree(tmp_path / "photos")
    assert first not in after
    assert after[f"square/{Path(second).stem}-2.jpg"] == before[second]
    expect(table.get_by_text("59 photos")).to_be_visible()

    table.get_by_role("button", name="Restore…").click()
    table.get_by_role("button", name="Move back").click()
    expect(table.get_by_text("2 photos moved back.").last).to_be_visible()
    assert tree(tmp_path / "photos") == before
    expect(table.get_by_text("1 to delete, 1 to relabel, 1 kept. All saved.")).to_be_visible()


def test_everything_can_be_done_by_pointing(table: Page, folder):
    """A mouse or a finger needs no key; and space afterwards keeps the next photo, it does not press again."""
    options = cards(table)
    options.nth(4).click()
    fifth = current(table)
    one = table.get_by_role("complementary")
    one.get_by_role("button", name="Delete").click()
    sixth = current(table)
    assert sixth != fifth
    table.keyboard.press(" ")
    saved(table)
    assert marks(folder) == [(fifth, "delete", None), (sixth, "keep", None)]
    table.get_by_role("button", name="Undo").click()
    table.get_by_role("button", name="Undo").click()
    expect(table.get_by_text("Nothing is marked.")).to_be_visible()
    expect(table.get_by_role("button", name="Undo")).to_be_disabled()
    assert current(table) == fifth
    assert marks(folder) == []
    options.nth(7).click()
    eighth = current(table)
    other = next(name for name in ("disc", "ring") if not eighth.startswith(name))
    one.get_by_role("button", name=other).click()
    expect(options.nth(7)).to_contain_text(f"→ {other}")
    one.get_by_role("button", name="Show it larger").click()
    expect(table.get_by_role("dialog")).to_be_visible()


def test_every_mark_is_undone_by_one_key_and_the_photo_is_shown_again(table: Page, folder):
    """However many, also those from before the page was opened, newest first."""
    marked = []
    for key in "ddd":
        marked.append(current(table))
        table.keyboard.press(key)
    table.keyboard.press("Home")
    table.keyboard.press(" ")
    saved(table)
    table.reload()
    expect(table.get_by_text("2 to delete, 1 kept.")).to_be_visible()
    table.keyboard.press("u")
    expect(table.get_by_role("status")).to_have_text(f"Undone. {marked[0]} is to be deleted.")
    for file in reversed(marked):
        table.keyboard.press("Control+z")
        assert current(table) == file
    expect(table.get_by_role("status")).to_have_text(f"Undone. {marked[0]} is not marked.")
    expect(table.get_by_text("Nothing is marked.")).to_be_visible()
    table.keyboard.press("u")
    expect(table.get_by_role("status")).to_have_text("There is nothing to undo.")
    expect(table.get_by_text("Nothing is marked.", exact=True)).to_be_visible()  # and nothing is being saved
    assert marks(folder) == []


def test_two_pages_at_once_lose_no_mark(folder, tmp_path, context: BrowserContext):
    """One tab forgotten behind another: both marks are saved, both pages know them, each undoes its own."""
    with cleaner(tmp_path) as (address, _):
        one, two = opened(context.new_page(), address), opened(context.new_page(), address)
        one.keyboard.press("d")
        saved(one)
        two.keyboard.press("End")
        two.keyboard.press("d")
        expect(two.get_by_text("2 to delete. All saved.")).to_be_visible()
        one.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(one.get_by_text("2 to delete. All saved.")).to_be_visible()
        assert len(marks(folder)) == 2
        last = current(two)
        one.keyboard.press("u")
        expect(one.get_by_text("1 to delete. All saved.")).to_be_visible()
        assert marks(folder) == [(last, "delete", None)]


def test_what_was_applied_in_one_page_is_not_marked_in_another(folder, tmp_path, context: BrowserContext):
    """The other page shows photos that lie in the bin by now: it learns so before it can be wrong about them."""
    with cleaner(tmp_path) as (address, _):
        one, two = opened(context.new_page(), address), opened(context.new_page(), address)
        one.keyboard.press("d")
        saved(one)
        one.get_by_role("button", name="Apply…").click()
        one.get_by_role("button", name="Move 1 photo").click()
        expect(one.get_by_text("59 photos")).to_be_visible()
        two.keyboard.press("d")
        expect(two.get_by_role("alert")).to_contain_text("in the bin: load the page again")
        expect(two.get_by_text("Nothing is marked.")).to_be_visible()
        two.keyboard.press("d")
        expect(two.get_by_text("59 photos")).to_be_visible()
        saved(two)


def test_marks_survive_the_death_of_their_server(folder, tmp_path, page: Page):
    """Killed without a word: what was saved is there at the next start, and what could not be is said at once."""
    with cleaner(tmp_path) as (address, process):
        opened(page, address)
        for key in "dd ":
            page.keyboard.press(key)
        saved(page)
        process.send_signal(signal.SIGKILL)
        process.wait()
        page.keyboard.press("d")
        expect(page.get_by_role("alert")).to_contain_text("does not run any more")
        expect(page.get_by_text("2 to delete, 1 kept. All saved.")).to_be_visible()
    with cleaner(tmp_path) as (address, _):
        opened(page, address)
        expect(page.get_by_text("2 to delete, 1 kept. All saved.")).to_be_visible()


def test_a_photo_that_is_gone_is_said_to_be(folder, tmp_path, page: Page):
    """Deleted in another program while the page was open."""
    with cleaner(tmp_path) as (address, _):
        opened(page, address)
        gone = current(page)
        (tmp_path / "photos" / gone).unlink()
        page.keyboard.press("d")
        expect(page.get_by_role("alert")).to_have_text(f"{gone} is gone from the disk.")
        expect(page.get_by_text("Nothing is marked.")).to_be_visible()
        page.reload()
        expect(page.get_by_role("listbox", name="Photos")).to_be_focused()
        page.keyboard.press("/")
        page.keyboard.type(gone)
        expect(page.get_by_text("This file can not be drawn.")).to_be_visible()


def test_filters_show_what_is_asked_for(table: Page):
    """Both splits or one, a label, what is suspect, what is marked; a mark does not make the photos jump."""
    count = table.locator("#count")
    expect(count).to_have_text("60 photos")
    table.get_by_label("Split").select_option("held back")
    expect(count).to_have_text("15 photos")
    table.get_by_label("Label", exact=True).select_option("ring")
    expect(count).to_have_text("5 photos")
    table.get_by_label("Split").select_option("both")
    table.get_by_label("Label", exact=True).select_option("all")
    table.get_by_label("Show", exact=True).select_option("suspects")
    expect(count).to_have_text("2 photos")
    table.keyboard.press("Escape")
    table.keyboard.press(" ")
    expect(cards(table)).to_have_count(2)
    table.get_by_label("Show", exact=True).select_option("marked")
    expect(count).to_have_text("1 photo")
    table.get_by_label("Show", exact=True).select_option("all")
    table.get_by_label("Order").select_option("by name")
    expect(cards(table).first).to_have_accessible_name(re.compile(r"^disc/0\.jpg\b"))
    table.get_by_label("Name").fill("nothing like that")
    expect(table.get_by_text("No photo is like that.")).to_be_visible()
    table.get_by_role("listbox").focus()
    table.keyboard.press("d")
    expect(table.get_by_text("1 kept. All saved.")).to_be_visible()


def test_a_key_that_is_held_marks_one_photo(table: Page, folder):
    """A book on the keyboard walks through the photos at most; it deletes none but the first."""
    table.keyboard.down("d")
    for _ in range(5):
        table.keyboard.down("d")
    table.keyboard.up("d")
    saved(table)
    assert len(marks(folder)) == 1


def test_letters_need_not_be_keys(table: Page, folder):
    """Who speaks to the machine, or has another program's keys, turns them off; the arrows stay."""
    table.keyboard.press("?")
    expect(table.get_by_role("dialog", name="Keys")).to_be_visible()
    table.get_by_label("Letters and digits are keys").uncheck()
    table.get_by_role("button", name="Close").click()
    table.get_by_role("listbox").focus()
    first = current(table)
    for key in "d3u?":
        table.keyboard.press(key)
    assert current(table) == first
    table.keyboard.press("ArrowRight")
    assert current(table) != first
    assert marks(folder) == []


def test_what_happens_is_said_once(table: Page):
    """A screen reader hears the mark from the live region, and the next photo from the listbox: neither twice."""
    table.evaluate("""() => {
        window.heard = [];
        new MutationObserver(() => window.heard.push(document.querySelector("#said").textContent))
            .observe(document.querySelector("#said"), {childList: true, characterData: true, subtree: true});
    }""")
    first = current(table)
    listbox = table.get_by_role("listbox")
    before = listbox.get_attribute("aria-activedescendant")
    table.keyboard.press("d")
    saved(table)
    assert table.evaluate("window.heard") == [f"{first} is to be deleted."]
    after = listbox.get_attribute("aria-activedescendant")
    assert after != before
    expect(table.locator(f"#{after}")).to_have_accessible_name(re.compile(re.escape(current(table))))
    expect(table.locator(f"#{before}")).to_have_accessible_name(re.compile(r"delete$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(table: Page, scheme):
    """In light and dark: at the beginning, marked, asked, helped, and with nothing to show."""
    table.emulate_media(color_scheme=scheme)
    table.keyboard.press("d")
    table.keyboard.press("3")
    table.keyboard.press(" ")
    saved(table)
    assert violations(table) == []
    table.get_by_role("button", name="Apply…").click()
    expect(table.get_by_role("dialog")).to_be_visible()
    assert violations(table) == []
    table.keyboard.press("Escape")
    table.keyboard.press("?")
    expect(table.get_by_role("dialog")).to_be_visible()
    assert violations(table) == []
    table.keyboard.press("Escape")
    table.get_by_label("Name").fill("nothing like that")
    assert violations(table) == []


@pytest.mark.parametrize("size", [(320, 640), (360, 740), (640, 320)])
def test_little_room_is_enough(table: Page, size):
    """On a phone, or magnified four times: nothing to the side, and every button can be reached."""
    table.set_viewport_size({"width": size[0], "height": size[1]})
    assert table.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert table.get_by_role("listbox", name="Photos").bounding_box()["width"] > 0.9 * size[0]
    for name in ("Keep", "Delete", "square"):
        button = table.get_by_role("complementary").get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()
    table.get_by_role("complementary").get_by_role("button", name="Delete").click()
    saved(table)


@pytest.mark.slow
def test_ten_thousand_photos(tmp_path, page: Page):
    """All of them can be reached, only those in sight are elements, and a key marks the photo that is shown."""
    many, labels = 10_000, ["even", "odd"]
    photos = tmp_path / "photos"
    for label in labels:
        (photos / label).mkdir(parents=True)
    noise = np.random.default_rng(0).normal(0, 0.3, (many, 8))
    rows = []
    for number in range(many):
        label = labels[number % 2]
        noise[number, number % 2] += 1
        file = f"{label}/{number:05}.png"
        # Its colour is its number: the picture itself says which photo it is.
        Image.new("RGB", (6, 4), (number // 256, number % 256, 90)).save(photos / file, compress_level=1)
        rows.append(row(file, label, "valid" if number % 5 == 0 else "train", number % 2, 2))
    leave(tmp_path, photos, labels, rows, noise / np.linalg.norm(noise, axis=1, keepdims=True))
    folder = tmp_path / ".local/training/shapes"

    with cleaner(tmp_path) as (address, _):
        opened(page, address)
        expect(page.locator("#count")).to_have_text("10,000 photos")
        page.get_by_label("Order").select_option("by name")
        page.keyboard.press("Escape")
        page.keyboard.press("Home")
        seen, most = page.evaluate(
            """async () => {
                const box = document.querySelector("#photos");
                const seen = new Set();
                let most = 0;
                for (box.scrollTop = 0; ; box.scrollTop += box.clientHeight) {
                    await new Promise(requestAnimationFrame);
                    await new Promise(requestAnimationFrame);
                    for (const option of box.querySelectorAll("[role=option]")) seen.add(Number(option.ariaPosInSet));
                    most = Math.max(most, document.querySelectorAll("*").length);
                    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) return [seen.size, most];
                }
            }"""
        )
        assert seen == many
        assert most < 1000

        marked = []
        for key in ("End", "ArrowUp", "PageUp", "Home", "ArrowDown", "j"):
            page.keyboard.press(key)
            file = current(page)
            label, number = re.fullmatch(r"(even|odd)/(\d+)\.png", file).groups()
            drawn_as = page.get_by_role("listbox", name="Photos").get_attribute("aria-activedescendant")
            expect(page.locator(f"#{drawn_as}")).to_have_accessible_name(re.compile(re.escape(file)))
            shown = page.get_by_role("complementary").locator("img")
            expect(shown).to_have_attribute("src", re.compile(rf"^views/{int(number)}/"))
            page.keyboard.press("d")
            marked.append((file, "delete", None))
        saved(page)
        assert sorted(marks(folder)) == sorted(marked)
        assert marked[0][0] == "odd/09999.png"
        expect(page.get_by_text("6 to delete. All saved.")).to_be_visible()
        page.keyboard.press("Home")
        colour = page.evaluate(
            """async () => {
                const image = document.querySelector("[aria-selected=true] img");
                await image.decode();
                const canvas = document.createElement("canvas").getContext("2d");
                canvas.drawImage(image, 0, 0);
                return [...canvas.getImageData(2, 2, 1, 1).data];
            }"""
        )
        number = int(Path(current(page)).stem)
        assert [round(value, -1) for value in colour[:2]] == [round(number // 256, -1), round(number % 256, -1)]
