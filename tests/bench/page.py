"""
What a page costs and how soon it answers, beside the same demo as Gradio's own page and as an embedded one.

    python dev.py bench page                  all of it: about six minutes
    python dev.py bench page weight           requests and bytes of each demo's page
    python dev.py bench page gradio           beside Gradio's own page of the Space, and `<gradio-app>`
    python dev.py bench page times            a saved example, the device, a large photo
    python dev.py bench page lighthouse       its scores, with a phone's screen and line

The site is built as for GitHub Pages and served gzipped, as there; a real Chromium visits, the Space is real.
"""

import argparse
import io
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent)]

import gradio
import lighthouse
import onnxruntime
import visit
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from served import served
from stage import ROOT, Target, free_port, published, said, show_targets

import build
import dev
from training.space.model import Model

DEMO = "catdog"
DEMOS = sorted(path.parent.name for path in (ROOT / "site/demos").glob("*/contract.json"))
LIMITS = {"requests": 8, "script": 20_000, "whole": 45_000}
KINDS = {
    "first page": "",
    "a photo": f"{DEMO}/",
    "a form": "penguins/",
    "several steps": "catdog-look/",
    "status": "status/",
}
LANGUAGES = ("", "ar/")
WARM = 15  # answers after which a browser has compiled what runs often, for speed
Pair = tuple[float, float]  # milliseconds of the device, and of native onnxruntime
TARGETS = (
    Target("example_ms", "saved example, from click to drawn, ms", most=100),
    Target("device_first_ms", "device, from Ask to its first answer, ms", most=2500),
    Target("device_next", "device, next answer to native onnxruntime's", most=1.6),
    Target("busy_ms_device", "12 megapixels on the device, longest task, ms", most=50),
    Target("busy_ms_bridge", "12 megapixels by the bridge, longest task, ms", most=50),
)


@contextmanager
def road(folder: Path, *demos: str) -> Iterator[tuple[str, str]]:
    """Publish `demos`, all without any; run their Space and serve the site; yield the addresses of both."""
    for name in demos:
        shutil.copytree(ROOT / "site/demos" / name, folder / "demos" / name)
    words = ["--demos", folder / "demos"] if demos else []
    port = free_port()
    said("publishing the Space, and starting it")
    with published(folder / "space", "--origins", f"http://127.0.0.1:{port}", *words) as (space, _):
        said("building the site")
        build.write(build.build(space=space), folder / "dist")
        with served(folder / "dist", port) as site:
            yield site, space


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that finds nothing but this machine."""
    rules = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=dev.find_browser(), args=[f"--host-resolver-rules={rules}"])


# --- requests and bytes


def weights(browser: Browser, folder: Path) -> None:
    """Print what each demo's page fetches, beside the limits."""
    with road(folder) as (site, _):
        print(f"{'without photos, models and their runtime':44}{'requests':>10}{'JavaScript':>12}{'all, KB':>10}")
        for name in DEMOS:
            said(f"visiting {name}")
            with browser.new_context() as context:
                told = visit.weigh(context, f"{site}/{name}/")
            said("")
            over = [each for each, most in LIMITS.items() if getattr(told, each) > most]
            notes = f"   MISSED {', '.join(over)}" if over else ""
            notes += f"   not had: {told.missing}" if told.missing else ""
            print(f"  {name:42}{told.requests:>10}{kilobytes(told.script):>12}{kilobytes(told.whole):>10}{notes}")
        print(f"  {'at most':42}{LIMITS['requests']:>10}{LIMITS['script'] // 1000:>12}{LIMITS['whole'] // 1000:>10}")
        print(
            f"  Afterwards a worker keeps the site for offline use: {told.kept} requests, {kilobytes(told.kept_bytes)} KB, once."
        )


def kilobytes(size: int) -> str:
    return f"{size / 1000:.1f}"


# --- beside Gradio's own


def beside_gradio(browser: Browser, folder: Path) -> None:
    """Print one photo's way to its answer on our page, on Gradio's own of the same demo, and on one that embeds it."""
    (folder / "embedding").mkdir()
    frontend = Path(gradio.__file__).parent / "templates/frontend"
    with road(folder, DEMO) as (site, space), served(frontend) as cdn, served(folder / "embedding") as embedding:
        (folder / "embedding/index.html").write_text(embed(cdn, space), encoding="utf-8")
        ways = [
            visit.ours(f"{site}/{DEMO}/"),
            visit.gradios("Gradio's own page", space),
            visit.gradios("<gradio-app>", embedding),
        ]
        print(
            f"\n{'one demo, one photo':22}{'requests':>10}{'all, KB':>10}{'first answer, s':>18}{'on a phone line, s':>20}{'× ours':>16}"
        )
        weighed = {}
        for way in ways:
            said(f"visiting {way.name}")
            with browser.new_context() as context:
                weighed[way.name] = visit.weigh(context, way.address)
        near, far = (answers(browser, ways, turns, line) for turns, line in ((7, False), (3, True)))
        said("")
        for way in ways:
            told = weighed[way.name]
            each = [median(times[way.name]) for times in (near, far)]
            ratios = [one / median(times["our page"]) for one, times in zip(each, (near, far), strict=True)]
            print(
                f"  {way.name:20}{told.requests:>10}{kilobytes(told.whole):>10}{each[0]:>18.2f}{each[1]:>20.2f}"
                f"{ratios[0]:>9.1f} {ratios[1]:>6.1f}{f'   not had: {told.missing}' if told.missing else ''}"
            )


def embed(cdn: str, space: str) -> str:
    """A page that embeds a Space as Gradio says one should; its script is the installed version's own."""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Embedded</title>
