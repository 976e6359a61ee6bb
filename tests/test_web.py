"""Pictures from servers that are slow, endless, busy, elsewhere, or next door: over real sockets."""

import asyncio
import http.server
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
import trustme
from conftest import free_port, run
from hypothesis import given
from hypothesis import strategies as st
from servers import says, server

from training.gathering import web
from training.gathering.web import Busy, NotFetched, NotNow, Web, is_public


def here(address: str) -> bool:
    """What tests may connect to: this machine as 127.0.0.1, and nothing else."""
    return address == "127.0.0.1"


def fetched(*urls: str, public=here, seconds: float = 10) -> list[bytes | NotFetched]:
    """What comes of asking for all of `urls` at once."""

    async def all_of_them():
        it = Web(public, seconds)
        try:
            return await asyncio.gather(*(it.fetch(url) for url in urls), return_exceptions=True)
        finally:
            await it.close()

    return run(all_of_them())


def one(url: str, **how) -> bytes:
    """What comes of asking for one."""
    (answer,) = fetched(url, **how)
    if isinstance(answer, BaseException):
        raise answer
    return answer


@contextmanager
def elsewhere(answer, address: str = "127.0.0.2") -> Iterator[str]:
    """A server at another address of this machine."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer((address, 0), Answers) as it:
        threading.Thread(target=it.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.2:{it.server_address[1]}"
        it.shutdown()


PRIVATE = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    *("198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
]
PRIVATE_6 = ["::/127", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "64:ff9b:1::/48"]


def four(networks: list[str]) -> st.SearchStrategy[IPv4Address]:
    return st.sampled_from(networks).flatmap(lambda each: st.ip_addresses(network=IPv4Network(each)))


@given(four(PRIVATE))
def test_no_disguise_makes_a_private_address_public(address):
    """Whoever writes 127.0.0.1 in the words of IPv6 is not let into the trainer's own network."""
    number = int(address)
    disguises = [number | 0xFFFF << 32, number | 0x64FF9B << 96, 0x2002 << 112 | number << 80]
    assert not any(is_public(str(each)) for each in (address, *map(IPv6Address, disguises)))


@given(st.sampled_from(PRIVATE_6).flatmap(lambda each: st.ip_addresses(network=IPv6Network(each))))
def test_a_private_address_of_ipv6_is_private(address):
    """Local, linked, documented, many at once: none of them is the web."""
    assert not is_public(str(address))
    assert not is_public(f"{address}%eth0")


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"]
)
def test_the_web_is_public(address):
    """What refuses everything fetches nothing."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"])
def test_a_private_address_is_not_even_connected_to(host):
    """A link in somebody's CSV can not ask the router, however it spells its address."""
    asked = []
    with server(lambda request: asked.append(request.path)) as where:
        url = f"http://{host}:{where.rpartition(':')[2]}/picture.jpg"
        with pytest.raises(NotFetched, match="in a private network") as raised:
            one(url, public=is_public)
    assert not isinstance(raised.value, NotNow)
    assert asked == []


def test_a_redirect_into_a_private_network_is_not_followed():
    """A public page can not send us to the machine next door."""
    asked = []
    with (
        elsewhere(lambda request: asked.append(request.path)) as private,
        server(says(302, b"", Location=f"{private}/admin")) as where,
        pytest.raises(NotFetched, match="in a private network"),
    ):
        one(f"{where}/picture.jpg")
    assert asked == []


