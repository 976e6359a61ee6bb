"""
What the tests of the route "device" share: a page with the site's own modules in it, and what counts as the same answer.

A module takes its fixtures with `pytest_plugins = ["on_device"]`; as in everything.py: PYTEST_DONT_REWRITE.
"""

import base64
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, Road
from PIL import Image
from playwright.sync_api import Browser, Page

DEMOS = ROOT / "site/demos"
GRIZZLY = DEMOS / "bears/examples/drawn-grizzly.jpg"
NEAR = 0.005  # how far a probability may be from Python's

# What each call of `on_page` may use: the site's own modules, a demo's contract and models as its page has them, and photos.
PRELUDE = """
    const [device, {predictionHolds}, pipeline, heat] = await Promise.all(modules.map((module) => import(module)));
    const {contract, models} = of;
    const photo = (text) => new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
    const never = new AbortController().signal;
    window.in_time = (work) => Promise.race([work, new Promise((_, refuse) => setTimeout(refuse, 60_000, "Nobody has answered."))]);
    const ask = (input, hear = () => {}, cancelled = never) => device.askHere(contract, models, input, cancelled, hear);
"""


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


def saved(image: Image.Image, kind: str = "PNG", **about: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **about)
    return out.getvalue()


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
