"""Cases derived from a contract: what it must take, and what it must refuse, at each of its limits."""

import copy
from collections.abc import Iterator
from typing import Any

from api_bridge.contract import Contract, File

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
    },
}


def valid(schema: dict[str, Any]) -> Any:
    """A value that `schema` takes, with everything in it."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
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
            for part, limits in field["properties"].items():
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
    for name, given in value.items():
        if contract.is_file(name):
            if "pixels" in given and given["pixels"] is None:
                return None
            size, media, pixels = (given.get(part) for part in ("size", "media", "pixels"))
            whole = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 10_000_000
            if not (whole and isinstance(media, str) and (pixels is None or type(pixels) is int)):
                return None
            given = File(bytes(size), media, pixels)
        made[name] = given
    return made
