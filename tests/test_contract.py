"""A contract is read carefully, takes what it says, and refuses the rest in words."""

import json
from pathlib import Path

import jsonschema
import pytest
from cases import DRAWN, EVERYTHING, NESTED, inputs, predictions, valid, with_files
from conftest import CAT, CATDOG

from api_bridge import photos
from api_bridge.contract import Contract, load, load_all
from api_bridge.faults import (
    ContractBroken,
    ContractUnreadable,
    Fault,
    FileTooLarge,
    InputRefused,
    MalformedRequest,
    MediaRefused,
)
from api_bridge.media import File
from api_bridge.strict_json import loads

EVERY = Contract({"demo": "every", "revision": 1, "title": "Every", "input": EVERYTHING, "prediction": {}}, Path())


def test_a_number_that_no_double_holds_is_not_json():
    """Whether it has a point or not."""
    for number in ("1e400", "1" * 401, "-" + "9" * 400):
        with pytest.raises(ValueError, match="not JSON"):
            loads(number)


def test_its_own_examples_are_taken(contract):
    """What a page offers is never refused."""
    for example in contract.json["examples"]:
        file = photos.describe((CATDOG / example["input"]["photo"]["file"]).read_bytes())
        assert contract.check_input({"photo": file}) == {"photo": file}
        assert file.described().items() <= example["input"]["photo"].items()
        assert contract.check_prediction(example["prediction"]) == example["prediction"]


def test_defaults_are_filled_in():
    """A field left alone has the value its author gave it."""
    checked = EVERY.check_input({"photo": File(b"1", "image/png"), "age": 3})
    assert checked["weight"] == 4.5


PNG = File(b"1", "image/png")
DEEP = Contract({"demo": "deep", "revision": 1, "title": "Deep", "input": NESTED, "prediction": {}}, Path())


@pytest.mark.parametrize(
    ("contract", "form", "value"),
    [
        (EVERY, [("tricks", "sit"), ("tricks", "roll")], {"tricks": ["sit", "roll"]}),
        (EVERY, [("tricks", "")], {"tricks": []}),
        (EVERY, [("size", "2.5")], {"size": 2.5}),
        (EVERY, [("size", "large")], {"size": "large"}),
        (EVERY, [("tame", "on"), ("age", "3"), ("name", "3")], {"tame": True, "age": 3, "name": "3"}),
        (EVERY, [("notes", '{"a": [1]}')], {"notes": {"a": [1]}}),
        (EVERY, [("notes", "not json")], {"notes": "not json"}),
        (
            EVERY,
            [("weights", '{"headers": ["a"], "data": [[1]]}')],
            {"weights": {"headers": ["a"], "data": [[1]]}},
        ),
        (DEEP, [("photos", PNG), ("photos", PNG)], {"photos": [PNG, PNG]}),
        (DEEP, [("letter", "Dear"), ("letter", PNG)], {"letter": {"text": "Dear", "files": [PNG]}}),
    ],
)
def test_a_form_is_read_as_its_fields_mean_it(contract, form, value):
    """Choices and files come one by one, tables and JSON in one piece, a message beside its files."""
    assert contract.read_form(form) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "“Photos” is missing: choose a file."),
        ({"photos": []}, "“Photos” needs at least 1 file."),
        ({"photos": [PNG] * 3}, "“Photos” takes at most 2 files."),
        ({"photos": [PNG, File(b"", "image/png")]}, "“Photos” is an empty file: choose another."),
        ({"photos": [File(b"1", "image/gif")]}, "“Photos” takes PNG; this file is something else."),
        ({"photos": [File(b"1", "image/png", 24_000_000)]}, "at most 12 megapixels; this file has 24."),
        ({"photos": [PNG], "letter": {"text": "", "files": [File(b"", "x/y")]}}, "“Letter” is an empty file"),
        ({"photos": ["https://example.org"]}, "“Photos” must be a file, sent as its bytes."),
    ],
)
def test_a_file_among_others_is_refused_as_one_alone_is(value, words):
    """In the same words, whether it stands by itself, in a list or beside a message."""
    with pytest.raises(Fault) as raised:
        DEEP.check_input(value)
    assert words in raised.value.detail


