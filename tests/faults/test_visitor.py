"""Visitors who send too much, too slowly, or another thing than they say; and those who leave."""

import base64
import http.client
import io
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from asking import Asked, bridge_before, note, row
from conftest import CAT
from fault_server import FaultServer, Harm, fault_server
from PIL import Image
from small_gradio import SmallGradio

from api_bridge import reading

PHOTO = CAT.read_bytes()
OWN = "https://pages.example"
STALL = Harm("stall", seconds=60)

ASK = b"POST /v1/demos/catdog/ask HTTP/1.1\r\nHost: bridge\r\nContent-Type: multipart/form-data; boundary=x\r\n"
FORM = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="cat.jpg"\r\n\r\n'
END = b"\r\n--x--\r\n"


@contextmanager
def bridge_and_space(script=None, **options) -> Iterator[tuple[Asked, FaultServer]]:
    """A bridge whose one page asks about photos, and its Space."""
    with (
        fault_server(SmallGradio(), script) as space,
        bridge_before(space, "catdog", origins=(OWN,), **options) as bridge,
    ):
        yield bridge, space


@contextmanager
def line_to(bridge: Asked) -> Iterator[socket.socket]:
    """A bare connection to the bridge, for what no client would send."""
    with socket.create_connection((urlsplit(bridge.where).hostname, urlsplit(bridge.where).port), 20) as line:
        yield line


def heard(line: socket.socket, record_property: Callable[[str, object], None]) -> tuple[int, bytes]:
    """The status and the body of what the bridge says on a bare connection."""
    response = http.client.HTTPResponse(line)
    response.begin()
    record_property("seen", str(response.status))
    return response.status, response.read()


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so, and no longer than that."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


# --- too much, too slow


@pytest.mark.fault("8 MB + 1", "413")
def test_a_photo_that_is_one_byte_too_large(record_property):
    """The limit is the one that the page tells."""
    with bridge_and_space() as (bridge, space):
        ended = note(record_property, bridge.ask("catdog", files={"photo": PHOTO.ljust(8_000_001, b"\0")}))
    assert (ended.status, ended.kind, space.asked["run"]) == (413, "file-too-large", 0)


@pytest.mark.fault("100 MB announced", "413 before any of it is read")
def test_nobody_waits_for_what_is_too_long_anyway(record_property):
    """A visitor on a slow line is not kept sending."""
    with bridge_and_space() as (bridge, _), line_to(bridge) as line:
        line.sendall(ASK + b"Content-Length: 100000000\r\n\r\n")
        status, told = heard(line, record_property)
    assert (status, b"file-too-large" in told) == (413, True)


@pytest.mark.fault("endless chunks", "413")
def test_a_body_without_end(record_property):
    """Whoever does not say how much it will be is cut off where it becomes too much."""
    with bridge_and_space() as (bridge, space), line_to(bridge) as line:
        line.sendall(ASK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(FORM), FORM))
        sent = 0
        with suppress(ConnectionError):
            for _ in range(1000):
                line.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")
                sent += 65_536
        status, told = heard(line, record_property)
    assert (status, b"file-too-large" in told, space.asked["run"]) == (413, True, 0)
    assert sent < 30_000_000  # and the rest is not read to be thrown away


@pytest.mark.fault("Content-Length too short", "400, and the rest is no question")
def test_a_length_that_lies_downwards(record_property):
    """What comes after the end is not taken for anything."""
    with bridge_and_space() as (bridge, space), line_to(bridge) as line:
        line.sendall(ASK + b"Content-Length: 200\r\n\r\n" + FORM + PHOTO + END)
        status, _ = heard(line, record_property)
        assert bridge.visitor.get("/healthz").status_code == 200
    assert (status, space.asked["run"]) == (400, 0)


@pytest.mark.fault("Content-Length too long, then gone", "nobody is asked; others go on")
def test_a_length_that_lies_upwards(record_property):
    """Half a photo is nobody's question."""
    with bridge_and_space() as (bridge, space):
        with line_to(bridge) as line:
            line.sendall(ASK + b"Content-Length: 90000\r\n\r\n" + FORM + PHOTO[:9000])
        ended = note(record_property, bridge.ask("catdog"))
    assert (ended.kind, space.asked["run"]) == ("prediction", 1)


