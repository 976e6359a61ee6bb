"""The site is complete before any script runs, small, and the same each time it is built."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest
from cases import every_kind
from conftest import CAT, CATDOG, ROOT, SAY, copied_site
from finished_run import draw, tiny_graph
from PIL import Image

import build
from api_bridge import words
from training import hardships
from training.card import card
from training.measures import figures
from training.space.model import Model


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return build.build(base="/repo/", space="Some/one")


def text(files, path="catdog/index.html") -> str:
    return files[path].decode()


def test_it_builds_the_same_twice(files):
    """A diff of dist/ is a diff of what was written."""
    assert build.build(base="repo", space="Some/one") == files


def test_the_page_reads_well_without_scripts(files, contract):
    """Form, limits, examples with their answers, and what the model knows: all there in the HTML."""
    page = text(files)
    assert "Photo" in page
    assert "JPEG, PNG or WebP, up to 8 MB" in page
    for example in contract.json["examples"]:
        assert example["title"] in page
        assert words.sentence(example["prediction"], {"cat": "a cat", "dog": "a dog"}, SAY) in page
    assert "Where it fails" in page
    assert "Asking needs scripts" in page


def test_every_address_is_below_the_base(files):
    """A project's page lives at /repo/, and every file it names is there."""
    for path, content in files.items():
        if path.endswith(".html"):
            for address in re.findall(r"(?:href|src)=\"?([^\s\">]+)", content.decode()):
                if address.startswith(("data:", "#")):
                    continue
                beside = f"/repo/{PurePosixPath(path).parent}/{address.removeprefix('./')}"
                address = beside if address.startswith("./") else address
                assert address.startswith("/repo/"), address
                place = address.split("#")[0].removeprefix("/repo/")
                assert place in files or f"{place}index.html" in files, place


def test_the_page_may_ask_its_bridge_and_nobody_else(files):
    """The policy stands in the page: no foreign script, style, picture or request."""
    policy = re.search(r"Content-Security-Policy\"? content=\"([^\"]+)\"", text(files))[1]
    assert "connect-src 'self' https://some-one.hf.space;" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "https://some-one.hf.space/bridge" in text(files)
    assert "style=" not in text(files)


def test_modules_name_each_other_by_fingerprint(files):
    """What a browser has kept is never older than what asks for it."""
    modules = {path: content.decode() for path, content in files.items() if path.endswith(".js")}
    named = [
        f"assets/{name}"
        for code in modules.values()
        for name in re.findall(r'(?:from|import\(|URL\()"\./([^"]+)"', code)
    ]
    assert len(named) >= 12
    assert set(named) <= set(files)
    assert all(
        re.search(r"\.[0-9a-f]{10}\.(html|js|mjs|css|gz)$", path) for path in files if path.startswith("assets/")
    )


def test_nothing_is_written_that_the_minifier_drops():
    """It takes `void (a ??= b)` for nothing at all, though it gives `a` a value."""
    sources = [path for room in ("js", "frame", "offline") for path in (ROOT / "site" / room).glob("*.js")]
    dropped = [
        path.name for path in sources if re.search(r"\bvoid\b[^;\n]*(\?\?|\|\||&&)=", path.read_text(encoding="utf-8"))
    ]
    assert len(sources) > 40
    assert dropped == []


def test_every_page_is_small(files):
    """At most 8 requests, 20 KB of scripts and 45 KB in all, photos aside, as GitHub Pages would send them."""
    pages = [path for path in files if path.endswith("/index.html")]
    assert len(pages) >= 4 * 8
    for path in pages:
        parts = {path, *re.findall(r"/repo/(assets/[^\s\">]+)", text(files, path))}
        sizes = {part: len(gzip.compress(files[part])) for part in parts}
        scripts = sum(size for part, size in sizes.items() if part.endswith(".js"))
        assert len(parts) <= 8, path
        assert scripts <= 20_000, path
        assert sum(sizes.values()) <= 45_000, path
    assert not re.search(r"assets/(fields|files|table|drawings|status|waiting|patience)", text(files)), (
        "a page of photos needs none of these"
    )


