"""What the bridge tells as it happens is understood, however it arrives; whatever else arrives is a fault in words."""

from collections.abc import Iterator

import pytest
from conftest import CAT
from played import CAT_SAID, READABLE, Played, Question, answer, ask, playing, problem, visited
from playwright.sync_api import Page, expect
from starlette.responses import JSONResponse

from api_bridge.stream import event


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with playing(tmp_path_factory.mktemp("dist")) as bridge:
        yield bridge


@pytest.fixture
def demo(page: Page, bridge: Played) -> Iterator[Page]:
    with visited(page, bridge) as page:
        yield page


STREAM = 'event: queue\ndata: {"place":\ndata: 3}\n\n: still here\n\nid: 7\ndata:a: ü€😀\u2028b\nevent:  odd\n\nevent: lost\n\nevent: none\ndata: x'
EVENTS = [["queue", '{"place":\n3}'], [" odd", "a: ü€😀\u2028b"]]
READ = """async ([module, parts]) => {
    const { events } = await import(module);
    const heard = [];
    const body = (bytes) => new ReadableStream({
        start(stream) { for (const each of bytes) stream.enqueue(Uint8Array.from(each)); stream.close(); },
    });
    for (const bytes of parts) {
        const found = [];
        for await (const each of events(body(bytes), () => undefined)) found.push(each);
        heard.push(found);
    }
    return heard;
}"""


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
def test_a_stream_means_the_same_wherever_it_is_cut(demo: Page, line: str, mark: str):
    """Cut in two at every byte, in the middle of a letter or of a line's end, and cut into single bytes."""
    content = list((mark + STREAM.replace("\n", line)).encode())
    cuts = [[content[:at], content[at:]] for at in range(len(content) + 1)]
    module = demo.locator("script[type=module]").get_attribute("src")
    heard = demo.evaluate(READ, [module, [*cuts, [[byte] for byte in content]]])
    assert heard == [EVENTS] * len(heard)


def test_an_answer_arrives_byte_by_byte(demo: Page, bridge: Played):
    """A slow line loses nothing; comments and words of a newer bridge are no answer."""
    ask(demo)
    question = bridge.next()
    assert (question.accept, question.photo) == ("text/event-stream", CAT.read_bytes())
    told = event("accepted", {"demo": "catdog"}) + b": still here\n\n" + b'event: applause\ndata: {"prediction": 1}\n\n'
    for byte in b"\xef\xbb\xbf" + (told + event("prediction", {"prediction": CAT_SAID})).replace(b"\n", b"\r\n"):
        question.say(bytes([byte]))
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    assert question.left.wait(5), "after the answer nobody listens"


def test_an_older_bridge_answers_all_at_once(demo: Page, bridge: Played):
    """A page may be newer than the bridge that it asks."""
    bridge.instead = JSONResponse({"prediction": CAT_SAID}, headers=READABLE)
    ask(demo)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    expect(answer(demo)).to_contain_text("Answered by the model’s server")


def test_what_was_not_agreed_is_never_drawn(demo: Page, bridge: Played):
    """Whatever way it comes."""
    ask(demo)
    bridge.next().tell("prediction", prediction={"label": "wolf", "confidences": []})
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "contract-broken")


@pytest.mark.parametrize("said", [b"", b"event: prediction\ndata: {", b"event: prediction\ndata: {\n\n"])
def test_a_stream_that_ends_too_early_is_a_fault(demo: Page, bridge: Played, said: bytes):
    """Who waited is told that the connection was lost; what may have been done already is not asked for twice."""
    ask(demo)
    question = bridge.next()
    question.tell("accepted", demo="catdog")
    question.say(said)
    question.end()
    alert = demo.get_by_role("alert")
    expect(alert).to_have_attribute("data-kind", "connection-lost")
    expect(alert).to_contain_text("The connection was lost before the answer came. The photo is still here: ask again")
    assert (bridge.asked, bridge.polls) == (1, 0)


def test_a_problem_in_the_stream_is_told_in_its_own_words(demo: Page, bridge: Played):
    """Beside the field that it is about, as it would be without a stream."""
    ask(demo)
    refused = {"type": "urn:tinyspaces:input-refused", "detail": "The photo is too dark.", "field": "photo"}
    bridge.next().tell("problem", **refused)
    expect(demo.get_by_role("alert")).to_have_text("The photo is too dark.")
    expect(demo.get_by_label("Photo")).to_be_focused()


def test_a_mistake_is_told_before_any_stream(demo: Page, bridge: Played):
    """With its status, at once."""
    bridge.instead = problem("media-refused", 415, "This is no photo.", field="photo")
    ask(demo)
    expect(demo.get_by_role("alert")).to_contain_text("This is no photo.")
    expect(demo.get_by_label("Photo")).to_be_focused()


COUNTED = """() => {
    const { decode } = TextDecoder.prototype;
    let heard = 0;
    TextDecoder.prototype.decode = function (...words) {
        document.body.dataset.heard = ++heard;
        return decode.apply(this, words);
    };
}"""


def signs_of_life(page: Page, question: Question, times: int, seconds: int) -> None:
    """Say nothing but that somebody is there, so many times, and let as many seconds pass after each is heard."""
    body = page.locator("body")
    for _ in range(times):
        heard = int(body.get_attribute("data-heard") or 0)
        question.say(b": still here\n\n")
        expect(body).to_have_attribute("data-heard", str(heard + 1))
        page.clock.fast_forward(seconds * 1000)


def test_who_hears_nothing_more_is_told_so(demo: Page, bridge: Played):
    """Signs of life keep the page listening; after 35 seconds without any it lets go, and so does the bridge."""
    demo.clock.install()
    demo.evaluate(COUNTED)
    ask(demo)
    question = bridge.next()
    signs_of_life(demo, question, 3, 34)
    expect(answer(demo)).to_contain_text("Still asking…")
    signs_of_life(demo, question, 1, 36)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "out-of-time")
    assert question.left.wait(5)


def test_nobody_waits_for_ever(demo: Page, bridge: Played):
    """A bridge that is always still there and never answers has five minutes."""
    demo.clock.install()
    demo.evaluate(COUNTED)
    ask(demo)
    question = bridge.next()
    signs_of_life(demo, question, 9, 30)
    expect(answer(demo)).to_contain_text("Still asking…")
    signs_of_life(demo, question, 1, 31)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "out-of-time", timeout=2_000)
    assert question.left.wait(5)
