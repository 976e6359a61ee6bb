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
import io
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import minify
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from PIL import Image, ImageDraw

from api_bridge import words
from api_bridge.contract import Contract, Json, files_in, load_all
from api_bridge.faults import Fault
from api_bridge.messages import MessagesError
from api_bridge.messages import load as load_messages
from api_bridge.space import address

SITE = Path(__file__).resolve().parent / "site"
DIST = Path("dist")
SPOKEN = ("accepts", "hex_color", "local_time", "tabbed")
SAID = ("limits", "percent", "sentence", "said")  # in the language of the page
PHOTOS = ("image", "sketch")
FILES = ("images", "audio", "video", "file", "files", "model3d", "message")
OURS = ("assets", "status")  # folders of the site that no demo may take
NOT_CHECKED = "unchecked"
# How a demo was at the last check: a sign, beside words, so that no colour is needed.
STATES = {"holds": "✓", "benign": "✓", "risky": "!", "breaking": "✕", "asleep": "–", NOT_CHECKED: "?"}


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
    contracts = load_all(site / "demos")
    models = {name: model for name, contract in contracts.items() if (model := _model(contract, base))}
    demos = [_demo(contract, checks["demos"].get(contract.demo, {}), models) for contract in contracts.values()]
    messages = load_messages(site / "messages.toml")
    if taken := [demo["name"] for demo in demos if demo["name"] in {*OURS, *messages.languages}]:
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
        languages=messages.languages,
        titles={name: contract.title for name, contract in contracts.items()},
        runtime=sum(len(asset.content) for name, asset in assets.items() if name.endswith(".wasm.gz")),
        **{name: getattr(words, name) for name in SPOKEN},
    )

    files = {f"assets/{asset.name}": asset.content for asset in assets.values()}
    for size in ICONS:
        files[f"icon-{size}.png"] = _icon(size)
    files[".nojekyll"] = b""  # GitHub, leave the files as they are
    for demo in demos:
        for name, model in demo["models"].items():
            files[model["address"].removeprefix(base)] = _content(contracts[name])
        for example in demo["examples"]:
            files |= {f"{demo['name']}/{path}": content for path, content in example["files"].items()}
    told = _told(site / "js")
    for number, language in enumerate(messages.languages):
        # The first language has the shortest addresses, and the page for what is not there.
        folder = f"{language}/" if number else ""
        say = messages.say(language)
        env.globals.update(
            say=say,
            language=language,
            direction=messages.languages[language]["direction"],
            home=base + folder,
            told={key: text for key, text in messages.texts[language].items() if told(key)},
            **{name: partial(getattr(words, name), say=say) for name in SAID},
        )
        files[f"{folder}index.html"] = _page(env, "index.html", "", demos=demos)
        files[f"{folder}status/index.html"] = _page(env, "status.html", "status/", demos=demos, needs=["status.js"])
        for demo in demos:
            place = f"{demo['name']}/"
            files[f"{folder}{place}index.html"] = _page(env, "demo.html", place, demo=demo, needs=demo["needs"])
        files[f"{folder}manifest.webmanifest"] = _manifest(shared, language, base, base + folder)
        if not number:
            files["404.html"] = _page(env, "404.html", "")
    files["sw.js"] = _keeper(site, base, files, assets)
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


# --- what a demo's page is drawn from


def _demo(contract: Contract, check: Mapping[str, Json], models: Mapping[str, Json]) -> dict[str, Any]:
    """
    Return what the templates draw a demo from; `check` is what the last check of it found.

    Of `models`, the page is told those that its steps need, where all are there: site/js/device.js asks them.
    """
    folder = contract.folder
    try:
        text = (folder / "index.md").read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{folder / 'index.md'} is missing: write a few lines about the demo there.") from error
    fields, prediction, asked = contract.fields, contract.json["prediction"], _asked(contract)
    return {
        "name": contract.demo,
        "contract": contract.json,
        "asked": [name for name in asked if name != contract.demo],
        "models": {name: models[name] for name in asked} if models.keys() >= set(asked) else {},
        "words": prediction.get("properties", {}).get("label", {}).get("words", {}),
        # Commonmark without HTML: what people write is text.
        "text": Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text)),  # noqa: S704
        "figures": _figures(folder / "figures.json"),
        "card": _card(folder / "card.md"),
        "examples": [_example(contract, example) for example in contract.json["examples"]],
        "only_photos": all(field["kind"] in PHOTOS for field in fields.values()),
        "needs": _needs(contract),
        "space": _space(contract, check),
        "check": _check(check),
    }


def _asked(contract: Contract) -> list[str]:
    """The demos whose models a contract's steps ask."""
    return list(dict.fromkeys(step.get("demo", contract.demo) for step in contract.json["steps"].values()))


