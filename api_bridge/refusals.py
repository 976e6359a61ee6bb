"""What a contract's refusal is in words; site/js/contract.js says it in the same ones."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from api_bridge.faults import Fault, FileTooLarge, InputRefused, MalformedRequest, MediaRefused
from api_bridge.strict_json import Json

TYPES = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "on or off",
    "string": "text",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}


@dataclass(frozen=True)
class Problem:
    """One place where a value and its schema disagree."""

    path: tuple[str, ...]  # where in the value; ends in the field that is missing or unknown
    keyword: str  # the word of JSON Schema that says so
    limit: Json  # what that word asks for


def file_refusal(problem: Problem, title: str, name: str, about: Json) -> Fault:
    """Return the fault for a file, described by `about`, that the field `name` does not take."""
    if problem.keyword == "enum":
        return MediaRefused(f"“{title}” takes {media_words(problem.limit)}; this file is something else.", name)
    if problem.keyword == "maximum" and isinstance(about, dict):
        what, unit = ("be", "MB") if problem.path[-1] == "size" else ("have", "megapixels")
        actual = math.ceil(about[problem.path[-1]] / 1e5) / 10
        return FileTooLarge(
            f"“{title}” may {what} at most {_plain(problem.limit / 1e6)} {unit}; this file has {_plain(actual)}.", name
        )
    if problem.keyword == "minimum":
        return InputRefused(f"“{title}” is an empty file: choose another.", name)
    return MalformedRequest(f"“{title}” must be a file, sent as its bytes.", name)


def media_words(names: Sequence[str]) -> str:
    """["image/jpeg", "image/png"] → "JPEG or PNG"."""
    words = [{"webp": "WebP"}.get(kind, kind.upper()) for kind in (name.split("/")[-1] for name in names)]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _plain(value: Json) -> str:
    """Return `value` as people and JavaScript write it: 8 and not 8.0, true and not True."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def wish(problem: Problem, thing: str = "choice") -> str:
    """What `problem`'s word asks of a value, to follow the field's title; `thing` is one of several."""
    things = f"{problem.limit} {thing}{'' if problem.limit == 1 else 's'}"
    match problem.keyword:
        case "required":
            return "is missing"
        case "type":
            return "must be " + " or ".join(TYPES.get(each, each) for each in problem.limit)
        case "enum":
            return "must be one of: " + ", ".join(_plain(choice) for choice in problem.limit)
        case "minimum":
            return f"must be at least {_plain(problem.limit)}"
        case "maximum":
            return f"must be at most {_plain(problem.limit)}"
        case "minLength":
            return f"must have at least {problem.limit} characters"
        case "maxLength":
            return f"may have at most {problem.limit} characters"
        case "minItems":
            return f"needs at least {things}"
        case "maxItems":
            return f"takes at most {things}"
    return "is not what is asked for"
