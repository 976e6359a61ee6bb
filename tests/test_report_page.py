"""The report of a run: a page from the disk that shows what went wrong to everybody who trains."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from finished_run import draw, tiny_graph
from PIL import Image
from playwright.sync_api import Page, expect

from training import hardships, report
from training.space.model import Model

AXE = ROOT / "tests/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trainer's folder with its report, and one photo that was taken away after the run."""
    folder = tmp_path_factory.mktemp("run")
    kept = draw(folder)
    tiny_graph(folder / "model.onnx")
    hardships.measure(kept, Model(folder / "model.onnx"))
    kept.path(kept.rows[9]).unlink()
    report.write(kept.folder)
    return kept.folder


@pytest.fixture
def looked_at(page: Page, folder) -> Page:
    """The report in a browser, straight from the disk."""
    page.goto((folder / "report.html").as_uri())
    return page


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document).then((told) => told.violations)")
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


def test_it_asks_nobody_and_shows_every_picture(page: Page, folder):
    """Training photos stay on the trainer's disk, and the page is whole without a server or a script."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "report.html").as_uri())
    page.evaluate("document.querySelectorAll('img').forEach((each) => each.loading = 'eager')")
    page.wait_for_function("[...document.images].every((each) => each.complete)")
    assert page.evaluate("[...document.images].filter((each) => !each.naturalWidth).length") == 0
    assert {url.split("/report")[0] for url in asked} == {folder.as_uri()}
    assert "<script" not in (folder / "report.html").read_text(encoding="utf-8")


def test_a_click_on_a_number_shows_its_photos(looked_at: Page):
    """One cat was called a dog: the cell leads to that photo, by mouse and by keyboard."""
    photo = looked_at.get_by_role("img", name="0/secret-12.png: a photo of cat that it called dog.")
    behind = looked_at.get_by_role("region", name="1 of cat that it called dog")
    expect(behind).to_be_hidden()
    looked_at.get_by_role("link", name="1 of cat that it called dog").press("Enter")
    expect(behind).to_be_visible()
    expect(photo.first).to_be_visible()
    looked_at.get_by_role("link", name="5 of dog that it called dog").click()
    expect(behind).to_be_hidden()
    expect(looked_at.get_by_role("region", name="5 of dog that it called dog").locator("img")).to_have_count(5)


def test_the_worst_comes_first_with_guess_truth_and_map(looked_at: Page):
    """What it was sure of and wrong about stands on top: there the wrong labels are."""
    first = looked_at.locator(".worst figure").first
    expect(first).to_contain_text("It said dog, 90.0\u00a0%; it is cat.")
    expect(first.locator("img")).to_have_count(2)
    expect(first.get_by_alt_text("The same photo: light where it speaks for dog.")).to_be_visible()


def test_a_photo_that_is_gone_is_named(looked_at: Page):
    """After cleaning, the report of the last run can still be drawn and read."""
    expect(looked_at.locator(".worst").get_by_text("0/secret-9.png is not there any more.")).to_be_visible()


def test_every_plot_is_read_aloud_and_its_numbers_stand_beside_it(looked_at: Page):
    """Whoever does not see a curve has its meaning in a sentence, and its numbers in a table."""
    for name, about in {
        "Precision and recall of each label": "The least sure recall is that of cat",
        "How often guesses of each confidence were right": "apart",
        "How familiar those held back are": "0 of 10 are below the threshold",
        "Loss per epoch": "it was lowest, 0.2, after epoch 2",
        "Loss for each learning rate": "0.003 was chosen",
    }.items():
        plot = looked_at.get_by_role("img", name=name)
        expect(plot).to_be_visible()
        expect(plot).to_have_attribute("role", "img")  # older browsers do not guess it
        assert about in plot.locator("desc").text_content()
    for summary in looked_at.get_by_text("The same in numbers").all():
        summary.click()
    for name in (
        "Precision and recall",
        "Calibration",
        "Epochs",
        "Learning rates",
        "Photos made harder",
        "Ways to tell that were tried",
    ):
        expect(looked_at.get_by_role("region", name=name, exact=True).get_by_role("table")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_used_by_everybody(looked_at: Page, scheme):
    """On a narrow screen, in the dark, by keyboard and screen reader: nothing hides and nothing spills over."""
    looked_at.emulate_media(color_scheme=scheme)
    looked_at.set_viewport_size({"width": 320, "height": 700})
    looked_at.goto(looked_at.url + "#cell-1-1")
    looked_at.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert violations(looked_at) == []
    assert looked_at.evaluate("document.documentElement.scrollWidth") == 320
    ids = re.findall(r'\bid="([^"]+)"', looked_at.content())
    assert len(ids) == len(set(ids))


def test_it_says_what_the_model_has_not_seen(looked_at: Page):
    """A figure alone reads as praise: what is missing is said in words."""
    section = looked_at.get_by_role("region", name="What it has not seen")
    expect(section).to_contain_text("Anything but cat or dog")
    expect(section).to_contain_text(
        "There were few photos, less than 50, to learn some labels from: cat (8) and dog (8)."
    )
    expect(section).to_contain_text("bears: it calls 62.0\u00a0% of these 327 photos unfamiliar.")


def test_the_same_run_has_the_same_report(folder):
    """Drawn again, nothing moves: two reports can be held against each other."""
    before = (folder / "report.html").read_bytes()
    assert report.write(folder).read_bytes() == before


def test_a_label_is_text_whatever_it_is(tmp_path):
    """Folders have all sorts of names, and none of them breaks a page or a plot."""
    odd = ['<b>$x^2$ & "q"', "$\\frac$"]
    text = report.write(draw(tmp_path, labels=odd).folder).read_text(encoding="utf-8")
    assert "<b>$x" not in text
    assert '<th scope="row">&lt;b&gt;$x^2$ &amp;' in text
    assert {'&lt;b&gt;$x^2$ &amp; "q"', "$\\frac$"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", text))


def test_a_table_shows_its_rows_instead_of_photos(tmp_path, page: Page):
    """Penguins have no photos: the values of a row are what one looks at."""
    kept = draw(tmp_path, fields="table", rate=None, unfamiliar=None)
    page.goto(report.write(kept.folder).as_uri() + "#cell-0-1")
    expect(page.locator("img")).to_have_count(0)
    behind = page.get_by_role("region", name="1 of cat that it called dog")
    expect(behind.get_by_role("row", name="12 6.0 Biscoe <b> cat dog")).to_be_visible()
    assert violations(page) == []


def test_the_map_lights_up_what_spoke():
    """The place that spoke is the lightest, and what was cut off stays dark: nobody trusts a map that is shifted."""
    evidence = np.full((4, 4), -3.0)
    evidence[3, 0] = 2.0
    over = np.asarray(report.overlaid(Image.new("RGB", (100, 80), "black"), evidence, 0.8).convert("L"))
    assert np.unravel_index(over.argmax(), over.shape)[0] > 56
    assert np.unravel_index(over.argmax(), over.shape)[1] < 30
    assert over[:8].max() == over[:, :10].max() == over[0, 0]


def test_without_a_run_one_line_says_which_essay(tmp_path):
    """Not a traceback, and no empty page."""
    command = [sys.executable, "-m", "training.report", "site/demos/nowhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "has no finished run: train with `python -m training.nowhere`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path(ROOT / ".local/training/nowhere").exists()
