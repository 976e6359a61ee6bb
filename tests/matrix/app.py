"""
One Gradio app that every generation since 2.9.4 can run, as `Interface` or as `Blocks`.

    python app.py 7860 interface
    python app.py 7860 blocks

Started by tests and benchmarks in an environment of its own: it imports nothing of the project.
"""

import sys
import time

import gradio as gr

PORT, KIND = int(sys.argv[1]), sys.argv[2]
MAJOR = int(gr.__version__.split(".")[0])


def turn(photo, name, times):
    """Return the photo upside down, a greeting, and two confidences that tell what was seen."""
    bright = photo.convert("L").resize((1, 1)).getpixel((0, 0)) / 255
    return photo.rotate(180), f"Hello {name}!" * int(times), {"bright": bright, "dark": 1 - bright}


def greet(name, times):
    return f"Hello {name}!" * int(times), len(name)


def count(upto):
    for number in range(int(upto)):
        time.sleep(0.1)
        yield number, "so far " + str(number)


def complain(name):
    raise gr.Error(f"Only on Tuesdays, {name}.")


def crash(name):
    raise RuntimeError("secret: swordfish")


def as_interface():
    if MAJOR == 2:
        inputs = [
            gr.inputs.Image(type="pil", label="Photo"),
            gr.inputs.Textbox(label="Name"),
            gr.inputs.Slider(1, 5, step=1, default=2, label="Times"),
        ]
        outputs = [
            gr.outputs.Image(type="pil", label="Turned"),
            gr.outputs.Textbox(label="Greeting"),
            gr.outputs.Label(label="Light"),
        ]
        return gr.Interface(turn, inputs, outputs)
    inputs = [gr.Image(type="pil", label="Photo"), gr.Textbox(label="Name"), gr.Slider(1, 5, 2, step=1, label="Times")]
    outputs = [gr.Image(type="pil", label="Turned"), gr.Textbox(label="Greeting"), gr.Label(label="Light")]
    return gr.Interface(turn, inputs, outputs)


def as_blocks():
    with gr.Blocks() as app:
        photo, name = gr.Image(type="pil", label="Photo"), gr.Textbox(label="Name")
        times = gr.Slider(1, 5, 2, step=1, label="Times")
        turned, light = gr.Image(type="pil", label="Turned"), gr.Label(label="Light")
        greeting, length = gr.Textbox(label="Greeting"), gr.Number(label="Length")
        gr.Button("Count").click(count, [times], [length, greeting], api_name="count")
        gr.Button("Turn").click(turn, [photo, name, times], [turned, greeting, light], api_name="turn")
        gr.Button("Greet").click(greet, [name, times], [greeting, length], api_name="greet")
        gr.Button("Greet now").click(greet, [name, times], [greeting, length], api_name="greet_directly", queue=False)
        gr.Button("Complain").click(complain, [name], [greeting], api_name="complain")
        gr.Button("Crash").click(crash, [name], [greeting], api_name="crash")
        gr.Button("Nameless").click(greet, [name, times], [greeting, length])
    return app


app = as_interface() if KIND == "interface" else as_blocks()
if KIND == "blocks" and MAJOR == 3:
    app.queue()  # generators need it, and before Gradio 4 it is off unless somebody asks
app.launch(server_name="127.0.0.1", server_port=PORT)
