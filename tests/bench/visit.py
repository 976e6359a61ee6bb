"""What a visit to a page costs, measured in a real browser: requests and bytes, and the time to what was wanted."""

import base64
import io
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import BrowserContext, Page, Request
from stage import CAT

QUIET = 1  # seconds without a new request after which a page is idle
# Photos, and what runs models on the device: a page has them because of its demo, not because of how it is made.
BESIDE = (".onnx", ".gz")
# A telephone's line, as Lighthouse has it: 1.6 Mbit/s down, 0.75 up, 150 ms.
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}

FOLDER = TemporaryDirectory()  # photos, for as long as this runs: a browser reads them when it wants to
ANSWERED = "document.querySelector('main')?.dataset.state === 'answered'"


@dataclass(frozen=True)
class Way:
    """A way to put a demo before people: its address, when it can be used, and where its answer stands."""

    name: str
    address: str
    ready: str
    answer: str

    def ask(self, page: Page, photo: bytes) -> None:
        """Visit, give a photo and press Ask, as soon as each is possible; return when an answer stands there."""
        page.goto(self.address, wait_until="commit")
        page.locator(self.ready).first.wait_for(state="attached")
        give(page, photo)
        page.get_by_role("button", name="Ask", exact=True).click()
        page.locator(self.answer).first.wait_for()


def ours(address: str) -> Way:
    # What the button says of itself is said by the script: from then on the form is heard.
    return Way("our page", address, ".actions button[aria-disabled]", "main[data-state=answered] .bars")


def gradios(name: str, address: str) -> Way:
    return Way(name, address, "input[type=file]", "[data-testid=label-output-value]")


def give(page: Page, photo: bytes) -> None:
    """Choose a photo in the first place for one, from the disk: what is handed over in words, the page has to read."""
    file = Path(FOLDER.name) / f"{zlib.crc32(photo)}.jpg"
    file.write_bytes(photo)
    page.locator("input[type=file]").first.set_input_files(file)


def another(number: int) -> bytes:
    """The photo of the cat, cropped a little each time: a bridge remembers what it was asked before."""
    with Image.open(CAT) as photo:
        return jpeg(photo.convert("RGB").crop((0, 0, photo.width - number % 40, photo.height - number // 40)))


def large(megapixels: float) -> bytes:
    """A camera's photo of the cat, with the grain that makes it weigh megabytes."""
    with Image.open(CAT) as photo:
        width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
        smooth = photo.convert("RGB").resize((width, width * 3 // 4))
        return jpeg(Image.blend(smooth, Image.effect_noise(smooth.size, 60).convert("RGB"), 0.2))


def jpeg(photo: Image.Image) -> bytes:
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=90)
    return out.getvalue()


# --- requests and bytes


@dataclass(frozen=True)
class Weight:
    """What a page fetched until it was idle; bytes as they came, which is compressed."""

    requests: int
    script: int
    whole: int
    kept: int  # requests of its worker, which keeps the site for when there is no line
    kept_bytes: int
    missing: tuple[str, ...]  # asked for, and not had


def weigh(context: BrowserContext, address: str) -> Weight:
    """Visit in `context`, which has seen nothing yet, and count; photos, and what runs on the device, are left out."""
    page, asked, latest = context.new_page(), [], [time.monotonic()]

    def hear(request: Request) -> None:
        latest[0] = time.monotonic()
        if request.url.startswith("http") and request.resource_type != "image" and not request.url.endswith(BESIDE):
            asked.append(request)

    context.on("request", hear)
    page.goto(address)
    while time.monotonic() - latest[0] < QUIET:
        page.wait_for_timeout(100)
    own, kept = ([each for each in asked if bool(each.service_worker) is worker] for worker in (False, True))
    missing = tuple(each.url for each in asked if not (each.response() and each.response().ok))
    kept = [each for each in kept if size([each])]  # the rest the browser had from the page already
    return Weight(len(own), size(own, "script"), size(own), len(kept), size(kept), missing)


def size(requests: list[Request], kind: str = "") -> int:
    """The bytes of all bodies, of those that came."""
    came = [each for each in requests if each.resource_type.startswith(kind) and each.response() and not each.failure]
    return sum(max(0, each.sizes()["responseBodySize"]) for each in came)  # less than none: from the browser's memory


# --- time


def first_answer(context: BrowserContext, way: Way, photo: bytes, line: bool = False) -> float:
    """Seconds from the address to the first answer, in a browser that has seen nothing yet."""
    page = context.new_page()
    if line:
        asked = context.new_cdp_session(page)
        asked.send("Network.enable")
        asked.send("Network.emulateNetworkConditions", LINE)
    begun = time.perf_counter()
    way.ask(page, photo)
    return time.perf_counter() - begun


def drawn(page: Page, pressed: str, there: str) -> float:
    """Milliseconds of the page's own clock from a click until what is looked for is there and drawn."""
    return page.evaluate(
        f"""(pressed) => new Promise((done) => {{
            const begun = performance.now();
            const look = () => {{
                if (!({there})) return requestAnimationFrame(look);
                requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
            }};
            document.querySelector(pressed).click();
            look();
        }})""",
        pressed,
    )


def example_drawn(page: Page) -> float:
    """Milliseconds from the click on an example to its answer, drawn, with its photo."""
    page.evaluate("history.replaceState(null, '', location.pathname)")
    page.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))")
    page.locator("main[data-state=idle]").wait_for()
    loaded = "[...document.querySelectorAll('form img, #answer img')].every((image) => image.complete)"
    return drawn(page, ".examples a", f"{ANSWERED} && {loaded}")


def on_device(page: Page, address: str, photo: bytes) -> dict[str, float]:
    """Milliseconds to the first answer of this device after a page was loaded: from the address, and from Ask."""
    begun = time.perf_counter()
    page.goto(address)
    choose_device(page)
    give(page, photo)
    told = drawn(page, ".actions button", ANSWERED)
    return {"whole": (time.perf_counter() - begun) * 1000, "asked": told}


def choose_device(page: Page) -> None:
    page.locator(".actions button[aria-disabled]").wait_for()
    page.locator("#here").check()


def next_answer(page: Page, module: str, photo: bytes) -> float:
    """Milliseconds for one more answer of the device's route: decoded, asked and brought back, as the page asks it."""
    return page.evaluate(
        """async ([module, text]) => {
            const {askHere} = await import(module);
            const [contract, models] = ["contract", "models"].map((id) => JSON.parse(document.getElementById(id).textContent));
            const photo = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
            const begun = performance.now();
            const said = await askHere(contract, models, {photo}, new AbortController().signal, () => {});
            if (!said.prediction) throw new Error(said.detail);
            return performance.now() - begun;
        }""",
        [module, base64.b64encode(photo).decode()],
    )


def longest_task(page: Page, address: str, photo: bytes, here: bool) -> float:
    """The longest that the page was busy, in milliseconds, from a large photo to its answer; 0 when never for 50."""
    page.goto(address)
    page.locator(".actions button[aria-disabled]").wait_for()
    if here:
        choose_device(page)
    page.wait_for_timeout(500)
    page.evaluate(
        """() => {
            window.long = [];
            new PerformanceObserver((list) => long.push(...list.getEntries())).observe({type: "longtask"});
        }"""
    )
    give(page, photo)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("main[data-state=answered]").wait_for(timeout=60_000)
    page.wait_for_timeout(200)
    return page.evaluate("Math.max(0, ...long.map(({duration}) => duration))")


def module(dist: Path, name: str) -> str:
    """The address of one of the site's modules."""
    (found,) = (dist / "assets").glob(f"{name}.*.js")
    return f"/assets/{found.name}"
