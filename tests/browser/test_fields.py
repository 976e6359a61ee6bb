"""A demo of every kind: each field is filled in, sent and understood, and each answer is drawn, with nothing written by hand."""

import re

import pytest
from conftest import CAT
from everything import PANORAMA, TEXT, WAV, answer, ask, field, give
from playwright.sync_api import Browser, Page, Route, expect
from test_axe import violations

from api_bridge.media import each_file

pytest_plugins = ["everything"]
JPEG = {"mimeType": "image/jpeg", "buffer": CAT.read_bytes()}


def fill(page: Page) -> None:
    """Give every field something."""
    field(page, "Story").fill("Once\nupon a time")
    field(page, "Name").fill("Anna")
    field(page, "Animal").fill("an owl")
    field(page, "Program").fill("print(1)")
    field(page, "Age").fill("7")
    field(page, "Warmth").fill("0.75")
    field(page, "Tame").check()
    page.get_by_role("radio", name="large").check()
    field(page, "Country").select_option("Norway")
    page.get_by_role("checkbox", name="roll over").check()
    field(page, "Words").fill("one\n\n two ")
    field(page, "Colour").fill("#ff8800")
    field(page, "Day").fill("2026-11-21")
    field(page, "Moment").fill("2026-11-21T12:30")
    for label in ("Photo", "Sketch"):
        field(page, label).set_input_files(CAT)
    field(page, "Pictures").set_input_files([CAT, CAT])
    for label in ("Sound", "Document"):
        field(page, label).set_input_files(WAV)
    field(page, "Papers").set_input_files([TEXT, WAV])
    field(page, "Shape").set_input_files(TEXT)
    page.locator("[data-field=weights] summary").click()
    page.locator("[data-field=weights] textarea").fill('name\tkg\n"Anna ""the owl"""\t0.5\nBo, 4')
    field(page, "Settings").fill('{"deep": [1, null]}')
    field(page, "Talk").fill("Hello")
    field(page, "Letter").fill("Look")
    page.get_by_label(re.compile("Letter: ")).set_input_files(TEXT)


def test_every_field_arrives_as_its_contract_says(every: Page, bridge):
    """What a visitor fills in reaches the Space whole: each kind in its type, files by their bytes and without their names."""
    fill(every)
    ask(every)
    expect(answer(every)).to_contain_text("Answered by the model’s server")
    (told,) = bridge[1].asked
    cat, wav, text = CAT.read_bytes(), WAV["buffer"], TEXT["buffer"]
    contents = each_file(told, lambda file: (file.content, file.ending))
    assert contents == {
        "story": "Once\nupon a time",
        "name": "Anna",
        "animal": "an owl",
        "program": "print(1)",
        "age": 7,
        "warmth": 0.75,
        "tame": True,
        "size": "large",
        "country": 47,
        "tricks": ["sit", "roll"],
        "words": ["one", "two"],
        "colour": "#ff8800",
        "day": "2026-11-21",
        "moment": "2026-11-21 12:30:00",
        "photo": (cat, ".jpg"),
        "sketch": (cat, ".jpg"),
        "pictures": [(cat, ".jpg"), (cat, ".jpg")],
        "sound": (wav, ".wav"),
        "document": (wav, ".wav"),
        "papers": [(text, ".csv"), (wav, ".wav")],
        "shape": (text, ".csv"),
        "weights": {"headers": ["name", "kg"], "data": [['Anna "the owl"', 0.5], ["Bo", 4]]},
        "settings": {"deep": [1, None]},
        "talk": [{"role": "user", "content": "Hello"}],
        "letter": {"text": "Look", "files": [(text, ".csv")]},
    }


def test_what_is_left_empty_is_not_sent(every: Page, bridge):
    """Only what is required has to be given; the rest is the bridge's default, or nothing."""
    field(every, "Photo").set_input_files(CAT)
    field(every, "Story").fill("x")
    every.get_by_role("checkbox", name="sit", exact=True).uncheck()
    ask(every)
    expect(answer(every)).to_contain_text("Answered by")
    (told,) = bridge[1].asked
    assert each_file(told, lambda file: file.ending) == {
        "story": "x",
        "photo": ".jpg",
        "name": "Chelsea",
        "age": 3,
        "warmth": 0.5,
        "tame": False,
        "size": 1,
        "tricks": [],
        "words": [],
        "colour": "rgba(10, 20, 30, 0.5)",
        "talk": [],
    }


