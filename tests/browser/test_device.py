"""The same graph on the visitor's own device: the same answers, nothing blocked, nothing sent, and a word for all that goes wrong."""

import base64
import io
import json
import re
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import CAT, ROOT, Road, free_port
from drawn_photos import draw
from PIL import Image, PngImagePlugin
from playwright.sync_api import Browser, Page, Worker

import build
import dev
from api_bridge import load
from training.space.model import Model

DEMOS = ROOT / "site/demos"
GRIZZLY = DEMOS / "bears/examples/drawn-grizzly.jpg"
NEAR = 0.005  # how far a probability may be from Python's
BUDGET = 50  # milliseconds that the page may be busy at a time

# What each call of `on_page` may use: the site's own modules, a demo's contract and models as its page has them, and photos.
PRELUDE = """
    const [device, {predictionHolds}, pipeline, heat] = await Promise.all(modules.map((module) => import(module)));
    const {contract, models} = of;
    const photo = (text) => new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
    const never = new AbortController().signal;
    window.in_time = (work) => Promise.race([work, new Promise((_, refuse) => setTimeout(refuse, 60_000, "Nobody has answered."))]);
    const ask = (input, hear = () => {}, cancelled = never) => device.askHere(contract, models, input, cancelled, hear);
"""


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """The built site, and nothing else: no Space, no bridge."""
    dist, port = tmp_path_factory.mktemp("dist"), free_port()
    build.write(build.build(space="http://127.0.0.1:9"), dist)
    with dev.site(dist, port):
        yield Road("", "", f"http://127.0.0.1:{port}", dist, 0, dist)


def page_of(road: Road, demo: str) -> dict[str, Any]:
    """What the page of a demo has been told: its contract and its models."""
    page = (road.dist / demo / "index.html").read_text(encoding="utf-8")
    return {name: json.loads(re.search(rf'id="?{name}"?>(.*?)</script>', page)[1]) for name in ("contract", "models")}


def on_page(page: Page, road: Road, code: str, demo: str = "bears", **words: Any) -> Any:
    """Run `code` in the page as that of `demo` would; photos among `words` are bytes."""
    names = ("device", "main", "pipeline", "heat")
    modules = [f"/assets/{next((road.dist / 'assets').glob(f'{name}.*.js')).name}" for name in names]
    plain = json.loads(json.dumps(words, default=lambda content: base64.b64encode(content).decode()))
    made = f"async ([modules, of, {{{', '.join(words)}}}]) => {{ {PRELUDE} return in_time((async () => {{ {code} }})()); }}"
    return page.evaluate(made, [modules, page_of(road, demo), plain])


@pytest.fixture(scope="module")
def shared(browser: Browser, road: Road) -> Iterator[Page]:
    """A page for all who leave its worker as they found it: to start one takes longer than most of them."""
    with browser.new_context(service_workers="block") as context:
        page, complaints = context.new_page(), []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.goto(f"{road.origin}/bears/")
        yield page
        assert complaints == []


@pytest.fixture
def bears(visitor: Page, road: Road) -> Page:
    """A page whose worker is its own."""
    visitor.goto(f"{road.origin}/bears/")
    return visitor


def answered(page: Page, road: Road, content: bytes) -> Any:
    return on_page(page, road, "return ask({photo: photo(content)});", content=content)


def worker(page: Page) -> Worker:
    (only,) = page.workers
    return only


def saved(image: Image.Image, kind: str = "PNG", **about: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **about)
    return out.getvalue()


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


