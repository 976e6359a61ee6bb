"""The page asks again by itself where that helps, within bounds that a server can live with, and says when one should."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx2
import pytest
from conftest import CAT, Road, copied_site, free_port, said
from played import CAT_SAID, Played, answer, ask, playing, problem, visited
from playwright.sync_api import Page, expect
from servers import says, served, server

import build
import dev
from api_bridge import Bridge, GradioSpace, create_app
from api_bridge.contract import load

ASLEEP = "The model’s server may be asleep: it is tried again."
MOST = 25  # polls of a server that sleeps


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with playing(tmp_path_factory.mktemp("dist")) as bridge:
        yield bridge


@pytest.fixture
def demo(page: Page, bridge: Played) -> Iterator[Page]:
    page.clock.install()
    page.add_init_script(COUNTED)
    with visited(page, bridge) as page:
        yield page


COUNTED = """{
    const { fetch } = window;
    const flying = (more) => {
        const { dataset } = document.documentElement;
        dataset.flying = Number(dataset.flying ?? 0) + more;
    };
    window.fetch = (...words) => {
        flying(1);
        return fetch(...words).finally(() => flying(-1));
    };
}"""


def let_pass(page: Page, seconds: int) -> None:
    """Let time pass second by second, and whatever the page asks in one be answered before the next."""
    for _ in range(seconds):
        page.clock.fast_forward(1000)
        expect(page.locator("html")).not_to_have_attribute("data-flying", re.compile("[1-9]"))


def busy(after: float | None) -> dict:
    """The members of a problem that time mends."""
    return {"retryable": True} if after is None else {"retryable": True, "retry_after": after}


def asks_a_sleeper(page: Page, bridge: Played) -> None:
    """Ask a bridge that sleeps, and see that the page knows."""
    bridge.asleep = True
    ask(page)
    page.clock.fast_forward(600)
    expect(answer(page)).to_contain_text(ASLEEP)


# --- a bridge that sleeps


def test_a_bridge_that_sleeps_is_waited_for(demo: Page, bridge: Played):
    """The photo is sent once more when it is up, and not before; nobody has to press anything."""
    asks_a_sleeper(demo, bridge)
    expect(answer(demo).get_by_role("link", name="Chelsea, a cat")).to_be_visible()
    let_pass(demo, 30)
    assert (bridge.asked, bridge.polls > 3) == (1, True)
    bridge.asleep = False
    let_pass(demo, 16)
    question = bridge.next()
    expect(answer(demo)).to_contain_text("Asking the model again…")
    assert (bridge.asked, question.photo) == (2, CAT.read_bytes())
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_a_bridge_that_sleeps_on_is_left_alone(demo: Page, bridge: Played):
    """Four minutes, at most twenty-five small requests, and then never again until somebody asks."""
    asks_a_sleeper(demo, bridge)
    let_pass(demo, 215)
    expect(answer(demo)).to_contain_text(ASLEEP)
    let_pass(demo, 60)
    alert = demo.get_by_role("alert")
    expect(alert).to_have_attribute("data-kind", "bridge-unreachable")
    expect(alert).to_contain_text("The photo is still here: ask again in a moment. Or look at an example")
    polls = bridge.polls
    assert 12 <= polls <= MOST
    let_pass(demo, 60)
    assert (bridge.asked, bridge.polls) == (1, polls)


def test_twenty_five_polls_are_the_end(demo: Page, bridge: Played):
    """Also on a machine whose dice and clock make every pause as short as nothing."""
    demo.evaluate("Math.random = () => -5")
    asks_a_sleeper(demo, bridge)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "bridge-unreachable")
    assert (bridge.asked, bridge.polls) == (1, MOST)


@pytest.mark.parametrize(("kind", "status", "most"), [("space-busy", 503, 3), ("too-many-questions", 429, 2)])
def test_a_question_is_sent_three_times_at_most(demo: Page, bridge: Played, kind: str, status: int, most: int):
    """When it is asked, when the bridge has woken, and when the model has time again: then it is left to the visitor."""
    asks_a_sleeper(demo, bridge)
    bridge.asleep = False
    bridge.instead = problem(kind, status, "Not now.", **busy(2))
    let_pass(demo, 20)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", kind)
    polls = bridge.polls
    let_pass(demo, 60)
    assert (bridge.asked, bridge.polls) == (most, polls)


def test_polls_do_not_pile_up(demo: Page, bridge: Played):
    """A host that takes its time is asked by one request, not by one every few seconds."""
    flying: list[int] = [0]
    demo.on("request", lambda request: flying.append(flying[-1] + 1) if "healthz" in request.url else None)
    demo.on("requestfailed", lambda request: flying.append(flying[-1] - 1) if "healthz" in request.url else None)
    bridge.poll.clear()
    asks_a_sleeper(demo, bridge)
    for _ in range(60):
        demo.clock.fast_forward(1000)
    bridge.poll.set()
    assert max(flying) == 1
    assert 2 <= bridge.polls <= 6


@pytest.mark.parametrize("health", [{"alive": False}, {"alive": "true"}, [], "hello"])
def test_only_a_bridge_that_lives_is_asked(demo: Page, bridge: Played, health):
    """Whoever else answers at its address gets no photo."""
    asks_a_sleeper(demo, bridge)
    bridge.asleep, bridge.health = False, health
    let_pass(demo, 30)
    assert bridge.polls > 2
    assert bridge.asked == 1


@pytest.mark.parametrize("way", ["cancels", "gives another photo"])
def test_who_goes_elsewhere_leaves_no_poll_behind(demo: Page, bridge: Played, way: str):
    """Nothing is asked in the name of somebody who has gone."""
    asks_a_sleeper(demo, bridge)
    let_pass(demo, 10)
    if way == "cancels":
        demo.get_by_role("button", name="Cancel").click()
        expect(answer(demo)).to_contain_text("The photo is ready: press Ask.")
    else:
        demo.get_by_label("Photo").set_input_files(CAT)
        expect(answer(demo)).to_contain_text("The photo is ready: press Ask.")
    polls = bridge.polls
    bridge.asleep = False
    let_pass(demo, 60)
    assert (bridge.asked, bridge.polls) == (1, polls)


def test_nobody_looking_is_nobody_asking(demo: Page, bridge: Played):
    """A tab in the background asks nothing; looked at again, it goes on."""
    asks_a_sleeper(demo, bridge)
    look(demo, hidden=True)
    let_pass(demo, 16)
    polls = bridge.polls
    bridge.asleep = False
    let_pass(demo, 60)
    assert (bridge.asked, bridge.polls) == (1, polls)
    look(demo, hidden=False)
    let_pass(demo, 16)
    bridge.next().tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def look(page: Page, *, hidden: bool) -> None:
    """Put the page into the background, or back: a browser without a window never does so itself."""
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_without_a_line_nothing_is_asked(demo: Page, bridge: Played):
    """In a tunnel the page waits for its end, and then asks by itself."""
    demo.context.set_offline(True)
    ask(demo)
    demo.clock.fast_forward(600)
    expect(answer(demo)).to_contain_text("You are offline: it is tried again when you are back.")
    let_pass(demo, 60)
    assert (bridge.asked, bridge.polls) == (0, 0)
    expect(demo.get_by_role("button", name="Cancel")).to_be_visible()
    bridge.asleep = True
    demo.context.set_offline(False)
    let_pass(demo, 4)
    expect(answer(demo)).to_contain_text(ASLEEP)
    bridge.asleep = False
    let_pass(demo, 16)
    bridge.next().tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_an_example_may_be_looked_at_while_the_bridge_sleeps(demo: Page, bridge: Played):
    """The question is asked in the background, about its own photo, and its answer offered."""
    asks_a_sleeper(demo, bridge)
    answer(demo).get_by_role("link", name="A dog that somebody drew").click()
    expect(answer(demo)).to_contain_text(said("drawn-dog"))
    bridge.asleep = False
    let_pass(demo, 16)
    question = bridge.next()
    assert question.photo == CAT.read_bytes()
    question.tell("prediction", prediction=CAT_SAID)
    expect(demo.locator("#reminder")).to_contain_text("Your answer is here.")
    expect(answer(demo)).to_contain_text(said("drawn-dog"))


def test_who_may_not_ask_again_by_itself_says_so_at_once(demo: Page, bridge: Played):
    """Where the part of the page that waits does not arrive, the fault stands there as ever."""
    demo.route("**/patience.*.js", lambda route: route.abort())
    bridge.asleep = True
    ask(demo)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", "bridge-unreachable")
    assert bridge.polls == 0


# --- a model that is busy


def test_a_busy_model_is_asked_once_more(demo: Page, bridge: Played):
    """After the time that it asked for; a second refusal is said, with the time after which to ask."""
    bridge.instead = problem("space-busy", 503, "The model is busy.", **busy(12))
    ask(demo)
    demo.clock.fast_forward(600)
    expect(answer(demo)).to_contain_text("The model is busy: it is asked again by itself.")
    expect(answer(demo)).to_contain_text(re.compile(r"Asked again in 1\d.s\."))
    let_pass(demo, 8)
    assert bridge.asked == 1
    let_pass(demo, 5)
    expect(demo.get_by_role("alert")).to_contain_text("The model is busy. The photo is still here: ask again in 12 s")
    expect(demo.get_by_text(re.compile(r"^Ask again in \d+.s\.$"))).to_be_visible()
    let_pass(demo, 60)
    assert (bridge.asked, bridge.polls) == (2, 0)


def test_a_busy_model_that_has_time_again_answers(demo: Page, bridge: Played):
    """Also when it said so in the middle of a stream."""
    ask(demo)
    refused = {"type": "urn:tinyspaces:space-busy", "status": 503, "detail": "Too many ask.", **busy(3)}
    bridge.next().tell("problem", **refused)
    demo.clock.fast_forward(600)
    expect(answer(demo)).to_contain_text("The model is busy")
    let_pass(demo, 4)
    question = bridge.next()
    assert question.photo == CAT.read_bytes()
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


@pytest.mark.parametrize(
    ("kind", "status", "after"),
    [
        ("too-many-questions", 429, 20),
        ("out-of-time", 504, 20),
        ("space-busy", 503, 90),
        ("space-busy", 503, None),
        ("space-busy", 503, -1),
    ],
)
def test_what_the_visitor_has_to_decide_is_not_asked_by_itself(demo: Page, bridge: Played, kind, status, after):
    """Asking too fast, waiting for minutes: said at once, and left to whoever reads it."""
    bridge.instead = problem(kind, status, "Not now.", **busy(after))
    ask(demo)
    expect(demo.get_by_role("alert")).to_have_attribute("data-kind", kind)
    let_pass(demo, 100)
    assert bridge.asked == 1


def test_the_time_to_ask_again_ticks_in_silence(demo: Page, bridge: Played):
    """Beside the button and in no live region; the alert says it once, and over is over."""
    bridge.instead = problem("too-many-questions", 429, "That was too fast.", **busy(12))
    ask(demo)
    alert = demo.get_by_role("alert")
    expect(alert).to_have_text(
        "That was too fast. The photo is still here: ask again in 12 s. Or look at an example, which needs no server."
    )
    beside = demo.locator(".again")
    expect(beside).to_have_text("Ask again in 12 s.")
    assert beside.evaluate("(each) => each.closest('[aria-live], [role=alert], [role=status]')") is None
    let_pass(demo, 5)
    expect(beside).to_have_text(re.compile(r"Ask again in [67].s\."))
    expect(alert).to_contain_text("ask again in 12 s")
    let_pass(demo, 8)
    expect(beside).to_be_empty()
    bridge.instead = None
    demo.get_by_role("button", name="Ask", exact=True).click()
    bridge.next().tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


def test_what_must_not_be_done_twice_is_not_asked_twice(page: Page, tmp_path: Path):
    """A demo whose Space does something with each question is asked again by people only."""
    copied_site(tmp_path / "site")
    contract = tmp_path / "site/demos/catdog/contract.json"
    contract.write_text(contract.read_text(encoding="utf-8").replace('"pure": true', '"pure": false'), encoding="utf-8")
    page.clock.install()
    with playing(tmp_path / "dist", tmp_path / "site") as bridge, visited(page, bridge):
        bridge.instead = problem("space-busy", 503, "The model is busy.", **busy(5))
        ask(page)
        expect(page.get_by_role("alert")).to_have_attribute("data-kind", "space-busy")
        let_pass(page, 20)
        assert bridge.asked == 1


def test_who_cancels_is_not_asked_for(demo: Page, bridge: Played):
    """Not even once more."""
    bridge.instead = problem("space-busy", 503, "The model is busy.", **busy(10))
    ask(demo)
    demo.clock.fast_forward(600)
    expect(answer(demo)).to_contain_text("The model is busy")
    demo.get_by_role("button", name="Cancel").click()
    let_pass(demo, 30)
    assert bridge.asked == 1


# --- the whole road


class Woken(httpx2.AsyncBaseTransport):
    """The way to a Space of the Hub: to its sleeping host, and once it is awake to a real Gradio."""

    def __init__(self, host: str, gradio: str):
        self.awake = Event()
        self._host, self._gradio = httpx2.URL(host), httpx2.URL(gradio)
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        to = self._gradio if self.awake.is_set() else self._host
        request.url = request.url.copy_with(scheme=to.scheme, host=to.host, port=to.port)
        request.headers["host"] = to.netloc.decode()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def test_a_space_of_the_hub_wakes_up(page: Page, road: Road, write_contract, tmp_path, monkeypatch):
    """From the page through the bridge and the Hub's word to a real model: told how far it is, answered when it is up."""
    page.add_init_script("delete globalThis.Worker")  # or this device would answer
    folder = write_contract(lambda contract: contract["steps"]["catdog"].update(space="someone/pets"))
    stages = ["SLEEPING"]

    def hub(request):
        assert request.path == "/api/spaces/someone/pets/runtime"
        says(200, b'{"stage": "%s"}' % stages[-1].encode())(request)

    port = free_port()
    with server(hub) as huggingface, server(says(503, b"<h1>This Space is sleeping</h1>")) as host:
        monkeypatch.setenv("HF_ENDPOINT", huggingface)
        way = Woken(host, road.space)
        space = GradioSpace("someone/pets", transport=way)
        asked = Bridge({"catdog": load(folder)}, {"someone/pets": space})
        with served(create_app(asked, [f"http://127.0.0.1:{port}"])) as bridge, dev.site(tmp_path / "dist", port):
            build.write(build.build(bridge=bridge), tmp_path / "dist")
            page.goto(f"http://127.0.0.1:{port}/catdog/")
            ask(page)
            expect(answer(page)).to_contain_text("The model was asleep and is waking up.", timeout=10_000)
            stages.append("APP_STARTING")
            expect(answer(page)).to_contain_text("The model is starting.", timeout=10_000)
            way.awake.set()
            stages.append("RUNNING")
            expect(answer(page)).to_contain_text("A cat, over 99 %.", timeout=20_000)
            expect(answer(page)).to_contain_text("Answered by the model’s server")