def test_a_name_that_changes_its_address_is_looked_up_once(monkeypatch):
    """Public when it is checked and private when it is connected to: the trick of DNS rebinding."""
    import socket

    looked_up, real = [], socket.getaddrinfo
    with elsewhere(says(200, b"private")) as private, server(says(200, b"public")) as where:
        ports = {"127.0.0.1": where, "127.0.0.2": private}

        def turncoat(host, port, *rest, **more):
            if host in (b"turncoat.example", "turncoat.example"):
                looked_up.append(host)
                host = ["127.0.0.1", "127.0.0.2"][min(len(looked_up), 2) - 1]
                port = int(ports[host].rpartition(":")[2])
            return real(host, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", turncoat)
        assert one(f"http://turncoat.example:{where.rpartition(':')[2]}/") == b"public"
    assert len(looked_up) == 1


def test_a_certificate_is_held_against_the_name(tmp_path, monkeypatch):
    """The connection goes to an address, but what is believed there is what was asked for."""
    authority, asked_as = trustme.CA(), []
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    tls.sni_callback = lambda _connection, name, _context: asked_as.append(name)

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            says(200, b"picture")(self)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as it:
        it.socket = tls.wrap_socket(it.socket, server_side=True)
        threading.Thread(target=it.serve_forever, daemon=True).start()
        port = it.server_address[1]
        assert one(f"https://localhost:{port}/") == b"picture"
        with pytest.raises(NotNow, match="out of reach"):
            one(f"https://127.0.0.1:{port}/")
        it.shutdown()
    assert asked_as[0] == "localhost"


def test_redirects_are_followed_a_little():
    """To the next page and the next host, not round and round, and not to this disk."""

    def answer(request):
        to = {"/a": "b?size=1", "/b?size=1": "/c", "/loop": "/loop", "/disk": "file:///etc/hostname"}.get(request.path)
        says(302, b"", Location=to)(request) if to else says(200, request.path.encode())(request)

    with server(answer) as where:
        assert one(f"{where}/a") == b"/c"
        with pytest.raises(NotFetched, match="sent on and on"):
            one(f"{where}/loop")
        with pytest.raises(NotFetched, match="no address of the web"):
            one(f"{where}/disk")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://example.org/a.jpg",
        "a.jpg",
        "",
        "http://",
        "http://[::1",
        "data:,a",
        "http://\ud800",
    ],
)
def test_what_is_no_address_is_said_to_be_none(url):
    """A slip in a CSV is named, and never read from this disk."""
    with pytest.raises(NotFetched, match=r"no address of the web|out of reach"):
        one(url)


def test_the_whole_address_is_asked_for_under_our_name():
    """Pictures are often told apart behind the `?`; a host may know who asks; nothing it sets is kept."""
    heard = []

    def answer(request):
        heard.append((request.path, request.headers))
        says(200, b"picture", Set_Cookie="who=you; Path=/")(request)

    with server(answer) as where:
        fetched(f"{where}/picture?id=1&size=%20l", f"{where}/other#top")
        fetched(f"{where}/picture?id=1&size=%20l")
    assert {path for path, _ in heard} == {"/picture?id=1&size=%20l", "/other"}
    assert all("TinySpaces" in headers["User-Agent"] and "Cookie" not in headers for _, headers in heard)


def drip(request):
    with suppress(OSError):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            request.wfile.write(b"x")
            time.sleep(0.05)


def drip_of_headers(request):
    with suppress(OSError):
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            request.wfile.write(b"X-More: more\r\n")
            time.sleep(0.05)


@pytest.mark.parametrize("answer", [drip, drip_of_headers, lambda _: time.sleep(2)])
def test_who_drips_is_left_in_time(answer):
    """A byte now and then keeps nobody waiting for ever."""
    with server(answer) as where:
        started = time.monotonic()
        with pytest.raises(NotNow, match="too slow"):
            one(where, seconds=0.5)
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("length", [[], [("Content-Length", "99999999999")]])
def test_a_body_without_end_is_not_read_to_its_end(length):
    """Neither memory nor disk is filled by one link; a promise of more is not believed either way."""
    sent = [0]

    def endless(request):
        request.send_response(200)
        for name, value in length:
            request.send_header(name, value)
        request.end_headers()
        with suppress(OSError):
            while sent[0] < 10 * web.LARGEST:
                sent[0] += request.wfile.write(b"x" * 100_000)

    with server(endless) as where, pytest.raises(NotFetched, match="larger than 16 MB"):
        one(where)
    assert sent[0] < 2 * web.LARGEST


def times_of(answers: list):
    """Answer with one after the other, the last one for ever; return when each was asked, too."""
    asked: list[float] = []

    def answer(request):
        asked.append(time.monotonic())
        answers[min(len(asked), len(answers)) - 1](request)

    return answer, asked


def hang_up(request):
    request.connection.close()


