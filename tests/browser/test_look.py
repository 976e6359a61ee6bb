"""What a model looked at is shown of the photo that was asked about, and of no other."""

import re

from conftest import CAT, Road
from on_device import DEMOS
from playwright.sync_api import Page, expect

DOG = DEMOS / "catdog/examples/drawn-dog.jpg"
SHOW = re.compile("Show what it looked at")


def asked(page: Page, road: Road, *photos) -> None:
    """Give these photos one after the other, and ask about the last."""
    page.goto(road.demo)
    for photo in photos:
        page.get_by_label("Photo").set_input_files(photo)
        expect(page.get_by_role("img", name="Your photo")).to_be_visible()
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("main")).to_have_attribute("data-state", "answered")


def test_it_does_not_stay_under_another_answer(visitor: Page, road: Road):
    """The map of one example is gone when the next one is opened, also where it comes late."""
    visitor.goto(f"{road.origin}/catdog/#cat")
    visitor.get_by_role("button", name=SHOW).click()
    expect(visitor.locator(".look img")).to_be_visible(timeout=30_000)
    visitor.get_by_role("link", name="A dog that somebody drew").click()
    expect(visitor.locator("#answer .bars")).to_be_visible()
    expect(visitor.locator(".look")).to_have_count(0)
    visitor.get_by_role("button", name=SHOW).click()
    expect(visitor.locator(".look img")).to_be_visible(timeout=30_000)


def test_another_photo_in_the_form_is_not_explained_by_it(visitor: Page, road: Road):
    """After an Undo the form holds a photo that nobody asked about: nothing is offered to be shown of it."""
    asked(visitor, road, CAT, DOG)
    expect(visitor.get_by_role("button", name=SHOW)).to_be_visible()
    visitor.get_by_role("button", name="Undo").click()
    expect(visitor.get_by_text("Changed since this answer.")).to_be_visible()
    expect(visitor.get_by_role("button", name=SHOW)).to_have_count(0)
    visitor.get_by_role("link", name="Chelsea, a cat").click()
    expect(visitor.get_by_role("button", name=SHOW)).to_be_visible()
    visitor.go_back()
    expect(visitor.get_by_text("Changed since this answer.")).to_be_visible()
    expect(visitor.get_by_role("button", name=SHOW)).to_have_count(0)
    visitor.get_by_role("button", name="Ask").click()
    expect(visitor.get_by_text("Changed since this answer.")).to_be_hidden()
    expect(visitor.get_by_role("button", name=SHOW)).to_be_visible()


def test_on_a_phone_who_asks_sees_that_it_is_asked(visitor: Page, road: Road):
    """Of several steps the answer begins below the screen: it comes into view."""
    visitor.set_viewport_size({"width": 360, "height": 740})
    visitor.goto(f"{road.origin}/catdog-look/")
    visitor.get_by_label("Photo").set_input_files(CAT)
    visitor.get_by_role("button", name="Ask").click()
    expect(visitor.locator("#answer .verdict")).to_be_in_viewport(ratio=0.9, timeout=20_000)


def test_what_may_have_left_the_device_is_said_so(visitor: Page, road: Road):
    """A server that can not be reached may have had it; one that said that it sleeps had it surely."""
    answer = visitor.get_by_role("region", name="Answer")
    stream = {"content_type": "text/event-stream", "headers": {"Access-Control-Allow-Origin": "*"}}
    asleep = 'event: stage\ndata: {"stage": "SLEEPING", "eta": 40}\n\n'
    for instead, words in (
        (lambda route: route.abort(), "may have been sent to the server as well"),
        (lambda route: route.fulfill(body=asleep, **stream), "had been sent to the server as well"),
    ):
        visitor.unroute_all()
        visitor.route("**/ask", instead)
        visitor.goto(road.demo)
        visitor.get_by_label("Photo").set_input_files(CAT)
        visitor.get_by_role("button", name="Ask").click()
        expect(answer).to_contain_text(words, timeout=30_000)
