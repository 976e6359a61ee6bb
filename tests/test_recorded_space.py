"""The recording answers as the Space did, and nothing else."""

import pytest
from conftest import CAT, ROOT, run

from api_bridge import Bridge, RecordedSpace, load_all, photos
from api_bridge.answers import compare_examples
from api_bridge.examples import recorded
from api_bridge.faults import AppFailed, ContractBroken

DEMOS = load_all(ROOT / "site/demos")


def test_an_example_has_its_recorded_answer(contract):
    """Through the whole bridge, cleaning included."""
    bridge = Bridge({"catdog": contract}, {"here": RecordedSpace({"catdog": contract})})
    answer = run(bridge.ask("catdog", {"photo": photos.describe(CAT.read_bytes())}))
    assert answer.prediction == contract.json["examples"][0]["prediction"]


@pytest.mark.parametrize("demo", DEMOS)
def test_every_demo_can_be_looked_at_without_its_space(demo):
    """Also where several steps were asked, or one for each of several photos; a step that was skipped is again."""
    contract = DEMOS[demo]

    async def asked():
        bridge = Bridge(DEMOS, {"here": RecordedSpace(DEMOS)})
        return [await bridge.ask(demo, sample.input) for sample in recorded(contract)]

    for example, answer in zip(contract.json["examples"], run(asked()), strict=True):
        assert compare_examples(example, answer.prediction, contract) == []
        if contract.pipeline.several:
            assert {*answer.prediction} == {*example["prediction"]}


def test_anything_else_was_not_recorded(contract):
    """It does not make answers up."""
    space = RecordedSpace({"catdog": contract})
    with pytest.raises(AppFailed, match="Only the examples"):
        run(space.ask("/catdog", {"photo": photos.describe(b"x")}, 1))
    with pytest.raises(ContractBroken, match="no endpoint"):
        run(space.ask("/other", {}, 1))
