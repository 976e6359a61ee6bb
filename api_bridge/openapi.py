"""The bridge's own description, drawn from its contracts and faults; OpenAPI 3.2 has words for event streams."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from api_bridge.contract import Contract
from api_bridge.faults import Fault
from api_bridge.schema import is_file
from api_bridge.strict_json import Json

TEXT, SECONDS = {"type": "string"}, {"type": "number", "minimum": 0}
ETA = {"type": ["number", "null"], "minimum": 0}  # seconds, as far as is known


def openapi(contracts: Sequence[Contract], base: str = "") -> dict[str, Json]:
    """Return the description of a bridge that serves `contracts` below the path `base`."""
    return {
        "openapi": "3.2.0",
        "info": {"title": "TinySpaces bridge", "version": "1"},
        "servers": [{"url": base or "/"}],
        "paths": {
            "/v1/demos": _get("The demos this bridge answers for", LISTED),
            **{path: item for contract in contracts for path, item in _paths(contract).items()},
            "/v1/questions/{name}": QUESTION,
            "/v1/files/{name}": FILE,
            "/v1/status": _get("How every demo's Space is", _object({"demos": STATUSES})),
            "/healthz": _get("Whether the bridge is alive", _object({"alive": {"const": True}})),
            "/readyz": READYZ,
            "/metrics": _get("What was counted, for Prometheus", {}, {"200": METRICS}),
            "/openapi.json": _get("This description", _object({"openapi": TEXT, "paths": {"type": "object"}})),
        },
        "components": {
            "schemas": {"Problem": PROBLEM, "Status": STATUS},
            "headers": HEADERS,
            "responses": {str(status): _went_wrong(status, faults) for status, faults in _by_status().items()},
        },
    }


# --- what a demo is asked


def _paths(contract: Contract) -> dict[str, Json]:
    here = f"/v1/demos/{contract.demo}"
    shown = _object({"contract": {"const": contract.json}, "status": {"$ref": "#/components/schemas/Status"}})
    summary = f"The contract of “{contract.title}”, and how its Space is"
    return {here: _get(summary, shown), f"{here}/ask": {"post": _ask(contract)}}


def _ask(contract: Contract) -> dict[str, Json]:
    answer = _answer({"const": contract.demo}, _with_addresses(contract.json["prediction"]), _steps(contract))
    content = {"application/json": {"schema": answer}, "text/event-stream": {"itemSchema": _event(contract, answer)}}
    told = "The prediction; or, to whoever accepts an event stream, what happens until there is one or a problem"
    return {
        "summary": contract.title,
        "operationId": f"ask_{contract.demo}",
        "requestBody": {"required": True, "content": _bodies(contract)},
        "responses": {
            "200": {"description": told, "headers": _headers("RateLimit", "RateLimit-Policy"), "content": content},
            "202": COME_AGAIN,
            **_problems(*(status for status in _by_status() if status != 404)),  # this demo is here
        },
    }


def _bodies(contract: Contract) -> dict[str, Json]:
    if not any(contract.holds_files(name) for name in contract.fields):
        return {"application/json": {"schema": contract.json["input"]}}
    media = {name: _media(contract, name) for name in contract.fields}
    encoding = {name: {"contentType": ", ".join(kinds)} for name, kinds in media.items() if kinds}
    form = {**contract.json["input"], "properties": {name: _sent(contract, name) for name in media}}
    return {"multipart/form-data": {"schema": form, "encoding": encoding}}


def _sent(contract: Contract, field: str) -> Json:
    """A field as a form sends it: files as their bytes, several as several parts of one name; lists as JSON."""
    schema = contract.fields[field]
    said = {word: schema[word] for word in ("title", "description", "minItems", "maxItems") if word in schema}
    file = {"type": "string", "format": "binary"}
    if schema["kind"] == "message":
        return {"title": schema["title"]}  # its text and its files are parts of one name: no schema says that
    if contract.holds_files(field):
        return {**said, **(file if contract.is_file(field) else {"type": "array", "items": file})}
    if schema["kind"] != "choices" and "array" in schema["type"]:
        return {**said, "type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    return schema


def _media(contract: Contract, field: str) -> list[str]:
    """The kinds of file that a field takes; none where it takes any, or no file at all."""
    schema = contract.fields[field]
    described = schema.get("items", schema).get("properties", {})
    return list(described.get("media", {}).get("enum", []))


# --- what it answers


def _answer(demo: Json, prediction: Json, steps: Json = None) -> dict[str, Json]:
    about = {"demo": demo, "revision": {"type": "integer"}, "route": {"const": "bridge"}}
    asked = {"steps": steps} if steps else {}
    return _object({"prediction": prediction, **asked, **about, "took_ms": SECONDS, "trace_id": TEXT})


def _steps(contract: Contract) -> Json:
    """How each step ended; nothing where one question is one call."""
    if contract.pipeline.plain:
        return None
    ended = {name: {**OUTCOME, "title": step.get("title", name)} for name, step in contract.json["steps"].items()}
    return _object(ended)


def _with_addresses(schema: Json) -> Json:
    """A prediction's schema, in which each file also says where below the bridge it is kept."""
    if not isinstance(schema, dict):
        return schema
    changed = {word: _with_addresses(part) for word, part in schema.items()}
    if is_file(schema):
        changed["properties"]["file"] = {"type": "string", "pattern": "^v1/files/[0-9a-f]{64}"}
    return changed


