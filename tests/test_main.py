"""The bridge from a terminal."""

import json
import os
import subprocess
import sys
import time

import httpx2
import pytest
from conftest import CAT, ROOT, free_port


def bridge(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "api_bridge", *words], cwd=ROOT, capture_output=True, text=True)


def test_a_question_from_a_terminal(road):
    """The real Space answers, and JSON is printed."""
    done = bridge("ask", "catdog", f"photo={CAT}", "--here", road.space)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["prediction"]["label"] == "cat"


def test_without_a_space_the_recording_answers(contract):
    """Enough to try it on a train."""
    done = bridge("ask", "catdog", f"photo={CAT}")
    assert json.loads(done.stdout)["prediction"] == contract.json["examples"][0]["prediction"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ask", "birds"], 2, "There is no demo “birds” here. There are: bears, bears-glance, bears-twice, catdog,"),
        (["ask", "catdog"], 2, "“Photo” is missing: choose a file."),
        (["ask", "catdog", "photo=nothing.jpg"], 2, "There is no file nothing.jpg."),
        (["ask", "catdog", f"photo={__file__}"], 2, "JPEG, PNG or WebP"),
        (["ask", "catdog", f"photo={CAT}", "--here", "http://nowhere.invalid"], 4, "no Space at this address"),
        (["ask", "catdog", "--demos", "tests"], 2, "No demo has a contract under tests"),
    ],
)
def test_mistakes_are_said_in_a_line(words, code, said):
    """And the exit code says whose they are."""
    done = bridge(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_it_stands_alone_before_a_space(road):
    """The same bridge as a process of its own, asking the Space over HTTP."""
    port = free_port()
    command = [sys.executable, "-m", "api_bridge", "serve", "--here", road.space, "--port", str(port)]
    process = subprocess.Popen([*command, "--origin", "https://pages.example"], cwd=ROOT, env=dict(os.environ))
    bridge = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                httpx2.get(f"{bridge}/healthz")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        response = httpx2.post(
            f"{bridge}/v1/demos/catdog/ask",
            files={"photo": CAT.read_bytes()},
            headers={"Origin": "https://pages.example"},
            timeout=30,
        )
        assert response.json()["prediction"]["label"] == "cat"
        assert response.headers["access-control-allow-origin"] == "https://pages.example"
    finally:
        process.terminate()
        assert process.wait(10) in (0, -15)
