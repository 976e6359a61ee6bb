"""A contract is learned from what a Space says of itself, whichever generation says it; servers are transcripts here."""

import json
from datetime import UTC, datetime

import pytest
from conftest import ROOT, run
from generations import COMPONENTS, VERSIONS

from api_bridge.components import Component, slug
from api_bridge.contract import wrong_with
from api_bridge.dialects import About, Endpoint, Parameter
from api_bridge.learn import NotCarried, chosen, draft, reasons
from api_bridge.space import GradioSpace, as_agreed
from api_bridge.transcript import RecordedWire

# What each component is in a contract: as a field, and as a prediction.
FIELDS = {
    "textbox": "text",
    "number": "number",
    "slider": "slider",
    "checkbox": "checkbox",
    "checkboxgroup": "choices",
    "radio": "choice",
    "dropdown": "choice",
    "dropdowns": "choices",
    "image": "image",
    "imageeditor": "sketch",
    "audio": "audio",
    "file": "file",
    "files": "files",
    "dataframe": "table",
    "json": "json",
    "code": "code",
    "colorpicker": "color",
    "datetime": "date",
    "gallery": "images",
    "chatbot": "chat",
    "multimodaltextbox": "message",
    "model3d": "model3d",
    "markdown": "text",
}
PREDICTIONS = {
    "slider": "number",
    "video": "video",
    "label": "label",
    "html": "html",
    "markdown": "markdown",
    "highlightedtext": "highlighted",
    "annotatedimage": "annotated",
    "gallery": "gallery",
    "plot": "plot",
}


def about(version: str, app: str) -> About:
    path = ROOT / f"tests/transcripts/{version}-plain-{app}.json"
    wire = RecordedWire(json.loads(path.read_text(encoding="utf-8")))
    return run(GradioSpace("http://recorded", wire=wire).about())


