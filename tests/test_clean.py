"""A photo that several steps take is cleaned once, for whoever needs it; what Spaces gave is passed on as it came."""

import asyncio
import time

import pytest
from conftest import run

from api_bridge.clean import Cleaning
from api_bridge.faults import OutOfTime
from api_bridge.media import File
from api_bridge.metrics import Metrics
from api_bridge.patience import Deadline
from api_bridge.pipeline import read

PHOTO, DRAWN = File(b"a photo", "image/jpeg", 4), File(b"drawn by a Space", "image/webp", 4)
STEPS = {
    "one": {"takes": {"picture": "input.photo"}},
    "two": {"takes": {"photo": "input.photo", "drawn": "one"}},
    "each": {"takes": {"photo": "input.photos[]"}},
}
ONE, TWO, EACH = (
    next(step for step in read({"steps": STEPS}).steps if step.name == name) for name in ("one", "two", "each")
)


class Workshop:
    """Cleans slowly, and counts."""

    def __init__(self, seconds=0.02):
        self.seconds, self.asked, self.given_up = seconds, [], 0

    async def clean(self, field, file):
        self.asked.append((field, file))
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return File(b"clean " + file.content, file.media, file.pixels)


def cleaning(workshop, seconds=5.0):
    return Cleaning(workshop, Deadline.after(seconds, time.monotonic), Metrics())


def test_a_photo_that_two_steps_take_is_cleaned_once():
    """By two at once, and by one that comes later."""

    async def steps():
        it = cleaning(workshop)
        first = await asyncio.gather(it.takes(ONE, {"picture": PHOTO}), it.takes(TWO, {"photo": PHOTO, "drawn": DRAWN}))
        return [*first, await it.takes(EACH, {"photo": PHOTO})]

    workshop = Workshop()
    one, two, each = run(steps())
    assert one["picture"] is two["photo"] is each["photo"]
    assert one["picture"].content == b"clean a photo"
    assert workshop.asked == [("photo", PHOTO)]


def test_what_a_space_gave_is_passed_on_as_it_came():
    """It is no stranger's: nothing of a picture that a model drew is lost on its way to the next."""
    taken = run(cleaning(Workshop()).takes(TWO, {"photo": PHOTO, "drawn": DRAWN}))
    assert taken["drawn"] is DRAWN


def test_whoever_leaves_takes_nothing_from_the_others():
    """And when the last one has left nobody cleans."""

    async def left(stay):
        it = cleaning(workshop)
        tasks = [asyncio.ensure_future(it.takes(ONE, {"picture": PHOTO})) for _ in range(2)]
        await asyncio.sleep(0.005)
        tasks[0].cancel()
        if not stay:
            tasks[1].cancel()
        return (await asyncio.gather(*tasks, return_exceptions=True))[1]

    workshop = Workshop()
    assert run(left(True))["picture"].content == b"clean a photo"
    assert (len(workshop.asked), workshop.given_up) == (1, 0)
    assert isinstance(run(left(False)), asyncio.CancelledError)
    assert workshop.given_up == 1


def test_a_photo_that_takes_too_long_is_not_waited_for():
    """The question's deadline holds for it as well."""
    with pytest.raises(OutOfTime, match="a smaller one is quicker"):
        run(cleaning(Workshop(60), seconds=0.05).takes(ONE, {"picture": PHOTO}))
