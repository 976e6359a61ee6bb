"""Every page in every language, from one file: what is missing in it, or in it for nobody, is found."""

import re
import tomllib

import pytest
from conftest import CAT, ROOT, Road
from playwright.sync_api import Page, expect
from test_axe import violations

MESSAGES = tomllib.loads((ROOT / "site/messages.toml").read_text(encoding="utf-8"))
LANGUAGES = list(MESSAGES["languages"])
SAID = re.compile(r"""\b(?:say|isSaid)\(\s*(?:[\w.]+ ?[^"'`,()]*\? )?(["'`])([\w.-]+)(\$\{|["'`] ~|)""")


def keys(told: dict, above: str = "") -> set[str]:
    """The keys of all messages."""
    found = set()
    for name, each in told.items():
        if each.keys() & set(LANGUAGES):
            found.add(above + name)
        else:
            found |= keys(each, f"{above}{name}.")
    return found


def test_what_is_said_is_there_and_what_is_there_is_said():
    """A text that nobody wrote would be shown as its key; one that nobody says is four translations for nothing."""
    places = [*(ROOT / "site/js").glob("*.js"), *(ROOT / "site/templates").glob("*.html"), ROOT / "api_bridge/words.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in places)
    there = keys({name: each for name, each in MESSAGES.items() if name != "languages"})
    said = {(key, more != "") for _, key, more in SAID.findall(text)}
    assert sorted({key for key, begins in said if not begins} - there) == []
    begun = tuple(key for key, begins in said if begins)
    named = {key for key in there if re.search(rf"""["']{re.escape(key)}["']""", text) or key.startswith(begun)}
    assert sorted(there - named) == []


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_demo_is_asked_in_every_language(visitor: Page, road: Road, language: str):
    """The interface is that language's, what the authors wrote says that it is English, and nothing is cut off."""
    say = lambda key: MESSAGES[key.split(".")[0]][key.split(".")[1]][language]  # noqa: E731
    visitor.set_viewport_size({"width": 320, "height": 800})
    visitor.goto(f"{road.origin}/{language}/")
    html = visitor.locator("html")
    expect(html).to_have_attribute("lang", language)
    expect(html).to_have_attribute("dir", MESSAGES["languages"][language]["direction"])
    visitor.get_by_role("link", name="Cat or dog?").first.click()
    expect(visitor).to_have_url(f"{road.origin}/{language}/catdog/")
    expect(visitor.get_by_role("heading", level=1)).to_have_attribute("lang", "en")
    visitor.locator("input[type=file]").set_input_files(CAT)
    visitor.get_by_role("button", name=say("demo.ask"), exact=True).click()
    answer = visitor.locator("#answer")
    expect(answer).to_contain_text(say("answer.left"))
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(visitor) == []
    visitor.get_by_role("link", name="English").click()
    expect(visitor).to_have_url(road.demo)
    expect(html).to_have_attribute("lang", "en")


def test_a_fault_of_the_bridge_is_said_in_the_pages_language(visitor: Page, road: Road):
    """The bridge speaks English; a page in German says the same with its own words."""
    visitor.add_init_script("delete globalThis.Worker")
    visitor.route(
        "**/ask",
        lambda route: route.fulfill(
            status=502,
            headers={"Access-Control-Allow-Origin": "*"},
            json={
                "type": "urn:tinyspaces:app-failed",
                "title": "",
                "detail": "Out of paint.",
                "status": 502,
                "retryable": False,
            },
        ),
    )
    visitor.goto(f"{road.origin}/de/catdog/")
    visitor.locator("input[type=file]").set_input_files(CAT)
    visitor.get_by_role("button", name="Fragen", exact=True).click()
    expect(visitor.get_by_role("alert")).to_contain_text(MESSAGES["fault"]["app-failed"]["de"])


RIGHT = """(element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect().right;
}"""


def test_names_and_bars_begin_where_the_page_does(page: Page, road: Road):
    """In Arabic at the right, though the demo's own words are English."""
    page.goto(f"{road.origin}/ar/catdog/#cat")
    bar = page.locator(".bars li").last  # a short one
    edge = bar.locator("svg").evaluate("(line) => line.getBoundingClientRect().right")
    assert abs(bar.locator("bdi").evaluate(RIGHT) - edge) < 2
    assert abs(bar.locator("rect").evaluate("(share) => share.getBoundingClientRect().right") - edge) < 2
    title, photo = page.get_by_role("heading", level=1), page.locator(".frame")
    assert abs(title.evaluate(RIGHT) - photo.evaluate("(frame) => frame.getBoundingClientRect().right")) < 2
