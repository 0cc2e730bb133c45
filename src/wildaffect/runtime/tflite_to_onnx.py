"""Conversion of TFLite files to ONNX.

OpenVINO reads the 8-bit weights of older files as unsigned, where TFLite's own runtime
reads them as signed, as this conversion does. With 8-bit weights that runtime also rounds
the inputs of a layer to 8 bits, each of its kernels a little differently; the converted
network computes in float32.

The network keeps its input (B, S, S, C), and computes in (B, C, H, W). Symbols: O outputs,
I inputs, H, W the kernel.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadWeights
from wildaffect.runtime.onnx_writer import OnnxGraph
from wildaffect.runtime.tflite_file import (
    BadTflite,
    Operator,
    TfliteFile,
    read_tflite,
)

_DEPTHWISE, _DEQUANTIZE = 4, 6
_SAME = 0
_DAMAGE = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)
"""What arithmetic on shapes and constants raises if they contradict one another."""
_NHWC_TO_NCHW, _NCHW_TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


def tflite_to_onnx(name: str, content: bytes) -> bytes:
    """Return a TFLite file as ONNX: input `input`, output `output`.

    Args:
        name: Name of the file, for errors.
        content: The file.

    Raises:
        BadWeights: If it is damaged, or has an operator that cannot be converted.
    """
    try:
        return _Conversion(name, read_tflite(content)).convert()
    except BadTflite as error:
        raise BadWeights(f"{name}: must be TFLite, got {error}") from None
    except _DAMAGE as error:
        raise BadWeights(
            f"{name}: must be whole, got a file whose parts do not fit ({error})"
        ) from None


class _Conversion:
    """Conversion of one file."""

    def __init__(self, name: str, file: TfliteFile) -> None:
        self._name, self._file = name, file
        self._graph = OnnxGraph("tflite")
        self._names: dict[int, str] = {}
        """Tensor -> its name in ONNX; those with four axes are (B, C, H, W)."""
        self._num_constants = 0

    def convert(self) -> bytes:
        (source,), (result,) = self._file.inputs, self._file.outputs
        shape = self._file.tensors[source].shape
        if len(shape) != 4:
            raise BadTflite(f"an input of shape {shape}, which is no crop")
        self._graph.add_input("input", [None, *shape[1:]])
        self._graph.add_node("Transpose", ["input"], "crop", perm=_NHWC_TO_NCHW)
        self._names[source] = "crop"
        for operator in self._file.operators:
            if operator.code not in _CONVERTERS:
                raise BadWeights(
                    f"{self._name}: cannot convert operator {operator.code} of TFLite; "
                    "export the network to ONNX where it was made"
                )
            _CONVERTERS[operator.code](self, operator)
        width = int(np.prod(self._file.tensors[result].shape[1:]))
        self._graph.add_node("Flatten", [self._names[result]], "output", axis=1)
        self._graph.add_output("output", [None, width])
        return self._graph.content()

    def convolution(self, operator: Operator) -> None:
        filters = self._constant(operator.inputs[1], axis=0)  # (O, H, W, I)
        self._convolve(operator, filters.transpose(0, 3, 1, 2), groups=1)

    def depthwise(self, operator: Operator) -> None:
        filters = self._constant(operator.inputs[1], axis=3)  # (1, H, W, O)
        groups = self._file.tensors[operator.inputs[0]].shape[-1]
        self._convolve(operator, filters.transpose(3, 0, 1, 2), groups=groups)

    def _convolve(
        self, operator: Operator, kernel: NDArray[np.float32], *, groups: int
    ) -> None:
        # Depthwise convolutions have one option more before these.
        activation = 4 if operator.code == _DEPTHWISE else 3
        strides = [operator.option(2, 1), operator.option(1, 1)]
        dilations = [operator.option(activation + 2, 1), operator.option(activation + 1, 1)]
        pads = [0, 0, 0, 0]
        if operator.choice(0) == _SAME:
            sides = self._file.tensors[operator.inputs[0]].shape[1:3]
            pads = _same_pads(sides, kernel.shape[2:], strides, dilations)
        self._graph.add_node(
            "Conv",
            [self._names[operator.inputs[0]], self._add(kernel)],
            f"out-{operator.outputs[0]}/sum",
            group=groups,
            strides=strides,
            dilations=dilations,
            pads=pads,
        )
        self._finish(operator, axes=(-1, 1, 1), activation=operator.choice(activation))

    def fully_connected(self, operator: Operator) -> None:
        place, name = operator.inputs[0], f"out-{operator.outputs[0]}"
        read = self._names[place]
        if len(self._file.tensors[place].shape) == 4:
            self._graph.add_node("Transpose", [read], f"{name}/nhwc", perm=_NCHW_TO_NHWC)
            read = f"{name}/nhwc"
        self._graph.add_node("Flatten", [read], f"{name}/flat", axis=1)
        matrix = self._add(self._constant(operator.inputs[1], axis=0).T)
        self._graph.add_node("MatMul", [f"{name}/flat", matrix], f"{name}/sum")
        self._finish(operator, axes=(-1,), activation=operator.choice(0))

    def _finish(
        self, operator: Operator, *, axes: tuple[int, ...], activation: int
    ) -> None:
        """Add the bias and the activation."""
        name = f"out-{operator.outputs[0]}"
        last = f"{name}/sum"
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            bias = self._constant(operator.inputs[2], axis=0).reshape(axes)
            self._graph.add_node("Add", [last, self._add(bias)], f"{name}/biased")
            last = f"{name}/biased"
        self._activate(last, operator.outputs[0], activation)

    def _activate(self, read: str, tensor: int, activation: int) -> None:
        name = f"tensor-{tensor}"
        self._names[tensor] = name
        match activation:
            case 0:
                self._graph.add_node("Identity", [read], name)
            case 1:
                self._graph.add_node("Relu", [read], name)
            case 3:
                low, high = (self._add(np.array(end, np.float32)) for end in (0, 6))
                self._graph.add_node("Clip", [read, low, high], name)
            case _:
                raise BadTflite(f"activation {activation}, which is not known")

    def add(self, operator: Operator) -> None:
        name = f"out-{operator.outputs[0]}/sum"
        both = [self._names[place] for place in operator.inputs]
        self._graph.add_node("Add", both, name)
        self._activate(name, operator.outputs[0], operator.choice(0))

    def max_pool(self, operator: Operator) -> None:
        kernel = [operator.option(4, 1), operator.option(3, 1)]
        strides = [operator.option(2, 1), operator.option(1, 1)]
        shape = self._file.tensors[operator.inputs[0]].shape[1:3]
        pads = [0, 0, 0, 0]
        if operator.choice(0) == _SAME:
            pads = _same_pads(shape, kernel, strides, [1, 1])
        name = f"out-{operator.outputs[0]}/pooled"
        self._graph.add_node(
            "MaxPool",
            [self._names[operator.inputs[0]]],
            name,
            kernel_shape=kernel,
            strides=strides,
            pads=pads,
        )
        self._activate(name, operator.outputs[0], operator.choice(5))

    def pad(self, operator: Operator) -> None:
        pads = self._whole(operator.inputs[1])[_NHWC_TO_NCHW]  # (4, 2)
        ends = self._add(np.ascontiguousarray(pads.T).reshape(-1).astype(np.int64))
        name = f"tensor-{operator.outputs[0]}"
        self._graph.add_node(
            "Pad", [self._names[operator.inputs[0]], ends], name, mode="constant"
        )
        self._names[operator.outputs[0]] = name

    def mean(self, operator: Operator) -> None:
        given = np.atleast_1d(self._whole(operator.inputs[1])) % 4
        axes = self._add(np.array([_NCHW_TO_NHWC[axis] for axis in given], np.int64))
        name = f"tensor-{operator.outputs[0]}"
        keep = operator.choice(0)
        if len(given) != 2 or 0 in given or (not keep and 3 in given):
            raise BadTflite(f"a mean over the axes {given.tolist()}, which is not known")
        inputs = [self._names[operator.inputs[0]], axes]
        self._graph.add_node("ReduceMean", inputs, name, keepdims=keep)
        self._names[operator.outputs[0]] = name

    def softmax(self, operator: Operator) -> None:
        name, read = f"tensor-{operator.outputs[0]}", self._names[operator.inputs[0]]
        if len(self._file.tensors[operator.inputs[0]].shape) != 2:
            raise BadTflite("a softmax of maps, which is not known")
        beta = self._add(np.array(operator.real(0, 1.0), np.float32))
        self._graph.add_node("Mul", [read, beta], f"{name}/scaled")
        self._graph.add_node("Softmax", [f"{name}/scaled"], name, axis=1)
        self._names[operator.outputs[0]] = name

    def dequantize(self, operator: Operator) -> None:
        """Constants are dequantized where they are read."""
        if self._file.tensors[operator.inputs[0]].values is None:
            raise BadTflite("activations of 8 bits, which are not known")

    def _constant(self, place: int, *, axis: int) -> NDArray[np.float32]:
        """Return the real numbers of a constant; scales are along an axis if several."""
        tensor = self._file.tensors[place]
        is_signed = tensor.values is not None
        if tensor.values is None:  # dequantized by an operator before
            tensor = next(
                (
                    self._file.tensors[operator.inputs[0]]
                    for operator in self._file.operators
                    if place in operator.outputs and operator.code == _DEQUANTIZE
                ),
                tensor,
            )
        if tensor.values is None:
            raise BadTflite("weights that are computed, which are not known")
        values = tensor.values
        if values.dtype.itemsize > 1 and not tensor.scale.any():
            return values.astype(np.float32)
        if values.dtype == np.uint8 and is_signed and not tensor.zero_point.any():
            values = values.view(np.int8)
        shape = [1] * values.ndim
        shape[axis] = -1
        steps = values.astype(np.float64) - tensor.zero_point.reshape(shape)
        return (steps * tensor.scale.reshape(shape)).astype(np.float32)

    def _whole(self, place: int) -> NDArray[np.int64]:
        values = self._file.tensors[place].values
        if values is None:
            raise BadTflite("settings that are computed, which are not known")
        return values.astype(np.int64)

    def _add(self, values: NDArray[np.generic]) -> str:
        self._num_constants += 1
        name = f"constant-{self._num_constants}"
        self._graph.add_constant(name, values)
        return name


_CONVERTERS: dict[int, Callable[[_Conversion, Operator], None]] = {
    0: _Conversion.add,
    3: _Conversion.convolution,
    _DEPTHWISE: _Conversion.depthwise,
    _DEQUANTIZE: _Conversion.dequantize,
    9: _Conversion.fully_connected,
    17: _Conversion.max_pool,
    25: _Conversion.softmax,
    34: _Conversion.pad,
    40: _Conversion.mean,
}
"""Operators by their codes."""


def _same_pads(
    sides: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    steps: Sequence[int],
) -> list[int]:
    """Return the padding of TensorFlow's "same", more of it at the end."""
    totals = [
        max((-(-side // stride) - 1) * stride + (size - 1) * step + 1 - side, 0)
        for side, size, stride, step in zip(sides, kernel, strides, steps, strict=True)
    ]
    begins = [total // 2 for total in totals]
    return [*begins, *(total - begin for total, begin in zip(totals, begins, strict=True))]
