"""
What `python dev.py test --faults` prints: each row of the fault list, what was expected, what was seen.

A plugin of pytest's that only this command loads. A row is a test marked `fault(what, expected)`; it
notes what it has `seen`, and the seconds that its question `took`, as properties of the test.
"""

from collections.abc import Generator

import pytest

ROWS: list[tuple[str, str, str, str, str]] = []
HEADS = ("", "fault", "expected", "seen", "seconds")
WIDEST = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    mark = item.get_closest_marker("fault")
    if mark and (report.when == "call" or report.failed):
        noted = dict(report.user_properties)
        seen = noted.get("seen") or (call.excinfo.exconly() if call.excinfo else "as expected")
        group = item.path.stem.split("_")[1] + ", real Gradio" * ("gradio" in item.fixturenames)
        what, expected = mark.args
        verdict = "✗ " if report.failed else "  "
        ROWS.append((verdict + group, what, expected, seen, f"{noted.get('took', call.duration):.1f}"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    shown = [tuple(_short(cell) for cell in each) for each in (HEADS, *ROWS)]
    widths = [max(len(each[column]) for each in shown) for column in range(len(HEADS))]
    terminalreporter.section("the fault list")
    for each in shown:
        cells = [cell.ljust(width) for cell, width in zip(each, widths, strict=True)]
        terminalreporter.line("  ".join([*cells[:-1], each[-1].rjust(widths[-1])]))
    failed = sum(each[0].startswith("✗") for each in ROWS)
    terminalreporter.line(f"{len(ROWS)} rows, {failed} not as expected")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
