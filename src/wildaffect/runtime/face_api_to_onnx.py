"""Conversion of the expression network of face-api, a TensorFlow.js weight file, to ONNX.

The network maps `crops` (B, 3, 112, 112) to `features` (B, 7), logits. Layers as in the
package's source, `src/faceFeatureExtractor`: four blocks of a strided and three plain
separable convolutions with dense shortcuts, the mean over the remaining 7 x 7 pixels, and a
linear layer. Padding is TensorFlow's "same".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadWeights
from wildaffect.runtime.onnx_writer import OnnxGraph

MODEL = "face_expression_model"
SIZE_PX = 112
NUM_CLASSES = 7
NUM_BLOCKS = 4
LAYERS = ("conv0", "conv1", "conv2", "conv3")
"""Layers of a block; the first halves the resolution."""
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a manifest raises that is no manifest, or contradicts the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One tensor of the file: float32, or 8 bits with scale and zero point."""

    values: NDArray[np.generic]
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


class LayerGraph(Protocol):
    """A graph that layers are added to."""

    def node(self, kind: str, inputs: list[str], output: str, **settings: Any) -> str:
        """Add a node and return its output's name."""
        ...

    def weight(self, name: str, weight: Weight) -> str:
        """Add a weight and return the name of its float32 values."""
        ...


class _FloatGraph:
    """Layers whose weights are stored as float32."""

    def __init__(self) -> None:
        self.graph = OnnxGraph("faceapi_expression")
        self.graph.add_input("crops", [None, 3, SIZE_PX, SIZE_PX])

    def node(self, kind: str, inputs: list[str], output: str, **settings: Any) -> str:
        self.graph.add_node(kind, inputs, output, **settings)
        return output

    def weight(self, name: str, weight: Weight) -> str:
        self.graph.add_constant(name, weight.as_float32())
        return name


def face_api_to_onnx(file: Path) -> bytes:
    """Return the network as ONNX.

    Args:
        file: Weight file; the manifest must lie beside it.

    Raises:
        BadWeights: If it is not the weights of this network.
    """
    try:
        built = _FloatGraph()
        add_layers(built, read_weights(file.parent))
    except FileNotFoundError as error:
        raise BadWeights(f"{file}: needs {error.filename} beside it") from None
    except _DAMAGE as error:
        raise BadWeights(
            f"{file}: must be the weights of face-api's expression network, got: {error}"
        ) from None
    built.graph.add_output("features", [None, NUM_CLASSES])
    return built.graph.content()


def read_weights(folder: Path) -> dict[str, Weight]:
    """Return the tensors of a TensorFlow.js weight file by name.

    Raises:
        ValueError: If the file is longer or shorter than its manifest says.
    """
    manifest = json.loads((folder / f"{MODEL}-weights_manifest.json").read_text())
    return {name: weight for group in manifest for name, weight in _group(folder, group)}


def _group(folder: Path, group: dict[str, list[Any]]) -> Iterator[tuple[str, Weight]]:
    data = b"".join((folder / Path(path).name).read_bytes() for path in group["paths"])
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


def _weight(values: NDArray[Any], quantization: dict[str, Any] | None) -> Weight:
    if quantization is None:
        return Weight(values=values)
    scale = quantization["scale"]
    zero_point = round(-quantization["min"] / scale)
    # TensorFlow.js stores the lowest value instead; it is a whole number of steps below 0.
    if abs(zero_point * scale + quantization["min"]) > 1e-6 or not 0 <= zero_point <= 255:
        raise ValueError(f"zero must be one of the 8-bit values, got {quantization}")
    return Weight(values=values, scale=scale, zero_point=zero_point)


def add_layers(graph: LayerGraph, weights: Mapping[str, Weight]) -> None:
    """Add all layers, from `crops` to `features`."""
    out = "crops"
    for index in range(NUM_BLOCKS):
        out = _block(graph, weights, f"dense{index}", out)
    pooled = graph.node("GlobalAveragePool", [out], "pooled")
    flat = graph.node("Flatten", [pooled], "flat", axis=1)
    # As float32: OpenVINO rounds the inputs of a product with 8-bit weights, by 2e-3.
    fc = graph.weight("fc/weights", Weight(values=weights["fc/weights"].as_float32()))
    bias = graph.weight("fc/bias", weights["fc/bias"])
    graph.node("Gemm", [flat, fc, bias], "features")


def _block(
    graph: LayerGraph, weights: Mapping[str, Weight], block: str, inputs: str
) -> str:
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
    graph: LayerGraph, weights: Mapping[str, Weight], name: str, inputs: str, *, stride: int
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
