"""Convert the expression network of face-api to ONNX, its 8-bit weights kept as they are.

Get the weights with `npm install @vladmandic/face-api@1.7.15` (MIT license), then run
`python scripts/convert_faceapi_expression.py node_modules/@vladmandic/face-api/model -o
faceapi_expression.onnx`. The same weights give the same bytes.

The network maps `crops` (B, 3, 112, 112), scaled as `PREPROCESS` states, to `features` (B,
7): logits of `CLASSES`; `wildaffect.runtime.face_api_to_onnx` has its layers.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from wildaffect.core.preprocess import Preprocess
from wildaffect.runtime.face_api_to_onnx import SIZE_PX, Weight, add_layers, read_weights

CLASSES = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
"""As face-api names them, in the order of its outputs."""
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


def build_network(weights: Mapping[str, Weight]) -> bytes:
    """Return the ONNX file."""
    graph = Graph()
    add_layers(graph, weights)
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


if __name__ == "__main__":
    main()
