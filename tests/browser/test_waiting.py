"""Who waits sees what happens and roughly how long, can stop it, and can look at something else without losing anything."""

import re
from collections.abc import Iterator

import pytest
from conftest import CAT, CATDOG, said
from played import CAT_SAID, DOG_SAID, Played, Question, answer, ask, playing, problem, visited
from playwright.sync_api import Locator, Page, expect
from test_axe import violations

SURE = {"familiarity": 0.7, "unfamiliar": False}
DOG = CATDOG / "examples/drawn-dog.jpg"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with playing(tmp_path_factory.mktemp("dist")) as bridge:
        yield bridge


@pytest.fixture
def demo(page: Page, bridge: Played) -> Iterator[Page]:
    with visited(page, bridge) as page:
        yield page


def bar(page: Page) -> Locator:
    return answer(page).get_by_role("progressbar")


def waits(page: Page, bridge: Played, *events: tuple[str, dict]) -> Question:
    """Ask, let the first moment pass, and hear these events."""
    page.clock.install()
    ask(page)
    question = bridge.next()
    page.clock.fast_forward(600)
    for name, about in events:
        question.tell(name, **about)
    return question


# --- what happens


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (2, "2 are before you."),
        (1, "1 is before you."),
        (0, "You are next."),
        (10**300, "999 are before you."),
        (None, "You are in the queue."),
        ("<b>3</b>", "You are in the queue."),
        (-4, "You are in the queue."),
    ],
)
def test_the_place_in_the_queue_is_said(demo: Page, bridge: Played, place, words: str):
    """How many are before one; whatever a Space says in its place is no harm."""
    waits(demo, bridge, ("queue", {"place": place, "eta": None}))
    expect(answer(demo)).to_contain_text(words)
    expect(bar(demo)).to_have_count(0)


def test_the_estimate_is_counted_down_honestly(demo: Page, bridge: Played):
    """Roughly, with a bar, and when it is over nobody pretends to know better."""
    question = waits(demo, bridge, ("stage", {"stage": "SLEEPING", "eta": 47}))
    expect(answer(demo)).to_contain_text("The model was asleep and is waking up.")
    expect(answer(demo)).to_contain_text(re.compile("Usually about (50|45).s more."))
    assert float(bar(demo).get_attribute("value") or 0) < 0.1
    demo.clock.fast_forward(24_000)
    expect(answer(demo)).to_contain_text(re.compile("Usually about 25.s more."))
    question.tell("stage", stage="APP_STARTING", eta=20)
    expect(answer(demo)).to_contain_text("The model is starting.")
    expect(answer(demo)).to_contain_text(re.compile("Usually about 20.s more."))
    assert 0.4 < float(bar(demo).get_attribute("value") or 0) < 0.7
    demo.clock.fast_forward(21_000)
    expect(answer(demo)).to_contain_text("Any moment now.")
    expect(bar(demo)).to_have_attribute("value", "1")
    demo.clock.fast_forward(11_000)
    question.tell("stage", stage="RUNNING", eta=None)
    expect(answer(demo)).to_contain_text("The model is awake.")
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


@pytest.mark.parametrize("eta", [None, -1, 1e9, "soon", [3]])
def test_no_estimate_is_invented(demo: Page, bridge: Played, eta):
    """Where nobody knows, the page says how long it has been, and draws no bar."""
    waits(demo, bridge, ("stage", {"stage": "DREAMING", "eta": eta}))
    expect(answer(demo)).to_contain_text("The model is waking up.")
    demo.clock.fast_forward(30_000)
    expect(answer(demo)).to_contain_text(re.compile("3[0-9].s so far."))
    expect(answer(demo)).not_to_contain_text(re.compile("usually|moment now", re.IGNORECASE))
    expect(bar(demo)).to_have_count(0)


