"""What changed of a demo of several steps is told of the step that changed, and once."""

import copy
import json

import pytest
from conftest import ROOT

from api_bridge.parts import compare_demos


def a_step_more(contract):
    contract["steps"]["again"] = {**contract["steps"]["guess"], "title": "Once more"}
    contract["prediction"]["properties"]["again"] = contract["prediction"]["properties"]["guess"]


def a_step_less(contract):
    del contract["steps"]["look"]
    contract["steps"] |= {"other": contract["steps"]["guess"]}
    contract["prediction"]["properties"]["other"] = contract["prediction"]["properties"]["guess"]


def only_one_step(contract):
    contract["steps"] = {"guess": contract["steps"]["guess"]}
    contract["prediction"] = contract["prediction"]["properties"]["guess"]


def labels(contract):
    return contract["prediction"]["properties"]["guess"]["properties"]["label"]


@pytest.mark.parametrize(
    ("change", "codes", "words"),
    [
        (lambda contract: None, [], ""),
        (a_step_more, ["step-added"], "There is a new step `again`."),
        (a_step_less, ["step-added", "step-removed"], "The step `look` is gone."),
        (only_one_step, ["prediction-changed"], "The answer has no parts now."),
        (
            lambda contract: contract["steps"]["look"].update(when="guess.confidence > 0.9"),
            ["step-when"],
            "Step `look`: it is asked when guess.confidence > 0.9 now.",
        ),
        (
            lambda contract: contract["steps"]["look"].pop("when"),
            ["step-when"],
            "Step `look`: it is asked when it can be now.",
        ),
        (
            lambda contract: contract["steps"]["look"].update(endpoint="/map"),
            ["endpoint-renamed"],
            "Step `look`: the endpoint /catdog-look is called /map now.",
        ),
        (
            lambda contract: contract["steps"]["guess"].update(pure=False),
            ["step-not-pure"],
            "Step `guess`: the endpoint /catdog keeps something between questions now.",
        ),
        (
            lambda contract: contract["input"]["properties"]["strength"].update(maximum=0.5),
            ["limit-narrowed"],
            "The field `strength` is at most 0.5 now; it was at most 1 before.",
        ),
        (
            lambda contract: labels(contract).update(enum=["cat", "wolf"]),
            ["label-renamed"],
            "Step `guess`: the label “dog” of the answer is called “wolf” now.",
        ),
    ],
)
def test_a_change_of_a_step_says_which(change, codes, words):
    """Whoever keeps a demo of several models reads which of them changed; what all share is told once."""
    agreed = json.loads((ROOT / "site/demos/catdog-look/contract.json").read_text(encoding="utf-8"))
    live = copy.deepcopy(agreed)
    change(live)
    found = compare_demos(agreed, live)
    assert sorted(each.code for each in found) == codes
    assert not words or words in [each.what for each in found]
