"""
A Space that answers with every component Gradio has, plainly or as a stranger might: python gradio_drawings.py 7860.

Started by tests, as somebody else's Space: it imports nothing of the project.
"""

import json
import struct
import sys
import tempfile
from pathlib import Path

import gradio as gr
import matplotlib
import numpy as np
import pandas as pd
from gradio.components.plot import PlotData

matplotlib.use("Agg")
from matplotlib import pyplot

CAT = Path(__file__).parent.parent / "site/demos/catdog/examples/cat.jpg"
FOLDER = Path(tempfile.mkdtemp())
EVIL = (
    """<img src=x onerror="parent.hurt = 1"><script>parent.hurt = 2</script> [link](javascript:alert(1)) <b>bold</b>"""
)
LONG = "x" * 10_000
ARABIC = "هذا قط صغير"


def saved(name: str, content: bytes) -> str:
    (FOLDER / name).write_bytes(content)
    return str(FOLDER / name)


def pyramid() -> bytes:
    """Four red triangles as a glTF file with all in it."""
    corners = np.array([[0, 1, 0], [-1, -1, 1], [1, -1, 1], [1, -1, -1], [-1, -1, -1]], np.float32)
    faces = np.array([0, 1, 2, 0, 2, 3, 0, 3, 4, 0, 4, 1], np.uint16)
    numbers = corners.tobytes() + faces.tobytes()
    about = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "translation": [5, 0, 0], "scale": [2, 2, 2]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 1]}}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 5, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 60}, {"buffer": 0, "byteOffset": 60, "byteLength": 24}],
        "buffers": [{"byteLength": len(numbers)}],
    }
    text = json.dumps(about).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(numbers), b"BIN\0") + numbers
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def wave() -> bytes:
    """A quarter of a second of silence."""
    return (
        b"RIFF"
        + struct.pack("<I", 2036)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        + b"data"
        + struct.pack("<I", 2000)
        + b"\x80" * 2000
    )


def plotly(data: list, title: str = "Weights") -> PlotData:
    return PlotData(type="plotly", plot=json.dumps({"data": data, "layout": {"title": {"text": title}}}))


def altair(values: list, **more: object) -> PlotData:
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.20.1.json",
        "data": {"values": values},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {"field": "name", "type": "nominal"},
            "y": {"field": "kg", "type": "quantitative"},
            "color": {"condition": {"test": "datum.kg > 3", "value": "#c8553d"}, "value": "#2f7ebd"},
        },
        **more,
    }
    return PlotData(type="altair", plot=json.dumps(spec))


def numbered() -> PlotData:
    """As Gradio 3 sent its own plots: with numbers for colours, and a choice of what is seen."""
    colour = {"field": "name", "type": "nominal", "scale": {"domain": ["Anna", "Bo"], "range": [0, 1]}}
    values = [{"name": "Anna", "kg": 4}, {"name": "Bo", "kg": 2}]
    x, y = {"field": "name", "type": "nominal"}, {"field": "kg", "type": "quantitative"}
    chosen = {"name": "param_1", "select": {"type": "interval", "encodings": ["y"]}, "bind": "scales"}
    return altair(values, encoding={"x": x, "y": y, "color": colour}, params=[chosen])


CATS = pd.DataFrame(
    {
        "when": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02"]),
        "weight.kg": [4.0, 4.5, 2.0, 3.0],
        "cat": ["Anna", "Anna", "Bo", "Bo"],
    }
)


def figure() -> pyplot.Figure:
    drawn, axes = pyplot.subplots(figsize=(3, 2))
    axes.bar(["Anna", "Bo"], [4, 2])
    return drawn


