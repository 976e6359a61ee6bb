"""What a contract's values are in the words of each generation, where generations differ."""

import json
from dataclasses import replace

import pytest
from conftest import run

from api_bridge.components import Component
from api_bridge.dialects import Endpoint, Parameter, meet
from api_bridge.dialects.diffs import changed
from api_bridge.dialects.fetched import Files
from api_bridge.dialects.queue4 import Queue4
from api_bridge.dialects.queue5 import Queue5
from api_bridge.dialects.socket3 import Socket3
from api_bridge.dialects.values import incoming, outgoing
from api_bridge.faults import AppFailed, ContractBroken, SpaceBusy
from api_bridge.media import File
from api_bridge.predictions import prediction
from api_bridge.schema import Checker
from api_bridge.space import GradioSpace, as_agreed
from api_bridge.transcript import RecordedWire

FILM = File(b"1234", "video/mp4", None, ".mp4")
TURNS = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Well?"},
]


class Shelf:
    """Takes uploads."""

    async def upload(self, path, file):
        return [f"/tmp/file{file.ending}"]


@pytest.mark.parametrize(
    ("dialect", "version", "inside"),
    [(Queue4, "4.44.1", True), (Queue5, "5.50.0", True), (Queue5, "6.0.2", False), (Queue5, "", False)],
)
def test_a_film_goes_as_its_generation_wants_it(dialect, version, inside):
    """Beside its subtitles in Gradio 4 and 5, alone since 6; an unknown version is taken for a new one."""
    sent = run(outgoing(Component("video", {}), FILM, dialect(Shelf(), {"version": version})))
    film = sent["video"] if inside else sent
    assert film["path"] == "/tmp/file.mp4"
    assert ("subtitles" in sent) is inside


def test_gradio_3_has_files_inside_the_question():
    """A picture as an address, all else with a name."""
    dialect = Socket3(Shelf(), {"version": "3.50.2"})
    assert run(outgoing(Component("image", {}), FILM, dialect)) == FILM.data_url()
    assert run(outgoing(Component("audio", {}), FILM, dialect)) == {"name": "file.mp4", "data": FILM.data_url()}


@pytest.mark.parametrize(
    ("version", "props", "expected"),
    [
        ("4.44.1", {}, [["Hi", "Hello"], ["Well?", None]]),
        ("5.50.0", {"type": "tuples"}, [["Hi", "Hello"], ["Well?", None]]),
        ("5.50.0", {"type": "messages"}, TURNS),
        ("6.31.0", {}, [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in TURNS]),
    ],
)
def test_a_conversation_goes_in_pairs_or_in_turns(version, props, expected):
    """As its generation, and its author, have it."""
    assert run(outgoing(Component("chatbot", props), TURNS, Queue5(Shelf(), {"version": version}))) == expected


def app(components: list[dict], *functions: dict) -> GradioSpace:
    """An app of before /info, with these components and functions."""
    config = {"version": "3.16.2", "components": components, "dependencies": list(functions)}
    missing = {"kind": "contract-broken", "detail": "Not Found"}
    said = [{"do": "get", "path": "/config", "answer": config}, {"do": "get", "path": "/info", "fault": missing}]
    return GradioSpace("http://recorded", wire=RecordedWire({"said": said}))


def text(number: int, label: str = "Text") -> dict:
    return {"id": number, "type": "textbox", "props": {"label": label}}


def test_two_parameters_of_one_label_are_two():
    """Before Gradio told names, labels stand in for them; nothing is asked twice or lost."""
    function = {"api_name": "join", "inputs": [1, 2, 3], "outputs": [3], "targets": [4]}
    space = app([text(1), text(2), text(3, "Other")], function)
    names = [each.name for each in run(space.about()).endpoints["/join"].parameters]
    assert names == ["text", "text_2", "other"]


