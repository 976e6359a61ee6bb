"""The whole road: a photo through the page, the bridge, the real Gradio and the real model, and back."""

import base64
import re
from pathlib import Path

import pytest
from conftest import CAT, CATDOG, Road, free_port, said
from playwright.sync_api import Page, expect

import build
import dev
from training.publish import publish

DOG = CATDOG / "examples/drawn-dog.jpg"


def answer(page: Page):
    return page.get_by_role("region", name="Answer")


def ask(page: Page, photo: Path = CAT) -> None:
    page.get_by_label("Photo").set_input_files(photo)
    page.get_by_role("button", name="Ask").click()


def test_a_cat_is_a_cat(demo: Page):
    """Chosen, seen, asked, answered: verdict, ranked bars, and who said so."""
    ask(demo)
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    bars = answer(demo).get_by_role("listitem")
    expect(bars).to_have_text([re.compile("cat.*over 99.%", re.DOTALL), re.compile("dog.*under 1.%", re.DOTALL)])
    expect(answer(demo)).to_contain_text(re.compile(r"Answered by the model’s server in [\d.]+ s\."))
    assert demo.locator("main").get_attribute("data-state") == "answered"


def give(page: Page, event: str, name: str, content: bytes, target: str) -> None:
    """Drop or paste a file, as a browser does."""
    left_to_the_browser = page.evaluate(
        """([event, name, content, target]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            const given = event === "paste"
                ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true})
                : new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
            return document.querySelector(target).dispatchEvent(given);
        }""",
        [event, name, base64.b64encode(content).decode(), target],
    )
    assert not left_to_the_browser, "the browser would leave the page to show the file"


@pytest.mark.parametrize(("event", "target"), [("drop", "#field-photo"), ("drop", "footer"), ("paste", "body")])
def test_a_photo_may_be_dropped_or_pasted(demo: Page, event: str, target: str):
    """Wherever it comes from, it is shown and can be asked about."""
    give(demo, event, "photo.jpg", DOG.read_bytes(), target)
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text(said("drawn-dog"))


def test_an_example_answers_at_once(demo: Page):
    """Without asking anybody; its address can be sent to a friend, and Ask hears it from the model itself."""
    asked = []
    demo.on("request", lambda request: asked.append(request.url) if "/bridge/" in request.url else None)
    demo.get_by_role("link", name="A dog that somebody drew").click()
    expect(answer(demo)).to_contain_text(said("drawn-dog"))
    expect(answer(demo)).to_contain_text("A saved answer")
    expect(demo).to_have_url(re.compile("#drawn-dog$"))
    assert asked == []
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text("Answered by the model’s server")
    expect(answer(demo)).to_contain_text(said("drawn-dog"))
    assert len(asked) == 1


def test_an_example_can_be_opened_again_and_left(demo: Page):
    """The same link twice, then a photo of one's own: the address says what is shown."""
    link = demo.get_by_role("link", name="Neither of them")
    link.click()
    expect(link).to_have_attribute("aria-current", "true")
    ask(demo)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    expect(link).not_to_have_attribute("aria-current", "true")
    expect(demo).not_to_have_url(re.compile("#"))
    link.click()
    expect(answer(demo)).to_contain_text(said("coffee"))
    link.click()
    expect(answer(demo)).to_contain_text(said("coffee"))


def test_a_deep_link_works_from_a_cold_start(visitor: Page, road: Road):
    """The first page of a visit may be an example's."""
    visitor.goto(f"{road.demo}#cat")
    expect(answer(visitor)).to_contain_text("A cat, over 99 %.")
    expect(visitor.get_by_role("img", name="ginger tabby").first).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cat.jpg", b"%PDF-1.7 this is no photo", "“Photo” takes JPEG, PNG or WebP; this file is something else."),
        ("empty.png", b"", "“Photo” takes JPEG, PNG or WebP"),
        ("large.jpg", CAT.read_bytes() + bytes(8_000_000), "“Photo” may be at most 8 MB; this file has 8.1."),
    ],
)
def test_a_wrong_file_is_said_and_the_photo_before_it_stays(demo: Page, name: str, content: bytes, words: str):
    """Told before anything is sent; what was there is still there and can be asked."""
    demo.get_by_label("Photo").set_input_files(CAT)
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    demo.get_by_label("Photo").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
    expect(demo.get_by_role("alert")).to_contain_text(words)
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_a_damaged_photo_is_told_by_the_bridge(demo: Page):
    """It begins like a photo: only reading it to its end shows that it is none."""
    damaged = {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": CAT.read_bytes()[:9000]}
    demo.get_by_label("Photo").set_input_files(damaged)
    demo.get_by_role("button", name="Ask").click()
    expect(demo.get_by_role("alert")).to_contain_text("The photo is damaged")
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "input-refused")


