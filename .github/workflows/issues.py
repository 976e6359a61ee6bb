"""
One issue for each demo whose Space has changed, closed when its contract holds again.

    python3 .github/workflows/issues.py report.json

`report.json` is what `python -m api_bridge check --json` prints. Standard library only;
GitHub's own `gh` speaks to GitHub. A Space that is asleep changes nothing here.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LABEL = "contract"
INTRODUCTION = (
    "The contract of this demo no longer describes its Space. This text follows every check, and the issue is "
    "closed when the contract holds again; what you write below stays.\n\n"
)
MENDED = "The contract holds again."
LONGEST = 60_000  # characters; GitHub takes 65,536


def main(report: Path) -> None:
    """Bring the open issues in line with what was found; a report that can not be read changes none."""
    demos = json.loads(report.read_text(encoding="utf-8"))["demos"]
    opened = issues()
    for demo, found in demos.items():
        issue = opened.get(title(demo))
        if found["state"] in ("breaking", "risky"):
            tell(demo, INTRODUCTION + found["issue"][:LONGEST], issue)
        elif found["state"] in ("benign", "holds") and issue:
            gh("issue", "close", str(issue["number"]), "--comment", MENDED)


def title(demo: str) -> str:
    return f"The Space behind “{demo}” has changed"


def issues() -> dict[str, dict[str, Any]]:
    """The open issues that carry the label, by title; of two alike the older."""
    words = ("--label", LABEL, "--state", "open", "--limit", "500", "--json", "number,title,body")
    found = json.loads(gh("issue", "list", *words))
    return {each["title"]: each for each in sorted(found, key=lambda each: -each["number"])}


def tell(demo: str, body: str, issue: dict[str, Any] | None) -> None:
    """Open an issue, or update the one there is where it says something else."""
    if issue is None:
        label()
        gh("issue", "create", "--title", title(demo), "--label", LABEL, "--body-file", "-", body=body)
    elif issue["body"].replace("\r\n", "\n").strip() != body.strip():
        gh("issue", "edit", str(issue["number"]), "--body-file", "-", body=body)


def label() -> None:
    """Make the label where it is missing; one that is there keeps its colour."""
    names = [each["name"] for each in json.loads(gh("label", "list", "--limit", "500", "--json", "name"))]
    if LABEL not in names:
        gh("label", "create", LABEL, "--description", "A Space and its contract differ")


def gh(*words: str, body: str | None = None) -> str:
    """Run one command of GitHub's own, `body` on its input, and return what it prints."""
    done = subprocess.run(["gh", *words], input=body, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
