"""The daily check tells each broken demo once, in an issue of its own, and may do no more than that."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parent.parent / ".github/workflows"
TEXT = (WORKFLOWS / "check.yml").read_text(encoding="utf-8")
CHECK = yaml.safe_load(TEXT)
STEPS = CHECK["jobs"]["check"]["steps"]

# A stand-in for `gh`: it writes down what it was told, and keeps issues and labels in a file.
GH = f"""#!{sys.executable}
import json, pathlib, sys
book = pathlib.Path(__file__).with_name("github.json")
github = json.loads(book.read_text())
noun, verb, *words = sys.argv[1:]
def option(name):
    return words[words.index(name) + 1]
github["calls"].append(f"{{noun}} {{verb}}")
if github["broken"] == f"{{noun}} {{verb}}":
    sys.exit("gh: HTTP 502")
if (noun, verb) == ("issue", "list"):
    assert option("--state") == "open"
    print(json.dumps([issue for issue in github["issues"] if issue["state"] == "open" and option("--label") in issue["labels"]]))
elif (noun, verb) == ("issue", "create"):
    assert option("--label") in github["labels"], "no such label"
    assert option("--body-file") == "-"
    number = len(github["issues"]) + 1
    made = dict(number=number, title=option("--title"), body=sys.stdin.read(), state="open", labels=[option("--label")])
    github["issues"].append(made)
elif (noun, verb) == ("issue", "edit"):
    assert option("--body-file") == "-"
    github["issues"][int(words[0]) - 1]["body"] = sys.stdin.read()
elif (noun, verb) == ("issue", "close"):
    github["issues"][int(words[0]) - 1].update(state="closed", comment=option("--comment"))
elif (noun, verb) == ("label", "list"):
    print(json.dumps([dict(name=name) for name in github["labels"]]))
elif (noun, verb) == ("label", "create"):
    github["labels"].append(words[0])
else:
    sys.exit(f"gh: unknown command {{noun}} {{verb}}")
book.write_text(json.dumps(github))
"""


class GitHub:
    """What the stand-in remembers, and one run of the script against it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.book = folder / "github.json"
        (folder / "gh").write_text(GH, encoding="utf-8")
        (folder / "gh").chmod(0o755)
        self.keep({"issues": [], "labels": ["bug"], "calls": [], "broken": ""})

    @property
    def known(self) -> dict[str, Any]:
        return json.loads(self.book.read_text(encoding="utf-8"))

    def keep(self, known: dict[str, Any]) -> None:
        self.book.write_text(json.dumps(known), encoding="utf-8")

    def change(self, **changes: Any) -> None:
        self.keep({**self.known, **changes})

    def run(self, report: str) -> subprocess.CompletedProcess[str]:
        self.change(calls=[])
        (self.folder / "report.json").write_text(report, encoding="utf-8")
        words = [sys.executable, str(WORKFLOWS / "issues.py"), str(self.folder / "report.json")]
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True)

    def told(self, **demos: tuple[str, str]) -> list[str]:
        """Run it for demos of these states and texts; return what `gh` was asked to change."""
        report = {"demos": {name: {"state": state, "issue": text} for name, (state, text) in demos.items()}}
        done = self.run(json.dumps(report))
        assert done.returncode == 0, done.stderr
        return [call for call in self.known["calls"] if not call.endswith("list")]


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path)


# --- issues


def test_a_broken_demo_gets_one_issue(github):
    """The maintainer hears of it by mail, without looking."""
    assert github.told(catdog=("breaking", "### catdog\n\n“table”"), six=("holds", "")) == [
        "label create",
        "issue create",
    ]
    (issue,) = github.known["issues"]
    assert issue["title"] == "The Space behind “catdog” has changed"
    assert issue["labels"] == ["contract"]
    assert issue["body"].endswith("### catdog\n\n“table”")


def test_each_broken_demo_has_its_own(github):
    """Two demos are mended one at a time; the label is made once."""
    made = github.told(catdog=("breaking", "a"), six=("risky", "b"))
    assert made == ["label create", "issue create", "issue create"]
    assert [issue["title"] for issue in github.known["issues"]] == [
        "The Space behind “catdog” has changed",
        "The Space behind “six” has changed",
    ]


def test_the_same_drift_is_told_once(github):
    """Nobody gets a mail a day about what they know."""
    github.told(catdog=("breaking", "a"))
    assert github.told(catdog=("breaking", "a")) == []
    issues = github.known["issues"]
    issues[0]["body"] = issues[0]["body"].replace("\n", "\r\n") + "\r\n"  # as GitHub may keep it
    github.change(issues=issues)
    assert github.told(catdog=("breaking", "a")) == []


def test_another_drift_updates_the_issue(github):
    """The issue says what is so today."""
    github.told(catdog=("breaking", "a"))
    assert github.told(catdog=("risky", "b")) == ["issue edit"]
    (issue,) = github.known["issues"]
    assert issue["body"].endswith("b")


def test_a_long_story_is_cut(github):
    """GitHub refuses a text that is too long: a part of it is better than none."""
    github.told(catdog=("breaking", "a" * 100_000))
    (issue,) = github.known["issues"]
    assert 50_000 < len(issue["body"]) < 65_536


