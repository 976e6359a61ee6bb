"""
Every state that a visitor may meet, at two widths and in light and dark: nothing jumps, nothing is cut off, axe is silent.

Each is left as a picture in `.local/states/`, to be looked at by a person.
"""

from collections.abc import Callable, Iterator

import pytest
from conftest import CAT, ROOT
from played import CAT_SAID, Played, answer, ask, playing, problem, visited
from playwright.sync_api import Browser, Page, expect
from test_axe import violations

PICTURES = ROOT / ".local/states"
SHIFTS = """new PerformanceObserver((seen) => {
    for (const each of seen.getEntries()) if (!each.hadRecentInput) globalThis.shifted = (globalThis.shifted ?? 0) + each.value;
}).observe({type: "layout-shift", buffered: true})"""


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with playing(tmp_path_factory.mktemp("dist")) as bridge:
        yield bridge


def empty(page: Page, bridge: Played) -> None:
    expect(answer(page)).to_contain_text("Nothing asked yet.")


def ready(page: Page, bridge: Played) -> None:
    page.get_by_label("Photo").set_input_files(CAT)
    expect(answer(page)).to_contain_text("The photo is ready")


def in_the_queue(page: Page, bridge: Played) -> None:
    ask(page)
    bridge.next().tell("queue", place=2, eta=12)
    expect(answer(page)).to_contain_text("2 are before you.")


def partial(page: Page, bridge: Played) -> None:
    ask(page)
    bridge.next().tell("partial", prediction=CAT_SAID)
    expect(answer(page)).to_contain_text("Still being answered")


def waking(page: Page, bridge: Played) -> None:
    ask(page)
    bridge.next().tell("stage", stage="SLEEPING", eta=40)
    expect(answer(page)).to_contain_text("waking up")


def answered(page: Page, bridge: Played) -> None:
    ask(page)
    bridge.next().tell("prediction", prediction=CAT_SAID)
    expect(answer(page)).to_contain_text("Answered by the model’s server")


def unfamiliar(page: Page, bridge: Played) -> None:
    page.get_by_role("link", name="Neither of them").click()
    expect(answer(page)).to_contain_text("Unfamiliar.")


def broken_contract(page: Page, bridge: Played) -> None:
    ask(page)
    bridge.next().tell("prediction", prediction={"label": "wolf"})
    expect(page.get_by_role("alert")).to_contain_text("The model has changed since this page was made.")


def busy(page: Page, bridge: Played) -> None:
    bridge.instead = problem("space-busy", 503, "The model is busy.", retryable=True, retry_after=90)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("The model is busy.")


def offline(page: Page, bridge: Played) -> None:
    page.get_by_label("Photo").set_input_files(CAT)
    page.context.set_offline(True)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(answer(page)).to_contain_text("You are offline")


def too_large(page: Page, bridge: Played) -> None:
    page.get_by_label("Photo").set_input_files(
        {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": CAT.read_bytes() + bytes(8_100_000)}
    )
    expect(page.get_by_role("alert")).to_contain_text("may be at most 8 MB")


def wrong_type(page: Page, bridge: Played) -> None:
    page.get_by_label("Photo").set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    expect(page.get_by_role("alert")).to_contain_text("takes JPEG, PNG or WebP")


def refused_camera(page: Page, bridge: Played) -> None:
    page.get_by_role("button", name="Take a photo").click()
    expect(page.get_by_role("alert")).to_contain_text("camera")


STATES = (
    empty, ready, in_the_queue, partial, waking, answered, unfamiliar, broken_contract, busy, offline, too_large, wrong_type,
    refused_camera,
)  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_state(browser: Browser, bridge: Played, state: Callable[[Page, Played], None], width: int, scheme: str):
    """Who looks, listens, or has a small screen finds what happens, and what can be done."""
    with browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, service_workers="block"
    ) as context:
        page = context.new_page()
        page.add_init_script(SHIFTS)
        with visited(page, bridge) as page:
            state(page, bridge)
            PICTURES.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=PICTURES / f"{state.__name__}-{width}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            # What is said beside a field moves what is beneath it; nothing else moves anything.
            assert page.evaluate("globalThis.shifted ?? 0") < (0.05 if state in (too_large, wrong_type) else 0.01)
            assert violations(page) == []
            context.set_offline(False)