def test_a_refusal_stands_beside_its_field(every: Page, bridge):
    """The field that needs another value says so itself, and the keyboard is already there."""
    ask(every)
    story = field(every, "Story")
    expect(every.get_by_role("alert")).to_have_text("“Photo” is missing: choose a file.")
    expect(field(every, "Photo")).to_be_focused()
    field(every, "Photo").set_input_files(CAT)
    ask(every)
    expect(every.get_by_role("alert")).to_have_text("“Story” is missing.")
    expect(story).to_be_focused()
    expect(story).to_have_attribute("aria-invalid", "true")
    expect(story).to_have_accessible_description(re.compile("is missing"))
    story.fill("x")
    expect(every.get_by_role("alert")).to_have_count(0)
    field(every, "Age").fill("-1")
    ask(every)
    expect(every.get_by_role("alert")).to_have_text("“Age” must be at least 0.")
    field(every, "Age").fill("3")
    field(every, "Settings").fill('{"a": ')
    ask(every)
    expect(every.get_by_role("alert")).to_contain_text("“Settings” is not JSON")
    expect(field(every, "Settings")).to_be_focused()
    assert bridge[1].asked == []
    field(every, "Settings").fill("")
    problem = {
        "type": "urn:tinyspaces:input-refused",
        "detail": "“Name” is taken.",
        "field": "name",
        "retryable": False,
    }
    bridge[1].refuse = problem
    ask(every)
    expect(every.get_by_role("alert")).to_have_text("“Name” is taken.")
    expect(field(every, "Name")).to_be_focused()


def test_a_wrong_file_is_said_before_it_is_sent(every: Page):
    """By its content: a text that calls itself a sound is refused, and the sound before it stays."""
    field(every, "Sound").set_input_files(WAV)
    expect(every.get_by_text("My own voice.wav")).to_be_visible()
    field(every, "Sound").set_input_files({**TEXT, "name": "voice.wav", "mimeType": "audio/wav"})
    expect(every.get_by_role("alert")).to_contain_text("“Sound” takes WAV or MPEG; this file is something else.")
    expect(every.get_by_role("alert")).to_contain_text("still the one before")
    expect(every.get_by_text("My own voice.wav")).to_be_visible()
    every.get_by_role("button", name="Remove My own voice.wav").click()
    expect(field(every, "Sound")).to_be_focused()
    expect(every.get_by_text("My own voice.wav")).to_have_count(0)


def test_limits_are_said_before_they_are_broken(every: Page):
    """What a field takes stands beside it, and a screen reader hears it with the label."""
    for title, limit in (
        ("Age", "From 0 to 30. Whole numbers only."),
        ("Warmth", "From 0 to 1."),
        ("Name", "At most 50 characters."),
        ("Words", "One a line."),
        ("Pictures", "JPEG or PNG, up to 8 MB, up to 24 megapixels each, 8 at most"),
    ):
        expect(field(every, title)).to_have_accessible_description(re.compile(re.escape(limit)))


def test_a_slider_is_moved_or_typed(every: Page, bridge):
    """Whoever can not drag types; what is beyond its ends is refused in words, and not moved in silence."""
    exact = every.get_by_label("Warmth as a number")
    field(every, "Warmth").fill("0.75")
    expect(exact).to_have_value("0.75")
    exact.fill("0.25")
    expect(field(every, "Warmth")).to_have_value("0.25")
    field(every, "Story").fill("x")
    field(every, "Photo").set_input_files(CAT)
    exact.fill("7")
    ask(every)
    expect(every.get_by_role("alert")).to_have_text("“Warmth” must be at most 1.")


