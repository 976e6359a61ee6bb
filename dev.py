"""
Two commands for a bare machine with Python 3.11 or newer; everything else they install.

    python3 dev.py serve        the Space, the bridge and the site, on this machine
    python3 dev.py test         formatting, types and every test, in a real browser

And more for whoever changes the bridge:

    python3 dev.py test --gradio        real servers of fifteen Gradio versions, asked: some minutes
    python3 dev.py test -m slow         what takes long: two processes that learn, ten thousand photos; two minutes
    python3 dev.py test --faults        the whole list of faults over real sockets, as a table: three minutes
    python3 dev.py test --firefox       the core flow in Firefox, where there is one
    python3 dev.py bench page           what the pages weigh and how soon they answer, beside Gradio's own
    python3 dev.py bench bridge         what a question costs, beside every other way to ask a Space
    python3 dev.py bench dialects       the same as a table, beside Gradio's own two clients
    python3 dev.py bench outage         what an outage does to askers and to the Space: five minutes
    python3 dev.py bench soak           half an hour of everything: does anything grow, or fail?
    python3 dev.py bench photos         what cleaning large photos costs who asks beside them
    python3 dev.py bench training PHOTOS    our recipe beside fastai's fine_tune, and the graph beside load_learner

Standard library only: it runs before anything is installed.
"""

import argparse
import contextlib
import hashlib
import http.client
import http.server
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import venv
import webbrowser
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCAL = ROOT / ".local"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

SPACE = "training/space/requirements.txt"
BENCHES = ("bridge", "dialects", "outage", "page", "photos", "soak", "training")
NEEDS = {
    "serve": ["-r", SPACE, "-e", ".[build]"],
    "test": ["-r", SPACE, "-e", ".[build,train,test]"],
}


class Stop(Exception):
    """Something only the person at the keyboard can mend; its text is one line saying what to do."""


