"""One outcome, told to a maintainer, a workflow, an issue, a program and a page; a Space's texts do no harm in any."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from api_bridge.findings import Finding
from api_bridge.report import Outcome, as_github, as_json, as_markdown, as_status, as_text, exit_code

LABEL = Finding(
    "breaking", "label-renamed", "The label “dog” is called “hund” now.", "Asking fails.", "Look at the Space."
)
DEFAULT = Finding("risky", "default-changed", "The default of `times` is 3 now.", "Another answer.", "Look at it.")
WORDS = Finding("benign", "words-changed", "The title is another.", "Nothing.", "Nothing is urgent.")

HOLDS = Outcome("number", "someone/number", "holds", (), "6.31.0", "queue5", "RUNNING")
BREAKING = Outcome("catdog", "someone/catdog", "breaking", (LABEL, WORDS), "6.31.0", "queue5", "RUNNING")
RISKY = Outcome("six", "someone/six", "risky", (DEFAULT,), "6.31.0", "queue5", None)
BENIGN = Outcome("chat", "someone/chat", "benign", (WORDS,), "6.31.0", "queue5", "RUNNING")
ASLEEP = Outcome("bears", "someone/bears", "asleep", stage="SLEEPING", detail="The Space is asleep.")
ALL = [HOLDS, BENIGN, ASLEEP, RISKY, BREAKING]

NASTY = (
    "@everyone see https://evil.example/x, www.evil.example, #1, GH-2 and a@b.example\r\n| cell | ::error::boo\n"
    "<script>alert(1)</script> ![x](https://evil.example/p.png) [y](//evil.example) `code` *b* \\| \x1b[31mred\u202e 100% &#64;me &lt;"
)
HOSTILE = Outcome(
    "six", f"https://evil.example/{NASTY}", "risky", (Finding("risky", "default-changed", NASTY, NASTY, NASTY),), NASTY, "queue5", NASTY, NASTY
)  # fmt: skip


# --- the exit code


@pytest.mark.parametrize(
    ("outcomes", "strict", "code"),
    [
        ([], False, 0),
        ([HOLDS], True, 0),
        ([BENIGN], False, 0),
        ([BENIGN], True, 1),
        ([RISKY], False, 2),
        ([BREAKING], False, 3),
        ([ASLEEP], True, 4),
        ([HOLDS, BENIGN], True, 1),
        ([BENIGN, ASLEEP], True, 4),
        ([ASLEEP, RISKY], False, 2),
        ([RISKY, BREAKING, ASLEEP], False, 3),
        (ALL, True, 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst(outcomes, strict, code):
    """A script knows what to do without reading: what is asleep hides no drift, and is none."""
    assert exit_code(outcomes, strict) == code


# --- a terminal


def test_a_maintainer_reads_the_worst_first():
    """What changed, what a visitor sees and what to do stand together, and a line counts them all."""
    text = as_text(ALL)
    assert re.findall(r"^(\w+) +\w+  ", text, re.MULTILINE) == ["breaking", "risky", "asleep", "benign", "holds"]
    assert text.splitlines()[0] == "breaking  catdog  someone/catdog · Gradio 6.31.0 · queue5 · RUNNING"
    for finding in (LABEL, DEFAULT, WORDS):
        assert all(sentence in text for sentence in (finding.what, finding.visitor, f"→ {finding.remedy}"))
    assert ASLEEP.detail in text
    assert text.endswith("5 demos: 1 breaking, 1 risky, 1 asleep, 1 benign, 1 holds.")


def test_one_demo_and_none_are_counted_too():
    """The last line always says how many were looked at."""
    assert as_text([HOLDS]).endswith("1 demo: 1 holds.")
    assert as_text([]) == "0 demos: none."


def test_a_space_can_not_write_to_the_terminal():
    """Colours, cursor moves and lines of their own stay out."""
    text = as_text([HOSTILE])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text
    assert not any(line.startswith(("|", "::")) for line in text.splitlines())


# --- programs and pages


def test_a_program_reads_all_that_is_known():
    """What `--json` prints is JSON, and holds the text of each issue."""
    told = json.loads(json.dumps(as_json(ALL)))
    assert list(told["demos"]) == ["number", "chat", "bears", "six", "catdog"]
    assert told["demos"]["catdog"]["state"] == "breaking"
    assert told["demos"]["catdog"]["issue"] == as_markdown([BREAKING])
    assert told["demos"]["bears"]["detail"] == "The Space is asleep."


def test_a_page_reads_how_the_spaces_are():
    """The page shows when it was looked at, wherever that was."""
    there = datetime(2026, 11, 21, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    status = as_status(ALL, there)
    assert status["checked"] == "2026-11-21T12:00:00Z"
    assert status["checked"] == as_status([], datetime(2026, 11, 21, 12, tzinfo=UTC))["checked"]
    assert status["demos"]["six"] == {
        "state": "risky",
        "space": "someone/six",
        "gradio": "6.31.0",
        "dialect": "queue5",
        "stage": None,
        "findings": [
            {
                "class": "risky",
                "what": "The default of `times` is 3 now.",
                "visitor": "Another answer.",
                "remedy": "Look at it.",
            }
        ],
    }


# --- a workflow


def test_a_workflow_shows_each_finding_at_its_contract():
    """GitHub puts it beside the file that it is about."""
    lines = as_github(ALL).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::notice", "::notice", "::warning", "::error", "::notice"]
    assert lines[3] == (
        "::error file=site/demos/catdog/contract.json,title=catdog%3A label-renamed"
        "::The label “dog” is called “hund” now. Asking fails. Look at the Space."
    )
    assert lines[1].endswith("title=bears was not checked::The Space is asleep.")
    assert as_github([HOLDS]) == ""


def test_a_space_can_not_speak_to_the_workflow():
    """Each finding is one line, and ends where it should."""
    lines = as_github([HOSTILE]).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::warning file=site/demos/six/contract.json,title=six%3A default-changed::@everyone")
    assert "%0D%0A| cell" in lines[0]
    assert "100%25" in lines[0]
    name = Outcome("a,b:c%\n", "x", "risky", (DEFAULT,))
    assert "title=a%2Cb%3Ac%25%0A%3A default-changed::" in as_github([name])


# --- an issue


class Page(HTMLParser):
    """What a browser would make of it: its elements, and the text of each cell."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        self.text += data
        if self.cells:
            self.cells[-1] += data