def test_of_several_photos_the_good_ones_are_taken(every: Page, bridge):
    """One wrong file among many is named and left out; each can be removed, and that undone."""
    place = every.locator("[data-field=pictures]")
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": CAT.read_bytes()[:99]}
    field(every, "Pictures").set_input_files(
        [TEXT, *({**picture, "name": f"{at}.jpg"} for at, picture in enumerate([JPEG] * 3))]
    )
    expect(place.get_by_role("alert")).to_have_text(
        "notes.csv was left out: “Pictures” takes JPEG or PNG; this file is something else."
    )
    expect(place.get_by_role("listitem")).to_have_count(3)
    expect(place.get_by_role("listitem").first).to_contain_text(re.compile(r"0\.jpg.*JPEG, 36.KB"))
    field(every, "Pictures").set_input_files([broken, *({**JPEG, "name": f"{at}.jpg"} for at in range(3, 9))])
    expect(place.get_by_role("alert")).to_contain_text("2 files were left out, broken.jpg first: The photo is damaged")
    expect(place.get_by_role("listitem")).to_have_count(8)
    place.get_by_role("button", name="Remove 1.jpg").click()
    place.get_by_role("button", name="Remove 2.jpg").click()
    expect(place.get_by_role("listitem")).to_have_count(6)
    give(every, "paste", "pasted.jpg", CAT.read_bytes(), "#field-pictures")
    expect(place.get_by_role("button", name="Remove pasted.jpg")).to_be_visible()
    place.get_by_role("button", name="Undo").click()
    expect(place.get_by_role("listitem")).to_have_count(7)
    place.get_by_role("button", name="Undo").click()
    expect(place.get_by_role("listitem")).to_have_count(8)
    expect(field(every, "Pictures")).to_be_focused()
    expect(place.get_by_role("img").last).to_have_count(0)  # thumbnails are not read out: their names are
    place.get_by_role("button", name="Redo").click()
    expect(place.get_by_role("listitem")).to_have_count(7)


def test_whatever_is_discarded_can_be_put_back(every: Page):
    """A photo replaced, a file removed, words that an example wrote over: each has its Undo, as long as the page is open."""
    photo, sound = every.locator("[data-field=photo]"), every.locator("[data-field=sound]")
    field(every, "Photo").set_input_files(CAT)
    expect(photo.get_by_role("button", name="Undo")).to_be_hidden()
    field(every, "Photo").set_input_files(PANORAMA)
    expect(photo.get_by_role("img")).to_have_js_property("naturalWidth", 600)
    photo.get_by_role("button", name="Undo").click()
    expect(photo.get_by_role("img")).to_have_js_property("naturalWidth", 451)
    expect(every.get_by_role("img", name="Your photo")).to_be_visible()
    field(every, "Sound").set_input_files(WAV)
    sound.get_by_role("button", name="Remove My own voice.wav").click()
    sound.get_by_role("button", name="Undo").click()
    expect(sound).to_contain_text("My own voice.wav")
    field(every, "Story").fill("All my own words")
    field(every, "Settings").fill('{"half')
    every.get_by_role("link", name="Anna and her cat").click()
    expect(field(every, "Story")).to_have_value("A cat sat")
    for place, title, words in (("story", "Story", "All my own words"), ("settings", "Settings", '{"half')):
        every.locator(f"[data-field={place}]").get_by_role("button", name="Undo").click()
        expect(field(every, title)).to_have_value(words)
    photo.get_by_role("button", name="Undo").click()
    expect(every.get_by_role("img", name="Your photo")).to_be_visible()
    expect(every.get_by_text("Changed since this answer.")).to_be_visible()


def test_a_panorama_is_shown_large(every: Page):
    """It has the whole page's width, where another photo shares it with the answer."""
    frame = every.locator("[data-field=photo] .frame")
    field(every, "Photo").set_input_files(CAT)
    beside = frame.bounding_box()["width"]
    field(every, "Photo").set_input_files(PANORAMA)
    expect(frame).to_have_attribute("data-wide", "")
    assert frame.bounding_box()["width"] > 1.8 * beside


