"""
ONE ONNX graph from pixels to verdict, which Python and the browser both run.

Three parts: pixels as fastai's validation sees them, the network, the verdict. What comes
out: `probabilities` (one a label), `embedding` (of length 1), `cam` (a map for each label,
whose mean decides), `familiarity` (how near the ten nearest training photos are, at most 1)
and `unfamiliar` (below the threshold). A table's graph takes `numbers` and `choices`, and
has no map. Weights are stored in 16 bits and computed with in 32.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, compose, helper, numpy_helper, parser
from torch import nn

OPSET = 20
NEAREST = 10  # training photos that familiarity is measured by
MOST_KNOWN = 500  # training embeddings a graph carries, 2.5 KB each
PLAIN = f'<ir_version: 10, opset_import: ["" : {OPSET}]>'


@dataclass(frozen=True)
class Crop:
    """A photo is squeezed to `resized` × `resized` pixels, and the middle `size` × `size` are looked at."""

    size: int
    resized: int


class Seeing(nn.Module):
    """
    A body with training.vision's head: batch norm, mean over places, linear.

    All three are linear, so the norm and the linear layer are one convolution of 1 × 1, and
    the mean may come last: what stands before it says which place spoke for which label.
    """

    def __init__(self, model: nn.Sequential, mean: torch.Tensor, deviation: torch.Tensor):
        super().__init__()
        body, (norm, *_, linear) = model[0], model[1]
        self.body = body
        self.register_buffer("mean", mean.reshape(1, 3, 1, 1))
        self.register_buffer("deviation", deviation.reshape(1, 3, 1, 1))
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        self.speak = nn.Conv2d(linear.in_features, linear.out_features, 1)
        self.speak.weight.data = (linear.weight * scale)[:, :, None, None]
        self.speak.bias.data = linear.bias + linear.weight @ (norm.bias - norm.running_mean * scale)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `evidence` (labels × k × k) and `embedding` (D) for an image of 1 × 3 × size × size, from 0 to 1."""
        features = self.body((image - self.mean) / self.deviation)
        pooled = features.mean((2, 3))[0]
        return self.speak(features)[0], pooled / pooled.norm()


def seeing(network: Seeing, crop: Crop) -> onnx.ModelProto:
    """Return the graph from `pixels` (uint8, height × width × 3 or 4) to `evidence` and `embedding`."""
    square = torch.zeros(1, 3, crop.size, crop.size)
    return _joined(pixels(crop), exported(network, (square,), ["image"], ["evidence", "embedding"]), ["image"])


