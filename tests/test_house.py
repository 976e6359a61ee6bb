"""The plan of the house is kept: imports point down, generated things are fresh, vendored things are what they say."""

import ast
import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

import api_bridge

# Each may import from those before it.
ORDER = [
    "faults",
    "strict_json",
    "media",
    "refusals",
    "pipeline",
    "unclear",
    "schema",
    "contract",
    "photos",
    "patience",
    "components",
    "fields",
    "predictions",
    "words",
    "messages",
    "wire",
    "inside",
    "dialects",
    "space",
    "recorded_space",
    "admission",
    "memory",
    "metrics",
    "hub",
    "waking",
    "patiently",
    "workshop",
    "clean",
    "files",
    "steps",
    "bridge",
    "openapi",
    "stream",
    "questions",
    "reading",
    "app",
    "serving",
    "learn",
    "findings",
    "limits",
    "drift",
    "parts",
    "answers",
    "examples",
    "report",
    "check",
    "add",
    "transcript",
    "settings",
    "__main__",
]


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_every_room_of_the_bridge_is_on_the_plan():
    """A new module has a place in the order, or there is no order."""
    rooms = {
        path.stem for path in (ROOT / "api_bridge").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms == {*ORDER, "__init__"}


@pytest.mark.parametrize("module", ORDER)
def test_imports_point_down(module):
    """Whoever reads from faults upward never meets a name before it was defined."""
    above = ORDER[ORDER.index(module) :]
    room = ROOT / "api_bridge" / module
    files = room.glob("*.py") if room.is_dir() else [room.with_suffix(".py")]
    names = set().union(*(imports(file) for file in files))
    assert not {f"api_bridge.{other}" for other in above if other != room.name or not room.is_dir()} & names


def test_training_and_build_never_meet():
    """They share the contract and nothing else; the bridge knows neither."""
    for path in (ROOT / "training").rglob("*.py"):
        assert not any(name.startswith("build") for name in imports(path))
    for path in ROOT.glob("build*.py"):
        assert not any(name.startswith("training") for name in imports(path))
    for path in (ROOT / "api_bridge").rglob("*.py"):
        gradio = () if path.stem == "client" else ("gradio",)  # the one dialect that is Gradio's own client
        assert not any(name.startswith(("training", "build", *gradio)) for name in imports(path))


def test_the_site_is_data():
    """A package called `site` would hide the standard library's."""
    assert not list((ROOT / "site").rglob("*.py"))


def test_vendored_files_are_what_npm_has():
    """Version, digest and licence stand beside them, and the file is npm's to the byte."""
    said = json.loads((ROOT / "site/vendor/vendor.json").read_text())
    vendored = [path.name for path in (ROOT / "site/vendor").iterdir() if path.suffix in (".js", ".mjs", ".gz")]
    assert sorted(vendored) == sorted(said)
    for name, about in said.items():
        package = json.loads((ROOT / "tests/node_modules" / about["package"] / "package.json").read_text())
        assert package["version"] == about["version"]
        theirs = (ROOT / "tests/node_modules" / about["package"] / about["path"]).read_bytes()
        assert hashlib.sha256(theirs).hexdigest() == about["sha256"]
        ours = (ROOT / "site/vendor" / name).read_bytes()
        assert (gzip.decompress(ours) if name.endswith(".gz") else ours) == theirs


def test_every_link_of_the_readme_leads_somewhere():
    """A map with a hole in it is worse than none."""
    for name in ("README.md", ".github/CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name} → {target}"


def test_no_file_is_left_for_later():
    """What is not finished is not here."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    for name in files:
        if name.endswith((".py", ".js", ".html", ".css")) and "vendor" not in name and name != "tests/test_house.py":
            assert not re.search(r"\b(TODO|FIXME|XXX)\b", (ROOT / name).read_text(encoding="utf-8")), name


def test_every_name_of_the_bridge_is_there():
    """They are fetched when first used: one that has moved would be missed by nobody until then."""
    assert all(getattr(api_bridge, name).__module__.startswith("api_bridge.") for name in api_bridge.__all__)
    with pytest.raises(AttributeError, match="brigde"):
        _ = api_bridge.brigde
