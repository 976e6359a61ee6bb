"""The same graph on the visitor's own device: the same answers, nothing blocked, nothing sent, and a word for all that goes wrong."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from conftest import CAT, Road
from drawn_photos import draw
from on_device import DEMOS, GRIZZLY, alike, answered, on_page, page_of, saved
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page, Worker

from api_bridge import load
from training.space.model import Model

pytest_plugins = ["on_device"]

BUDGET = 50  # milliseconds that the page may be busy at a time


def worker(page: Page) -> Worker:
    (only,) = page.workers
    return only


def turned(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, "JPEG", quality=90, exif=exif)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Photos of every make that a browser and Pillow might see differently."""
    drawn = draw(tmp_path_factory.mktemp("photos") / "drawn", 4)
    with Image.open(GRIZZLY) as file:
        bear = file.convert("RGB")
    small = bear.resize((160, 120))
    alpha = Image.linear_gradient("L").resize(small.size)
    see_through = small.copy()
    see_through.putalpha(alpha)
    deep = np.asarray(small.convert("L")).astype(np.uint16) * 257
    gamma = PngImagePlugin.PngInfo()
    gamma.add(b"gAMA", struct.pack(">I", 100_000))  # a browser that converted colours would make it lighter
    return {
        **{f"drawn {path.parent.name} {path.stem}": path.read_bytes() for path in sorted(drawn.rglob("*.png"))},
        **{f"turned {number}": turned(small, number) for number in range(2, 9)},
        "see-through": saved(see_through),
        "see-through WebP": saved(see_through, "WEBP", lossless=True),
        "grey": saved(small.convert("L"), "JPEG"),
        "grey, see-through": saved(see_through.convert("LA")),
        "grey in 16 bits": saved(Image.fromarray(deep)),
        "few colours": saved(small.quantize(16)),
        "other gamma": saved(small, pnginfo=gamma),
        "progressive": saved(bear, "JPEG", progressive=True),
        "one pixel": saved(Image.new("RGB", (1, 1), (120, 80, 40))),
        "a line": saved(bear.resize((700, 1))),
        "a column": saved(bear.resize((1, 700))),
        "a panorama": saved(bear.resize((5000, 60)), "JPEG"),
    }


# --- the same answers


def test_the_same_photo_has_the_same_answer(shared: Page, road: Road, photos: dict[str, bytes]):
    """However it was written: turned, see-through, grey, of few colours, one pixel."""
    model = Model(DEMOS / "bears/model.onnx")
    told = on_page(
        shared,
        road,
        """const said = {};
        for (const [name, content] of Object.entries(photos)) {
            const {prediction, kind} = await ask({photo: photo(content)});
            said[name] = {kind, prediction, holds: predictionHolds(contract, prediction)};
        }
        return said;""",
        photos=photos,
    )
    assert len(told) > 25
    assert [(name, each) for name, each in told.items() if not each["holds"]] == []
    expected = {name: model.prediction(Image.open(io.BytesIO(content))) for name, content in photos.items()}
    differing = {name: (told[name]["prediction"], expected[name]) for name in photos}
    assert {name: each for name, each in differing.items() if not alike(*each)} == {}


def test_every_model_answers_on_the_device(shared: Page, road: Road):
    """Each with its own examples, photos and tables alike: one worker, a session for each."""
    asked: dict[str, Any] = {}
    for name in sorted(path.parent.name for path in DEMOS.glob("*/model.onnx")):
        inputs = [example["input"] for example in load(DEMOS / name).json["examples"]]
        photos = [(DEMOS / name / each["photo"]["file"]).read_bytes() for each in inputs if "photo" in each]
        asked[name] = {**page_of(road, name), "inputs": inputs, "photos": photos}
    told = on_page(
        shared,
        road,
        """const said = {};
        for (const [name, {contract, models, inputs, photos}] of Object.entries(asked)) {
            const all = photos.length ? photos.map((content) => ({photo: photo(content)})) : inputs;
            said[name] = [];
            for (const input of all) said[name].push(await device.askHere(contract, models, input, never, () => {}));
            said[name] = said[name].map(({prediction}) => [prediction, predictionHolds(contract, prediction)]);
        }
        return said;""",
        asked=asked,
    )
    assert told.keys() >= {"bears", "catdog", "clothing", "penguins"}
    for name, said in told.items():
        model = Model(DEMOS / name / "model.onnx")
        given = [Image.open(io.BytesIO(content)) for content in asked[name]["photos"]] or asked[name]["inputs"]
        for (prediction, holds), each in zip(said, given, strict=True):
            assert holds
            assert alike(prediction, model.prediction(each)), name


