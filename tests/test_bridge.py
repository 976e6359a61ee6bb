"""check → ask with patience → check, with a Space that does what the test says and a clock nobody waits for."""

import pytest
from conftest import CAT, run

from api_bridge import Bridge, photos
from api_bridge.bridge import PATIENCE
from api_bridge.contract import load
from api_bridge.faults import AppFailed, ContractBroken, DemoUnknown, MediaRefused, OutOfTime, SpaceBusy
from api_bridge.patience import ATTEMPTS
from api_bridge.space import About, Endpoint

PHOTO = {"photo": photos.describe(CAT.read_bytes())}


class ScriptedSpace:
    """Answers with the next of `answers` each time; faults among them are raised."""

    deployment = None

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked, self.looked = [], 0

    async def about(self):
        self.looked += 1
        return About("6.31.0", "queue5", {"/catdog": Endpoint("/catdog", (), (), queued=False)})

    async def ask(self, endpoint, takes, seconds, told=None):
        self.asked.append((endpoint, takes, seconds))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self):
        """Nothing is held."""


def bridge_to(space, contract):
    """A bridge whose clock is moved by its sleeping, and by nothing else."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    bridge = Bridge({"catdog": contract}, {"here": space}, clock=lambda: sum(slept), dice=lambda: 0.5, sleep=sleep)
    return bridge, slept


@pytest.fixture
def good(contract):
    return contract.json["examples"][0]["prediction"]


def test_a_photo_is_asked_about_once(contract, good):
    """The contract's endpoint, the contract's parameter, cleaned bytes, the whole of the time."""
    space = ScriptedSpace([good, "an extra output"])
    answer = run(bridge_to(space, contract)[0].ask("catdog", PHOTO))
    assert (answer.prediction, answer.route, answer.attempts) == (good, "bridge", 1)
    ((endpoint, takes, seconds),) = space.asked
    assert (endpoint, seconds) == ("/catdog", PATIENCE)
    assert takes["photo"].media == "image/jpeg"
    assert b"Exif" not in takes["photo"].content


def test_a_busy_space_is_asked_again(contract, good):
    """And the visitor never knows."""
    space = ScriptedSpace(SpaceBusy("Full."), SpaceBusy("Full."), [good])
    bridge, slept = bridge_to(space, contract)
    answer = run(bridge.ask("catdog", PHOTO))
    assert answer.attempts == 3
    assert slept == [0.25, 0.5]
    assert space.asked[2][2] == PATIENCE - 0.75


def test_three_times_and_then_it_is_said(contract):
    """How often it was tried, too."""
    space = ScriptedSpace(*[SpaceBusy("Full.")] * 9)
    with pytest.raises(SpaceBusy) as raised:
        run(bridge_to(space, contract)[0].ask("catdog", PHOTO))
    assert len(space.asked) == raised.value.attempts == ATTEMPTS


@pytest.mark.parametrize("fault", [AppFailed("No."), ContractBroken("Gone."), OutOfTime("Late.")])
def test_nothing_else_is_asked_again(contract, fault):
    """Waiting mends none of them."""
    space = ScriptedSpace(fault)
    with pytest.raises(type(fault)) as raised:
        run(bridge_to(space, contract)[0].ask("catdog", PHOTO))
    assert len(space.asked) == raised.value.attempts == 1


def test_what_is_not_pure_is_asked_once(write_contract):
    """An endpoint that does something must not do it twice."""
    contract = load(write_contract(lambda value: value["steps"]["catdog"].update(pure=False)))
    space = ScriptedSpace(SpaceBusy("Full."))
    with pytest.raises(SpaceBusy):
        run(bridge_to(space, contract)[0].ask("catdog", PHOTO))
    assert len(space.asked) == 1


def test_a_wrong_file_is_never_sent(contract):
    """The Space is not bothered with a visitor's mistake."""
    space = ScriptedSpace()
    with pytest.raises(MediaRefused):
        run(bridge_to(space, contract)[0].ask("catdog", {"photo": photos.describe(b"<svg/>")}))
    assert space.asked == []


@pytest.mark.parametrize("outputs", [[], [None], [{"label": "wolf", "confidences": []}]])
def test_a_changed_answer_is_never_shown(contract, outputs):
    """The contract is checked on the way back as well."""
    with pytest.raises(ContractBroken):
        run(bridge_to(ScriptedSpace(outputs), contract)[0].ask("catdog", PHOTO))


def test_an_unknown_demo_lists_those_there_are(contract):
    """A wrong address is mended by reading the right ones."""
    with pytest.raises(DemoUnknown, match="There are: catdog"):
        run(bridge_to(ScriptedSpace(), contract)[0].ask("bears", {}))


def test_the_status_says_what_it_found(contract, write_contract):
    """Which Gradio, or why not."""
    space, well = ScriptedSpace(), {"ready": True, "gradio": "6.31.0", "dialect": "queue5"}
    bridge = Bridge({"catdog": contract, "again": contract}, {"here": space})
    assert run(bridge.status("catdog", "again")) == {"catdog": well, "again": well}
    assert space.looked == 1  # one Space, however many demos
    moved = load(write_contract(lambda value: value["steps"]["catdog"].update(endpoint="/moved")))
    status = run(bridge_to(ScriptedSpace(), moved)[0].status("catdog"))["catdog"]
    assert (status["ready"], status["fault"]) == (False, "contract-broken")
