"""
The page where photos are cleaned, served to this machine only.

Its address holds a word that nobody can guess, and who asks under another name than this
machine's own, or from another page, is turned away. What it does is in `cleaning`.
"""

import asyncio
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastprogress import progress_bar
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from training.cleaning import suspects
from training.cleaning.journal import alone
from training.cleaning.plan import Cleaning, CleaningError
from training.cleaning.suspects import Suspicion
from training.cleaning.thumbs import SIZES, Unreadable, picture, version
from training.faults import TrainingError
from training.kept import Kept

PAGES = Path(__file__).parent.parent / "pages"
STATIC = [path.name for path in PAGES.glob("clean*") if path.suffix in (".css", ".js")]
LONGEST = 10_000  # bytes of what a page sends
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def clean(folder: Path, port: int = 0, show: bool = True) -> None:
    """Serve the page for a trainer's folder until Ctrl-C; raise `TrainingError` where it can not be."""
    kept = Kept.read(folder)
    with alone(folder), socket.socket() as listening:
        cleaning = Cleaning.read(kept)
        for note in cleaning.notes:
            print(note)
        print(f"Looking for what is wrong with {len(kept.rows)} photos …", flush=True)
        found = suspects.suspicions(kept, progress_bar)
        _listen(listening, port)
        word, host = secrets.token_urlsafe(16), f"127.0.0.1:{listening.getsockname()[1]}"
        address = f"http://{host}/{word}/"
        config = uvicorn.Config(Cleaner(cleaning, found).app(word, host), log_level="warning", access_log=False)
        print(f"Clean the photos here: {address}   (Ctrl-C ends; every mark is kept)", flush=True)
        if show:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def _listen(listening: socket.socket, port: int) -> None:
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError as error:
        raise TrainingError(f"Port {port} is taken: choose another with --port, or none.") from error