def test_examples_belong_to_their_own_endpoint():
    """A Space with two forms shows two sets; none is mistaken for the other's."""

    def dataset(number: int, *samples: str) -> dict:
        return {"id": number, "type": "dataset", "props": {"samples": [[each] for each in samples]}}

    def function(name: str | None, inputs: list[int], outputs: list[int]) -> dict:
        return {"api_name": name, "inputs": inputs, "outputs": outputs, "targets": [9], "backend_fn": True}

    space = app(
        [text(1), text(2), dataset(3, "a", "b"), dataset(4, "c")],
        function("first", [1], [1]),
        function("second", [2], [2]),
        function(None, [3], [1]),
        function(None, [4], [2]),
    )

    async def samples() -> list[list[dict]]:
        dialect = await meet(space.wire)
        return [[sample for _, sample in dialect.samples(name)] for name in ("/first", "/second")]

    assert run(samples()) == [[{1: "a"}, {1: "b"}], [{2: "c"}]]


def conversation(protocol: str, *heard: dict, queued: bool = True, refused: bool = False) -> GradioSpace:
    """An app with one endpoint, /greet, that says `heard` when it is asked."""
    function = {"api_name": "greet", "inputs": [1], "outputs": [1, 2], "queue": queued, "targets": [3]}
    version = "3.50.2" if protocol == "ws" else "4.0.2"
    config = {"version": version, "protocol": protocol, "enable_queue": queued, "dependencies": [function]}
    info = {
        "named_endpoints": {
            "/greet": {
                "parameters": [{"parameter_name": "name", "parameter_has_default": True, "parameter_default": "Ada"}]
            }
        }
    }
    asking = {"fn_index": 0, "session_hash": "session2" if refused else "session1"}
    told = [asking, {"data": ["Ada"], **asking}]
    return GradioSpace(
        "http://recorded",
        wire=RecordedWire(
            {
                "said": [
                    {"do": "get", "path": "/config", "answer": {**config, "components": [text(1), text(2)]}},
                    {"do": "get", "path": "/info", "answer": info},
                    {
                        "do": "post",
                        "path": "/api/greet",
                        "body": {"data": ["Ada"], "session_hash": "session1"},
                        "fault": {"kind": "contract-broken", "detail": "Not open."},
                    },
                    {"do": "socket", "path": "/queue/join", "heard": list(heard), "told": told},
                    {"do": "events", "path": "/queue/join?fn_index=0&session_hash=session1", "heard": list(heard)},
                ]
            }
        ),
    )


DONE = {"msg": "process_completed", "success": True, "output": {"data": ["Hello", "Ada"]}}
WELCOME = [{"msg": "send_hash"}, {"msg": "send_data"}]


@pytest.mark.parametrize("protocol", ["ws", "sse"])
@pytest.mark.parametrize(
    ("heard", "fault", "words"),
    [
        ({"msg": "queue_full"}, SpaceBusy, "queue is full"),
        ({**DONE, "output": {"data": ["Hello"]}}, ContractBroken, "fewer outputs"),
        ({**DONE, "success": False, "output": {"error": "No."}}, AppFailed, "The model says: No."),
    ],
)
def test_what_a_queue_may_say_instead_of_an_answer(protocol, heard, fault, words):
    """Full is busy, fewer outputs are a broken contract, the app's own words are the app's."""
    with pytest.raises(fault, match=words):
        run(conversation(protocol, heard).ask("/greet", {"name": "Ada"}, 5))


def test_a_queue_that_broke_down_says_so():
    """Gradio 4's own failure is not taken for the end of the line."""
    with pytest.raises(AppFailed, match="Out of memory"):
        run(conversation("sse", {"msg": "unexpected_error", "message": "Out of memory"}).ask("/greet", {}, 5))


def test_a_closed_way_is_gone_round_where_there_is_another():
    """An author of Gradio 3 may close the plain way: the queue is asked, where there is one."""
    space = conversation("ws", *WELCOME, DONE, refused=True)

    async def asked() -> list:
        dialect = await meet(space.wire)
        endpoint = replace(dialect.about.endpoints["/greet"], queued=False)
        return await dialect.ask(endpoint, ["Ada"], None)

    assert run(asked()) == ["Hello", "Ada"]
    with pytest.raises(ContractBroken, match="Not open"):
        run(conversation("ws", *WELCOME, DONE, queued=False).ask("/greet", {"name": "Ada"}, 5))


