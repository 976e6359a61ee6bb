"""
A Space with six fields and four outputs, and the day it changes: python gradio_form.py 7860 [CHANGE].

Started by tests, as somebody else's Space: it imports nothing of the project.
"""

import sys
from pathlib import Path

import gradio as gr
import numpy as np

CHANGE = sys.argv[2] if len(sys.argv) > 2 else ""
EXAMPLES = Path(__file__).parent.parent / "site/demos/catdog/examples"


def describe(photo, name, times, tame, colour, tricks):
    light = float(np.array(photo.convert("L")).mean()) / 255
    sure = 0.8 * light if CHANGE == "unsure" else light
    words = f"{name} is {colour}{' and tame' if tame else ''}."
    if CHANGE == "failing":
        raise gr.Error("Out of paint.")
    return (
        photo.rotate(180),
        words,
        {"bright": sure, "dark": 1 - sure},
        {"headers": ["trick", "times"], "data": [[trick, times] for trick in tricks]},
    )


def older(photo, name, times, tame, colour, tricks, mood):
    return describe(photo, name, times, tame, colour, tricks)


inputs = [
    gr.Image(type="pil", label="Photo"),
    gr.Textbox(label="Name", value="Chelsea"),
    gr.Slider(1, 5, 3 if CHANGE == "default" else 2, step=1, label="Times", info="How often each trick is done."),
    gr.Checkbox(label="Tame"),
    gr.Radio(["black"] if CHANGE == "narrowed" else ["black", "ginger"], label="Colour", value="black"),
    gr.CheckboxGroup(["sit", "roll"], label="Tricks", value=["sit"]),
]
outputs = [gr.Image(label="Turned"), gr.Textbox(label="Sentence"), gr.Label(label="Light"), gr.Dataframe(label="Table")]
examples = [[str(EXAMPLES / "cat.jpg"), "Chelsea", 2, True, "black", ["sit", "roll"]]]

if CHANGE == "required":
    demo = gr.Interface(older, [*inputs, gr.Number(label="Mood")], outputs, api_name="describe")
else:
    name = "explain" if CHANGE == "renamed" else "describe"
    given = examples if CHANGE != "bare" else None
    demo = gr.Interface(describe, inputs, outputs, examples=given, cache_examples=False, api_name=name)

demo.launch(server_port=int(sys.argv[1]), quiet=True)
