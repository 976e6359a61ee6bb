"""
What contracts and predictions are in words: for pages, before anybody asks.

`site/js/view.js` says verdicts in the same words.
"""

import json
import math
import re
from collections.abc import Mapping
from html import unescape

from api_bridge.contract import Json, is_file
from api_bridge.refusals import media_words


def percent(share: float) -> str:
    """Never “100 %” and never “0 %”: the model does not know that."""
    if share > 0.99:
        return "over 99\u00a0%"
    if share < 0.01:
        return "under 1\u00a0%"
    return f"{math.floor(share * 100 + 0.5)}\u00a0%"


def sentence(prediction: Json, words: Mapping[str, str]) -> str:
    """Return the verdict in one plain sentence, as sure as the model and no surer; what is unfamiliar comes first."""
    choice = _choice(prediction, words)
    if (prediction or {}).get("unfamiliar"):
        return f"Unfamiliar. If it has to choose: {choice[:1].lower()}{choice[1:]}"
    return choice


def _choice(prediction: Json, words: Mapping[str, str]) -> str:
    confidences = (prediction or {}).get("confidences") or []
    if not confidences:
        label = (prediction or {}).get("label")
        return f"{_begun(words.get(label, label))}." if label else "Nothing."
    first, second = (*confidences, None)[:2]
    name = words.get(first["label"], first["label"])
    sure = first["confidence"]
    if second and sure < 0.6:
        other = words.get(second["label"], second["label"])
        return f"Hard to say: {name}, {percent(sure)}, or {other}, {percent(second['confidence'])}."
    return f"{_begun(name if sure >= 0.9 else f'probably {name}')}, {percent(sure)}."


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- values in a few words, for what is known before anybody asks


def said(schema: Mapping[str, Json], value: Json) -> str:
    """Return a value of a field or a prediction in a few words."""
    kind, parts = schema.get("kind"), schema.get("properties", {})
    if kind == "label" and not isinstance(value, str | int | float):
        return sentence(value, parts.get("label", {}).get("words", {}))
    if kind is None and parts:
        told = [f"{part.get('title', name)}: {said(part, (value or {}).get(name))}" for name, part in parts.items()]
        return _short(" · ".join(told), 160)
    if value is None or value in ("", [], {}):
        return "nothing"
    words = schema.get("words", schema.get("items", {}).get("words", {}))
    match kind:
        case "checkbox":
            return "yes" if value else "no"
        case "image" | "sketch" | "annotated":
            return "a picture"
        case "audio" | "video" | "file" | "model3d" | "plot":
            return {"audio": "a sound", "video": "a film", "plot": "a plot"}.get(kind, "a file")
        case "images" | "gallery" | "files":
            return f"{len(value)} {'files' if kind == 'files' else 'pictures'}"
        case "table":
            return f"a table of {len(value['data'])} rows"
        case "chat":
            return _short(value[-1]["content"])
        case "message":
            return _short(value["text"] or f"{len(value.get('files', []))} files")
        case "highlighted":
            return _short("".join(part["text"] for part in value))
        case "html":
            return _short(unescape(re.sub(r"<[^>]*>", " ", value)))
        case "choice" | "choices":
            return _short(
                ", ".join(words.get(str(each), str(each)) for each in (value if isinstance(value, list) else [value]))
            )
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _short(text: str, most: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


# --- what a control says


def accepts(field: Mapping[str, Json]) -> str:
    """Return what a file control offers first: media types, or endings."""
    each = _each(field)
    endings = [str(ending) for ending in field.get("endings", [])]
    groups = [f"{ending}/*" for ending in endings if ending in ("image", "audio", "video", "text")]
    named = [ending for ending in endings if ending.startswith(".") or "/" in ending]
    return ",".join([*each["properties"]["media"].get("enum", []), *groups, *named])


def limits(field: Mapping[str, Json]) -> str:
    """Return what files a field takes, in words."""
    each = _each(field)
    media = each["properties"]["media"].get("enum")
    endings = ", ".join(str(ending) for ending in field.get("endings", []))
    what = media_words(media) if media else endings or "Any file"
    size = each["properties"]["size"].get("maximum")
    words = f"{what}, up to {size // 1_000_000} MB" if size else what
    most = field.get("maxItems") or field.get("properties", {}).get("files", {}).get("maxItems")
    return f"{words} each, {most} at most" if most else words


def _each(field: Mapping[str, Json]) -> Mapping[str, Json]:
    """The schema of one file of a field."""
    if is_file(field):
        return field
    return dict(field["items"] if "items" in field else field["properties"]["files"]["items"])


def hex_color(text: str) -> str:
    """Return a colour as the native control wants it; black where it is written in a way that this does not read."""
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text.lower()
    if re.fullmatch(r"#[0-9a-fA-F]{3}", text):
        return "#" + "".join(digit * 2 for digit in text[1:].lower())
    parts = re.fullmatch(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(,[^)]*)?\)", text)
    return "#" + "".join(f"{min(255, round(float(part))):02x}" for part in parts.groups()[:3]) if parts else "#000000"


def local_time(text: str, time: bool) -> str:
    """Return a date as the native control wants it; nothing where it is no plain date."""
    parts = re.match(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?", str(text))
    if not parts:
        return ""
    return f"{parts[1]}T{parts[2] or '00:00:00'}" if time else parts[1]


def tabbed(table: Mapping[str, Json], headings: list[str]) -> str:
    """Return a table as a spreadsheet copies it: its columns' names first."""
    rows = [table.get("headers") or headings, *table.get("data", [])]
    return "\n".join("\t".join("" if cell is None else str(cell) for cell in row) for row in rows)