def cut_short(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")


@pytest.mark.parametrize(
    "first", [says(429, Retry_After="1"), says(503), says(503, Retry_After="soon"), hang_up, cut_short]
)
def test_a_busy_host_is_asked_once_more_and_not_at_once(first, monkeypatch):
    """It has the rest it asked for, or a little one; then the picture is here."""
    monkeypatch.setattr(web, "WAIT", 0.3)
    answer, asked = times_of([first, says(200, b"picture")])
    with server(answer) as where:
        assert one(where) == b"picture"
    assert len(asked) == 2
    assert asked[1] - asked[0] >= 0.3


def test_a_rest_of_seconds_is_kept_to_the_second():
    """Retry-After: 1 is a second, for each of the host's pictures."""
    answer, asked = times_of([says(429, Retry_After="1"), says(429, Retry_After="1"), says(200, b"picture")])
    with server(answer) as where:
        assert fetched(f"{where}/1", f"{where}/2") == [b"picture", b"picture"]
    assert len(asked) == 4
    assert asked[2] - asked[0] >= 0.95


@pytest.mark.parametrize("wish", ["3600", formatdate(time.time() + 3600, usegmt=True)], ids=["seconds", "a date"])
def test_a_host_that_wants_an_hour_has_it(wish):
    """None of its other pictures is asked for today; and the next run may ask again."""
    answer, asked = times_of([says(429, Retry_After=wish)])
    with server(answer) as where:
        answers = fetched(*(f"{where}/{number}" for number in range(20)))
    assert len(asked) <= web.OF_ONE_HOST
    assert all(isinstance(each, NotNow) and "left alone" in str(each) for each in answers)


def test_a_host_that_stays_busy_is_asked_twice_and_left():
    """One retry of one fault; no picture is worth a third."""
    answer, asked = times_of([says(503, Retry_After="0")])
    with server(answer) as where, pytest.raises(Busy, match="busy"):
        one(where)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("status", "said", "lasting"),
    [(404, "gone", True), (410, "gone", True), (403, "refused", True), (500, "failed", False)],
)
def test_a_no_is_a_no(status, said, lasting):
    """It is not asked again, and is remembered where it will be a no tomorrow as well."""
    answer, asked = times_of([says(status)])
    with server(answer) as where, pytest.raises(NotFetched, match=said) as raised:
        one(where)
    assert len(asked) == 1
    assert isinstance(raised.value, NotNow) is not lasting


def test_a_host_that_answers_nothing_is_given_up():
    """A hundred links to a host that is down do not take a hundred time limits."""
    answer, asked = times_of([lambda _: time.sleep(1)])
    with server(answer) as where:
        answers = fetched(*(f"{where}/{number}" for number in range(12)), seconds=0.3)
    assert len(asked) <= web.STRIKES + web.OF_ONE_HOST
    said = Counter(str(each) for each in answers)
    assert said["left alone, as their host did not answer"] >= 7


def test_two_at_a_time_of_a_host_and_eight_in_all():
    """Nobody's server is a quarry; and one slow host does not keep the others waiting."""
    inside, most, lock = Counter(), Counter(), threading.Lock()
    full, too_many = threading.Event(), threading.Event()

    def answer(request):
        host = request.headers["Host"]
        with lock:
            inside[host] += 1
            most[host] = max(most[host], inside[host])
            most["all"] = max(most["all"], inside.total())
        if inside.total() == web.AT_ONCE and not full.is_set():
            too_many.wait(0.5)  # nobody else comes as long as nobody leaves
            full.set()
        if inside.total() > web.AT_ONCE:
            too_many.set()
        full.wait(10)  # until as many are inside as ever should be
        with lock:
            inside[host] -= 1
        says(200, b"picture")(request)

    with elsewhere(answer, "") as where:
        port = where.rpartition(":")[2]
        urls = [f"http://127.0.0.{host}:{port}/{number}" for host in range(2, 8) for number in range(8)]
        assert fetched(*urls, public=lambda _: True, seconds=30) == [b"picture"] * 48
    assert most.pop("all") == web.AT_ONCE
    assert max(most.values()) == web.OF_ONE_HOST


def test_a_host_that_is_not_there_is_out_of_reach():
    """Nothing listens, or nobody knows the name: another day, perhaps."""
    for url in (f"http://127.0.0.1:{free_port()}/", "http://no-such-host.invalid/"):
        with pytest.raises(NotNow, match="out of reach"):
            one(url)
