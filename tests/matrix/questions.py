"""What every generation is asked, and what it must answer: the same everywhere."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from api_bridge import photos
from api_bridge.dialects import Endpoint
from api_bridge.examples import tone
from api_bridge.faults import AppFailed, ContractBroken, Fault
from api_bridge.media import File, each_file
from api_bridge.space import GradioSpace

PHOTO = Path(__file__).with_name("photo.png")  # drawn: black above, white below
SECONDS = 30


def photo() -> File:
    return photos.describe(PHOTO.read_bytes())


def tells(outputs: list[Any]) -> str | None:
    """Return what is wrong with an answer to `turn`, or None: the photo upside down, twice a greeting, two confidences."""
    turned, greeting, light = outputs
    pixels = np.asarray(Image.open(io.BytesIO(turned.content)).convert("L"), dtype=float)
    half = len(pixels) // 2
    if turned.pixels != photo().pixels or pixels[:half].mean() < 200 or pixels[half:].mean() > 55:
        return "the photo did not come back upside down"
    if greeting != "Hello Ada!Hello Ada!":
        return f"it said {greeting!r}"
    if {each["label"] for each in light["confidences"]} != {"bright", "dark"}:
        return f"it gave {light!r}"
    if abs(sum(each["confidence"] for each in light["confidences"]) - 1) > 1e-6:
        return "confidences do not add up"
    return None


async def ask_interface(space: GradioSpace) -> str | None:
    """Ask an `Interface`: its only endpoint, whatever this generation calls it."""
    (endpoint,) = (await space.about()).endpoints
    return tells(await space.ask(endpoint, {"photo": photo(), "name": "Ada", "times": 2}, SECONDS))


async def ask_blocks(space: GradioSpace) -> str | None:
    """Ask a `Blocks` app everything: several inputs and outputs, a stream, and the app's own words when it refuses."""
    about = await space.about()
    if told := tells(await space.ask("/turn", {"photo": photo(), "name": "Ada", "times": 2}, SECONDS)):
        return told
    for endpoint in ("/greet", "/greet_directly"):
        if (said := await space.ask(endpoint, {"name": "Ada", "times": 1}, SECONDS)) != ["Hello Ada!", 3]:
            return f"{endpoint} said {said}"
    partials: list[Any] = []

    def told(event: str, outputs: Any) -> None:
        if event == "partial":
            partials.append(outputs)

    if not about.gradio.startswith("3.1."):  # generators came with 3.2
        last = await space.ask("/count", {"times": 3}, SECONDS, told)
        if last != [2, "so far 2"] or partials != [[0, "so far 0"], [1, "so far 1"], [2, "so far 2"]]:
            return f"the stream said {partials}, and {last} at its end"
    for endpoint, words in (("/complain", "The model says: Only on Tuesdays, Ada."), ("/crash", "did not say why")):
        try:
            return f"{endpoint} said {await space.ask(endpoint, {'name': 'Ada'}, SECONDS)}"
        except AppFailed as fault:
            if words not in fault.detail or "swordfish" in fault.detail:
                return f"{endpoint} failed with {fault.detail!r}"
    try:
        return f"an endpoint that is not there said {await space.ask('/nowhere', {}, SECONDS)}"
    except ContractBroken:
        return None


TEXT = File(b"Hello\n", "application/octet-stream", None, ".txt")
SHAPE = File(b"v 0 0 0\n", "application/octet-stream", None, ".obj")
TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]

