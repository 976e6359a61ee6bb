"""Forms and JSON of random bytes, and good ones gone wrong, sent to the real app over a real socket."""

import resource
from collections.abc import Iterator

import httpx2
import pytest
from fuzz import TEXTS, often
from hypothesis import example, given
from hypothesis import strategies as st
from servers import served
from test_openapi import FORMS, bridge

from api_bridge import create_app

FIELDS = list(FORMS[1].fields)
JPEG = (FORMS[0].folder / "examples/cat.jpg").read_bytes()
NAMES = ['"', "\\", "\r\n", "\0", "é" * 3000, "../x", '"; filename="x']
MORE = [
    "\r\nContent-Type: image/jpeg",
    "\r\nContent-Type: multipart/mixed; boundary=y",
    "\r\nContent-Transfer-Encoding: base64",
    "\r\n folded",
    "\r\nX: y" * 20,
    "\r\nX:" + "x" * 5000,
    "\n",
]
HEADERS = [
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=y",
    'multipart/form-data; boundary="x',
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary=\xff",
    "multipart/form-data; boundary=x; charset=utf-16",
    "multipart/form-data; boundary=x; charset=punycode",
    "multipart/form-data; boundary=x; charset=undefined",
    "multipart/form-data; boundary=x; charset=unicode_escape",
    "multipart/form-data; boundary=x; charset=UTF-8",
    "multipart/form-data; boundary*=utf-8''x",
    "Multipart/Form-Data;boundary=x;boundary=y",
    "application/json",
    "application/json; charset=utf-32",
    "",
]


@st.composite
def parts(draw) -> bytes:
    """One part of a form, with headers that are odd now and then."""
    name = draw(st.sampled_from(FIELDS * 2 + NAMES) | st.text(st.characters(codec="latin-1"), max_size=20))
    file = draw(st.sampled_from(["", '; filename="a.jpg"', '; filename="', "; filename*=utf-8''%ff", "; name=x"]))
    more = draw(st.sampled_from([""] * 7 + MORE))
    content = draw(st.binary(max_size=200) | st.sampled_from([JPEG, *(text.encode() for text in TEXTS)]))
    head = f'Content-Disposition: form-data; name="{name}"{file}{more}'
    return head.encode("latin-1") + b"\r\n\r\n" + content


@st.composite
def forms(draw) -> bytes:
    """A form whose boundary is `x`, good or with some of its bytes lost, doubled or changed."""
    several = draw(st.lists(parts(), max_size=5)) * draw(st.sampled_from([1, 1, 1, 2, 70, 700]))
    body = bytearray(b"".join(b"--x\r\n" + each + b"\r\n" for each in several) + b"--x--\r\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        until = at + draw(st.integers(0, 50))
        body[at:until] = draw(
            st.sampled_from([b"", b"--x", b"\r\n", b"--x--", bytes(body[at:until]) * 2]) | st.binary()
        )
    return bytes(body[: draw(st.sampled_from([None, None, -1, -4, len(body) // 2]))])


@pytest.fixture(scope="module")
def visitor() -> Iterator[httpx2.Client]:
    """Somebody who asks a bridge over a real socket, and waits for ten seconds at most."""
    with served(create_app(bridge(FORMS))) as where, httpx2.Client(base_url=where, timeout=10) as client:
        yield client


def understood(response: httpx2.Response) -> None:
    """An answer, or a problem that names the visitor's mistake; never one of our own."""
    if response.status_code == 200:
        assert "prediction" in response.json()
    else:
        assert 400 <= response.status_code < 500, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] != "urn:tinyspaces:fault"


@often
@given(st.sampled_from(FORMS), st.sampled_from(["multipart/form-data; boundary=x"] * 16 + HEADERS), forms())
def test_no_form_is_too_odd(visitor, contract, header, body):
    """Whatever is sent is answered, at once, as what it is."""
    headers = {"Content-Type": header.encode("latin-1")}
    understood(visitor.post(f"/v1/demos/{contract.demo}/ask", content=body, headers=headers))


@pytest.mark.parametrize(
    "body",
    [
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 150_000 + b"--x--",
        b"--x\r\n" + b"A: b\r\n" * 1_400_000,
        b'--x\r\nContent-Disposition: form-data; name="' + b"a" * 8_900_000,
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n' + b"\r\n--" * 2_200_000,
        b"\r\n" * 4_400_000,
    ],
    ids=["parts", "headers", "a name", "boundaries that are none", "line ends"],
)
def test_a_large_form_is_not_larger_inside(visitor, body):
    """Nine megabytes of anything cost a few times that, and nobody else waits for long."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    understood(visitor.post("/v1/demos/forms/ask", content=body, headers=headers))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@often
@given(st.binary(max_size=300) | st.sampled_from(TEXTS).map(lambda text: f'{{"story": {text}}}'.encode()))
@example(b'{"story": ' + b"[" * 900_000)
@example(b'{"age": ' + b"1" * 900_000 + b"}")
@example('{"story": "\ud800"}'.encode("utf-16", "surrogatepass"))
@example(b"\xef\xbb\xbf{}")
def test_no_json_is_too_odd(visitor, body):
    """Whatever a text says, it is read or refused, and in the visitor's words."""
    headers = {"Content-Type": "application/json"}
    understood(visitor.post("/v1/demos/forms/ask", content=body, headers=headers))
