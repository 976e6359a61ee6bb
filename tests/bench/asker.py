"""
Asks one question after the other in one way, and takes the time, in a process of its own.

    python asker.py '{"how": "bridge", "address": "http://127.0.0.1:8001", "name": "greet"}'

`how` is bridge, run (one request, in `session` if one is given), call (the queue: join, then listen) or
gradio_client. For each `{"askers", "seconds"}` on standard input it answers with a line of
`{"times", "failures", "refused", "asked", "seconds"}`, times in seconds. Each asker asks once before the
time is taken, so that connections are there. Every question differs, unless `same` is one text for all;
`photo` makes it a photo. Every answer is looked at.
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
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 40.0  # seconds; the bridge's own is 30


class Refused(Exception):
    """Asked to come back later, and told when."""

    def __init__(self, seconds: float):
        self.seconds = seconds


class Failed(Exception):
    """Its text is the kind of failure."""


# --- questions


@dataclass(frozen=True)
class Question:
    """A text, or a photo."""

    text: str
    photo: bytes | None = None

    def for_gradio(self) -> object:
        if self.photo is None:
            return self.text
        inside = base64.b64encode(self.photo).decode()
        return {"url": f"data:image/jpeg;base64,{inside}", "meta": {"_type": "gradio.FileData"}}

    def check(self, said: object) -> None:
        """Raise `Failed` for an answer to another question, or to none."""
        if self.photo is None:
            right = said == f"Hello {self.text}!"
        else:
            right = isinstance(said, dict) and isinstance(said.get("label"), str)
        if not right:
            raise Failed(f"wrong answer: {str(said)[:60]}")


Next = Callable[[], Question]
Ask = Callable[[Question], Awaitable[None]]


def questions(photo: str | None, same: str | None) -> Next:
    """Return what gives the next question."""
    numbers = itertools.count()
    content = Path(photo).read_bytes() if photo else None

    def question() -> Question:
        number = next(numbers)
        return Question(same or f"{os.getpid()}-{number}", content and different(content, number))

    return question


def different(photo: bytes, number: int) -> bytes:
    """Nearly the same picture, yet no memory takes it for the same: other steps of a JPEG's quantisation."""
    table = photo.index(b"\xff\xdb") + 5
    changed = bytearray(photo)
    for place in range(1, 11):  # frequencies that every photo has
        number, step = divmod(number, 3)
        changed[table + place] = max(1, changed[table + place] + step)
    return bytes(changed)


# --- ways


class Http:
    """Ways over a plain HTTP client that keeps its connections, as many as there are askers."""

    def __init__(self, address: str, name: str, session: str | None):
        import httpx2

        many = httpx2.Limits(max_connections=None)
        self.client = httpx2.AsyncClient(base_url=address, timeout=PATIENCE, limits=many)
        self.name, self.session = name, {"session_hash": session} if session else {}

    async def bridge(self, question: Question) -> None:
        asked = {"json": {"name": question.text}}
        if question.photo:
            asked = {"files": {"photo": ("photo.jpg", question.photo, "image/jpeg")}}
        question.check((await self._post(f"/v1/demos/{self.name}/ask", **asked))["prediction"])

    async def run(self, question: Question) -> None:
        asked = {"data": [question.for_gradio()], **self.session}
        question.check((await self._post(f"/gradio_api/run/{self.name}", json=asked))["data"][0])

    async def call(self, question: Question) -> None:
        path = f"/gradio_api/call/{self.name}"
        joined = await self._post(path, json={"data": [question.for_gradio()]})
        async with self.client.stream("GET", f"{path}/{joined['event_id']}") as answer:
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif event == "complete" and line.startswith("data: "):
                    return question.check(json.loads(line.removeprefix("data: "))[0])
        raise Failed(event or "no answer")

    async def _post(self, path: str, **asked: object) -> dict:
        answer = await self.client.post(path, **asked)
        after = answer.headers.get("retry-after", "")
        if answer.status_code in (429, 503) and after.isdecimal():
            raise Refused(float(after))
        if answer.status_code != 200:
            raise Failed(str(answer.status_code))
        return answer.json()


def through_gradio_client(address: str, name: str, photo: str | None) -> Callable[[Question], None]:
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False)

    def ask(question: Question) -> None:
        given = handle_file(photo) if photo else question.text
        question.check(client.predict(given, api_name=f"/{name}"))

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

    def answered(self, begun: float) -> None:
        self.times.append(time.perf_counter() - begun)

    def failed(self, error: BaseException) -> float:
        """Count it, and return how long to wait before asking again."""
        left = max(0.0, self.until - time.perf_counter())
        if isinstance(error, Refused):
            self.refused += 1
            return min(left, error.seconds)
        self.failures[str(error) if isinstance(error, Failed) else type(error).__name__] += 1
        return min(left, 0.1)

    def told(self) -> str:
        told = {"times": self.times, "failures": self.failures, "refused": self.refused, "asked": self.asked}
        return json.dumps({**told, "seconds": time.perf_counter() - self.began})


async def by_tasks(ask: Ask, question: Next, askers: int, seconds: float) -> Round:
    async def once() -> None:
        try:
            await ask(question())
        except Exception:  # it will be seen, and counted, in what follows
            return

    await asyncio.gather(*(once() for _ in range(askers)))
    asked = Round(seconds, asked=askers)

    async def over_and_over() -> None:
        while (begun := time.perf_counter()) < asked.until:
            asked.asked += 1
            try:
                await ask(question())
                asked.answered(begun)
            except Exception as error:
                await asyncio.sleep(asked.failed(error))

    await asyncio.gather(*(over_and_over() for _ in range(askers)))
    return asked


def by_threads(ask: Callable[[Question], None], question: Next, askers: int, seconds: float) -> Round:
    asked = Round(seconds)

    def over_and_over(_: int) -> None:
        while (begun := time.perf_counter()) < asked.until:
            asked.asked += 1
            try:
                ask(question())
                asked.answered(begun)
            except BaseException as error:  # a future that was cancelled raises no `Exception`
                time.sleep(asked.failed(error))

    with ThreadPoolExecutor(askers) as threads:
        list(threads.map(over_and_over, range(askers)))
    return asked


def main(
    how: str, address: str, name: str, photo: str | None = None, session: str | None = None, same: str | None = None
) -> None:
    """Ask as standard input says, until it is closed."""
    question = questions(photo, same)
    if how == "gradio_client":
        threaded = through_gradio_client(address, name, photo)
        for line in sys.stdin:
            print(by_threads(threaded, question, **json.loads(line)).told(), flush=True)
    else:
        ask, loop = getattr(Http(address, name, session), how), asyncio.new_event_loop()
        for line in sys.stdin:
            print(loop.run_until_complete(by_tasks(ask, question, **json.loads(line))).told(), flush=True)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