def main() -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("serve", help="the Space, the bridge and the site, on this machine")
    command.add_argument("--port", type=_port, default=8000, help="the site's (8000)")
    command.add_argument("--space-port", type=_port, default=7860, help="the Space's and the bridge's (7860)")
    command.add_argument("--base", default="/", help="the site's path, as /repo/ for a project's page")
    command.add_argument("--no-open", action="store_true", help="leave the browser alone")
    commands.add_parser("test", help="everything; what follows goes to pytest", add_help=False)
    command = commands.add_parser("bench", help="measure; what follows goes to the benchmark", add_help=False)
    command.add_argument("name", choices=BENCHES)
    options, rest = parser.parse_known_args()
    if rest and options.command == "serve":
        parser.error(f"unknown: {' '.join(rest)}")
    os.chdir(ROOT)
    for each in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore Ctrl-C's signal
        signal.signal(each, signal.default_int_handler)
    try:
        set_up("serve" if options.command == "serve" else "test")
        if options.command == "bench":
            return bench(options.name, rest)
        return serve(options) if options.command == "serve" else test(rest)
    except Stop as stop:
        print(f"dev.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0 if options.command == "serve" else 130


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port: choose a number from 1 to 65535")
    return int(text)


# --- setting up


def set_up(command: str) -> None:
    """Make `.venv` with what `command` needs, unless it is there already."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one should be told, not shown a traceback
        raise Stop(f"This is Python {sys.version.split()[0]}; install 3.11 or newer and use that.")
    stamp = VENV / f"ready-{command}"
    mark = hashlib.sha256(
        b"".join([*((ROOT / name).read_bytes() for name in ("pyproject.toml", SPACE)), sys.version.encode()])
    ).hexdigest()
    # What is set up for tests can serve as well.
    stamps = {stamp, VENV / "ready-test"}
    if PYTHON.exists() and any(each.exists() and each.read_text() == mark for each in stamps):
        return
    if not PYTHON.exists():
        _say("Making .venv …")
        venv.create(VENV, with_pip=False, clear=True)
    size = " (torch among it: some minutes)" if command == "test" else ""
    _say(f"Installing what `{command}` needs{size} …")
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    options = ["install", "--disable-pip-version-check", *quiet, *NEEDS[command]]
    if subprocess.run([*pip_for(PYTHON), *options], stdout=sys.stderr).returncode:
        raise Stop("pip could not install what is needed: see its lines above. Then run this again.")
    for each in VENV.glob("ready-*"):
        if each.read_text() != mark:
            each.unlink()
    stamp.write_text(mark)


def _say(text: str) -> None:
    """Tell the person at the keyboard; what a command prints may be for a program."""
    print(text, file=sys.stderr, flush=True)


def pip_for(python: Path) -> list[str]:
    """Return a pip that installs for `python`, which needs to have none: this Python's, or one put there."""
    # An active environment may have been made without pip; what it was made from may have one.
    for mine in dict.fromkeys((sys.executable, getattr(sys, "_base_executable", sys.executable))):
        if subprocess.run([mine, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return [mine, "-m", "pip", "--python", str(python)]
    if importlib.util.find_spec("ensurepip"):
        subprocess.run([python, "-m", "ensurepip", "--upgrade"], check=True, stdout=subprocess.DEVNULL)
        return [str(python), "-m", "pip"]
    if found := shutil.which("pip3") or shutil.which("pip"):
        return [found, "--python", str(python)]
    raise Stop("There is no pip: install it (Debian: apt install python3-pip), then run this again.")


# --- serve


def serve(options: argparse.Namespace) -> int:
    """Publish and start the Space, build the site, serve both until Ctrl-C."""
    if options.port == options.space_port:
        raise Stop("The site and the Space need a port each: choose another with --port.")
    for port, flag in ((options.space_port, "--space-port"), (options.port, "--port")):
        if taken(port):
            raise Stop(f"Port {port} is taken: stop what runs there, or choose another with {flag}.")
    pages = [f"http://{host}:{options.port}" for host in ("127.0.0.1", "localhost")]
    folder = LOCAL / "space"
    _run("-m", "training.publish", "--to", folder, "--origins", ",".join(pages))
    _run("build.py", "--base", options.base, "--space", f"http://127.0.0.1:{options.space_port}")
    base = f"/{options.base.strip('/')}/".replace("//", "/")
    with space(folder, options.space_port) as process, site(ROOT / "dist", options.port, base):
        print(f"The bridge: http://127.0.0.1:{options.space_port}/bridge/v1/demos")
        print(f"The site:   {pages[0]}{base}   (Ctrl-C stops both)", flush=True)
        if not options.no_open:
            webbrowser.open(pages[0] + base)
        process.wait()
        raise Stop(f"The Space stopped by itself; its last words are in {LOCAL}/space-{options.space_port}.log.")


def taken(port: int) -> bool:
    """Whether something listens on `port` of this machine already."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def space(folder: Path, port: int, python: Path = PYTHON) -> Iterator[subprocess.Popen[bytes]]:
    """Run the published Space in `folder` until the block ends; raise `Stop` if it does not come up."""
    LOCAL.mkdir(exist_ok=True)
    log = LOCAL / f"space-{port}.log"
    settings = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "PYTHONUNBUFFERED": "1"}
    apart = {"start_new_session": True} if os.name != "nt" else {}  # Ctrl-C is for us to pass on
    with log.open("wb") as words:
        process = subprocess.Popen(
            [python, "app.py"], cwd=folder, env={**os.environ, **settings}, stdout=words, stderr=words, **apart
        )
    try:
        _wait_until_ready(process, port, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    started = time.monotonic()
    while time.monotonic() - started < 120:
        if process.poll() is not None:
            last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise Stop(f"The Space did not start: {last} (all of it: {log})")
        if _ready(port):
            print(f"\rThe Space is up after {time.monotonic() - started:.0f} s." + " " * 20, flush=True)
            return
        if sys.stdout.isatty():
            print(f"\rStarting the Space … {time.monotonic() - started:.0f} s", end="", flush=True)
        time.sleep(0.25)
    raise Stop(f"The Space was not ready within two minutes: look into {log}.")


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/bridge/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves a folder as GitHub Pages would: below a base, without special headers, with its own 404."""

    base = "/"
    extensions_map = {  # noqa: RUF012 - the standard library's own name; Windows' registry may say otherwise
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".css": "text/css",
        ".json": "application/json",
        ".html": "text/html",
    }

    def translate_path(self, path: str) -> str:
        inside = path.startswith(self.base)
        return super().translate_path("/" + path.removeprefix(self.base) if inside else "/not/here")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            return super().send_error(code, message, explain)
        content = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        return None

    def list_directory(self, path: object) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is for what matters."""


@contextlib.contextmanager
def site(folder: Path, port: int, base: str = "/") -> Iterator[int]:
    """Serve `folder` on 127.0.0.1 until the block ends; yield the port, chosen freely for 0."""
    pages = type("PagesBelow", (Pages,), {"base": base})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), lambda *words: pages(*words, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _run(*words: object) -> None:
    """Run one of the project's own programs; when it fails it has said itself what to do."""
    if code := subprocess.run([PYTHON, *map(str, words)]).returncode:
        raise SystemExit(code)


# --- test


# What is asked for by itself, and what pytest is told then.
APART = {
    "--gradio": ["tests/test_matrix.py", "-m", "gradio"],
    "--faults": ["tests/faults", "-m", "fault", "-p", "tests.faults.table", "--quiet"],
    "--firefox": ["tests/browser/test_firefox.py", "-m", "firefox"],
}


def test(rest: list[str]) -> int:
    """Check everything in the order that fails soonest; return the first exit code that is not 0."""
    for word, which in APART.items():
        if word in rest:
            rest = [each for each in rest if each != word]
            return subprocess.run([PYTHON, "-m", "pytest", *which, *rest], env=_with_node()).returncode
    env = _with_node()
    env["TEST_BROWSER"] = find_browser()
    env["OMP_NUM_THREADS"] = "1"  # two run at a time: torch, taking every processor for each, would wait for itself
    tsc = ROOT / "tests/node_modules/typescript/bin/tsc"
    checks = [
        [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
        [PYTHON, "-m", "ruff", "check", "--quiet", "."],
        [PYTHON, "-m", "mypy"],
        *([BIN / "node", tsc, "-p", f"tests/{config}"] for config in ("tsconfig.json", "tsconfig.offline.json")),
        [PYTHON, "-m", "training.record", "--check"],
        [PYTHON, "-m", "training.card", "--check"],
        # Two at a time, and what is in one file by one of the two: it shares a Space and a browser.
        [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", *rest],
    ]
    for check in checks:
        print("·", " ".join(Path(str(word)).name for word in check), flush=True)
        if code := subprocess.run(check, env=env).returncode:
            return code
    return 0


def bench(name: str, rest: list[str]) -> int:
    """Run one benchmark; return its exit code."""
    return subprocess.run([PYTHON, f"tests/bench/{name}.py", *rest], env=_with_node()).returncode


def _with_node() -> dict[str, str]:
    """The environment with Node, and what tests/package-lock.json has: TypeScript, axe, Gradio's client for pages."""
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    _install_node_packages(env)
    return env


def _install_node_packages(env: dict[str, str]) -> None:
    lock = (ROOT / "tests/package-lock.json").read_text()
    stamp = ROOT / "tests/node_modules/.ready"
    if stamp.exists() and stamp.read_text() == lock:
        return
    npm = shutil.which("npm", path=env["PATH"])
    if not npm or subprocess.run([npm, "ci", "--silent", "--no-audit"], cwd=ROOT / "tests", env=env).returncode:
        raise Stop("npm could not install tests/package-lock.json: see its lines above.")
    stamp.write_text(lock)


def find_browser() -> str:
    """Return a Chromium's path, installing one where none is found."""
    tried = []
    for place, find in BROWSERS.items():
        found = find()
        if found and Path(found).exists():
            return str(found)
        tried.append(place)
    raise Stop(f"No browser to test with. Tried: {'; '.join(tried)}. Install Chromium, or set TEST_BROWSER to one.")


def _playwrights_own() -> str:
    code = "from playwright.sync_api import sync_playwright as p\nwith p() as w: print(w.chromium.executable_path)"
    return subprocess.run([PYTHON, "-c", code], capture_output=True, text=True).stdout.strip()


def _system() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
    places = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        *(
            rf"{os.environ[root]}\Google\Chrome\Application\chrome.exe"
            for root in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
            if root in os.environ
        ),
    ]
    return next(filter(None, map(shutil.which, names)), None) or next(filter(os.path.exists, places), None)


def _playwright_install() -> str | None:
    print("Looking for a browser: playwright install …", flush=True)
    done = subprocess.run([PYTHON, "-m", "playwright", "install", "chromium"], capture_output=True)
    return _playwrights_own() if done.returncode == 0 else None


def _debian() -> str | None:
    if os.name == "nt" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("Looking for a browser: Debian's chromium …", flush=True)
    subprocess.run(["apt-get", "update", "-qq"])
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    return shutil.which("chromium")


BROWSERS = {
    "$TEST_BROWSER": lambda: os.environ.get("TEST_BROWSER"),
    "Playwright's own": _playwrights_own,
    "a Chromium or Chrome on this system": _system,
    "playwright install": _playwright_install,
    "Debian's package, as root": _debian,
}


if __name__ == "__main__":
    sys.exit(main())