@pytest.mark.parametrize(
    ("about", "value", "words"),
    [
        ({"progress": 0.25, "desc": "Painting"}, "0.25", "Painting"),
        ({"index": 3, "length": 10, "unit": "steps"}, "0.3", "3 of 10 steps"),
        ({"index": 3, "length": 10, "unit": "steps", "desc": "<i>Deep</i>"}, "0.3", "<i>Deep</i>: 3 of 10 steps"),
        ({"progress": 7}, "1", ""),
        ({"index": 3, "length": 0}, None, "3 of 0"),
        ({"progress": "half", "desc": "x" * 300}, None, "x" * 79 + "…"),
        ({}, None, ""),
    ],
)
def test_the_models_own_progress_is_drawn(demo: Page, bridge: Played, about: dict, value: str | None, words: str):
    """As a bar that every browser knows, moving where nobody says how far; what the model says is text."""
    waits(demo, bridge, ("progress", about))
    expect(answer(demo)).to_contain_text("The model is at work.")
    expect(answer(demo).locator(".far p")).to_have_text(words)
    expect(bar(demo)).to_have_accessible_name("How far the model is")
    assert bar(demo).get_attribute("value") == value


def test_parts_of_an_answer_are_seen_as_they_come(demo: Page, bridge: Played):
    """With a word that it is not all; what is not an answer yet is not drawn as one."""
    question = waits(demo, bridge, ("partial", {"prediction": {"label": "cat"}}))
    question.tell("partial", prediction=None)
    question.tell("queue", place=0, eta=None)
    expect(answer(demo)).to_contain_text("You are next.")
    expect(demo.locator(".verdict")).to_have_count(0)
    half = {
        "label": "cat",
        "confidences": [{"label": "cat", "confidence": 0.7}, {"label": "dog", "confidence": 0.3}],
        **SURE,
    }
    question.tell("partial", prediction=half)
    expect(answer(demo)).to_contain_text("Probably a cat, 70 %.")
    expect(answer(demo)).to_contain_text("Still being answered: this is not all of it yet.")
    expect(demo.get_by_role("button", name="Cancel")).to_be_visible()
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    expect(answer(demo)).not_to_contain_text("Still being answered")


def test_what_is_over_in_a_moment_needs_no_words(demo: Page, bridge: Played):
    """A quick answer is not preceded by words that nobody can read, and their module is not fetched."""
    asked: list[str] = []
    demo.on("request", lambda request: asked.append(request.url))
    demo.clock.install()
    demo.clock.pause_at(demo.evaluate("Date.now()") + 1000)
    ask(demo)
    question = bridge.next()
    demo.clock.run_for(400)
    question.tell("queue", place=0, eta=0.1)
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    assert not [url for url in asked if "waiting" in url or "patience" in url]


def test_plain_words_stand_where_the_others_do_not_arrive(demo: Page, bridge: Played):
    """The site may be out of reach while the bridge is not: the question goes on."""
    demo.route("**/waiting.*.js", lambda route: route.abort())
    with demo.expect_event("requestfailed", lambda request: "waiting" in request.url):
        question = waits(demo, bridge, ("stage", {"stage": "SLEEPING", "eta": 40}))
    expect(answer(demo)).to_contain_text("Asking the model…")
    demo.clock.fast_forward(9000)
    expect(answer(demo)).to_contain_text("Still asking…")
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")


SPOKEN = """() => {
    const region = document.querySelector("#answer");
    const silent = (node) => (node instanceof Element ? node : node.parentElement)?.closest("[aria-live=off]");
    document.body.dataset.spoken = "";
    new MutationObserver((changes) => {
        const heard = changes.filter(({ target }) => target.isConnected && !silent(target));
        for (const each of heard) document.body.dataset.spoken += each.target.textContent + "|";
    }).observe(region, { subtree: true, childList: true, characterData: true });
}"""


