"""A Keras file of layers that follow one another, as ONNX."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(slots=True)
class Chain:
    """Nodes that each read the output of the one before."""

    nodes: list[NodeProto] = field(default_factory=list)
    tensors: list[TensorProto] = field(default_factory=list)
    out: str = "crops"

    def add(self, kind: str, *arrays: NDArray, **settings: object) -> None:
        """Append a node with its constants."""
        place = len(self.nodes)
        names = [f"{place}:{i}" for i in range(len(arrays))]
        for array, name in zip(arrays, names, strict=True):
            self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        inputs, self.out = [self.out, *names], f"out:{place}"
        self.nodes.append(helper.make_node(kind, inputs, [self.out], **settings))


def keras_to_onnx(path: Path) -> bytes:
    """Return convolutions, norms, poolings and dense layers as ONNX.

    Args:
        path: HDF5 file of a Keras 2 model whose layers follow one another; input
            (B, H, W, C), which is (1, C, H, W) here.

    Raises:
        ValueError: If it has a layer of another kind.
    """
    import h5py

    chain = Chain()
    with h5py.File(path) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        height, width, channels = layers[0]["config"]["batch_input_shape"][1:]
        for layer in layers[1:]:
            name = layer["config"]["name"]
            group = file["model_weights"][name].get(name, {})
            weights = {key.split(":")[0]: np.asarray(value) for key, value in group.items()}
            _add_layer(chain, layer["class_name"], layer["config"], weights)
    shape = [1, channels, height, width]
    crops = helper.make_tensor_value_info("crops", TensorProto.FLOAT, shape)
    last = helper.make_tensor_value_info(chain.out, TensorProto.FLOAT, [1, "classes"])
    model = helper.make_model(
        helper.make_graph(chain.nodes, path.stem, [crops], [last], chain.tensors),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _add_layer(
    chain: Chain, kind: str, settings: dict, weights: dict[str, NDArray]
) -> None:
    match kind:
        case "Conv2D":
            chain.add("Conv", weights["kernel"].transpose(3, 2, 0, 1), weights["bias"])
        case "BatchNormalization":
            arrays = [weights[key] for key in NORM]
            chain.add("BatchNormalization", *arrays, epsilon=settings["epsilon"])
        case "MaxPooling2D":
            sizes = {"kernel_shape": settings["pool_size"], "strides": settings["strides"]}
            chain.add("MaxPool", **sizes)
        case "Flatten":
            chain.add("Transpose", perm=[0, 2, 3, 1])
            chain.add("Flatten", axis=1)
        case "Dense":
            chain.add("Gemm", weights["kernel"], weights["bias"])
        case _:
            raise ValueError(f"layer must be of a known kind, got {kind}")
    match settings.get("activation"):
        case "relu":
            chain.add("Relu")
        case "softmax":
            chain.add("Softmax", axis=-1)