def test_a_photo_of_12_megapixels_never_blocks_the_page(shared: Page, road: Road):
    """Decoded, shrunk and looked at elsewhere: scrolling and typing go on meanwhile."""
    with Image.open(GRIZZLY) as file:
        large = saved(file.convert("RGB").resize((4000, 3000)), "JPEG", quality=85)
    told = on_page(
        shared,
        road,
        """const seen = [];
        const watch = new PerformanceObserver((list) => seen.push(...list.getEntries()));
        watch.observe({type: "longtask"});
        const during = async (work) => {
            await new Promise((done) => setTimeout(done, 50));
            seen.length = 0;
            const begun = performance.now();
            const said = await work();
            const over = performance.now();
            await new Promise((done) => setTimeout(done, 50)); // it is told of what was long afterwards
            return [said, seen.filter((task) => task.startTime + task.duration > begun && task.startTime < over).map((task) => task.duration)];
        };
        const tries = [];
        for (let turn = 0; turn < 3; turn++) { // a busy machine may make any task long, but hardly three times
            const content = photo(large);
            tries.push(await during(() => ask({photo: content})));
            if (!tries.at(-1)[1].some((duration) => duration > budget)) break;
        }
        const [, busy] = await during(async () => { for (const begun = performance.now(); performance.now() < begun + 2 * budget; ); });
        return {tries, busy};""",
        large=large,
        budget=BUDGET,
    )
    assert max(told["busy"]) > BUDGET, "nothing would have been noticed"
    said, long = told["tries"][-1]
    assert [duration for duration in long if duration > BUDGET] == []
    assert "shrunk" not in said
    assert alike(said["prediction"], Model(DEMOS / "bears/model.onnx").prediction(Image.open(io.BytesIO(large))))


def test_a_veil_over_any_photo_says_what_the_model_looked_at(shared: Page, road: Road):
    """Clear where it looked, dark in the margin that it does not see: the map is laid where it belongs."""
    told = on_page(
        shared,
        road,
        """const cam = new Float32Array(2 * 7 * 7).fill(-1);
        cam[49 + 2 * 7 + 5] = 3; // of the second label: the third row, the sixth place
        const context = Object.assign(document.createElement("canvas"), {width: heat.VEIL, height: heat.VEIL}).getContext("2d");
        heat.veil(context, {cam, side: 7, labels: ["cat", "dog"]}, "dog");
        const {data} = context.getImageData(0, 0, heat.VEIL, heat.VEIL);
        const dark = Array.from({length: heat.VEIL * heat.VEIL}, (_, at) => data[at * 4 + 3]);
        heat.veil(context, {cam, side: 7, labels: ["cat", "dog"]}, "cat");
        const none = context.getImageData(0, 0, heat.VEIL, heat.VEIL).data.filter((_, at) => at % 4 === 3);
        const said = await ask({photo: photo(content)});
        return {dark, none: [Math.min(...none), Math.max(...none)], looked: said.looked.cam.length, labels: said.looked.labels};""",
        content=GRIZZLY.read_bytes(),
    )
    dark = np.array(told["dark"]).reshape(256, 256)
    y, x = np.unravel_index(dark.argmin(), dark.shape)
    assert dark.min() <= 8
    # 224 of 256 pixels are seen, in seven places of 32: the middle of the sixth is 16 + 5.5 × 32, of the third 16 + 2.5 × 32.
    assert abs(x - 192) <= 1
    assert abs(y - 96) <= 1
    assert set(dark[:15].ravel()) == set(dark[:, -15:].ravel()) == {255}
    assert told["none"] == [255, 255], "nothing spoke for it: nothing is clear"
    assert (told["looked"], told["labels"]) == (3 * 5 * 5, ["black", "grizzly", "teddy"])


