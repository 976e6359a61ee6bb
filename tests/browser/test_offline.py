"""What was seen once opens without a line, can be installed, and makes room for what is newer."""

import json
import shutil
from collections.abc import Iterator

import pytest
from conftest import CAT, Road, free_port
from playwright.sync_api import Browser, BrowserContext, Page, expect

import dev


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps pages, as a visitor's does."""
    context = browser.new_context(service_workers="allow")
    yield context
    context.close()


def first_kept(page: Page) -> None:
    """Wait until the worker that keeps pages has kept this one, the first that it hears of."""
    page.evaluate("""navigator.serviceWorker.ready.then(() => new Promise((done) => {
        const seen = async () => ((await caches.match(location.href)) ? done() : setTimeout(seen, 20));
        seen();
    }))""")


def kept(page: Page) -> None:
    """Wait until it is at work, and look again: then it has brought the page itself."""
    first_kept(page)
    page.reload()


def test_one_visit_is_enough(context: BrowserContext, road: Road):
    """The page that was there before its worker opens without a line, with its pictures, and so does the first page."""
    page = context.new_page()
    page.goto(f"{road.origin}/de/catdog/")
    first_kept(page)
    page.wait_for_load_state("networkidle")
    context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cat or dog?")
    page.get_by_role("link", name="Chelsea, a cat").click()
    expect(page.get_by_role("region", name="Antwort")).to_contain_text("A cat, über 99 %")
    expect(page.locator(".frame img")).to_have_js_property("naturalWidth", 451)
    page.goto(f"{road.origin}/de/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_where_there_is_no_room_pages_open_all_the_same(context: BrowserContext, road: Road):
    """A full disk keeps nothing, and loses nothing."""
    page = context.new_page()
    page.goto(road.demo)
    kept(page)
    asked = context.new_cdp_session(page)
    asked.send("Storage.overrideQuotaForOrigin", {"origin": road.origin, "quotaSize": 1000})
    page.goto(f"{road.origin}/bears/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Grizzly, black or teddy?")


def test_a_part_of_a_film_goes_its_way(context: BrowserContext, road: Road):
    """A server that answers with a part is let do so; a store of whole answers takes none."""
    page = context.new_page()
    page.goto(road.demo)
    kept(page)
    part = {"status": 206, "body": "part", "headers": {"Content-Range": "bytes 0-3/9"}}
    context.route("**/film.webm", lambda route: route.fulfill(**part))
    assert page.evaluate("fetch('/film.webm').then(async (film) => [film.status, await film.text()])") == [206, "part"]


def test_after_one_visit_a_demo_opens_and_answers_without_a_line(context: BrowserContext, road: Road):
    """Its page, its examples, and the model itself where it was fetched once."""
    page = context.new_page()
    page.goto(road.demo)
    kept(page)
    page.get_by_label("Keep everything on this device").check()
    page.get_by_label("Photo").set_input_files(CAT)
    page.get_by_role("button", name="Ask").click()
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Answered on this device", timeout=20_000)
    context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cat or dog?")
    page.get_by_role("link", name="Chelsea, a cat").click()
    expect(answer).to_contain_text("A saved answer")
    page.get_by_label("Photo").set_input_files(CAT)
    page.get_by_role("button", name="Ask").click()  # of its own accord it turns to the device
    expect(answer).to_contain_text("Answered on this device", timeout=20_000)
    expect(answer).to_contain_text("What you gave did not leave it.")


def test_what_runs_here_runs_on_several_threads_from_the_second_visit_on(context: BrowserContext, road: Road):
    """A page may have them where it is apart from others, and the worker that keeps pages is what says so of it."""
    page = context.new_page()
    page.goto(road.demo)
    assert not page.evaluate("crossOriginIsolated"), "nothing but that worker sets us apart"
    kept(page)
    assert page.evaluate("crossOriginIsolated")
    page.get_by_label("Keep everything on this device").check()
    page.get_by_label("Photo").set_input_files(CAT)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Answered on this device", timeout=20_000)
    threads = min(4, page.evaluate("navigator.hardwareConcurrency"))
    assert sum("/ort.wasm" in each.url for each in page.workers) == threads - 1


def test_it_can_be_installed(context: BrowserContext, road: Road):
    """Chromium itself finds nothing that is missing, in each language."""
    page = context.new_page()
    asked = context.new_cdp_session(page)
    for place in ("", "ar/"):
        page.goto(f"{road.origin}/{place}")
        kept(page)
        manifest = asked.send("Page.getAppManifest")
        assert manifest["errors"] == []
        told = json.loads(manifest["data"])
        assert (told["lang"], told["start_url"]) == (place[:2] or "en", f"/{place}")
        assert {icon["sizes"] for icon in told["icons"]} == {"192x192", "512x512"}
        assert asked.send("Page.getInstallabilityErrors")["installabilityErrors"] in (
            [],
            [{"errorId": "in-incognito", "errorArguments": []}],  # as every browser is that a test starts
        )


@pytest.fixture
def site(road: Road, tmp_path) -> Iterator[tuple[str, object]]:
    """A site of its own, which can be built anew while it is looked at."""
    shutil.copytree(road.dist, tmp_path / "dist")
    with dev.site(tmp_path / "dist", port := free_port()):
        yield f"http://127.0.0.1:{port}", tmp_path / "dist"


def newer(dist) -> None:
    """Another build of the same site: a word has changed."""
    page = dist / "catdog/index.html"
    page.write_text(page.read_text().replace("Cat or dog?</h1>", "Cat or dog, newly?</h1>"))
    worker = dist / "sw.js"
    worker.write_text(worker.read_text().replace('"version": "', '"version": "new'))


def test_a_page_that_is_older_than_its_site_renews_itself(context: BrowserContext, site):
    """Nobody has to empty a cache."""
    origin, dist = site
    page = context.new_page()
    page.goto(f"{origin}/catdog/")
    kept(page)
    newer(dist)
    page.evaluate("navigator.serviceWorker.getRegistration().then((keeper) => keeper.update())")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cat or dog, newly?")


def test_what_was_given_is_not_lost_to_a_newer_page(context: BrowserContext, site):
    """The photo stays; the newer site begins with the next page."""
    origin, dist = site
    page = context.new_page()
    page.goto(f"{origin}/catdog/")
    kept(page)
    page.get_by_label("Photo").set_input_files(CAT)
    photo = page.get_by_role("img", name="Your photo")
    expect(photo).to_be_visible()
    newer(dist)
    with page.expect_console_message(lambda said: said.text == "newer"):
        page.evaluate("""navigator.serviceWorker.addEventListener("controllerchange", () => console.log("newer"));
            navigator.serviceWorker.getRegistration().then((keeper) => keeper.update())""")
    expect(photo).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cat or dog?")
    page.evaluate("globalThis.still = true")
    page.get_by_role("link", name="TinySpaces").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask a small model")
    assert page.evaluate("globalThis.still") is None, "the next page is loaded whole"


def test_a_server_that_hangs_is_not_waited_for(context: BrowserContext, site):
    """A page that was seen before is shown after four seconds, whatever the line is doing."""
    origin, _ = site
    page = context.new_page()
    page.goto(f"{origin}/catdog/")
    kept(page)
    context.route("**/catdog/", lambda route: None)  # never answered
    page.goto(f"{origin}/catdog/", timeout=15_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Cat or dog?")