# What each component is given, and what its function then says it was given.
TAKES: dict[str, tuple[Any, str]] = {
    "textbox": ("hi", "str hi"),
    "number": (3, "int 3"),
    "slider": (5, "int 5"),
    "checkbox": (True, "bool True"),
    "checkboxgroup": (["one", "two"], "list str one; str two"),
    "radio": ("two", "str two"),
    "dropdown": ("two", "str two"),
    "dropdowns": (["one"], "list str one"),
    "image": (photo(), "picture 64x48"),
    "imageeditor": (photo(), "picture 64x48"),
    "audio": (tone(), "file .wav 32044"),
    "file": (TEXT, "file .txt 6"),
    "files": ([TEXT, TEXT], "list file .txt 6; file .txt 6"),
    "dataframe": ({"headers": ["a", "b"], "data": [["x", "1"]]}, "table ['a', 'b'] [['x', '1']]"),
    "json": ({"a": [1]}, "dict {'a': [1]}"),
    "code": ("1 + 1", "str 1 + 1"),
    "colorpicker": ("#336699", "str #336699"),
    "datetime": ("2026-01-01 12:00:00", "str 2026-01-01 12:00:00"),
    "gallery": ([photo(), photo()], "pictures 2"),
    "chatbot": (TURNS, "list user: "),
    "multimodaltextbox": ({"text": "hi", "files": [photo()]}, "message hi 1"),
    "model3d": (SHAPE, "file .obj 8"),
    "markdown": ("*so*", "str *so*"),
}
# What each component gives; of a file what it is, for generations encode pictures differently.
GIVES: dict[str, Any] = {
    "textbox": "words",
    "number": 3,
    "slider": 5,
    "checkbox": True,
    "checkboxgroup": ["one", "two"],
    "radio": "two",
    "dropdown": "two",
    "image": "image 768",
    "audio": "audio .wav",
    "video": "video .mp4",
    "file": "application .txt",
    "files": ["application .txt"] * 2,
    "dataframe": {"headers": ["a", "b"], "data": [["x", 1], ["y", 2]]},
    "json": {"a": [1, None]},
    "label": {
        "label": "cat",
        "confidences": [{"label": "cat", "confidence": 0.75}, {"label": "dog", "confidence": 0.25}],
    },
    "html": "<b>bold</b>",
    "markdown": "**bold**",
    "highlightedtext": [{"text": "Ada", "label": "name"}, {"text": " is", "label": None}],
    "annotatedimage": {"image": "image 768", "annotations": [{"label": "top", "mask": "image 768"}]},
    "gallery": [{"media": "image 768", "caption": "red"}],
    "plot": {"type": "matplotlib", "image": "image 10000"},
    "code": "1 + 1",
    "colorpicker": "#3366cc",
    "datetime": "2026-01-01 12:00:00",
    "chatbot": TURNS,
    "model3d": "application .obj",
}


WORDS = {"chatbot": ("Hi", "Hello"), "gallery": ("png",), "markdown": ("bold",)}


async def ask_components(space: GradioSpace) -> str | None:
    """Ask every endpoint of components.py."""
    about = await space.about()
    told = [await _component(space, name, endpoint, about.gradio) for name, endpoint in about.endpoints.items()]
    return "; ".join(filter(None, told)) or None


async def _component(space: GradioSpace, name: str, endpoint: Endpoint, gradio: str) -> str | None:
    way, _, component = name.strip("/").partition("_")
    old = int(gradio.split(".")[0]) < 4
    try:
        if way == "state":
            said, expected = await space.ask(name, {"who": "Ada"}, SECONDS), ["Ada 1", None]
        elif way == "takes":
            given, expected = TAKES[component]
            (said,) = await space.ask(name, {endpoint.parameters[0].name: given}, SECONDS)
            told_all = all(word in said for word in WORDS.get(component, ()))
            if told_all and (component == "chatbot" or (component == "gallery" and gradio < "4.19")):
                said = expected  # told in words of each generation's own: that all was told is enough
        else:
            (said,), expected = await space.ask(name, {}, SECONDS), GIVES[component]
            said = each_file(said, _kind)
            if component == "gallery" and said == [{"media": "image 768", "caption": None}]:
                said = expected  # captions came later than 3.1
            if old and all(word in str(said) for word in WORDS.get(component, ("no such word",))):
                said = expected  # until Gradio 3.40 these came as HTML
    except Fault as fault:
        said, expected = fault.detail, None
    return None if said == expected else f"{name} said {str(said)[:200]}"


def _kind(file: File) -> str:
    kind = file.media.partition("/")[0]
    return f"{kind} {file.pixels or file.ending}"


ASK = {"components": ask_components, "interface": ask_interface, "blocks": ask_blocks}
