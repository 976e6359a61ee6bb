"""One call to a real Gradio, by queue and directly; and to servers that are not what they should be."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CAT, gradio_app, run
from gradio_client import Client, handle_file
from servers import ask

from api_bridge import photos
from api_bridge.faults import AppFailed, ContractBroken, OutOfTime
from api_bridge.space import GradioSpace, address


@pytest.fixture(scope="module")
def gradio() -> Iterator[str]:
    """A Gradio process of its own, with endpoints of every temper."""
    with gradio_app(Path(__file__).with_name("gradio_app.py")) as address:
        yield address


def test_it_learns_what_a_space_offers(gradio):
    """Endpoints by their names, their parameters in order, and whether they queue."""

    async def about():
        space = GradioSpace(gradio)
        try:
            return await space.about()
        finally:
            await space.close()

    about = run(about())
    assert (about.gradio, about.dialect) == ("6.31.0", "queue5")
    assert [each.name for each in about.endpoints["/greet"].parameters] == ["name", "times"]
    assert about.endpoints["/greet"].queued
    assert not about.endpoints["/greet_directly"].queued


@pytest.mark.parametrize("way", ["", "_directly"])
def test_arguments_go_by_name_and_outputs_come_whole(gradio, way):
    """In whatever order they are given; several outputs come as several."""
    assert ask(gradio, f"/greet{way}", {"times": 2, "name": "Ada"}) == ["Hello Ada!Hello Ada!", 3]


@pytest.mark.parametrize("way", ["", "_directly"])
def test_it_says_what_gradios_own_client_says(gradio, way):
    """The official client is the oracle: the same photo, the same answer."""
    theirs = Client(gradio, verbose=False).predict(handle_file(CAT), api_name=f"/measure{way}")
    assert ask(gradio, f"/measure{way}", {"photo": photos.describe(CAT.read_bytes())}) == [theirs]


@pytest.mark.parametrize("way", ["", "_directly"])
def test_the_apps_own_words_reach_the_visitor(gradio, way):
    """A `gr.Error` was written to be read; what could disturb a terminal is taken out."""
    with pytest.raises(AppFailed) as raised:
        ask(gradio, f"/complain{way}", {})
    assert raised.value.detail == "The model says: Only on Tuesdays.[31m"


@pytest.mark.parametrize("way", ["", "_directly"])
def test_a_crash_is_told_without_its_secrets(gradio, way):
    """The author can mend it; the visitor learns that there is nothing to learn."""
    with pytest.raises(AppFailed, match="did not say why") as raised:
        ask(gradio, f"/crash{way}", {})
    assert "swordfish" not in raised.value.detail
    assert raised.value.space == {"address": gradio}


def test_a_stream_of_answers_ends_with_its_last(gradio):
    """A generator's partial answers are passed over."""
    assert ask(gradio, "/count", {}) == [2]


def test_nobody_waits_for_ever(gradio):
    """The deadline ends what the Space does not."""
    begun = time.monotonic()
    with pytest.raises(OutOfTime):
        ask(gradio, "/sleep", {}, seconds=0.8)
    assert time.monotonic() - begun < 3


def test_what_is_not_there_any_more_breaks_the_contract(gradio):
    """An endpoint that was renamed, or a parameter that came or went, is named."""
    with pytest.raises(ContractBroken, match="no endpoint /gone"):
        ask(gradio, "/gone", {})
    with pytest.raises(ContractBroken, match="takes name, times where name, age was agreed"):
        ask(gradio, "/greet", {"name": "Ada", "age": 3})
    with pytest.raises(ContractBroken, match="takes photo where nothing was agreed"):
        ask(gradio, "/measure", {})


def test_what_is_not_given_is_the_spaces_own_default(gradio):
    """A parameter that came later, with a default, does not break a page."""
    assert ask(gradio, "/greet", {"name": "Ada"}) == ["Hello Ada!", 3]


@pytest.mark.parametrize(
    ("space", "where"),
    [
        ("Some.one/My_Space", "https://some-one-my-space.hf.space"),
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860"),
    ],
)
def test_a_spaces_name_is_its_address(space, where):
    """As the Hub has them."""
    assert address(space) == where
