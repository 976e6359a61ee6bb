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
import hashlib
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import minify
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from PIL import Image

from api_bridge import words
from api_bridge.contract import Contract, Json, files_in, load_all
from api_bridge.faults import Fault
from api_bridge.space import address

SITE = Path(__file__).resolve().parent / "site"
DIST = Path("dist")
SPOKEN = ("accepts", "limits", "hex_color", "local_time", "tabbed", "percent", "sentence")
PHOTOS = ("image", "sketch")
FILES = ("images", "audio", "video", "file", "files", "model3d", "message")
OURS = ("assets", "status")  # folders of the site that no demo may take
NOT_CHECKED = "unchecked"
# How a demo was at the last check: a sign and words, so that no colour is needed.
STATES = {
    "holds": ("✓", "Holds"),
    "benign": ("✓", "Holds; something harmless changed"),
    "risky": ("!", "Changed: it may fail"),
    "breaking": ("✕", "Changed: it fails"),
    "asleep": ("–", "Asleep: it could not be asked"),
    NOT_CHECKED: ("?", "Not checked yet"),
}


class BuildError(Exception):
    """The site can not be drawn; the text says which file, and what to do."""


@dataclass(frozen=True)
class Asset:
    """A style or a module as it is served."""

    name: str  # with the fingerprint of its content
    content: bytes
    imports: tuple[str, ...] = ()  # what a browser fetches before it can run


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
    assets = _assets(site)
    contracts = load_all(site / "demos").values()
    demos = [_demo(contract, checks["demos"].get(contract.demo, {})) for contract in contracts]
    if taken := [demo["name"] for demo in demos if demo["name"] in OURS]:
        raise BuildError(f"The site has a page of its own at /{taken[0]}/: give the demo another name.")
    if not demos:
        raise BuildError(
            f"No demo has a contract under {site / 'demos'}: train one, or run `python -m training.record`."
        )

    env = Environment(
        loader=FileSystemLoader(site / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False}  # fields stand in their order
    env.globals.update(
        site=shared,
        base=base,
        bridge=bridge,
        bridge_origin="{0.scheme}://{0.netloc}".format(urlsplit(bridge)),
        asset=lambda name: f"{base}assets/{assets[name].name}",
        before=lambda needs: _before(assets, ["main.js", *needs]),
        only_photos=all(demo["only_photos"] for demo in demos),
        others=any(demo["space"]["link"] for demo in demos),
        checked=checks["checked"],
        **{name: getattr(words, name) for name in SPOKEN},
    )

    files = {f"assets/{asset.name}": asset.content for asset in assets.values()}
    files[".nojekyll"] = b""  # GitHub, leave the files as they are
    files["index.html"] = _page(env, "index.html", demos=demos)
    files["404.html"] = _page(env, "404.html")
    files["status/index.html"] = _page(env, "status.html", demos=demos, needs=["status.css", "status.js"])
    for demo in demos:
        files[f"{demo['name']}/index.html"] = _page(env, "demo.html", demo=demo, needs=demo["needs"])
        for example in demo["examples"]:
            files |= {f"{demo['name']}/{path}": content for path, content in example["files"].items()}
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


def _page(env: Environment, template: str, needs: Iterable[str] = (), **about: Any) -> bytes:
    text = env.get_template(template).render(needs=list(needs), **about)
    return str(minify.string("text/html", text)).encode()


# --- what a demo's page is drawn from


def _demo(contract: Contract, check: Mapping[str, Json]) -> dict[str, Any]:
    """Return what the templates draw a demo from; `check` is what the last check of it found."""
    folder = contract.folder
    try:
        text = (folder / "index.md").read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{folder / 'index.md'} is missing: write a few lines about the demo there.") from error
    fields, prediction = contract.fields, contract.json["prediction"]
    return {
        "name": contract.demo,
        "contract": contract.json,
        "words": prediction.get("properties", {}).get("label", {}).get("words", {}),
        # Commonmark without HTML: what people write is text.
        "text": Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text)),  # noqa: S704
        "figures": _figures(folder / "figures.json"),
        "card": _card(folder / "card.md"),
        "examples": [_example(contract, example) for example in contract.json["examples"]],
        "only_photos": all(field["kind"] in PHOTOS for field in fields.values()),
        "needs": _needs(fields, prediction),
        "space": _space(contract, check),
        "check": _check(check),
    }


