"""Photos, films and sounds are made where they are asked for, and no camera stays on that nobody needs."""

import io
import re
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import CAT, ROOT
from everything import WAV, ask, field
from PIL import Image
from playwright.sync_api import Browser, BrowserType, Page, expect
from test_axe import violations

pytest_plugins = ["everything"]

# Every camera and microphone that the page opened, to see whether they are off.
REMEMBER = """
    window.tracks = [];
    const open = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (wanted) {
        const stream = await open.call(this, wanted);
        tracks.push(...stream.getTracks());
        return stream;
    };
"""


@pytest.fixture(scope="module")
def devices(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """A browser of a machine that has two cameras and a microphone, all made up."""
    flags = [*browser_type_launch_args.get("args", []), "--use-fake-device-for-media-stream=device-count=2"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    yield browser
    browser.close()


@pytest.fixture
def made(devices: Browser, origin: str, bridge) -> Iterator[Page]:
    """The page of the demo of every kind, which may use the camera and the microphone."""
    page = devices.new_context(permissions=["camera", "microphone"]).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(REMEMBER)
    bridge[1].asked.clear()
    page.goto(f"{origin}/every/")
    field(page, "Story").fill("x")
    yield page
    page.context.close()
    assert complaints == []


def place(page: Page, name: str):
    return page.locator(f"[data-field={name}]")


def make(page: Page, name: str, button: str) -> None:
    """Open the camera or the microphone, and wait until it is on and the keyboard stands on what it is for."""
    place(page, name).get_by_role("button", name=button).click()
    expect(place(page, name).locator(".shutter")).to_be_focused()
    assert page.evaluate("tracks.at(-1).readyState") == "live"


def until(page: Page, holds: str) -> None:
    """Wait until a condition of the page's own holds; Playwright's way to wait is against its security policy."""
    for _ in range(100):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"It never came to this: {holds}")


def off(page: Page) -> None:
    """Every camera and microphone is off."""
    until(page, "tracks.every((track) => track.readyState === 'ended')")


def test_a_photo_is_taken_and_asked_about(made: Page, bridge):
    """Seen, taken, undone, taken again with the other camera; the camera is off as soon as there is a photo."""
    photo = place(made, "photo")
    field(made, "Photo").set_input_files(CAT)
    make(made, "photo", "Take a photo")
    expect(photo.locator(".frame")).to_be_hidden()
    expect(photo.get_by_role("status")).to_have_text("The camera is on.")
    assert violations(made) == []
    photo.get_by_role("button", name="Take it").press("Enter")
    expect(photo.get_by_role("button", name="Take a photo")).to_be_focused()
    off(made)
    expect(photo.get_by_role("img", name="Your photo")).to_have_js_property("naturalWidth", 1920)
    photo.get_by_role("button", name="Undo").click()
    expect(photo.get_by_role("img")).to_have_js_property("naturalWidth", 451)
    make(made, "photo", "Take a photo")
    first = made.evaluate("tracks.at(-1).getSettings().deviceId")
    photo.get_by_role("button", name="Other camera").click()
    until(made, f"tracks.at(-1).getSettings().deviceId !== '{first}'")
    expect(photo.locator(".shutter")).to_be_focused()
    assert made.evaluate("tracks.filter((track) => track.readyState === 'live').length") == 1
    photo.get_by_role("button", name="Take it").click()
    expect(photo.get_by_role("img")).to_be_visible()
    make(made, "pictures", "Take a photo")
    place(made, "pictures").get_by_role("button", name="Take it").click()
    expect(place(made, "pictures").get_by_role("listitem")).to_contain_text(re.compile("camera-.*jpg.*JPEG"))
    off(made)
    ask(made)
    expect(made.locator("main")).to_have_attribute("data-state", "answered")
    (told,) = bridge[1].asked
    assert told["photo"].media == "image/jpeg"
    with Image.open(io.BytesIO(told["photo"].content)) as image:
        assert image.width > 600
        _, brightest = image.convert("L").getextrema()
    assert brightest > 60  # the made-up camera shows something
    assert len(told["pictures"]) == 1


def test_a_camera_is_off_when_nobody_needs_it(made: Page):
    """Stopped, another photo chosen, an example opened, another page visited: there is no light left on."""
    photo = place(made, "photo")
    make(made, "photo", "Take a photo")
    photo.get_by_role("button", name="Stop the camera").click()
    expect(photo.get_by_role("button", name="Take a photo")).to_be_focused()
    off(made)
    make(made, "photo", "Take a photo")
    field(made, "Photo").set_input_files(CAT)
    off(made)
    expect(photo.get_by_role("img", name="Your photo")).to_be_visible()
    make(made, "photo", "Take a photo")
    made.get_by_role("link", name="Anna and her cat").click()
    off(made)
    make(made, "photo", "Take a photo")
    made.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    off(made)
    make(made, "sound", "Record a sound")
    make(made, "film", "Record a film")
    made.get_by_role("link", name="TinySpaces").click()
    expect(made.get_by_role("heading", level=1)).to_be_focused()
    off(made)


def test_a_sound_is_recorded(made: Page, bridge):
    """Heard, finished, played back, recorded again, undone: a WAV file, whatever the browser records by itself."""
    sound = place(made, "sound")
    field(made, "Photo").set_input_files(CAT)
    field(made, "Sound").set_input_files(WAV)
    make(made, "sound", "Record a sound")
    until(made, "document.querySelector('meter').value > 0.2")
    expect(sound).to_contain_text(re.compile("Recording, 0:0[1-9] of at most 2:46"))
    assert violations(made) == []
    sound.get_by_role("button", name="Finish").press("Enter")
    expect(sound.get_by_role("listitem")).to_contain_text(re.compile("microphone-1.wav.*WAV"))
    expect(sound.get_by_role("button", name="Record a sound")).to_be_focused()
    off(made)
    sound.locator("audio").evaluate("(audio) => audio.play()")
    ask(made)
    expect(made.locator("main")).to_have_attribute("data-state", "answered")
    with wave.open(io.BytesIO(bridge[1].asked[-1]["sound"].content)) as heard:
        assert (heard.getframerate(), heard.getnchannels(), heard.getsampwidth()) == (24_000, 1, 2)
        assert 0.9 < heard.getnframes() / 24_000 < 10
        assert max(heard.readframes(heard.getnframes())) > 0
    sound.get_by_role("button", name="Undo").click()
    expect(sound.get_by_role("listitem")).to_contain_text("My own voice.wav")
    make(made, "sound", "Record a sound")
    sound.get_by_role("button", name="Cancel").click()
    off(made)
    expect(sound.get_by_role("listitem")).to_contain_text("My own voice.wav")


def test_a_film_is_recorded_or_it_is_said_why_not(made: Page):
    """What this browser can not record in a way that is taken is said at once, and not after a minute of dancing."""
    film = place(made, "film")
    if not made.evaluate("MediaRecorder.isTypeSupported('video/mp4')"):
        film.get_by_role("button", name="Record a film").click()
        expect(film.get_by_role("alert")).to_contain_text("This browser can not record what is taken here")
        return
    make(made, "film", "Record a film")
    film.get_by_role("button", name="Record").click()
    expect(film).to_contain_text(re.compile("Recording, 0:0[1-9]"))
    film.get_by_role("button", name="Finish").click()
    expect(film.get_by_role("listitem")).to_contain_text(re.compile("camera-.*mp4"))
    off(made)


def test_a_refused_camera_is_said_and_a_file_remains(devices: Browser, page: Page, origin: str):
    """In a sentence beside the field, with what to do; and the same where there is no camera or no microphone at all."""
    for browser, words in ((devices.new_context(), "was refused"), (page.context, "There is no")):
        other = browser.new_page()
        other.goto(f"{origin}/every/")
        for name, button, device in (("photo", "Take a photo", "camera"), ("sound", "Record a sound", "microphone")):
            place(other, name).get_by_role("button", name=button).click()
            alert = place(other, name).get_by_role("alert")
            expect(alert).to_contain_text(re.compile(f"{words}.*choose a file|{words}.*{device}"))
            expect(alert).to_contain_text(device)
        field(other, "Photo").set_input_files(CAT)
        expect(other.get_by_role("img", name="Your photo")).to_be_visible()
        assert violations(other) == []
        other.close()
    page.route("**/microphone.*.js", lambda route: route.abort())
    page.goto(f"{origin}/every/")
    place(page, "sound").get_by_role("button", name="Record a sound").click()
    expect(place(page, "sound").get_by_role("alert")).to_contain_text("Part of this page did not arrive")


def test_a_phone_uses_its_own_camera(browser: Browser, origin: str):
    """Which is better than ours: the file chooser is opened at the camera, and only then."""
    page = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}).new_page()
    page.goto(f"{origin}/de/every/")
    control = page.locator("#field-photo")
    control.evaluate("(control) => control.addEventListener('click', () => (window.asked = control.capture))")
    with page.expect_file_chooser() as chooser:
        place(page, "photo").get_by_role("button", name="Foto aufnehmen").tap()
    assert page.evaluate("asked") == "environment"
    chooser.value.set_files(ROOT / "site/demos/catdog/examples/cat.jpg")
    expect(page.get_by_role("img", name="Ihr Foto")).to_be_visible()
    expect(control).not_to_have_attribute("capture", re.compile(""))
    page.context.close()
