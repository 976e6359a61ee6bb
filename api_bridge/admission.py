"""
Who may ask now: one `Door` before each Space, one `Gate` for each visitor.

    async with door.enter(deadline, told=lambda place: ...):
        await space.ask(...)

What would not be answered in time is refused at the door, where it costs nobody anything.
"""

import asyncio
import math
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import islice

from cachetools import TLRUCache

from api_bridge.faults import SpaceBusy
from api_bridge.patience import Clock, Deadline, Usual

INSIDE = 4  # questions that a Space works on at once: fewer leave it waiting for us, more wait in it
WAITING = 16  # questions that wait for their turn

A_MINUTE = 10.0  # questions that one visitor may ask
BURST = 5  # of them at once
CLIENTS = 10_000  # visitors remembered at most

_KEY = secrets.token_bytes(16)  # of this process: nobody can look up whose hash it was


class Door:
    """Lets so many questions in at once, and the others in the order in which they came."""

    def __init__(self, clock: Clock, limit: int = INSIDE, queue: int = WAITING):
        self.usual = Usual()  # how long the Space takes to answer
        self.inside = 0
        self._clock, self._limit, self._longest = clock, limit, queue
        self._queue: deque[_Ticket] = deque()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @asynccontextmanager
    async def enter(
        self, deadline: Deadline, told: Callable[[int], None] = lambda place: None, *, again: bool = False
    ) -> AsyncIterator[None]:
        """
        Wait for a turn and keep it until the block ends; raise `SpaceBusy` where there is none in time.

        `told` hears the place in the queue, 1 being next, whenever it changes. Who comes `again` has
        waited before: first in the queue, however long that is.
        """
        if self.inside < self._limit:
            self.inside += 1
        else:
            await self._turn(deadline, told, again)
        started = self._clock()
        try:
            yield
            self.usual.add(self._clock() - started)  # how soon something fails teaches nothing
        finally:
            self._leave()

    def wait(self, place: int) -> float | None:
        """Return the seconds that whoever is at `place` can expect to wait; None as long as nobody knows."""
        usual = self.usual.seconds()
        return None if usual is None else usual * place / self._limit

    async def _turn(self, deadline: Deadline, told: Callable[[int], None], again: bool) -> None:
        place = 1 if again else self.waiting + 1
        if (place > self._longest and not again) or self._too_late(place, deadline):
            raise self._busy(place)
        ticket = _Ticket(told)
        self._queue.insert(place - 1, ticket)
        self._tell_places(place - 1)
        try:
            async with asyncio.timeout(deadline.left()):
                await ticket.turn.wait()
        except BaseException as error:
            self._give_back(ticket)
            if isinstance(error, TimeoutError):
                raise self._busy(self.waiting + 1) from None
            raise

    def _too_late(self, place: int, deadline: Deadline) -> bool:
        """An answer takes the wait and then the Space's own time; unknown times are worth a try."""
        wait, usual = self.wait(place), self.usual.seconds()
        return wait is not None and usual is not None and wait + usual > deadline.left()

    def _busy(self, place: int) -> SpaceBusy:
        wait = self.wait(place)
        after = None if wait is None else max(1.0, wait)
        return SpaceBusy("More people are asking than the model can answer.", retry_after=after)

    def _give_back(self, ticket: "_Ticket") -> None:
        """Leave the queue, or the turn that came in the very moment of leaving."""
        if ticket in self._queue:
            place = self._queue.index(ticket)
            self._queue.remove(ticket)
            self._tell_places(place)
        else:
            self._leave()

    def _leave(self) -> None:
        """The turn goes to the next in the queue; nobody who comes later can be faster."""
        if self._queue:
            self._queue.popleft().turn.set()
            self._tell_places(0)
        else:
            self.inside -= 1

    def _tell_places(self, begin: int) -> None:
        """Tell each from `begin` on where they stand now; apart from all else, so that none can do harm."""
        for place, ticket in enumerate(islice(self._queue, begin, None), begin + 1):
            asyncio.get_running_loop().call_soon(ticket.told, place)


class _Ticket:
    """One place in the queue."""

    def __init__(self, told: Callable[[int], None]):
        self.told, self.turn = told, asyncio.Event()


@dataclass(frozen=True)
class Quota:
    """What a visitor may still ask, as draft-ietf-httpapi-ratelimit-headers tells it."""

    limit: int
    window: int  # seconds in which so many may be asked
    remaining: int
    reset: int  # seconds until there is one more

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"asks";q={self.limit};w={self.window}',
            "RateLimit": f'"asks";r={self.remaining};t={self.reset}',
        }


class Gate:
    """
    Lets each visitor ask so often a minute, and so often at once.

    Of each it remembers one number, the moment when the whole burst is there again; then the visitor
    is forgotten.
    """

    def __init__(self, clock: Clock, a_minute: float = A_MINUTE, burst: int = BURST, most: int = CLIENTS):
        self._clock, self._each, self._burst = clock, 60 / a_minute, burst  # seconds until one more
        self._full_at: TLRUCache[str, float] = TLRUCache(most, ttu=lambda client, full_at, now: full_at, timer=clock)

    def take(self, client: str) -> float:
        """Return 0.0 where `client` may ask, or else the seconds to wait; only what is let through is counted."""
        now = self._clock()
        full_at = self._full_at.get(client, now) + self._each
        wait = full_at - now - self._burst * self._each
        if wait > 1e-9:
            return wait
        self._full_at[client] = full_at
        return 0.0

    def quota(self, client: str) -> Quota:
        """Return what `client` has left, for the headers of an answer."""
        now = self._clock()
        missing = (self._full_at.get(client, now) - now) / self._each
        used = max(0, math.ceil(missing - 1e-9))
        reset = math.ceil((missing - used + 1) * self._each) if used else 0
        return Quota(self._burst, round(self._burst * self._each), max(0, self._burst - used), reset)


def client_of(scope_client: str | None, forwarded: str | None, trusted_hops: int, key: bytes = _KEY) -> str:
    """
    Return a name for whoever asks: a keyed hash, never the address itself.

    Each of our own proxies wrote down whom it heard, at the right end of `X-Forwarded-For`
    (all of its lines, joined by commas); what stands left of those anybody can have written.
    """
    heard = [each.strip() for each in forwarded.split(",")] if forwarded else []
    road = [*heard, scope_client or ""]
    address = road[max(0, len(road) - 1 - trusted_hops)]
    return blake2b(_household(address).encode(), key=key, digest_size=12).hexdigest()


def _household(address: str) -> str:
    """One address can be written in many ways, with a port too, and an IPv6 subscriber has 2⁶⁴ of them."""
    host = address.removeprefix("[").partition("]")[0].partition("%")[0]
    host = host.partition(":")[0] if host.count(":") == 1 else host
    with suppress(ValueError):
        found = ip_address(host)
        if isinstance(found, IPv6Address):
            return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
        return str(found)
    return host.lower()
