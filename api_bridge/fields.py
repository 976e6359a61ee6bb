"""What a component asks for: which kind of field it is in a contract, within which limits."""

from collections.abc import Callable, Mapping
from typing import Any

from api_bridge.components import NEVER, Component
from api_bridge.strict_json import Json

Schema = dict[str, Any]

IMAGES = ["image/jpeg", "image/png", "image/webp"]
SOUNDS = ["audio/wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/mp4", "audio/webm"]
VIDEOS = ["video/mp4", "video/webm", "video/quicktime", "video/ogg"]
LARGEST = 8_000_000  # bytes of a file that a visitor gives
MOST_PIXELS = 24_000_000
LONGEST_TEXT = 20_000  # characters
MOST_FILES = 8
MOST_CHOICES = 2_000  # beyond them a field's choices are an author's data, not a form's


def field(component: Component) -> Schema | None:
    """Return the field for a component that takes something, without its title, or None where none can be drawn."""
    make = FIELDS.get(component.type)
    return make(component) if make and not why_not(component) else None


def why_not(component: Component) -> str | None:
    """Return why a component can not be a field, or None where it can."""
    if component.props.get("tool") in ("sketch", "color-sketch") or component.props.get("source") == "canvas":
        return "is drawn upon in Gradio 3's own way"
    if component.type in FIELDS:
        return None
    return NEVER.get(component.type, "is not one of Gradio's usual components")


def file(media: list[str] | None, *, picture: bool = False) -> Schema:
    """The schema of a file's description; `media` None takes any."""
    properties: Schema = {
        "media": {"type": "string", **({"enum": media} if media else {})},
        "size": {"type": "integer", "minimum": 1, "maximum": LARGEST},
    }
    if picture:
        properties["pixels"] = {"type": "integer", "minimum": 1, "maximum": MOST_PIXELS}
    return {"type": "object", "required": ["media", "size"], "properties": properties}


# --- one function a kind


def _text(component: Component) -> Schema:
    most = component.props.get("max_length")
    return {"kind": "text", "type": "string", "maxLength": most if isinstance(most, int) else LONGEST_TEXT}


def _code(component: Component) -> Schema:
    return {"kind": "code", "type": "string", "maxLength": LONGEST_TEXT}


def _number(component: Component) -> Schema:
    props = component.props
    whole = props.get("precision") == 0
    limits = {word: props[word] for word in ("minimum", "maximum") if isinstance(props.get(word), int | float)}
    return {"kind": "number", "type": "integer" if whole else "number", **limits, **_step(props)}


def _slider(component: Component) -> Schema:
    props = component.props
    limits = {"minimum": props.get("minimum", 0), "maximum": props.get("maximum", 100)}
    return {"kind": "slider", "type": "number", **limits, **_step(props)}


def _step(props: Mapping[str, Json]) -> Schema:
    step = props.get("step")
    return {"step": step} if isinstance(step, int | float) and step > 0 else {}


def _checkbox(component: Component) -> Schema:
    return {"kind": "checkbox", "type": "boolean", "default": False}


def _one_of(component: Component) -> Schema:
    choices = component.choices()
    if component.props.get("allow_custom_value") or not choices or len(choices) > MOST_CHOICES:
        suggested = {"suggested": [value for value, _ in choices if isinstance(value, str)][:MOST_CHOICES]}
        return {"kind": "text", "type": "string", "maxLength": LONGEST_TEXT, **(suggested if choices else {})}
    return {"kind": "choice", **_enum(choices)}


def _some_of(component: Component) -> Schema:
    choices = component.choices()
    most = component.props.get("max_choices")
    limit = {"maxItems": most} if isinstance(most, int) else {}
    if component.props.get("allow_custom_value") or not choices:
        return {"kind": "choices", "type": "array", "items": {"type": "string"}, **limit, "default": []}
    return {"kind": "choices", "type": "array", "items": _enum(choices), **limit, "default": []}


def _enum(choices: list[tuple[Json, str]]) -> Schema:
    values = [value for value, _ in choices]
    names = {str(value): name[:500] for value, name in choices if str(value) != name and name}
    types = sorted({_type(value) for value in values})
    return {"type": types[0] if len(types) == 1 else types, "enum": values, **({"words": names} if names else {})}


