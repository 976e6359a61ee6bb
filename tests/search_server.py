"""
Stands in for the search engines that ddgs asks: it is the proxy that ddgs is told to use.

So ddgs goes its whole way, with its own engines, TLS and impersonated browser, and ends here
instead of at duckduckgo.com and www.bing.com.
"""

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme
from ddgs import DDGS

Answer = tuple[int, str]  # status and text


def duckduckgo(links: list[str]) -> str:
    """A page of results as DuckDuckGo writes it."""
    results = [
        {
            "title": "A bear",
            "image": url,
            "thumbnail": url,
            "url": f"https://pages.example/{n}",
            "height": 1,
            "width": 1,
        }
        for n, url in enumerate(links)
    ]
    return json.dumps({"results": results})


def bing(links: list[str]) -> str:
    """A page of results as Bing writes it."""
    items = [
        escape(json.dumps({"t": "A bear", "murl": url, "turl": url, "purl": f"https://pages.example/{n}"}))
        for n, url in enumerate(links)
    ]
    return "<html>" + "".join(
        f"<div><div class='imgpt'><a class='iusc' m=\"{each}\"></a></div><div class='infopt'></div></div>"
        for each in items
    )


@dataclass
class Search:
    """A search that runs: what was asked, and a DDGS that asks it."""

    ddgs: DDGS
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # host with path, and query


@contextmanager
def search_server(answer: Callable[[str, dict[str, str]], Answer], folder: Path) -> Iterator[Search]:
    """Answer each question (host with path, query) with `answer`; `folder` takes the certificate to trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("duckduckgo.com", "www.bing.com").configure_cert(tls)

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        host = ""

        def do_CONNECT(self):
            self.host = self.path.partition(":")[0]
            self.send_response(200)
            self.end_headers()
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

        def do_GET(self):
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            search.asked.append((self.host + url.path, query))
            status, text = answer(*search.asked[-1])
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as it:
        it.daemon_threads = True
        threading.Thread(target=it.serve_forever, daemon=True).start()
        proxy = f"http://127.0.0.1:{it.server_address[1]}"
        search = Search(DDGS(proxy=proxy, timeout=5, verify=str(folder / "authority.pem")))
        yield search
        it.shutdown()