def _figures(path: Path) -> Json:
    """What was measured of a demo's model; None where nothing was."""
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except ValueError as error:
        raise BuildError(f"{path} is no JSON: train the demo again, or delete it.") from error


def _card(path: Path) -> Markup | None:
    """
    Return the model card as it stands in a page: without metadata, title and pictures.

    Its headings are one level lower, and what is wide scrolls in a region of its own.
    """
    if not path.exists():
        return None
    text = re.sub(r"\A---\n.*?\n---\n\s*(# [^\n]*\n)?", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens, heading = markdown.parse(text), "Model card"
    drawn: list[Token] = []
    numbers = count(1)
    for place, token in enumerate(tokens):
        token.attrs.pop("style", None)  # the page's policy has no room for it
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        if token.type == "heading_open":
            heading = tokens[place + 1].content
        if token.type == "th_open":
            token.attrSet("scope", "col")
        if token.type in ("table_open", "fence"):
            name = f"{escape(heading)}, {next(numbers)}"
            region = f'<div class="scrolls" role="region" tabindex="0" aria-label="{name}">'
            drawn.append(Token("html_block", "", 0, content=region))
        drawn.append(token)
        if token.type in ("table_close", "fence"):
            drawn.append(Token("html_block", "", 0, content="</div>"))
    return Markup(markdown.renderer.render(drawn, markdown.options, {}))  # noqa: S704 - markdown-it escapes all text


def _needs(fields: Mapping[str, Json], prediction: Mapping[str, Json]) -> list[str]:
    """The modules and styles of site/ that a page fetches beside those of every page."""
    needs = set()
    for field in fields.values():
        if field["kind"] not in PHOTOS:
            needs |= {"fields.css", _reader(field["kind"])}
    if prediction.get("kind") != "label":
        needs |= {"drawings.css", "drawings.js"}
    return sorted(needs)


def _reader(kind: str) -> str:
    """The module that reads a field of this kind, as site/js/form.js chooses it."""
    return "files.js" if kind in FILES else "table.js" if kind == "table" else "fields.js"


def _example(contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    files = {}
    for about in files_in([example["input"], example["prediction"]]):
        path = contract.folder / about["file"]
        if not path.resolve().is_relative_to((contract.folder / "examples").resolve()):
            raise BuildError(
                f"{contract.demo}'s example “{example['name']}” names {about['file']}: keep it in examples/."
            )
        try:
            files[about["file"]] = path.read_bytes()
        except OSError as error:
            raise BuildError(f"{path} can not be read: put the example's file there.") from error
    pictures = [about["file"] for about in files_in(example["input"]) if about["media"].startswith("image/")]
    fields = contract.fields
    given = {name: value for name, value in example["input"].items() if name in fields}
    return {
        **example,
        "files": files,
        "picture": _picture(contract.folder / pictures[0], pictures[0]) if pictures else None,
        "given": " · ".join(
            f"{fields[name]['title']}: {words.said(fields[name], value)}" for name, value in given.items()
        ),
        "said": words.said(contract.json["prediction"], example["prediction"]),
    }


def _picture(path: Path, name: str) -> dict[str, Any]:
    try:
        with Image.open(path) as image:
            return {"file": name, "width": image.width, "height": image.height}
    except OSError as error:
        raise BuildError(f"{path} can not be read: put the example's file there.") from error


def _space(contract: Contract, check: Mapping[str, Json]) -> dict[str, Any]:
    """Who answers a demo: its Space, and what that said of itself when it was last looked at."""
    (step,) = contract.json["steps"].values()
    space = step["space"]
    told = contract.json.get("spaces", {}).get(space, {})
    name = "this site’s own Space" if space == "here" else re.sub(r"^https?://", "", space)
    link = None if space == "here" else space if "://" in space else f"https://huggingface.co/spaces/{space}"
    return {"name": name, "link": link, **{part: check.get(part) or told.get(part) for part in ("gradio", "dialect")}}


# --- the last check


def read_checks(path: Path) -> dict[str, Any]:
    """Return what `python -m api_bridge check --status` wrote, or an empty report where it was never run."""
    if not path.exists():
        return {"checked": None, "demos": {}}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        checked = datetime.fromisoformat(told["checked"]).astimezone(UTC)
        unknown = [each["state"] for each in told["demos"].values() if each["state"] not in STATES]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildError(
            f"{path} is no report of a check: delete it, or run `python -m api_bridge check` again."
        ) from error
    if unknown:
        raise BuildError(f"{path} has a state “{unknown[0]}”; there are: {', '.join(STATES)}.")
    when = f"{checked.day} {checked:%B %Y, %H:%M} UTC"
    return {"checked": {"time": told["checked"], "words": when}, "demos": told["demos"]}


def _check(check: Mapping[str, Json]) -> dict[str, Any]:
    state = check.get("state", NOT_CHECKED)
    sign, meaning = STATES[state]
    findings = check.get("findings", [])
    broken = [each for each in findings if each["class"] == "breaking"]
    return {
        "state": state,
        "sign": sign,
        "words": meaning,
        "stage": check.get("stage"),
        "findings": findings,
        "visitor": (broken[0].get("visitor") or broken[0]["what"]) if broken else None,
    }


# --- assets: minified, and named after their content so that a browser may keep them


def _assets(site: Path) -> dict[str, Asset]:
    """Return every style and module by its name in site/; what each page shares is one style."""
    shared = ("tokens.css", "style.css")
    styles = {"style.css": "".join((site / "css" / name).read_text(encoding="utf-8") for name in shared)}
    styles |= {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((site / "css").glob("*.css"))
        if path.name not in shared
    }
    done = {name: _fingerprinted(name, minify.string("text/css", text)) for name, text in styles.items()}
    sources = {path.name: path for folder in ("vendor", "js") for path in sorted((site / folder).glob("*.js"))}
    for name in sources:
        _module(name, sources, done, ())
    return done


def _module(name: str, sources: Mapping[str, Path], done: dict[str, Asset], above: tuple[str, ...]) -> Asset:
    """Put the module `name` into `done`, after those it imports, whose fingerprints it names; return it."""
    if name in above:
        raise BuildError(f"Modules import each other in a circle: {' → '.join((*above, name))}.")
    if name not in done:
        # Minified first: in comments, types are imported in the same words.
        text = minify.string("application/javascript", sources[name].read_text(encoding="utf-8"))
        imports = []

        def renamed(match: re.Match[str]) -> str:
            wanted = PurePosixPath(match["path"]).name
            if wanted not in sources:
                raise BuildError(f"{sources[name]} imports {match['path']}, which is not in site/js or site/vendor.")
            asset = _module(wanted, sources, done, (*above, name))
            if not match["later"]:
                imports.append(wanted)
            return f"{match['before']}./{asset.name}{match['after']}"

        text = re.sub(IMPORTED, renamed, text)
        done[name] = _fingerprinted(name, text, tuple(imports))
    return done[name]


IMPORTED = re.compile(
    r"""(?P<before>\bfrom\s*["'`]|\bimport\s*(?P<later>\()?\s*["'`])(?P<path>\.{1,2}/[^"'`]+)(?P<after>["'`])"""
)


def _before(assets: Mapping[str, Asset], names: Iterable[str]) -> list[str]:
    """Return the modules among `names` and all that they import, but for main.js, which asks for itself."""
    found: list[str] = []
    waiting = [name for name in names if name.endswith(".js")]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting.extend(assets[name].imports)
    return sorted(set(found) - {"main.js"})


def _fingerprinted(name: str, text: str, imports: tuple[str, ...] = ()) -> Asset:
    stem, dot, ending = name.rpartition(".")
    content = text.encode()
    return Asset(f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{ending}", content, imports)


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
    except (BuildError, Fault, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    print(f"{options.to}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