@pytest.mark.parametrize("state", ["holds", "benign"])
def test_a_mended_contract_closes_its_issue(github, state):
    """What is done is off the list, and says why."""
    github.told(catdog=("breaking", "a"))
    assert github.told(catdog=(state, "")) == ["issue close"]
    (issue,) = github.known["issues"]
    assert (issue["state"], issue["comment"]) == ("closed", "The contract holds again.")
    assert github.told(catdog=(state, "")) == []


def test_a_space_that_sleeps_changes_nothing(github):
    """Asleep is not drift: an issue neither comes nor goes for it."""
    assert github.told(catdog=("asleep", "")) == []
    github.told(catdog=("breaking", "a"))
    assert github.told(catdog=("asleep", "")) == []
    assert github.known["issues"][0]["state"] == "open"


def test_a_closed_issue_stays_closed(github):
    """What breaks again is a new story, with an issue of its own."""
    github.told(catdog=("breaking", "a"))
    github.told(catdog=("holds", ""))
    assert github.told(catdog=("breaking", "a")) == ["issue create"]
    assert [issue["state"] for issue in github.known["issues"]] == ["closed", "open"]


def test_a_strangers_issue_of_the_same_title_is_left_alone(github):
    """Only those with the label are the check's own."""
    stranger = {
        "number": 1,
        "title": "The Space behind “catdog” has changed",
        "body": "x",
        "state": "open",
        "labels": [],
    }
    github.change(issues=[stranger])
    github.told(catdog=("breaking", "a"))
    assert github.told(catdog=("holds", "")) == ["issue close"]
    assert [issue["state"] for issue in github.known["issues"]] == ["open", "closed"]


@pytest.mark.parametrize("report", ["", "{", "[]", "{}"])
def test_a_check_that_failed_touches_no_issue(github, report):
    """A crash is not a mended contract; the run is red instead."""
    github.told(catdog=("breaking", "a"))
    assert github.run(report).returncode != 0
    assert github.known["calls"] == []


@pytest.mark.parametrize("call", ["issue list", "issue create", "label list"])
def test_a_github_that_does_not_answer_is_an_error(github, call):
    """A run that could tell nobody is red."""
    github.change(broken=call)
    done = github.run(json.dumps({"demos": {"catdog": {"state": "breaking", "issue": "a"}}}))
    assert done.returncode != 0


# --- the workflow


def test_the_workflow_may_only_read_and_write_issues():
    """A package gone bad that it installs can not push to this repository."""
    assert CHECK["permissions"] == {"contents": "read", "issues": "write"}
    assert all("permissions" not in job for job in CHECK["jobs"].values())
    assert STEPS[0]["with"]["persist-credentials"] is False
    holders = [step for step in STEPS if "github.token" in json.dumps(step)]
    assert [step["run"] for step in holders] == ["python3 .github/workflows/issues.py report.json"]


def test_the_workflow_knows_no_secret():
    """Spaces are asked as a visitor's page asks them."""
    assert "secrets." not in TEXT
    assert "HF_TOKEN" not in TEXT


def test_every_action_is_pinned():
    """What runs is what was read: a tag may move, a digest does not; the comment says which version it is."""
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == sum("uses" in step for step in STEPS) == 2
    for each in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)


def test_no_step_runs_what_somebody_else_wrote():
    """No text of an event or a report is ever part of a script."""
    assert not any("${{" in step.get("run", "") for step in STEPS)
    assert {*CHECK[True]} == {"schedule", "workflow_dispatch"}  # YAML reads `on` as true


def test_the_workflow_runs_daily_alone_and_not_for_ever():
    """At a minute when others do not; a Space that never answers ends with the time."""
    ((minute, hour, *days),) = (each["cron"].split() for each in CHECK[True]["schedule"])
    assert int(minute) % 2 == 1
    assert int(hour) in range(24)
    assert days == ["*", "*", "*"]
    assert CHECK["concurrency"]["group"]
    assert CHECK["jobs"]["check"]["timeout-minutes"] <= 30


@pytest.mark.parametrize(("code", "green"), [(0, True), (4, True), (1, False), (2, False), (3, False)])
def test_the_run_is_red_where_a_contract_is_broken(tmp_path, code, green):
    """The badge tells; what sleeps is no reason for red, and the issues are written either way."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho '{{}}'\necho '# told' > report.md\nexit {code}\n")
    python.chmod(0o755)
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    ask = next(step for step in STEPS if step.get("id") == "ask")
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
    known = {**os.environ, **{name: str(path) for name, path in files.items()}}
    subprocess.run([*shell, ask["run"]], cwd=tmp_path, env=known, check=True)
    assert files["GITHUB_OUTPUT"].read_text() == f"code={code}\n"
    assert files["GITHUB_STEP_SUMMARY"].read_text() == "# told\n"
    assert (tmp_path / "report.json").read_text() == "{}\n"
    last = subprocess.run([*shell, STEPS[-1]["run"]], env={**os.environ, "CODE": str(code)})
    assert (last.returncode == 0) is green
