"""
A stranger's photo stalls nobody and harms nobody, whatever it does to the process that reads it.

What cleaning large ones costs everybody else is measured by `python dev.py bench photos`.
"""

import asyncio
import contextlib
import io
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from api_bridge import photos, workshop
from api_bridge.faults import Fault, InputRefused, OutOfTime, SpaceBusy, VisitorFault
from api_bridge.media import File
from api_bridge.workshop import QUEUE, SMALL_BYTES, SMALL_PIXELS, Workshop

ROOT = Path(__file__).parent.parent


def photo(megapixels: float, kind: str = "JPEG", **options) -> File:
    """A photo with something on it."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    size = (width, width * 3 // 4)
    image = Image.effect_noise((size[0] // 4 + 1, size[1] // 4 + 1), 60).convert("RGB").resize(size)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return photos.describe(out.getvalue())


LARGE = photo(2)
SLOW = photo(20, "WEBP", method=0)  # half a second


OTHERS: set[int] = set()  # workers of other tests' bridges, which are still there


@pytest.fixture(autouse=True)
def only_our_own() -> None:
    OTHERS.clear()
    OTHERS.update(workers())


def workers() -> list[int]:
    """The workers that a test has now, as the system knows them: ids, without those that ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"api_bridge.workshop" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return sorted(set(found) - OTHERS)


def working(test, number: int = 1):
    """Run `test` with a workshop, in a loop of its own: Playwright holds this thread's. No worker is left."""

    async def once():
        shop = Workshop(number)
        try:
            await test(shop)
        finally:
            await shop.close()
        assert workers() == []

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, once()).result()


async def busy(number: int = 1) -> list[int]:
    """Wait until so many workers are up and in the middle of a photo."""
    while True:
        await asyncio.sleep(0.02)
        rss = [int(Path(f"/proc/{each}/statm").read_text().split()[1]) * 4096 for each in workers()]
        if sum(size > 70e6 for size in rss) >= number:
            return workers()


# --- what comes out


@pytest.mark.parametrize("file", [LARGE, photo(0.05), photo(1, "PNG"), photo(1, "WEBP")], ids=lambda file: file.media)
def test_a_photo_comes_out_as_it_would_without_a_workshop(file):
    """The same bytes, media type, pixels and ending: only where the work is done differs."""

    async def test(shop):
        assert await shop.clean("photo", file) == photos.cleaned(file)

    working(test)


def test_what_is_no_photo_is_left_as_it_is():
    """A table or a sound is nobody's to re-encode, and starts no process."""

    async def test(shop):
        table = File(b"a,b\n" * 100_000, "text/csv", ending=".csv")
        assert await shop.clean("table", table) is table
        assert workers() == []

    working(test)


def test_only_large_photos_cost_a_process(monkeypatch):
    """A bridge that is asked with small ones stays small; a large one never is decoded beside the loop."""
    here = []

    def cleaned(file, field):
        here.append(file)
        return file

    monkeypatch.setattr(photos, "cleaned", cleaned)
    monkeypatch.setattr(photos, "clean", lambda *words: pytest.fail("decoded in the bridge's own process"))
    few, many = b"x" * (SMALL_BYTES - 1), b"x" * SMALL_BYTES

    async def test(shop):
        small = File(few, "image/jpeg", SMALL_PIXELS - 1)
        assert await shop.clean("photo", small) is small
        assert here == [small]
        assert workers() == []
        for file in (File(few, "image/jpeg", SMALL_PIXELS), File(many, "image/jpeg", SMALL_PIXELS - 1)):
            with pytest.raises(InputRefused):
                await shop.clean("photo", file)
        assert here == [small]
        assert len(workers()) == 1

    working(test)


