"""What a Space said is kept without secrets, and said again only to whoever asks the same."""

import json

import pytest
from conftest import CAT, run
from servers import gradio_like, server

from api_bridge import photos
from api_bridge.faults import ContractBroken
from api_bridge.space import GradioSpace
from api_bridge.transcript import SPACE, RecordedWire, RecordingWire, TranscriptError
from api_bridge.wire import HttpWire


def kept(pages: dict[str, bytes], *questions: tuple[str, dict], token: str | None = None) -> dict:
    """What is kept of asking a server."""

    async def ask(where: str) -> dict:
        wire = RecordingWire(HttpWire(where, token=token))
        space = GradioSpace(where, wire=wire)
        for endpoint, takes in questions:
            try:
                await space.ask(endpoint, takes, 5)
            except ContractBroken:
                continue
        await space.close()
        return wire.transcript()

    with server(gradio_like(pages, queue=b"false")) as where:
        return run(ask(where))


def test_neither_token_nor_address_is_kept():
    """Even where the Space itself repeats them."""

    def repeats(request):
        said = request.headers.get("Authorization", "") + " at http://" + request.headers["Host"] + "/x"
        pages = {"/gradio_api/run/greet": json.dumps({"data": [said]}).encode()}
        gradio_like(pages, queue=b"false")(request)

    async def ask(where: str) -> dict:
        wire = RecordingWire(HttpWire(where, token="hf_secret"))
        space = GradioSpace(where, wire=wire)
        assert "hf_secret" in (await space.ask("/greet", {}, 5))[0]
        await space.close()
        return wire.transcript()

    with server(repeats) as where:
        text = json.dumps(run(ask(where)))
    assert "hf_secret" not in text
    assert "127.0.0.1" not in text
    assert f"{SPACE}/x" in text


def test_a_fault_is_kept_and_raised_again():
    """A recording of a bad day is a bad day again."""
    transcript = kept({}, ("/greet", {}))
    with pytest.raises(ContractBroken, match="not there any more"):
        run(GradioSpace("http://recorded", wire=RecordedWire(transcript)).ask("/greet", {}, 5))


def test_what_was_read_twice_is_kept_once():
    """A large description does not make a large recording."""
    pages = {"/gradio_api/run/greet": b'{"data": ["hello"]}'}
    transcript = kept(pages, ("/greet", {}), ("/nowhere", {}), ("/greet", {}))
    reads = [each for each in transcript["said"] if each["path"] == "/config"]
    assert [("again" in each) for each in reads] == [False, True]
    space = GradioSpace("http://recorded", wire=RecordedWire(transcript))

    async def again() -> list:
        first = await space.ask("/greet", {}, 5)
        with pytest.raises(ContractBroken):
            await space.ask("/nowhere", {}, 5)
        return [first, await space.ask("/greet", {}, 5)]

    assert run(again()) == [["hello"], ["hello"]]


def test_on_a_socket_every_word_counts():
    """A dialect that says another thing than it did is noticed at once."""
    said = {"do": "socket", "path": "/queue/join", "heard": [{"msg": "send_hash"}], "told": [{"fn_index": 0}]}

    async def talk(word: dict) -> None:
        async with RecordedWire({"said": [said]}).socket("/queue/join") as socket:
            assert await socket.hear() == {"msg": "send_hash"}
            await socket.tell(word)

    run(talk({"fn_index": 0}))
    with pytest.raises(TranscriptError):
        run(talk({"fn_index": 1}))


def test_a_file_is_known_by_its_bytes():
    """Another photo is another question."""
    file = photos.describe(CAT.read_bytes())
    other = photos.describe(CAT.read_bytes() + b"\0")
    said = {
        "do": "upload",
        "path": "/upload",
        "body": {**file.described(), "sha256": "0"},
        "answer": ["/tmp/a.jpg"],
    }
    with pytest.raises(TranscriptError):
        run(RecordedWire({"said": [said]}).upload("/upload", other))
