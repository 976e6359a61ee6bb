"""The bridge's own description, drawn from the contracts: one path a demo, in OpenAPI 3.1."""

from collections.abc import Sequence

from api_bridge.contract import Contract, Json

METRICS = {"description": "Counters and histograms", "content": {"text/plain": {"schema": {"type": "string"}}}}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "retryable", "trace_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": "number"},
        "attempts": {"type": "integer"},
        "space": {"type": "object"},
        "trace_id": {"type": "string"},
    },
}


def openapi(contracts: Sequence[Contract], base: str = "") -> dict[str, Json]:
    """Return the description of a bridge that serves `contracts` below the path `base`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "TinySpaces bridge", "version": "1"},
        "servers": [{"url": base or "/"}],
        "paths": {
            "/v1/demos": {"get": _get("The demos this bridge answers for")},
            "/v1/files/{name}": {"get": _file()},
            "/healthz": {"get": _get("Whether the bridge is alive")},
            "/readyz": {"get": _get("Whether every demo's Space can be asked", "503")},
            "/v1/status": {"get": _get("How every demo's Space is")},
            "/metrics": {"get": {"summary": "What was counted, for Prometheus", "responses": {"200": METRICS}}},
            "/openapi.json": {"get": _get("This description")},
            **{path: item for contract in contracts for path, item in _paths(contract).items()},
        },
        "components": {"schemas": {"Problem": PROBLEM}},
    }


def _paths(contract: Contract) -> dict[str, Json]:
    here = f"/v1/demos/{contract.demo}"
    return {
        here: {"get": _get(f"The contract of “{contract.title}”, and how its Space is")},
        f"{here}/ask": {
            "post": {
                "summary": contract.title,
                "operationId": f"ask_{contract.demo}",
                "requestBody": {"required": True, "content": _bodies(contract)},
                "responses": {
                    "200": {
                        "description": "The prediction",
                        "content": {"application/json": {"schema": _answer(contract)}},
                    },
                    "default": {
                        "description": "What went wrong, and whether asking again can help",
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    },
                },
            }
        },
    }


def _bodies(contract: Contract) -> dict[str, Json]:
    files = [name for name in contract.fields if contract.holds_files(name)]
    if not files:
        return {"application/json": {"schema": contract.json["input"]}}
    properties = {name: _sent(contract, name) for name in contract.fields}
    encoding = {name: {"contentType": ", ".join(_media(contract, name))} for name in files}
    schema = {**contract.json["input"], "properties": properties}
    return {"multipart/form-data": {"schema": schema, "encoding": encoding}}


def _sent(contract: Contract, field: str) -> Json:
    """A field as a form sends it: files as their bytes, several as several parts of one name."""
    schema = contract.fields[field]
    if not contract.holds_files(field):
        return schema
    file = {"title": schema["title"], "type": "string", "format": "binary"}
    return file if contract.is_file(field) else {"title": schema["title"], "type": "array", "items": file}


def _media(contract: Contract, field: str) -> list[str]:
    schema = contract.fields[field]
    described = schema.get("items", schema).get("properties", {})
    return list(described.get("media", {}).get("enum", ["*/*"]))


def _answer(contract: Contract) -> dict[str, Json]:
    return {
        "type": "object",
        "required": ["prediction", "demo", "revision", "route", "took_ms", "trace_id"],
        "properties": {
            "prediction": contract.json["prediction"],
            "demo": {"const": contract.demo},
            "revision": {"type": "integer"},
            "route": {"const": "bridge"},
            "took_ms": {"type": "number"},
            "trace_id": {"type": "string"},
        },
    }


def _file() -> dict[str, Json]:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers = {
        "200": {"description": "The file, as its own kind", "content": {"*/*": {}}},
        "404": {"description": "It is not kept any more", "content": problem},
    }
    return {"summary": "A file of an answer, kept for a while", "parameters": [name], "responses": answers}


def _get(summary: str, *others: str) -> dict[str, Json]:
    answer = {"description": summary, "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"summary": summary, "responses": dict.fromkeys(("200", *others), answer)}
