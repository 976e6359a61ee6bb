"""The bridge's HTTP face, asked over real sockets beside the real Gradio."""

import io
import json
import os
import socket
import sys

import httpx2
import jsonschema
import pytest
from conftest import CAT, ROOT, run
from PIL import Image, ImageChops, ImageStat
from servers import ask as ask_space
from servers import served
from starlette.testclient import TestClient

import dev
from api_bridge import Bridge, RecordedSpace, create_app, load, load_all, photos
from api_bridge.admission import Gate
from api_bridge.answers import compare_examples
from api_bridge.faults import AppFailed
from api_bridge.media import files_in

HERE = "http://bridge"
DEMOS = {each.demo: each for each in load_all(ROOT / "site/demos").values()}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def ask_recorded(contract):
    """Send one request to a bridge before a recorded Space, in this process."""

    def send(method, path, *, contracts=None, **options):
        async def once():
            known = contracts or {"catdog": contract}
            app = create_app(Bridge(known, {"here": RecordedSpace(known)}), ["https://pages.example"])
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HERE) as client:
                return await client.request(method, path, **options)

        return run(once())

    return send


def problem(response) -> dict:
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


def test_a_cat_is_a_cat(road, contract):
    """The real model behind the real Gradio behind the real bridge."""
    with CAT.open("rb") as photo:
        response = httpx2.post(f"{road.bridge}/v1/demos/catdog/ask", files={"photo": photo}, timeout=30)
    told = response.json()
    assert response.status_code == 200
    assert told["prediction"]["label"] == "cat"
    assert (told["demo"], told["revision"], told["route"]) == ("catdog", contract.revision, "bridge")
    assert told["took_ms"] > 0
    assert len(told["trace_id"]) == 32


@pytest.mark.parametrize("demo", DEMOS)
def test_the_space_keeps_what_the_examples_recorded(road, demo):
    """Every demo's own examples, photos and forms, through everything, within their tolerance."""
    contract = DEMOS[demo]
    for example in contract.json["examples"]:
        files = [(field, said) for field, given in example["input"].items() for said in files_in(given)]
        if files:
            asked = {"files": [(field, (contract.folder / said["file"]).read_bytes()) for field, said in files]}
        else:
            asked = {"json": example["input"]}
        told = httpx2.post(f"{road.bridge}/v1/demos/{demo}/ask", **asked, timeout=30).json()
        assert compare_examples(example, told["prediction"], contract) == []
        assert all("fault" not in step and "failed" not in step for step in told.get("steps", {}).values())


def test_what_it_looked_at_is_a_picture_that_can_be_fetched(road):
    """Of the same size as the photo, brighter where the model looked; the slider's end is the photo itself."""
    pictures = {}
    for strength in (0, 1):
        asked = {"files": {"photo": CAT.read_bytes()}, "data": {"strength": str(strength)}}
        told = httpx2.post(f"{road.bridge}/v1/demos/catdog-look/ask", **asked, timeout=30).json()
        assert [step["state"] for step in told["steps"].values()] == ["answered", "answered"]
        got = httpx2.get(f"{road.bridge}/{told['prediction']['look']['file']}")
        assert got.headers["content-type"] == "image/webp"
        pictures[strength] = Image.open(io.BytesIO(got.content)).convert("L")
    with Image.open(CAT) as photo:
        none, all_, whole = pictures[0], pictures[1], photo.convert("L")
    assert none.size == all_.size == whole.size
    assert ImageStat.Stat(ImageChops.difference(none, whole)).mean[0] < 4  # WebP's own doing
    assert ImageStat.Stat(all_).mean[0] < 0.6 * ImageStat.Stat(whole).mean[0]
    assert ImageStat.Stat(all_.crop((0, 0, whole.width, 10))).mean[0] < 4  # the margin is never looked at


@pytest.mark.parametrize(
    ("label", "strength", "words"),
    [("wolf", 0.7, "wolf"), ("cat", 1.5, "greater than maximum value 1")],
)
def test_a_look_that_means_nothing_is_refused_in_words(road, label, strength, words):
    """By the Space itself, whoever asks it."""
    with pytest.raises(AppFailed) as raised:
        ask_space(
            road.space,
            "/catdog-look",
            {"photo": photos.describe(CAT.read_bytes()), "label": label, "strength": strength},
        )
    assert words in raised.value.detail.lower()


