"""The bridge is set up in one small file, and says so when it is not; the image is made of what is there."""

import ast
import json
import random
import re
import subprocess
import sys
import threading
import tomllib
from dataclasses import replace
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT, free_port

from api_bridge.__main__ import _parser
from api_bridge.settings import KEYS, Settings, SettingsError, load, shown
from training.publish import publish


@pytest.fixture
def file(tmp_path):
    """Write a TOML and return its path."""

    def write(text: str, name: str = "bridge.toml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


# --- where values come from


def test_nothing_said_is_enough(tmp_path, monkeypatch):
    """Without a file and without a variable the bridge runs as the README says."""
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.origins, settings.here) == ("127.0.0.1", 8001, (), None)
    assert (settings.patience, settings.askers, settings.queue) == (30, 4, 16)
    assert (settings.per_minute, settings.burst, settings.trusted_hops) == (10, 5, 0)
    assert (settings.kept_predictions, settings.kept_minutes, settings.workers, settings.log) == (500, 10, 1, "text")


def test_the_environment_wins_over_the_file(file, tmp_path, monkeypatch):
    """A container changes one value without a file of its own; `bridge.toml` here needs no naming."""
    path = file('port = 9000\nhost = "10.0.0.1"\norigins = ["https://a.example"]\n')
    environ = {"TINYSPACES_PORT": "9001", "TINYSPACES_ORIGINS": "https://b.example, https://c.example", "PORT": "1"}
    monkeypatch.chdir(tmp_path)
    for settings in (load(path, environ), load(None, environ)):
        assert (settings.host, settings.port) == ("10.0.0.1", 9001)
        assert settings.origins == ("https://b.example", "https://c.example")


def test_every_key_can_be_a_variable():
    """What the file can say, a container can say too."""
    given = {
        "demos": "demos",
        "host": "::",
        "port": "80",
        "origins": "http://localhost:8000",
        "here": "you/my-space",
        "private": "you/a you/b",
        "patience": "20.5",
        "askers": "3",
        "queue": "0",
        "per_minute": "6",
        "burst": "1",
        "trusted_hops": "1",
        "kept_predictions": "0",
        "kept_minutes": "0.5",
        "workers": "2",
        "log": "json",
    }
    assert given.keys() == KEYS.keys()
    settings = load(None, {f"TINYSPACES_{name.upper()}": text for name, text in given.items()})
    assert settings == Settings(
        Path("demos"), "::", 80, ("http://localhost:8000",), "you/my-space", ("you/a", "you/b"),
        20.5, 3, 0, 6.0, 1, 1, 0, 0.5, 2, "json",
    )  # fmt: skip
    assert load(None, {"TINYSPACES_HERE": "", "TINYSPACES_ORIGINS": ""}) == Settings()


def test_a_published_space_goes_on_working(tmp_path):
    """The `bridge.toml` that `training.publish` writes is one of these."""
    publish(tmp_path / "space", ["https://you.github.io", "http://localhost:8000"])
    settings = load(tmp_path / "space/bridge.toml", {})
    assert settings == Settings(origins=("https://you.github.io", "http://localhost:8000"))


def test_notepads_first_three_bytes_are_no_key(tmp_path):
    """A file saved on Windows is read as any other."""
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbfport = 81\r\n")
    assert load(path, {}).port == 81