def test_what_is_left_empty_is_the_spaces_own_default():
    """A field that may be left out sends what the Space would have taken anyway."""
    assert run(conversation("ws", *WELCOME, DONE).ask("/greet", {"name": None}, 5)) == ["Hello", "Ada"]


def test_an_update_is_its_value():
    """`gr.update` changes Gradio's own page as well; what was said is what counts."""
    heard = {**DONE, "output": {"data": [{"__type__": "update", "value": "Hello", "visible": True}, "Ada"]}}
    assert run(conversation("ws", *WELCOME, heard).ask("/greet", {}, 5)) == ["Hello", "Ada"]


@pytest.mark.parametrize("kind", ["label", "gallery", "chatbot", "dataframe", "imageeditor", "textbox"])
def test_an_update_without_a_value_says_nothing(kind):
    """It changed how something looks, and not what it is."""
    assert run(incoming(Component(kind, {}), {"__type__": "update", "visible": False}, None)) is None


def test_names_never_meet():
    """Three labels of which the third is what the second would become."""
    function = {"api_name": "join", "inputs": [1, 2, 3], "outputs": [3], "targets": [4]}
    space = app([text(1, "Image"), text(2, "Image"), text(3, "Image 2")], function)
    names = [each.name for each in run(space.about()).endpoints["/join"].parameters]
    assert names == ["image", "image_3", "image_2"]


def test_one_answer_does_not_take_all_the_memory():
    """So many files, and so many bytes of them; then it is no answer any more."""

    class Endless:
        async def fetch(self, path):
            return bytes(1_000_000)

    async def gallery(count):
        said = [{"image": {"path": f"/{number}.bin"}, "caption": None} for number in range(count)]
        return await incoming(Component("gallery", {}), said, Files(Queue5(Endless(), {})))

    assert len(run(gallery(20))) == 20
    with pytest.raises(ContractBroken, match="more than"):
        run(gallery(60))


PLACE = f"/tmp/gradio/{'c0ffee' * 10}c0ff/"  # where Gradio keeps a file, by what is in it
CHAT_FILE = {"file": {"path": f"{PLACE}cat.png", "mime_type": "image/png"}, "alt_text": None}
PLOT = {"type": "matplotlib", "plot": "data:image/png;base64,MTIzNA=="}


class Fetching:
    """Gives a file for every path, and remembers which were asked for."""

    def __init__(self):
        self.asked = []

    async def fetch(self, path):
        self.asked.append(path)
        return b"1234"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ([[{"name": f"{PLACE}cat.png", "alt_text": "A cat", "data": None, "is_file": True}, "Yes."]], ["A cat"]),
        ([[CHAT_FILE, "Yes."]], ["cat.png"]),
        ([{"role": "user", "content": CHAT_FILE}, {"role": "assistant", "content": "Yes."}], ["cat.png"]),
        (
            [{"role": "user", "content": [{"type": "file", **CHAT_FILE}, {"type": "file", **CHAT_FILE}]}],
            ["cat.png", "cat.png"],
        ),
        (
            [
                {
                    "role": "user",
                    "content": {"component": "gallery", "value": [{"image": CHAT_FILE["file"], "caption": "Her"}]},
                }
            ],
            ["Her"],
        ),
        (
            [
                {
                    "role": "user",
                    "content": {"component": "video", "value": {"video": CHAT_FILE["file"], "subtitles": None}},
                }
            ],
            ["cat.png"],
        ),
        ([{"role": "user", "content": {"component": "plot", "value": PLOT}}], [None]),
    ],
)
def test_files_in_a_chat_are_files_in_every_generation(said, names):
    """A picture is not told as a word: whoever reads the chat has the file, and what it is called."""
    turn, *after = run(incoming(Component("chatbot", {}), said, Files(Queue5(Fetching(), {}))))
    assert (turn["role"], turn["content"]) == ("user", "")
    assert [each["caption"] for each in turn["files"]] == names
    assert {each["media"].content for each in turn["files"]} == {b"1234"}
    assert after in ([], [{"role": "assistant", "content": "Yes."}])


