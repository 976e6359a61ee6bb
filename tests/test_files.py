"""Files that a Space gives back: kept for a while, shown as what they are, run as nothing."""

from contextlib import suppress

import httpx2
import pytest
from conftest import CAT, run
from starlette.testclient import TestClient

from api_bridge import Bridge, create_app, photos
from api_bridge.components import Component
from api_bridge.dialects.fetched import Files as Fetched
from api_bridge.dialects.queue5 import Queue5
from api_bridge.dialects.values import incoming
from api_bridge.faults import ContractBroken
from api_bridge.files import Files
from api_bridge.media import File

PAGE = File(b"<script>alert(1)</script>", "application/octet-stream", None, ".html")


def test_a_file_has_the_name_of_its_content():
    """The same file is kept once, and nobody guesses another's."""
    files = Files()
    first, again = files.keep(PAGE), files.keep(File(PAGE.content, PAGE.media, None, ".html"))
    assert first == again
    assert first["file"].startswith("v1/files/")
    assert files.get(first["file"].removeprefix("v1/files/")).content == PAGE.content


def test_the_oldest_go_first():
    """Memory has an end; what is asked for again is there again."""
    files = Files(most=25)
    names = [files.keep(File(bytes([n]) * 10, "x/y"))["file"].removeprefix("v1/files/") for n in range(3)]
    assert [files.get(name) is not None for name in names] == [False, True, True]
    files.keep(File(bytes([1]) * 10, "x/y"))
    files.keep(File(bytes([9]) * 10, "x/y"))
    assert [files.get(name) is not None for name in names] == [False, True, False]


def test_nothing_that_a_space_made_is_run():
    """A page inside an answer is bytes to save, never a page of the bridge's own."""
    bridge = Bridge({}, {})
    name = bridge.files.keep(PAGE)["file"]
    with TestClient(create_app(bridge)) as client:
        response = client.get(f"/{name}")
        assert response.content == PAGE.content
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in response.headers["content-security-policy"]
        gone = client.get("/v1/files/0000.png")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:tinyspaces:file-gone")


class Shelf:
    """A Space's files, by the path that they are asked for."""

    def __init__(self):
        self.asked = []

    async def fetch(self, path):
        self.asked.append(path)
        return CAT.read_bytes()


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"path": "/tmp/gradio/a b.jpg", "url": "http://elsewhere/x"}, "/gradio_api/file=/tmp/gradio/a%20b.jpg"),
        ({"path": "/tmp/a.jpg", "url": None}, "/gradio_api/file=/tmp/a.jpg"),
        ({"name": "/tmp/a.jpg", "data": None, "is_file": True}, "/gradio_api/file=/tmp/a.jpg"),
        ({"video": {"path": "/tmp/a.jpg"}, "subtitles": None}, "/gradio_api/file=/tmp/a.jpg"),
        ("/tmp/a.jpg", "/gradio_api/file=/tmp/a.jpg"),
        ({"url": "https://x.hf.space/gradio_api/file=/tmp/a.jpg"}, "/gradio_api/file=/tmp/a.jpg"),
    ],
)
def test_a_file_is_fetched_from_its_own_space(said, asked):
    """By its path, however a generation says it; another host's address is not followed even when it is told."""
    shelf = Shelf()
    file = run(incoming(Component("image", {}), said, Fetched(Queue5(shelf, {}))))
    assert (shelf.asked, file.media) == ([asked], "image/jpeg")


def test_a_file_elsewhere_is_not_followed():
    """Whatever a Space says, the bridge asks nobody but that Space."""
    shelf = Shelf()
    with pytest.raises(ContractBroken, match="does not follow"):
        run(incoming(Component("image", {}), {"url": "http://169.254.169.254/latest"}, Fetched(Queue5(shelf, {}))))
    assert shelf.asked == []


def test_a_file_inside_an_answer_is_read_from_it():
    """Gradio 3 puts pictures into the answer itself."""
    address = photos.describe(CAT.read_bytes()).data_url()
    shelf = Shelf()
    assert run(incoming(Component("image", {}), address, Fetched(Queue5(shelf, {})))).content == CAT.read_bytes()
    assert shelf.asked == []
    with pytest.raises(ContractBroken):
        run(incoming(Component("image", {}), "data:image/png;base64,!", Fetched(Queue5(shelf, {}))))


@pytest.mark.parametrize("kind", ["gallery", "annotatedimage", "highlightedtext", "chatbot", "label", "dataframe"])
@pytest.mark.parametrize("nonsense", [[3], {"a": 1}, "words", 3, [[1, 2, 3]]])
def test_nonsense_is_a_broken_contract_and_no_crash(kind, nonsense):
    """A Space that changed its form, or its mind."""
    with suppress(ContractBroken):
        run(incoming(Component(kind, {}), nonsense, Fetched(Queue5(Shelf(), {}))))


def test_the_client_is_the_one_that_is_measured():
    """httpx2, and nothing else, speaks HTTP for the bridge."""
    from api_bridge.wire import HttpWire

    wire = HttpWire("http://127.0.0.1:1")
    assert isinstance(wire._client, httpx2.AsyncClient)
    run(wire.close())
