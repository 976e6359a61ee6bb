"""The recording answers as the Space did, and nothing else."""

import pytest
from conftest import CAT, run

from api_bridge import Bridge, RecordedSpace, photos
from api_bridge.faults import AppFailed, ContractBroken


def test_an_example_has_its_recorded_answer(contract):
    """Through the whole bridge, cleaning included."""
    bridge = Bridge({"catdog": contract}, {"here": RecordedSpace({"catdog": contract})})
    answer = run(bridge.ask("catdog", {"photo": photos.describe(CAT.read_bytes())}))
    assert answer.prediction == contract.json["examples"][0]["prediction"]


def test_anything_else_was_not_recorded(contract):
    """It does not make answers up."""
    space = RecordedSpace({"catdog": contract})
    with pytest.raises(AppFailed, match="Only the examples"):
        run(space.ask("/catdog", {"photo": photos.describe(b"x")}, 1))
    with pytest.raises(ContractBroken, match="no endpoint"):
        run(space.ask("/other", {}, 1))
