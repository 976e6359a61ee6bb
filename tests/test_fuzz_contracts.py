"""Contracts that a machine or a person has spoilt, and what is asked with them."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from cases import EVERYTHING, NESTED, every_kind
from fuzz import JSON, TEXTS, often
from hypothesis import example, given
from hypothesis import strategies as st
from test_openapi import FORMS

from api_bridge import load
from api_bridge.faults import ContractBroken, ContractUnreadable, VisitorFault
from api_bridge.media import File
from api_bridge.openapi import openapi


def changed(fields: dict[str, Any]) -> dict[str, Any]:
    return {**every_kind(), "input": fields, "examples": []}


CONTRACTS = [every_kind(), changed(EVERYTHING), changed(NESTED), *(contract.json for contract in FORMS)]
WORDS = ["kind", "type", "enum", "required", "properties", "items", "default", "minimum", "maxItems", "media", "files"]
OTHERS = [None, True, -1, 1.5, 10**300, "", "string", "object", "message", [], ["x"], ["a", "a"], {}, {"a": 1}]
others = st.sampled_from(OTHERS).map(copy.deepcopy) | JSON


@st.composite
def contracts(draw) -> Any:
    """A contract with a few of its parts gone, replaced or added."""
    value = copy.deepcopy(draw(st.sampled_from(CONTRACTS)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(containers(value))
        place = places[draw(st.integers(0, len(places) - 1))]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if keys and draw(st.booleans()):
            del place[draw(st.sampled_from(keys))]
        elif isinstance(place, dict):
            place[draw(st.sampled_from([*keys, *WORDS]))] = draw(others)
        else:
            place.append(draw(others))
    return value


def containers(value: Any) -> Iterator[dict | list]:
    """Whatever in `value` holds something, itself included."""
    if isinstance(value, dict | list):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from containers(part)


PREDICTION = every_kind()["examples"][0]["prediction"]
FILES = [File(b"", "image/png"), File(b"x", "image/jpeg", 9, ".jpg"), File(b"xx", "text/plain")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@often
@given(contracts(), st.data())
def test_a_contract_is_refused_or_it_works(folder, value, data):
    """Whatever was done to it: nothing but our own faults come of it, when it is read and when it is asked."""
    (folder / "contract.json").write_text(json.dumps(value))
    try:
        contract = load(folder)
    except ContractUnreadable:
        return
    json.dumps(openapi([contract]))
    names = st.sampled_from([*contract.fields, "unheard of"])
    texts = st.sampled_from([*TEXTS, "[1]", '{"text": "a", "files": [1]}'])
    form = data.draw(st.lists(st.tuples(names, texts | st.sampled_from(FILES)), max_size=4))
    fields = data.draw(st.dictionaries(names, others, max_size=4))
    for question in (lambda: contract.read_form(form), lambda: fields):
        with suppress(VisitorFault):
            contract.check_input(question())
    with suppress(ContractBroken):
        contract.check_prediction(data.draw(st.just(PREDICTION) | others))


@often
@given(st.sampled_from(CONTRACTS).map(json.dumps), st.data())
@example(json.dumps(CONTRACTS[0]).replace('"Everything"', "NaN"), None)
@example(json.dumps(CONTRACTS[0]).replace('"Everything"', '"\\ud800"'), None)
@example(json.dumps(CONTRACTS[0]).replace('"title"', '"title": 1, "title"'), None)
@example(json.dumps(CONTRACTS[0]).replace('"Everything"', "[" * 100_000), None)
@example(json.dumps(CONTRACTS[0]).replace('"revision": 1', f'"revision": {"9" * 5000}'), None)
def test_a_file_that_is_no_contract_is_said_to_be_none(folder, text, data):
    """Bytes lost, changed or doubled: the maintainer reads what to do, and no traceback."""
    content = bytearray(text.encode())
    if data:
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=10))
    (folder / "contract.json").write_bytes(content)
    with suppress(ContractUnreadable):
        assert load(folder).demo
