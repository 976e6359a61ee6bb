"""What is published is complete, verified, and starts from its own requirements."""

import io
import re
import shutil
import subprocess
import tomllib
import venv
from pathlib import Path

import httpx2
import pytest
from conftest import CAT, CATDOG, ROOT, free_port
from PIL import Image

import dev
from training.hub.changes import FILES, ours
from training.publish import PublishError, publish

ADDED = "spaces==0.51.3"  # it comes with every Gradio Space, and speaks with ZeroGPU


def test_only_what_was_published_before_is_replaced(tmp_path):
    """FOLDER may be the clone of a Space, with its history and its notes."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "demos/old").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "bridge.toml").write_text("origins = []")
    publish(tmp_path, ["https://you.github.io"])
    assert (tmp_path / ".git").is_dir()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    demos = {path.parent.name for path in (ROOT / "site/demos").glob("*/contract.json")}
    assert {path.name for path in (tmp_path / "demos").iterdir()} == demos
    assert tomllib.loads((tmp_path / "bridge.toml").read_text())["origins"] == ["https://you.github.io"]


@pytest.mark.parametrize("name", ["app.py", "demos", "api_bridge"])
def test_what_others_wrote_is_never_replaced(tmp_path, name):
    """A folder with an app of its own, or this very project, is refused and left as it is."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "precious").write_text("work")
    with pytest.raises(PublishError, match=f"has {name} that was not published by this"):
        publish(tmp_path, [])
    assert (tmp_path / name / "precious").read_text() == "work"
    with pytest.raises(PublishError, match="choose another folder"):
        publish(Path(), [])
    assert (ROOT / "api_bridge/bridge.py").exists()


def test_the_front_matter_names_the_pinned_gradio(tmp_path):
    """One place says which Gradio: the requirements."""
    publish(tmp_path, [])
    readme, pins = (tmp_path / "README.md").read_text(), (tmp_path / "requirements.txt").read_text()
    assert readme.startswith("---\ntitle: TinySpaces\n")
    assert "sdk_version: 6.31.0" in readme
    assert "gradio==6.31.0" in pins
    assert "torch" not in pins
    assert all("==" in line for line in pins.splitlines() if line and not line.startswith("#"))


@pytest.mark.parametrize(
    ("change", "origins", "said"),
    [
        (lambda demo: (demo / "model.onnx").unlink(), [], "train it with `python -m training.catdog PHOTOS`"),
        (lambda demo: (demo / "model.onnx").write_bytes(b"x"), [], "not the model its contract describes"),
        (lambda demo: (demo / "examples/cat.jpg").unlink(), [], "cat.jpg is missing"),
        (lambda demo: shutil.rmtree(demo), [], "No demo has a contract"),
        (lambda demo: None, ["https://you.github.io/repo/"], "is not an origin"),
    ],
)
def test_nothing_incomplete_is_published(tmp_path, change, origins, said):
    """One line, and the folder is not even made."""
    shutil.copytree(CATDOG, tmp_path / "demos/catdog")
    change(tmp_path / "demos/catdog")
    with pytest.raises(PublishError, match=said):
        publish(tmp_path / "space", origins, tmp_path / "demos")
    assert not (tmp_path / "space").exists()


def test_whatever_is_rendered_is_known_to_be_ours(tmp_path):
    """What is not known would never be taken off a Space again."""
    publish(tmp_path, [])
    paths = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert all(map(ours, paths))
    assert set(FILES) <= paths


def test_it_starts_from_its_own_requirements(tmp_path_factory, monkeypatch):
    """A fresh environment, set as the Hub sets it, and nothing of this project's but the folder: a cat is a cat."""
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "someone/name")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.getbasetemp() / "left"))
    folder = tmp_path_factory.mktemp("published")
    publish(folder, [])
    python = fresh_environment(folder / "requirements.txt")
    port = free_port()
    kept = tmp_path_factory.getbasetemp() / "left"
    with dev.space(folder, port, python):
        before = set(kept.rglob("*"))
        # Another photo than the examples, which Gradio keeps for its own page.
        photo = io.BytesIO()
        Image.open(CAT).rotate(3).save(photo, "JPEG")
        for _ in range(2):
            response = httpx2.post(
                f"http://127.0.0.1:{port}/bridge/v1/demos/catdog/ask", files={"photo": photo.getvalue()}, timeout=60
            )
            assert response.json()["prediction"]["label"] == "cat"
        assert set(kept.rglob("*")) == before, "Gradio kept a photo that came through the bridge"


def fresh_environment(requirements: Path) -> Path:
    """An environment with `requirements` and what the Hub adds to them, made anew whenever they change."""
    folder = ROOT / ".local/published-env"
    stamp, wanted = folder / "requirements.txt", requirements.read_text() + ADDED
    python = folder / dev.PYTHON.relative_to(dev.VENV)
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=False, clear=True)
        subprocess.run([*dev.pip_for(python), "install", "--quiet", "-r", requirements, ADDED], check=True)
        stamp.write_text(wanted)
    return python


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("model.onnx", lambda old: b"not a model", "did not start"),
        (
            "contract.json",
            lambda old: re.sub(rb'(?<="sha256": ")\w{64}', b"0" * 64, old),
            "not the model of the contract",
        ),
    ],
)
def test_a_space_that_can_not_start_says_why(tmp_path, file, content, said):
    """Its own last line, and where the rest is."""
    publish(tmp_path, [])
    path = tmp_path / "demos/catdog" / file
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(dev.Stop, match=said), dev.space(tmp_path, free_port()):
        pass


def test_a_demo_that_asks_others_is_published_with_them(tmp_path):
    """Or nobody would answer its steps; the Space's page says only what has an endpoint of its own."""
    demos = tmp_path / "demos"
    shutil.copytree(ROOT / "site/demos/bears-twice", demos / "bears-twice")
    shutil.copytree(ROOT / "site/demos/bears", demos / "bears")
    with pytest.raises(PublishError, match="bears-twice asks /bears-glance in its step glance"):
        publish(tmp_path / "space", [], demos)
    assert not (tmp_path / "space").exists()
    shutil.copytree(ROOT / "site/demos/bears-glance", demos / "bears-glance")
    publish(tmp_path / "space", [], demos)
    assert sorted(path.name for path in (tmp_path / "space/demos/bears-twice").iterdir()) == [
        "contract.json",
        "examples",
    ]
    readme = (tmp_path / "space/README.md").read_text()
    assert "(`/bears-glance`)" in readme
    assert "/bears-twice" not in readme
