"""The site is complete before any script runs, small, and the same each time it is built."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from conftest import CATDOG, ROOT

import build


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
        assert build.sentence(example["prediction"], {"cat": "a cat", "dog": "a dog"}) in page
    assert "Where it fails" in page
    assert "Asking needs scripts" in page


def test_every_address_is_below_the_base(files):
    """A project's page lives at /repo/, and every file it names is there."""
    for path, content in files.items():
        if path.endswith(".html"):
            for address in re.findall(r"(?:href|src)=\"?([^\s\">]+)", content.decode()):
                if address.startswith(("data:", "#")):
                    continue
                assert address.startswith("/repo/"), address
                assert address.split("#")[0].removeprefix("/repo/") in {*files, "", "catdog/"}


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
    named = [f"assets/{name}" for code in modules.values() for name in re.findall(r'from"\./([^"]+)"', code)]
    assert len(named) >= 6
    assert set(named) <= set(modules)
    assert all(re.search(r"\.[0-9a-f]{10}\.(js|css)$", path) for path in files if path.startswith("assets/"))


def test_the_page_is_small(files):
    """At most 8 requests and 40 KB, photos aside, as GitHub Pages would send them."""
    page = text(files)
    parts = {"catdog/index.html", *re.findall(r"/repo/(assets/[^\s\">]+)", page)}
    weight = sum(len(gzip.compress(files[part])) for part in parts)
    assert len(parts) <= 8
    assert weight <= 40_000


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
    assert build.sentence(
        {"label": "cat", "confidences": confidences}, {"cat": "a cat", "dog": "a dog"}
    ) == said.replace(" %", "\u00a0%")


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
        (lambda site: (site / "demos/catdog/examples/cat.jpg").unlink(), "put the example's picture there"),
        (lambda site: shutil.rmtree(site / "demos/catdog"), "No demo has a contract"),
        (lambda site: (site / "js/main.js").write_text('import "./x.js"; import {y} from "./y.js"'), "not in site/js"),
        (lambda site: (site / "js/view.js").write_text('import {y} from "./main.js"'), "in a circle"),
    ],
)
def test_what_is_missing_is_named(tmp_path, break_it, said):
    """One clear line, and nothing built."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / "site", site, ignore=shutil.ignore_patterns("*.onnx"))
    break_it(site)
    with pytest.raises(Exception, match=re.escape(said)) as raised:
        build.build(site=site)
    assert isinstance(raised.value, build.BuildError | build.Fault)


def test_a_label_is_text_and_never_markup(tmp_path, contract):
    """Whatever a contract says is escaped where it is drawn."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / "site", site, ignore=shutil.ignore_patterns("*.onnx"))
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
