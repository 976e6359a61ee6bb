"""Every fault is told in the same shape, and the family's picture is true."""

import re

import pytest

from api_bridge import faults
from api_bridge.faults import Fault, InputRefused, SpaceBusy


def family(kind: type[Fault] = Fault) -> list[type[Fault]]:
    return [kind, *(each for child in kind.__subclasses__() for each in family(child))]


def test_the_drawing_names_every_fault_with_its_status():
    """Whoever reads the docstring has read the family."""
    drawn = dict(re.findall(r"[├└]── (\w+)(?: +(\d{3}))?", faults.__doc__))
    assert drawn == {each.__name__: str(each.status) if "kind" in vars(each) else "" for each in family()[1:]}


def test_kinds_are_words_of_their_own():
    """A page tells faults apart by their kind."""
    kinds = [each.kind for each in family() if "kind" in vars(each)]
    assert len(set(kinds)) == len(kinds)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", kind) for kind in kinds)


@pytest.mark.parametrize("kind", family())
def test_a_problem_has_what_rfc_9457_asks(kind):
    """Type, title, status and detail always; whether asking again can help, too."""
    problem = kind("Because.").problem("abc")
    assert problem["type"] == f"urn:tinyspaces:{kind.kind}"
    assert (problem["status"], problem["detail"], problem["trace_id"]) == (kind.status, "Because.", "abc")
    assert problem["title"]
    assert problem["retryable"] is kind.retryable


def test_only_what_there_is_to_say_is_said():
    """No nulls for a reader to wonder about."""
    assert "field" not in SpaceBusy("Full.").problem("a")
    assert InputRefused("No.", "age").problem("a")["field"] == "age"
    assert SpaceBusy("Full.", retry_after=3).problem("a")["retry_after"] == 3
