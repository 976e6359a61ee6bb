"""
Asks one question after the other in one way, and takes the time: a process of its own, so that nobody else pays for it.

    python asker.py '{"how": "bridge", "address": "http://127.0.0.1:8001", "name": "greet"}'

`how` is bridge, run (one request), call (the queue: join, then listen) or gradio_client; `photo` makes it a
question with that photo. For each `{"askers", "seconds"}` on standard input it answers with a line of
`{"times", "failures", "refused", "asked", "seconds"}`, times in seconds. Every question differs, and every
answer is looked at. Each asker asks once before the time is taken, so that connections are there.
"""

import asyncio
import base64
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PATIENCE = 40.0  # seconds; the bridge's own is 30

Ask = Callable[[int], Awaitable[None]]


class Refused(Exception):
    """Asked to come back later, and told when."""

    def __init__(self, seconds: float):
        self.seconds = seconds


class Failed(Exception):
    """Its text is the kind of failure."""


# --- questions


def text_of(number: int) -> str:
    return f"{os.getpid()}-{number}"


def different(photo: bytes, number: int) -> bytes:
    """Nearly the same picture, yet no cache takes it for the same: a JPEG's quantisation, changed in a few steps."""
    table = photo.index(b"\xff\xdb") + 5
    changed = bytearray(photo)
    for place in range(1, 11):  # the first few frequencies, that every photo has
        number, step = divmod(number, 3)
        changed[table + place] = max(1, changed[table + place] + step)
    return bytes(changed)


def check(said: object, name: str | None) -> None:
    """Raise `Failed` for an answer to another question, or to none."""
    right = said == f"Hello {name}!" if name else isinstance(said, dict) and "label" in said
    if not right:
        raise Failed(f"wrong answer: {str(said)[:60]}")


# --- ways


def over_http(how: str, address: str, name: str, photo: bytes | None) -> Ask:
    import httpx2

    # No bound of the client's own: that so many ask at once is what is measured.
    client = httpx2.AsyncClient(base_url=address, timeout=PATIENCE, limits=httpx2.Limits(max_connections=None))

    def given(number: int) -> object:
        if photo is None:
            return text_of(number)
        inside = base64.b64encode(different(photo, number)).decode()
        return {"url": f"data:image/jpeg;base64,{inside}", "meta": {"_type": "gradio.FileData"}}

    def looked_at(answer: httpx2.Response) -> object:
        after = answer.headers.get("retry-after", "")
        if answer.status_code in (429, 503) and after.isdecimal():
            raise Refused(float(after))
        if answer.status_code != 200:
            raise Failed(str(answer.status_code))
        return answer.json()

    async def bridge(number: int) -> None:
        asked = {"json": {"name": text_of(number)}}
        if photo:
            asked = {"files": {"photo": ("photo.jpg", different(photo, number), "image/jpeg")}}
        answer = looked_at(await client.post(f"/v1/demos/{name}/ask", **asked))
        check(answer["prediction"], None if photo else text_of(number))

    async def run(number: int) -> None:
        answer = looked_at(await client.post(f"/gradio_api/run/{name}", json={"data": [given(number)]}))
        check(answer["data"][0], None if photo else text_of(number))

    async def call(number: int) -> None:
        joined = looked_at(await client.post(f"/gradio_api/call/{name}", json={"data": [given(number)]}))
        async with client.stream("GET", f"/gradio_api/call/{name}/{joined['event_id']}") as answer:
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif event == "complete" and line.startswith("data: "):
                    return check(json.loads(line.removeprefix("data: "))[0], None if photo else text_of(number))
        raise Failed(event or "no answer")

    return {"bridge": bridge, "run": run, "call": call}[how]


def through_gradio_client(address: str, name: str, photo: Path | None) -> Callable[[int], None]:
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False)

    def ask(number: int) -> None:
        given = handle_file(photo) if photo else text_of(number)
        check(client.predict(given, api_name=f"/{name}"), None if photo else text_of(number))

    return ask


# --- asking


class Round:
    """What happened while so many asked."""

    def __init__(self, seconds: float, asked: int = 0):
        self.times: list[float] = []
        self.failures: Counter[str] = Counter()
        self.refused, self.asked = 0, asked
        self.began = time.perf_counter()
        self.until = self.began + seconds

    def failed(self, error: Exception) -> float:
        """Count it, and return how long to wait before asking again."""
        left = max(0.0, self.until - time.perf_counter())
        if isinstance(error, Refused):
            self.refused += 1
            return min(left, error.seconds)
        self.failures[str(error) if isinstance(error, Failed) else type(error).__name__] += 1
        return min(left, 0.1)

    def told(self) -> str:
        seconds = time.perf_counter() - self.began
        return json.dumps(
            {**{name: value for name, value in vars(self).items() if name != "until"}, "seconds": seconds}
        )


async def by_tasks(ask: Ask, askers: int, seconds: float, numbers: itertools.count) -> Round:
    async def warm() -> None:
        try:
            await ask(next(numbers))
        except Exception:  # it will be seen, and counted, in what follows
            return

    await asyncio.gather(*(warm() for _ in range(askers)))
    round = Round(seconds, asked=askers)

    async def over_and_over() -> None:
        while (begun := time.perf_counter()) < round.until:
            round.asked += 1
            try:
                await ask(next(numbers))
                round.times.append(time.perf_counter() - begun)
            except Exception as error:
                await asyncio.sleep(round.failed(error))

    await asyncio.gather(*(over_and_over() for _ in range(askers)))
    return round


def by_threads(ask: Callable[[int], None], askers: int, seconds: float, numbers: itertools.count) -> Round:
    round = Round(seconds)

    def over_and_over(_: int) -> None:
        while (begun := time.perf_counter()) < round.until:
            round.asked += 1
            try:
                ask(next(numbers))
                round.times.append(time.perf_counter() - begun)
            except Exception as error:
                time.sleep(round.failed(error))

    with ThreadPoolExecutor(askers) as threads:
        list(threads.map(over_and_over, range(askers)))
    return round


def main(how: str, address: str, name: str, photo: str | None = None) -> None:
    """Ask as standard input says, until it is closed."""
    numbers, loop = itertools.count(), asyncio.new_event_loop()
    if how == "gradio_client":
        threaded = through_gradio_client(address, name, Path(photo) if photo else None)
    else:
        ask = over_http(how, address, name, Path(photo).read_bytes() if photo else None)
    for line in sys.stdin:
        wanted = json.loads(line)
        if how == "gradio_client":
            round = by_threads(threaded, **wanted, numbers=numbers)
        else:
            round = loop.run_until_complete(by_tasks(ask, **wanted, numbers=numbers))
        print(round.told(), flush=True)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