def test_what_is_not_private_can_be_put_into_an_address(every: Page):
    """A friend opens it and finds the same question; photos and talks never stand in it, nor what the contract refuses."""
    script = every.locator("script[type=module]").get_attribute("src")
    linked = """async ([script, hash]) => {
        const at = (name) => script.replace("main.", `${name}.`);
        const [{linkOf, fillFrom}, {plainField}] = await Promise.all([import(at("link")), import(at("fields"))]);
        const contract = JSON.parse(document.querySelector("#contract").textContent);
        const fields = new Map([...document.querySelectorAll(".field")].map((place) => {
            const name = place.dataset.field;
            return [name, plainField(place, contract.input.properties[name])];
        }).filter(([name]) => !["photo", "sketch", "pictures", "weights", "letter"].includes(name)));
        const filled = hash === null ? null : fillFrom(fields, contract, hash);
        return [linkOf(fields, contract), filled];
    }"""
    assert every.evaluate(linked, [script, None]) == [None, None]
    field(every, "Talk").fill("Between us")
    field(every, "Program").fill("print(1)")
    assert every.evaluate(linked, [script, None]) == [None, None]
    field(every, "Story").fill("Once & again")
    every.get_by_role("radio", name="large").check()
    field(every, "Tame").check()
    every.get_by_role("checkbox", name="roll over").check()
    link, _ = every.evaluate(linked, [script, None])
    assert link == "#?story=Once+%26+again&tame=true&size=%22large%22&tricks=%5B%22sit%22%2C%22roll%22%5D"
    every.reload()
    assert every.evaluate(linked, [script, f"{link}&age=99&photo=x&talk=x&warmth=oh&none=1"]) == [link, True]
    expect(field(every, "Story")).to_have_value("Once & again")
    expect(field(every, "Age")).to_have_value("3")
    assert every.evaluate(linked, [script, "#anna"])[1] is False


def drawn(page: Page, title: str):
    return answer(page).locator("section").filter(has=page.get_by_role("heading", name=title, exact=True))


def test_every_answer_is_drawn_as_what_it_is(every: Page):
    """Words, pictures, sounds and the rest, each under its name; test_drawings.py looks at each kind."""
    field(every, "Photo").set_input_files(CAT)
    field(every, "Story").fill("x")
    ask(every)
    expect(answer(every)).to_contain_text("Answered by")
    expect(drawn(every, "A label")).to_contain_text("Probably a cat, 80 %.")
    expect(drawn(every, "No label")).to_contain_text("Nothing.")
    expect(drawn(every, "A text")).to_contain_text("<b>not bold</b>")
    expect(drawn(every, "A program").get_by_role("code")).to_have_text("print(1)")
    expect(drawn(every, "A number")).to_contain_text("3.5")
    expect(drawn(every, "A tick")).to_contain_text("Yes")
    expect(drawn(every, "Choices").get_by_role("listitem")).to_have_text(["a", "b"])
    expect(drawn(every, "A colour")).to_contain_text("#ff8800")
    picture = drawn(every, "A picture").get_by_role("img", name="A picture")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(image) => image.naturalWidth") > 0
    expect(drawn(every, "A sound").locator("audio")).to_have_attribute("src", re.compile("/v1/files/voice.wav$"))
    expect(drawn(every, "A letter")).to_contain_text("Look")
    expect(drawn(every, "Elsewhere").get_by_role("img")).to_have_count(0)


def test_an_example_fills_the_whole_form(every: Page, bridge):
    """Opened, it shows what was asked and what was saved, asks nobody, and can be asked about as it stands."""
    every.get_by_role("link", name="Anna and her cat").click()
    expect(answer(every)).to_contain_text("A saved answer")
    assert bridge[1].asked == []
    expect(field(every, "Story")).to_have_value("A cat sat")
    expect(field(every, "Country")).to_have_value("1")
    expect(every.get_by_role("radio", name="small")).to_be_checked()
    expect(every.locator("[data-field=photo]").get_by_role("img")).to_be_visible()
    expect(every.locator("[data-field=sound]")).to_contain_text("voice.wav")
    expect(drawn(every, "A picture").get_by_role("img")).to_have_attribute(
        "src", re.compile("/every/examples/cat.jpg$")
    )
    ask(every)
    expect(answer(every)).to_contain_text("Answered by the model’s server")
    told = each_file(bridge[1].asked[0], lambda file: file.content)
    assert told["photo"] == CAT.read_bytes()
    assert told["sound"] == WAV["buffer"]
    assert told["talk"] == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    field(every, "Story").fill("Another")
    expect(every.get_by_text("Changed since this answer.")).to_be_visible()
    every.get_by_role("link", name="Without a picture").click()
    expect(field(every, "Story")).to_have_value("Only words")
    expect(field(every, "Name")).to_have_value("Chelsea")
    every.go_back()  # to what was asked, and changed since
    expect(field(every, "Story")).to_have_value("Another")
    expect(every.get_by_text("Changed since this answer.")).to_be_visible()
    expect(answer(every)).to_contain_text("Answered by the model’s server")


