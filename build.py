"""
Render the static site: demos, templates, styles and scripts → dist/.

    python build.py                          for http://127.0.0.1:8000/
    python build.py --base /repo/ --space you/your-space      for GitHub Pages
    python build.py --bridge https://bridge.example.org       to ask a bridge that runs alone
    python build.py --check                  write nothing; exit 1 when dist/ is stale

jinja2 draws what is known now: pages, forms, limits, saved examples. What is known only
when a visitor asks is drawn by site/js.
"""

import argparse
import io
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import minify
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image, ImageDraw

from api_bridge import words
from api_bridge.contract import load_all
from api_bridge.faults import Fault
from api_bridge.messages import Messages, MessagesError
from api_bridge.messages import load as load_messages
from api_bridge.space import address
from build_assets import BuildError, assets_of, before, keeper
from build_demos import content_of, demo_of, model_of, read_checks

SITE = Path(__file__).resolve().parent / "site"
DIST = Path("dist")
SPOKEN = ("accepts", "hex_color", "local_time", "tabbed")
SAID = ("limits", "percent", "sentence", "said")  # in the language of the page
OURS = ("assets", "status")  # folders of the site that no demo may take


def build(base: str = "/", space: str | None = None, site: Path = SITE, bridge: str | None = None) -> dict[str, bytes]:
    """
    Return every file of the site by its path below `base`, drawn for the Space `space`.

    `base` is the site's own path (`/repo/` for a project's page), `space` a user/name or
    an address; without it, site.toml's. `bridge` is the address of one that runs alone.
    """
    base = f"/{base.strip('/')}/".replace("//", "/")
    shared = tomllib.loads((site / "site.toml").read_text(encoding="utf-8"))
    bridge = bridge.rstrip("/") if bridge else address(space or shared["space"]) + "/bridge"
    checks = read_checks(site / "status.json")
    assets = assets_of(site)
    contracts = load_all(site / "demos")
    models = {name: model for name, contract in contracts.items() if (model := model_of(contract, base))}
    demos = [demo_of(contract, checks["demos"].get(contract.demo, {}), models) for contract in contracts.values()]
    messages = load_messages(site / "messages.toml")
    if taken := [demo["name"] for demo in demos if demo["name"] in {*OURS, *messages.languages}]:
        raise BuildError(f"The site has a page of its own at /{taken[0]}/: give the demo another name.")
    if not demos:
        raise BuildError(
            f"No demo has a contract under {site / 'demos'}: train one, or run `python -m training.record`."
        )

    env = _environment(site)
    env.globals.update(
        site=shared,
        base=base,
        bridge=bridge,
        bridge_origin="{0.scheme}://{0.netloc}".format(urlsplit(bridge)),
        asset=lambda name: f"{base}assets/{assets[name].name}",
        before=lambda needs: before(assets, ["main.js", *needs]),
        only_photos=all(demo["only_photos"] for demo in demos),
        others=any(demo["space"]["link"] for demo in demos),
        checked=checks["checked"],
        languages=messages.languages,
        titles={name: contract.title for name, contract in contracts.items()},
        runtime=sum(len(asset.content) for name, asset in assets.items() if name.endswith(".wasm.gz")),
    )
    files = {f"assets/{asset.name}": asset.content for asset in assets.values()}
    for size in ICONS:
        files[f"icon-{size}.png"] = _icon(size)
    files[".nojekyll"] = b""  # GitHub, leave the files as they are
    for demo in demos:
        for name, model in demo["models"].items():
            files[model["address"].removeprefix(base)] = content_of(contracts[name])
        for pictures in (demo["cover"], *demo["examples"]):
            files |= {f"{demo['name']}/{path}": content for path, content in pictures["files"].items()}
    told = _told(site / "js")
    for number, language in enumerate(messages.languages):
        # The first language has the shortest addresses, and the page for what is not there.
        folder = f"{language}/" if number else ""
        _speak(env, messages, language, base + folder, told)
        files |= {folder + path: content for path, content in _pages(env, demos).items()}
        files[f"{folder}manifest.webmanifest"] = _manifest(shared, language, base, base + folder)
        if not number:
            files["404.html"] = _page(env, "404.html", "")
    files["sw.js"] = keeper(site, base, files, assets)
    return files