def test_each_change_is_spoken_once(demo: Page, bridge: Played):
    """A screen reader hears what is new, and neither the seconds nor the same again."""
    question = waits(demo, bridge, ("stage", {"stage": "SLEEPING", "eta": 47}))
    expect(answer(demo)).to_contain_text("asleep")
    region = demo.locator("#answer")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(region).to_have_attribute("aria-atomic", "false")
    demo.evaluate(SPOKEN)
    body = demo.locator("body")
    for second in range(12):
        demo.clock.fast_forward(1000)
        question.tell("stage", stage="SLEEPING", eta=46 - second)
    question.tell("progress", progress=0.1, desc="a")
    expect(answer(demo)).to_contain_text("at work")
    question.tell("progress", progress=0.2, desc="b")
    expect(answer(demo).locator("bdi").first).to_have_text("b")
    expect(body).to_have_attribute("data-spoken", "The model is at work.|")
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    expect(region).to_have_attribute("aria-atomic", "true")


@pytest.mark.parametrize("event", [None, ("stage", {"stage": "SLEEPING", "eta": 40}), ("progress", {"progress": 0.5})])
def test_a_visitor_may_stop_waiting_at_any_time(demo: Page, bridge: Played, event):
    """Cancel ends the question for the bridge too, and the photo is still there."""
    question = waits(demo, bridge, *([event] if event else []))
    cancel = demo.get_by_role("button", name="Cancel")
    cancel.focus()
    demo.clock.fast_forward(9000)
    expect(demo.locator(".far")).to_be_visible()
    expect(cancel).to_be_focused()
    demo.keyboard.press("Enter")
    expect(answer(demo)).to_contain_text("The photo is ready: press Ask.")
    assert question.left.wait(5)


# --- and meanwhile


def asleep(page: Page, bridge: Played) -> Question:
    """A question whose Space is waking up."""
    question = waits(page, bridge, ("stage", {"stage": "SLEEPING", "eta": 40}))
    expect(answer(page)).to_contain_text("The model was asleep")
    return question


def test_an_example_loses_nothing(demo: Page, bridge: Played):
    """The question goes on; its answer is offered, not thrown over what is looked at, and stands by its own photo."""
    question = asleep(demo, bridge)
    answer(demo).get_by_role("link", name="A dog that somebody drew").click()
    expect(answer(demo)).to_contain_text(said("drawn-dog"))
    expect(answer(demo)).to_contain_text("A saved answer")
    expect(demo.locator("#reminder")).to_contain_text("Your question still waits.")
    question.tell("stage", stage="APP_STARTING", eta=10)
    question.tell("prediction", prediction=CAT_SAID)
    expect(demo.locator("#reminder")).to_contain_text("Your answer is here.")
    expect(answer(demo)).to_contain_text(said("drawn-dog"))
    demo.get_by_role("button", name="Show it").click()
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    expect(answer(demo)).to_contain_text("Answered by the model’s server")
    photo = demo.get_by_role("img", name="Your photo")
    expect(photo).to_have_js_property("naturalWidth", 451)
    expect(demo).not_to_have_url(re.compile("#"))
    expect(demo.get_by_role("button", name="Ask", exact=True)).to_be_focused()
    expect(demo.locator("#reminder")).to_be_empty()
    demo.get_by_role("button", name="Ask", exact=True).click()
    assert bridge.next().photo == CAT.read_bytes()


def test_an_answer_is_not_lost_to_an_example(demo: Page, bridge: Played):
    """One's own answer, and its photo, stand again after the way back, as often as an example is looked at."""
    question = asleep(demo, bridge)
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("Answered by the model’s server")
    for _ in range(2):
        demo.locator(".examples").get_by_role("link", name="Neither of them").click()
        expect(demo.locator("#reminder")).to_contain_text("Your answer is here.")
        demo.go_back()
        expect(answer(demo)).to_contain_text("A cat, over 99 %.")
        expect(answer(demo)).to_contain_text("Answered by the model’s server")
        expect(demo.get_by_role("img", name="Your photo")).to_have_js_property("naturalWidth", 451)
        expect(demo.locator("#reminder")).to_be_empty()