def _model(contract: Contract, base: str) -> Json | None:
    """What a page needs to ask a demo's model on a visitor's device; None where there is none."""
    model = contract.json.get("model", {})
    if "file" not in model:
        return None
    address = f"{base}{contract.demo}/model.{model['sha256'][:10]}.onnx"
    about = {"address": address, **{name: model[name] for name in ("size", "sha256", "labels")}}
    (step,) = contract.json["steps"].values()
    fields = {name: contract.fields[place.removeprefix("input.")] for name, place in step["takes"].items()}
    if any(field["kind"] in PHOTOS for field in fields.values()):
        return about
    # A table's graph takes its numbers and its choices in their order.
    table = {name: {"enum": field["enum"]} if "enum" in field else {} for name, field in fields.items()}
    return {**about, "fields": table}


def _content(contract: Contract) -> bytes:
    """A demo's model, when it is the one that its contract speaks of."""
    path, model = contract.folder / contract.json["model"]["file"], contract.json["model"]
    try:
        content: bytes = path.read_bytes()
    except OSError as error:
        raise BuildError(f"{path} can not be read: train {contract.demo} again.") from error
    if hashlib.sha256(content).hexdigest() != model["sha256"]:
        raise BuildError(f"{path} is not the model in its contract: run `python -m training.record {contract.demo}`.")
    return content


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


def _needs(contract: Contract) -> list[str]:
    """The modules of site/ that a page fetches beside those of every page."""
    needs = {"steps.js"} if len(contract.json["steps"]) > 1 else set()
    for field in contract.fields.values():
        if field["kind"] != "image":
            needs.add(_reader(field["kind"]))
    if contract.json["prediction"].get("kind") != "label":
        needs.add("drawings.js")
    return sorted(needs)


def _reader(kind: str) -> str:
    """The module that reads a field of this kind, as site/js/demo.js chooses it."""
    return "files.js" if kind in FILES else f"{kind}.js" if kind in ("sketch", "table") else "fields.js"


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
    return {
        **example,
        "files": files,
        "picture": _picture(contract.folder / pictures[0], pictures[0]) if pictures else None,
        "given": {name: value for name, value in example["input"].items() if name in contract.fields},
    }


def _picture(path: Path, name: str) -> dict[str, Any]:
    try:
        with Image.open(path) as image:
            return {"file": name, "width": image.width, "height": image.height}
    except OSError as error:
        raise BuildError(f"{path} can not be read: put the example's file there.") from error


def _space(contract: Contract, check: Mapping[str, Json]) -> dict[str, Any]:
    """Who answers a demo: its Space, and what that said of itself when it was last looked at."""
    space = next(iter(contract.json["steps"].values()))["space"]  # of several steps, the first one's
    told = contract.json.get("spaces", {}).get(space, {})
    name = None if space == "here" else re.sub(r"^https?://", "", space)
    link = None if space == "here" else space if "://" in space else f"https://huggingface.co/spaces/{space}"
    return {"name": name, "link": link, **{part: check.get(part) or told.get(part) for part in ("gradio", "dialect")}}


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


def _keeper(site: Path, base: str, files: Mapping[str, bytes], assets: Mapping[str, Asset]) -> bytes:
    """The worker that keeps pages for when there is no line; another version of anything makes it another one."""
    version = hashlib.sha256()
    for path, content in sorted(files.items()):
        version.update(path.encode() + content)
    ours = [
        asset.name for name, asset in assets.items() if not (site / "vendor" / name).exists() or name == "preact-htm.js"
    ]
    kept = {"version": version.hexdigest()[:10], "base": base, "shell": [f"{base}assets/{name}" for name in ours]}
    script = minify.string("application/javascript", (site / "offline/sw.js").read_text(encoding="utf-8"))
    return f"const KEPT={json.dumps(kept)};\n{script}".encode()


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
    findings = check.get("findings", [])
    broken = [each for each in findings if each["class"] == "breaking"]
    return {
        "state": state,
        "sign": STATES[state],
        "stage": check.get("stage"),
        "findings": findings,
        "visitor": (broken[0].get("visitor") or broken[0]["what"]) if broken else None,
    }


# --- assets: minified, and named after their content so that a browser may keep them


def _assets(site: Path) -> dict[str, Asset]:
    """Return every style and module by its name in site/; what each page needs is one style and one module."""
    style = "".join((site / "css" / name).read_text(encoding="utf-8") for name in _styles(site))
    done = {"style.css": _fingerprinted("style.css", minify.string("text/css", style).encode())}
    # What others made and a page rarely needs is served as it came.
    for path in sorted(path for path in (site / "vendor").iterdir() if path.suffix in (".mjs", ".gz", ".js")):
        done[path.name] = _fingerprinted(path.name, path.read_bytes())
    done |= _frame(site / "frame", done)
    return done | _modules(site / "js", done)


def _frame(folder: Path, vendored: Mapping[str, Asset]) -> dict[str, Asset]:
    """Return the page in which strangers' pages and plots are drawn, and its script: it names what it may fetch."""
    script = minify.string("application/javascript", (folder / "frame.js").read_text(encoding="utf-8"))
    done = {"frame.js": _fingerprinted("frame.js", script.encode())}
    names = {name: asset.name for name, asset in {**vendored, **done}.items()}
    text = (folder / "frame.html").read_text(encoding="utf-8")
    page = re.sub(r'"\./([\w.-]+)"', lambda match: f'"./{names[match[1]]}"', text)
    return {**done, "frame.html": _fingerprinted("frame.html", page.encode())}