def test_asking_without_a_photo_says_what_is_missing(demo: Page):
    """And the keyboard is already where it can be mended."""
    demo.get_by_role("button", name="Ask").click()
    expect(demo.get_by_role("alert")).to_contain_text("“Photo” is missing: choose a file.")
    expect(demo.get_by_label("Photo")).to_be_focused()


def test_a_visitor_may_stop_waiting(demo: Page):
    """Cancel ends the question; the photo is still there to ask again."""
    held = []
    demo.route("**/ask", lambda route: held.append(route))
    ask(demo)
    expect(answer(demo)).to_contain_text("Asking the model")
    demo.get_by_role("button", name="Cancel").click()
    expect(answer(demo)).to_contain_text("The photo is ready: press Ask.")
    expect(demo.get_by_role("button", name="Ask")).to_be_focused()
    demo.unroute("**/ask")
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    assert len(held) == 1


def test_an_answer_that_was_not_agreed_is_never_drawn(demo: Page):
    """The page checks it too, against the contract it was built from."""
    changed = {"prediction": {"label": "wolf", "confidences": [{"label": "wolf", "confidence": 1}]}}
    demo.route("**/ask", lambda route: route.fulfill(json=changed, headers={"Access-Control-Allow-Origin": "*"}))
    ask(demo)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "contract-broken")
    expect(demo.get_by_role("alert")).to_contain_text("The model has changed since this page was made.")


def test_something_else_in_the_bridges_place_is_noticed(demo: Page):
    """A parked domain answers with a page of its own."""
    demo.route("**/ask", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    ask(demo)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "bridge-unreachable")


def test_offline_is_said_to_be_that(demo: Page):
    """Nobody should blame the model for the train's tunnel; at its end the model is asked."""
    demo.get_by_label("Photo").set_input_files(CAT)
    demo.context.set_offline(True)
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text("You are offline: it is tried again when you are back.")
    demo.context.set_offline(False)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.", timeout=10_000)