def test_a_damaged_photo_is_said_beside_its_field(shared: Page, road: Road):
    """The next one is answered by the same worker."""
    fault = answered(shared, road, b"\x89PNG\r\n\x1a\n" + bytes(200))
    before = worker(shared)
    assert (fault["kind"], fault["field"], fault["retryable"]) == ("input-refused", "photo", False)
    assert answered(shared, road, GRIZZLY.read_bytes())["prediction"]["label"] == "grizzly"
    assert worker(shared) == before


# --- fetched once, when it is wanted


def test_what_it_needs_is_fetched_once_and_kept(visitor: Page, road: Road):
    """Its size is said beforehand, its arrival told in real bytes; the next page needs no line for it."""
    wanted = [next((road.dist / "assets").glob("ort-*.gz")), next((road.dist / "bears").glob("model.*.onnx"))]
    sizes = [path.stat().st_size for path in wanted]
    requests = []
    visitor.on("request", lambda request: requests.append(request.url))
    visitor.goto(f"{road.origin}/bears/")
    visitor.wait_for_load_state("networkidle")
    assert not [url for url in requests if "ort" in url or url.endswith((".onnx", ".gz"))], (
        "nobody has asked for it yet"
    )
    told = on_page(
        visitor,
        road,
        """const fetching = [];
        const before = await device.weight(contract, models);
        const said = await ask({photo: photo(content)}, (event, about) => event === "fetching" && fetching.push(about));
        const after = await device.weight(contract, models);
        await ask({photo: photo(content)}, (event) => event === "fetching" && fetching.push(null));
        return {before, said, after, fetching};""",
        content=GRIZZLY.read_bytes(),
    )
    assert told["before"] == {"runtime": sizes[0], "models": sizes[1], "kept": False}
    assert told["after"] == {**told["before"], "kept": True}
    loaded = [about["loaded"] for about in told["fetching"]]
    assert loaded == sorted(loaded)
    assert loaded[0] == 0
    assert len(set(loaded)) > 3
    assert {about["total"] for about in told["fetching"]} == {sum(sizes)}
    assert loaded[-1] == sum(sizes)

    next_page = visitor.context.new_page()
    for kind in ("onnx", "gz"):
        next_page.route(f"**/*.{kind}", lambda route: route.abort())
    next_page.goto(visitor.url)
    assert alike(answered(next_page, road, GRIZZLY.read_bytes())["prediction"], told["said"]["prediction"])
    visitor.context.set_offline(True)
    assert answered(next_page, road, CAT.read_bytes())["prediction"]["label"]
    next_page.close()


def test_what_is_not_the_model_is_never_run(bears: Page, road: Road):
    """Not what arrived, nor what was kept; an older one makes room for the right one."""
    told = on_page(
        bears,
        road,
        """const [[name, model]] = Object.entries(models);
        const wrong = {[name]: {...model, sha256: "0".repeat(64)}};
        const refused = await device.askHere(contract, wrong, {photo: photo(content)}, never, () => {});
        const {kept} = await device.weight(contract, models);
        const key = (await caches.keys()).find((name) => name.startsWith("device "));
        const cache = await caches.open(key);
        const older = model.address.replace(/\\.\\w+(?=\\.onnx)/, ".0123456789");
        for (const address of [model.address, older]) await cache.put(address, new Response("Welcome to our hotel"));
        const said = await ask({photo: photo(content)});
        const addresses = (await cache.keys()).map(({url}) => new URL(url).pathname);
        return {refused, kept, said, addresses, wanted: [new URL(device.RUNTIME.address).pathname, model.address]};""",
        content=GRIZZLY.read_bytes(),
    )
    assert (told["refused"]["kind"], told["refused"]["retryable"]) == ("model-refused", False)
    assert told["refused"]["detail"] == "The model that arrived is not the one of this page."
    assert not told["kept"]
    assert told["said"]["prediction"]["label"] == "grizzly"
    assert sorted(told["addresses"]) == sorted(told["wanted"])


