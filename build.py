"""
Render the static site: demos, templates, styles and scripts → dist/.

    python build.py                          for http://127.0.0.1:8000/
    python build.py --base /repo/ --space you/your-space      for GitHub Pages
    python build.py --check                  write nothing; exit 1 when dist/ is stale

jinja2 draws what is known now: pages, forms, limits, saved examples. What is known only
when a visitor asks is drawn by site/js.
"""

import argparse
import hashlib
import json
import math
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import minify
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image

from api_bridge.contract import Contract, load_all, media_words
from api_bridge.faults import Fault
from api_bridge.space import address

SITE = Path(__file__).resolve().parent / "site"
DIST = Path("dist")


class BuildError(Exception):
    """The site can not be drawn; the text says which file, and what to do."""


def build(base: str = "/", space: str | None = None, site: Path = SITE) -> dict[str, bytes]:
    """
    Return every file of the site by its path below `base`, drawn for the Space `space`.

    `base` is the site's own path (`/repo/` for a project's page), `space` a user/name or
    an address; without it, site.toml's.
    """
    base = f"/{base.strip('/')}/".replace("//", "/")
    shared = tomllib.loads((site / "site.toml").read_text(encoding="utf-8"))
    bridge = address(space or shared["space"]) + "/bridge"
    assets = _assets(site)
    demos = [_demo(contract) for contract in load_all(site / "demos").values()]
    if not demos:
        raise BuildError(
            f"No demo has a contract under {site / 'demos'}: train one, or run `python -m training.record`."
        )

    names = {original: f"{base}assets/{name}" for original, (name, _) in assets.items()}
    env = Environment(
        loader=FileSystemLoader(site / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        site=shared,
        base=base,
        bridge=bridge,
        bridge_origin="{0.scheme}://{0.netloc}".format(urlsplit(bridge)),
        asset=names.__getitem__,
        modules=[address for name, address in sorted(names.items()) if name.endswith(".js") and name != "main.js"],
        percent=percent,
        sentence=sentence,
        media=media_words,
    )

    files = {f"assets/{name}": content for name, content in assets.values()}
    files[".nojekyll"] = b""  # GitHub, leave the files as they are
    files["index.html"] = _page(env, "index.html", demos=demos)
    files["404.html"] = _page(env, "404.html")
    for demo in demos:
        files[f"{demo['name']}/index.html"] = _page(env, "demo.html", demo=demo)
        for example in demo["examples"]:
            files[f"{demo['name']}/{example['picture']}"] = example["content"]
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


# --- what a verdict is called; site/js/view.js says it in the same words


def percent(share: float) -> str:
    """Never “100 %” and never “0 %”: the model does not know that."""
    if share > 0.99:
        return "over 99\u00a0%"
    if share < 0.01:
        return "under 1\u00a0%"
    return f"{math.floor(share * 100 + 0.5)}\u00a0%"


def sentence(prediction: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return the verdict in one plain sentence, as sure as the model and no surer."""
    first, second = (*prediction["confidences"], None)[:2]
    name = words.get(first["label"], first["label"])
    sure = first["confidence"]
    if second and sure < 0.6:
        other = words.get(second["label"], second["label"])
        return f"Hard to say: {name}, {percent(sure)}, or {other}, {percent(second['confidence'])}."
    name = name if sure >= 0.9 else f"probably {name}"
    return f"{name[0].upper()}{name[1:]}, {percent(sure)}."


# --- pages


def _page(env: Environment, template: str, **about: Any) -> bytes:
    text = env.get_template(template).render(**about)
    return str(minify.string("text/html", text)).encode()


def _demo(contract: Contract) -> dict[str, Any]:
    """What the templates draw a demo from."""
    folder = contract.folder
    figures = folder / "figures.json"
    try:
        text = (folder / "index.md").read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{folder / 'index.md'} is missing: write a few lines about the demo there.") from error
    return {
        "name": contract.demo,
        "contract": contract.json,
        "words": contract.json["prediction"].get("properties", {}).get("label", {}).get("words", {}),
        # Commonmark without HTML: what people write is text.
        "text": Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text)),  # noqa: S704
        "figures": json.loads(figures.read_text(encoding="utf-8")) if figures.exists() else None,
        "examples": [_example(folder, example) for example in contract.json["examples"]],
    }


def _example(folder: Path, example: Mapping[str, Any]) -> dict[str, Any]:
    picture = example["input"]["photo"]["file"]
    try:
        content = (folder / picture).read_bytes()
        with Image.open(folder / picture) as image:
            width, height = image.size
    except OSError as error:
        raise BuildError(f"{folder / picture} can not be read: put the example's picture there.") from error
    return {**example, "picture": picture, "content": content, "width": width, "height": height}


# --- assets: minified, and named after their content so that a browser may keep them


def _assets(site: Path) -> dict[str, tuple[str, bytes]]:
    """Return name → (name with its fingerprint, content) for the one style and every module."""
    style = "".join((site / "css" / name).read_text(encoding="utf-8") for name in ("tokens.css", "style.css"))
    done = {"style.css": _fingerprinted("style.css", minify.string("text/css", style))}
    sources = {path.name: path for folder in ("vendor", "js") for path in sorted((site / folder).glob("*.js"))}
    for name in sources:
        _module(name, sources, done, ())
    return done


def _module(name: str, sources: Mapping[str, Path], done: dict[str, tuple[str, bytes]], above: tuple[str, ...]) -> str:
    """Put the module `name` into `done`, after those it imports, whose fingerprints it names; return its own."""
    if name in above:
        raise BuildError(f"Modules import each other in a circle: {' → '.join((*above, name))}.")
    if name not in done:
        text = sources[name].read_text(encoding="utf-8")

        def renamed(match: re.Match[str]) -> str:
            wanted = PurePosixPath(match[2]).name
            if wanted not in sources:
                raise BuildError(f"{sources[name]} imports {match[2]}, which is not in site/js or site/vendor.")
            return f"{match[1]}./{_module(wanted, sources, done, (*above, name))}{match[3]}"

        text = re.sub(r'(\bfrom\s+")(\.{1,2}/[^"]+)(")', renamed, text)
        done[name] = _fingerprinted(name, minify.string("application/javascript", text))
    return done[name][0]


def _fingerprinted(name: str, text: str) -> tuple[str, bytes]:
    stem, dot, ending = name.rpartition(".")
    content = text.encode()
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{ending}", content


def main() -> int:
    """Build or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Render the static site into dist/.")
    parser.add_argument("--base", default="/", help="the site's path: /repo/ for a project's page")
    parser.add_argument("--space", help="the Space to ask: user/name or an address (site.toml's without it)")
    parser.add_argument("--to", type=Path, default=DIST)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when --to is stale")
    options = parser.parse_args()
    try:
        files = build(options.base, options.space)
        if options.check:
            differing = stale(files, options.to)
            print("\n".join(differing) or f"{options.to} holds.")
            return 1 if differing else 0
        write(files, options.to)
    except (BuildError, Fault, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    print(f"{options.to}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