@pytest.mark.parametrize(
    ("limit", "pause"),
    [row("slow body", "408", "SLOWEST_BODY", 0.05), row("silent body", "408", "SILENT_BODY", 60)],
)
def test_a_body_that_does_not_arrive(limit, pause, record_property, monkeypatch):
    """A line that is held open costs somebody a place: whoever is too slow is told so, and may come back."""
    monkeypatch.setattr(reading, limit, 0.4)
    with bridge_and_space() as (bridge, space), line_to(bridge) as line, ThreadPoolExecutor(1) as beside:
        line.sendall(ASK + b"Content-Length: 90000\r\n\r\n" + FORM)

        def dribble():
            with suppress(OSError):
                while pause < 1:
                    line.sendall(b"\0")
                    time.sleep(pause)

        beside.submit(dribble)
        status, told = heard(line, record_property)
        with suppress(OSError):  # it may have been hung up on
            line.shutdown(socket.SHUT_RDWR)
    assert (status, b'"retryable":true' in told, space.asked["run"]) == (408, True, 0)


# --- another thing than it says


def png(width: int, height: int) -> bytes:
    """A picture that says how large it is, and is not."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(99)))]
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        row("pixel bomb", "413", png(50_000, 50_000), 413),
        row("25 megapixels", "413", png(5000, 5000), 413),
        row("SVG named .jpg", "415", b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
        row("PDF named .jpg", "415", b"%PDF-1.7\n", 415, slow=True),
        row("script named .jpg", "415", b"#!/bin/sh\nrm -rf /\n", 415, slow=True),
        row("GIF named .jpg", "415", b"GIF89a" + bytes(99), 415),
        row("nothing named .jpg", "4xx", b"", 415),
        row("truncated JPEG", "422", PHOTO[:9000], 422),
        row("PNG without its pixels", "422", png(500, 500), 422),
    ],
)
def test_a_file_is_what_its_bytes_are(content, status, record_property):
    """The name says what anybody likes; the Space never sees what is no photo."""
    with bridge_and_space() as (bridge, space):
        ended = note(record_property, bridge.ask("catdog", files={"photo": ("cat.jpg", content, "image/jpeg")}))
    assert (ended.status, ended.told["retryable"], space.connections) == (status, False, 0)


def picture(mode: str, kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "red").convert(mode).save(out, kind, **options)
    return out.getvalue()


def with_gps() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.6)
    return picture("RGB", "JPEG", exif=exif, comment=b"my garden")


MOVING = [Image.new("RGB", (40, 20), colour) for colour in ("blue", "green")]


@pytest.mark.parametrize(
    "content",
    [
        row("animated WebP", "first frame", picture("RGB", "WEBP", save_all=True, append_images=MOVING)),
        row("animated PNG", "first frame", picture("RGB", "PNG", save_all=True, append_images=MOVING), slow=True),
        row("16-bit grey", "normalised", picture("I;16", "PNG")),
        row("CMYK", "normalised", picture("CMYK", "JPEG")),
        row("palette", "normalised", picture("P", "PNG"), slow=True),
        row("alpha", "normalised", picture("RGBA", "WEBP")),
        row("GPS and comments", "gone", with_gps()),
    ],
)
def test_every_photo_goes_on_as_plain_pixels(content, record_property):
    """The Space gets one upright picture in RGB, and nothing about its visitor."""
    play = SmallGradio()
    with fault_server(play) as space, bridge_before(space, "catdog") as bridge:
        assert note(record_property, bridge.ask("catdog", files={"photo": content})).kind == "prediction"
    sent = Image.open(io.BytesIO(base64.b64decode(play.given[0][0]["url"].partition(",")[2])))
    record_property("seen", f"{sent.format}, {sent.mode}")
    assert (sent.mode, getattr(sent, "n_frames", 1), sent.size) == ("RGB", 1, (40, 20))
    assert not {"exif", "comment", "icc_profile"} & set(sent.info)


@pytest.mark.parametrize(
    "way",
    [
        row("URL in a form", "400, nobody asked", lambda url: {"files": {"photo": (None, url)}}),
        row("path in a form", "400, nobody asked", lambda url: {"files": {"photo": (None, "/etc/passwd")}}),
        row("URL as JSON", "400, nobody asked", lambda url: {"json": {"photo": url}, "content": None}),
        row("Gradio's own file", "400, nobody asked", lambda url: {"json": {"photo": {"path": "/etc/passwd", "url": url}}}),
        row("data URL", "400, nobody asked", lambda url: {"json": {"photo": "data:image/png;base64,AAAA"}}, slow=True),
    ],
)  # fmt: skip
def test_a_visitor_names_nothing_for_the_bridge_to_fetch(way, record_property):
    """Bytes are given, never where they are: neither this machine nor another one is looked at."""
    with fault_server(SmallGradio()) as other, bridge_and_space() as (bridge, space):
        options = {"files": None, **way(f"{other.address}/secret.png")}
        ended = note(record_property, bridge.ask("catdog", **options))
        assert (ended.status, ended.told["field"]) == (400, "photo")
        assert (space.connections, other.connections) == (0, 0)
