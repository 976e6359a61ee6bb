"""
A Space that says what it was given: a sketch, a sound, pictures, a table: python gradio_given.py 7860.

Started by tests, as somebody else's Space: it imports nothing of the project.
"""

import json
import sys

import gradio as gr
import numpy as np


def say(sketch, sound, pictures, table):
    rate, samples = sound
    dark = np.argwhere(np.asarray(sketch["composite"])[..., :3].max(axis=2) < 40)
    return json.dumps(
        {
            "size": np.asarray(sketch["composite"]).shape[:2],
            "dark": [dark.min(axis=0).tolist(), dark.max(axis=0).tolist()] if len(dark) else None,
            "rate": rate,
            "seconds": len(samples) / rate,
            "loud": int(np.abs(samples.astype(int)).max()),
            "pictures": [np.asarray(picture).shape[:2] for picture, _ in pictures],
            "table": [list(table.columns), table.values.tolist()],
        }
    )


inputs = [
    gr.Sketchpad(label="Sketch", type="numpy"),
    gr.Audio(label="Sound", type="numpy"),
    gr.Gallery(label="Pictures", type="numpy"),
    gr.Dataframe(label="Weights", headers=["name", "kg"]),
]
demo = gr.Interface(say, inputs, gr.Textbox(label="Given"), api_name="say")
demo.launch(server_port=int(sys.argv[1]), quiet=True)