def _event(contract: Contract, answer: Json) -> dict[str, Json]:
    """One event of a stream: its name, and what it says."""
    step = {} if contract.pipeline.plain else {"step": {"enum": list(contract.json["steps"])}, "at": AT}
    told = {
        "accepted": _object({"demo": {"const": contract.demo}, "trace_id": TEXT}),
        "stage": _object({"stage": TEXT, "eta": ETA, **step}, "at"),
        "queue": _object({"place": {"type": ["integer", "null"], "minimum": 0}, "eta": ETA, **step}, "at"),
        "progress": _object(step, "at"),
        "partial": _object({"prediction": {}, **step}, "at"),
        "prediction": answer,
        "problem": A_PROBLEM,
    }
    if step:
        told["step"] = _object(
            {**step, "state": STATE, "prediction": {}, "fault": A_PROBLEM}, "at", "prediction", "fault"
        )
    said = {"type": "string", "contentMediaType": "application/json"}
    data = {name: {**said, "contentSchema": about} for name, about in told.items()}
    return {"oneOf": [_object({"event": {"const": name}, "data": data[name]}) for name in told]}


# --- what went wrong


def _by_status() -> dict[int, list[type[Fault]]]:
    """Every kind of fault, by the status that it is told with."""
    kinds = sorted(_family(Fault), key=lambda kind: kind.status)
    return {status: list(same) for status, same in groupby(kinds, lambda kind: kind.status)}


def _family(kind: type[Fault]) -> Iterator[type[Fault]]:
    if "kind" in vars(kind):  # the others are branches, which nobody raises
        yield kind
    for each in kind.__subclasses__():
        yield from _family(each)


def _problems(*statuses: int) -> dict[str, Json]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _went_wrong(status: int, faults: Sequence[type[Fault]]) -> dict[str, Json]:
    """The problem that `faults`, all of one status, are told as."""
    narrowed = {
        "status": {"const": status},
        "type": {"enum": [f"urn:tinyspaces:{fault.kind}" for fault in faults]},
        "retryable": {"enum": sorted({fault.retryable for fault in faults})},
    }
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": narrowed}]}
    headers = _headers("RateLimit", "RateLimit-Policy")
    if any(fault.retryable for fault in faults):
        headers["Retry-After"] = {**HEADERS["Retry-After"], "required": all(fault.retryable for fault in faults)}
    return {
        "description": "; ".join(fault.title for fault in faults),
        "headers": headers,
        "content": {"application/problem+json": {"schema": schema}},
    }


# --- the words of OpenAPI


