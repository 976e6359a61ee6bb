"""
A small Hub: what huggingface_hub asks of the real one, over a real socket, with Spaces that really start.

    with small_hub() as hub:
        … HF_ENDPOINT=hub.address, HF_TOKEN=hub.token, HF_HUB_DISABLE_XET=1 …
        hub.spaces["you/bears"].files["app.py"]

HF_HUB_DISABLE_XET is huggingface_hub's own, documented switch: where hf_xet is installed it uploads with
that, whatever a server answers, and only without it through git-lfs, which is what is kept here.
"""

import base64
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub_space import Blob, Space, binary
from proxy import proxy
from servers import served
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Illness:
    """What a request that matches is answered with instead, `times` times; `after` it was done all the same."""

    pattern: str
    answer: Callable[[], Response]
    times: int = 1
    after: bool = False


class SmallHub:
    """Keeps Spaces, and whom it lets in: `token` may write, `reader` may read, anybody else nothing."""

    def __init__(self, python: Path, stack: ExitStack):
        self.token, self.reader = "hf_writes_abcdefghijklmnop", "hf_reads_abcdefghijklmnop"
        self.address = ""
        self.spaces: dict[str, Space] = {}
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []  # "METHOD /path", of each request
        self.leaks: list[str] = []  # requests that hold a token anywhere but in their one header
        self.ill: list[Illness] = []
        self.meanwhile: Callable[[], None] | None = None  # what somebody else does just before a commit
        self.python, self._stack = python, stack  # what its Spaces run with

    def space(self, name: str, files: dict[str, bytes], **known) -> Space:
        """Keep a Space with `files` in its first commit."""
        self.spaces[name] = Space(name, **known)
        self.spaces[name].commit({path: Blob(content, binary(content)) for path, content in files.items()}, "First")
        self.objects |= {blob.sha256: blob.content for blob in self.spaces[name].files.values() if blob.large}
        return self.spaces[name]

    def refuse(self, pattern: str, status: int, message: str = "", *, times: int = 1, after: bool = False, **headers):
        """Answer the next requests that match with `status`; with 0 for it, hang up in the middle."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}

        def answer() -> Response:
            if status == 0:
                return Response(b"", headers={"Content-Length": "10"})
            return JSONResponse({"error": message}, status, {"X-Error-Message": message, **told})

        self.ill.append(Illness(pattern, answer, times, after))

    # --- the app

    def routes(self) -> list[Route]:
        space, git = "/api/spaces/{owner}/{name}", "/spaces/{owner}/{name}"
        return [
            Route("/api/whoami-v2", self._whoami),
            Route("/api/repos/create", self._create, methods=["POST"]),
            Route("/api/validate-yaml", self._yaml, methods=["POST"]),
            Route(space, self._info),
            Route(f"{space}/revision/{{revision}}", self._info),
            Route(f"{space}/tree/{{revision}}", self._tree),
            Route(f"{space}/runtime", self._runtime),
            Route(f"{space}/hardware", self._hardware, methods=["POST"]),
            Route(f"{space}/logs/{{kind}}", self._logs),
            Route(f"{space}/preupload/{{revision}}", self._preupload, methods=["POST"]),
            Route(f"{space}/commit/{{revision}}", self._commit, methods=["POST"]),
            Route(f"{git}.git/info/lfs/objects/batch", self._batch, methods=["POST"]),
            Route(f"{git}/resolve/{{revision}}/{{path:path}}", self._resolve, methods=["GET", "HEAD"]),
            Route("/storage/{oid}", self._put, methods=["PUT"]),
            Route("/zero/{owner}/{name}/startup-report", self._zero, methods=["POST"]),
        ]

    async def __call__(self, scope, receive, send):
        """Note every request, keep strangers out, and be as ill as a test wants it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        body = await request.body()
        self._note(request, body)
        illness = next((each for each in self.ill if re.search(each.pattern, self.asked[-1])), None)
        if illness:
            illness.times -= 1
            self.ill = [each for each in self.ill if each.times > 0]
        if illness and not illness.after:
            return await illness.answer()(scope, receive, send)
        if refused := self._stranger(request):
            return await refused(scope, receive, send)
        parts = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again():
            return next(parts, {"type": "http.disconnect"})

        async def nowhere(_message):
            return None

        await self._app(scope, again, nowhere if illness else send)
        return await illness.answer()(scope, receive, send) if illness else None

    def _note(self, request: Request, body: bytes) -> None:
        self.asked.append(f"{request.method} {request.url.path}")
        others = [value for name, value in request.headers.items() if name != "authorization"]
        said = " ".join([str(request.url), *others]).encode() + body
        to_storage = request.url.path.startswith(("/storage", "/zero")) and "authorization" in request.headers
        if to_storage or any(token.encode() in said for token in (self.token, self.reader)):
            self.leaks.append(self.asked[-1])

    def _stranger(self, request: Request) -> Response | None:
        if request.url.path.startswith(("/storage", "/zero")):
            return None  # these addresses are secrets themselves
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in (self.token, self.reader):
            return _error(401, "Invalid credentials in Authorization header")
        if request.method == "POST" and token == self.reader:
            return _error(403, "You need write access")
        return None

    def _named(self, request: Request) -> Space | None:
        return self.spaces.get("{owner}/{name}".format(**request.path_params))

    def _whoami(self, request: Request) -> Response:
        role = "read" if self.reader in request.headers["authorization"] else "write"
        return JSONResponse({"name": "you", "type": "user", "orgs": [], "auth": {"accessToken": {"role": role}}})

    async def _create(self, request: Request) -> Response:
        said = await request.json()
        name = f"{said['organization']}/{said['name']}"
        if name in self.spaces:
            return _error(409, "You already created this space repo")
        assert (said["type"], said["sdk"]) == ("space", "gradio")
        self.space(
            name,
            {
                ".gitattributes": b"*.onnx filter=lfs diff=lfs merge=lfs -text\n",
                "README.md": b"---\nsdk: gradio\n---\n",
            },
            private=said.get("visibility") == "private",
            hardware=said.get("hardware") or "cpu-basic",
        )
        return JSONResponse({"url": f"{self.address}/spaces/{name}"})

    async def _yaml(self, request: Request) -> Response:
        front = (await request.json())["content"].split("---")[1]
        wrong = [] if "sdk: gradio" in front else [{"message": '"sdk" is required'}]
        return JSONResponse({"errors": wrong, "warnings": []}, 400 if wrong else 200)

    def _info(self, request: Request) -> Response:
        space = self._named(request)
        if space is None:
            return _error(404, "Repository not found", "RepoNotFound")
        commit = space.at(request.path_params.get("revision", "main"))
        if commit is None:
            return _error(404, "Invalid rev id", "RevisionNotFound")
        said = {"id": space.name, "sha": commit.oid, "private": space.private, "sdk": "gradio", "host": space.host}
        return JSONResponse(said)

    def _tree(self, request: Request) -> Response:
        space = self._named(request)
        commit = space.at(request.path_params["revision"])
        rows = []
        for path, blob in commit.files.items():
            row = {"type": "file", "path": path, "oid": blob.oid, "size": len(blob.content)}
            if blob.large:
                row["lfs"] = {"oid": blob.sha256, "size": len(blob.content), "pointerSize": 134}
            rows.append(row)
        return JSONResponse(rows)

    def _resolve(self, request: Request) -> Response:
        commit = self._named(request).at(request.path_params["revision"])
        blob = commit.files.get(request.path_params["path"])
        if blob is None:
            return _error(404, "Entry not found", "EntryNotFound")
        headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{blob.sha256 if blob.large else blob.oid}"'}
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(len(blob.content))})
        return Response(blob.content, headers=headers, media_type="application/octet-stream")

    # --- what is sent

    async def _preupload(self, request: Request) -> Response:
        space, said = self._named(request), await request.json()
        ignored = [line for line in space.files.get(".gitignore", Blob(b"", False)).content.decode().split() if line]
        told = [
            {
                "path": each["path"],
                "uploadMode": "lfs" if binary(base64.b64decode(each["sample"])) else "regular",
                "shouldIgnore": any(Path(each["path"]).match(pattern) for pattern in ignored),
                "oid": space.files[each["path"]].oid if each["path"] in space.files else None,
            }
            for each in said["files"]
        ]
        return JSONResponse({"files": told})

    async def _batch(self, request: Request) -> Response:
        said = await request.json()
        objects = []
        for each in said["objects"]:
            upload = {"upload": {"href": f"{self.address}/storage/{each['oid']}"}}
            objects.append({**each, **({} if each["oid"] in self.objects else {"actions": upload})})
        return JSONResponse({"transfer": "basic", "objects": objects})

    async def _put(self, request: Request) -> Response:
        content = await request.body()
        if hashlib.sha256(content).hexdigest() != request.path_params["oid"]:
            return _error(400, "BadDigest")
        self.objects[request.path_params["oid"]] = content
        return Response()

    async def _commit(self, request: Request) -> Response:
        space = self._named(request)
        if self.meanwhile:
            self.meanwhile()
        said = [json.loads(line) for line in (await request.body()).splitlines()]
        header = said[0]["value"]
        if header.get("parentCommit") not in (None, space.commits[-1].oid):
            return _error(412, "A commit has happened since. Please refresh and try again.")
        files = dict(space.files)
        for each in said[1:]:
            path, value = each["value"]["path"], each["value"]
            match each["key"]:
                case "file":
                    files[path] = Blob(base64.b64decode(value["content"]), False)
                case "lfsFile" if value["oid"] in self.objects:
                    files[path] = Blob(self.objects[value["oid"]], True)
                case "deletedFile" if path in files:
                    del files[path]
                case _:
                    return _error(400, f"{each['key']} {path} can not be done")
        commit = space.commit(files, header["summary"])
        if not space.stages:
            self._start(space)
        return JSONResponse(
            {
                "success": True,
                "commitOid": commit.oid,
                "commitUrl": f"{self.address}/spaces/{space.name}/commit/{commit.oid}",
            }
        )

    # --- what runs

    async def _hardware(self, request: Request) -> Response:
        space = self._named(request)
        space.hardware = (await request.json())["flavor"]
        if "app.py" in space.files and not space.stages:
            self._start(space)
        return self._runtime(request)

    def _zero(self, request: Request) -> Response:
        self._named(request).reported = True
        return Response()

    def _start(self, space: Space) -> None:
        """Start the app from the very bytes that were sent."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        space.start(folder, self.python, f"{self.address}/zero/{space.name}")
        self._stack.callback(space.stop)
        space.host = f"http://127.0.0.1:{space.port}"
        if space.private:
            space.host = self._stack.enter_context(proxy(space.host, token=self.token))

    def _runtime(self, request: Request) -> Response:
        space = self._named(request)
        hardware = {"current": space.hardware, "requested": space.hardware}
        return JSONResponse({"hardware": hardware, "sha": space.commits[-1].oid, **space.runtime()})

    def _logs(self, request: Request) -> Response:
        said = self._named(request).said().splitlines()
        lines = [json.dumps({"data": each, "timestamp": "2026-11-21T12:00:00.000Z"}) for each in said]
        return Response("".join(f"data: {each}\n\n" for each in lines), media_type="text/event-stream")


def _error(status: int, message: str, code: str | None = None) -> Response:
    headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
    return JSONResponse({"error": message}, status, headers)


@contextmanager
def small_hub(python: Path | str = sys.executable) -> Iterator[SmallHub]:
    """A Hub whose Spaces run with `python`, until the block ends."""
    with ExitStack() as stack:
        hub = SmallHub(Path(python), stack)
        hub._app = Starlette(routes=hub.routes())
        hub.address = stack.enter_context(served(hub))
        yield hub