def test_one_question_at_a_time(demo: Page):
    """Ask pressed twice asks once."""
    held = []
    demo.route("**/ask", lambda route: held.append(route))
    ask(demo)
    demo.get_by_role("button", name="Ask").press("Enter")
    demo.wait_for_timeout(100)
    assert len(held) == 1
    held[0].continue_()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_a_wrong_file_while_waiting_is_said(demo: Page):
    """Whoever gives another file wants to hear of that one; the first photo is an Ask away."""
    demo.route("**/ask", lambda route: None, times=1)
    ask(demo)
    demo.get_by_label("Photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    expect(demo.get_by_role("alert")).to_contain_text("still the one before: press Ask to ask about it.")
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_ask_waits_for_the_photo_to_be_read(demo: Page):
    """Pressed while a large photo is still being decoded, it asks about that one."""
    demo.get_by_label("Photo").set_input_files(DOG)
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    demo.evaluate("""() => {
        const decode = Image.prototype.decode;
        Image.prototype.decode = function () {
            return new Promise((done) => setTimeout(done, 600)).then(() => decode.call(this));
        };
    }""")
    ask(demo, CAT)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_a_file_that_vanishes_is_asked_about_all_the_same(demo: Page, tmp_path: Path):
    """What was shown is what is asked: the page keeps its own copy."""
    photo = tmp_path / "cat.jpg"
    photo.write_bytes(CAT.read_bytes())
    demo.get_by_label("Photo").set_input_files(photo)
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    photo.unlink()
    demo.get_by_role("button", name="Ask").click()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_a_photo_that_can_not_be_shown_is_not_taken(demo: Page):
    """A head without a body: said at once, and no broken picture in the frame."""
    broken = {"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(200)}
    demo.get_by_label("Photo").set_input_files(broken)
    expect(demo.get_by_role("alert")).to_contain_text("The photo is damaged: choose another.")
    expect(demo.locator(".frame img")).to_have_count(0)


def test_a_long_wait_is_spoken_of(demo: Page):
    """After eight seconds the page says how long it has been, offers something else, and still lets go at a word."""
    demo.clock.install()
    demo.route("**/ask", lambda route: None)
    ask(demo)
    expect(answer(demo)).to_contain_text("Asking the model")
    demo.clock.fast_forward(9000)
    expect(answer(demo)).to_contain_text(re.compile(r"Still asking….*\d+.s so far\.", re.DOTALL))
    expect(answer(demo).get_by_role("link", name="Chelsea, a cat")).to_be_visible()
    demo.clock.fast_forward(60_000)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "out-of-time")


def test_an_answer_does_not_lose_the_focus(demo: Page):
    """Whoever stood on Cancel when the answer came stands on Ask afterwards."""
    held = []
    demo.route("**/ask", lambda route: held.append(route))
    ask(demo)
    demo.get_by_role("button", name="Cancel").focus()
    held[0].continue_()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    expect(demo.get_by_role("button", name="Ask")).to_be_focused()


def test_the_same_fault_twice_is_said_twice(demo: Page):
    """The alert is a new one each time, so that a screen reader speaks again."""
    demo.get_by_role("button", name="Ask").click()
    demo.get_by_role("alert").evaluate("(alert) => { alert.dataset.old = '' }")
    demo.get_by_role("button", name="Ask").click()
    expect(demo.locator("[role=alert]:not([data-old])")).to_be_visible()
    expect(demo.get_by_role("alert")).to_have_count(1)


def test_the_way_back_from_an_example(demo: Page):
    """The browser's own button leads from one example to the one before, and then to none."""
    demo.get_by_role("link", name="Chelsea, a cat").click()
    demo.get_by_role("link", name="Neither of them").click()
    expect(answer(demo)).to_contain_text(said("coffee"))
    demo.go_back()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    demo.go_back()
    expect(demo.locator(".examples [aria-current]")).to_have_count(0)
    expect(answer(demo)).to_contain_text("Nothing asked yet.")


def test_on_a_phone_an_example_is_seen_with_its_answer(demo: Page):
    """The picture and the verdict about it, together, wherever the reader was."""
    demo.set_viewport_size({"width": 360, "height": 740})
    demo.get_by_role("link", name="Neither of them").click()
    expect(demo.locator(".frame img")).to_be_in_viewport(ratio=0.9)
    expect(demo.locator(".verdict")).to_be_in_viewport(ratio=0.9)


def test_a_long_label_stays_on_the_page(demo: Page):
    """Labels are other people's: the longest is broken rather than the page."""
    label = "Donaudampfschifffahrtsgesellschaftskapitaen"
    demo.set_viewport_size({"width": 320, "height": 700})
    demo.get_by_role("link", name="Chelsea, a cat").click()
    demo.locator(".bars li bdi").first.evaluate(f"(span) => {{ span.textContent = '{label}' }}")
    demo.locator(".verdict").evaluate(f"(verdict) => {{ verdict.textContent = 'A {label}, 98 %.' }}")
    assert demo.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_space_that_stops_and_comes_back(visitor: Page, tmp_path_factory: pytest.TempPathFactory):
    """Said in words, nothing lost, and the same photo is answered after the restart, without a word from anybody."""
    folder, dist = tmp_path_factory.mktemp("space"), tmp_path_factory.mktemp("dist")
    port, space_port = free_port(), free_port()
    origin = f"http://127.0.0.1:{port}"
    publish(folder, [origin])
    build.write(build.build(space=f"http://127.0.0.1:{space_port}"), dist)
    visitor.add_init_script("delete globalThis.Worker")  # or this device would answer
    with dev.site(dist, port):
        with dev.space(folder, space_port):
            visitor.goto(f"{origin}/catdog/")
            ask(visitor)
            expect(answer(visitor)).to_contain_text("A cat, over 99 %.")
        visitor.get_by_role("button", name="Ask").click()
        expect(answer(visitor)).to_contain_text("The model’s server may be asleep: it is tried again.")
        expect(visitor.get_by_role("img", name="Your photo")).to_be_visible()
        answer(visitor).get_by_role("link", name="A dog that somebody drew").click()
        expect(answer(visitor)).to_contain_text("A saved answer")
        with dev.space(folder, space_port):
            visitor.get_by_role("button", name="Show it").click(timeout=30_000)
            expect(answer(visitor)).to_contain_text("A cat, over 99 %.")
            expect(answer(visitor)).to_contain_text("Answered by the model’s server")
