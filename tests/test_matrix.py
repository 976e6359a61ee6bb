"""
Real servers of fifteen Gradio versions, asked: `python dev.py test --gradio`, six minutes.

Not part of the ordinary run, where the transcripts that `record.py` made of these same
servers stand in for them.
"""

import pytest
from conftest import run
from generations import COMPONENTS, ROWS, running
from gradio_client import Client, handle_file
from questions import ASK, PHOTO, photo

from api_bridge.space import GradioSpace

pytestmark = pytest.mark.gradio


@pytest.mark.parametrize(("version", "mode", "app"), ROWS + COMPONENTS)
def test_every_generation_is_asked_for_real(version, mode, app):
    """The bridge's answer is right; where Gradio's own client can ask, it is the same."""

    async def ask(address):
        space = GradioSpace(address)
        try:
            return await ASK[app](space)
        finally:
            await space.close()

    with running(version, app, spaces=mode == "spaces") as address:
        assert run(ask(address)) is None
        if app != "components" and not version.startswith(("2.", "3.")):  # gradio_client 2 has forgotten these
            ours, theirs = run(by_both(address, app))
            assert theirs == ours


async def by_both(address, app):
    """The same question, by the bridge and by Gradio's own client; pictures are compared elsewhere."""
    space = GradioSpace(address)
    endpoint = "/turn" if app == "blocks" else next(iter((await space.about()).endpoints))
    ours = await space.ask(endpoint, {"photo": photo(), "name": "Ada", "times": 2}, 20)
    await space.close()
    theirs = Client(address, verbose=False).predict(handle_file(PHOTO), "Ada", 2, api_name=endpoint)
    return ours[1:], list(theirs[1:])