<link rel="icon" href="data:,"><script type="module" src="{cdn}/gradio.js"></script><gradio-app src="{space}"></gradio-app>"""


def answers(browser: Browser, ways: list[visit.Way], turns: int, line: bool) -> dict[str, list[float]]:
    """Let the ways take turns, each in a browser that has seen nothing; the first turn only warms up the Space."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for turn in range(turns + 1):
        for way in ways:
            said(f"asking{' on a phone line' if line else ''}, turn {turn} of {turns}: {way.name}")
            photo = visit.another(turn + 50 * line)
            with browser.new_context() as context:
                took = visit.first_answer(context, way, photo, line and turn > 0)
            if turn:
                times[way.name].append(took)
    return times


# --- times


def times(browser: Browser, folder: Path) -> None:
    """Print how soon a page draws and answers, beside the limits."""
    with road(folder, DEMO) as (site, _):
        address, device = f"{site}/{DEMO}/", visit.module(folder / "dist", "device")
        _, single = here(browser, address, device, threads=False)
        firsts, several = here(browser, address, device, threads=True)
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(address)
            said("opening a saved example")
            examples = [visit.example_drawn(page) for _ in range(9)]
            camera = visit.large(12)
            busy = {}
            for route in ("device", "bridge"):
                said(f"12 megapixels by the {route}")
                # The least of some: whatever else runs on this machine only ever adds.
                busy[route] = min(visit.longest_task(page, address, camera, route == "device") for _ in range(3))
    said("")
    numbers = {
        "example_ms": round(median(examples), 1),
        "device_first_ms": round(median(each["asked"] for each in firsts)),
        "device_next": ratio(several[WARM:]),
        "busy_ms_device": busy["device"],
        "busy_ms_bridge": busy["bridge"],
        "… of it from the address on, ms": round(median(each["whole"] for each in firsts)),
        "device, next answer, ms": round(median(one for one, _ in several[WARM:]), 1),
        "… of the first after a load, which the browser still compiles for, to native's": ratio(several[:WARM]),
        "… on one thread, as in a first visit, to native's": ratio(single[WARM:]),
        "native onnxruntime, one thread, ms": round(median(other for _, other in several[WARM:]), 1),
    }
    print("\nhow soon (medians; a task of less than 50 ms counts as 0)")
    show_targets(TARGETS, numbers)


def here(browser: Browser, address: str, module: str, threads: bool) -> tuple[list[dict[str, float]], list[Pair]]:
    """First answers of the device, each after a load, and then next ones beside native ones; threads need a second visit."""
    photo = visit.another(0)
    with browser.new_context(service_workers="allow" if threads else "block") as context:
        page = context.new_page()
        said("the device fetches what it needs")
        visit.on_device(page, address, photo)
        said("the device answers after a load")
        firsts = [visit.on_device(page, address, photo) for _ in range(5)]
        if page.evaluate("crossOriginIsolated") is not threads:
            raise SystemExit("the page has not the threads that it should have: nothing was measured")
        return firsts, next_answers(page, module, photo)


def next_answers(page: Page, module: str, photo: bytes) -> list[Pair]:
    """Milliseconds of the device's answers and of native ones, in turns: from the same file to the same verdict."""
    path, options = ROOT / "site/demos" / DEMO / "model.onnx", onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session, model = onnxruntime.InferenceSession(path, options), Model(path)
    pairs = []
    for turn in range(WARM + 25):
        said(f"the device answers again, turn {turn}")
        wasm = visit.next_answer(page, module, photo)
        begun = time.perf_counter()
        with Image.open(io.BytesIO(photo)) as opened:
            session.run(None, model.feed(opened))
        pairs.append((wasm, (time.perf_counter() - begun) * 1000))
    return pairs


def ratio(pairs: list[Pair]) -> float:
    return round(median(one / other for one, other in pairs), 2)


# --- Lighthouse


def lighthouse_scores(_: Browser, folder: Path) -> None:
    """Print what Lighthouse says of each kind of page, and of what costs it something."""
    said("fetching Lighthouse")
    if why := lighthouse.missing():
        said("")
        print(f"\nNo scores of Lighthouse: {why}")
        return
    with road(folder) as (site, _):
        said("")
        print(
            f"\n{f'Lighthouse {lighthouse.VERSION}, a phone':32}" + "".join(f"{name:>16}" for name in lighthouse.KINDS)
        )
        lighthouse.scores(f"{site}/404.html", dev.find_browser(), folder)  # a browser's first start counts for nobody
        for language in LANGUAGES:
            for kind, place in KINDS.items():
                name = f"{kind}, {language.strip('/') or 'en'}"
                said(f"Lighthouse looks at {name}")
                scores, lost = lighthouse.scores(f"{site}/{language}{place}", dev.find_browser(), folder)
                said("")
                print(f"  {name:30}" + "".join(f"{scores[each]:>16}" for each in lighthouse.KINDS))
                for line in lost:
                    print(f"      {line}")
        print(
            f"  {'at least':30}" + "".join(f"{98 if each == 'performance' else 100:>16}" for each in lighthouse.KINDS)
        )


PARTS = {"weight": weights, "gradio": beside_gradio, "times": times, "lighthouse": lighthouse_scores}


def main() -> int:
    """Measure, and print; the exit code is 0 however the numbers are."""
    parser = argparse.ArgumentParser(
        prog="dev.py bench page", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; all without any")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(unknown)}")
    print(f"cpus {os.cpu_count()}, load before {os.getloadavg()[0]:.1f}, Gradio {gradio.__version__}\n")
    with chromium() as browser:
        for part in parts:
            with TemporaryDirectory() as folder:
                PARTS[part](browser, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