def page(outcomes: list[Outcome]) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(as_markdown(outcomes)))


def test_an_issue_has_a_table_of_findings():
    """Whoever opens it sees at a glance what changed, what it does and what to do."""
    shown = page([BREAKING])
    assert shown.elements.count("tr") == 3
    assert [cell.strip() for cell in shown.cells] == [
        *("breaking", LABEL.what, LABEL.visitor, LABEL.remedy),
        *("benign", WORDS.what, WORDS.visitor, WORDS.remedy),
    ]
    assert "someone/catdog · Gradio 6.31.0" in shown.text


def test_several_demos_stand_below_each_other():
    """A summary of all has one heading a demo."""
    shown = page(ALL)
    assert shown.elements.count("h3") == 5
    assert shown.elements.count("table") == 3
    assert ASLEEP.detail in shown.text


def test_an_issue_stays_the_same_while_its_findings_do():
    """Nobody is told again of what they know: nothing in it is of today."""
    assert as_markdown([BREAKING]) == as_markdown([BREAKING])
    assert not re.search(r"\d{4}-\d\d-\d\d|\d\d:\d\d", as_markdown(ALL))


def test_a_space_can_not_break_the_issue():
    """Its texts are shown letter by letter: one row, no element of theirs."""
    shown = page([HOSTILE])
    assert {*shown.elements} == {"h3", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert (shown.elements.count("tr"), shown.elements.count("td")) == (2, 4)
    plain = shown.cells[1].replace("\u200b", "").strip()
    assert plain.startswith(
        "@everyone see https://evil.example/x, www.evil.example, #1, GH-2 and a@b.example | cell | ::error"
    )
    assert "<script>alert(1)</script> ![x](https://evil.example/p.png) [y](//evil.example) `code` *b* \\| " in plain
    assert "&#64;me &lt;" in plain


def test_a_space_can_not_mention_or_link():
    """GitHub looks for names and addresses in the finished text: none is left whole."""
    text = page([HOSTILE]).text
    assert "@\u200beveryone" in text
    assert not re.search(r"@\w|#\d|://|www\.|\bGH-\d", text)
