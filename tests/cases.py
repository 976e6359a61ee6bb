"""Cases derived from a contract: what it must take, and what it must refuse, at each of its limits."""

import copy
from collections.abc import Iterator
from typing import Any

from api_bridge.contract import Contract
from api_bridge.media import File
from api_bridge.schema import is_file

# A contract with every word that both checkers know, where catdog has a few.
EVERYTHING: dict[str, Any] = {
    "type": "object",
    "required": ["photo", "age"],
    "additionalProperties": False,
    "properties": {
        "photo": {
            "kind": "image",
            "title": "Photo",
            "type": "object",
            "required": ["media", "size"],
            "properties": {
                "media": {"type": "string", "enum": ["image/png", "image/webp"]},
                "size": {"type": "integer", "minimum": 1, "maximum": 1_250_000},
                "pixels": {"type": "integer", "minimum": 1, "maximum": 12_000_000},
            },
        },
        "age": {"kind": "number", "title": "Age", "type": "integer", "minimum": 0, "maximum": 30},
        "weight": {
            "kind": "slider",
            "title": "Weight",
            "type": "number",
            "minimum": 0.5,
            "maximum": 90,
            "default": 4.5,
        },
        "name": {"kind": "text", "title": "Name", "type": "string", "minLength": 2, "maxLength": 5},
        "tame": {"kind": "checkbox", "title": "Tame", "type": "boolean"},
        "colour": {"kind": "choice", "title": "Colour", "type": "string", "enum": ["black", "“ginger”"]},
        "tricks": {
            "kind": "choices",
            "title": "Tricks",
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {"type": "string", "enum": ["sit", "roll", "fetch"]},
        },
        "size": {"kind": "choice", "title": "Size", "type": ["number", "string"], "enum": [1, 2.5, "large"]},
        "notes": {"kind": "json", "title": "Notes", "type": ["object", "array", "string", "null"]},
        "weights": {
            "kind": "table",
            "title": "Weights",
            "type": "object",
            "required": ["headers", "data"],
            "properties": {
                "headers": {"type": "array", "items": {"type": ["string", "number", "null"]}},
                "data": {"type": "array", "items": {"type": "array"}},
            },
        },
    },
}


def _file(**limits: Any) -> dict[str, Any]:
    """The schema of a file's description."""
    size = {"type": "integer", "minimum": 1, "maximum": 8_000_000}
    return {
        "type": "object",
        "required": ["media", "size"],
        "properties": {"media": {"type": "string"}, "size": size, **limits},
    }


# Files within lists and beside words: what an input holds deeper down.
NESTED: dict[str, Any] = {
    "type": "object",
    "required": ["photos"],
    "additionalProperties": False,
    "properties": {
        "photos": {
            "kind": "images",
            "title": "Photos",
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": _file(
                media={"type": "string", "enum": ["image/png"]},
                pixels={"type": "integer", "minimum": 1, "maximum": 12_000_000},
            ),
        },
        "letter": {
            "kind": "message",
            "title": "Letter",
            "type": "object",
            "required": ["text"],
            "properties": {
                "text": {"type": "string", "maxLength": 5},
                "files": {"type": "array", "maxItems": 2, "items": _file()},
            },
        },
        "sound": {"kind": "audio", "title": "Sound", **_file()},
    },
}

# A sheet that has to be drawn on: no file is chosen for it.
DRAWN: dict[str, Any] = {
    "type": "object",
    "required": ["sketch"],
    "additionalProperties": False,
    "properties": {"sketch": {"kind": "sketch", "title": "Sketch", **_file(media={"enum": ["image/png"]})}},
}


def valid(schema: dict[str, Any]) -> Any:
    """A value that `schema` takes, with everything in it."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: valid(part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [valid(schema.get("items", {}))] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "string":
            return "x" * schema.get("minLength", 3)
        case "boolean":
            return True
    return None


def inputs(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whole inputs around every limit of every field; files stand in them as their descriptions."""
    good = valid(schema)
    yield good
    yield {}
    yield {**good, "unheard_of": 1, "another": 2}
    for name, field in schema["properties"].items():
        yield {other: value for other, value in good.items() if other != name}
        if field["type"] == "object":
            for part, limits in field.get("properties", {}).items():
                yield from ({**good, name: {**good[name], part: value}} for value in around(limits))
                yield {**good, name: {other: value for other, value in good[name].items() if other != part}}
        else:
            yield from ({**good, name: value} for value in around(field))


