"""
A contract's values in Gradio's words, and Gradio's in the contract's.

Going out, generations differ in a few shapes (`outgoing`). Coming in, every shape that
any generation ever used is known by its looks (`incoming`), so one reader does for all.
Files are `File`s here; what a Space only names is fetched (`fetched.py`).
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from api_bridge.components import Component
from api_bridge.dialects.fetched import Fetch
from api_bridge.faults import ContractBroken
from api_bridge.strict_json import Json

if TYPE_CHECKING:
    from api_bridge.dialects.base import Dialect

LONGEST_NAME = 100  # characters
# What an author chooses for a plot of Gradio's own.
NATIVE = ["x", "y", "color", "title", "x_title", "y_title", "color_title", "x_bin", "y_aggregate", "color_map"]
NATIVE += ["colors_in_legend", "x_lim", "y_lim", "x_label_angle", "y_label_angle", "x_axis_format", "y_axis_format"]
NATIVE += ["x_axis_labels_visible", "sort", "tooltip", "height", "caption"]


async def outgoing(component: Component, value: Json, dialect: "Dialect") -> Json:
    """Return `value`, which the contract took, as this component of this generation wants it."""
    if value is None:
        return None
    match component.type:
        case "image":
            return await dialect.give(value, picture=True)
        case "audio" | "microphone" | "model3d":
            return await dialect.give(value)
        case "video" | "playablevideo":
            video = await dialect.give(value)
            return {"video": video, "subtitles": None} if dialect.video_inside else video
        case "imageeditor" | "imagemask" | "sketchpad" | "paint":
            picture = await dialect.give(value)
            return {"background": picture, "layers": [], "composite": picture, "id": None}
        case "gallery":
            return [{"image": await dialect.give(each), "caption": None} for each in value]
        case "file" | "uploadbutton":
            return [await dialect.give(each) for each in value] if component.many else await dialect.give(value)
        case "dataframe":
            return {**value, "metadata": None}
        case "chatbot":
            return dialect.chat(component, value)
        case "multimodaltextbox":
            files = [await dialect.give(each) for each in value.get("files", [])]
            return {"text": value["text"], "files": files}
    return value


async def incoming(component: Component, value: Json, fetch: Fetch) -> Json:
    """Return what a Space gave, as the contract has it; files become `File`s."""
    said, value = value, updated(value)
    if value is None:
        return None
    try:
        match component.type:
            case "image" | "audio" | "microphone" | "file" | "downloadbutton" | "model3d" | "uploadbutton":
                if isinstance(value, list):
                    files = [await fetch(each) for each in value]
                    return files if component.many else (files or [None])[0]
                return await fetch(value)
            case "video" | "playablevideo":
                return await fetch(value[0] if isinstance(value, list) else value)
            case "imageeditor" | "imagemask" | "sketchpad" | "paint":
                return await fetch(value.get("composite") or value.get("background"))
            case "gallery":
                return [await _shown(each, fetch) for each in value]
            case "annotatedimage":
                return await _annotated(value, fetch)
            case "nativeplot":
                return _native({**component.props, **(said if said is not value else {})}, value)
            case "plot":
                return await _plot(value, fetch)
            case "label":
                return _label(value)
            case "highlightedtext":
                return [_highlighted(each) for each in value]
            case "dataframe":
                return _table(value)
            case "chatbot":
                return await _turns(value, fetch)
            case "multimodaltextbox":
                files = [await fetch(each.get("file", each)) for each in value.get("files") or []]
                return {"text": value.get("text"), "files": files}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ContractBroken(f"What the Space gives as {component.type} can not be read.") from error
    return value


def updated(value: Json) -> Json:
    """What `gr.update` changed beside a value is for Gradio's own page; the value is what was said."""
    if isinstance(value, dict) and value.get("__type__") == "update":
        return value.get("value")
    return value


# --- shapes