def held(page: Page) -> list[Route]:
    """Keep the next question on its way; what is kept may go on later."""
    routes: list[Route] = []
    page.route("**/ask", lambda route: routes.append(route), times=1)
    return routes


def test_a_form_is_whole_again_after_an_example(every: Page, bridge):
    """Whoever looked at an example while waiting finds every field as it was, files and all, and can ask again."""
    routes = held(every)
    fill(every)
    ask(every)
    expect(answer(every)).to_contain_text("Asking the model…")
    for example in ("Anna and her cat", "Without a picture"):
        every.locator(".examples").get_by_role("link", name=example).click()
        expect(answer(every)).to_contain_text("A saved answer")
    every.get_by_role("button", name="Back to it").click()
    expect(answer(every)).to_contain_text("Asking the model…")
    routes[0].continue_()
    expect(answer(every)).to_contain_text("Answered by")
    expect(every.get_by_text("Changed since this answer.")).to_be_hidden()
    for shown in ("[data-field=pictures] img", "[data-field=photo] img"):
        expect(every.locator(shown).first).to_have_js_property("naturalWidth", 451)
    with every.expect_response("**/ask"):
        ask(every)
    first, second = (each_file(told, lambda file: (file.content, file.ending)) for told in bridge[1].asked)
    assert first == second


