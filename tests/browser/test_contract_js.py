"""Python and the page judge every case of every contract the same, in the same words."""

import pytest
from cases import DRAWN, EVERYTHING, NESTED, inputs, predictions, with_files
from conftest import SAY, Road
from playwright.sync_api import Page

from api_bridge.contract import Contract
from api_bridge.faults import ContractBroken, Fault
from api_bridge.media import SIGNATURES, media_of
from api_bridge.words import sentence


def judge(page: Page, road: Road, code: str, *words) -> list:
    """Run `code` in the page with its own module as `contract` and `view`."""
    module = next((road.dist / "assets").glob("main.*.js")).name
    page.goto(road.demo)
    return page.evaluate(
        f"""async ([module, words]) => {{
            const contract = await import(`/assets/${{module}}`);
            const view = contract;
            return ({code})(...words);
        }}""",
        [module, words],
    )


@pytest.mark.parametrize("schema", [EVERYTHING, NESTED, DRAWN, None], ids=["everything", "nested", "drawn", "catdog"])
def test_inputs_are_judged_alike(visitor: Page, road: Road, contract: Contract, schema: dict | None):
    """The same verdict, kind, field and sentence, over every limit of every field."""
    contract = Contract({**contract.json, "input": schema}, contract.folder) if schema else contract
    cases, expected = [], []
    for value in inputs(contract.json["input"]):
        files = with_files(contract, value)
        if files is None:
            continue
        try:
            contract.check_input(files)
            expected.append(None)
        except Fault as fault:
            expected.append([fault.kind, fault.field, fault.detail])
        cases.append(value)
    told = judge(
        visitor,
        road,
        """(json, cases) => cases.map((each) => {
            const fault = contract.checkInput(json, each);
            return fault && [fault.kind, fault.field, fault.detail];
        })""",
        contract.json,
        cases,
    )
    assert len(cases) > 10
    assert any(verdict is None for verdict in expected)
    differing = [each for each in zip(cases, told, expected, strict=True) if each[1] != each[2]]
    assert differing == []


def test_predictions_are_judged_alike(visitor: Page, road: Road, contract: Contract):
    """What the bridge would not pass on, the page would not draw."""
    cases = list(predictions(contract))
    told = judge(
        visitor,
        road,
        "(json, cases) => cases.map((each) => contract.predictionHolds(json, each))",
        contract.json,
        cases,
    )
    for case, held in zip(cases, told, strict=True):
        try:
            contract.check_prediction(case)
            assert held, case
        except ContractBroken:
            assert not held, case
    assert set(told) == {True, False}


def test_verdicts_are_said_alike(visitor: Page, road: Road):
    """The saved answer in the HTML and the drawn one are the same sentence."""
    words = {"cat": "a cat"}
    made = [
        {
            "label": "cat",
            "confidences": [{"label": "cat", "confidence": sure}, {"label": "dog", "confidence": 1 - sure}],
        }
        for sure in (0.5, 0.555, 0.59999, 0.6, 0.745, 0.8999, 0.9, 0.985, 0.99, 0.99001, 1)
    ] + [
        {"label": "cat", "confidences": [{"label": "cat", "confidence": 0.3}]},
        {"label": "cat", "confidences": []},
        {"label": "a wolf"},
        {"label": None},
        {"label": "cat", "confidences": [{"label": "cat", "confidence": 0.75}], "unfamiliar": True},
        {"label": "cat", "confidences": [{"label": "cat", "confidence": 0.75}], "unfamiliar": False},
        None,
    ]
    told = judge(visitor, road, "(made, words) => made.map((each) => view.sentence(each, words))", made, words)
    assert told == [sentence(each, words, SAY) for each in made]


def test_files_are_described_alike(visitor: Page, road: Road):
    """By content: the first bytes say the same in both, for every kind that is known and for none."""
    heads = [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        *(b"RIFF\x10\n\r\0" + kind for kind in (b"WEBP", b"WAVE", b"AVI ")),
        *(b"GIF87a", b"GIF89a", b"GIF88a"),
        *(b"ID3\4", b"\xff\xfb\x90", b"\xff\xe3\x18", b"\xff\xf8"),
        *(b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"%PDF-1.7", b"%PDF", b"PK\x03\x04", b"PK\x05\x06"),
        *(b"\0\0\0\x20ftyp" + brand for brand in (b"M4A ", b"qt  ", b"isom")),
        b"RIFF\x10\0\0\0WEB",
        b"",
    ]
    told = judge(
        visitor,
        road,
        """(heads) => Promise.all(heads.map(async (bytes) =>
            (await contract.describe(new Blob([new Uint8Array(bytes)]))).media))""",
        [list(head) for head in heads],
    )
    assert told == [media_of(head) for head in heads]
    assert len(set(told)) == len(SIGNATURES) + 1


def test_one_table_of_signatures(visitor: Page, road: Road):
    """A kind of file that one side learns, the other learns too."""
    told = judge(visitor, road, "() => contract.SIGNATURES.map(([media, begin]) => [media, begin.source, begin.flags])")
    assert told == [[media, f"^(?:{pattern})", "s"] for media, pattern in SIGNATURES]
