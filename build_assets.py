"""
The site's styles and modules, minified, and named after their content so that a browser may keep them.

What is always run together arrives as one module: a page asks for little, and sources stay as they are read.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import minify


class BuildError(Exception):
    """The site can not be drawn; the text says which file, and what to do."""


@dataclass(frozen=True)
class Asset:
    """A style or a module as it is served."""

    name: str  # with the fingerprint of its content
    content: bytes
    imports: tuple[str, ...] = ()  # what a browser fetches before it can run


def assets_of(site: Path) -> dict[str, Asset]:
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


# Each needs only those before it.
TOGETHER = {
    "main.js": (
        *("words.js", "contract.js", "view.js", "receive.js", "form.js"),
        *("routes.js", "question.js", "examples.js", "demo.js", "main.js"),
    ),
    "drawings.js": ("given.js", "keep.js", "drawings.js", "steps.js"),
}
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
    whole = {part: name for name, parts in TOGETHER.items() for part in parts}
    if missing := whole.keys() - texts.keys():
        raise BuildError(f"{scripts} has no {min(missing)}.")
    # Minified before anything is renamed: in comments, types are imported in the same words.
    joined = {name: _together(name, texts) for name in TOGETHER}
    texts = {name: joined.get(name, text) for name, text in texts.items() if whole.get(name, name) == name}
    small = {name: minify.string("application/javascript", text) for name, text in texts.items()}
    digest = hashlib.sha256(json.dumps([small, {name: asset.name for name, asset in vendored.items()}]).encode())
    served = {name: f"{name.removesuffix('.js')}.{digest.hexdigest()[:10]}.js" for name in small}
    served |= {part: served[name] for part, name in whole.items()}
    done = {}
    for name, text in small.items():
        needed: set[str] = set()

        def renamed(match: re.Match[str], name: str = name, needed: set[str] = needed) -> str:
            wanted = PurePosixPath(match["path"]).name
            if wanted not in served and wanted not in vendored:
                raise BuildError(f"{scripts / name} imports {match['path']}, which is not in site/js or site/vendor.")
            if not match["later"]:
                needed.add(whole.get(wanted, wanted))
            to = vendored[wanted].name if wanted in vendored else served[wanted]
            return f"{match['before']}./{to}{match['after']}"

        content = re.sub(IMPORTED, renamed, text).encode()
        done[name] = Asset(served[name], content, tuple(sorted(needed)))
    return done


def _together(name: str, texts: Mapping[str, str]) -> str:
    """Return the modules of TOGETHER[name] as one: their imports of each other are left out, those of others joined."""
    others: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    parts = TOGETHER[name]
    for place, part in enumerate(parts):
        for match in NAMES.finditer(texts[part]):
            wanted = PurePosixPath(match["path"]).name
            if wanted not in parts:
                others.setdefault(match["path"], set()).update(each.strip() for each in match["names"].split(","))
            elif wanted not in parts[:place]:
                raise BuildError(f"{part} imports {wanted}, which comes after it in build_assets.py's TOGETHER.")
        for own in NAMED.findall(texts[part]):
            if owners.setdefault(own, part) != part:
                raise BuildError(f"{part} and {owners[own]} both have a “{own}”: they are served as one module.")
    imports = [f'import {{ {", ".join(sorted(names - {""}))} }} from "{path}";\n' for path, names in others.items()]
    return "".join(imports + [re.sub(NAMES, "", texts[part]) for part in parts])


def before(assets: Mapping[str, Asset], names: Iterable[str]) -> list[str]:
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


def keeper(site: Path, base: str, files: Mapping[str, bytes], assets: Mapping[str, Asset]) -> bytes:
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
