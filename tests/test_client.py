"""A generation that nobody knows yet: Gradio's own client asks in the bridge's place."""

from collections.abc import Iterator

import pytest
from conftest import ROOT, gradio_app, run
from proxy import proxy
from questions import ask_blocks

from api_bridge.faults import ContractBroken
from api_bridge.space import GradioSpace
from api_bridge.transcript import RecordedWire


@pytest.fixture(scope="module")
def blocks() -> Iterator[str]:
    """The matrix's app on the Gradio that is installed here."""
    with gradio_app(ROOT / "tests/matrix/app.py", "blocks") as address:
        yield address


def test_tomorrows_gradio_is_asked_through_its_own_client(blocks):
    """Photos, streams and the app's own words, all the same; and the status says that it is so."""

    async def ask(where):
        space = GradioSpace(where)
        try:
            return (await space.about()).dialect, await ask_blocks(space)
        finally:
            await space.close()

    with proxy(blocks, prefix="/tomorrow") as where:
        assert run(ask(where)) == ("client", None)


def test_what_not_even_its_own_client_knows_is_said(blocks):
    """The maintainer learns which Gradio it is, and that both need an update."""
    config = {"version": "9.1.0", "protocol": "carrier-pigeon", "dependencies": [], "components": []}
    said = {"said": [{"do": "get", "path": "/config", "answer": config}]}
    with pytest.raises(ContractBroken, match=r"Gradio 9\.1\.0"):
        run(GradioSpace("http://recorded", wire=RecordedWire(said)).about())