def exported(network: nn.Module, inputs: tuple, takes: list[str], gives: list[str]) -> onnx.ModelProto:
    """Return what torch makes of `network`, its weights in 16 bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of things in torch that will change in torch
        program = torch.onnx.export(
            network.cpu().eval(),
            inputs,
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=takes,
            output_names=[f"{name}_out" for name in gives],
            verbose=False,
        )
    # torch names what is inside after its operators, and one of those may be called as we call an output.
    model = compose.add_prefix(program.model_proto, "network_", rename_inputs=False, rename_outputs=False)
    called = {f"{name}_out": name for name in gives}
    for node in model.graph.node:
        node.input[:] = [called.get(name, name) for name in node.input]
        node.output[:] = [called.get(name, name) for name in node.output]
    for output in model.graph.output:
        output.name = called[output.name]
    _forget_where(model)
    _store_in_16_bits(model)
    return model


def pixels(crop: Crop) -> onnx.ModelProto:
    """
    Return the graph from `pixels` to `image`, as Pillow would have resized it.

    `exclude_outside` keeps the borders as Pillow has them. A fourth channel is how opaque a
    pixel is, and lies on white; where there is none a full one is joined on, which needs no `If`.
    """
    begin, end = (crop.resized - crop.size) // 2, (crop.resized - crop.size) // 2 + crop.size
    return parser.parse_model(f"""
        {PLAIN}
        prepare (uint8[height, width, channels] pixels) => (float[1, 3, {crop.size}, {crop.size}] image) {{
            first = Constant <value = int64[1] {{0}}> ()
            photo = Unsqueeze (pixels, first)
            square = Constant <value = int64[2] {{{crop.resized}, {crop.resized}}}> ()
            squeezed = Resize <axes = [1, 2], mode = "linear", antialias = 1, exclude_outside = 1,
                coordinate_transformation_mode = "half_pixel"> (photo, , , square)
            begins = Constant <value = int64[2] {{{begin}, {begin}}}> ()
            ends = Constant <value = int64[2] {{{end}, {end}}}> ()
            sides = Constant <value = int64[2] {{1, 2}}> ()
            centre = Slice (squeezed, begins, ends, sides)
            real = Cast <to = {TensorProto.FLOAT}> (centre)
            most = Constant <value = float {{255.0}}> ()
            shares = Div (real, most)
            whole = Constant <value = int64[4] {{1, {crop.size}, {crop.size}, 1}}> ()
            full = ConstantOfShape <value = float[1] {{1.0}}> (whole)
            opaque = Concat <axis = 3> (shares, full)
            zero = Constant <value = int64[1] {{0}}> ()
            three = Constant <value = int64[1] {{3}}> ()
            four = Constant <value = int64[1] {{4}}> ()
            channel = Constant <value = int64[1] {{3}}> ()
            colours = Slice (opaque, zero, three, channel)
            cover = Slice (opaque, three, four, channel)
            one = Constant <value = float {{1.0}}> ()
            bare = Sub (one, cover)
            covered = Mul (colours, cover)
            flat = Add (covered, bare)
            image = Transpose <perm = [0, 3, 1, 2]> (flat)
        }}
    """)


def judging(network: onnx.ModelProto, temperature: float, known: np.ndarray, below: float) -> onnx.ModelProto:
    """
    Return `network` with its verdict: probabilities at `temperature`, and whether the embedding is near any `known`.

    `known` is photos × D, of length 1 each.
    """
    names = {output.name: output.type.tensor_type.shape.dim for output in network.graph.output}
    labels = next(iter(names["evidence"])).dim_value
    places = ", ".join(str(side.dim_value) for side in list(names["evidence"])[1:])
    map_of, mean = (
        (f"float[{labels}, {places}] cam, ", "ReduceMean <keepdims = 0> (cam, sides)") if places else ("", "")
    )
    nearest = min(NEAREST, len(known))
    verdict = parser.parse_model(f"""
        {PLAIN}
        verdict (float[{labels}{", " + places if places else ""}] evidence, float[{known.shape[1]}] embedding) =>
            (float[{labels}] probabilities, {map_of}float familiarity, bool unfamiliar) {{
            temperature = Constant <value = float {{{temperature:.6f}}}> ()
            {"cam" if places else "logits"} = Div (evidence, temperature)
            {"sides = Constant <value = int64[2] {1, 2}> ()" if places else ""}
            {"logits = " + mean if places else ""}
            probabilities = Softmax <axis = 0> (logits)
            likeness = MatMul (known, embedding)
            nearest = Constant <value = int64[1] {{{nearest}}}> ()
            near, which = TopK (likeness, nearest)
            familiarity = ReduceMean <keepdims = 0> (near)
            below = Constant <value = float {{{below:.6f}}}> ()
            unfamiliar = Less (familiarity, below)
        }}
    """)
    verdict.graph.initializer.append(numpy_helper.from_array(known.astype(np.float32), "known"))
    whole = _joined(network, verdict, ["evidence", "embedding"], kept=["embedding"])
    _store_in_16_bits(whole)
    onnx.checker.check_model(whole)
    return whole


def _joined(first: onnx.ModelProto, then: onnx.ModelProto, through: list[str], kept: list[str] | None = None):
    """Join two graphs by what the first gives and the second takes, under the names both have for it."""
    first = compose.add_prefix(first, "first_", rename_inputs=False, rename_outputs=False)
    then = compose.add_prefix(then, "then_", rename_inputs=False, rename_outputs=False)
    first.ir_version = then.ir_version = max(first.ir_version, then.ir_version)
    for model in (first, then):
        # One graph, one opset.
        del model.opset_import[:]
        model.opset_import.append(helper.make_opsetid("", OPSET))
    outputs = [*(kept or []), *(output.name for output in then.graph.output)]
    return compose.merge_models(first, then, io_map=[(name, name) for name in through], outputs=outputs)


def _forget_where(model: onnx.ModelProto) -> None:
    """Torch notes which line of which file on whose machine made each node: that is nobody's business."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


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
