"""The model card: what the Hub reads, what people read, and the program in it, all from one run."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from conftest import CATDOG, ROOT
from finished_run import draw, tiny_graph
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from onnx import helper, parser, save
from PIL import Image

from training import hardships
from training.card import CardError, Demo, card, metadata
from training.measures import figures
from training.space.model import Model
from training.telling import said


@pytest.fixture
def demo(tmp_path):
    """A demo's folder whose figures are those of a drawn run."""
    folder = tmp_path / "catdog"
    folder.mkdir()
    for name in ("contract.json", "demo.toml"):
        shutil.copy(CATDOG / name, folder)
    tiny_graph(folder / "model.onnx")
    kept = draw(tmp_path)
    hardships.measure(kept, Model(folder / "model.onnx"))
    parity = [
        {"runtime": "fastai", "photos": 10, "agree": 10, "largest_difference": 0.0042},
        {"runtime": "browser", "not_asked": "there is none"},
    ]
    (folder / "figures.json").write_text(json.dumps({**figures(kept), "parity": parity}))
    return folder


def change(path, *keys, to) -> None:
    """Change one value deep in a JSON file."""
    whole = value = json.loads(path.read_text(encoding="utf-8"))
    for key in keys[:-1]:
        value = value[key]
    value[keys[-1]] = to
    path.write_text(json.dumps(whole), encoding="utf-8")


def test_the_hub_reads_what_was_written(demo):
    """Its own reader gives back the same metadata, with each figure under a name of its own."""
    read = ModelCard(card(demo))
    assert read.data.to_dict() == metadata(Demo.read(demo)).to_dict()
    assert (read.data.license, read.data.library_name) == ("apache-2.0", "onnx")
    assert read.data.pipeline_tag == "image-classification"
    told = {(each.dataset_config, each.metric_type): each.metric_value for each in read.data.eval_results}
    assert told[None, "accuracy"] == 0.9
    assert told["dark", "accuracy"] == 0.5
    assert told["not bears", "roc_auc"] == 0.91
    assert len(told) == len(read.data.eval_results) == 9
    assert read.text.lstrip().startswith("# Cat or dog?")


def test_no_data_set_is_invented(demo):
    """A name of somebody's folder is no data set on the Hub, and no link to a stranger's."""
    data = ModelCard(card(demo)).data
    assert data.datasets is None
    assert data.base_model is None
    assert {each.dataset_type for each in data.eval_results} == {"imagefolder"}


def test_people_read_every_figure(demo):
    """Whoever reads the card learns what the run measured, worst first, and what was only assumed."""
    told = json.loads((demo / "figures.json").read_text())
    text = card(demo)
    for share in [told["accuracy"], *(each[kind] for each in told["labels"] for kind in ("precision", "recall"))]:
        assert said(share) in text
    assert "| cat | 8 | 5 |" in text
    assert "| fastai | 10 of 10 | 0.0042 |" in text
    assert "it took 90 seconds on 21 November 2026" in text
    assert "AUROC 0.910" in text
    assert "| Way | Mean | bears |\n| --- | --- | --- |\n| ten nearest | 0.910 | 0.910 |\n| energy |" in text
    fails = text[text.index("## Where it fails") : text.index("## Limits")]
    rows = re.findall(r"^\| ([a-z ]+) \| ([\d.]+)", fails, re.MULTILINE)
    assert len(rows) == 7
    assert [float(value) for _, value in rows] == sorted(float(value) for _, value in rows)
    assert "at 65 W, assumed and not measured, that is 1.6 Wh" in text
    assert "secret" not in text


def test_hardships_that_cost_are_said_in_sentences(demo):
    """What clearly fails is told, and not left to be found in a table; what does not is not made up."""
    assert "None of these clearly costs it anything." in card(demo)
    change(demo / "figures.json", "hardships", 1, "accuracy", to={"value": 0.2, "low": 0.06, "high": 0.5, "count": 10})
    assert "Photos that are small in the picture: it is right about 20.0\u00a0% (6.0 to 50.0\u00a0%)." in card(demo)
    assert "None of these" not in card(demo)