MASK = np.zeros((300, 451), np.float32)
MASK[60:180, 80:220] = 0.8
VIDEO = saved("film.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(64))
NOTES = saved("notes.csv", b"a,b\n1,2\n")
PLAIN = {
    "light": {"bright": 0.8, "dark": 0.2},
    "sentence": "A cat.",
    "story": "# A cat\n\nIt *sat* on `mat` & left &amp; came.\n\n- one\n- two\n\n| kg | name |\n|--:|--|\n| 4 | Anna |\n\n"
    "[More](https://example.org/cat) ![a map](https://example.org/map.png)",
    "program": "print(1)",
    "page": '<style>p { color: rgb(200, 0, 0) }</style><p style="font-weight: 900">Hello</p><a href="https://example.org">Out</a>',
    "turned": str(CAT),
    "gallery": [(str(CAT), "Her"), (str(CAT), "Her again"), (str(CAT), None)],
    "sound": (8000, np.zeros(2000, np.int16)),
    "film": VIDEO,
    "papers": [NOTES, saved("more.txt", b"more")],
    "table": {
        "headers": ["name", "kg"],
        "data": [["Bo", 10], ["Anna", 9], ["Čeněk", 100], *[[f"cat {n}", n / 7] for n in range(300)]],
    },
    "settings": {"deep": {"er": [1, None, True]}, "many": list(range(250))},
    "words": [("Anna", "person"), (" left ", None), ("Berlin", "place"), (" with ", None), ("Bo", "person")],
    "seen": (str(CAT), [(MASK, "a head"), ((250, 100, 400, 280), "a body")]),
    "picture": figure,
    "bars": lambda: plotly(
        [{"type": "bar", "name": "cats", "x": ["Anna", "Bo"], "y": [4, 2]}, {"type": "scatter", "y": [1, 3]}]
    ),
    "heights": lambda: altair([{"name": "Anna", "kg": 4}, {"name": "Bo", "kg": 2}]),
    "numbered": numbered,
    "space": lambda: plotly([{"type": "scatter3d", "x": [1, 2], "y": [1, 2], "z": [1, 2]}]),
    "quick": lambda: plotly([{"type": "scattergl", "mode": "markers", "x": [1, 2], "y": [1, 2]}]),
    "bokeh": lambda: PlotData(type="bokeh", plot='{"doc": {}}'),
    "trend": CATS,
    "means": CATS,
    "spread": CATS,
    "odd": {"columns": ["a"], "data": [[1]], "datatypes": {}, "mark": "pie"},
    "talk": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good **day**"},
        {"role": "user", "content": ["Her:", {"path": str(CAT), "alt_text": "The cat"}, {"path": NOTES}]},
        {"role": "assistant", "content": {"path": saved("purr.wav", wave())}},
    ],
    "letter": {"text": "Look", "files": [str(CAT)]},
    "shape": lambda: saved("pyramid.glb", pyramid()),
    "number": 3.5,
    "colour": "#ff8800",
    "tame": True,
    "size": "large",
    "tricks": ["sit", "roll"],
}
HOSTILE = PLAIN | {
    "light": {EVIL: 0.8, ARABIC: 0.2},
    "sentence": LONG,
    "story": f"{EVIL}\n\n{'>' * 500} deep\n\n{LONG}\n\n{ARABIC}\n\n![x](javascript:1) <http://evil.example> [data](data:text/html,1)",
    "program": EVIL + LONG,
    "page": f"""<!doctype html><meta http-equiv="refresh" content="0;url=https://evil.example/"><base href="https://evil.example/">
        <link rel="stylesheet" href="https://evil.example/a.css"><body onload="parent.hurt = 3">{EVIL}
        <iframe src="https://evil.example"></iframe><form action="https://evil.example"><input autofocus></form>
        <img src="https://evil.example/a.png" alt="a picture"><svg><a xlink:href="javascript:1"><text>svg</text></a></svg>
        <a href="javascript:parent.hurt = 4">bad</a><p>{LONG}</p><p dir="rtl">{ARABIC}</p>""",
    "gallery": [(str(CAT), EVIL), (str(CAT), LONG)],
    "table": {
        "headers": [EVIL, *map(str, range(149))],
        "data": [["=1+1", "-2", LONG, ARABIC, *range(146)], *[list(range(150))] * 300],
    },
    "settings": {EVIL: LONG, "list": [ARABIC, [[[[[[[[1]]]]]]]]]},
    "words": [(EVIL, EVIL), (LONG, LONG), (ARABIC, ARABIC)],
    "seen": (str(CAT), [(MASK, EVIL), (MASK, LONG)]),
    "bars": lambda: plotly(
        [{"type": "bar", "name": EVIL, "x": [EVIL, '<a href="javascript:1">x</a>'], "y": [1, 2]}],
        '<a href="javascript:1">t</a>',
    ),
    "heights": lambda: altair(
        [{"name": EVIL, "kg": 4}],
        params=[{"name": "hurt", "expr": "warn('x')"}],
        transform=[
            {"lookup": "name", "from": {"data": {"url": "https://evil.example/data.json"}, "key": "a", "fields": ["b"]}}
        ],
    ),
    "trend": CATS.assign(cat=[EVIL, LONG, ARABIC, EVIL]),
    "means": CATS.assign(cat=[EVIL, LONG, ARABIC, EVIL]),
    "talk": [
        {"role": "user", "content": [EVIL, {"path": str(CAT), "alt_text": EVIL + LONG}]},
        {"role": "assistant", "content": f"{ARABIC} {LONG}"},
    ],
    "letter": {"text": EVIL + LONG, "files": []},
    "shape": lambda: saved("not.obj", b"v 1 2\nf 1 2 3\n"),
    "colour": "red;background:url(https://evil.example)",
    "size": EVIL,
    "tricks": [EVIL, LONG],
}
OUTPUTS = {
    "light": gr.Label(),
    "sentence": gr.Textbox(),
    "story": gr.Markdown(),
    "program": gr.Code(),
    "page": gr.HTML(),
    "turned": gr.Image(),
    "gallery": gr.Gallery(),
    "sound": gr.Audio(),
    "film": gr.Video(),
    "papers": gr.File(file_count="multiple"),
    "table": gr.Dataframe(),
    "settings": gr.JSON(),
    "words": gr.HighlightedText(),
    "seen": gr.AnnotatedImage(),
    "picture": gr.Plot(),
    "bars": gr.Plot(),
    "heights": gr.Plot(),
    "numbered": gr.Plot(),
    "space": gr.Plot(),
    "quick": gr.Plot(),
    "bokeh": gr.Plot(),
    "trend": gr.LinePlot(x="when", y="weight.kg", color="cat", x_title="Day", title="They grow"),
    "means": gr.BarPlot(x="cat", y="weight.kg", y_aggregate="mean", sort="y", color_map={"Anna": "#c8553d"}),
    "spread": gr.ScatterPlot(x="weight.kg", y="weight.kg", color="weight.kg", caption="Each for itself."),
    "odd": gr.LinePlot(x="when"),
    "talk": gr.Chatbot(),
    "letter": gr.MultimodalTextbox(),
    "shape": gr.Model3D(),
    "number": gr.Number(),
    "colour": gr.ColorPicker(),
    "tame": gr.Checkbox(),
    "size": gr.Radio(["small", "large", EVIL]),
    "tricks": gr.CheckboxGroup(["sit", "roll", EVIL, LONG]),
}


def answer(which: str) -> list:
    """Everything, as it is asked for."""
    values = HOSTILE if which == "hostile" else PLAIN
    return [values[name]() if callable(values[name]) else values[name] for name in OUTPUTS]


for name, component in OUTPUTS.items():
    component.label = name.title()

if __name__ == "__main__":
    which = gr.Radio(["plain", "hostile"], value="plain", label="Which")
    demo = gr.Interface(
        answer, which, list(OUTPUTS.values()), api_name="draw", examples=[["plain"]], cache_examples=False
    )
    demo.launch(server_port=int(sys.argv[1]), quiet=True, allowed_paths=[str(FOLDER), str(CAT.parent)])
