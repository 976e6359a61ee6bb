"""The two commands, as a newcomer types them."""

import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import time

import httpx2
import pytest
from conftest import CAT, ROOT, free_port

import dev

SERVE = [sys.executable, "dev.py", "serve", "--no-open"]


def test_serve_answers_and_stops(tmp_path):
    """Space, bridge and site come up, a cat is a cat, and Ctrl-C leaves nothing running."""
    port, space_port = free_port(), free_port()
    process = subprocess.Popen(
        [*SERVE, "--port", str(port), "--space-port", str(space_port), "--base", "/repo/"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if "The site:" in line:
            break
    assert f"http://127.0.0.1:{port}/repo/" in said[-1], "".join(said)
    page = httpx2.get(f"http://127.0.0.1:{port}/repo/catdog/")
    assert f"http://127.0.0.1:{space_port}/bridge" in page.text
    response = httpx2.post(
        f"http://127.0.0.1:{space_port}/bridge/v1/demos/catdog/ask",
        files={"photo": CAT.read_bytes()},
        headers={"Origin": f"http://localhost:{port}"},
        timeout=30,
    )
    assert response.json()["prediction"]["label"] == "cat"
    assert response.headers["access-control-allow-origin"] == f"http://localhost:{port}"
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 0
    assert not dev.taken(port)
    assert not dev.taken(space_port)


def test_a_space_that_dies_is_said(tmp_path):
    """Not a silent page: one line, and where its last words are."""
    port, space_port = free_port(), free_port()
    process = subprocess.Popen(
        [*SERVE, "--port", str(port), "--space-port", str(space_port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "The site:" in line:
            break
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    assert process.wait(20) == 1
    assert f"The Space stopped by itself; its last words are in {dev.LOCAL}" in process.stderr.read()


def test_a_missing_model_is_said_once(tmp_path, capfd):
    """By the program that missed it; dev.py adds nothing to that line."""
    with pytest.raises(SystemExit) as raised:
        dev._run("-m", "training.publish", "--to", tmp_path / "space", "--demos", tmp_path)
    said = capfd.readouterr().err
    assert raised.value.code == 1
    assert said.count("\n") == 1
    assert "train one, such as `python -m training.catdog PHOTOS`" in said


def test_a_taken_port_is_said(tmp_path):
    """With the option that chooses another."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        for flag in ("--port", "--space-port"):
            others = ["--space-port", str(free_port())] if flag == "--port" else []
            done = subprocess.run([*SERVE, flag, str(port), *others], cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 1
            assert done.stderr == (
                f"dev.py: Port {port} is taken: stop what runs there, or choose another with {flag}.\n"
            )
        server.shutdown()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "70000"], "70000 is no port: choose a number from 1 to 65535"),
        (["--port", "8123", "--space-port", "8123"], "need a port each"),
        (["--colour", "red"], "unknown: --colour red"),
    ],
)
def test_options_that_make_no_sense_are_said(words, said):
    """Before anything is started."""
    done = subprocess.run([*SERVE, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_second_start_is_quick():
    """What is set up already costs less than a second."""
    begun = time.monotonic()
    dev.set_up("serve")
    assert time.monotonic() - begun < 1


def test_serving_needs_no_torch():
    """Visitors of the Space and readers of the site never wait for it."""
    assert dev.NEEDS["serve"] == ["-r", dev.SPACE, "-e", ".[build]"]
    assert "torch" not in (ROOT / dev.SPACE).read_text()


def test_pip_is_found_inside_an_active_environment(tmp_path):
    """Even in one that was made without pip, as dev.py's own is."""
    fresh = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)
    python = fresh / dev.PYTHON.relative_to(dev.VENV)
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode != 0
    told = subprocess.run([*dev.pip_for(python), "list"], capture_output=True, text=True)
    assert told.returncode == 0


def test_no_browser_is_said_with_what_was_tried(monkeypatch):
    """One message, and the way out of it."""
    monkeypatch.setattr(dev, "BROWSERS", {place: lambda: None for place in dev.BROWSERS})
    with pytest.raises(dev.Stop) as raised:
        dev.find_browser()
    for place in dev.BROWSERS:
        assert place in str(raised.value)
    assert "set TEST_BROWSER" in str(raised.value)


def test_the_first_browser_found_is_taken(monkeypatch, tmp_path):
    """$TEST_BROWSER before all others; one that is not there is passed over."""
    browser = tmp_path / "chrome"
    browser.touch()
    monkeypatch.setenv("TEST_BROWSER", str(browser))
    assert dev.find_browser() == str(browser)
    monkeypatch.setenv("TEST_BROWSER", str(tmp_path / "gone"))
    assert dev.find_browser() != str(tmp_path / "gone")


def test_pages_are_served_as_github_does(tmp_path):
    """A folder's address gets its slash, the 404 is the site's own, and nothing outside is served."""
    (tmp_path / "dist/cat").mkdir(parents=True)
    (tmp_path / "dist/cat/index.html").write_text("a cat")
    (tmp_path / "dist/404.html").write_text("not here")
    (tmp_path / "dist/empty").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    with dev.site(tmp_path / "dist", 0, "/repo/") as port:
        where = f"http://127.0.0.1:{port}"
        moved = httpx2.get(f"{where}/repo/cat", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (301, "/repo/cat/")
        assert httpx2.get(f"{where}/repo/cat/").text == "a cat"
        for path in ("/cat/", "/repo/empty/", "/repo/dog/", "/repo/../secret.txt", "/repo/%2e%2e/secret.txt"):
            missing = httpx2.get(where + path)
            assert (missing.status_code, missing.text) == (404, "not here"), path


def test_the_readme_says_what_dev_does():
    """The two commands stand there as they are typed."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("serve", "test"):
        assert f"python3 dev.py {command}" in readme
        assert re.search(rf"^    python3 dev\.py {command}", dev.__doc__, re.MULTILINE)