def _styles(site: Path) -> list[str]:
    """The styles in their order: those that others build on come first."""
    first = ["tokens.css", "style.css"]
    return first + sorted(path.name for path in (site / "css").glob("*.css") if path.name not in first)


# What every demo's page runs arrives as one module; each needs only those before it.
TOGETHER = ("words.js", "contract.js", "view.js", "form.js", "routes.js", "demo.js", "main.js")
IMPORTED = re.compile(
    # A worker, and what a worker fetches, is named by `new URL("…", import.meta.url)`.
    r"""(?P<before>(?:\bfrom|\bimport|(?P<later>\bimport\s*\(|\bnew URL\())\s*["'`])"""
    r"""(?P<path>\.{1,2}/[^"'`]+)(?P<after>["'`])"""
)
NAMES = re.compile(r"""^import \{(?P<names>[^}]*)\} from "(?P<path>[^"]+)";\n""", re.MULTILINE)
NAMED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)


def _modules(scripts: Path, vendored: Mapping[str, Asset]) -> dict[str, Asset]:
    """Return our own modules, which name each other by one fingerprint of them all."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(scripts.glob("*.js"))}
    if not texts.keys() >= set(TOGETHER):
        raise BuildError(f"{scripts} has no {min(set(TOGETHER) - texts.keys())}.")
    alone = {name: text for name, text in texts.items() if name not in TOGETHER}
    # Minified before anything is renamed: in comments, types are imported in the same words.
    texts = {"main.js": _together(texts), **alone}
    small = {name: minify.string("application/javascript", text) for name, text in texts.items()}
    digest = hashlib.sha256(json.dumps([small, {name: asset.name for name, asset in vendored.items()}]).encode())
    served = {name: f"{name.removesuffix('.js')}.{digest.hexdigest()[:10]}.js" for name in small}
    served |= dict.fromkeys(TOGETHER, served["main.js"])
    done = {}
    for name, text in small.items():
        needed: set[str] = set()

        def renamed(match: re.Match[str], name: str = name, needed: set[str] = needed) -> str:
            wanted = PurePosixPath(match["path"]).name
            if wanted not in served and wanted not in vendored:
                raise BuildError(f"{scripts / name} imports {match['path']}, which is not in site/js or site/vendor.")
            if not match["later"]:
                needed.add("main.js" if wanted in TOGETHER else wanted)
            to = vendored[wanted].name if wanted in vendored else served[wanted]
            return f"{match['before']}./{to}{match['after']}"

        content = re.sub(IMPORTED, renamed, text).encode()
        done[name] = Asset(served[name], content, tuple(sorted(needed)))
    return done


def _together(texts: Mapping[str, str]) -> str:
    """Return the modules of `TOGETHER` as one: their imports of each other are left out, those of others joined."""
    others: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    whole = []
    for place, name in enumerate(TOGETHER):
        for match in NAMES.finditer(texts[name]):
            wanted = PurePosixPath(match["path"]).name
            if wanted not in TOGETHER:
                others.setdefault(match["path"], set()).update(each.strip() for each in match["names"].split(","))
            elif wanted not in TOGETHER[:place]:
                raise BuildError(f"{name} imports {wanted}, which comes after it in build.py's TOGETHER.")
        text = re.sub(NAMES, "", texts[name])
        for own in NAMED.findall(text):
            if owners.setdefault(own, name) != name:
                raise BuildError(f"{name} and {owners[own]} both have a “{own}”: they are served as one module.")
        whole.append(text)
    imports = [f'import {{ {", ".join(sorted(names - {""}))} }} from "{path}";\n' for path, names in others.items()]
    return "".join(imports + whole)


SAYS = re.compile(r"""\b(?:say|isSaid)\(\s*(["'`])(?P<key>[\w.-]+)(?P<more>\$)?""")


def _told(scripts: Path) -> Callable[[str], bool]:
    """Return whether a script says a message; one that ends in a place of its key's says all that begin so."""
    sources = [path.read_text(encoding="utf-8") for path in scripts.glob("*.js")]
    said = [(match["key"], bool(match["more"])) for text in sources for match in SAYS.finditer(text)]
    return lambda key: any(key == name or (more and key.startswith(name)) for name, more in said)


def _before(assets: Mapping[str, Asset], names: Iterable[str]) -> list[str]:
    """Return the modules among `names` and all that they import, but for main.js, which asks for itself."""
    found: list[str] = []
    waiting = [name for name in names if name.endswith((".js", ".mjs"))]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting.extend(assets[name].imports)
    return sorted(set(found) - {"main.js"})


def _fingerprinted(name: str, content: bytes, imports: tuple[str, ...] = ()) -> Asset:
    stem, dot, ending = name.rpartition(".")
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
    except (BuildError, Fault, MessagesError, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    print(f"{options.to}: {len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