def test_a_missing_sketch_is_to_be_drawn():
    """Whoever stands before an empty sheet looks in vain for a file to choose."""
    with pytest.raises(InputRefused) as raised:
        Contract(
            {"demo": "drawn", "revision": 1, "title": "Drawn", "input": DRAWN, "prediction": {}}, Path()
        ).check_input({})
    assert raised.value.detail == "“Sketch” is missing: draw something."


@pytest.mark.parametrize("address", ["https://example.org/a.png", {"media": "image/png", "size": 1}, None])
def test_nobody_gives_an_address_in_a_files_place(address):
    """Not alone, not in a list, not beside a message."""
    for value in ({"photos": [address]}, {"photos": [PNG], "letter": {"text": "", "files": [address]}}):
        with pytest.raises(Fault):
            DEEP.check_input(value)
    assert DEEP.check_input({"photos": [PNG], "letter": {"text": "", "files": [PNG]}})


@pytest.mark.parametrize(
    ("file", "fault", "words"),
    [
        (File(b"<svg/>", "application/octet-stream"), MediaRefused, "“Photo” takes JPEG, PNG or WebP; this file is"),
        (File(bytes(8_000_001), "image/png"), FileTooLarge, "“Photo” may be at most 8 MB; this file has 8.1."),
        (File(b"1", "image/png", 48_000_000), FileTooLarge, "at most 24 megapixels; this file has 48."),
        (File(b"", "image/png"), InputRefused, "“Photo” is an empty file: choose another."),
        ("https://example.org/cat.jpg", MalformedRequest, "“Photo” must be a file, sent as its bytes."),
        ({"media": "image/png", "size": 9, "path": "/etc/passwd"}, MalformedRequest, "must be a file"),
    ],
)
def test_a_wrong_file_is_refused_in_words(contract, file, fault, words):
    """The visitor reads what is wrong with the file, and a description without a file is none."""
    with pytest.raises(fault) as raised:
        contract.check_input({"photo": file})
    assert words in raised.value.detail
    assert raised.value.field == "photo"
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "“Age” is missing."),
        ({"age": "old"}, "“Age” must be a whole number."),
        ({"age": 31}, "“Age” must be at most 30."),
        ({"age": 3, "weight": 0.25}, "“Weight” must be at least 0.5."),
        ({"age": 3, "weight": float("nan")}, "“Weight” must be a number."),
        ({"age": 3, "name": "x"}, "“Name” must have at least 2 characters."),
        ({"age": 3, "name": "🐈" * 6}, "“Name” may have at most 5 characters."),
        ({"age": 3, "tame": "yes"}, "“Tame” must be on or off."),
        ({"age": 3, "colour": "red"}, "“Colour” must be one of: black, “ginger”."),
        ({"age": 3, "tricks": []}, "“Tricks” needs at least 1 choice."),
        ({"age": 3, "wings": 2}, "There is no field “wings”."),
    ],
)
def test_every_limit_is_said_in_words(value, words):
    """Each word of JSON Schema has a sentence."""
    with pytest.raises(InputRefused) as raised:
        EVERY.check_input({"photo": File(b"1", "image/png"), **value})
    assert raised.value.detail == words


def test_text_of_a_form_becomes_what_its_field_says():
    """A form can only send text; the contract knows what it stands for."""
    form = [("age", "3"), ("weight", "4.25"), ("tame", "true"), ("name", "12"), ("tricks", "sit"), ("tricks", "roll")]
    assert EVERY.read_form(form) == {
        "age": 3,
        "weight": 4.25,
        "tame": True,
        "name": "12",
        "tricks": ["sit", "roll"],
    }
    assert EVERY.read_form([("age", "NaN")]) == {"age": "NaN"}
    with pytest.raises(MalformedRequest, match="sent twice"):
        EVERY.read_form([("age", "3"), ("age", "4")])


