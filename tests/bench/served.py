"""Folders as GitHub Pages and a CDN serve them: over a socket, gzipped where that makes them smaller, kept for ten minutes."""

import gzip
import http.server
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import dev

SMALLER = ("text/", "application/json", "application/manifest+json", "image/svg+xml", "application/wasm")


class Pages(dev.Pages):
    """As `dev.py serve` has them, and gzipped; anybody's page may read them, as from a CDN."""

    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012 - the standard library's own name
        **dev.Pages.extensions_map,
        ".mjs": "text/javascript",
        ".webmanifest": "application/manifest+json",
    }

    def send_head(self) -> io.BytesIO | io.BufferedReader | None:
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.endswith("/"):
            path /= "index.html"
        kind = self.guess_type(path)
        if not path.is_file() or not kind.startswith(SMALLER):
            return super().send_head()
        content = _gzipped(path, path.stat().st_mtime_ns)
        self.send_response(200)
        for name, value in (("Content-Type", kind), ("Content-Encoding", "gzip"), ("Content-Length", len(content))):
            self.send_header(name, str(value))
        self.end_headers()
        return io.BytesIO(content)

    def end_headers(self) -> None:
        for name, value in (
            ("Access-Control-Allow-Origin", "*"),
            ("Cache-Control", "max-age=600"),
            ("Vary", "Accept-Encoding"),
        ):
            self.send_header(name, value)
        super().end_headers()


class _Server(http.server.ThreadingHTTPServer):
    """Says nothing of browsers that end in the middle of something."""

    def handle_error(self, *_: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


@cache
def _gzipped(path: Path, _changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve `folder` on this machine until the block ends; yield its origin."""
    server = _Server(("127.0.0.1", port), partial(Pages, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
