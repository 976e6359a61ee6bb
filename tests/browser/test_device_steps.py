"""Several steps on the visitor's own device: asked in their order, one that fails hides no other, and what was drawn is given back."""

import io
import json

import numpy as np
from conftest import CAT, ROOT, Road
from on_device import DEMOS, GRIZZLY, alike, on_page, saved
from PIL import Image
from playwright.sync_api import Page

from api_bridge import load
from training.space.model import Model

pytest_plugins = ["on_device"]

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


def test_steps_end_as_they_do_for_python(shared: Page, road: Road):
    """Of several, which failed and why is told here, too: a photo that failed is no riddle on either route."""
    told = on_page(
        shared,
        road,
        """return Promise.all(cases.map(({contract, input, asked}) => {
            const steps = pipeline.planned(contracts[contract].steps);
            const ask = async (name, given) => {
                const {each} = steps.find((step) => step.name === name);
                const said = each ? asked[name][given[each]] : asked[name];
                if (said.fault) throw {kind: "app-failed", detail: said.fault};
                return said;
            };
            return pipeline.run(steps, input, ask, () => undefined);
        }));""",
        contracts=CASES["contracts"],
        cases=CASES["outcomes"],
    )
    for ended, case in zip(told, CASES["outcomes"], strict=True):
        for outcome in ended["steps"].values():
            outcome.pop("took_ms", None)
            for fault in [outcome, *outcome.get("failed", [])]:
                if "fault" in fault:
                    fault["fault"] = fault["fault"]["detail"]
        assert ended["steps"] == case["steps"], case["what"]
        assert ended["prediction"] == case["prediction"], case["what"]


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
    """Dimmer where the map of its label is low, by as much as the visitor chose; the photo is asked about once."""
    look = """const content = photo(cat), said = [], drawn = [];
        const pixels = async (address) => {
            const image = new Image();
            image.src = address;
            await image.decode();
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return [canvas.width, canvas.height, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
        };
        for (const strength of [1, 0.4]) {
            said.push(await ask({photo: content, strength}));
            drawn.push(await pixels(said.at(-1).prediction.look.file));
        }
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


SHOWN = """const shown = (address) => {
        const image = new Image();
        image.src = address;
        return image.decode().then(() => true, () => false);
    };"""


def test_what_was_drawn_is_given_back(shared: Page, road: Road):
    """A slider moved for minutes fills no memory; what another page shows stays, until that page is gone itself."""
    first = on_page(
        shared,
        road,
        f"""{SHOWN}
        const [content, other, addresses] = [photo(cat), structuredClone(contract), []];
        const beside = await device.askHere(other, models, {{photo: content, strength: 1}}, never, () => {{}});
        for (const strength of [1, 0.4]) addresses.push((await ask({{photo: content, strength}})).prediction.look.file);
        const late = new AbortController();
        const ended = ask({{photo: content, strength: 0.5}}, (_, {{step, state}}) => step === "look" && state === "asking" && late.abort(), late.signal);
        const kind = (await ended).kind;
        addresses.push((await ask({{photo: content, strength: 0.7}})).prediction.look.file, beside.prediction.look.file);
        return {{addresses, kind, shown: await Promise.all(addresses.map(shown))}};""",
        demo="catdog-look",
        cat=CAT.read_bytes(),
    )
    assert (first["shown"], first["kind"]) == ([False, False, True, True], "cancelled")
    shared.evaluate("delete window.in_time")  # the last that holds these contracts
    shared.request_gc()
    last = f"""async (addresses) => {{
        {SHOWN}
        for (let tries = 0; tries < 100; tries++) {{
            if (!(await Promise.all(addresses.map(shown))).some(Boolean)) return true;
            await new Promise((done) => setTimeout(done, 50));
        }}
        return false;
    }}"""
    assert shared.evaluate(last, first["addresses"])


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