# --- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "no setting `prot` (bridge.toml). Did you mean `port`"),
        ("Origins = []", "Did you mean `origins`"),
        ('hf_token = "hf_secret"', "no setting `hf_token`"),
        ("came_from = 1", "no setting `came_from`"),
        ("[bridge]\nport = 1", "no setting `bridge` (bridge.toml). There are demos, host, port"),
        ('port = "80"', '`port` (bridge.toml) must be a whole number from 1 to 65535; it is "80".'),
        ("port = true", "must be a whole number"),
        ("port = 80.0", "must be a whole number"),
        ("port = 0", "from 1 to 65535; it is 0."),
        ("patience = 121", "`patience` (bridge.toml) must be a number from 1 to 120; it is 121."),
        ("patience = nan", "must be a number from 1 to 120; it is NaN."),
        ("patience = inf", "must be a number from 1 to 120"),
        ("patience = 2020-01-01", "it is of another kind."),
        ("workers = -1", "must be a whole number"),
        ("demos = 1", "must be a folder; it is 1."),
        ('log = "xml"', "must be “text” or “json”"),
        ('host = "a b"', "must be an address"),
        ('origins = "https://a.example"', 'must be a list, each an origin in small letters without a path'),
        ("origins = [1]", "must be a list"),
        ('origins = ["*"]', "must be a list, each an origin"),
        ('origins = ["https://*.example"]', "must be a list, each an origin"),
        ('origins = ["https://a.example/"]', "must be a list, each an origin"),
        ('origins = ["https://A.example"]', "in small letters"),
        ('here = "space"', "must be a Space, such as user/name"),
        ("here = 1", "must be a Space"),
        ('private = ["https://a\\n.example"]', "each a Space"),
        ("port = ", "can not be read"),
        ("port = 1\nport = 2", "can not be read"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_said_with_its_remedy(file, monkeypatch, text, said):
    """Where it stands, what is wanted, and which key was probably meant."""
    monkeypatch.chdir(file(text).parent)
    with pytest.raises(SettingsError) as raised:
        load(None, {})
    assert said in str(raised.value)
    assert "hf_secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("TINYSPACES_PROT", "1", "no setting `TINYSPACES_PROT` (the environment). Did you mean `TINYSPACES_PORT`?"),
        ("TINYSPACES_PORT", "", '`port` (TINYSPACES_PORT) must be a whole number from 1 to 65535; it is "".'),
        ("TINYSPACES_PORT", "tcp://10.0.0.1:80", "must be a whole number"),
        ("TINYSPACES_PATIENCE", "nan", "`patience` (TINYSPACES_PATIENCE) must be a number from 1 to 120"),
        ("TINYSPACES_ORIGINS", "https://a.example https://b.example/x", "without a path"),
        ("TINYSPACES_DEMOS", "a\nb", "must be a folder"),
    ],
)
def test_a_mistake_in_the_environment_is_said_with_its_remedy(name, text, said):
    """By the variable's own name, which is what has to be changed."""
    with pytest.raises(SettingsError) as raised:
        load(None, {name: text})
    assert said in str(raised.value)


def test_a_mistake_on_the_command_line_is_said_too():
    """`replace` checks again, and blames neither the file nor the variable."""
    settings = load(None, {"TINYSPACES_PORT": "80"})
    assert replace(settings, port=81).port == 81
    with pytest.raises(SettingsError, match=r"`port` \(command line\) must be a whole number"):
        replace(settings, port=70_000)


def test_a_named_file_has_to_be_there(tmp_path):
    """A path with a slip in it does not quietly become the defaults; a folder is no file."""
    with pytest.raises(SettingsError, match="There is no file"):
        load(tmp_path / "nothing.toml", {})
    with pytest.raises(SettingsError, match="can not be read"):
        load(tmp_path, {})


# --- what is shown


def test_what_is_shown_says_where_each_came_from(file):
    """Who wonders why the bridge listens on 9001 finds the variable."""
    path = file('queue = 3\nhost = "0.0.0.0"\n')
    settings = replace(load(path, {"TINYSPACES_PORT": "9001", "TINYSPACES_HERE": "you/one"}), host="::1")
    lines = {line.removeprefix("# ").split(" = ")[0]: line for line in shown(settings).splitlines()}
    assert f"({path})" in lines["queue"]
    assert "(TINYSPACES_PORT)" in lines["port"]
    assert "(command line)" in lines["host"]
    assert "(default)" in lines["burst"]


def test_what_is_shown_loads_back_to_the_same(file):
    """Copied into a file it sets up the same bridge, whatever was chosen."""
    dice = random.Random(4)
    texts = ["a/b", "https://x.example/y", "http://[::1]:80", "you/ümlaut"]
    for _ in range(200):
        settings = Settings(
            demos=Path(dice.choice(["demos", 'a "quoted" #folder', "C:\\demos", "dé/😀"])),
            port=dice.randint(1, 65535),
            origins=tuple(dice.sample(["https://a.b", "http://localhost:8", "https://x"], dice.randint(0, 3))),
            here=dice.choice([None, *texts]),
            private=tuple(dice.sample(texts, dice.randint(0, 3))),
            patience=dice.choice([1, 1.5, dice.uniform(1, 120)]),
            log=dice.choice(["text", "json"]),
        )
        assert load(file(shown(settings)), {}) == settings


