"""A Gradio app with endpoints that behave in every way a Space may: started by tests, on a port they give."""

import sys
import threading
import time

import gradio as gr

MEETING = threading.Barrier(2)


def greet(name: str, times: float) -> tuple[str, int]:
    return f"Hello {name}!" * int(times), len(name)


def measure(photo) -> dict[str, float]:
    return {"wide": photo.width / 1000, "high": photo.height / 1000}


def complain() -> str:
    raise gr.Error("Only on Tuesdays.\x1b[31m")


def crash() -> str:
    raise RuntimeError("secret: swordfish")


def sleep() -> str:
    time.sleep(5)
    return "late"


def count():
    for number in range(3):
        time.sleep(0.05)
        yield number


def meet(name: str) -> str:
    MEETING.wait(10)  # for another question that is here at the same time
    return f"{name} met somebody"


with gr.Blocks() as app:
    name, times, photo = gr.Textbox(), gr.Number(1), gr.Image(type="pil")
    text, number, label = gr.Textbox(), gr.Number(), gr.Label()
    for queue, suffix in ((True, ""), (False, "_directly")):
        gr.Button().click(greet, [name, times], [text, number], api_name=f"greet{suffix}", queue=queue)
        gr.Button().click(measure, photo, label, api_name=f"measure{suffix}", queue=queue)
        gr.Button().click(complain, None, text, api_name=f"complain{suffix}", queue=queue)
        gr.Button().click(crash, None, text, api_name=f"crash{suffix}", queue=queue)
    gr.Button().click(sleep, None, text, api_name="sleep")
    gr.Button().click(count, None, number, api_name="count")
    gr.Button().click(meet, name, text, api_name="meet", queue=False)

app.launch(server_port=int(sys.argv[1]), quiet=True)