def around(schema: dict[str, Any]) -> Iterator[Any]:
    """Values just inside and just outside of each limit, and of each wrong type."""
    yield from ("", "12", 0, 1, -1, 1.0, 0.25, 1e300, True, None, [], ["x"], {})
    for edge in ("minimum", "maximum"):
        if edge in schema:
            yield from (schema[edge] - 1, schema[edge], schema[edge] + 1, schema[edge] + 0.5)
    for edge in ("minLength", "maxLength"):
        if edge in schema:
            yield from ("🐈" * max(0, schema[edge] + step) for step in (-1, 0, 1))
    for edge in ("minItems", "maxItems"):
        if edge in schema:
            yield from ([valid(schema["items"])] * max(0, schema[edge] + step) for step in (-1, 0, 1))
    yield from schema.get("enum", [])


def predictions(contract: Contract) -> Iterator[Any]:
    """The recorded predictions, and what a changed Space might send instead."""
    for example in contract.json["examples"]:
        good = example["prediction"]
        yield good
        yield {**good, "extra": 1}
        yield {**good, "label": "wolf"}
        yield {**good, "label": None}
        yield {**good, "confidences": good["confidences"][:1]}
        yield {**good, "confidences": None}
        for value in (1.01, -0.01, "0.5", None, True):
            changed = copy.deepcopy(good)
            changed["confidences"][0]["confidence"] = value
            yield changed
    yield from (None, "cat", [], {}, 3)


def with_files(contract: Contract, value: dict[str, Any]) -> dict[str, Any] | None:
    """`value` with files where it describes them; None where no file could be described so."""
    made = {}
    try:
        for name, given in value.items():
            schema = contract.fields.get(name, {})
            if schema.get("kind") == "message" and isinstance(given, dict) and "files" in given:
                made[name] = {**given, "files": _as_files(given["files"], schema["properties"]["files"])}
            else:
                made[name] = _as_files(given, schema)
    except (TypeError, AttributeError):
        return None
    return made


def _as_files(given: Any, schema: dict[str, Any]) -> Any:
    """A description as the file that it describes, and several so; raises `TypeError` where there is none."""
    if isinstance(given, list) and is_file(schema.get("items", {})):
        return [_as_files(each, schema["items"]) for each in given]
    if not is_file(schema):
        return given
    size, media, pixels = (given.get(part) for part in ("size", "media", "pixels"))
    whole = type(size) is int and 0 <= size < 10_000_000
    if (
        not (whole and isinstance(media, str) and (pixels is None or type(pixels) is int))
        or given.get("pixels", 1) is None
    ):
        raise TypeError
    return File(bytes(size), media, pixels)


# --- a demo of every kind