def test_a_chat_keeps_its_words_beside_its_files():
    """Words in several parts are one text; what is neither words nor a file is named in its place."""
    parts = [
        {"type": "text", "text": "Look:"},
        {"type": "file", **CHAT_FILE},
        {"type": "component", "component": "dataframe", "value": {"headers": [], "data": []}},
    ]
    said = [{"role": "user", "content": parts}]
    (turn,) = run(incoming(Component("chatbot", {}), said, Files(Queue5(Fetching(), {}))))
    assert turn["content"] == "Look:\n[dataframe]"
    assert len(turn["files"]) == 1
    agreed = Checker(prediction(Component("chatbot", {})))
    assert agreed.is_valid([{**turn, "files": [{"media": FILM.described(), "caption": "cat.png"}]}, *TURNS])
    assert not agreed.is_valid([{**turn, "files": ["cat.png"]}])


def test_a_plot_of_gradios_own_says_how_it_is_drawn():
    """The axes that its author chose stand beside the numbers, also where an answer changes them; older ones are Vega's."""
    numbers = {"columns": ["a", "b"], "data": [[1, 2]], "datatypes": {}, "mark": "line"}
    plot = Component("nativeplot", {"x": "a", "y": "b", "title": None, "elem_id": "it"})
    assert run(incoming(plot, numbers, None)) == {"type": "native", "plot": {**numbers, "x": "a", "y": "b"}}
    update = {"__type__": "update", "value": numbers, "x": "b"}
    assert run(incoming(plot, update, None))["plot"] == {**numbers, "x": "b", "y": "b"}
    older = {"type": "altair", "plot": "{}", "chart": "line"}
    assert run(incoming(Component("plot", {}), older, None)) == {"type": "altair", "plot": "{}"}
    assert Checker(prediction(plot)).is_valid(run(incoming(plot, numbers, None)))


def test_a_chat_that_grows_word_by_word_fetches_its_picture_once():
    """A long answer about one picture is no answer of too many files; one that may change is fetched each time."""
    wire = Fetching()
    fetch = Files(Queue5(wire, {}))

    async def growing():
        for _ in range(100):
            await incoming(Component("chatbot", {}), [[CHAT_FILE, "A"]], fetch)
        for _ in range(2):
            await incoming(Component("image", {}), {"path": "/static/now.png"}, fetch)

    run(growing())
    assert wire.asked == [f"/gradio_api/file={PLACE}cat.png", *["/gradio_api/file=/static/now.png"] * 2]


def test_a_stream_does_not_grow_for_ever():
    """Each part is small; what they add up to is not."""
    part = "x" * 3_000_000
    with pytest.raises(ContractBroken):
        changed(part, [["append", [], part]])
    with pytest.raises(ContractBroken):
        changed([["a"]], [["replace", [0] * 5000, 1]])


def test_a_label_that_is_anothers_name_is_not_believed():
    """When names and labels cross, nothing is guessed."""
    parameters = (
        Parameter("other", Component("textbox", {"label": "Text"})),
        Parameter("third", Component("textbox", {"label": "Else"})),
    )
    endpoint = Endpoint("/do", parameters, (), queued=False)
    assert as_agreed(endpoint, ["text", "other"]) == endpoint
    assert [each.name for each in as_agreed(endpoint, ["text", "third"]).parameters] == ["text", "third"]


def test_what_is_written_here_is_json():
    """Nothing but JSON goes to a Space."""
    sent = run(outgoing(Component("gallery", {}), [FILM], Queue4(Shelf(), {"version": "4.44.1"})))
    assert json.loads(json.dumps(sent)) == sent
