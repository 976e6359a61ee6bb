"""
The outcome of a check, told to whom it concerns.

    as_text       a maintainer at a terminal
    as_github     a workflow's annotations
    as_markdown   an issue
    as_json       a program
    as_status     a page that says how the Spaces are

What a Space says of itself stands in all of them, and is nobody's to trust.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api_bridge.findings import Finding
from api_bridge.strict_json import Json


@dataclass(frozen=True)
class Outcome:
    """How one demo's Space was found."""

    demo: str
    space: str
    state: str  # holds, benign, risky, breaking; or asleep, where it could not be asked
    findings: tuple[Finding, ...] = ()
    gradio: str | None = None
    dialect: str | None = None
    stage: str | None = None  # what Hugging Face says of it: RUNNING, SLEEPING …
    detail: str = ""  # why it could not be asked


WORST_FIRST = ("breaking", "risky", "asleep", "benign", "holds")
EXIT_CODES = {"breaking": 3, "risky": 2, "asleep": 4, "benign": 0, "holds": 0}


def exit_code(outcomes: Iterable[Outcome], strict: bool = False) -> int:
    """Return 0 where all hold, 3 breaking, 2 risky, 4 asleep; 1 for what is benign, when `strict`: the worst of all."""
    worst = min((each.state for each in outcomes), key=WORST_FIRST.index, default="holds")
    return 1 if strict and worst == "benign" else EXIT_CODES[worst]


def as_text(outcomes: Sequence[Outcome]) -> str:
    """Return what a maintainer reads at a terminal: the worst demo first."""
    told = [_paragraph(each) for each in sorted(outcomes, key=lambda each: WORST_FIRST.index(each.state))]
    states = [each.state for each in outcomes]
    counted = [f"{states.count(state)} {state}" for state in WORST_FIRST if state in states]
    many = "" if len(outcomes) == 1 else "s"
    return "\n".join([*told, f"{len(outcomes)} demo{many}: {', '.join(counted) or 'none'}."])


def _paragraph(outcome: Outcome) -> str:
    lines = [f"{outcome.state:9} {line(outcome.demo)}  {line(_about(outcome))}"]
    if outcome.detail:
        lines.append(f"{'':9} {line(outcome.detail)}")
    for each in outcome.findings:
        what, visitor, remedy = map(line, _sentences(each))
        lines += ["", f"  {each.severity:8} {what}", f"{'':10} {visitor}", f"{'':10} → {remedy}"]
    return "\n".join([*lines, ""] if outcome.findings else lines)


def as_json(outcomes: Sequence[Outcome]) -> Json:
    """Return all that is known, by demo; `issue` is the text of an issue about it."""
    told = {each.demo: {**_status(each), "detail": each.detail, "issue": as_markdown([each])} for each in outcomes}
    return {"demos": told}


def as_status(outcomes: Sequence[Outcome], checked: datetime) -> Json:
    """Return what a page shows of every demo's Space, and when it was looked at."""
    when = checked.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"checked": when, "demos": {each.demo: _status(each) for each in outcomes}}


def _status(outcome: Outcome) -> dict[str, Json]:
    return {
        "state": outcome.state,
        "space": outcome.space,
        "gradio": outcome.gradio,
        "dialect": outcome.dialect,
        "stage": outcome.stage,
        "findings": [
            {"class": each.severity, "what": each.what, "visitor": each.visitor, "remedy": each.remedy}
            for each in outcome.findings
        ],
    }


# --- GitHub

COMMANDS = {"breaking": "error", "risky": "warning", "benign": "notice"}


def as_github(outcomes: Sequence[Outcome]) -> str:
    """Return one workflow command for each finding, and for each Space that could not be asked."""
    lines = []
    for each in outcomes:
        file = f"site/demos/{each.demo}/contract.json"
        if each.state == "asleep":
            lines.append(
                _command("notice", file, f"{each.demo} was not checked", each.detail or "The Space is asleep.")
            )
        lines += [
            _command(COMMANDS[finding.severity], file, f"{each.demo}: {finding.code}", " ".join(_sentences(finding)))
            for finding in each.findings
        ]
    return "\n".join(lines)


def _command(name: str, file: str, title: str, message: str) -> str:
    return f"::{name} file={_property(file)},title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    # The escapes of GitHub's own toolkit: % first, for the others bring their own.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the text of an issue: for each demo a table of its findings. It is the same as long as they are."""
    return "\n\n".join(_section(each) for each in outcomes)


def _section(outcome: Outcome) -> str:
    head = f"### {_escaped(outcome.demo)}: {outcome.state}\n\n{_escaped(_about(outcome))}"
    if outcome.detail:
        head += f"\n\n{_escaped(outcome.detail)}"
    if not outcome.findings:
        return head
    rows = [
        f"| {finding.severity} | {' | '.join(map(_escaped, _sentences(finding)))} |" for finding in outcome.findings
    ]
    table = ["| | What changed | What a visitor sees | What to do |", "|---|---|---|---|", *rows]
    return f"{head}\n\n" + "\n".join(table)


def _escaped(text: str) -> str:
    """Return `text` so that Markdown shows it letter by letter: no mention, no link, no cell of a table."""
    # GitHub looks for these when Markdown is already read: only a gap that nobody sees keeps them apart.
    text = re.sub(r"(?<=[@#])|(?<=:)(?=//)|(?<=www)(?=\.)|\bGH(?=-\d)", lambda found: f"{found[0]}\u200b", line(text))
    text = re.sub(r"([\\`*_{}\[\]()<>#+!~&^$-])", r"\\\1", text)
    return text.replace("|", "&#124;")


# --- in words


def _about(outcome: Outcome) -> str:
    """Where the Space is, and what it runs; without what is not known."""
    gradio = f"Gradio {outcome.gradio}" if outcome.gradio else None
    return " · ".join(filter(None, [outcome.space, gradio, outcome.dialect, outcome.stage]))


def _sentences(finding: Finding) -> tuple[str, str, str]:
    return finding.what, finding.visitor, finding.remedy


def line(text: str) -> str:
    """Return `text` in one line, without what a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