def alike(told: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two say the same, as near as two runtimes do."""
    sure, ours = (
        {each["label"]: each["confidence"] for each in one["confidences"]} | {"": one["familiarity"]}
        for one in (told, expected)
    )
    return (
        (told["label"], told["unfamiliar"]) == (expected["label"], expected["unfamiliar"])
        and [each["label"] for each in told["confidences"]] == [each["label"] for each in expected["confidences"]]
        and sure.keys() == ours.keys()
        and max(abs(sure[label] - ours[label]) for label in ours) <= NEAR
    )


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


CASES = json.loads((ROOT / "tests/contracts/pipelines.json").read_text(encoding="utf-8"))
UNREADABLE = ("is none of input.NAME", "is no comparison", "can not follow", "is no number, text in quotes")


def test_steps_are_read_as_python_reads_them(shared: Page, road: Road):
    """What a step needs, when it is due, and with what: one language, two readers."""
    told = on_page(
        shared,
        road,
        """const steps = Object.fromEntries(Object.entries(cases.contracts).map(([name, {steps}]) => [name, pipeline.planned(steps)]));
        const needs = Object.fromEntries(Object.entries(steps).map(([name, all]) => [name, Object.fromEntries(all.map((step) => [step.name, step.needs]))]));
        const verdicts = cases.verdicts.map(({contract, step, values}) => {
            const read = steps[contract].find(({name}) => name === step);
            const due = pipeline.isDue(read, values);
            return due ? {due, taken: pipeline.taken(read, values), each: read.each ?? null} : {due};
        });
        const refused = cases.refused.filter(({contract, change}) => {
            const changed = structuredClone(cases.contracts[contract]);
            for (const [path, value] of Object.entries(change)) {
                const places = path.split("."), last = places.pop();
                places.reduce((inside, place) => inside[place], changed)[last] = value;
            }
            try { pipeline.planned(changed.steps); return false; } catch { return true; }
        }).map(({what}) => what);
        return {needs, verdicts, refused};""",
        cases=CASES,
    )
    assert told["needs"] == {name: each["needs"] for name, each in CASES["pipelines"].items()}
    for verdict, case in zip(told["verdicts"], CASES["verdicts"], strict=True):
        expected = {"due": True, "taken": case["taken"], "each": case.get("each")} if case["due"] else {"due": False}
        assert verdict == expected, case["what"]
    unreadable = [case["what"] for case in CASES["refused"] if any(words in case["wrong"] for words in UNREADABLE)]
    assert told["refused"] == unreadable


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


# --- several steps


def test_two_models_are_asked_about_one_photo(shared: Page, road: Road):
    """Each says what it says on its own page; both are told as they come."""
    told = on_page(
        shared,
        road,
        """const heard = [];
        const said = await ask({photo: photo(content)}, (event, about) => event === "step" && heard.push([about.step, about.state]));
        return {said, heard, holds: predictionHolds(contract, said.prediction)};""",
        demo="bears-twice",
        content=GRIZZLY.read_bytes(),
    )
    steps = load(DEMOS / "bears-twice").json["steps"]
    assert told["holds"]
    assert told["said"]["steps"].keys() == told["said"]["prediction"].keys() == steps.keys()
    assert sorted(told["heard"]) == sorted([name, state] for name in steps for state in ("asking", "answered"))
    with Image.open(GRIZZLY) as photo:
        for name, step in steps.items():
            model = Model(DEMOS / step["demo"] / "model.onnx")
            assert alike(told["said"]["prediction"][name], model.prediction(photo))
            assert told["said"]["steps"][name]["took_ms"] > 0


def test_what_it_looked_at_is_drawn_as_the_space_draws_it(shared: Page, road: Road):
    """Dimmer where the map of its label is low, by as much as the shared chose; the photo is asked about once."""
    look = """const content = photo(cat), said = [];
        for (const strength of [1, 0.4]) said.push(await ask({photo: content, strength}));
        const drawn = await Promise.all(said.map(async ({prediction}) => {
            const image = new Image();
            image.src = prediction.look.file;
            await image.decode();
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return [canvas.width, canvas.height, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
        }));
        return {said, drawn, holds: said.map(({prediction}) => predictionHolds(contract, prediction))};"""
    with Image.open(CAT) as file:
        cat = file.convert("RGB").resize((150, 100))
    told = on_page(shared, road, look, demo="catdog-look", cat=saved(cat))
    assert told["holds"] == [True, True]
    model = Model(DEMOS / "catdog/model.onnx")
    for strength, said, (width, height, pixels) in zip((1, 0.4), told["said"], told["drawn"], strict=True):
        picture = said["prediction"]["look"]
        assert (picture["media"], picture["pixels"]) == ("image/jpeg", 150 * 100)
        assert picture["size"] > 500
        ours = np.asarray(model.look(cat, "cat", strength)).astype(int)
        theirs = np.array(pixels).reshape(height, width, 4)[..., :3]
        assert np.abs(theirs - ours).mean() < 3
        assert np.abs(theirs - np.asarray(cat)).mean() > 20 * strength, "it is dimmed"
    assert told["said"][0]["steps"]["guess"]["took_ms"] > 5 > told["said"][1]["steps"]["guess"]["took_ms"]


def test_a_step_that_is_not_due_is_skipped(shared: Page, road: Road):
    """Nothing is drawn of what the model does not know; the first step's answer stands."""
    told = on_page(
        shared,
        road,
        """const heard = [];
        const {prediction, steps} = await ask({photo: photo(content)}, (event, about) => event === "step" && heard.push([about.step, about.state]));
        return {prediction, steps, heard, holds: predictionHolds(contract, prediction)};""",
        demo="catdog-look",
        content=(DEMOS / "catdog/examples/coffee.jpg").read_bytes(),
    )
    assert told["heard"] == [["guess", "asking"], ["guess", "answered"], ["look", "skipped"]]
    assert told["steps"]["look"] == {"state": "skipped"}
    assert told["prediction"].keys() == {"guess"}
    assert told["holds"]


def test_of_several_photos_one_that_fails_hides_no_other(shared: Page, road: Road):
    """Each is told as it comes; the one that can not be read is said to be that, and all of them failing is a fault."""
    folder = DEMOS / "clothing/examples"
    given = [
        (folder / "drawn-dress.jpg").read_bytes(),
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        (folder / "drawn-tshirt.jpg").read_bytes(),
    ]
    told = on_page(
        shared,
        road,
        """const [photos, heard, ending, late] = [given.map(photo), [], new AbortController(), []];
        const said = await ask({photos}, (event, {at, state}) => event === "step" && heard.push([at ?? null, state]));
        const stopped = await ask({photos: given.map(photo)}, (event, about) => {
            late.push(about.at);
            if (about.state === "answered") ending.abort();
        }, ending.signal);
        return {said, heard, holds: predictionHolds(contract, said.prediction), stopped, late, none: await ask({photos: [photos[1]]})};""",
        demo="wardrobe",
        given=given,
    )
    labels = [each and each["label"] for each in told["said"]["prediction"]]
    model = Model(DEMOS / "clothing/model.onnx")
    expected = [model.prediction(Image.open(io.BytesIO(given[at])))["label"] for at in (0, 2)]
    assert labels == [expected[0], None, expected[1]]
    assert told["holds"]
    assert told["heard"] == [
        [None, "asking"],
        *([0, "asking"], [0, "answered"], [1, "asking"], [1, "failed"], [2, "asking"], [2, "answered"]),
        [None, "answered"],
    ]
    assert (told["none"]["kind"], told["none"]["field"]) == ("input-refused", "photos")
    assert (told["stopped"]["kind"], max(at for at in told["late"] if at is not None)) == ("cancelled", 0)
