"""
What a schema asks of a value, and which part of it is a file. The only module that knows JSON Schema.

    found = problems(Checker(schema), value)

A file is checked by its description: its media type, its size, and its pixels where it is a photo.
"""

from collections.abc import Mapping

import jsonschema_rs

from api_bridge.media import File
from api_bridge.refusals import Problem
from api_bridge.strict_json import Json, loads

Checker = jsonschema_rs.Draft202012Validator  # raises ValueError where its schema is none

NO_FILE = object()  # what file_at returns where there is none


def problems(checker: Checker, value: Json) -> list[Problem]:
    """Return every problem of `value`, in an order that Python and the page share."""
    found = []
    for error in checker.iter_errors(value):
        path, keyword, limit = tuple(map(str, error.instance_path)), error.kind.name, getattr(error.kind, "value", None)
        if keyword == "required":
            path += (str(limit),)
        elif keyword == "additionalProperties":
            path += (min(limit or [""]),)
        found.append(Problem(path, keyword, limit))
    return sorted(found, key=lambda problem: (problem.path, problem.keyword))


def is_file(schema: Mapping[str, Json]) -> bool:
    """Whether a schema is that of a file's description."""
    return "media" in schema.get("properties", {}) and "size" in schema.get("properties", {})


def of_files(schema: Mapping[str, Json]) -> bool:
    """Whether a schema is that of a list of files."""
    return is_file(schema.get("items", {}))


def repeats(schema: Mapping[str, Json]) -> bool:
    """Whether a form says each part of a field by itself, as it does with choices and files."""
    return schema.get("kind") == "choices" or of_files(schema)


def one_of(several: Mapping[str, Json]) -> dict[str, Json]:
    """The schema of one of several predictions: among them null is one that failed, and nothing that a Space says."""
    items = several["items"]
    kinds = items.get("type")
    return {**items, "type": [kind for kind in kinds if kind != "null"]} if isinstance(kinds, list) else dict(items)


def described(schema: Mapping[str, Json], given: Json) -> Json:
    """What is checked in the place of a value: whoever describes a file without giving one gives no file."""
    if is_file(schema):
        return given.described() if isinstance(given, File) else None
    if isinstance(given, list):
        one = schema.get("items", {})
        return [described(one, each) if isinstance(each, File) or is_file(one) else each for each in given]
    if isinstance(given, dict) and schema.get("kind") == "message" and "files" in given:
        return {**given, "files": described(schema.get("properties", {}).get("files", {}), given["files"])}
    return None if isinstance(given, File) else given


def file_at(schema: Mapping[str, Json], value: Json, path: tuple[str, ...]) -> Json:
    """Return what stands where `path` meets a file on its way, or `NO_FILE` where it meets none."""
    for part in path:
        inside = isinstance(value, list)
        schema = schema.get("items", {}) if inside else schema.get("properties", {}).get(part, {})
        value = value[int(part)] if inside else value.get(part)
        if is_file(schema):
            return value
    return NO_FILE


def from_text(text: str, schema: Mapping[str, Json]) -> Json:
    """Return what a form's text stands for, as its field's type says; the text itself where that is all it is."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if kinds == ["string"] or kinds == [None]:
        return text
    if kinds == ["boolean"] and text in ("on", "off"):
        return text == "on"  # as a form's checkbox says it
    try:
        return loads(text)
    except ValueError:
        return text