def _type(value: Json) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return names.get(type(value), "object")


def _dropdown(component: Component) -> Schema:
    return _some_of(component) if component.props.get("multiselect") else _one_of(component)


def _image(component: Component) -> Schema:
    return {"kind": "image", **file(IMAGES, picture=True)}


def _sketch(component: Component) -> Schema:
    return {"kind": "sketch", **file(IMAGES, picture=True)}


def _images(component: Component) -> Schema:
    return {
        "kind": "images",
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_FILES,
        "items": file(IMAGES, picture=True),
    }


def _audio(component: Component) -> Schema:
    return {"kind": "audio", **file(SOUNDS)}


def _video(component: Component) -> Schema:
    return {"kind": "video", **file(VIDEOS)}


def _file(component: Component) -> Schema:
    endings = component.props.get("file_types") or component.props.get("type_list")
    hint = {"endings": [str(each) for each in endings]} if isinstance(endings, list) and endings else {}
    if component.many:
        return {"kind": "files", "type": "array", "minItems": 1, "maxItems": MOST_FILES, "items": file(None), **hint}
    return {"kind": "file", **file(None), **hint}


def _model3d(component: Component) -> Schema:
    return {"kind": "model3d", **file(None), "endings": [".obj", ".glb", ".gltf", ".stl", ".splat", ".ply"]}


def _table(component: Component) -> Schema:
    value = component.value
    headers = component.props.get("headers") or (value.get("headers") if isinstance(value, dict) else None) or []
    return {"kind": "table", **headed({"type": "object"}), "headings": [str(each) for each in headers]}


def headed(schema: Schema) -> Schema:
    rows = {"type": "array", "items": {"type": "array"}}
    headers = {"type": "array", "items": {"type": ["string", "number", "null"]}}
    return {**schema, "required": ["headers", "data"], "properties": {"headers": headers, "data": rows}}


def _json(component: Component) -> Schema:
    return {"kind": "json", "type": ["object", "array", "string", "number", "boolean", "null"]}


def _date(component: Component) -> Schema:
    return {"kind": "date", "type": "string", "maxLength": 19, "time": bool(component.props.get("include_time", True))}


def _color(component: Component) -> Schema:
    return {"kind": "color", "type": "string", "maxLength": 50}


def _chat(component: Component) -> Schema:
    return {"kind": "chat", "type": "array", "items": turns(), "default": []}


def turns() -> Schema:
    return {
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": {"type": "string", "enum": ["user", "assistant", "system"]},
            "content": {"type": "string"},
        },
    }


def _message(component: Component) -> Schema:
    files = {"type": "array", "maxItems": MOST_FILES, "items": file(None)}
    text = {"type": "string", "maxLength": LONGEST_TEXT}
    return {"kind": "message", "type": "object", "required": ["text"], "properties": {"text": text, "files": files}}


def _label_field(component: Component) -> Schema:
    return {"kind": "json", "type": ["object", "string", "number"]}


def _highlighted_field(component: Component) -> Schema:
    return {"kind": "json", "type": "array"}


FIELDS: dict[str, Callable[[Component], Schema]] = {
    "textbox": _text,
    "markdown": _text,
    "html": _text,
    "code": _code,
    "number": _number,
    "slider": _slider,
    "checkbox": _checkbox,
    "checkboxgroup": _some_of,
    "radio": _one_of,
    "dropdown": _dropdown,
    "image": _image,
    "imageeditor": _sketch,
    "imagemask": _sketch,
    "sketchpad": _sketch,
    "paint": _sketch,
    "gallery": _images,
    "audio": _audio,
    "microphone": _audio,
    "video": _video,
    "playablevideo": _video,
    "file": _file,
    "uploadbutton": _file,
    "model3d": _model3d,
    "dataframe": _table,
    "json": _json,
    "label": _label_field,
    "highlightedtext": _highlighted_field,
    "colorpicker": _color,
    "datetime": _date,
    "chatbot": _chat,
    "multimodaltextbox": _message,
}
