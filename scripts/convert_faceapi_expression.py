"""Convert the expression network of face-api to ONNX, its 8-bit weights kept as they are.

Get the weights with `npm install @vladmandic/face-api@1.7.15` (MIT license), then run
`python scripts/convert_faceapi_expression.py node_modules/@vladmandic/face-api/model -o
faceapi_expression.onnx`. The same weights give the same bytes.

The network maps `crops` (B, 3, 112, 112), scaled as `PREPROCESS` states, to `features` (B,
7): logits of `CLASSES`. Layers as in the package's source, `src/faceFeatureExtractor`: four
blocks of a strided and three plain separable convolutions with dense shortcuts, the mean
over the remaining 7 x 7 pixels, and a linear layer. Padding is TensorFlow's "same".
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from wildaffect.core.preprocess import Preprocess

MODEL = "face_expression_model"
CLASSES = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
"""As face-api names them, in the order of its outputs."""
SIZE_PX = 112
MEAN_RGB = (122.782, 117.001, 104.298)
PREPROCESS = Preprocess(
    alignment="arcface_5pt_raised",
    size_px=SIZE_PX,
    mean=tuple(value / 255 for value in MEAN_RGB),
    std=(1.0, 1.0, 1.0),
    interpolation="area",
)
"""(pixel - MEAN_RGB) / 255."""
OPSET = 17
IR_VERSION = 8
NUM_BLOCKS = 4
LAYERS = ("conv0", "conv1", "conv2", "conv3")
"""Stride of a block; the first halves the resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One tensor of the file: float32, or 8 bits with scale and zero point."""

    values: NDArray[np.uint8] | NDArray[np.float32]
    scale: float | None = None
    zero_point: int = 0

    def as_float32(self) -> NDArray[np.float32]:
        """Return the values that it stands for."""
        if self.scale is None:
            return self.values.astype(np.float32)
        steps = self.values.astype(np.float64) - self.zero_point
        return (steps * self.scale).astype(np.float32)

    def transposed(self, *axes: int) -> "Weight":
        """Return the tensor with its axes in another order."""
        values = np.ascontiguousarray(self.values.transpose(axes))
        return Weight(values=values, scale=self.scale, zero_point=self.zero_point)


@dataclass(slots=True)
class Graph:
    """Nodes and tensors in the order in which they were added."""

    nodes: list[NodeProto] = field(default_factory=list)
    tensors: list[TensorProto] = field(default_factory=list)

    def node(self, kind: str, inputs: list[str], output: str, **settings: object) -> str:
        """Add a node and return its output's name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], **settings))
        return output

    def tensor(self, name: str, values: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        self.tensors.append(numpy_helper.from_array(values, name))
        return name

    def weight(self, name: str, weight: Weight) -> str:
        """Add a weight and return the name of its float32 values."""
        if weight.scale is None:
            return self.tensor(name, weight.values)
        inputs = [
            self.tensor(f"{name}:8bit", weight.values),
            self.tensor(f"{name}:scale", np.float32(weight.scale)[()]),
            self.tensor(f"{name}:zero", np.uint8(weight.zero_point)[()]),
        ]
        return self.node("DequantizeLinear", inputs, name)


def main() -> None:
    """Convert the folder's network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder `model` of the npm package")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    file = build_network(read_weights(args.model))
    args.output.write_bytes(file)
    print(f"{args.output}: {len(file)} bytes")


def read_weights(folder: Path) -> dict[str, Weight]:
    """Return the tensors of a TensorFlow.js weight file by name."""
    manifest = json.loads((folder / f"{MODEL}-weights_manifest.json").read_text())
    return {name: weight for group in manifest for name, weight in _group(folder, group)}


def _group(folder: Path, group: dict[str, list]) -> Iterator[tuple[str, Weight]]:
    data = b"".join((folder / path).read_bytes() for path in group["paths"])
    start = 0
    for entry in group["weights"]:
        quantization = entry.get("quantization")
        dtype = np.dtype(quantization["dtype"] if quantization else entry["dtype"])
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, dtype, count, start).reshape(entry["shape"])
        start += values.nbytes
        yield entry["name"], _weight(values, quantization)
    if start != len(data):
        raise ValueError(f"{folder}: weights must fill {start} bytes, got {len(data)}")


def _weight(values: NDArray, quantization: dict | None) -> Weight:
    if quantization is None:
        return Weight(values=values)
    scale = quantization["scale"]
    zero_point = round(-quantization["min"] / scale)
    # TensorFlow.js stores the lowest value instead; it is a whole number of steps below 0.
    if abs(zero_point * scale + quantization["min"]) > 1e-6 or not 0 <= zero_point <= 255:
        raise ValueError(f"zero must be one of the 8-bit values, got {quantization}")
    return Weight(values=values, scale=scale, zero_point=zero_point)


def build_network(weights: Mapping[str, Weight]) -> bytes:
    """Return the ONNX file."""
    graph = Graph()
    out = "crops"
    for index in range(NUM_BLOCKS):
        out = _block(graph, weights, f"dense{index}", out)
    pooled = graph.node("GlobalAveragePool", [out], "pooled")
    flat = graph.node("Flatten", [pooled], "flat", axis=1)
    # As float32: OpenVINO rounds the inputs of a product with 8-bit weights, by 2e-3.
    fc = graph.tensor("fc/weights", weights["fc/weights"].as_float32())
    bias = graph.weight("fc/bias", weights["fc/bias"])
    graph.node("Gemm", [flat, fc, bias], "features")
    crops = helper.make_tensor_value_info(
        "crops", TensorProto.FLOAT, ["batch", 3, SIZE_PX, SIZE_PX]
    )
    logits = helper.make_tensor_value_info(
        "features", TensorProto.FLOAT, ["batch", len(CLASSES)]
    )
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "faceapi_expression", [crops], [logits], graph.tensors
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="wildaffect",
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _block(graph: Graph, weights: Mapping[str, Weight], block: str, inputs: str) -> str:
    """Add a block: every layer reads the rectified sum of all before it."""
    total = ""
    for layer in LAYERS:
        name = f"{block}/{layer}"
        out = _layer(graph, weights, name, inputs, stride=1 if total else 2)
        if not total:
            total = inputs = graph.node("Relu", [out], f"{name}:relu")
            continue
        total = graph.node("Add", [total, out], f"{name}:sum")
        inputs = graph.node("Relu", [total], f"{name}:relu")
    return inputs


def _layer(
    graph: Graph, weights: Mapping[str, Weight], name: str, inputs: str, *, stride: int
) -> str:
    bias = graph.weight(f"{name}/bias", weights[f"{name}/bias"])
    settings = {
        "strides": [stride, stride],
        # Of an even side, "same" pads the end alone where the stride is 2.
        "pads": [0, 0, 1, 1] if stride == 2 else [1, 1, 1, 1],
    }
    if f"{name}/filters" in weights:
        filters = weights[f"{name}/filters"].transposed(3, 2, 0, 1)
        kernel = graph.weight(f"{name}/filters", filters)
        return graph.node("Conv", [inputs, kernel, bias], f"{name}:out", **settings)
    depthwise = weights[f"{name}/depthwise_filter"].transposed(2, 3, 0, 1)
    pointwise = weights[f"{name}/pointwise_filter"].transposed(3, 2, 0, 1)
    kernel = graph.weight(f"{name}/depthwise_filter", depthwise)
    groups = depthwise.values.shape[0]
    each = graph.node("Conv", [inputs, kernel], f"{name}:depth", group=groups, **settings)
    mix = graph.weight(f"{name}/pointwise_filter", pointwise)
    return graph.node("Conv", [each, mix, bias], f"{name}:out")


if __name__ == "__main__":
    main()