def test_a_demo_has_a_picture_on_the_first_page(site):
    """The one that was made for it; without one its first example's; a form without any has none."""
    index = text(build.build(base="/repo/", site=site), "index.html")
    assert re.search(r'<img src="?/repo/catdog/examples/cat.jpg', index)
    with Image.new("RGB", (640, 480), "teal") as cover:
        cover.save(site / "demos/catdog/cover.webp")
    files = build.build(base="/repo/", site=site)
    (picture,) = re.findall(r"<img [^>]*catdog/cover.webp[^>]*>", text(files, "index.html"))
    assert re.search(r'width="?640"? height="?480', picture)
    assert files["catdog/cover.webp"] == (site / "demos/catdog/cover.webp").read_bytes()
    (site / "demos/catdog/cover.webp").write_bytes(b"no picture")
    with pytest.raises(build.BuildError, match=r"cover\.webp can not be read"):
        build.build(base="/repo/", site=site)


def measured(site) -> None:
    """Give cat or dog the figures and the card of a run."""
    demo = site / "demos/catdog"
    kept = draw(site.parent / "run")
    tiny_graph(site.parent / "model.onnx")
    hardships.measure(kept, Model(site.parent / "model.onnx"))
    (demo / "figures.json").write_text(json.dumps(figures(kept)), encoding="utf-8")
    (demo / "card.md").write_text(card(demo), encoding="utf-8")


def test_what_was_measured_is_on_the_page_and_the_page_stays_small(site):
    """Figures with their bounds, hardships and the card: all in the HTML, within 45 KB and 8 requests."""
    measured(site)
    files = build.build(base="/repo/", site=site)
    page = text(files)
    for said in (
        "The model card",
        "When it says so, it is right",
        "80\u00a0%",
        "38\u00a0% to 96\u00a0%",
        "small in the picture",
        "Of 327 photos of something else (bears), it says so of 62\u00a0%.",
        "assumed and not measured",
        "import onnxruntime",
    ):
        assert said in page, said
    assert "license:" not in page
    assert "<h1>Cat or dog?" in page
    assert page.count("<h1") == 1
    assert "<h2>Cat or dog?" not in page
    assert "style=" not in page
    parts = {"catdog/index.html", *re.findall(r"/repo/(assets/[^\s\">]+)", page)}
    assert len(parts) <= 8
    assert sum(len(gzip.compress(files[part])) for part in parts) <= 45_000
    assert sum(len(gzip.compress(files[part])) for part in parts if part.endswith(".js")) <= 20_000


@pytest.mark.parametrize("told", [None, {"confusion": [[3, 1], [0, 4]], "parity": {"photos": 8}}])
def test_a_demo_with_few_figures_or_none_has_its_page(site, told):
    """What an older run left is drawn as far as it goes."""
    (site / "demos/catdog/figures.json").unlink()
    (site / "demos/catdog/card.md").unlink()
    if told:
        (site / "demos/catdog/figures.json").write_text(json.dumps(told))
    page = build.build(site=site)["catdog/index.html"].decode()
    assert "How often it is right" in page
    assert ("it said cat" in page) is bool(told)
    assert "Label by label" not in page
    assert "The model card" not in page


