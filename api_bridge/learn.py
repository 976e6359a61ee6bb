"""
What a Space says of itself → the contract that it could keep. Pure: no Space is asked here.

`add` writes what this returns; `check` holds what was written against what it returns today.
"""

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api_bridge.components import slug
from api_bridge.dialects import About, Endpoint, Parameter
from api_bridge.fields import field, why_not
from api_bridge.predictions import prediction
from api_bridge.schema import Checker, is_file
from api_bridge.strict_json import Json


class NotCarried(Exception):
    """A Space, or one of its endpoints, can not become a demo; the text says why, and what to do."""


def chosen(about: About, endpoint: str | None) -> Endpoint:
    """Return the endpoint of this name, or the only one there is; raise `NotCarried` with those to choose from."""
    names = list(about.endpoints)
    if not names and about.nameless:
        raise NotCarried(
            f"None of this Space's {about.nameless} functions has a name to be asked by. "
            "Its author can give one: `api_name=…` beside the function."
        )
    if not names:
        raise NotCarried("This Space has no function that can be asked.")
    if endpoint is None:
        able = [name for name in names if not reasons(about.endpoints[name])]
        if len(able) == 1 or len(names) == 1:
            return about.endpoints[(able or names)[0]]
        listed = "\n".join(f"  {name}  {summary(about.endpoints[name])}" for name in names)
        raise NotCarried(f"This Space has several endpoints: choose one with --endpoint.\n{listed}")
    name = f"/{endpoint.lstrip('/')}"
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:8]
        raise NotCarried(f"This Space has no endpoint {name}. Near it: {', '.join(near)}.")
    return about.endpoints[name]


def now(about: About, endpoint: str) -> Endpoint | None:
    """Return the endpoint that was agreed, or the only one there is: Gradio 6 renamed it in many a Space."""
    if endpoint not in about.endpoints and len(about.endpoints) == 1:
        return next(iter(about.endpoints.values()))
    return about.endpoints.get(endpoint)


def summary(endpoint: Endpoint) -> str:
    """What an endpoint takes and gives, in one line; or why it can not be carried."""
    takes = ", ".join(f"{each.name}: {each.component.type}" for each in visible(endpoint))
    gives = ", ".join(each.type for each in endpoint.outputs if not each.silent)
    why = reasons(endpoint)
    return f"({takes}) → {gives or 'nothing'}" + (f"   can not be carried: {'; '.join(why)}" if why else "")


def reasons(endpoint: Endpoint) -> list[str]:
    """Return why an endpoint can not be carried, part by part; nothing where it can."""
    told = [
        f"{each.name} ({each.component.type}) {why}" for each in visible(endpoint) if (why := why_not(each.component))
    ]
    shown = [each for each in endpoint.outputs if not each.silent]
    told += [
        f"its output {each.type} is not one of Gradio's usual components" for each in shown if not prediction(each)
    ]
    return told if shown or told else ["it gives nothing back"]


def visible(endpoint: Endpoint) -> list[Parameter]:
    """The parameters that somebody fills in."""
    return [each for each in endpoint.parameters if not each.component.hidden]


def draft(
    about: About, endpoint: Endpoint, space: str, demo: str, said: Mapping[str, Json], today: datetime | None = None
) -> dict[str, Any]:
    """
    Return the contract that `endpoint` could keep, of revision 1 and without examples.

    `said` is what people wrote in `demo.toml`: a title, and titles of fields. Raises
    `NotCarried` with every reason at once.
    """
    if why := reasons(endpoint):
        raise NotCarried(f"The endpoint {endpoint.name} can not be carried: {'; '.join(why)}.")
    try:
        return _drafted(about, endpoint, space, demo, said, today)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # jsonschema_rs's errors are ValueErrors
        raise NotCarried(f"What the Space says of {endpoint.name} makes no sense: {error}.") from error


def _drafted(
    about: About, endpoint: Endpoint, space: str, demo: str, said: Mapping[str, Json], today: datetime | None
) -> dict[str, Any]:
    titles = said.get("titles", {})
    parameters = visible(endpoint)
    given = list(zip(_names([each.name for each in parameters]), parameters, strict=True))
    fields = {name: _field(each, titles.get(name)) for name, each in given}
    stateless = not any(each.hidden for each in (*(each.component for each in endpoint.parameters), *endpoint.outputs))
    step: dict[str, Any] = {
        "space": space,
        "endpoint": endpoint.name,
        "takes": {each.name: f"input.{name}" for name, each in given},
    }
    gives, shown = _gives(endpoint)
    if gives:
        step["gives"] = gives
    step["pure"] = stateless
    return {
        "contract": 1,
        "demo": demo,
        "revision": 1,
        "title": said.get("title") or titled(endpoint.name.strip("/")),
        "input": {
            "type": "object",
            "required": [name for name, each in given if each.required and "default" not in fields[name]],
            "additionalProperties": False,
            "properties": fields,
        },
        "steps": {demo: step},
        "prediction": shown,
        "examples": [],
        "spaces": {
            space: {
                "gradio": about.gradio,
                "dialect": about.dialect,
                "seen": f"{today or datetime.now(UTC):%Y-%m-%d}",
            }
        },
    }


def titled(name: str) -> str:
    """A name for machines as one for people: your_photo → Your photo."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else "Input"


def _names(parameters: list[str]) -> list[str]:
    """Fields' names: those of the parameters, in small letters, no two alike."""
    names: list[str] = []
    for each in parameters:
        base = name = slug(each) or "field"
        count = 1
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names.append(name)
    return names


def _field(parameter: Parameter, title: str | None) -> dict[str, Any]:
    schema = field(parameter.component)
    assert schema is not None  # asked before: reasons() names what has none
    title = title or parameter.component.label or titled(parameter.name)
    told = parameter.component.props.get("info")
    about = {"description": told[:500]} if isinstance(told, str) and told.strip() else {}
    made = {"kind": schema.pop("kind"), "title": title[:500], **about, **schema}
    default = _usual(parameter, made)
    if default is not None:
        made["default"] = default
    return made


def _usual(parameter: Parameter, schema: Mapping[str, Json]) -> Json:
    """The default that a form may show: the Space's own, where it is a value of this field."""
    default = parameter.default
    if isinstance(default, dict) and schema["kind"] == "table":
        default = {"headers": default.get("headers") or [], "data": default.get("data") or []}
    if default is None or is_file(schema) or schema["kind"] in ("images", "files", "message", "chat"):
        return schema.get("default")
    if schema["kind"] in ("number", "slider") and isinstance(default, float) and default.is_integer():
        default = int(default)
    checker = Checker(dict(schema))
    return default if checker.is_valid(default) else schema.get("default")


def _gives(endpoint: Endpoint) -> tuple[list[str | None] | None, dict[str, Any]]:
    """The outputs' names in the prediction, and its schema; one output alone is the whole of it."""
    outputs = endpoint.outputs
    wanted = [slug(each.label) or each.type for each in outputs if not each.silent]
    names = iter(_names(wanted))
    gives = [None if each.silent else next(names) for each in outputs]
    schemas: dict[str, Any] = {}
    for name, each in zip(gives, outputs, strict=True):
        if name:
            schema = prediction(each)
            assert schema is not None  # asked before: reasons() names what has none
            title = each.label or titled(name)
            schemas[name] = {"kind": schema.pop("kind"), "title": title[:500], **schema}
    if len(outputs) == 1:
        return None, next(iter(schemas.values()))
    return gives, {"type": "object", "required": list(schemas), "properties": schemas}