def every_kind() -> dict[str, Any]:
    """The contract of a demo that has a field and an answer of every kind, with two examples."""

    def field(kind: str, title: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "title": title, **(schema or {"type": "string", "maxLength": 20_000}), **more}

    def picture() -> dict[str, Any]:
        return _file(
            media={"type": "string", "enum": ["image/jpeg", "image/png"]},
            pixels={"type": "integer", "minimum": 1, "maximum": 24_000_000},
        )

    whole = {"type": "integer", "minimum": 0, "maximum": 30}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    turn = {"role": {"type": "string", "enum": ["user", "assistant", "system"]}, "content": {"type": "string"}}
    turns = {"type": "array", "items": {"type": "object", "required": list(turn), "properties": turn}}
    table = EVERYTHING["properties"]["weights"]
    files = {"type": "array", "minItems": 1, "maxItems": 8, "items": _file()}
    fields = {
        "photo": field("image", "Photo", picture(), description="What it is about."),
        "story": field("text", "Story", description="In your own words."),
        "name": field("text", "Name", default="Chelsea", maxLength=50),
        "animal": field("text", "Animal", suggested=["a cat", "a dog"]),
        "program": field("code", "Program"),
        "age": field("number", "Age", whole, default=3),
        "warmth": field("slider", "Warmth", share, step=0.25, default=0.5),
        "tame": field("checkbox", "Tame", {"type": "boolean"}, default=False, description="Comes when called."),
        "size": field(
            "choice", "Size", {"type": ["number", "string"], "enum": [1, "large"]}, words={"1": "small"}, default=1
        ),
        "country": field(
            "choice",
            "Country",
            {"type": "number", "enum": [44, 46, 47, 49, 33]},
            words={"46": "Sweden", "47": "Norway"},
        ),
        "tricks": field(
            "choices",
            "Tricks",
            {"type": "array", "items": {"type": "string", "enum": ["sit", "roll"], "words": {"roll": "roll over"}}},
            default=["sit"],
        ),
        "words": field("choices", "Words", {"type": "array", "items": {"type": "string"}}, default=[]),
        "colour": field("color", "Colour", default="rgba(10, 20, 30, 0.5)"),
        "day": field("date", "Day", time=False),
        "moment": field("date", "Moment", time=True),
        "sketch": field("sketch", "Sketch", picture()),
        "pictures": field("images", "Pictures", {**files, "items": picture()}),
        "sound": field("audio", "Sound", _file(media={"type": "string", "enum": ["audio/wav", "audio/mpeg"]})),
        "film": field("video", "Film", _file(media={"type": "string", "enum": ["video/mp4"]})),
        "document": field("file", "Document", _file(), endings=[".csv", "audio"]),
        "papers": field("files", "Papers", files),
        "shape": field("model3d", "Shape", _file(), endings=[".obj"]),
        "weights": field("table", "Weights", {**table}, headings=["name", "kg"]),
        "settings": field("json", "Settings", {"type": ["object", "array", "number", "null"]}),
        "talk": field("chat", "Talk", turns, default=[]),
        "letter": field("message", "Letter", {**NESTED["properties"]["letter"]}),
    }
    for name, title in (("weights", "Weights"), ("letter", "Letter")):
        fields[name] |= {"title": title}
    cat = {"media": "image/jpeg", "size": 35042, "pixels": 135300, "file": "examples/cat.jpg"}
    voice = {"media": "audio/wav", "size": 4044, "file": "examples/voice.wav"}
    notes = {"media": "application/octet-stream", "size": 8, "file": "examples/notes.csv"}
    given = {"type": ["object", "null"], "required": ["media", "size"]}
    confidences = [{"label": "cat", "confidence": 0.8}, {"label": "dog", "confidence": 0.2}]
    called = {
        "type": ["object", "null"],
        "properties": {"label": {"type": ["string", "null"], "words": {"cat": "a cat"}}},
    }
    answers: list[tuple[str, str, dict[str, Any], Any]] = [
        ("label", "A label", called, {"label": "cat", "confidences": confidences}),
        ("label", "No label", called, None),
        ("text", "A text", {"type": "string"}, "<b>not bold</b>"),
        ("markdown", "A markdown", {"type": "string"}, "# Title\n\n*text*"),
        ("html", "A page", {"type": "string"}, "<p>Hello</p>"),
        ("code", "A program", {"type": "string"}, "print(1)"),
        ("number", "A number", {"type": "number"}, 3.5),
        ("checkbox", "A tick", {"type": "boolean"}, True),
        ("choice", "A choice", {"type": ["string", "array"]}, "a"),
        ("choices", "Choices", {"type": "array"}, ["a", "b"]),
        ("color", "A colour", {"type": "string"}, "#ff8800"),
        ("date", "A date", {"type": "string"}, "2026-11-21"),
        ("image", "A picture", given, cat),
        ("audio", "A sound", given, voice),
        ("file", "A file", given, notes),
        ("files", "Files", {"type": "array"}, [notes, voice]),
        (
            "gallery",
            "A gallery",
            {"type": "array"},
            [{"media": cat, "caption": None}, {"media": cat, "caption": "Her"}],
        ),
        ("table", "A table", {"type": "object"}, {"headers": ["name", "kg"], "data": [["Anna", 0.5], ["Bo", None]]}),
        ("json", "JSON", {"type": ["object", "null"]}, {"deep": [1, None]}),
        (
            "highlighted",
            "Marked",
            {"type": "array"},
            [{"text": "Anna", "label": "person"}, {"text": " left", "label": None}],
        ),
        ("annotated", "Seen", {"type": "object"}, {"image": cat, "annotations": [{"label": "a nose", "mask": cat}]}),
        ("plot", "A plot", {"type": "object"}, {"type": "plotly", "plot": "{}"}),
        ("chat", "A talk", turns, [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]),
        ("message", "A letter", {"type": "object"}, {"text": "Look", "files": [cat]}),
        ("image", "Elsewhere", given, {"media": "image/png", "size": 9}),
    ]
    slugs = [title.lower().replace(" ", "_") for _, title, _, _ in answers]
    shown = {
        name: {"kind": kind, "title": title, **schema}
        for name, (kind, title, schema, _) in zip(slugs, answers, strict=True)
    }
    prediction = {name: value for name, (*_, value) in zip(slugs, answers, strict=True)}
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    asked = {"photo": cat, "story": "A cat sat", "country": 46, "size": 1, "sound": voice, "talk": talk}
    return {
        "contract": 1,
        "demo": "every",
        "revision": 1,
        "title": "Everything",
        "input": {
            "type": "object",
            "required": ["photo", "story"],
            "additionalProperties": False,
            "properties": fields,
        },
        "steps": {"every": {"space": "some/one", "endpoint": "/every", "takes": {}, "gives": slugs, "pure": True}},
        "prediction": {"type": "object", "required": slugs, "properties": shown},
        "examples": [
            {"name": "anna", "title": "Anna and her cat", "input": asked, "prediction": prediction, "tolerance": 0.1},
            {
                "name": "words",
                "title": "Without a picture",
                "input": {"story": "Only words"},
                "prediction": prediction,
                "tolerance": 0.1,
            },
        ],
        "spaces": {"some/one": {"gradio": "5.0.0", "dialect": "queue5", "seen": "2026-01-01"}},
    }