def test_no_secret_is_ever_shown(monkeypatch):
    """The token is no setting; an address with a password or a signature is refused, and not repeated."""
    settings = load(None, {"HF_TOKEN": "hf_swordfish", "TINYSPACES_HERE": "you/one"})
    assert "swordfish" not in shown(settings) + repr(settings)
    for address in ("https://you:swordfish@x.example", "https://x.example/?__sign=swordfish", "hf_swordfish"):
        for name in ("TINYSPACES_HERE", "TINYSPACES_PRIVATE"):
            with pytest.raises(SettingsError) as raised:
                load(None, {name: address})
            assert "swordfish" not in str(raised.value)


# --- the image: no engine is here to build it, so it is read, and its commands are run by hand


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's `(word, rest)`, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def said(word: str) -> list[str]:
    return [rest for each, rest in instructions() if each == word]


def plain(name: str) -> str:
    return name.lower().replace("_", "-")


def sent(path: str) -> bool:
    """Whether `.dockerignore` lets a file through: its last line that is about the file decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line.startswith("#") or not line:
            continue
        parts = [path, *map(str, Path(path).parents)][:-1]  # a folder's line is about what is in it
        names = [Path(each).name for each in parts] if pattern.startswith("**/") else parts
        if any(fnmatch(each, pattern.removeprefix("**/")) for each in names):
            kept = line.startswith("!")
    return kept


def test_the_image_copies_what_is_there_and_no_more():
    """Every path exists and is sent; no model, token, training photo or history goes with it."""
    copied = [path for line in said("COPY") if "--from" not in line for path in line.split()[:-1]]
    assert sorted(copied) == sorted(
        ["pyproject.toml", "README.md", "LICENSE", "training/space/requirements.txt", "api_bridge", "site/demos"]
    )
    for path in copied:
        assert (ROOT / path).exists()
        assert sent(path)
    for path in ("api_bridge/app.py", "api_bridge/contract.schema.json", "site/demos/catdog/contract.json"):
        assert (ROOT / path).exists()
        assert sent(path)
    for path in (".git/config", ".venv/x", "site/demos/catdog/model.onnx", "training/vision.py", "tests/cases.py"):
        assert not sent(path), path
    assert not sent("api_bridge/__pycache__/app.cpython-312.pyc")


def test_the_image_is_pinned_and_nobody_is_root_in_it():
    """The same build next year, and a hole in the bridge is not one in the machine."""
    assert all(re.match(r"python:3\.12\.\d+-slim( AS \w+)?$", image) for image in said("FROM"))
    words = [word for word, _ in instructions()]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", said("USER")[-1])
    assert max(index for index, word in enumerate(words) if word in ("RUN", "COPY")) < words.index("USER")
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(said("ENV"))
    assert not re.search(r"hf_|TOKEN=", (ROOT / "Dockerfile").read_text())


def test_the_image_starts_the_bridge():
    """Its entry point is a command that the bridge has, and takes more options behind it."""
    python, dash_m, module, *words = json.loads(said("ENTRYPOINT")[0])
    assert (python, dash_m, module) == ("python", "-m", "api_bridge")
    options = _parser().parse_args([*words, "--here", "you/my-space"])
    assert (options.command, options.host, options.here) == ("serve", "0.0.0.0", "you/my-space")  # noqa: S104 - a container's own
    assert said("EXPOSE") == [str(Settings().port)]


def test_the_image_installs_no_more_than_the_bridge_says_it_needs():
    """`pip install .` is enough to run it: whatever it imports is a dependency, or one of a dependency's own."""
    assert said("RUN")[0].endswith("install --no-cache-dir --disable-pip-version-check -c pins.txt .")
    lines, needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"], set()
    while lines:
        found = {plain(re.match(r"[\w.-]+", line)[0]) for line in lines} - needed
        needed |= found
        there = [name for name in found if any(metadata.distributions(name=name))]
        lines = [line for name in there for line in metadata.requires(name) or [] if "extra ==" not in line]
    owners = metadata.packages_distributions()
    for path in (ROOT / "api_bridge").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"api_bridge"}:
                assert needed & set(map(plain, owners[top])), f"{path.name}: {top}"


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (None, False)])
def test_the_image_knows_when_it_is_ill(status, healthy):
    """The health check's own words, run against a bridge that is well, one that is not, and none."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *words):
            pass

    port = free_port()
    python, *words = json.loads(said("HEALTHCHECK")[0].partition("CMD ")[2])
    assert python == "python"
    server = HTTPServer(("127.0.0.1", port), Answers) if status else None
    if server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    done = subprocess.run([sys.executable, *words], env={"TINYSPACES_PORT": str(port)}, capture_output=True)
    if server:
        server.shutdown()
        server.server_close()
    assert (done.returncode == 0) == healthy