def _headers(*names: str) -> dict[str, Json]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _get(summary: str, schema: Json, others: Json = None, **more: Json) -> dict[str, Json]:
    """A path that is read: what it answers, and what else it may."""
    return {"get": {"summary": summary, "responses": {"200": _json(summary, schema), **(others or {})}, **more}}


def _json(description: str, schema: Json) -> dict[str, Json]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _object(properties: dict[str, Json], *optional: str) -> dict[str, Json]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


# --- what is the same for every bridge

NAME = {"name": "name", "in": "path", "required": True, "schema": TEXT}

HEADERS: dict[str, Json] = {
    "RateLimit": {"description": "What this visitor may still ask, and when more", "schema": TEXT},
    "RateLimit-Policy": {"description": "How often one visitor may ask", "schema": TEXT},
    "Retry-After": {"description": "Seconds until asking again can help", "schema": {"type": "integer", "minimum": 0}},
    "Location": {"required": True, "schema": {"type": "string", "pattern": "/v1/questions/"}},
    "Cache-Control": {"required": True, "schema": TEXT},
    "Content-Security-Policy": {"required": True, "schema": TEXT},
}

PROBLEM = _object(
    {
        "type": {"enum": [f"urn:tinyspaces:{fault.kind}" for fault in _family(Fault)]},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "field": {"type": "string", "description": "The field that needs another value"},
        "retryable": {"type": "boolean", "description": "Whether asking again can help"},
        "retry_after": SECONDS,
        "attempts": {"type": "integer", "minimum": 1, "description": "How often the Space was asked"},
        "space": {"type": "object", "additionalProperties": TEXT},
        "trace_id": TEXT,
    },
    *("field", "retry_after", "attempts", "space"),
)

A_PROBLEM = {"$ref": "#/components/schemas/Problem"}
AT = {"type": "integer", "minimum": 0, "description": "Which of several, where the step is asked for each"}
STATE = {"enum": ["asking", "answered", "failed", "skipped"]}
MISSED = {"type": "array", "items": _object({"at": AT, "fault": A_PROBLEM})}
OUTCOME = _object(
    {"state": {"enum": ["answered", "failed", "skipped"]}, "took_ms": SECONDS, "fault": A_PROBLEM, "failed": MISSED},
    *("took_ms", "fault", "failed"),
)

STEPS = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Status"}}
STATUS = {
    "oneOf": [
        _object({"ready": {"const": True}, "gradio": TEXT, "dialect": TEXT, "steps": STEPS}, "steps"),
        _object({"ready": {"const": False}, "fault": TEXT, "detail": TEXT, "steps": STEPS}, "steps"),
    ]
}
STATUSES = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Status"}}
READYZ = _get(
    "Whether every demo's Space can be asked",
    _object({"ready": {"const": True}, "demos": STATUSES}),
    {"503": _json("Not every one can be", _object({"ready": {"const": False}, "demos": STATUSES}))},
)
METRICS = {"description": "Counters and histograms", "content": {"text/plain": {"schema": TEXT}}}
DEMO = _object({"demo": TEXT, "title": TEXT, "revision": {"type": "integer"}})
LISTED = _object({"demos": {"type": "array", "items": DEMO}})

COME_AGAIN = {
    "description": "The Space wakes up: come again for the answer",
    "headers": {**_headers("Location", "Cache-Control"), "Retry-After": {**HEADERS["Retry-After"], "required": True}},
    "content": {"application/json": {"schema": _object({"question": TEXT, "stage": TEXT, "eta": ETA})}},
    "links": {"question": {"operationId": "question", "parameters": {"name": "$response.body#/question"}}},
}
QUESTION = _get(
    "How far a question is whose Space had to wake up",
    _answer(TEXT, {}),
    {"202": COME_AGAIN, **_problems(*_by_status())},
    operationId="question",
    parameters=[NAME],
)
KEPT = {
    "description": "The file, as its own kind; shown as what it is, and run as nothing",
    "headers": _headers("Cache-Control", "Content-Security-Policy"),
    "content": {"*/*": {}},
}
FILE = _get("A file of an answer, kept for a while", {}, {"200": KEPT, **_problems(404)}, parameters=[NAME])