def test_the_bridge_lists_and_shows_its_demos(road, contract):
    """What a page needs to know, and how the Space is."""
    assert httpx2.get(f"{road.bridge}/v1/demos").json() == {
        "demos": [{"demo": each.demo, "title": each.title, "revision": each.revision} for each in DEMOS.values()]
    }
    look = httpx2.get(f"{road.bridge}/v1/demos/catdog-look").json()["status"]
    assert (look["ready"], {name: step["ready"] for name, step in look["steps"].items()}) == (
        True,
        {"guess": True, "look": True},
    )
    shown = httpx2.get(f"{road.bridge}/v1/demos/catdog").json()
    assert shown["contract"] == contract.json
    assert shown["status"] == {"ready": True, "gradio": "6.31.0", "dialect": "queue5"}
    assert httpx2.get(f"{road.bridge}/healthz").json() == {"alive": True}
    assert httpx2.get(f"{road.bridge}/readyz").json()["ready"] is True


def test_gradios_own_page_is_there_too(road):
    """People who visit the Space itself find an ordinary Gradio app."""
    assert "gradio" in httpx2.get(road.space, timeout=30).text
    names = httpx2.get(f"{road.space}/gradio_api/info", timeout=30).json()["named_endpoints"]
    assert names["/catdog"]["parameters"][0]["parameter_name"] == "photo"
    assert [each["parameter_name"] for each in names["/catdog-look"]["parameters"]] == ["photo", "label", "strength"]
    # What asks others has no endpoint of its own: the bridge asks theirs.
    assert not {"/catdog_look_1", "/bears-twice", "/wardrobe", "/penguins-look"} & names.keys()


@pytest.mark.parametrize("path", ["/v1/demos", "/v1/demos/catdog/ask", "/v1/demos/nothing"])
def test_only_its_own_pages_may_read_answers(road, path):
    """Faults included, or a page could not say them."""
    for origin, allowed in ((road.origin, road.origin), ("https://evil.example", None), ("null", None)):
        response = httpx2.request(
            "POST" if path.endswith("ask") else "GET", road.bridge + path, headers={"Origin": origin}
        )
        assert response.headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in response.headers


def test_an_unready_space_makes_the_bridge_unready(ask_recorded, write_contract):
    """A balancer looks at the status alone; people find the reason beside it."""
    assert ask_recorded("GET", "/readyz").status_code == 200

    moved = load(write_contract(lambda value: value["steps"]["catdog"].update(space="https://moved.invalid")))

    async def once():
        from api_bridge import GradioSpace

        app = create_app(Bridge({"catdog": moved}, {"https://moved.invalid": GradioSpace("https://moved.invalid")}))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HERE) as client:
            return await client.get("/readyz")

    response = run(once())
    assert response.status_code == 503
    assert response.json()["demos"]["catdog"]["fault"] == "space-unreachable"