def test_a_changed_prediction_is_a_broken_contract(contract):
    """A label set that changed is said to be that, whatever else the Space sends along."""
    good = contract.json["examples"][0]["prediction"]
    assert contract.check_prediction({**good, "extra": 1})["extra"] == 1
    for changed in (None, {**good, "label": "wolf"}, {**good, "confidences": []}):
        with pytest.raises(ContractBroken, match="not what was agreed"):
            contract.check_prediction(changed)


def test_one_of_several_is_held_to_what_one_is():
    """Among several predictions nothing stands for one that failed: a Space that says nothing has drifted."""
    wardrobe = load(CATDOG.parent / "wardrobe")
    whole = wardrobe.json["examples"][0]["prediction"]
    assert wardrobe.check_prediction([whole[0], None]) == [whole[0], None]
    assert wardrobe.check_prediction(whole[0], "sort") == whole[0]
    for changed in (None, [], whole, {**whole[0], "label": "scarf"}):
        with pytest.raises(ContractBroken, match="not what was agreed"):
            wardrobe.check_prediction(changed, "sort")
    twice = load(CATDOG.parent / "bears-twice")
    with pytest.raises(ContractBroken, match=r"prediction\.long\.label: enum"):
        twice.check_prediction({**twice.json["examples"][0]["prediction"]["long"], "label": "panda"}, "long")


def test_it_judges_as_another_checker_does(contract):
    """Beside plain jsonschema's verdict, over every case that the contracts give rise to."""
    judged = 0
    for schema in (EVERYTHING, contract.json["input"]):
        each = Contract({**contract.json, "input": schema}, Path())
        oracle = jsonschema.Draft202012Validator(schema)
        for value in inputs(schema):
            files = with_files(each, value)
            if files is None:
                continue
            told = {name: given.described() if isinstance(given, File) else given for name, given in files.items()}
            assert _takes(each, files) == oracle.is_valid(told), told
            judged += 1
    oracle = jsonschema.Draft202012Validator(contract.json["prediction"])
    for prediction in predictions(contract):
        try:
            contract.check_prediction(prediction)
            held = True
        except ContractBroken:
            held = False
        assert held == oracle.is_valid(prediction), prediction
        judged += 1
    assert judged > 150


def _takes(contract: Contract, value) -> bool:
    try:
        contract.check_input(value)
    except Fault:
        return False
    return True


def test_numbers_that_json_has_not_are_refused():
    """NaN breaks every browser's JSON.parse: it stops at the border."""
    for text in ("NaN", "[Infinity]", '{"a": -Infinity}', "[" * 100_000):
        with pytest.raises(ValueError, match=r"not JSON|nested|Expecting"):
            loads(text)
    assert loads('{"a": [1, 0.5]}') == {"a": [1, 0.5]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "can not be read"),
        ("[]", "is not a contract"),
        (json.dumps({"contract": 2}), "is not a contract"),
    ],
)
def test_a_broken_file_says_what_to_do(tmp_path, text, words):
    """A maintainer reads which file, what is wrong, and the command that mends it."""
    (tmp_path / "contract.json").write_text(text)
    with pytest.raises(ContractUnreadable, match=words) as raised:
        load(tmp_path)
    assert "Restore it with git, or delete it" in raised.value.detail
    assert f"python -m training.record {tmp_path.name}" in raised.value.detail


def test_words_that_one_checker_does_not_know_are_refused(write_contract):
    """A pattern would be judged by two engines: the meta-schema keeps it out."""

    def change(value):
        value["input"]["properties"]["photo"]["pattern"] = "^a"

    with pytest.raises(ContractUnreadable, match="additionalProperties"):
        load(write_contract(change))
    assert list(load_all(write_contract().parent)) == ["catdog"]


def test_valid_is_valid(contract):
    """The cases' own good value is good, or nothing else here means anything."""
    value = with_files(contract, valid(contract.json["input"]))
    assert value is not None
    assert _takes(contract, value)
    assert CAT.exists()
