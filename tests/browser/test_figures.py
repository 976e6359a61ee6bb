"""What was measured of a model, on its page: to be read by everybody, on every screen."""

import json

import pytest
from conftest import ROOT, copied_site, free_port
from finished_run import draw, tiny_graph
from playwright.sync_api import Page, expect

import build
import dev
from training import hardships
from training.card import card
from training.measures import figures
from training.space.model import Model

AXE = ROOT / "tests/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Cat or dog with the figures and the card of a drawn run, served."""
    folder = tmp_path_factory.mktemp("measured")
    copied_site(folder / "site")
    demo, kept = folder / "site/demos/catdog", draw(folder / "run")
    tiny_graph(folder / "model.onnx")
    hardships.measure(kept, Model(folder / "model.onnx"))
    (demo / "figures.json").write_text(json.dumps(figures(kept)), encoding="utf-8")
    (demo / "card.md").write_text(card(demo), encoding="utf-8")
    build.write(build.build(site=folder / "site"), folder / "dist")
    port = free_port()
    with dev.site(folder / "dist", port):
        yield f"http://127.0.0.1:{port}/catdog/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_and_card_can_be_read_by_everybody(page: Page, address, scheme):
    """On a narrow screen and in the dark: what is wide scrolls by keyboard, and axe finds nothing to say."""
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(address)
    page.get_by_text("What it knows, and where it fails").click()
    page.get_by_text("The model card, with all there is to know").click()
    for name in ("What was shown, and what it said", "Label by label", "Harder to see"):
        expect(page.get_by_role("region", name=name).get_by_role("table")).to_be_visible()
    region = page.get_by_role("region", name="Label by label")
    region.focus()
    page.keyboard.press("ArrowRight")
    scrolled = """new Promise((done) => {
        const seen = () => (document.activeElement.scrollLeft > 0 ? done(true) : requestAnimationFrame(seen));
        seen();
    })"""  # `wait_for_function` evaluates text in the page, which its policy forbids
    assert page.evaluate(scrolled)
    expect(page.get_by_role("heading", name="How to ask it", level=3)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document).then((told) => told.violations)")
    assert [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found] == []
    assert complaints == []