def test_a_card_brings_no_markup_and_no_pictures(site):
    """Whatever stands in card.md is text: no tags, no scripts in links, nothing fetched from elsewhere."""
    (site / "demos/catdog/card.md").write_text(
        "---\nlicense: x\n---\n\n# Cat\n\n## One\n\n<script>alert(1)</script> [a](javascript:alert(1)) "
        "![b](https://example.org/b.png)\n\n| a |\n| :-: |\n| <img src=x onerror=alert(1)> |\n",
        encoding="utf-8",
    )
    tags: list[tuple[str, dict]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append((tag, dict(attrs)))
    reader.feed(build.build(site=site)["catdog/index.html"].decode())
    assert len([attrs for tag, attrs in tags if tag == "script" and "json" not in attrs.get("type", "")]) == 1
    assert [attrs for _, attrs in tags if "onerror" in attrs or "style" in attrs] == []
    assert [attrs for _, attrs in tags if "javascript" in str(attrs) or "example.org" in attrs.get("src", "")] == []
    assert ("h3", {}) in tags


def test_figures_that_are_no_json_are_said_to_be_that(site):
    """One line, and no page with half of them."""
    (site / "demos/catdog/figures.json").write_text("{")
    with pytest.raises(build.BuildError, match="train the demo again"):
        build.build(site=site)


@pytest.mark.parametrize(
    ("cat", "said"),
    [
        (0.9998, "A cat, over 99 %."),
        (0.98, "A cat, 98 %."),
        (0.75, "Probably a cat, 75 %."),
        (0.52, "Hard to say: a cat, 52 %, or a dog, 48 %."),
    ],
)
def test_a_verdict_is_as_sure_as_the_model(cat, said):
    """And never surer."""
    confidences = [{"label": "cat", "confidence": cat}, {"label": "dog", "confidence": 1 - cat}]
    assert words.sentence(
        {"label": "cat", "confidences": confidences}, {"cat": "a cat", "dog": "a dog"}, SAY
    ) == said.replace(" %", "\u00a0%")


def test_what_is_unfamiliar_is_said_first():
    """Before a label, which it has to give whatever it is shown."""
    told = {"label": "cat", "confidences": [{"label": "cat", "confidence": 0.75}], "unfamiliar": True}
    assert words.sentence(told, {"cat": "a cat"}, SAY) == "Unfamiliar. If it has to choose: probably a cat, 75\u00a0%."


@pytest.fixture
def site(tmp_path):
    """A copy of the site's folder, to be changed."""
    copied_site(tmp_path / "site")
    return tmp_path / "site"


def add(site, contract) -> None:
    """Put a demo of every kind into the site."""
    folder = site / "demos/every"
    (folder / "examples").mkdir(parents=True)
    shutil.copy(CAT, folder / "examples")
    for name in ("voice.wav", "notes.csv"):
        (folder / "examples" / name).write_bytes(b"1")
    (folder / "contract.json").write_text(json.dumps(contract), encoding="utf-8")
    (folder / "index.md").write_text("Everything.", encoding="utf-8")


def test_a_bridge_that_runs_alone_is_asked_as_it_is(site):
    """Its address stands in the page, and the policy lets its pictures and sounds in."""
    page = build.build(site=site, bridge="https://bridge.example.org/")["catdog/index.html"].decode()
    policy = re.search(r"Content-Security-Policy\"? content=\"([^\"]+)\"", page)[1]
    for kind in ("img-src", "media-src", "connect-src"):
        assert re.search(rf"{kind} [^;]*https://bridge.example.org(;| )", policy)
    assert re.search(r"data-bridge=\"?https://bridge\.example\.org[\">\s]", page)


def test_any_contract_becomes_a_page(site):
    """Every field has a label, every file of an example comes along, and nothing says what nobody measured."""
    add(site, every_kind())
    files = build.build(site=site)
    page = files["every/index.html"].decode()
    for field in every_kind()["input"]["properties"].values():
        assert field["title"] in page
    assert {path for path in files if "every/examples" in path} == {
        "every/examples/cat.jpg",
        "every/examples/notes.csv",
        "every/examples/voice.wav",
    }
    assert "How often it is right" not in page
    assert "huggingface.co/spaces/some/one" in page
    assert "Answered by some/one." in files["index.html"].decode()
    assert "Ask a small model" in files["index.html"].decode()


def test_a_field_may_be_called_as_the_page_calls_its_parts(site):
    """A field named form, answer or contract takes nothing from the page's own places."""
    contract = every_kind()
    for name in ("form", "answer", "contract", "main"):
        contract["input"]["properties"][name] = {"kind": "text", "title": name, "type": "string"}
    add(site, contract)
    ids = re.findall(r"\bid=\"?([\w-]+)", build.build(site=site)["every/index.html"].decode())
    assert len(ids) == len(set(ids))


def test_what_a_space_says_is_text_in_every_control(site):
    """Titles, choices, defaults and suggestions of strangers are escaped wherever they stand."""
    evil = '"><img src=x onerror=alert(1)></textarea></script>'
    text = json.dumps(every_kind())
    for word in (
        "Story",
        "In your own words.",
        "Chelsea",
        "a dog",
        "roll over",
        "Norway",
        "kg",
        "rgba(10, 20, 30, 0.5)",
    ):
        text = text.replace(json.dumps(word), json.dumps(word + evil))
    add(site, json.loads(text))
    tags: list[tuple[str, dict]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append((tag, dict(attrs)))
    reader.feed(build.build(site=site)["every/index.html"].decode())
    assert [attrs for _, attrs in tags if "onerror" in attrs] == []
    assert len([attrs for tag, attrs in tags if tag == "script" and "json" not in attrs.get("type", "")]) == 1


def test_an_example_brings_nothing_from_elsewhere(site):
    """A contract that names a file outside of its examples publishes none."""
    contract = every_kind()
    contract["examples"][0]["input"]["sound"]["file"] = "examples/../../catdog/figures.json"
    add(site, contract)
    with pytest.raises(build.BuildError, match="keep it in examples/"):
        build.build(site=site)


@pytest.mark.parametrize(
    "report",
    [
        "{",
        "[]",
        '{"checked": "today", "demos": {}}',
        '{"checked": "2026-11-21T12:00:00Z", "demos": {"a": {"state": "odd"}}}',
    ],
)
def test_a_report_that_is_none_is_said_to_be_so(site, report):
    """Rather no status page than a wrong one."""
    (site / "status.json").write_text(report)
    with pytest.raises(build.BuildError, match=r"status\.json"):
        build.build(site=site)


def test_before_any_check_the_status_page_says_so(files):
    """Nobody reads silence as health."""
    page = files["status/index.html"].decode()
    assert "have not been checked yet" in page
    assert "Not checked yet" in page


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"kind": "text"}, "so  long " * 20, "so long so long so long so long so long so long so long so…"),
        ({"kind": "checkbox"}, False, "no"),
        ({"kind": "choice", "words": {"2": "two"}}, 2, "two"),
        ({"kind": "choices", "items": {}}, ["a", "b"], "a, b"),
        ({"kind": "table"}, {"headers": ["a"], "data": [[1], [2]]}, "a table of 2 rows"),
        ({"kind": "html"}, "<p>Hello &amp; all</p>", "Hello & all"),
        ({"kind": "number"}, 3.5, "3.5"),
        ({"kind": "image"}, None, "nothing"),
        ({"kind": "chat"}, [{"role": "user", "content": "Hi"}], "Hi"),
        (
            {"properties": {"a": {"kind": "text", "title": "A"}, "b": {"kind": "plot", "title": "B"}}},
            {"a": "x", "b": {}},
            "A: x · B: nothing",
        ),
    ],
)
def test_values_are_told_in_a_few_words(schema, value, told):
    """An example's card says what was asked and answered without drawing it."""
    assert words.said(schema, value, SAY) == told


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "build.py", *words], cwd=ROOT, capture_output=True, text=True)


