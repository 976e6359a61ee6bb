"""Every kind of answer that Gradio has, from a real Space to a page: drawn, kept, and harmless whatever a stranger puts in it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, free_port, gradio_app
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from test_added_demo import _wait
from test_axe import violations

import build
import dev

RIGHTS = ["clipboard-read", "clipboard-write"]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with two demos: a Space with every component, added by machine, and the wardrobe's saved answers."""
    folder = tmp_path_factory.mktemp("drawings")
    site: Path = folder / "site"
    demos = {path.name for path in (ROOT / "site/demos").iterdir()} - {"wardrobe", "clothing"}
    shutil.copytree(
        ROOT / "site", site, ignore=lambda within, _: demos if Path(within) == ROOT / "site/demos" else set()
    )
    port, bridge_port = free_port(), free_port()
    python = [sys.executable, "-m", "api_bridge"]
    with gradio_app(ROOT / "tests/gradio_drawings.py") as space:
        subprocess.run([*python, "add", space, "--demos", site / "demos"], cwd=ROOT, check=True, capture_output=True)
        serve = ["serve", "--demos", site / "demos", "--port", str(bridge_port), "--origin", f"http://127.0.0.1:{port}"]
        bridge = subprocess.Popen([*python, *serve], cwd=ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{bridge_port}/healthz")
            build.write(build.build(site=site, bridge=f"http://127.0.0.1:{bridge_port}"), folder / "dist")
            with dev.site(folder / "dist", port):
                yield f"http://127.0.0.1:{port}"
        finally:
            bridge.terminate()
            bridge.wait(10)


def visiting(browser: Browser, complaints: list[str], **how: Any) -> Page:
    """A visitor who may copy; what the page complains of, or asks of others, is written down."""
    page = browser.new_context(permissions=RIGHTS, accept_downloads=True, **how).new_page()
    ours = ("http://127.0.0.1", "blob:", "data:")
    page.on("request", lambda request: None if request.url.startswith(ours) else complaints.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    return page


def ask(page: Page, which: str) -> None:
    page.get_by_role("radio", name=which).check()
    page.locator(".actions button").click()
    expect(page.locator("main")).to_have_attribute("data-state", "answered", timeout=20_000)
    expect(page.locator(".arriving")).to_have_count(0)


@pytest.fixture(scope="module")
def told(browser: Browser, origin: str) -> Iterator[Page]:
    """The page with a plain answer of every kind; nothing in it was refused, and nobody else was asked."""
    complaints: list[str] = []
    page = visiting(browser, complaints)
    page.goto(f"{origin}/draw/")
    ask(page, "plain")
    yield page
    assert complaints == []
    page.context.close()


def part(page: Page, title: str) -> Locator:
    return page.locator("#answer .part").filter(has=page.get_by_role("heading", name=title, exact=True, level=3))


def inside(page: Page, title: str) -> FrameLocator:
    return part(page, title).frame_locator("iframe")


def press_copy(page: Page, title: str) -> None:
    """Press Copy, and wait until something else than before lies in the clipboard; the page says so."""
    page.evaluate("navigator.clipboard.writeText('before')")
    part(page, title).get_by_role("button", name="Copy").first.click()
    copied = """new Promise((done) => {
        const seen = async () => ((await navigator.clipboard.readText()) === "before" ? setTimeout(seen, 50) : done());
        seen();
    })"""  # `wait_for_function` evaluates text in the page, which its policy forbids
    page.evaluate(copied)
    expect(part(page, title).get_by_role("status").first).to_have_text("Copied.", timeout=15_000)


def copy(page: Page, title: str) -> str:
    """The words that Copy gives."""
    press_copy(page, title)
    return str(page.evaluate("navigator.clipboard.readText()"))


def copied_picture(page: Page, title: str) -> list[int]:
    """The width and height of the picture that Copy gives, and its middle's colour."""
    press_copy(page, title)
    found = page.evaluate("""async () => {
        const [item] = await navigator.clipboard.read();
        const picture = await createImageBitmap(await item.getType("image/png"));
        const canvas = new OffscreenCanvas(picture.width, picture.height);
        const context = canvas.getContext("2d");
        context.drawImage(picture, 0, 0);
        return [picture.width, picture.height, ...context.getImageData(picture.width / 2, picture.height / 2, 1, 1).data];
    }""")
    return [int(number) for number in found]


def download(page: Page, title: str, within: str = "") -> tuple[str, bytes]:
    """The name and the bytes of what Download gives."""
    with page.expect_download() as coming:
        part(page, title).locator(f"{within} .keep").get_by_text("Download").first.click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_words_are_read_as_they_were_meant(told: Page):
    """Markdown has its headings, tables and links, code its lines, a chat its turns; a picture from elsewhere is only named."""
    story = part(told, "Story")
    expect(story.get_by_role("heading", name="A cat", level=4)).to_be_visible()
    expect(story.locator("em")).to_have_text("sat")
    expect(story).to_contain_text("mat & left & came")
    expect(story.get_by_role("cell", name="Anna")).to_be_visible()
    link = story.get_by_role("link", name="More")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(link).to_have_attribute("href", "https://example.org/cat")
    expect(story.locator("img")).to_have_count(0)
    expect(story).to_contain_text("[a map]")
    expect(part(told, "Program").get_by_role("code")).to_have_text("print(1)")
    expect(part(told, "Talk").locator("strong")).to_have_text("day")
    expect(part(told, "Number")).to_contain_text("3.5")
    expect(part(told, "Tricks").get_by_role("listitem")).to_have_text(["sit", "roll"])


def test_a_page_within_the_page_is_styled_and_as_high_as_it_is_long(told: Page):
    """Its own styles hold, its links open elsewhere, its words can be read, and it has no origin."""
    frame = part(told, "Page").locator("iframe")
    hello = inside(told, "Page").get_by_text("Hello")
    expect(hello).to_have_css("color", "rgb(200, 0, 0)")
    expect(hello).to_have_css("font-weight", "900")
    expect(inside(told, "Page").get_by_role("link", name="Out")).to_have_attribute("target", "_blank")
    box = frame.bounding_box()
    assert box
    assert 60 < box["height"] < 200
    assert "allow-same-origin" not in (frame.get_attribute("sandbox") or "")
    part(told, "Page").get_by_text("Its words").click()
    expect(part(told, "Page").locator("details .text")).to_contain_text("Hello")


def test_plots_are_drawn_by_their_own_libraries(told: Page):
    """A bar for each number, of Plotly and of Vega-Lite; the numbers are there as a table, and the plot to be copied."""
    bars = inside(told, "Bars")
    expect(bars.locator(".bars .point path")).to_have_count(2)
    expect(bars.locator(".scatter .js-line")).to_have_count(1)
    heights = inside(told, "Heights").locator(".mark-rect path[aria-roledescription='bar']")
    expect(heights).to_have_count(2)
    # The expression "datum.kg > 3" was read, without a script being made of it.
    assert [bar.get_attribute("fill") for bar in heights.all()] == ["#c8553d", "#2f7ebd"]
    part(told, "Heights").get_by_text("Its numbers").click()
    expect(part(told, "Heights").get_by_role("row")).to_have_text(["namekg", "Anna4", "Bo2"])
    part(told, "Bars").get_by_text("Its numbers").click()
    expect(part(told, "Bars").get_by_role("row").nth(1)).to_have_text("catsAnna4")
    for title in ("Bars", "Heights"):
        expect(part(told, title).locator(".framed p")).to_have_count(0)
        width, height, *_ = copied_picture(told, title)
        assert width > 300
        assert height > 300
    expect(part(told, "Picture").get_by_role("img", name="Picture")).to_have_js_property("naturalWidth", 300)
    name, content = download(told, "Bars")
    assert name == "bars.json"
    assert json.loads(content)["data"][0]["y"] == [4, 2]


def test_a_plot_that_no_library_here_draws_is_said_and_kept(told: Page):
    """Of another library, or of a kind that is left out to be light: no wrong picture, and its data for another program."""
    for title, kind in (("Space", "scatter3d"), ("Bokeh", "bokeh")):
        expect(part(told, title)).to_contain_text(f"A plot of the kind {kind}, which this page does not draw.")
        expect(part(told, title).locator("iframe")).to_have_count(0)
        expect(part(told, title).locator("pre")).to_be_hidden()
    assert json.loads(copy(told, "Space"))["data"][0]["z"] == [1, 2]
    assert download(told, "Bokeh") == ("bokeh.json", b'{"doc": {}}')
    expect(inside(told, "Quick").locator(".scatter .point")).to_have_count(2)


def test_a_plot_that_could_not_be_drawn_hides_no_later_one(told: Page):
    """Half a plot on its way is none; the whole one that follows in its place is drawn."""
    draw = """async ([framed, preact, plot]) => {
        const { render } = await import(preact);
        const place = document.querySelector("#later") ?? document.body.appendChild(Object.assign(document.createElement("div"), { id: "later" }));
        render((await import(framed)).draw({ kind: "plot", title: "Later" }, { type: "altair", plot }, ""), place);
    }"""
    modules = [module(told, "framed"), module(told, "preact-htm")]
    later = told.locator("#later")
    told.evaluate(draw, [*modules, '{"mark": "bar", "enc'])
    expect(later).to_contain_text("can not be drawn from what came")
    told.evaluate(draw, [*modules, '{"mark": "point", "data": {"values": [{"a": 1}]}, "encoding": {}}'])
    expect(later.frame_locator("iframe").locator(".mark-symbol path")).to_have_count(1)
    told.evaluate("document.querySelector('#later').remove()")


def test_gradios_own_plots_are_drawn(told: Page):
    """A line for each cat, a bar for each mean, a point for each row, with their titles; what is none of them stays JSON."""
    trend = inside(told, "Trend")
    expect(trend.locator("path[aria-roledescription='line mark']")).to_have_count(2)
    expect(trend.locator("[aria-roledescription=point]").first).to_have_attribute(
        "aria-label", "Day: Jan 01, 2026; weight.kg: 4; cat: Anna"
    )
    expect(trend.get_by_text("They grow")).to_be_visible()
    bars = inside(told, "Means").locator("[aria-roledescription=bar]")
    expect(bars).to_have_count(2)
    lying = sorted(bars.all(), key=lambda bar: (bar.bounding_box() or {"x": 0})["x"])
    assert [bar.get_attribute("aria-label") for bar in lying] == [
        "cat: Bo; weight.kg: 2.5",
        "cat: Anna; weight.kg: 4.25",
    ]
    expect(inside(told, "Spread").locator("[aria-roledescription=point]")).to_have_count(4)
    expect(part(told, "Spread")).to_contain_text("Each for itself.")
    expect(part(told, "Odd").locator(".tree")).to_contain_text('"pie"')
    numbered = inside(told, "Numbered").locator("[aria-roledescription=bar]")
    assert len({bar.get_attribute("fill") for bar in numbered.all()} - {"0", "1"}) == 2
    part(told, "Numbered").get_by_text("Its numbers").click()
    expect(part(told, "Numbered").get_by_role("row")).to_have_text(["namekg", "Anna4", "Bo2"])
    part(told, "Trend").get_by_text("Its numbers").click()
    rows = part(told, "Trend").get_by_role("row")
    expect(rows.nth(0)).to_have_text("whenweight.kgcat")
    expect(rows.nth(2)).to_have_text("2026-01-024.5Anna")
    assert copied_picture(told, "Trend")[0] > 300


def test_gradios_own_plots_are_drawn_as_their_author_chose(told: Page):
    """Bins of hours and of numbers, limits in seconds, aggregates and names that would mean something to Vega-Lite."""
    plot = {"columns": ["t", "a.b['c']"], "data": [[0, 1], [5_400_000, 2]], "mark": "bar", "x": "t", "y": "a.b['c']"}
    plot["datatypes"] = {"t": "temporal", "a.b['c']": "quantitative"}
    choices: list[dict[str, Any]] = [
        {"x_bin": "1h", "y_aggregate": "max"},
        {"x_lim": [None, 3600], "y_lim": [1, None]},
        {"datatypes": {**plot["datatypes"], "t": "nominal"}, "sort": ["b", "a"]},
        {"datatypes": {**plot["datatypes"], "t": "quantitative"}, "mark": "point", "x_bin": 4e6},
        {"x_bin": "soon", "y_aggregate": "expr", "mark": "line"},
        {"x": "no such column"},
        {"mark": "__proto__"},
    ]
    binned, limited, named, numbered, unread, *unknown = told.evaluate(
        """async ([native, plots]) => { const { specOf } = await import(native);
            return plots.map((plot) => specOf(plot)).map((spec) => spec && { ...spec.encoding, values: spec.data.values }); }""",
        [module(told, "native"), [{**plot, **chosen} for chosen in choices]],
    )
    hour = 3_600_000
    assert binned["x"]["bin"] == {"step": hour, "extent": [0, 2 * hour]}
    assert (binned["y"]["aggregate"], binned["y"]["field"], binned["y"]["title"]) == ("max", "y", "a.b['c']")
    assert binned["values"] == [{"x": 0, "y": 1}, {"x": 5_400_000, "y": 2}]
    assert limited["x"]["scale"] == {"type": "utc", "domainMax": hour}
    assert limited["y"]["scale"] == {"zero": False, "domainMin": 1}
    assert (named["x"]["sort"], named["y"]["aggregate"]) == (["b", "a"], "sum")
    assert (numbered["x"]["bin"]["extent"], numbered["y"]["aggregate"]) == ([0, 8e6], "sum")
    assert "bin" not in unread["x"]
    assert "aggregate" not in unread["y"]
    assert unknown == [None, None]


def test_a_table_sorts_and_shows_more(told: Page):
    """By numbers as numbers, by words as the language sorts them, back again; 200 rows, then the rest."""
    table = part(told, "Table")
    cells = table.locator("tbody td:first-child")
    expect(cells).to_have_count(200)
    head = table.get_by_role("columnheader", name="kg")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(cells.first).to_have_text("cat 0")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(cells.first).to_have_text("Čeněk")
    name = table.get_by_role("columnheader", name="name")
    name.get_by_role("button").click()
    expect(cells.nth(2)).to_have_text("cat 0")
    expect(cells.nth(4)).to_have_text("cat 2")  # not "cat 10"
    name.get_by_role("button").click()
    name.get_by_role("button").click()
    expect(name).to_have_attribute("aria-sort", "none")
    expect(cells.first).to_have_text("Bo")
    table.get_by_role("button", name="Show 103 more").click()
    expect(cells).to_have_count(303)
    assert copy(told, "Table").splitlines()[:3] == ["name\tkg", "Bo\t10", "Anna\t9"]
    name_of_file, content = download(told, "Table")
    assert name_of_file == "table.csv"
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[3] == "Čeněk,100"
    assert len(lines) == 305


def test_what_was_marked_can_be_taken_off(told: Page):
    """In a text and over a picture: each mark has its name beside it, and a box in the legend that takes it off."""
    words = part(told, "Words")
    expect(words.locator("mark")).to_have_text(["Anna person", "Berlin place", "Bo person"])
    words.get_by_role("checkbox", name="person").uncheck()
    expect(words.locator("mark")).to_have_text(["Berlin place"])
    expect(words).to_contain_text("Anna left Berlin")
    assert copy(told, "Words") == "Anna left Berlin with Bo"
    seen = part(told, "Seen")
    masks = seen.locator(".mask")
    expect(masks).to_have_count(2)
    # Gradio paints both in one red: here each has a colour of its own.
    expect(masks.nth(1)).to_have_css("filter", "hue-rotate(180deg)")
    both = copied_picture(told, "Seen")
    assert both[:2] == [451, 300]
    seen.get_by_role("checkbox", name="a body").uncheck()
    expect(masks.nth(1)).to_be_hidden()
    expect(seen.locator(".named")).to_have_text("a body")  # its box has the focus
    assert copied_picture(told, "Seen")[:2] == [451, 300]
    picture = seen.locator(".picture")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box
    told.mouse.move(box["x"] + box["width"] * 0.33, box["y"] + box["height"] * 0.4)
    expect(seen.locator(".named")).to_have_text("a head")
    expect(masks.first).not_to_have_attribute("data-dim", "true")


def test_pictures_sounds_and_files_are_shown_and_kept(told: Page):
    """One large picture of many, chosen with the keyboard; each file comes with its bytes, under a name that says what it is."""
    gallery = part(told, "Gallery")
    first = gallery.get_by_role("radio", name="Her", exact=True)
    expect(first).to_be_checked()
    first.press("ArrowRight")
    expect(gallery.get_by_role("radio", name="Her again")).to_be_focused()
    expect(gallery.locator("figcaption")).to_have_text("Her again")
    expect(gallery.get_by_role("img", name="Her again")).to_have_js_property("naturalWidth", 451)
    assert copied_picture(told, "Turned")[:2] == [451, 300]
    name, content = download(told, "Turned")
    assert name == "turned.jpg"
    assert content[:3] == b"\xff\xd8\xff"
    assert len(content) == int(
        told.evaluate(
            "(url) => fetch(url).then((it) => it.blob()).then((it) => it.size)",
            part(told, "Turned").locator("img").get_attribute("src"),
        )
    )
    expect(part(told, "Sound").locator("audio")).to_have_js_property("duration", 0.25)
    assert download(told, "Papers") == ("papers-1.csv", b"a,b\n1,2\n")
    expect(part(told, "Film").locator("video")).to_have_attribute("aria-label", "Film")
    name, content = download(told, "Light")
    assert name == "light.json"
    assert json.loads(content)["label"] == "bright"
    assert copy(told, "Light").splitlines() == ["Label\tConfidence", "bright\t0.8", "dark\t0.2"]
    name, content = download(told, "Story")
    assert name == "story.md"
    assert content.startswith(b"# A cat")


def test_files_in_a_chat_are_shown_and_kept(told: Page):
    """In the turn that they were given in: a picture, a sound, and a table to be had, each with its name."""
    talk = part(told, "Talk")
    hers = talk.locator("[data-role=user]").filter(has_text="Her:")
    expect(hers.locator("figcaption")).to_have_text(["The cat", "notes.csv"])
    expect(hers.get_by_role("img", name="The cat")).to_have_js_property("naturalWidth", 451)
    expect(talk.locator("[data-role=assistant] audio")).to_have_js_property("duration", 0.25)
    assert download(told, "Talk", "figure:has(figcaption:text('notes.csv'))") == ("notes.csv", b"a,b\n1,2\n")
    with told.expect_download() as coming:
        talk.get_by_role("button", name="Download: Talk").click()
    words = Path(coming.value.path()).read_text(encoding="utf-8")
    assert "[The cat] [notes.csv]" in words.splitlines()[4]


def test_json_is_folded(told: Page):
    """What is long or deep stands folded; it unfolds, and comes in parts."""
    tree = part(told, "Settings").locator(".tree")
    expect(tree).to_contain_text('"many": [250]')
    expect(tree.locator("[data-type=number]")).to_have_count(0)
    tree.locator("summary").filter(has_text='"many"').press("Enter")
    expect(tree.locator("[data-type=number]")).to_have_count(100)
    tree.get_by_role("button", name="Show 100 more").click()
    expect(tree.locator("[data-type=number]")).to_have_count(200)
    assert json.loads(copy(told, "Settings"))["deep"] == {"er": [1, None, True]}


def test_a_shape_is_turned_with_the_keyboard(told: Page):
    """It is drawn red as its file says, and looks otherwise from the other side; the file is there to be kept."""
    shape = part(told, "Shape")
    expect(shape.locator(".model")).to_have_attribute("data-state", "drawn")
    before = copied_picture(told, "Shape")
    assert before[2] > 100
    assert before[3:5] == [0, 0]
    shape.get_by_role("button", name="Turn to the left").press("Enter")
    turned = copied_picture(told, "Shape")
    assert turned[2] not in (0, before[2])
    shape.get_by_role("button", name="Nearer").press("ArrowUp")
    assert copied_picture(told, "Shape")[2] not in (0, turned[2])
    name, content = download(told, "Shape")
    assert name == "shape.glb"
    assert content[:4] == b"glTF"


def test_everybody_can_read_it(told: Page):
    """axe finds nothing in any drawing; everything that can be pressed is reached with the keyboard."""
    assert violations(told) == []
    unreached = told.locator("#answer :is(button, a, input, summary, .scrolls)").evaluate_all(
        "(all) => all.filter((each) => each.tabIndex < 0).length"
    )
    assert unreached == 0


def test_nothing_that_a_stranger_says_does_anything(browser: Browser, origin: str):
    """Markup, scripts, addresses, formulas and words without end stay words; nothing is wider than a small phone."""
    complaints: list[str] = []
    page = visiting(browser, complaints, color_scheme="dark", viewport={"width": 320, "height": 700})
    page.goto(f"{origin}/ar/draw/")
    ask(page, "hostile")
    expect(inside(page, "Page").get_by_text("bad", exact=True)).to_be_visible()
    refused = "main :is(script, iframe, meta, base, link, [onerror], [href], [action])"
    expect(inside(page, "Page").locator(refused)).to_have_count(0)
    expect(inside(page, "Bars").locator(".bars .point path")).to_have_count(2)
    expect(inside(page, "Bars").locator("a[href^=javascript]")).to_have_count(0)
    expect(inside(page, "Heights").locator(".mark-rect path")).to_have_count(1)  # without what lay elsewhere
    expect(inside(page, "Trend").locator("path[aria-roledescription='line mark']")).to_have_count(3)
    expect(part(page, "Space")).to_contain_text("لا ترسمه هذه الصفحة")
    expect(part(page, "Shape").locator("canvas")).to_have_count(0)
    expect(
        page.locator("#answer :is(script, iframe[srcdoc], [onerror], a[href^=javascript], a[href^='data:text'])")
    ).to_have_count(0)
    expect(part(page, "Story").get_by_role("link")).to_have_count(1)
    with page.expect_download() as coming:
        part(page, "Table").locator(".keep button").nth(1).click()
    csv = Path(coming.value.path()).read_bytes().decode("utf-8-sig")
    assert csv.split("\r\n")[1].startswith("'=1+1,-2,")
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []
    # In the frame, what was refused is said in the console; nobody was asked for it.
    assert [each for each in complaints if "Content Security Policy" not in each] == []
    page.context.close()


def test_several_photos_are_a_table_and_a_wardrobe(browser: Browser, origin: str):
    """Photo, label, confidence and whether the model knows such a thing; sorted, kept, and grouped by label."""
    complaints: list[str] = []
    page = visiting(browser, complaints, viewport={"width": 320, "height": 700})
    page.goto(f"{origin}/wardrobe/")
    page.locator(".examples a").first.click()
    table = page.locator("#answer .grid")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table.locator("tbody img").first).to_have_js_property("complete", True)
    confidences = table.get_by_role("columnheader", name="Confidence")
    confidences.get_by_role("button").click()
    shares = [
        float(each)
        for each in table.locator("svg.share rect").evaluate_all("(all) => all.map((bar) => bar.getAttribute('width'))")
    ]
    assert shares == sorted(shares)
    assert len(shares) == 4
    (example,) = json.loads((ROOT / "site/demos/wardrobe/contract.json").read_text(encoding="utf-8"))["examples"]
    unfamiliar = [each for each in example["prediction"] if each["unfamiliar"]]
    expect(table.get_by_text("Unfamiliar")).to_have_count(len(unfamiliar))
    with page.expect_download() as coming:
        page.locator("#answer .keep").get_by_role("button", name="Download").click()
    lines = Path(coming.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Photo,Label,Confidence,Familiar"
    assert lines[1].count(",") == 3
    assert len(lines) == 5
    page.get_by_role("checkbox", name="Sort them by their labels").check()
    expect(table).to_be_hidden()
    groups = page.locator(".wardrobe section")
    assert sum(group.locator("li").count() for group in groups.all()) == 4
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert complaints == []
    page.context.close()


def module(page: Page, name: str) -> str:
    """The address of a module that the page has fetched."""
    found = page.evaluate(
        "(name) => performance.getEntriesByType('resource').map((each) => each.name).find((each) => each.includes(`/${name}.`))",
        name,
    )
    assert found, f"{name} was not fetched"
    return str(found)


def test_several_fill_row_by_row(told: Page, origin: str):
    """One that has not been answered yet says so, and one that failed says why; none of them hides the others."""
    rows, after, pictures = told.evaluate(
        """async ([several, preact]) => {
            const { render } = await import(preact);
            const schema = { kind: "several", title: "Each", items: { kind: "label" } };
            const place = document.body.appendChild(document.createElement("div"));
            const values = [{ label: "hat", confidences: [{ label: "hat", confidence: 0.7 }], unfamiliar: true, familiarity: 0.1 }, null];
            const beside = { photos: ["", "", ""], names: ["a.jpg", "b.jpg", "c.jpg"], files: "" };
            const module = await import(several);
            const rows = (tag) => [...place.querySelectorAll(tag)].map((row) => row.innerText.replace(/\\s+/g, " ").trim());
            render(module.several(schema, values, beside), place);
            const before = rows("tbody tr");
            render(module.several(schema, values, { ...beside, failed: [{ at: 1, fault: { detail: "Too dark." } }] }), place);
            const after = rows("tbody tr");
            const drawn = [{ media: "image/png", size: 1, file: "examples/a.png" }, null];
            const failed = [{ at: 1, fault: { type: "urn:tinyspaces:app-failed", detail: "No paint." } }];
            render(module.several({ ...schema, items: { kind: "image" } }, drawn, { ...beside, failed }), place);
            const pictures = rows("li");
            place.remove();
            return [before, after, pictures];
        }""",
        [
            told.evaluate("(one) => one.replace(/drawings/, 'several')", module(told, "drawings")),
            module(told, "preact-htm"),
        ],
    )
    assert rows == ["a.jpg hat 70 % Unfamiliar", "b.jpg Failed", "c.jpg Being asked…"]
    assert after == ["a.jpg hat 70 % Unfamiliar", "b.jpg Failed. Too dark.", "c.jpg Being asked…"]
    assert pictures == ["b.jpg: Failed. No paint.", "c.jpg: Being asked…"]


def test_what_is_known_of_several_grows_as_it_is_told(told: Page):
    """One that is being asked has not failed, and one that failed keeps its reason until it is asked again."""
    known = told.evaluate(
        """async ([main, events]) => {
            const { after } = await import(main);
            return events.map((_, at) => events.slice(0, at + 1).reduce((steps, about) => after(steps, about), undefined).each);
        }""",
        [
            module(told, "main"),
            [
                {"step": "each", "state": "asking", "at": 0},
                {"step": "each", "state": "failed", "at": 0, "fault": {"detail": "Full."}},
                {"step": "each", "state": "answered", "at": 1, "prediction": "hat"},
                {"step": "each", "state": "asking", "at": 0},
            ],
        ],
    )
    missed = [{"at": 0, "fault": {"detail": "Full."}}]
    assert [(each["prediction"], each["failed"]) for each in known] == [
        ([], []),
        ([None], missed),
        ([None, "hat"], missed),
        ([None, "hat"], []),
    ]


def test_files_are_found_nowhere_else(told: Page):
    """Below the bridge, among the examples, or made by this very page; any other address is none."""
    places = [
        "v1/files/a.png",
        "examples/b.png",
        "https://evil.example/a",
        "v1/files/../a",
        "//evil.example",
        "javascript:1",
    ]
    places += ["blob:https://evil.example/1", "examples/c/d", "v1/files/.env"]
    found = told.evaluate(
        "async ([given, places]) => { const { address } = await import(given); return [...places, `blob:${location.origin}/1`].map((file) => address({ file }, '/x/')); }",
        [module(told, "drawings"), places],
    )
    assert found[:2] == ["/x/v1/files/a.png", "/x/examples/b.png"]
    assert found[2:-1] == [None] * 7
    assert found[-1].startswith("blob:http://127.0.0.1")


def test_shapes_of_other_formats_are_read(told: Page):
    """OBJ and STL, in text and in bytes, become triangles; what is none of them is refused, and nothing hangs."""
    counts = told.evaluate(
        """async (mesh) => {
            const { partsOf } = await import(mesh);
            const of = (text) => { try { return partsOf(new TextEncoder().encode(text).buffer)[0].positions.length / 9; } catch { return null; } };
            const stl = new DataView(new ArrayBuffer(84 + 50));
            stl.setUint32(80, 1, true);
            stl.setFloat32(84 + 12 + 12, 1, true);
            return [of("v 0 0 0\\nv 1 0 0\\nv 0 1 0\\nv 1 1 0\\nf 1/1/1 2 3 -1\\n"),
                of("solid a\\nfacet normal 0 0 1\\nouter loop\\nvertex 0 0 0\\nvertex 1 0 0\\nvertex 0 1 0\\nendloop\\nendfacet\\nendsolid"),
                partsOf(stl.buffer)[0].positions.length / 9,
                of("hello"), of('{"buffers": [{"uri": "https://evil.example/a.bin"}], "nodes": []}'), of("")];
        }""",
        module(told, "mesh"),
    )
    assert counts == [2, 1, 1, None, None, None]


def test_what_does_not_arrive_leaves_the_answer_readable(browser: Browser, origin: str):
    """A drawing that can not be fetched is replaced by what came, as it came."""
    page = visiting(browser, [])
    page.route("**/grid.*.js", lambda route: route.abort())
    page.goto(f"{origin}/draw/#example-1")
    expect(part(page, "Table")).to_contain_text("did not arrive")
    expect(part(page, "Table").get_by_role("code")).to_contain_text("Čeněk")
    expect(part(page, "Sentence")).to_contain_text("A cat.")
    page.context.close()