def test_what_people_wish_it_for_stands_in_it(demo):
    """Only people know that nobody should meet a bear because of it."""
    with (demo / "demo.toml").open("a", encoding="utf-8") as file:
        file.write('\n[card]\nfor = "For quiet evenings."\nnot_for = "Not for walks in the woods."\n')
    assert "## What it is for\n\nFor quiet evenings.\n\n**What it is not for.** Not for walks in the woods.\n" in card(
        demo
    )


def test_names_are_text_and_no_markup(demo):
    """A folder called like a link or a tag is drawn as it is called."""
    odd = "[cats](https://example.org) | <img src=x> *so*"
    change(demo / "figures.json", "name", to=odd)
    change(demo / "figures.json", "labels", 0, "label", to=odd)
    drawn = MarkdownIt("commonmark", {"html": True}).enable("table").render(ModelCard(card(demo)).text)
    assert drawn.count("[cats](https://example.org) | &lt;img src=x&gt; *so*") == 4
    assert "<img" not in drawn
    assert "<a " not in drawn


def ran(text: str, folder) -> str:
    """Run the card's program in `folder`, and return what it printed."""
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_program_in_it_runs(demo):
    """Copied as it stands, beside the model and a photo, it answers."""
    Image.new("RGB", (40, 30), "white").save(demo / "photo.jpg")
    label, sure, unfamiliar = ran(card(demo), demo).split()
    assert (label, unfamiliar) == ("cat", "False")
    assert float(sure) > 0.5


def test_the_program_for_a_table_runs(demo, tmp_path):
    """It turns a row's values into what the graph takes, in the graph's own order."""
    told = figures(draw(tmp_path / "rows", fields="table", rate=None, unfamiliar=None))
    (demo / "figures.json").write_text(json.dumps(told))
    change(demo / "contract.json", "examples", 0, "input", to={"wing": 2.5, "island": "Dream"})
    graph = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        rows (float[1] numbers, int64[1] choices) => (float[2] probabilities, bool unfamiliar) {
            chosen = Cast <to = 1> (choices)
            both = Concat <axis = 0> (numbers, chosen)
            probabilities = Softmax <axis = 0> (both)
            no = Constant <value = float {0.0}> ()
            first = ReduceMax <keepdims = 0> (probabilities)
            unfamiliar = Less (first, no)
        }
    """)
    fields = {"wing": {"type": "number"}, "island": {"enum": ["Biscoe", "Dream"]}}
    helper.set_model_props(graph, {"labels": '["cat", "dog"]', "fields": json.dumps(fields)})
    save(graph, demo / "model.onnx")
    text = card(demo)
    assert ran(text, demo).startswith("cat 0.81")
    assert "ImageNet" not in text
    assert ModelCard(text).data.pipeline_tag == "tabular-classification"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "training.card", *words], cwd=ROOT, capture_output=True, text=True)


def test_check_says_which_card_is_stale(demo):
    """CI holds the card against the figures; writing it again mends it, and the same run has the same card."""
    missing = command(str(demo), "--check")
    assert missing.returncode == 1
    assert "is stale: run `python -m training.card" in missing.stdout
    assert not (demo / "card.md").exists()
    assert command(str(demo)).returncode == 0
    before = (demo / "card.md").read_bytes()
    assert command(str(demo), "--check").stdout.endswith("holds\n")
    change(demo / "figures.json", "seconds", to=91.0)
    assert command(str(demo), "--check").returncode == 1
    assert (demo / "card.md").read_bytes() == before


def test_figures_of_an_older_run_are_said_to_be_that(demo):
    """One line that says what to do, and no half of a card."""
    (demo / "figures.json").write_text('{"confusion": [[1, 0], [0, 1]]}')
    with pytest.raises(CardError, match="train the demo again"):
        card(demo)
    done = command(str(demo))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
