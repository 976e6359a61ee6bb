"""What a contract's steps mean: what each takes, when it is asked, after which others; and what can not be meant."""

import copy
import json
import random

import pytest
from conftest import ROOT

from api_bridge.contract import wrong_with
from api_bridge.pipeline import Unclear, read

CASES = json.loads(
    (ROOT / "tests/contracts/pipelines.json").read_text(encoding="utf-8")
)  # JavaScript is held to them too


def changed(contract: dict, change: dict) -> dict:
    """`contract` with what stands at each path of `change` replaced, or taken away where it is nothing."""
    made = copy.deepcopy(contract)
    for path, value in change.items():
        *places, last = path.split(".")
        inside = made
        for place in places:
            inside = inside[place]
        if value is None:
            del inside[last]
        else:
            inside[last] = value
    return made


@pytest.mark.parametrize("name", CASES["contracts"])
def test_steps_wait_for_what_they_need_and_for_nothing_else(name):
    """However they are written down, each comes after those it needs."""
    contract, expected = CASES["contracts"][name], CASES["pipelines"][name]
    assert wrong_with(contract) is None
    pipeline = read(contract)
    assert [step.name for step in pipeline.steps] == expected["order"]
    assert {step.name: list(step.needs) for step in pipeline.steps} == expected["needs"]
    assert {name: getattr(pipeline, name) for name in ("always", "several", "plain")} == {
        name: expected[name] for name in ("always", "several", "plain")
    }


@pytest.mark.parametrize("case", CASES["verdicts"], ids=lambda case: case["what"])
def test_a_step_is_asked_when_it_should_be_and_with_what_it_takes(case):
    """Not with half of it, and not where its condition is not true."""
    (step,) = (each for each in read(CASES["contracts"][case["contract"]]).steps if each.name == case["step"])
    assert step.due(case["values"]) is case["due"]
    if case["due"]:
        assert step.taken(case["values"]) == case["taken"]
        assert step.each == case.get("each")


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["what"])
def test_what_can_not_be_meant_is_refused_before_anybody_asks(case):
    """In words that say where, to whoever wrote it."""
    contract = CASES["contracts"][case["contract"]]
    assert wrong_with(contract) is None
    assert wrong_with(changed(contract, case["change"])) == case["wrong"]


def test_any_order_of_writing_is_understood():
    """Steps at random, each needing some before it, written down shuffled: all are asked, none too early."""
    dice = random.Random(7)
    whole = {"kind": "text", "type": "string"}
    for _ in range(200):
        names = [f"step{number}" for number in range(dice.randint(2, 8))]
        takes = {name: dice.sample(names[:at], dice.randint(0, at)) for at, name in enumerate(names)}
        written = dice.sample(names, len(names))
        contract = {
            **CASES["contracts"]["twice"],
            "steps": {
                name: {
                    "title": name,
                    "space": "here",
                    "endpoint": "/ask",
                    "takes": {f"from_{need}": need for need in takes[name]},
                    "pure": True,
                }
                for name in written
            },
            "prediction": {"type": "object", "required": [], "properties": dict.fromkeys(names, whole)},
        }
        assert wrong_with(contract) is None
        order = [step.name for step in read(contract).steps]
        assert sorted(order) == sorted(names)
        assert all(order.index(need) < order.index(name) for name in names for need in takes[name])
        # And with one need turned round, they wait for each other for ever.
        if takes[names[-1]]:
            contract["steps"][takes[names[-1]][0]]["takes"]["back"] = names[-1]
            with pytest.raises(Unclear, match="wait for each other"):
                read(contract)