def _environment(site: Path) -> Environment:
    """What draws the templates."""
    env = Environment(
        loader=FileSystemLoader(site / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False}  # fields stand in their order
    env.globals.update({name: getattr(words, name) for name in SPOKEN})
    return env


def _speak(env: Environment, messages: Messages, language: str, home: str, told: Callable[[str], bool]) -> None:
    """Have the templates speak a language; of its messages, a page is given those that its scripts may say."""
    say = messages.say(language)
    env.globals.update(
        say=say,
        language=language,
        direction=messages.languages[language]["direction"],
        home=home,
        told={key: text for key, text in messages.texts[language].items() if told(key)},
        **{name: partial(getattr(words, name), say=say) for name in SAID},
    )


def _pages(env: Environment, demos: list[dict[str, Any]]) -> dict[str, bytes]:
    """The pages of one language."""
    files = {
        "index.html": _page(env, "index.html", "", demos=demos),
        "status/index.html": _page(env, "status.html", "status/", demos=demos, needs=["status.js"]),
    }
    for demo in demos:
        place = f"{demo['name']}/"
        files[f"{place}index.html"] = _page(env, "demo.html", place, demo=demo, needs=demo["needs"])
    return files


def write(files: Mapping[str, bytes], to: Path) -> None:
    """Leave exactly `files` in the folder `to`."""
    if to.exists() and any(to.iterdir()) and not (to / "404.html").exists():
        raise BuildError(f"{to} is not empty and was not built by this: choose another folder with --to.")
    shutil.rmtree(to, ignore_errors=True)
    for path, content in files.items():
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        (to / path).write_bytes(content)


def stale(files: Mapping[str, bytes], to: Path) -> list[str]:
    """Return the paths where the folder `to` and `files` differ."""
    there = {path.relative_to(to).as_posix(): path.read_bytes() for path in to.rglob("*") if path.is_file()}
    return sorted(path for path in there.keys() | files.keys() if there.get(path) != files.get(path))


def _page(env: Environment, template: str, place: str, needs: Iterable[str] = (), **about: Any) -> bytes:
    """Return a page; `place` is its address below each language's first page."""
    text = env.get_template(template).render(needs=list(needs), place=place, **about)
    return str(minify.string("text/html", text)).encode()


SAYS = re.compile(r"""\b(?:say|isSaid)\(\s*(["'`])(?P<key>[\w.-]+)(?P<more>\$)?""")


def _told(scripts: Path) -> Callable[[str], bool]:
    """Return whether a script says a message; one that ends in a place of its key's says all that begin so."""
    sources = [path.read_text(encoding="utf-8") for path in scripts.glob("*.js")]
    said = [(match["key"], bool(match["more"])) for text in sources for match in SAYS.finditer(text)]
    return lambda key: any(key == name or (more and key.startswith(name)) for name, more in said)


# --- what makes a site an app: it can be installed, and opens without a line


ICONS = (192, 512)  # pixels per side
PAPER, MARK = "#f4f4f4", "#1f6f9f"  # as in site/css/tokens.css


def _icon(size: int) -> bytes:
    """The corner marks of a picture that is to be cropped, with room around them for systems that cut icons round."""
    icon = Image.new("RGB", (size, size), MARK)
    draw, near, far, long, thick = ImageDraw.Draw(icon), size * 0.27, size * 0.73, size * 0.15, max(2, size // 14)
    for x, inward in ((near, long), (far, -long)):
        for y, down in ((near, long), (far, -long)):
            draw.line([(x + inward, y), (x, y), (x, y + down)], fill="white", width=thick, joint="curve")
    file = io.BytesIO()
    icon.save(file, "PNG", optimize=True)
    return file.getvalue()


def _manifest(shared: Mapping[str, str], language: str, base: str, home: str) -> bytes:
    """What a system needs to know to install the site as an app, in one language."""
    about = {
        "name": shared["title"],
        "short_name": shared["title"],
        "description": shared["about"],
        "lang": language,
        "start_url": home,
        "scope": base,
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": f"{base}icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for size in ICONS
            for purpose in ("any", "maskable")
        ],
    }
    return json.dumps(about, ensure_ascii=False).encode()


def main() -> int:
    """Build or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Render the static site into dist/.")
    parser.add_argument("--base", default="/", help="the site's path: /repo/ for a project's page")
    parser.add_argument("--space", help="the Space to ask: user/name or an address (site.toml's without it)")
    parser.add_argument("--bridge", help="the address of a bridge that runs alone, to ask instead of a Space's own")
    parser.add_argument("--to", type=Path, default=DIST)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when --to is stale")
    options = parser.parse_args()
    try:
        files = build(options.base, options.space, bridge=options.bridge)
        if options.check:
            differing = stale(files, options.to)
            print("\n".join(differing) or f"{options.to} holds.")
            return 1 if differing else 0
        write(files, options.to)
    except (BuildError, Fault, MessagesError, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    print(f"{options.to}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
