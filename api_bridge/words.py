"""
What contracts and predictions are in words: for pages, before anybody asks.

Each function takes `say`, which says a message of site/messages.toml in the page's language;
`site/js/view.js` says verdicts with the same ones.
"""

import json
import math
import re
from collections.abc import Mapping
from html import unescape
from typing import Protocol

from api_bridge.schema import is_file
from api_bridge.strict_json import Json


class Say(Protocol):
    """Says a message in one language, with `{name}` filled in; `count` chooses the plural."""

    def __call__(self, key: str, **about: str | int) -> str: ...


def percent(share: float, say: Say) -> str:
    """Never “100 %” and never “0 %”: the model does not know that."""
    if share > 0.99:
        return say("percent.over")
    if share < 0.01:
        return say("percent.under")
    return say("percent.plain", number=math.floor(share * 100 + 0.5))


def sentence(prediction: Json, words: Mapping[str, str], say: Say) -> str:
    """Return the verdict in one plain sentence, as sure as the model and no surer; what is unfamiliar comes first."""
    choice = _choice(prediction, words, say)
    if (prediction or {}).get("unfamiliar"):
        return f"{say('label.unfamiliar')} {say('label.forced', choice=choice)}"
    return _begun(choice)


def _choice(prediction: Json, words: Mapping[str, str], say: Say) -> str:
    confidences = (prediction or {}).get("confidences") or []
    if not confidences:
        label = (prediction or {}).get("label")
        return f"{words.get(label, label)}." if label else say("answer.nothing")
    first, second = (*confidences, None)[:2]
    label, sure = words.get(first["label"], first["label"]), first["confidence"]
    if second and sure < 0.6:
        other = words.get(second["label"], second["label"])
        less = percent(second["confidence"], say)
        return say("label.hard", label=label, percent=percent(sure, say), other=other, less=less)
    return say("label.sure" if sure >= 0.9 else "label.probably", label=label, percent=percent(sure, say))


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- values in a few words, for what is known before anybody asks


def said(schema: Mapping[str, Json], value: Json, say: Say) -> str:
    """Return a value of a field or a prediction in a few words."""
    kind, parts = schema.get("kind"), schema.get("properties", {})
    if kind == "label" and not isinstance(value, str | int | float):
        return sentence(value, parts.get("label", {}).get("words", {}), say)
    if kind is None and parts:
        told = [
            f"{part.get('title', name)}: {said(part, (value or {}).get(name), say)}" for name, part in parts.items()
        ]
        return _short(" · ".join(told), 160)
    if value is None or value in ("", [], {}):
        return say("value.nothing")
    words = schema.get("words", schema.get("items", {}).get("words", {}))
    match kind:
        case "checkbox":
            return say("value.yes" if value else "value.no")
        case "image" | "sketch" | "annotated":
            return say("value.picture")
        case "audio" | "video" | "plot":
            return say({"audio": "value.sound", "video": "value.film", "plot": "value.plot"}[kind])
        case "file" | "model3d":
            return say("value.file")
        case "images" | "gallery" | "files":
            return say("value.files" if kind == "files" else "value.pictures", count=len(value))
        case "table":
            return say("value.table", count=len(value["data"]))
        case "several":
            return _short(" · ".join(said(schema["items"], each, say) for each in value), 160)
        case "chat":
            return _short(value[-1]["content"])
        case "message":
            return _short(value["text"] or say("value.files", count=len(value.get("files", []))))
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


def limits(field: Mapping[str, Json], say: Say) -> str:
    """Return what files a field takes, in words."""
    each = _each(field)
    media = each["properties"]["media"].get("enum")
    endings = ", ".join(str(ending) for ending in field.get("endings", []))
    what = media_words(media, say) if media else endings or say("limits.any")
    for measure, message in (("size", "limits.size"), ("pixels", "limits.pixels")):
        if largest := each["properties"].get(measure, {}).get("maximum"):
            what = say(message, what=what, **{measure: f"{largest / 1e6:g}"})
    most = field.get("maxItems") or field.get("properties", {}).get("files", {}).get("maxItems")
    return say("limits.each", what=what, most=most) if most else what


def media_words(names: list[str], say: Say) -> str:
    """["image/jpeg", "image/png"] → "JPEG or PNG"."""
    kinds = [name.split("/")[-1] for name in names]
    *several, last = ["WebP" if kind == "webp" else kind.upper() for kind in kinds]
    return say("or", several=", ".join(several), last=last) if several else last


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
