"""Each demo of several steps, and the form, asked as a visitor asks them: a real Space, real models, a real browser."""

import csv
from pathlib import Path

import pytest
from conftest import ROOT, Road
from playwright.sync_api import Locator, Page, Route, expect
from test_states import SHIFTS

DEMOS = ROOT / "site/demos"
TEDDY = DEMOS / "bears/examples/drawn-teddy.jpg"
CAT = DEMOS / "catdog/examples/cat.jpg"
COFFEE = DEMOS / "catdog/examples/coffee.jpg"
PNG = (ROOT / "tests/matrix/photo.png").read_bytes()


def ask(page: Page, road: Road, demo: str, *photos: Path) -> Locator:
    """Give photos to a demo, and ask; the answer's place."""
    page.goto(f"{road.origin}/{demo}/")
    page.get_by_label("Photo", exact=False).first.set_input_files(photos)
    page.get_by_role("button", name="Ask").click()
    return page.get_by_role("region", name="Answer")


def step(answer: Locator, name: str) -> Locator:
    """What one step has to say."""
    return answer.locator(f"[data-step={name}]")


def test_two_models_are_asked_the_same_photo(visitor: Page, road: Road):
    """Side by side, and whether they agree is said first."""
    answer = ask(visitor, road, "bears-twice", TEDDY)
    expect(answer).to_contain_text("Answered by the model’s server")
    expect(step(answer, "glance").get_by_role("heading", name="At a glance")).to_be_visible()
    expect(step(answer, "long").get_by_role("heading", name="A longer look")).to_be_visible()
    verdicts = [step(answer, name).locator(".bars li").first.inner_text().split("\n")[0] for name in ("glance", "long")]
    said = "The models agree" if len(set(verdicts)) == 1 else "The models differ."
    expect(answer).to_contain_text(said)
    tops = [step(answer, name).bounding_box()["y"] for name in ("glance", "long")]
    assert tops[0] == tops[1], "side by side"


def test_one_model_that_fails_does_not_hide_the_other(visitor: Page, road: Road):
    """Its place says why; the other's answer stands."""

    def half(route: Route) -> None:
        said = route.fetch(headers={**route.request.headers, "accept": "application/json"}).json()
        fault = {"type": "urn:tinyspaces:app-failed", "detail": "Out of paint.", "retryable": False}
        said["prediction"].pop("glance")
        said["steps"]["glance"] = {"state": "failed", "fault": fault}
        route.fulfill(json=said, headers={"Access-Control-Allow-Origin": "*"})

    visitor.route("**/ask", half)
    answer = ask(visitor, road, "bears-twice", TEDDY)
    expect(step(answer, "glance")).to_contain_text("Out of paint.")
    expect(step(answer, "long").locator(".bars li")).to_have_count(3)
    expect(answer).not_to_contain_text("The models")


def test_what_it_looked_at_follows_a_slider(visitor: Page, road: Road):
    """The label first, then the photo with the rest dimmed; moving the slider draws it anew without another press."""
    answer = ask(visitor, road, "catdog-look", CAT)
    look = step(answer, "look")
    expect(step(answer, "guess")).to_contain_text("A cat")
    picture = look.get_by_role("img", name="What it looked at")
    expect(picture).to_be_visible()
    before = picture.get_attribute("src")
    visitor.get_by_role("slider").focus()
    with visitor.expect_response("**/ask"):
        visitor.keyboard.press("Home")
    expect(picture).not_to_have_attribute("src", before)


def test_what_is_unfamiliar_is_not_explained(visitor: Page, road: Road):
    """A map of what made a coffee a dog would explain nothing: the step says that it was not asked."""
    answer = ask(visitor, road, "catdog-look", COFFEE)
    expect(step(answer, "guess")).to_contain_text("Unfamiliar.")
    expect(step(answer, "look")).to_contain_text("Not asked")


def test_a_wardrobe_becomes_a_table(visitor: Page, road: Road, tmp_path):
    """Many photos at once, each answered beside its picture, and all of it to download."""
    photos = sorted((DEMOS / "clothing/examples").glob("drawn-*"))
    answer = ask(visitor, road, "wardrobe", *photos)
    expect(answer).to_contain_text("Answered by the model’s server")
    rows = answer.get_by_role("row")
    expect(rows).to_have_count(len(photos) + 1)
    with visitor.expect_download() as fetched:
        answer.get_by_role("link", name="Download").or_(answer.get_by_role("button", name="Download")).first.click()
    fetched.value.save_as(tmp_path / "wardrobe.csv")
    told = list(csv.DictReader((tmp_path / "wardrobe.csv").open(encoding="utf-8-sig")))
    assert [each["Photo"] for each in told] == [photo.name for photo in photos]
    assert all(each["Label"] for each in told)
    assert max(row.bounding_box()["height"] for row in rows.all()) < 80, "long names do not break"
    answer.get_by_role("checkbox", name="Sort them by their labels").check()
    expect(answer.get_by_role("button", name="Copy")).to_be_visible()
    groups = [group.bounding_box() for group in answer.locator(".wardrobe section").all()]
    assert len(groups) > 1
    assert len({group["y"] for group in groups}) == 1, "beside each other"


