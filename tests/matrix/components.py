"""
One app with an endpoint for every usual component, going in and coming out: python components.py 7860

`/takes_x` says in a text what the function was given; `/gives_x` gives what is fixed here.
A generation that has no such component has no such endpoint. Imports nothing of the project.
"""

import importlib.util
import inspect
import sys
import tempfile
import wave
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

MAJOR = int(gr.__version__.split(".")[0])
FOLDER = Path(tempfile.mkdtemp())

picture = Image.new("RGB", (32, 24), "red")
picture.save(FOLDER / "red.png")
mask = np.zeros((24, 32))
mask[:12] = 1
(FOLDER / "note.txt").write_text("a note\n")
(FOLDER / "shape.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
with wave.open(str(FOLDER / "beep.wav"), "wb") as sound:
    sound.setnchannels(1)
    sound.setsampwidth(2)
    sound.setframerate(8000)
    sound.writeframes(bytes(1600))
(FOLDER / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41" + bytes(64))


def said(value):
    """What a function was given, in words that every generation says alike."""
    if hasattr(value, "columns"):
        return f"table {list(map(str, value.columns))} {value.astype(str).values.tolist()}"
    if hasattr(value, "size") and hasattr(value, "mode"):
        return f"picture {value.size[0]}x{value.size[1]}"
    if isinstance(value, dict) and "composite" in value:
        return said(value["composite"])
    if isinstance(value, dict) and "image" in value and "mask" in value:
        return said(value["image"])
    if (
        isinstance(value, (list, tuple))
        and len(value)
        and isinstance(value[0], (list, tuple))
        and hasattr(value[0][0], "size")
    ):
        return f"pictures {len(value)}"
    if isinstance(value, (list, tuple)):
        return "list " + "; ".join(said(each) for each in value)
    if hasattr(value, "name") and hasattr(value, "read"):
        value = value.name
    if isinstance(value, str) and value.startswith("/") and Path(value).is_file():
        return f"file {Path(value).suffix} {Path(value).stat().st_size}"
    if isinstance(value, dict) and "role" in value:
        return f"{value['role']}: {said(value['content'])}"
    if isinstance(value, dict) and "text" in value and "files" in value:
        return f"message {value['text']} {len(value['files'])}"
    if isinstance(value, dict) and value.get("type") == "text":
        return said(value["text"])
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return f"{type(value).__name__} {value}"


def made(name, **options):
    """A component, with those options that this generation knows; None where it has no such component."""
    kind = getattr(gr, name, None)
    if kind is None or not inspect.isclass(kind):
        return None
    known = inspect.signature(kind.__init__).parameters
    options = {key: value for key, value in options.items() if key in known}
    return kind(label="It", **options) if "label" in known else kind(**options)


CHOICES = {"choices": ["one", "two", "three"]}
path = {"type": "filepath"}
TAKES = {
    "textbox": ("Textbox", {}),
    "number": ("Number", {}),
    "slider": ("Slider", {"minimum": 0, "maximum": 10, "value": 4}),
    "checkbox": ("Checkbox", {}),
    "checkboxgroup": ("CheckboxGroup", CHOICES),
    "radio": ("Radio", CHOICES),
    "dropdown": ("Dropdown", CHOICES),
    "dropdowns": ("Dropdown", {**CHOICES, "multiselect": True}),
    "image": ("Image", {"type": "pil"}),
    "imageeditor": ("ImageEditor", {"type": "pil"}),
    "audio": ("Audio", path),
    "file": ("File", {}),
    "files": ("File", {"file_count": "multiple"}),
    "dataframe": ("Dataframe", {"headers": ["a", "b"]}),
    "json": ("JSON", {}),
    "code": ("Code", {}),
    "colorpicker": ("ColorPicker", {}),
    "datetime": ("DateTime", {"type": "string"}),
    "gallery": ("Gallery", {"type": "pil"}),
    "chatbot": ("Chatbot", {}),
    "multimodaltextbox": ("MultimodalTextbox", {}),
    "model3d": ("Model3D", {}),
    "markdown": ("Markdown", {}),
}


def chat():
    if MAJOR >= 6:
        return [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    return [("Hi", "Hello")]


def plot():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(1, 1))
    plt.plot([1, 2, 3])
    return figure


GIVES = {
    "textbox": ("Textbox", lambda: "words"),
    "number": ("Number", lambda: 3),
    "slider": ("Slider", lambda: 5),
    "checkbox": ("Checkbox", lambda: True),
    "checkboxgroup": ("CheckboxGroup", lambda: ["one", "two"]),
    "radio": ("Radio", lambda: "two"),
    "dropdown": ("Dropdown", lambda: "two"),
    "image": ("Image", lambda: picture),
    "audio": ("Audio", lambda: str(FOLDER / "beep.wav")),
    "video": ("Video", lambda: str(FOLDER / "film.mp4")),
    "file": ("File", lambda: str(FOLDER / "note.txt")),
    "files": ("File", lambda: [str(FOLDER / "note.txt")] * 2),
    "dataframe": ("Dataframe", lambda: [["x", 1], ["y", 2]]),
    "json": ("JSON", lambda: {"a": [1, None]}),
    "label": ("Label", lambda: {"cat": 0.75, "dog": 0.25}),
    "html": ("HTML", lambda: "<b>bold</b>"),
    "markdown": ("Markdown", lambda: "**bold**"),
    "highlightedtext": ("HighlightedText", lambda: [("Ada", "name"), (" is", None)]),
    "annotatedimage": ("AnnotatedImage", lambda: (picture, [(mask, "top")])),
    # Captions came later than 3.1.
    "gallery": ("Gallery", lambda: [picture if gr.__version__.startswith("3.1.") else (picture, "red")]),
    "plot": ("Plot", plot),
    "code": ("Code", lambda: "1 + 1"),
    "colorpicker": ("ColorPicker", lambda: "#3366cc"),
    "datetime": ("DateTime", lambda: "2026-01-01 12:00:00"),
    "chatbot": ("Chatbot", chat),
    "model3d": ("Model3D", lambda: str(FOLDER / "shape.obj")),
}
OPTIONS = {
    "checkboxgroup": CHOICES,
    "radio": CHOICES,
    "dropdown": CHOICES,
    "image": {"type": "pil"},
    "slider": {"minimum": 0, "maximum": 10},
    "dataframe": {"headers": ["a", "b"]},
    "files": {"file_count": "multiple"},
}


def count(name, state):
    state = (state or 0) + 1
    return f"{name} {state}", state


with gr.Blocks() as app:
    words = gr.Textbox(label="Said")
    for name, (kind, options) in TAKES.items():
        if (component := made(kind, **options)) is not None:
            gr.Button(name).click(said, [component], [words], api_name=f"takes_{name}")
    for name, (kind, value) in GIVES.items():
        drawn = name != "plot" or importlib.util.find_spec("matplotlib")
        if drawn and (component := made(kind, **OPTIONS.get(name, {}))) is not None:
            gr.Button(name).click(value, [], [component], api_name=f"gives_{name}")
    state, who = getattr(gr, "State", gr.Variable if MAJOR == 3 else None)(), gr.Textbox(label="Who")
    gr.Button("State").click(count, [who, state], [words, state], api_name="state")

app.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]))