@pytest.mark.parametrize("way", ["Back to it", "the browser’s own"])
def test_the_way_back_to_the_question(demo: Page, bridge: Played, way: str):
    """From several examples, one finds one's own question as it is by then, and can still stop it."""
    question = asleep(demo, bridge)
    demo.locator(".examples").get_by_role("link", name="Neither of them").click()
    question.tell("stage", stage="BUILDING", eta=None)
    if way == "Back to it":
        demo.locator(".examples").get_by_role("link", name="Chelsea, a cat").click()
        demo.get_by_role("button", name=way).click()
    else:
        demo.go_back()
    expect(answer(demo)).to_contain_text("The model’s Space is being built.")
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()
    expect(demo.locator(".examples [aria-current]")).to_have_count(0)
    demo.get_by_role("button", name="Cancel").click()
    assert question.left.wait(5)


def test_a_question_about_an_example_comes_back_to_it(demo: Page, bridge: Played):
    """Its picture, its mark and its address."""
    demo.locator(".examples").get_by_role("link", name="A dog that somebody drew").click()
    demo.get_by_role("button", name="Ask", exact=True).click()
    question = bridge.next()
    assert question.photo == DOG.read_bytes()
    demo.locator(".examples").get_by_role("link", name="Chelsea, a cat").click()
    expect(answer(demo)).to_contain_text("A saved answer")
    question.tell("prediction", prediction=DOG_SAID)
    demo.get_by_role("button", name="Show it").click()
    expect(answer(demo)).to_contain_text("Answered by the model’s server")
    expect(demo.locator(".examples [aria-current]")).to_have_attribute("href", "#drawn-dog")
    expect(demo).to_have_url(re.compile("#drawn-dog$"))
    expect(demo.locator(".frame img")).to_have_attribute("src", "/catdog/examples/drawn-dog.jpg")


def test_a_question_that_fails_meanwhile_says_so(demo: Page, bridge: Played):
    """When asked, and not before."""
    question = asleep(demo, bridge)
    answer(demo).get_by_role("link", name="Chelsea, a cat").click()
    question.tell("problem", type="urn:tinyspaces:app-failed", detail="The model says: Only on Tuesdays.")
    expect(demo.locator("#reminder")).to_contain_text("Your question failed.")
    expect(demo.get_by_role("alert")).to_have_count(0)
    demo.get_by_role("button", name="See why").click()
    expect(demo.get_by_role("alert")).to_contain_text("Only on Tuesdays.")
    expect(demo.get_by_role("img", name="Your photo")).to_be_visible()


def test_the_skip_link_leaves_everything_where_it_is(demo: Page, bridge: Played):
    """A place on the page is no way back: what is looked at stays, and so does the question."""
    asleep(demo, bridge)
    answer(demo).get_by_role("link", name="Chelsea, a cat").click()
    demo.get_by_role("link", name="Skip to the content").press("Enter")
    expect(demo).to_have_url(re.compile("#main$"))
    expect(answer(demo)).to_contain_text("A saved answer")
    expect(demo.locator("#reminder")).to_contain_text("Your question still waits.")


def test_asking_about_the_example_takes_the_questions_place(demo: Page, bridge: Played):
    """One question at a time: the one asked last."""
    question = asleep(demo, bridge)
    answer(demo).get_by_role("link", name="A dog that somebody drew").click()
    demo.get_by_role("button", name="Ask", exact=True).click()
    assert question.left.wait(5)
    expect(demo.locator("#reminder")).to_be_empty()
    bridge.next().tell("prediction", prediction=DOG_SAID)
    expect(answer(demo)).to_contain_text(said("drawn-dog"))
    expect(answer(demo)).to_contain_text("Answered by the model’s server")


def test_another_photo_takes_the_questions_place(demo: Page, bridge: Played):
    """Who gives another photo while looking at an example has done with the first."""
    question = asleep(demo, bridge)
    answer(demo).get_by_role("link", name="Chelsea, a cat").click()
    ask(demo, DOG)
    assert question.left.wait(5)
    expect(demo.locator("#reminder")).to_be_empty()
    assert bridge.next().photo == DOG.read_bytes()