@pytest.mark.parametrize(
    ("options", "status", "kind", "words"),
    [
        ({}, 400, "malformed-request", "Send a form with files"),
        ({"json": {}}, 422, "input-refused", "“Photo” is missing"),
        ({"json": []}, 400, "malformed-request", "object of fields"),
        ({"content": b"{", "headers": JSON}, 400, "malformed-request", "not JSON"),
        ({"json": {"photo": "http://127.0.0.1/secret"}}, 400, "malformed-request", "must be a file"),
        ({"json": {"photo": {"path": "/etc/passwd"}}}, 400, "malformed-request", "must be a file"),
        ({"files": {"photo": (None, "/etc/passwd")}}, 400, "malformed-request", "must be a file"),
        ({"data": {"photo": "x"}}, 400, "malformed-request", "Send a form with files"),
        ({"content": b'{"\\ud800": 1}', "headers": JSON}, 400, "malformed-request", "not JSON"),
        (
            {"content": b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}", "headers": JSON},
            400,
            "malformed-request",
            "too deep",
        ),
        ({"content": b'{"x": 1e999}', "headers": JSON}, 400, "malformed-request", "1e999 is not JSON"),
        ({"files": {"photo": ("cat.jpg", b"%PDF-1.7")}}, 415, "media-refused", "JPEG, PNG or WebP"),
        ({"files": {"photo": ("cat.jpg", bytes(8_000_001))}}, 415, "media-refused", "JPEG, PNG or WebP"),
        ({"files": {"photo": ("cat.jpg", bytes(9_100_000))}}, 413, "file-too-large", "more than 9 MB"),
        ({"files": [("photo", b"a"), ("photo", b"b")]}, 400, "malformed-request", "sent twice"),
        ({"files": {"photo": CAT.read_bytes()}, "data": {"wings": "2"}}, 422, "input-refused", "no field “wings”"),
        ({"files": {"photo": CAT.read_bytes()[:9000]}}, 422, "input-refused", "damaged"),
        (
            {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
            400,
            "malformed-request",
            "form can not be read",
        ),
    ],
)
def test_a_visitors_mistake_is_told_as_a_problem(ask_recorded, options, status, kind, words):
    """RFC 9457, with words to read, and asking again is no use."""
    response = ask_recorded("POST", "/v1/demos/catdog/ask", **options)
    told = problem(response)
    assert (response.status_code, told["status"]) == (status, status)
    assert told["type"] == f"urn:tinyspaces:{kind}"
    assert words in told["detail"]
    assert told["retryable"] is False
    assert "attempts" not in told
    assert "retry-after" not in response.headers


def test_a_lying_length_does_not_help(ask_recorded):
    """Bytes are counted as they come, whatever was promised."""

    async def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield bytes(1_000_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = ask_recorded("POST", "/v1/demos/catdog/ask", content=endless(), headers=headers)
    assert (response.status_code, problem(response)["type"]) == (413, "urn:tinyspaces:file-too-large")


def test_several_photos_may_weigh_more_than_one(ask_recorded):
    """Twelve of a phone's go in one question, and there is an end to it all the same."""
    contracts = {"wardrobe": DEMOS["wardrobe"]}
    photo = CAT.read_bytes().ljust(3_000_000, b"\0")
    path = "/v1/demos/wardrobe/ask"
    response = ask_recorded("POST", path, contracts=contracts, files=[("photos", photo)] * 12)
    assert problem(response)["type"] == "urn:tinyspaces:app-failed"  # it was read: only it was never recorded
    response = ask_recorded("POST", path, contracts=contracts, files=[("photos", photo)] * 14)
    assert (response.status_code, "more than 40 MB: send fewer" in problem(response)["detail"]) == (413, True)


def test_a_photo_never_touches_a_disk(ask_recorded):
    """Neither while it is read nor while it is cleaned: a large one opens no file for writing."""
    opened, watching = [], True

    def hook(event, words):
        if not watching or event != "open" or isinstance(words[0], int):
            return  # a number is a pipe to the worker that cleans
        if isinstance(words[2], int) and words[2] & (os.O_WRONLY | os.O_RDWR):
            opened.append(words[0])

    sys.addaudithook(hook)
    out = io.BytesIO()
    Image.effect_noise((1500, 1500), 80).save(out, "PNG")
    assert len(out.getvalue()) > 2_000_000
    response = ask_recorded("POST", "/v1/demos/catdog/ask", files={"photo": out.getvalue()})
    watching = False
    assert problem(response)["type"] == "urn:tinyspaces:app-failed"  # not one of the recorded examples
    assert opened == []


def test_every_problem_can_be_found_in_the_log(road):
    """The visitor's trace_id stands in the Space's own log, without anything of the visitor's."""
    told = problem(httpx2.post(f"{road.bridge}/v1/demos/catdog/ask", files={"photo": ("secret-name.pdf", b"%PDF")}))
    log = (dev.LOCAL / f"space-{road.space_port}.log").read_text()
    assert f"415 media-refused, trace {told['trace_id']}" in log
    assert "secret-name" not in log


def test_a_space_that_is_down_is_retryable(contract):
    """With the header that says when, and the same in the problem."""
    from conftest import free_port

    from api_bridge import GradioSpace

    async def once():
        async def sleep(_):
            pass

        space = GradioSpace(f"http://127.0.0.1:{free_port()}")
        app = create_app(Bridge({"catdog": contract}, {"here": space}, sleep=sleep))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HERE) as client:
            return await client.post("/v1/demos/catdog/ask", files={"photo": CAT.read_bytes()})

    response = run(once())
    told = problem(response)
    assert (response.status_code, told["retryable"], told["attempts"]) == (503, True, 3)
    assert response.headers["retry-after"] == str(told["retry_after"])


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", "/v1/demos/catdog/ask", 405)]
)
def test_a_wrong_address_is_a_problem_too(ask_recorded, method, path, status):
    """No reader has to know two shapes."""
    response = ask_recorded(method, path)
    assert (response.status_code, problem(response)["status"]) == (status, status)


def test_a_surprise_is_a_problem_without_its_secrets(contract):
    """Even a bug of the bridge's own is told as one, with a name to find it by in the log."""

    class Broken(RecordedSpace):
        async def ask(self, endpoint, takes, seconds):
            raise RuntimeError("swordfish")

    async def once():
        app = create_app(Bridge({"catdog": contract}, {"here": Broken({"catdog": contract})}))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HERE) as client:
            return await client.post("/v1/demos/catdog/ask", files={"photo": CAT.read_bytes()})

    response = run(once())
    assert response.status_code == 500
    assert problem(response)["type"] == "urn:tinyspaces:fault"
    assert "swordfish" not in response.text