def learned(version: str, app: str, endpoint: str | None = None) -> dict:
    told = about(version, app)
    return draft(told, chosen(told, endpoint), "someone/space", "demo", {}, datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_photo_a_text_and_a_slider_from_every_generation(version):
    """The same form, the same limits and defaults, from Gradio 2.9.4 to today, whether it has an /info or not."""
    contract = learned(version, "interface")
    assert wrong_with(contract) is None
    fields = contract["input"]["properties"]
    assert {name: field["kind"] for name, field in fields.items()} == {
        "photo": "image",
        "name": "text",
        "times": "slider",
    }
    assert [fields["times"][word] for word in ("minimum", "maximum", "default")] == [1, 5, 2]
    (step,) = contract["steps"].values()
    assert step["gives"] == ["turned", "greeting", "light"]
    assert contract["spaces"]["someone/space"]["seen"] == "2026-11-21"


@pytest.mark.parametrize("version", [version for version, _, _ in COMPONENTS])
def test_every_component_has_its_kind_in_every_generation(version):
    """What a demo is made of does not depend on which Gradio its Space runs."""
    told = about(version, "components")
    for name, endpoint in told.endpoints.items():
        contract = draft(told, endpoint, "someone/space", "demo", {})
        assert wrong_with(contract) is None
        way, _, component = name.strip("/").partition("_")
        if component == "dropdowns" and version in ("3.1.7", "3.10.1"):
            continue  # a dropdown took one choice only
        if way == "takes":
            (field,) = contract["input"]["properties"].values()
            assert field["kind"] == FIELDS[component]
        elif way == "gives":
            kind = contract["prediction"]["kind"]
            assert kind == PREDICTIONS.get(component, FIELDS.get(component))


@pytest.mark.parametrize("version", [version for version, _, _ in COMPONENTS])
def test_state_is_nobodys_to_fill_in(version):
    """It is neither a field nor an output; and what keeps something between questions is not asked twice."""
    (step,) = learned(version, "components", "/state")["steps"].values()
    assert (len(step["takes"]), step["gives"], step["pure"]) == (1, ["said", None], False)


def test_what_was_agreed_before_parameters_had_names_still_holds():
    """Gradio 4.0 told labels, 4.44 the function's own words: a contract outlives the day its Space moves up."""
    old, new = about("4.0.2", "components").endpoints["/state"], about("4.44.1", "components").endpoints["/state"]
    assert [each.name for each in old.parameters if not each.component.hidden] == ["who"]
    assert [each.name for each in new.parameters if not each.component.hidden] == ["name"]
    assert [each.name for each in as_agreed(new, ["who"]).parameters if not each.component.hidden] == ["who"]
    assert as_agreed(new, ["name"]) == as_agreed(new, ["unheard_of"]) == new


def test_state_before_others_takes_nobodys_name():
    """/info leaves it out: the names of those behind it must not move up."""
    components = [{"id": 1, "type": "state", "props": {}}, {"id": 2, "type": "textbox", "props": {"label": "Who"}}]
    function = {"api_name": "greet", "inputs": [1, 2], "outputs": [2], "targets": [[3, "click"]]}
    config = {"version": "6.31.0", "protocol": "sse_v3", "api_prefix": "/gradio_api", "components": components}
    said = [
        {"do": "get", "path": "/config", "answer": {**config, "dependencies": [function]}},
        {
            "do": "get",
            "path": "/gradio_api/info",
            "answer": {"named_endpoints": {"/greet": {"parameters": [{"parameter_name": "person"}]}}},
        },
    ]
    told = run(GradioSpace("http://recorded", wire=RecordedWire({"said": said})).about())
    assert [(each.name, each.component.type) for each in told.endpoints["/greet"].parameters] == [
        ("state", "state"),
        ("person", "textbox"),
    ]


def test_several_endpoints_are_listed_to_choose_from():
    """Each with what it takes and gives."""
    told = about("6.31.0", "blocks")
    with pytest.raises(
        NotCarried, match=r"/turn  \(photo: image, name: textbox, times: slider\) → image, textbox, label"
    ):
        chosen(told, None)
    assert chosen(told, "turn").name == "/turn"


def test_the_only_endpoint_that_can_be_carried_is_chosen():
    """Nobody is asked to choose where there is no choice."""
    able = Endpoint("/say", (), (Component("textbox", {}),), queued=False)
    unable = Endpoint("/tick", (Parameter("when", Component("timer", {})),), (), queued=False)
    assert chosen(About("6.31.0", "queue5", {"/tick": unable, "/say": able}), None) is able


def test_what_can_not_be_carried_is_named_with_its_reason():
    """Every reason at once, so that an author mends them in one go."""
    parameters = (
        Parameter("when", Component("timer", {})),
        Parameter("who", Component("textbox", {"label": "Who"})),
        Parameter("what", Component("hologram", {})),
    )
    endpoint = Endpoint("/do", parameters, (Component("smell", {}),), queued=False)
    assert reasons(endpoint) == [
        "when (timer) is the Space's own clock",
        "what (hologram) is not one of Gradio's usual components",
        "its output smell is not one of Gradio's usual components",
    ]
    with pytest.raises(NotCarried, match="hologram"):
        draft(About("6.31.0", "queue5", {"/do": endpoint}), endpoint, "someone/space", "demo", {})


@pytest.mark.parametrize(
    ("component", "default", "expected"),
    [
        (Component("slider", {"minimum": 0, "maximum": 10}), 11, None),
        (Component("slider", {"minimum": 0, "maximum": 10}), 4.0, 4),
        (Component("radio", {"choices": [["One", 1], ["Two", 2]]}), 2, 2),
        (Component("radio", {"choices": ["a"]}), "b", None),
        (Component("dropdown", {"choices": ["a"], "allow_custom_value": True}), "b", "b"),
        (Component("textbox", {"max_length": 3}), "long", None),
        (Component("checkbox", {}), None, False),
    ],
)
def test_a_default_that_a_form_could_not_send_is_not_shown(component, default, expected):
    """A Space may have a default that breaks its own limits; the form does not begin with it."""
    endpoint = Endpoint("/do", (Parameter("it", component, default, default is None),), (Component("json", {}),), False)
    contract = draft(About("6.31.0", "queue5", {}), endpoint, "someone/space", "demo", {})
    assert contract["input"]["properties"]["it"].get("default") == expected


def test_what_the_space_does_not_need_may_be_left_out():
    """A parameter with a default that no form can show, such as a picture of the Space's own, is not asked for."""
    parameters = (
        Parameter("photo", Component("image", {})),
        Parameter("mask", Component("image", {}), {"path": "/tmp/mask.png"}, required=False),
    )
    endpoint = Endpoint("/do", parameters, (Component("json", {}),), queued=False)
    contract = draft(About("6.31.0", "queue5", {}), endpoint, "someone/space", "demo", {})
    assert contract["input"]["required"] == ["photo"]
    assert "default" not in contract["input"]["properties"]["mask"]


def test_choices_keep_what_they_are_called():
    """A choice's value is what is sent; its name is what is read."""
    component = Component("radio", {"choices": [["One", 1], ["Two", 2], ("three", "three")]})
    endpoint = Endpoint("/do", (Parameter("it", component),), (Component("json", {}),), queued=False)
    field = draft(About("6.31.0", "queue5", {}), endpoint, "s/s", "demo", {})["input"]["properties"]["it"]
    assert (field["enum"], field["words"]) == ([1, 2, "three"], {"1": "One", "2": "Two"})


def test_two_of_a_name_are_told_apart():
    """Fields and outputs alike; and what has a name in another script has one of its component."""
    text = Component("textbox", {"label": "写真"})
    endpoint = Endpoint("/do", (Parameter("Image", text), Parameter("image", text)), (text, text), queued=False)
    contract = draft(About("6.31.0", "queue5", {}), endpoint, "s/s", "demo", {"titles": {"image_2": "The other"}})
    assert list(contract["input"]["properties"]) == ["image", "image_2"]
    assert contract["input"]["properties"]["image_2"]["title"] == "The other"
    assert list(contract["prediction"]["properties"]) == ["textbox", "textbox_2"]


@pytest.mark.parametrize(
    ("text", "name"), [("Your photo!", "your_photo"), ("2 of them", ""), ("写真", ""), ("A-b", "a_b")]
)
def test_a_name_for_people_becomes_one_for_fields(text, name):
    """Small letters, digits and underscores; nothing where nothing is left."""
    assert slug(text) == name