def test_a_refusal_crosses_the_border_whole():
    """The visitor reads the same words beside the same field, and the worker takes the next photo."""
    broken = File(LARGE.content[: len(LARGE.content) // 2], LARGE.media, LARGE.pixels)
    with pytest.raises(InputRefused) as expected:
        photos.clean("“Fóto”\n", broken)

    async def test(shop):
        await shop.clean("photo", LARGE)
        before = workers()
        with pytest.raises(InputRefused) as raised:
            await shop.clean("“Fóto”\n", broken)
        assert raised.value.problem("t") == expected.value.problem("t")
        assert raised.value.detail == expected.value.detail
        assert await shop.clean("photo", LARGE)
        assert workers() == before

    working(test)


def test_every_kind_of_fault_has_a_name_to_cross_with():
    """Whatever cleaning will refuse one day is told as what it is."""
    kinds = workshop._KINDS
    assert kinds["file-too-large"].__name__ == "FileTooLarge"
    assert all(kind.kind == name for name, kind in kinds.items())
    assert kinds["fault"] is Fault
    assert VisitorFault not in kinds.values()


# --- workers that die


def test_a_worker_that_is_killed_takes_one_question_with_it():
    """Whose photo it was is told so; who asked beside it gets an answer, and so does everybody after."""

    async def test(shop):
        beside = asyncio.create_task(shop.clean("photo", SLOW))
        (other,) = await busy()
        harmed = asyncio.create_task(shop.clean("mine", SLOW))
        (victim,) = set(await busy(2)) - {other}
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(InputRefused, match="The photo can not be read") as raised:
            await harmed
        assert raised.value.field == "mine"
        assert (await beside).media == "image/jpeg"
        both = await asyncio.gather(*(shop.clean("photo", LARGE) for _ in range(4)))
        assert {file.media for file in both} == {"image/jpeg"}
        assert victim not in workers()

    working(test, 2)


def test_a_worker_that_dies_idle_harms_nobody():
    """The system may take its memory whenever it likes."""

    async def test(shop):
        await shop.clean("photo", LARGE)
        (idle,) = workers()
        os.kill(idle, signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert await shop.clean("photo", LARGE)
        assert workers() != [idle]

    working(test)


def test_a_photo_that_eats_memory_ends_its_worker_only():
    """The limit is the worker's: the machine and the other askers keep theirs."""
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG", transparency=0)  # 20 kB that ask for two gigabytes
    bomb = photos.describe(out.getvalue())

    async def test(shop):
        with pytest.raises(InputRefused, match="can not be read"):
            await shop.clean("photo", bomb)
        assert await shop.clean("photo", LARGE)

    working(test)


def test_the_hungriest_honest_photo_fits():
    """Twenty-four megapixels, see-through and moving: what a contract takes is cleaned."""
    frames = [Image.new("RGBA", (6000, 4000), (number * 9, 2, 3, 4)) for number in range(2)]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], method=0)

    async def test(shop):
        assert (await shop.clean("photo", photos.describe(out.getvalue()))).media == "image/jpeg"

    working(test)


def test_a_photo_that_never_ends_is_given_up(monkeypatch):
    """Nobody waits for a worker that hangs, and the next asker gets one that does not."""
    monkeypatch.setattr(workshop, "LONGEST", 2.0)

    async def test(shop):
        await shop.clean("photo", LARGE)
        (stuck,) = workers()
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(OutOfTime, match="too long"):
            await shop.clean("photo", LARGE)
        assert await shop.clean("photo", LARGE)
        assert stuck not in workers()

    working(test)


# --- many at once, and the end


def test_no_more_at_once_than_there_are_workers():
    """Memory is bounded: the others wait in a line of fixed length, and past it are told when to come back."""

    async def test(shop):
        asked = [asyncio.create_task(shop.clean("photo", LARGE)) for _ in range(2 + QUEUE)]
        await asyncio.sleep(0)
        with pytest.raises(SpaceBusy, match="Too many photos at once") as raised:
            await shop.clean("photo", LARGE)
        assert 1 <= raised.value.retry_after < 60
        assert await shop.clean("photo", photo(0.05))  # small ones are not in that line
        assert len(await asyncio.gather(*asked)) == 2 + QUEUE
        assert len(workers()) == 2
        assert await shop.clean("photo", LARGE)

    working(test, 2)


def test_a_machine_with_nothing_left_to_give_is_busy():
    """Without a file to open no worker starts: worth asking again, and no bug of the bridge's own."""

    async def test(shop):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # no more than it has
        try:
            with pytest.raises(SpaceBusy, match="hands full"):
                await shop.clean("photo", LARGE)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert await shop.clean("photo", LARGE)

    working(test)


def test_who_leaves_stops_the_work():
    """A visitor who closes the page frees the worker at once, whether the photo was on its bench or in the line."""

    async def test(shop):
        leaving = [asyncio.create_task(shop.clean("photo", SLOW)) for _ in range(3)]
        (old,) = await busy()
        for each in leaving:
            each.cancel()
        done = await asyncio.gather(*leaving, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in done)
        assert await shop.clean("photo", LARGE)
        assert old not in workers()
        assert shop._inside == 0

    working(test)


def test_closing_leaves_no_process_and_nobody_waiting():
    """Who is in the middle is told that it is worth asking again, not that the photo is bad."""

    async def test(shop):
        asked = [asyncio.create_task(shop.clean("photo", SLOW)) for _ in range(4)]
        await busy(2)
        await shop.close()
        assert workers() == []
        for each in asked:
            with pytest.raises(SpaceBusy):
                await each
        with pytest.raises(SpaceBusy):
            await shop.clean("photo", LARGE)
        assert workers() == []

    working(test, 2)


def test_a_ctrl_c_reaches_the_bridge_only():
    """A terminal tells everybody; photos that came in are cleaned while the bridge drains."""

    async def test(shop):
        await shop.clean("photo", LARGE)
        before = workers()
        for each in (signal.SIGINT, signal.SIGTERM):
            os.kill(before[0], each)
            assert await shop.clean("photo", LARGE)
        assert workers() == before

    working(test)


PROGRAM = """
import asyncio, os, signal, sys
print("the program runs", flush=True)
from api_bridge.photos import describe
from api_bridge.workshop import Workshop

async def main():
    shop = Workshop(1)
    await shop.clean("photo", describe(sys.stdin.buffer.read()))
    (worker,) = shop._started
    print(worker.pid, b"swordfish" in open(f"/proc/{worker.pid}/environ", "rb").read(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_a_bridge_that_is_killed_leaves_nothing_behind(tmp_path):
    """No orphan keeps its memory; a worker never imports the program again, and never sees the token."""
    program = tmp_path / "app.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "HF_TOKEN": "swordfish", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, program], input=LARGE.content, env=environment, capture_output=True)
    first, told = done.stdout.decode().splitlines()
    assert first == "the program runs"
    pid, knows = told.split()
    assert knows == "False"
    for _ in range(100):
        command = Path(f"/proc/{pid}/cmdline")
        if not command.exists() or b"api_bridge.workshop" not in command.read_bytes():
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived its bridge")