def test_a_changed_form_may_be_asked_while_another_waits(every: Page, bridge):
    """Nobody has to wait for an answer that they do not want any more; the one asked last counts."""
    routes = held(every)
    field(every, "Photo").set_input_files(CAT)
    field(every, "Story").fill("first")
    ask(every)
    button = every.get_by_role("button", name="Ask", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
    field(every, "Story").fill("second")
    expect(button).to_have_attribute("aria-disabled", "false")
    with every.expect_event("requestfailed", lambda request: request.url.endswith("/ask")):
        ask(every)
    expect(answer(every)).to_contain_text("Answered by")
    assert len(routes) == 1
    assert [told["story"] for told in bridge[1].asked] == ["second"]


def test_an_example_without_a_picture_says_what_it_asks(every: Page):
    """Its card has its title, its words and its answer."""
    card = every.get_by_role("listitem").filter(has_text="Without a picture").first
    expect(card).to_contain_text("Story: Only words")
    expect(card.get_by_role("img")).to_have_count(0)


@pytest.mark.parametrize(("path", "scheme", "width"), [("/", "light", 1280), ("/ar/", "dark", 320)])
def test_it_can_be_used_by_everybody(every: Page, origin: str, path: str, scheme: str, width: int):
    """axe finds nothing, empty, refused and answered; nothing is cut off on a small phone, from right to left."""
    every.emulate_media(color_scheme=scheme)
    every.set_viewport_size({"width": width, "height": 800})
    every.goto(f"{origin}{path}every/")
    button = every.locator(".actions button")
    button.click()
    expect(every.get_by_role("alert")).to_be_visible()
    assert violations(every) == []
    fill(every)
    button.click()
    expect(every.locator("main")).to_have_attribute("data-state", "answered")
    assert violations(every) == []
    assert every.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_fetches_what_it_needs_and_announces_it(page: Page, origin: str):
    """No module is waited for that the page did not name beforehand, and none comes that it does not use."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{origin}/every/", wait_until="networkidle")
    named = page.locator("link[rel=modulepreload]").evaluate_all("(links) => links.map((link) => link.href)")
    modules = {url for url in asked if url.endswith(".js") and "/main." not in url}
    assert modules == set(named)
    assert {re.search(r"/([\w-]+)\.\w+\.js$", url)[1] for url in modules} >= {"fields", "files", "table"}
    with page.expect_request("**/drawings.*.js"):
        page.locator(".examples a").first.hover()  # somebody means to see an answer


def test_a_part_that_does_not_arrive_is_said(page: Page, origin: str):
    """A form that can not be asked says so and what to do, instead of standing there dead."""
    page.route("**/fields.*.js", lambda route: route.abort())
    page.goto(f"{origin}/every/")
    expect(page.get_by_role("alert")).to_contain_text("Part of this page did not arrive: reload it.")


def test_what_draws_an_answer_and_does_not_arrive_is_said(page: Page, origin: str):
    """Of a prediction that nothing else can draw; a label needs only its bars, and is had without what copies it."""
    page.route("**/drawings.*.js", lambda route: route.abort())
    page.goto(f"{origin}/every/")
    page.get_by_role("link", name="Anna and her cat").click()
    expect(page.get_by_role("alert")).to_have_text("Part of this page did not arrive: reload it.")
    expect(page.locator(".examples [aria-current]")).to_have_count(1)
    page.goto(f"{origin}/catdog/")
    page.get_by_role("link", name="Chelsea, a cat").click()
    expect(answer(page)).to_contain_text("A cat, over 99 %.")
    expect(answer(page).get_by_role("button", name="Copy")).to_have_count(0)
    page.unroute("**/drawings.*.js")
    page.get_by_role("link", name="A dog that somebody drew").click()
    expect(answer(page).get_by_role("button", name="Copy")).to_be_visible()


def test_a_page_is_dressed_when_it_is_come_to_from_another(page: Page, origin: str):
    """Without a reload, the styles that only some pages have are there as well."""
    page.goto(f"{origin}/catdog/")
    page.evaluate("window.mark = 1")
    page.get_by_role("link", name="TinySpaces").click()
    page.get_by_role("link", name="Everything").click()
    expect(page.get_by_role("heading", name="Everything")).to_be_focused()
    assert field(page, "Story").evaluate("(story) => getComputedStyle(story).borderTopStyle") == "solid"
    page.get_by_role("link", name="Anna and her cat").click()
    expect(answer(page)).to_contain_text("A saved answer")
    assert page.evaluate("window.mark") == 1


def test_a_demo_that_broke_says_so_itself(every: Page):
    """Before anybody asks in vain: what happened, in one sentence, and what still works."""
    note = every.get_by_role("note")
    expect(note).to_contain_text("The model behind this page has changed.")
    expect(note).to_contain_text("the saved examples below still answer")
    expect(note).to_contain_text("It counts otherwise now.")


def test_the_status_page_tells_how_each_demo_is(page: Page, origin: str):
    """The last check's findings, and whether each answers at this moment, in words."""
    page.goto(f"{origin}/every/")
    page.get_by_role("link", name="How the demos are").click()
    expect(page.get_by_text("21 November 2026, 12:00 UTC")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Everything")
    for words in ("Changed: it fails", "One is two.", "Add it again.", "some/one", "6.31.0", "queue5", "running"):
        expect(row).to_contain_text(words)
    expect(row).to_contain_text("answers now")
    other = page.get_by_role("row").filter(has_text="Cat or dog?")
    expect(other).to_contain_text("Not checked yet")
    expect(other).to_contain_text("does not answer now")
    expect(other).to_contain_text("this site’s own Space")
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_scripts_the_form_and_its_examples_are_read(browser: Browser, origin: str):
    """Labels, limits and saved answers are there before any script."""
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{origin}/every/")
    expect(field(page, "Story")).to_be_visible()
    expect(page.get_by_text("WAV or MPEG, up to 8 MB")).to_be_visible()
    expect(page.get_by_text("It gave:").first).to_be_visible()
    expect(page.get_by_text("Asking needs scripts.")).to_be_visible()
    page.context.close()
