"""
The same question once: whoever asks what is being asked already joins, and predictions are kept for a while.

    prediction, word = await memory.once(key_of(...), lambda told: space.ask(..., told))  # asked, joined or kept
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from hashlib import sha256
from typing import Any, Generic, Literal, TypeVar

from cachetools import TTLCache

from api_bridge.dialects import Told
from api_bridge.media import File
from api_bridge.patience import Clock
from api_bridge.strict_json import Json

MOST = 500  # predictions
MOST_BYTES = 50_000_000
KEPT = 600.0  # seconds

T = TypeVar("T")
Word = Literal["asked", "joined", "kept"]


class Joined(Generic[T]):
    """Work that is done once for all who wait for it, and given up when the last of them has left."""

    def __init__(self, work: Coroutine[Any, Any, T]):
        self._task = asyncio.create_task(work)
        self._waiting = 0

    @property
    def over(self) -> bool:
        """Nobody can join any more: it is done, or everybody has left."""
        return self._task.done() or self._task.cancelling() > 0

    async def wait(self) -> T:
        """Return what the work returns, or raise what it raises."""
        self._waiting += 1
        try:
            await asyncio.wait([self._task])  # which one who leaves does not cancel
            return self._task.result()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()
                await asyncio.wait([self._task])  # nothing goes on behind the last one's back
                if not self._task.cancelled():
                    self._task.exception()  # looked at, so that nobody is told how given-up work ended


class Heard:
    """Tells all who wait for the same answer what happens meanwhile, and those who come later the last of it."""

    def __init__(self) -> None:
        self._listeners: list[Told] = []
        self._last: tuple[str, Json] | None = None

    def __call__(self, event: str, about: Json) -> None:
        self._last = event, about
        for told in self._listeners:
            told(event, about)

    def join(self, told: Told | None) -> None:
        if told:
            self._listeners.append(told)
            if self._last:
                told(*self._last)

    def leave(self, told: Told | None) -> None:
        if told in self._listeners:
            self._listeners.remove(told)


class Memory(Generic[T]):
    """Joins identical questions in flight, and remembers what came of them; a fault is never remembered."""

    def __init__(
        self,
        clock: Clock,
        size: Callable[[T], int],
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
        seconds: float = KEPT,
    ):
        self._asking: dict[str, tuple[Joined[T], Heard]] = {}
        self._size, self._most_bytes, self._most = size, most_bytes, most
        # Each takes up its share of the bytes at least, so that there are never more than `most`.
        self._kept: TTLCache[str, T] = TTLCache(
            most_bytes, seconds, timer=clock, getsizeof=lambda answer: max(size(answer), most_bytes // max(1, most))
        )

    async def once(
        self,
        key: str,
        ask: Callable[[Told], Awaitable[T]],
        told: Told | None = None,
        *,
        keep: bool = True,
        fresh: Callable[[T], bool] = lambda answer: True,
    ) -> tuple[T, Word]:
        """
        Return what `ask` gives, or gave to somebody with the same `key`, and which of these it was.

        What `ask` tells meanwhile is heard by the `told` of everybody. A fault reaches all who joined,
        and is over then: the next question with this key is asked. So is one whose kept answer is not `fresh`.
        """
        with suppress(KeyError):
            if fresh(self._kept[key]):
                return self._kept[key], "kept"
        word: Word = "joined"
        found = self._asking.get(key)
        if found is None or found[0].over:
            heard = Heard()
            found = self._asking[key] = Joined(self._asked(key, ask, heard, keep)), heard
            word = "asked"
        asking, heard = found
        try:
            heard.join(told)
            return await asking.wait(), word
        finally:
            heard.leave(told)
            if asking.over and self._asking.get(key) is found:
                del self._asking[key]

    async def _asked(self, key: str, ask: Callable[[Told], Awaitable[T]], heard: Heard, keep: bool) -> T:
        answer = await ask(heard)
        if keep and self._most and self._size(answer) <= self._most_bytes:
            self._kept[key] = answer
        return answer


def key_of(demo: str, revision: int, endpoint: str, space: str, model: str | None, takes: Json) -> str:
    """
    Return a name that two questions share only where their answers would be the same.

    `model` is the digest of the one that the contract speaks of, where it does.
    """
    question = [demo, revision, endpoint, space, model, takes]
    text = json.dumps(question, sort_keys=True, separators=(",", ":"), default=_by_digest)
    return sha256(text.encode()).hexdigest()


def _by_digest(value: object) -> Json:
    if isinstance(value, File):
        return {"sha256": sha256(value.content).hexdigest(), "media": value.media, "ending": value.ending}
    raise TypeError(f"{type(value).__name__} is not JSON")