def _label(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return {"label": str(value)}
    if "label" not in value:
        return None
    label = None if value["label"] is None else str(value["label"])
    confidences = [
        {"label": str(each["label"]), "confidence": each["confidence"]} for each in value.get("confidences") or []
    ]
    # How like what the model learned from this is: our own Spaces say so.
    strange = {name: value[name] for name in ("familiarity", "unfamiliar") if name in value}
    return {"label": label, **({"confidences": confidences} if confidences else {}), **strange}


def _highlighted(part: Json) -> Json:
    if isinstance(part, Mapping):
        return {"text": part["token"], "label": part.get("class_or_confidence")}
    text, label = part
    return {"text": text, "label": label}


def _table(value: Json) -> Json:
    if isinstance(value, list):  # the oldest ones give rows alone
        return {"headers": [str(number) for number in range(1, len(value[0]) + 1)] if value else [], "data": value}
    headers = value.get("headers") or value.get("columns") or []
    return {"headers": headers, "data": value.get("data") or []}


async def _shown(each: Json, fetch: Fetch) -> Json:
    if isinstance(each, list):
        picture, caption = each
        return {"media": await fetch(picture), "caption": caption}
    if isinstance(each, str):
        return {"media": await fetch(each), "caption": None}
    inside = each.get("image") or each.get("video") or each
    return {"media": await fetch(inside), "caption": each.get("caption")}


async def _annotated(value: Json, fetch: Fetch) -> Json:
    if isinstance(value, list):
        picture, places = value
        annotations = [{"label": str(label), "mask": await fetch(mask)} for mask, label in places]
    else:
        picture, places = value["image"], value["annotations"]
        annotations = [{"label": str(each["label"]), "mask": await fetch(each["image"])} for each in places]
    return {"image": await fetch(picture), "annotations": annotations}


async def _plot(value: Json, fetch: Fetch) -> Json:
    if not isinstance(value, Mapping) or "type" not in value:
        return value
    drawn = value.get("plot")
    if isinstance(drawn, str) and drawn.startswith("data:"):
        return {"type": str(value["type"]), "image": await fetch(drawn)}
    return {"type": str(value["type"]), "plot": drawn}


def _native(props: Mapping[str, Json], value: Json) -> Json:
    """Gradio's own plot: a table, and how its author wants it drawn, which stands beside it."""
    chosen = {name: props[name] for name in NATIVE if props.get(name) is not None}
    return {"type": "native", "plot": {**value, **chosen} if isinstance(value, Mapping) else value}


async def _turns(value: Json, fetch: Fetch) -> list[Json]:
    """A conversation as turns; until Gradio 5 it came in pairs of question and answer."""
    turns = []
    for each in value:
        if isinstance(each, Mapping):
            turns.append(await _turn(each["role"], each.get("content"), fetch))
        else:
            for role, content in zip(("user", "assistant"), each, strict=True):
                if content is not None:
                    turns.append(await _turn(role, content, fetch))
    return turns


async def _turn(role: Json, content: Json, fetch: Fetch) -> Json:
    """What one said, and the files beside the words; what is neither is named."""
    words: list[str] = []
    files: list[Json] = []
    for part in content if isinstance(content, list) else [content]:
        if not isinstance(part, Mapping):
            words.append(str(part))
        elif isinstance(part.get("text"), str):
            words.append(part["text"])
        elif beside := await _beside(part, fetch):
            files += beside
        else:
            words.append(f"[{part.get('component') or part.get('type') or 'a file'}]")
    return {"role": role, "content": "\n".join(words), **({"files": files} if files else {})}


async def _beside(part: Mapping[str, Json], fetch: Fetch) -> list[Json]:
    """The files of one part of a turn, each with what it is called: one file, or a component that holds some."""
    kind, value = part.get("component", "file"), updated(part.get("value", part.get("file", part)))
    if kind == "gallery":
        return [await _shown(each, fetch) for each in value or []]
    if kind == "plot":
        picture = (await _plot(value, fetch) or {}).get("image")
        return [{"media": picture, "caption": None}] if picture else []
    if kind not in ("file", "image", "audio", "video", "model3d", "downloadbutton"):
        return []
    files = [(await fetch(each), each) for each in (value if isinstance(value, list) else [value])]
    return [{"media": media, "caption": _caption(part, each)} for media, each in files if media]


def _caption(part: Mapping[str, Json], file: Json) -> str | None:
    """What a file is called: in its author's words, or as where it came from, without its folders."""
    if part.get("alt_text"):
        return str(part["alt_text"])
    inside = file.get("video") or file if isinstance(file, Mapping) else {}
    name = inside.get("orig_name") or inside.get("path") or inside.get("name") or ""
    return re.split(r"[/\\]", str(name))[-1][:LONGEST_NAME] or None
