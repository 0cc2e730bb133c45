"""Conversion of the networks that the runtime reads to ONNX, for other runtimes.

Only the operators of the face networks are known. Weights stay in their stored type, such
as float16; the converted network computes in float32, as the original does here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from wildaffect.core.errors import BadArtifact
from wildaffect.runtime.onnx_writer import OnnxGraph, Shape

_SAME_NAME = {
    "Add": "Add",
    "Divide": "Div",
    "Multiply": "Mul",
    "Negative": "Neg",
    "PRelu": "PRelu",
    "Power": "Pow",
    "Relu": "Relu",
    "Reshape": "Reshape",
    "Sigmoid": "Sigmoid",
    "Subtract": "Sub",
}
"""Operators that take the same inputs and attributes -> their names in ONNX."""

_Names = Sequence[str]


def to_onnx(path: Path) -> bytes:
    """Return a network (.tflite, .onnx) as an ONNX file, inputs and outputs in their order.

    Inputs are called `input_0`, ..., outputs `output_0`, ....

    Raises:
        BadArtifact: If it contains an operator that cannot be converted.
    """
    model = ov.Core().read_model(path)
    return _Conversion(path.name).convert(model)


class _Conversion:
    """Conversion of one network."""

    def __init__(self, name: str) -> None:
        self._file = name
        self._graph = OnnxGraph(name)
        self._names: dict[tuple[str, int], str] = {}
        """Output of a node -> its name in ONNX."""
        self._num_helpers = 0

    def convert(self, model: Any) -> bytes:
        for place, port in enumerate(model.inputs):
            self._names[port.get_node().get_name(), 0] = f"input_{place}"
            self._graph.add_input(f"input_{place}", _shape(port))
        for node in model.get_ordered_ops():
            if node.get_type_name() not in {"Parameter", "Result"}:
                self._add(node)
        for place, result in enumerate(model.get_results()):
            (source,) = self._inputs(result)
            self._graph.add_node("Identity", [source], f"output_{place}")
            self._graph.add_output(f"output_{place}", _shape(result.output(0)))
        return self._graph.content()

    def _add(self, node: Any) -> None:
        kind, name = node.get_type_name(), node.get_name()
        self._names[name, 0] = name
        if kind == "Constant":
            whole = node.data.dtype == np.int32  # shapes, which ONNX has as int64
            self._graph.add_constant(
                name, node.data.astype(np.int64) if whole else node.data
            )
        elif kind in _SAME_NAME:
            self._graph.add_node(_SAME_NAME[kind], self._inputs(node), name)
        elif kind in _CONVERTED:
            _CONVERTED[kind](self, node, name, self._inputs(node))
        else:
            raise BadArtifact(f"{self._file}: cannot convert the operator {kind} to ONNX")

    def _inputs(self, node: Any) -> list[str]:
        sources = [port.get_source_output() for port in node.inputs()]
        return [
            self._names[source.get_node().get_name(), source.get_index()]
            for source in sources
        ]

    def _numbers(self, values: Any) -> str:
        """Add a constant of whole numbers and return its name."""
        self._num_helpers += 1
        name = f"numbers_{self._num_helpers}"
        self._graph.add_constant(name, np.atleast_1d(np.asarray(values, np.int64)))
        return name

    def add_cast(self, node: Any, name: str, inputs: _Names) -> None:
        if node.get_attributes()["destination_type"] != "f32":
            raise BadArtifact(f"{self._file}: {name} converts to another type than f32")
        self._graph.add_node("Cast", inputs, name, to=1)

    def add_transpose(self, node: Any, name: str, inputs: _Names) -> None:
        order = _constant(node, 1).tolist()
        self._graph.add_node("Transpose", inputs[:1], name, perm=order)

    def add_unsqueeze(self, node: Any, name: str, inputs: _Names) -> None:
        axes = self._numbers(_constant(node, 1))
        self._graph.add_node("Unsqueeze", [inputs[0], axes], name)

    def add_convolution(self, node: Any, name: str, inputs: _Names) -> None:
        self._convolve(node, name, inputs, group=1)

    def add_group_convolution(self, node: Any, name: str, inputs: _Names) -> None:
        groups, outputs, *kernel = node.input(1).get_shape()
        shape = self._numbers([groups * outputs, *kernel])
        weights = f"{name}/weights"
        self._graph.add_node("Reshape", [inputs[1], shape], weights)
        self._convolve(node, name, [inputs[0], weights], group=groups)

    def _convolve(self, node: Any, name: str, inputs: _Names, *, group: int) -> None:
        given = node.get_attributes()
        self._graph.add_node(
            "Conv",
            inputs,
            name,
            group=group,
            strides=given["strides"],
            dilations=given["dilations"],
            **_padding(given),
        )

    def add_max_pool(self, node: Any, name: str, inputs: _Names) -> None:
        given = node.get_attributes()
        self._graph.add_node(
            "MaxPool",
            inputs,
            name,
            kernel_shape=given["kernel"],
            strides=given["strides"],
            **_padding(given),
        )

    def add_pad(self, node: Any, name: str, inputs: _Names) -> None:
        edges = self._numbers(np.concatenate([_constant(node, 1), _constant(node, 2)]))
        self._graph.add_node("Pad", [inputs[0], edges, inputs[3]], name, mode="constant")

    def add_resize(self, node: Any, name: str, inputs: _Names) -> None:
        given = node.get_attributes()
        kind = (given["mode"], given["coordinate_transformation_mode"])
        if kind != ("linear_onnx", "half_pixel"):
            raise BadArtifact(f"{self._file}: cannot convert a resize {kind} to ONNX")
        sizes = self._numbers(node.output(0).get_shape())
        self._graph.add_node("Resize", [inputs[0], "", "", sizes], name, mode="linear")

    def add_mean(self, node: Any, name: str, inputs: _Names) -> None:
        self._reduce("ReduceMean", node, name, inputs)

    def add_sum(self, node: Any, name: str, inputs: _Names) -> None:
        self._reduce("ReduceSum", node, name, inputs)

    def _reduce(self, operator: str, node: Any, name: str, inputs: _Names) -> None:
        axes = self._numbers(_constant(node, 1))
        keep = int(node.get_attributes()["keep_dims"])
        self._graph.add_node(operator, [inputs[0], axes], name, keepdims=keep)

    def add_slice(self, node: Any, name: str, inputs: _Names) -> None:
        given = node.get_attributes()
        if any(given["new_axis_mask"]) or any(given["ellipsis_mask"]):
            raise BadArtifact(f"{self._file}: cannot convert the slice {name} to ONNX")
        bounds = [_constant(node, place).astype(np.int64) for place in (1, 2, 3)]
        starts, stops, steps = bounds
        dropped = np.array(given["shrink_axis_mask"] or [0] * len(starts), bool)
        starts = np.where(given["begin_mask"], 0, starts)
        stops = np.where(given["end_mask"], np.iinfo(np.int64).max, stops)
        stops = np.where(dropped, starts + 1, stops)
        bounds = [starts, stops, np.arange(len(starts)), steps]
        part = f"{name}/part"
        self._graph.add_node("Slice", [inputs[0], *map(self._numbers, bounds)], part)
        axes = np.flatnonzero(dropped)
        if len(axes):
            self._graph.add_node("Squeeze", [part, self._numbers(axes)], name)
        else:
            self._graph.add_node("Identity", [part], name)

    def add_concat(self, node: Any, name: str, inputs: _Names) -> None:
        self._graph.add_node("Concat", inputs, name, axis=node.get_attributes()["axis"])

    def add_squared_difference(self, _node: Any, name: str, inputs: _Names) -> None:
        difference = f"{name}/difference"
        self._graph.add_node("Sub", inputs, difference)
        self._graph.add_node("Mul", [difference, difference], name)


_CONVERTED: dict[str, Callable[[_Conversion, Any, str, _Names], None]] = {
    "Concat": _Conversion.add_concat,
    "Convert": _Conversion.add_cast,
    "Convolution": _Conversion.add_convolution,
    "GroupConvolution": _Conversion.add_group_convolution,
    "Interpolate": _Conversion.add_resize,
    "MaxPool": _Conversion.add_max_pool,
    "Pad": _Conversion.add_pad,
    "ReduceMean": _Conversion.add_mean,
    "ReduceSum": _Conversion.add_sum,
    "SquaredDifference": _Conversion.add_squared_difference,
    "StridedSlice": _Conversion.add_slice,
    "Transpose": _Conversion.add_transpose,
    "Unsqueeze": _Conversion.add_unsqueeze,
}


def _padding(given: dict[str, Any]) -> dict[str, Any]:
    match given["auto_pad"]:
        case "same_upper":
            return {"auto_pad": "SAME_UPPER"}
        case "valid":
            return {"auto_pad": "VALID"}
        case _:
            return {"pads": [*given["pads_begin"], *given["pads_end"]]}


def _constant(node: Any, place: int) -> Any:
    return node.input(place).get_source_output().get_node().data


def _shape(port: Any) -> Shape:
    return [
        None if axis.is_dynamic else axis.get_length() for axis in port.get_partial_shape()
    ]
