"""What a component shows: which kind of prediction it is in a contract."""

from collections.abc import Callable
from typing import Any

from api_bridge.components import Component
from api_bridge.fields import headed, turns

Schema = dict[str, Any]


def prediction(component: Component) -> Schema | None:
    """Return what a component that shows something is in a prediction, or None where that can not be carried."""
    make = PREDICTIONS.get(component.type)
    return make(component) if make else None


def given_file() -> Schema:
    """The schema of a file that a Space gives back."""
    return {
        "type": ["object", "null"],
        "required": ["media", "size"],
        "properties": {"media": {"type": "string"}, "size": {"type": "integer"}, "pixels": {"type": "integer"}},
    }


def _said(kind: str, schema: Schema) -> Callable[[Component], Schema]:
    return lambda _: {"kind": kind, **schema}


def _label(component: Component) -> Schema:
    name = {"type": "string"}
    each = {"label": name, "confidence": {"type": "number"}}
    confidences = {"type": "array", "items": {"type": "object", "required": list(each), "properties": each}}
    properties = {"label": {"type": ["string", "null"]}, "confidences": confidences}
    return {"kind": "label", "type": ["object", "null"], "required": ["label"], "properties": properties}


def _highlighted(component: Component) -> Schema:
    properties = {"text": {"type": "string"}, "label": {"type": ["string", "number", "null"]}}
    part = {"type": "object", "required": list(properties), "properties": properties}
    return {"kind": "highlighted", "type": ["array", "null"], "items": part}


def _annotated(component: Component) -> Schema:
    place = {
        "type": "object",
        "required": ["label", "mask"],
        "properties": {"label": {"type": "string"}, "mask": given_file()},
    }
    properties = {"image": given_file(), "annotations": {"type": "array", "items": place}}
    return {"kind": "annotated", "type": ["object", "null"], "required": list(properties), "properties": properties}


def _gallery(component: Component) -> Schema:
    return {"kind": "gallery", "type": ["array", "null"], "items": _captioned()}


def _captioned() -> Schema:
    properties = {"media": given_file(), "caption": {"type": ["string", "null"]}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _chat(component: Component) -> Schema:
    # Beside what one said, the files that they gave; a field takes words alone.
    turn = turns()
    turn["properties"]["files"] = {"type": "array", "items": _captioned()}
    return {"kind": "chat", "type": ["array", "null"], "items": turn}


def _plot(component: Component) -> Schema:
    # A picture, or a specification that its own library draws.
    properties = {"type": {"type": "string"}, "image": given_file()}
    return {"kind": "plot", "type": ["object", "null"], "required": ["type"], "properties": properties}


def _files(component: Component) -> Schema:
    if component.many:
        return {"kind": "files", "type": ["array", "null"], "items": given_file()}
    return {"kind": "file", **given_file()}


def _said_message(component: Component) -> Schema:
    properties = {"text": {"type": ["string", "null"]}, "files": {"type": "array", "items": given_file()}}
    return {"kind": "message", "type": ["object", "null"], "required": ["text"], "properties": properties}


_WORDS = {"type": ["string", "null"]}
_ANY = {"type": ["object", "array", "string", "number", "boolean", "null"]}

PREDICTIONS: dict[str, Callable[[Component], Schema]] = {
    "textbox": _said("text", _WORDS),
    "markdown": _said("markdown", _WORDS),
    "html": _said("html", _WORDS),
    "code": _said("code", _WORDS),
    "number": _said("number", {"type": ["number", "null"]}),
    "slider": _said("number", {"type": ["number", "null"]}),
    "checkbox": _said("checkbox", {"type": ["boolean", "null"]}),
    "checkboxgroup": _said("choices", {"type": ["array", "null"], "items": {"type": ["string", "number", "boolean"]}}),
    "radio": _said("choice", {"type": ["string", "number", "boolean", "null"]}),
    "dropdown": _said("choice", {"type": ["string", "number", "boolean", "array", "null"]}),
    "label": _label,
    "image": _said("image", given_file()),
    "imageeditor": _said("image", given_file()),
    "imagemask": _said("image", given_file()),
    "audio": _said("audio", given_file()),
    "video": _said("video", given_file()),
    "playablevideo": _said("video", given_file()),
    "file": _files,
    "downloadbutton": _said("file", given_file()),
    "model3d": _said("model3d", given_file()),
    "gallery": _gallery,
    "dataframe": _said("table", headed({"type": ["object", "null"]})),
    "json": _said("json", _ANY),
    "highlightedtext": _highlighted,
    "annotatedimage": _annotated,
    "plot": _plot,
    "nativeplot": _plot,
    "colorpicker": _said("color", _WORDS),
    "datetime": _said("date", {"type": ["string", "number", "null"]}),
    "chatbot": _chat,
    "multimodaltextbox": _said_message,
}