class Cleaner:
    """Answers the page: its photos, their pictures, and whatever a person decides."""

    def __init__(self, cleaning: Cleaning, found: list[Suspicion]):
        self._cleaning = cleaning
        self._found = found
        self._order = {row: rank for rank, row in enumerate(suspects.order(cleaning.kept.rows, found))}
        self._one = threading.Lock()
        self._painters = asyncio.Semaphore(os.cpu_count() or 2)

    def app(self, word: str, host: str) -> ASGIApp:
        """Return the whole of it, below `/word/` and asked as `host`."""
        routes = [
            Route("/", lambda _: FileResponse(PAGES / "clean.html")),
            *(Route(f"/{name}", lambda _, name=name: FileResponse(PAGES / name)) for name in STATIC),
            Route("/photos", self._doing(lambda _: self._photos())),
            Route("/marks", self._doing(lambda asked: self._news(int(asked.get("since", 0))))),
            Route("/mark", self._doing(self._mark), methods=["POST"]),
            Route("/undo", self._doing(self._undo), methods=["POST"]),
            Route("/plan", self._doing(lambda _: self._plan())),
            Route("/apply", self._doing(self._apply), methods=["POST"]),
            Route("/restore", self._doing(self._restore), methods=["POST"]),
            Route("/{kind}/{row:int}/{version}.jpg", self._picture),
        ]
        return Guard(Starlette(routes=[Mount(f"/{word}", routes=routes)]), host)

    def _doing(self, what: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
        """Do one thing after the other, each in a thread, and say in words what can not be done."""

        def alone(asked: dict[str, Any]) -> dict[str, Any]:
            with self._one:
                return what(asked)

        async def answer(request: Request) -> Response:
            try:
                asked = await request.json() if request.method == "POST" else dict(request.query_params)
                return JSONResponse(await run_in_threadpool(alone, asked), headers={"Cache-Control": "no-store"})
            except CleaningError as error:
                return JSONResponse({"fault": str(error)}, 409)
            except (ValueError, KeyError, TypeError, AttributeError):
                return JSONResponse({"fault": "The page and its server are not of one kind: load it again."}, 400)

        return answer

    def _photos(self) -> dict[str, Any]:
        cleaning, run = self._cleaning, self._cleaning.kept.run
        number = {row["file"]: at for at, row in enumerate(cleaning.kept.rows)}
        photos = []
        for row, place, label in cleaning.standing():
            at, file = number[row["file"]], row["file"]
            reasons = suspects.why(cleaning.kept, self._found, at)
            photos.append(
                {
                    "row": at,
                    "file": file,
                    "label": label,
                    "was": row["label"],
                    "split": row["split"],
                    "says": suspects.said(cleaning.kept, row),
                    "sure": max(row["probabilities"]),
                    "loss": row["loss"],
                    "why": reasons,
                    "suspect": bool(reasons),
                    "twin": self._found[at].twin,
                    "rank": self._order[at],
                    "version": version(place),
                }
            )
        return {
            "demo": run["demo"],
            "name": run["name"],
            "again": f"python -m training.{run['demo']} {run['photos']}",
            "labels": run["labels"],
            "photos": sorted(photos, key=lambda photo: photo["rank"]),
            "unsettled": [mark.number for mark in cleaning.unsettled()],
            **self._news(0),
        }

    def _news(self, since: int) -> dict[str, Any]:
        """What was marked from line `since` on; another `state` means that files were moved."""
        batches = self._cleaning.applied
        return {
            "lines": self._cleaning.marks.since(since),
            "state": f"{len(self._cleaning.batches)}-{len(batches)}",
            "applied": [len(batch.moves) for batch in batches],
        }

    def _mark(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._cleaning.mark(str(asked["file"]), str(asked["decision"]), asked.get("label"))
        return self._news(int(asked["since"]))

    def _undo(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._cleaning.undo(int(asked["number"]))
        return self._news(int(asked["since"]))

    def _plan(self) -> dict[str, Any]:
        plan = self._cleaning.plan()
        moves = [{"file": move.file, "label": move.label, "name": Path(move.target).name} for move in plan.moves]
        return {"digest": plan.digest, "moves": moves, "refused": plan.refused, "left": plan.left}

    def _apply(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"moved": len(self._cleaning.apply(str(asked["digest"])).moves)}

    def _restore(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["state"] != self._news(0)["state"]:
            raise CleaningError("Something was moved meanwhile: load the page again.")
        batch, left = self._cleaning.restore()
        return {"moved": len(batch.moves) - len(left), "left": left}

    async def _picture(self, request: Request) -> Response:
        kind, row = request.path_params["kind"], request.path_params["row"]
        rows = self._cleaning.kept.rows
        place = self._cleaning.place(rows[row]["file"]) if row < len(rows) and kind in SIZES else None
        now = version(place) if place else None
        if place is None or now is None:
            return Response("This photo is gone.", 404)
        tag = f'"{kind}-{now}"'
        fresh = request.path_params["version"] == now
        headers = {"ETag": tag, "Cache-Control": f"private, {'max-age=31536000, immutable' if fresh else 'no-cache'}"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        async with self._painters:
            if await request.is_disconnected():  # whoever scrolls past does not wait
                return Response(status_code=499)
            try:
                folder = self._cleaning.kept.folder / "thumbs"
                content = await run_in_threadpool(picture, place, kind, folder)
            except Unreadable:
                return Response("This file can not be drawn.", 415)
        return Response(content, media_type="image/jpeg", headers=headers)


class Guard:
    """Turns away whoever asks by another name or comes from another page."""

    def __init__(self, app: ASGIApp, host: str):
        self._app = app
        port = host.rpartition(":")[2]
        self._hosts = {host, f"localhost:{port}"}
        self._origins = {f"http://{each}" for each in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *ours]}
            await send(message)

        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, guarded)
        return None

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host") not in self._hosts:
            return Response("This page has another address.", 421)
        if request.method not in ("GET", "HEAD") and request.headers.get("origin") not in self._origins:
            return Response("Only this page itself may ask for that.", 403)
        if int(request.headers.get("content-length") or 0) > LONGEST or "transfer-encoding" in request.headers:
            return Response("That is too long.", 413)
        return None
