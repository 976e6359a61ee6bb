"""
The Space: every demo as one Gradio app, with the bridge mounted beside it.

    python app.py          http://127.0.0.1:7860 for people, /bridge for pages

The bridge asks Gradio's own API, only without leaving this process.
"""

import inspect
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import zerogpu
from fastapi import FastAPI
from gradio.components.label import LabelData
from model import Model
from PIL import Image

from api_bridge import Bridge, Contract, GradioSpace, create_app, load_all, log_to_stderr
from api_bridge.admission import Gate
from api_bridge.inside import InsideWire
from api_bridge.photos import DAMAGED, upright
from api_bridge.serving import Server
from api_bridge.settings import load

HERE = Path(__file__).parent
TITLE = "TinySpaces"
KEPT = 600  # seconds that a photo given to Gradio's own page stays on disk; those from the bridge never touch it


class VerdictData(LabelData):
    """What Gradio's label carries, and whether this is like what the model learned from."""

    familiarity: float
    unfamiliar: bool


class Verdict(gr.Label):
    """Gradio's label, which also says what is unfamiliar."""

    is_template = True  # on the page it is a label like any other
    data_model = VerdictData

    def postprocess(self, value: dict[str, Any] | None) -> VerdictData | dict[str, Any]:
        """Pass on what the model said, if it was asked; Gradio's page draws nothing at all for None."""
        return VerdictData(**value) if value else {}


def agreed(contract: Contract) -> Model:
    """Return the model of `contract`; no other one answers in its name."""
    about = contract.json["model"]
    model = Model(contract.folder / about["file"])
    if model.sha256 != about["sha256"]:
        raise SystemExit(f"{contract.demo}: {about['file']} is not the model of the contract; publish the demo again.")
    return model


def opened(photo: Image.Image | None) -> Image.Image:
    """Return a visitor's photo as people see it, or say in words why it can not be."""
    if photo is None:
        raise gr.Error("Choose a photo first.", print_exception=False)
    try:
        return upright(photo)
    except DAMAGED as error:
        raise gr.Error("This file is not a photo that can be read.", print_exception=False) from error


def answer(contract: Contract, model: Model) -> Callable[..., dict[str, Any]]:
    """Return the function behind `contract`'s endpoint; its parameters' names are part of the contract."""

    def see(photo: Image.Image | None) -> dict[str, Any]:
        return model.prediction(opened(photo))

    def read(*values: Any) -> dict[str, Any]:
        given = dict(zip(contract.fields, values, strict=True))
        if empty := [contract.fields[name]["title"] for name, value in given.items() if value in (None, "")]:
            raise gr.Error(f"Fill in first: {', '.join(empty)}.", print_exception=False)
        try:
            return model.prediction(given)
        except ValueError as error:
            raise gr.Error("The form has a choice that the model does not know.", print_exception=False) from error

    if model.fields is None:
        return see
    # Gradio names an endpoint's parameters after the function's.
    names = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in model.fields]
    read.__signature__ = inspect.Signature(names)
    return read


def control(field: dict[str, Any]) -> gr.components.Component:
    """Return Gradio's control for a field of a contract."""
    if field["kind"] == "image":
        # As it came: whatever Gradio converts would move the probabilities.
        return gr.Image(type="pil", image_mode=None, label=field["title"], height=420)
    if field["kind"] == "choice":
        choices = [(field.get("words", {}).get(value, value), value) for value in field["enum"]]
        return gr.Dropdown(choices, label=field["title"], value=field.get("default"))
    limits = {name: field[name] for name in ("minimum", "maximum", "step") if name in field}
    return gr.Number(label=field["title"], value=field.get("default"), **limits)


def look(model: Model) -> Callable[..., Image.Image]:
    """Return the function behind the endpoint that draws what `model` looked at."""

    # Gradio itself refuses, in words, what is not among the labels or beyond the slider's ends.
    def looked(photo: Image.Image | None, label: str, strength: float) -> Image.Image:
        return model.look(opened(photo), label, strength)

    return looked


def draw(contracts: dict[str, Contract]) -> gr.Blocks:
    """
    An ordinary Gradio page, for people who visit the Space itself; one named endpoint a demo.

    Of a photo's there is a second one, which draws what the model looked at. What asks other demos, or
    another Space, has no model here: the bridge asks those.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(KEPT, KEPT)) as page:
        gr.Markdown(f"# {TITLE}")
        for contract in contracts.values():
            if "model" not in contract.json:
                continue
            (step,) = contract.json["steps"].values()
            model, name = agreed(contract), step["endpoint"].strip("/")
            with gr.Tab(contract.title), gr.Row():
                with gr.Column():
                    controls = [control(field) for field in contract.fields.values()]
                with gr.Column():
                    button = gr.Button("Ask", variant="primary")
                    label = Verdict(label="Answer")
                    examples = [
                        [_shown(contract, value) for value in example["input"].values()]
                        for example in contract.json["examples"]
                    ]
                    if examples:
                        gr.Examples(examples, controls, examples_per_page=6)
                    if model.fields is None:
                        with gr.Accordion("What it looked at", open=False):
                            spoke = gr.Dropdown(model.labels, label="For which label", value=model.labels[0])
                            strength = gr.Slider(0, 1, 0.7, step=0.05, label="How much to dim the rest")
                            again = gr.Button("Look")
                            looked = gr.Image(label="What it looked at", format="webp")
                        again.click(
                            look(model), [*controls, spoke, strength], looked, api_name=f"{name}-look", queue=False
                        )
                # No queue of Gradio's: the bridge decides who waits, and the page gets its answer in one request.
                button.click(answer(contract, model), controls, label, api_name=name, queue=False)
    return page


def _shown(contract: Contract, value: Any) -> Any:
    """An example's value as Gradio shows it: a file by its path."""
    return str(contract.folder / value["file"]) if isinstance(value, dict) and "file" in value else value


def main() -> None:
    """Serve until stopped."""
    host = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    port = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    log_to_stderr()
    zerogpu.report()
    contracts = load_all(HERE / "demos")
    settings = load(HERE / "bridge.toml", os.environ)

    app, here = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), f"http://127.0.0.1:{port}"
    steps = [step for contract in contracts.values() for step in contract.json["steps"].values()]
    others = {step["space"]: GradioSpace(step["space"]) for step in steps if step["space"] != "here"}
    bridge = Bridge(
        contracts,
        {"here": GradioSpace(here, wire=InsideWire(here, app, stateless=True)), **others},
        patience=settings.patience,
        inside=settings.askers,
        waiting=settings.queue,
        workers=settings.workers,
    )
    # Behind a host's proxies all visitors may look like one: counted only where somebody said how many there are.
    counted = settings.source("trusted_hops") != "default"
    gate = Gate(time.monotonic, settings.per_minute, settings.burst) if counted else None
    app.mount("/bridge", create_app(bridge, settings.origins, gate, settings.trusted_hops))
    app = gr.mount_gradio_app(app, draw(contracts), path="/", show_error=False, max_file_size="8mb", ssr_mode=False)
    print(f"{TITLE}: http://{host}:{port}, the bridge at /bridge", flush=True)
    Server(app, bridge, host, port).run()


if __name__ == "__main__":
    main()