def test_check_tells_stale_from_fresh(tmp_path):
    """CI holds what was built against what would be."""
    dist = tmp_path / "dist"
    assert command("--to", str(dist)).returncode == 0
    assert command("--to", str(dist), "--check").returncode == 0
    (dist / "index.html").write_text("stale")
    (dist / "left.txt").write_text("over")
    stale = command("--to", str(dist), "--check")
    assert stale.returncode == 1
    assert stale.stdout.split() == ["index.html", "left.txt"]


def test_it_never_empties_a_folder_it_did_not_fill(tmp_path):
    """A wrong --to loses nothing."""
    (tmp_path / "thesis.txt").write_text("years of work")
    done = command("--to", str(tmp_path))
    assert done.returncode == 1
    assert "choose another folder" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda site: (site / "demos/catdog/contract.json").write_text("{"), "training.record catdog"),
        (lambda site: (site / "demos/catdog/index.md").unlink(), "write a few lines"),
        (lambda site: (site / "demos/catdog/examples/cat.jpg").unlink(), "put the example's file there"),
        (lambda site: shutil.rmtree(site / "demos") or (site / "demos").mkdir(), "No demo has a contract"),
        (lambda site: (site / "js/main.js").write_text('import "./x.js"; import {y} from "./y.js"'), "not in site/js"),
        (lambda site: (site / "js/view.js").write_text('import { y } from "./main.js";\n'), "comes after it"),
        (lambda site: (site / "js/view.js").write_text("function say() {}"), "both have a “say”"),
        (lambda site: (site / "messages.toml").write_text('[x]\ny = "z"'), "a text of no language"),
    ],
)
def test_what_is_missing_is_named(tmp_path, break_it, said):
    """One clear line, and nothing built."""
    site = tmp_path / "site"
    copied_site(site)
    break_it(site)
    with pytest.raises(Exception, match=re.escape(said)) as raised:
        build.build(site=site)
    assert isinstance(raised.value, build.BuildError | build.Fault | build.MessagesError)


def test_a_label_is_text_and_never_markup(tmp_path, contract):
    """Whatever a contract says is escaped where it is drawn."""
    site = tmp_path / "site"
    copied_site(site)
    value = json.loads((CATDOG / "contract.json").read_text(encoding="utf-8"))
    value["title"] = "<script>alert(1)</script>"
    value["examples"][0]["title"] = "</script><img src=x onerror=alert(1)>"
    (site / "demos/catdog/contract.json").write_text(json.dumps(value))
    page = build.build(site=site)["catdog/index.html"].decode()
    tags: list[tuple[str, dict]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append((tag, dict(attrs)))
    reader.feed(page)
    assert ("h1", {}) in tags
    assert [attrs for tag, attrs in tags if tag == "script" and "src" not in attrs and "type" not in attrs] == []
    assert [attrs for _, attrs in tags if "onerror" in attrs] == []
