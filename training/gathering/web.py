"""
Pictures from the web, asked for politely: one address → its bytes, or a few words why not.

Two connections to a host, eight in all; a host that asks to be left alone is; nobody is
followed into a private network. fastai's `download_images` can not be made to do this: it cuts
addresses off at their `?`, names files at random, waits as long as a server cares to drip, reads
`file:` addresses, follows every redirect and hides each reason. So httpx's own transport asks.
"""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpcore2
import httpx2

AT_ONCE, OF_ONE_HOST = 8, 2  # connections
SECONDS = 20.0  # until an answer must be here to its last byte
CONNECT = 5.0  # of them, until a host must have taken the call
LARGEST = 16_000_000  # bytes of one picture
HOPS = 5  # addresses that lead to one picture, the first included
LONGEST_WISH = 30.0  # seconds: a host that wants a longer rest is left alone
WAIT = 2.0  # seconds before asking once more, where the host named none
STRIKES = 3  # answers in a row that did not come; the host is left alone then

HEADERS = [
    (b"User-Agent", b"TinySpaces/0.1 (python -m training.gather; photos to train a small model)"),
    (b"Accept", b"image/jpeg, image/png, image/webp"),
    (b"Accept-Encoding", b"identity"),  # what is not packed can not unpack to a gigabyte
]

ROUTED = ip_network("2000::/3")  # all of IPv6 that leads anywhere
NAT64 = ip_network("64:ff9b::/96")


class NotFetched(Exception):
    """
    A picture did not come. The text says why in words that many of them share, to be counted.

    NotFetched       it will not come tomorrow: gone, too large, in a private network
    └── NotNow       it may: its host is out of reach, too slow, or to be left alone
        └── Busy     the host says so itself, or hung up: the one fault that is asked again, once
    """


class NotNow(NotFetched):
    """Another day may be better."""


class Busy(NotNow):
    """The host wants a rest of so many seconds, or of `None` where it does not say."""

    def __init__(self, text: str, rest: float | None = None):
        super().__init__(text)
        self.rest = rest


def is_public(address: str) -> bool:
    """Return whether an IP address is out in the world; what is wrapped into another one is looked at itself."""
    it = ip_address(address.partition("%")[0])
    if isinstance(it, IPv6Address):
        wrapped = it.ipv4_mapped or it.sixtofour or (IPv4Address(int(it) & 0xFFFFFFFF) if it in NAT64 else None)
        if not wrapped and it not in ROUTED:
            return False
        it = wrapped or it
    return it.is_global and not it.is_multicast


class Web:
    """Asks for pictures inside one event loop; `public` says which IP addresses may be connected to."""

    def __init__(self, public: Callable[[str], bool] = is_public, seconds: float = SECONDS):
        # No proxy is used: it would look names up by itself, and could not be told which addresses to refuse.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(), network_backend=_Door(public), keepalive_expiry=4
        )
        self._seconds = seconds
        self._lines = asyncio.Semaphore(AT_ONCE)
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)

    async def fetch(self, url: str) -> bytes:
        """Return what lies at `url`, at most `LARGEST` bytes; raise `NotFetched`."""
        try:
            return await self._follow(url)
        except Busy:
            return await self._follow(url)  # not before the rest that the host asked for

    async def close(self) -> None:
        await self._pool.aclose()

    async def _follow(self, url: str) -> bytes:
        for _ in range(HOPS):
            address = _address(url)
            host = self._hosts[address.host]
            # Who waits for one host must not keep others from theirs: first its turn, then a line.
            async with host.turns:
                await host.rest()
                async with self._lines, host.watched():
                    answer = await self._ask(address)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise NotFetched("sent on and on")

    async def _ask(self, url: httpx2.URL) -> bytes | str:
        """The bytes there, or the address that it sends to."""
        there = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        timers = {"timeout": {"connect": CONNECT}}
        try:
            # One limit around everything: each byte of a drip would start any other anew.
            async with (
                asyncio.timeout(self._seconds),
                self._pool.stream("GET", there, headers=HEADERS, extensions=timers) as response,
            ):
                return await _answer(url, response)
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise NotNow("too slow") from error
        except (httpcore2.ConnectError, ssl.SSLError) as error:
            raise NotNow("out of reach") from error
        except (httpcore2.NetworkError, httpcore2.RemoteProtocolError) as error:
            raise Busy("hung up") from error


class _Host:
    """What is known of one host: whose turn it is, and when it wants a rest."""

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(OF_ONE_HOST)
        self._quiet_until = 0.0
        self._strikes = 0

    async def rest(self) -> None:
        """Wait until it may be asked; raise `NotNow` where that is not today."""
        while (left := self._quiet_until - time.monotonic()) > 0:
            if left > LONGEST_WISH:
                raise NotNow("left alone, as their host asked")
            await asyncio.sleep(left)
        if self._strikes >= STRIKES:
            raise NotNow("left alone, as their host did not answer")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Remember how the question inside ends."""
        try:
            yield
        except Busy as busy:
            rest = WAIT if busy.rest is None else busy.rest
            self._quiet_until = max(self._quiet_until, time.monotonic() + rest)
            self._strikes += 1
            raise
        except NotNow:
            self._strikes += 1
            raise
        self._strikes = 0


class _Door(httpcore2.AsyncNetworkBackend):
    """
    Opens every connection, that of a redirect too, to the very address that was looked at.

    A name is looked up once: a second answer, of a name server that changed its mind, is never heard.
    """

    def __init__(self, public: Callable[[str], bool]):
        self._public, self._network = public, httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("no such host") from error
        addresses = [str(each[4][0]) for each in found if self._public(str(each[4][0]))]
        if not addresses:
            raise NotFetched("in a private network")
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue  # a host of two addresses may be up at the other
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


def _address(url: str) -> httpx2.URL:
    try:
        address = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise NotFetched("no address of the web") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise NotFetched("no address of the web")
    return address


async def _answer(url: httpx2.URL, response: httpcore2.Response) -> bytes | str:
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    status = response.status
    if status in (301, 302, 303, 307, 308) and b"location" in headers:
        try:
            return str(url.join(headers[b"location"]))
        except (httpx2.InvalidURL, ValueError) as error:
            raise NotFetched("no address of the web") from error
    if status in (429, 502, 503, 504):
        raise Busy("their host is busy", _rest(headers.get(b"retry-after", "")))
    if status >= 500 or status == 408:
        raise NotNow("their host failed")
    if status != 200:
        raise NotFetched("gone" if status in (404, 410) else "refused")
    content = bytearray()
    async for part in response.aiter_stream():
        content += part
        if len(content) > LARGEST:
            raise NotFetched(f"larger than {LARGEST // 1_000_000} MB")
    return bytes(content)


def _rest(text: str) -> float | None:
    """Seconds until then, of a `Retry-After` in seconds or as a date; None where it says neither."""
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
