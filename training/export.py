"""
A fastai learner becomes ONE ONNX graph, for Python and browser alike.

Its input `pixels` is a photo as people see it (uint8, height × width × 3, RGB, any size),
its output `probabilities` has one number per label. Resizing and normalising are inside,
so that no second piece of code has to do them the same way. Weights are stored in
16 bits and computed with in 32.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, compose, helper, numpy_helper, parser
from PIL import Image

from api_bridge.photos import upright
from training.record import begin, record
from training.vision import Learner, RandomResizedCrop, nn, progress_bar

OPSET = 20
NEAR = 0.03  # how far a probability of the graph may be from fastai's own


class ParityError(Exception):
    """The graph does not say what the learner says: nothing was written."""


def export(learn: Learner, to: Path, trained_on: str) -> None:
    """
    Leave `model.onnx`, `figures.json` and `contract.json` in the folder `to`.

    The graph is first held against fastai's own predictions on every photo that was
    held back; `ParityError` when any label differs, or a probability by more than 0.03,
    and then nothing is written. `trained_on` names the photos.
    """
    labels = [str(label) for label in learn.dls.vocab]
    expected, truth = learn.get_preds()
    guesses = expected.argmax(1)
    about = {
        "labels": labels,
        "accuracy": round(float((guesses == truth).float().mean()), 4),
        "validated_on": len(truth),
        "trained_on": {"name": trained_on, "count": len(learn.dls.train_ds)},
    }
    graph = build(learn, about)
    gap = parity(graph, learn, expected.numpy())
    print(f"fastai and the graph agree on {len(truth)} photos; the largest difference is {gap:.4f}.")

    figures = {
        "confusion": _confusion(truth, guesses, len(labels)),
        "parity": {"photos": len(truth), "largest_difference": round(gap, 4)},
    }
    _leave(to, labels, {"model.onnx": graph.SerializeToString(), "figures.json": _json(figures)})


def _leave(to: Path, labels: list[str], made: dict[str, bytes]) -> None:
    """Put what was made into the demo's folder: all of it with its contract, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / to.resolve().name
        if to.exists():
            shutil.copytree(to, stage)
        begin(stage, labels)
        for name, content in made.items():
            (stage / name).write_bytes(content)
        record(stage)
        shutil.copytree(stage, to, dirs_exist_ok=True)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def build(learn: Learner, about: dict) -> onnx.ModelProto:
    """Return the graph of `learn`: fastai's validation pixels, its network, softmax."""
    crop = next((step for step in learn.dls.valid.after_item.fs if isinstance(step, RandomResizedCrop)), None)
    if crop is None:
        raise ValueError("export knows RandomResizedCrop(size) only: use it in item_tfms.")
    size = crop.size[0]
    network = nn.Sequential(_Normalised(), learn.model.cpu().eval(), nn.Softmax(dim=1)).eval()
    program = torch.onnx.export(
        network, (torch.zeros(1, 3, size, size),), dynamo=True, external_data=False, opset_version=OPSET, verbose=False
    )
    network_graph = program.model_proto
    prefix = _prefix(size, resized=size + int(np.ceil(size * crop.val_xtra / 8)) * 8)
    prefix.ir_version = network_graph.ir_version
    joined = compose.merge_models(
        compose.add_prefix(prefix, "prepare_"),
        network_graph,
        io_map=[("prepare_image", network_graph.graph.input[0].name)],
    )
    joined = _named(joined, "prepare_pixels", "pixels", network_graph.graph.output[0].name, "probabilities")
    # Joining doubles the opset's entry; a graph has one.
    del joined.opset_import[:]
    joined.opset_import.append(helper.make_opsetid("", OPSET))
    _store_in_16_bits(joined)
    helper.set_model_props(joined, {name: json.dumps(value) for name, value in about.items()})
    onnx.checker.check_model(joined)
    return joined


def parity(graph: onnx.ModelProto, learn: Learner, expected: np.ndarray) -> float:
    """Return the largest difference in probability over the held-back photos, or raise `ParityError`."""
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    largest = 0.0
    for path, theirs in zip(progress_bar(learn.dls.valid_ds.items), expected, strict=True):
        with Image.open(path) as photo:
            (ours,) = session.run(None, {"pixels": np.asarray(upright(photo))})
        gap = float(np.abs(ours - theirs).max())
        if ours.argmax() != theirs.argmax() or gap > NEAR:
            raise ParityError(
                f"{path}: fastai says {theirs.round(3).tolist()}, the graph says {ours.round(3).tolist()}. "
                "No model and no contract was written."
            )
        largest = max(largest, gap)
    return largest


class _Normalised(nn.Module):
    """Mean and deviation are 0.5 for this body: 0…1 becomes -1…1."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * 2 - 1


def _prefix(size: int, resized: int) -> onnx.ModelProto:
    """
    From pixels to what fastai's validation sees: the whole photo squeezed square, then its centre.

    `exclude_outside` keeps the borders as Pillow has them.
    """
    begin, end = (resized - size) // 2, (resized - size) // 2 + size
    return parser.parse_model(f"""
        <ir_version: 10, opset_import: ["" : {OPSET}]>
        prepare (uint8[height, width, 3] pixels) => (float[1, 3, {size}, {size}] image) {{
            zero = Constant <value = int64[1] {{0}}> ()
            photo = Unsqueeze (pixels, zero)
            square = Constant <value = int64[2] {{{resized}, {resized}}}> ()
            squeezed = Resize <axes = [1, 2], mode = "linear", antialias = 1, exclude_outside = 1,
                coordinate_transformation_mode = "half_pixel"> (photo, , , square)
            begins = Constant <value = int64[2] {{{begin}, {begin}}}> ()
            ends = Constant <value = int64[2] {{{end}, {end}}}> ()
            sides = Constant <value = int64[2] {{1, 2}}> ()
            centre = Slice (squeezed, begins, ends, sides)
            real = Cast <to = {TensorProto.FLOAT}> (centre)
            channels = Transpose <perm = [0, 3, 1, 2]> (real)
            most = Constant <value = float {{255.0}}> ()
            image = Div (channels, most)
        }}
    """)


def _named(model: onnx.ModelProto, old_input: str, new_input: str, old_output: str, new_output: str) -> onnx.ModelProto:
    """Rename the graph's input, and give its one row of probabilities without the batch."""
    graph = model.graph
    for node in graph.node:
        node.input[:] = [new_input if name == old_input else name for name in node.input]
    graph.input[0].name = new_input
    labels = graph.output[0].type.tensor_type.shape.dim[1].dim_value
    axis = numpy_helper.from_array(np.array([0]), "batch_axis")
    graph.initializer.append(axis)
    graph.node.append(helper.make_node("Squeeze", [old_output, "batch_axis"], [new_output]))
    graph.output[0].CopyFrom(helper.make_tensor_value_info(new_output, TensorProto.FLOAT, [labels]))
    return model


def _store_in_16_bits(model: onnx.ModelProto) -> None:
    """Half the size on disk; onnxruntime folds the casts back to 32 bits when it loads."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 256:
            continue
        values = numpy_helper.to_array(weight)
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
        casts.append(helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]


def _confusion(truth: torch.Tensor, guesses: torch.Tensor, count: int) -> list[list[int]]:
    """Rows are what a photo shows, columns what the model said."""
    table = torch.zeros(count, count, dtype=torch.int64)
    for row, column in zip(truth, guesses, strict=True):
        table[row, column] += 1
    return table.tolist()