def test_many_photos_are_small_on_a_phone(visitor: Page, road: Road):
    """Three to a row, each with its button for a thumb and its whole name; Ask is not pages away."""
    visitor.set_viewport_size({"width": 360, "height": 740})
    visitor.goto(f"{road.origin}/wardrobe/")
    names = [f"{number}-{'a-very-long-name-' * 4}.jpg" for number in range(12)]
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": COFFEE.read_bytes()} for name in names]
    visitor.get_by_label("Photos").set_input_files(files)
    photos = visitor.locator(".chosen > li")
    expect(photos).to_have_count(12)
    first, third = photos.nth(0).bounding_box(), photos.nth(2).bounding_box()
    assert first["y"] == third["y"]
    button = visitor.get_by_role("button", name=f"Remove {names[2]}").bounding_box()
    assert min(button["width"], button["height"]) >= 44
    expect(visitor.get_by_title(names[2])).to_have_css("text-overflow", "ellipsis")
    assert visitor.get_by_role("button", name="Ask").bounding_box()["y"] < 1300
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_an_answer_moves_nothing_when_it_comes(visitor: Page, road: Road, width: int, height: int):
    """Ten bars need more room than the form has: who was about to open an example does not press another."""
    held: list[Route] = []
    visitor.set_viewport_size({"width": width, "height": height})
    visitor.add_init_script(SHIFTS)
    visitor.route("**/ask", lambda route: held.append(route))
    answer = ask(visitor, road, "clothing", DEMOS / "clothing/examples/drawn-dress.jpg")
    expect(visitor.locator("main")).to_have_attribute("data-state", "waiting")
    # What moves in the half second after a press is not counted: somebody looks for it.
    visitor.evaluate("new Promise((done) => setTimeout(done, 600))")
    held[0].continue_()
    expect(answer).to_contain_text("Answered by the model’s server")
    expect(answer.locator(".bars li")).to_have_count(10)
    visitor.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert visitor.evaluate("globalThis.shifted ?? 0") < 0.01


def test_what_the_author_says_runs_into_no_other_language(visitor: Page, road: Road):
    """The site's own sentence stands alone, and is told to be in its language."""
    visitor.goto(f"{road.origin}/de/")
    told = visitor.locator("footer p")
    about = visitor.evaluate("document.querySelector('footer p').lang")
    assert (about, told.first.inner_text()) == ("en", "Small models that answer on static pages.")
    assert "Small models" not in told.nth(1).inner_text()


@pytest.mark.parametrize("by", ["server", "device"])
def test_of_many_photos_one_that_fails_says_why(visitor: Page, road: Road, by: str):
    """Beside its own picture, whoever answered; the others have their labels, and a table sorted by them has it last."""
    photos = sorted((DEMOS / "clothing/examples").glob("drawn-*"))[:2]
    whole = [{"name": each.name, "mimeType": "image/jpeg", "buffer": each.read_bytes()} for each in photos]
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": PNG[:60] + bytes(40)}
    visitor.goto(f"{road.origin}/wardrobe/")
    if by == "device":
        visitor.get_by_label("Keep everything on this device").check()
    visitor.get_by_label("Photos").set_input_files([whole[0], broken, whole[1]])
    visitor.get_by_role("button", name="Ask").click()
    answer = visitor.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Answered", timeout=20_000)
    row = answer.get_by_role("row").filter(has_text="broken.png")
    expect(row.locator(".missed")).to_contain_text("Failed. The photo is damaged")
    expect(answer.locator(".missed:visible")).to_have_count(1)
    answer.get_by_role("checkbox", name="Sort them by their labels").check()
    expect(answer.locator(".wardrobe section").last).to_contain_text("Failed. The photo is damaged")


def test_a_form_without_a_photo_is_shared_as_a_link(visitor: Page, road: Road):
    """Numbers and choices are in the address, and whoever opens it finds them filled in."""
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.goto(f"{road.origin}/penguins/")
    visitor.get_by_role("link", name="Torgersen, 2007").click()
    visitor.get_by_label("Weight in g").fill("4100")
    visitor.get_by_role("button", name="Ask").click()
    answer = visitor.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Answered by the model’s server")
    answer.get_by_role("button", name="Copy a link to this").click()
    expect(answer).to_contain_text("Link copied.")
    address = visitor.evaluate("navigator.clipboard.readText()")
    visitor.goto("about:blank")
    visitor.goto(address)
    expect(visitor.get_by_label("Weight in g")).to_have_value("4100")
    expect(visitor.get_by_label("Torgersen")).to_be_checked()


@pytest.mark.parametrize("by", ["server", "device"])
def test_what_a_model_looked_at_is_one_press_away(visitor: Page, road: Road, by: str):
    """Whoever answered: the map is drawn on this device, over the photo that was given."""
    visitor.goto(road.demo)
    if by == "device":
        visitor.get_by_label("Keep everything on this device").check()
    visitor.get_by_label("Photo").set_input_files(CAT)
    visitor.get_by_role("button", name="Ask").click()
    answer = visitor.get_by_role("region", name="Answer")
    expect(answer).to_contain_text(
        f"Answered {'by the model’s server' if by == 'server' else 'on this device'}", timeout=15_000
    )
    answer.get_by_role("button", name="Show what it looked at").click()
    expect(answer.get_by_role("img", name="Your photo, darker where the model did not look for: a cat")).to_be_visible(
        timeout=15_000
    )
    dark = "() => { const veil = document.querySelector('.veiled canvas'); const seen = veil.getContext('2d').getImageData(0, 0, 256, 256).data; const all = Array.from({length: 65536}, (_, at) => seen[at * 4 + 3]); return [Math.min(...all), Math.max(...all)]; }"
    least, most = visitor.evaluate(dark)
    assert least < 60 < 200 < most, "somewhere it looked, elsewhere it did not"
    answer.get_by_label("What it looked at for").select_option("dog")
    expect(answer.get_by_role("img", name="Your photo, darker where the model did not look for: a dog")).to_be_visible()