def test_the_keyboard_is_not_lost_on_the_way(demo: Page, bridge: Played):
    """From the example's link to the way back, and from there to Ask: never to the top of the page, nor to Ask unasked."""
    asleep(demo, bridge)
    answer(demo).get_by_role("link", name="Chelsea, a cat").focus()
    demo.keyboard.press("Enter")
    expect(demo.get_by_role("button", name="Back to it")).to_be_focused()
    demo.keyboard.press("Enter")
    expect(demo.get_by_role("button", name="Ask", exact=True)).to_be_focused()
    expect(answer(demo)).to_contain_text("The model was asleep")


# --- for everybody

HALF = {
    "label": "cat",
    "confidences": [{"label": "cat", "confidence": 0.7}, {"label": "dog", "confidence": 0.3}],
    **SURE,
}


def example_opened(page: Page, bridge: Played) -> None:
    question = asleep(page, bridge)
    answer(page).get_by_role("link", name="A dog that somebody drew").click()
    expect(page.get_by_role("button", name="Back to it")).to_be_visible()
    question.tell("prediction", prediction=CAT_SAID)
    expect(page.get_by_role("button", name="Show it")).to_be_visible()


def too_fast(page: Page, bridge: Played) -> None:
    bridge.instead = problem("too-many-questions", 429, "That was too fast.", retryable=True, retry_after=20)
    ask(page)
    expect(page.get_by_text("Ask again in 20 s.", exact=True)).to_be_visible()


def server_asleep(page: Page, bridge: Played) -> None:
    bridge.asleep = True
    ask(page)
    expect(page.get_by_text("may be asleep")).to_be_visible()


def told(*events: tuple[str, dict]):
    def state(page: Page, bridge: Played) -> None:
        waits(page, bridge, *events)
        expect(page.locator(".far")).to_be_visible()

    return state


STATES = {
    "waking": asleep,
    "waking, nobody knows how long": told(("stage", {"stage": "BUILDING", "eta": None})),
    "queue": told(("queue", {"place": 2, "eta": 12})),
    "progress": told(("progress", {"index": 3, "length": 10, "unit": "steps", "desc": "Painting"})),
    "progress, nobody knows how far": told(("progress", {})),
    "partial": told(("partial", {"prediction": HALF})),
    "an example meanwhile": example_opened,
    "too fast": too_fast,
    "the server sleeps": server_asleep,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_every_state_can_be_used_by_everybody(demo: Page, bridge: Played, state, scheme):
    """axe finds nothing, and nothing is cut off on a small phone."""
    demo.emulate_media(color_scheme=scheme)
    demo.set_viewport_size({"width": 320, "height": 800})
    state(demo, bridge)
    assert violations(demo) == []
    assert demo.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("width", [320, 833, 1280])
def test_no_word_moves_anything(demo: Page, bridge: Played, width: int):
    """Whoever is about to press Cancel, or an example, hits it, whatever is said meanwhile."""
    demo.set_viewport_size({"width": width, "height": 900})
    demo.clock.install()
    ask(demo)
    question = bridge.next()
    cancel, below = demo.get_by_role("button", name="Cancel"), demo.locator(".examples")
    before = (cancel.bounding_box(), below.bounding_box())
    demo.clock.fast_forward(9000)
    for words, name, about in (
        ("Still asking…", "", {}),
        ("12 are before you.", "queue", {"place": 12, "eta": None}),
        ("You are next.", "queue", {"place": 0, "eta": 30}),
        ("The model was asleep", "stage", {"stage": "SLEEPING", "eta": 40}),
        ("The model’s Space is being built.", "stage", {"stage": "BUILDING", "eta": None}),
        ("Painting", "progress", {"progress": 0.5, "desc": "Painting"}),
        ("Drying", "progress", {"desc": "Drying"}),
    ):
        if name:
            question.tell(name, **about)
        expect(demo.locator(".wait")).to_contain_text(words)
        assert (cancel.bounding_box(), below.bounding_box()) == before, words
    question.tell("prediction", prediction=CAT_SAID)
    expect(answer(demo)).to_contain_text("A cat, over 99 %.")
    assert below.bounding_box() == before[1]