def test_it_describes_itself(ask_recorded, road):
    """OpenAPI 3.2: one path a demo, its photo as bytes, its answer as the contract has it."""
    described = ask_recorded("GET", "/openapi.json").json()
    assert described["openapi"].startswith("3.2")
    post = described["paths"]["/v1/demos/catdog/ask"]["post"]
    body = post["requestBody"]["content"]["multipart/form-data"]
    assert body["schema"]["properties"]["photo"] == {"title": "Photo", "type": "string", "format": "binary"}
    assert body["encoding"]["photo"]["contentType"] == "image/jpeg, image/png, image/webp"
    told = ask_recorded("POST", "/v1/demos/catdog/ask", files={"photo": CAT.read_bytes()}).json()
    jsonschema.validate(told, post["responses"]["200"]["content"]["application/json"]["schema"])
    assert json.loads(httpx2.get(f"{road.bridge}/openapi.json").text)["servers"] == [{"url": "/bridge"}]


def test_whoever_asks_too_fast_is_told_when_to_go_on(contract):
    """Five at once, then one each six seconds; another visitor is not kept waiting."""
    moments = [0.0]
    bridge = Bridge({"catdog": contract}, {"here": RecordedSpace({"catdog": contract})})
    app = create_app(bridge, gate=Gate(lambda: moments[0]), trusted_hops=1)

    def ask(visitor: str) -> httpx2.Response:
        headers = {"x-forwarded-for": f"6.6.6.6, {visitor}"}  # what stands left of our own proxy's word is forged
        return client.post("/v1/demos/catdog/ask", files={"photo": CAT.read_bytes()}, headers=headers)

    with TestClient(app) as client:
        assert [ask("203.0.113.1").status_code for _ in range(5)] == [200] * 5
        refused = ask("203.0.113.1")
        assert (refused.status_code, problem(refused)["retryable"]) == (429, True)
        assert 1 <= int(refused.headers["retry-after"]) <= 6
        assert "r=0" in refused.headers["ratelimit"]
        assert ask("203.0.113.2").status_code == 200
        moments[0] += 7
        assert ask("203.0.113.1").status_code == 200
        assert client.get("/v1/demos").status_code == 200


def test_operators_see_how_it_goes(road):
    """What Prometheus reads, and how every Space is, from a real bridge."""
    told = httpx2.get(f"{road.bridge}/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert "tinyspaces_questions_total" in told.text
    status = httpx2.get(f"{road.bridge}/v1/status").json()
    assert status["demos"]["catdog"]["ready"] is True


def test_a_body_that_never_comes_is_not_waited_for(contract, monkeypatch):
    """A line that went dead, or somebody who wants all of them: told after a while, and can ask again."""
    monkeypatch.setattr("api_bridge.reading.SILENT_BODY", 0.2)
    bridge = Bridge({"catdog": contract}, {"here": RecordedSpace({"catdog": contract})})
    with served(create_app(bridge)) as where:
        line = socket.create_connection(("127.0.0.1", int(where.rpartition(":")[2])))
        head = "POST /v1/demos/catdog/ask HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n"
        line.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b".encode())
        said = line.recv(4000)
        line.close()
    assert b" 408 " in said.splitlines()[0]
    assert b"\r\nretry-after: " in said.lower()


def test_memory_has_an_end(contract, monkeypatch):
    """However many photos arrive at once: those that are too many are told to come back, and then there is room."""
    monkeypatch.setattr("api_bridge.reading.MOST_ARRIVING", 10_000_000)
    bridge = Bridge({"catdog": contract}, {"here": RecordedSpace({"catdog": contract})})
    with served(create_app(bridge)) as where, httpx2.Client(base_url=where) as client:
        with socket.create_connection(("127.0.0.1", int(where.rpartition(":")[2]))) as line:
            head = "POST /v1/demos/catdog/ask HTTP/1.1\r\nHost: here\r\nContent-Length: 8000000\r\n"
            line.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b".encode())
            sizes = [len(CAT.read_bytes()), 5_000_000]
            files = [{"photo": CAT.read_bytes().ljust(size, b"\0")} for size in sizes]
            statuses = [client.post("/v1/demos/catdog/ask", files=each).status_code for each in files]
        assert statuses == [200, 503]
        while client.post("/v1/demos/catdog/ask", files=files[1]).status_code == 503:
            pass  # it is a moment until somebody who hung up is seen to have gone
