"""How one schema became another: which of its limits moved, to which side, and which of its words."""

from collections.abc import Iterator

from api_bridge.findings import Note, told, told_all
from api_bridge.refusals import TYPES, media_words
from api_bridge.schema import Checker
from api_bridge.strict_json import Json

EDGES = {  # +1: a larger one is narrower
    "minimum": (1, "at least {}"),
    "maximum": (-1, "at most {}"),
    "minLength": (1, "at least {} characters"),
    "maxLength": (-1, "at most {} characters"),
    "minItems": (1, "at least {} of them"),
    "maxItems": (-1, "at most {} of them"),
}


def limits(place: str, old: Json, new: Json, part: str = "") -> Iterator[tuple[bool, str, str]]:
    """Yield each limit that moved: whether to the wider, of which sort it is, and the sentence."""
    if "enum" in old or "enum" in new:
        yield from _choices(place, old, new, part)
        return
    types, were = _types(new), _types(old)
    for wider, changed in ((False, were - types), (True, types - were)):
        if changed:
            yield wider, "limit", f"The {place} is {_type_words(types)} now; it was {_type_words(were)} before."
    for word, (sign, phrase) in EDGES.items():
        then, now = old.get(word), new.get(word)
        if then != now:
            sides = ["without a limit" if each is None else phrase.format(told(each)) for each in (now, then)]
            wider = now is None or (then is not None and sign * now < sign * then)
            yield wider, "limit", f"The {place} is {sides[0]} now; it was {sides[1]} before."
    for name in sorted({*old.get("required", ())} ^ {*new.get("required", ())}):
        lost = name in old.get("required", ())
        yield lost, "limit", f"The {place} {'may lack' if lost else 'must have'} `{name}` now."
    if "items" in old or "items" in new:
        yield from limits(place, old.get("items", {}), new.get("items", {}))
    parts = (old.get("properties", {}), new.get("properties", {}))
    for name in dict.fromkeys((*parts[0], *parts[1])):
        inner = f"part `{name}` of the {place}"
        if name in parts[0] and name in parts[1]:
            yield from limits(inner, parts[0][name], parts[1][name], name)
        else:
            yield name in parts[0], "limit", f"The {inner} has {'no ' if name in parts[0] else ''}limits now."


def _choices(place: str, old: Json, new: Json, part: str) -> Iterator[tuple[bool, str, str]]:
    sort, place = ("media", place.removeprefix("part `media` of the ")) if part == "media" else ("choice", place)

    named = media_words if sort == "media" else told_all
    if "enum" not in old:
        yield False, sort, f"The {place} takes only {named(new['enum'])} now."
        return
    checker = Checker(new)
    if gone := [value for value in old["enum"] if not checker.is_valid(value)]:
        yield False, sort, f"The {place} does not take {named(gone)} any more."
    if fresh := [value for value in new.get("enum", ()) if value not in old["enum"]]:
        yield True, sort, f"The {place} takes {named(fresh)} now, too."
    if "enum" not in new:
        yield True, sort, f"The {place} takes anything now, not only {named(old['enum'])}."


def _types(schema: Json) -> set[str]:
    said = schema.get("type", list(TYPES))
    types = {said} if isinstance(said, str) else {*said}
    return types | {"integer"} if "number" in types else types


def _type_words(types: set[str]) -> str:
    named = [TYPES[each] for each in TYPES if each in types and (each != "integer" or "number" not in types)]
    return "anything" if types == {*TYPES} else " or ".join(named)


WORDS = {
    "title": "title",
    "description": "description",
    "words": "wording of choices",
    "step": "step",
    "suggested": "list of suggestions",
    "headings": "list of headings",
    "endings": "list of file endings",
}


def words(place: str, old: Json, new: Json) -> Iterator[Note]:
    """What people read, and nothing is checked by."""
    for word, name in WORDS.items():
        if old.get(word) != new.get(word):
            then, now = (told(each.get(word)) for each in (old, new))
            yield "words-changed", f"The {name} of the {place} is {now} now; it was {then} before."
    if "items" in old and "items" in new:
        yield from words(place, old["items"], new["items"])
    parts = (old.get("properties", {}), new.get("properties", {}))
    for name in parts[0]:
        if name in parts[1]:
            yield from words(f"part `{name}` of the {place}", parts[0][name], parts[1][name])