def test_without_a_line_it_is_said_that_the_model_can_not_be_fetched(bears: Page, road: Road):
    """It can be asked again, and is answered when the line is back."""
    bears.route("**/*.onnx", lambda route: route.abort(), times=1)
    fault = answered(bears, road, GRIZZLY.read_bytes())
    assert (fault["kind"], fault["retryable"]) == ("model-unfetched", True)
    assert answered(bears, road, GRIZZLY.read_bytes())["prediction"]["label"] == "grizzly"


# --- what goes wrong


def test_a_cancelled_question_stops(bears: Page, road: Road):
    """What is on its way is let go, nothing more is told, and the next question is answered."""
    held: list[Any] = []
    bears.route("**/*.onnx", lambda route: held.append(route), times=1)
    told = on_page(
        bears,
        road,
        """const [ending, heard] = [new AbortController(), []];
        const first = ask({photo: photo(content)}, (event, about) => {
            heard.push(event);
            if (about.loaded > 0) ending.abort();
        }, ending.signal);
        const {kind} = await first;
        const {length} = heard;
        const {prediction} = await ask({photo: photo(content)});
        const gone = AbortSignal.abort();
        return {kind, prediction, more: heard.length - length, at_once: (await ask({photo: photo(content)}, () => {}, gone)).kind};""",
        content=GRIZZLY.read_bytes(),
    )
    assert len(held) == 1
    assert told["prediction"]["label"] == "grizzly"
    assert (told["kind"], told["more"], told["at_once"]) == ("cancelled", 0, "cancelled")


def test_a_worker_that_dies_is_noticed_and_replaced(bears: Page, road: Road):
    """A phone short of memory takes it away without a word: the visitor hears of it, and may ask again."""
    first = answered(bears, road, GRIZZLY.read_bytes())
    dying = worker(bears)
    dying.evaluate("() => { self.createImageBitmap = () => new Promise(() => undefined); }")
    on_page(bears, road, "window.waiting = ask({photo: photo(content)}); ", content=CAT.read_bytes())
    dying.evaluate("() => close()")
    fault = bears.evaluate("in_time(window.waiting)")
    assert (fault["kind"], fault["retryable"]) == ("device-failed", True)
    assert fault["detail"] == "The model stopped on this device."
    assert alike(answered(bears, road, GRIZZLY.read_bytes())["prediction"], first["prediction"])
    assert worker(bears) != dying


def test_where_memory_is_short_a_photo_is_made_smaller_and_that_is_said(bears: Page, road: Road):
    """And where even that is too much, it is a fault; what is left of the worker is not asked again."""
    with Image.open(GRIZZLY) as file:
        photo = file.convert("RGB").resize((2400, 1800))
    answered(bears, road, GRIZZLY.read_bytes())
    old = worker(bears)
    old.evaluate("""() => {
        const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
        self.most = 1300;
        OffscreenCanvasRenderingContext2D.prototype.getImageData = function (x, y, width, height) {
            if (width > self.most) throw new RangeError("Out of memory");
            return read.call(this, x, y, width, height);
        };
    }""")
    told = answered(bears, road, saved(photo, "JPEG"))
    assert told["shrunk"] is True
    assert told["prediction"]["label"] == "grizzly"
    old.evaluate("() => { self.most = 0; }")
    assert answered(bears, road, CAT.read_bytes())["kind"] == "device-failed"
    assert "shrunk" not in answered(bears, road, CAT.read_bytes())
    assert worker(bears) != old


def test_a_browser_that_can_not_is_told_so(visitor: Page, road: Road):
    """Instead of a wait without an end."""
    visitor.add_init_script("delete globalThis.OffscreenCanvas;")
    visitor.goto(f"{road.origin}/bears/")
    fault = answered(visitor, road, GRIZZLY.read_bytes())
    assert (fault["kind"], fault["retryable"]) == ("device-unable", False)
    assert fault["detail"] == "This browser can not run the model on the device."
