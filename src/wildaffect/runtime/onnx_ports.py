"""Inputs and outputs of ONNX files, and networks with other ones around a given network.

Files are edited as bytes: nodes are put before and after those of the file, which stay as
they are. Source: field numbers are those of `onnx.proto`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wildaffect.runtime.onnx_check import BadOnnx, read_fields
from wildaffect.runtime.onnx_writer import OnnxGraph, encode_field

MIN_OPSET = 7
"""Version of the operators from which the added nodes mean the same."""
MIN_IR_VERSION = 4
CROPS, FEATURES = "wildaffect/crops", "wildaffect/features"

_MODEL_IR_VERSION, _MODEL_GRAPH, _MODEL_OPSET = 1, 7, 8
_INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 5, 11, 12, 13
_TENSOR_NAME, _FLOAT32 = 8, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output of a network."""

    name: str
    shape: tuple[int | None, ...]
    """Sizes of axes; None where they are dynamic."""
    is_float32: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Inputs and outputs of a network, in its order."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CropInput:
    """Input of a network that reads crops."""

    name: str
    num_channels: int
    """Channels of the crops; 1 for gray."""
    size_px: int
    is_nhwc: bool = False
    """True if the network reads (B, S, S, C)."""
    repeats_gray: bool = False
    """True if it reads gray crops as three equal channels."""


def read_ports(content: bytes) -> Ports:
    """Return the inputs and outputs of an ONNX file.

    Raises:
        BadOnnx: If it is invalid.
    """
    inputs, outputs, constants = [], [], set()
    for number, value in read_fields(_graph(content)):
        if isinstance(value, int):
            continue
        if number == _INITIALIZER:
            constants.add(_text(value, _TENSOR_NAME))
        elif number == _INPUT:
            inputs.append(_port(value))
        elif number == _OUTPUT:
            outputs.append(_port(value))
    return Ports(
        inputs=tuple(port for port in inputs if port.name not in constants),
        outputs=tuple(outputs),
    )


def around(content: bytes, crops: CropInput, outputs: Sequence[str]) -> bytes:
    """Return a network from crops (B, C, S, S) to the outputs side by side, (B, D).

    Args:
        content: ONNX file with one input.
        crops: Its input.
        outputs: Names of its outputs to keep, in this order; others are dropped.

    Raises:
        BadOnnx: If it is invalid, or of an old version.
    """
    opset = _opset(content)
    if opset < MIN_OPSET:
        raise BadOnnx(f"operators of version {opset}, below {MIN_OPSET}")
    edited = (
        _before(crops).fields() + _nodes_and_constants(content) + _after(outputs).fields()
    )
    return b"".join(
        encode_field(number, edited if number == _MODEL_GRAPH else _renewed(number, value))
        for number, value in read_fields(memoryview(content))
    )


def _renewed(number: int, value: int | memoryview) -> int | memoryview:
    """Return a field of the model; constants that are no inputs need a newer format."""
    if number == _MODEL_IR_VERSION and isinstance(value, int):
        return max(value, MIN_IR_VERSION)
    return value


def _before(crops: CropInput) -> OnnxGraph:
    graph, name = OnnxGraph("before"), CROPS
    graph.add_input(name, [None, crops.num_channels, crops.size_px, crops.size_px])
    if crops.repeats_gray:
        graph.add_node("Concat", [name] * 3, "wildaffect/repeated", axis=1)
        name = "wildaffect/repeated"
    if crops.is_nhwc:
        graph.add_node("Transpose", [name], crops.name, perm=[0, 2, 3, 1])
    else:
        graph.add_node("Identity", [name], crops.name)
    return graph


def _after(outputs: Sequence[str]) -> OnnxGraph:
    graph = OnnxGraph("after")
    flat = [f"wildaffect/output-{place}" for place in range(len(outputs))]
    for output, name in zip(outputs, flat, strict=True):
        graph.add_node("Flatten", [output], name, axis=1)
    graph.add_node("Concat", flat, FEATURES, axis=1)
    graph.add_output(FEATURES, [None, None])
    return graph


def _nodes_and_constants(content: bytes) -> bytes:
    """Return the graph's fields without ports, and without shapes that fix a batch."""
    return b"".join(
        encode_field(number, value)
        for number, value in read_fields(_graph(content))
        if number not in {_INPUT, _OUTPUT, _VALUE_INFO}
    )


def _graph(content: bytes) -> memoryview:
    for number, value in read_fields(memoryview(content)):
        if number == _MODEL_GRAPH and not isinstance(value, int):
            return value
    raise BadOnnx("no graph")


def _opset(content: bytes) -> int:
    """Return the version of the standard operators."""
    for number, value in read_fields(memoryview(content)):
        if number == _MODEL_OPSET and not isinstance(value, int):
            parts = dict(read_fields(value))
            domain, version = parts.get(1, memoryview(b"")), parts.get(2)
            if not isinstance(domain, int) and bytes(domain) in {b"", b"ai.onnx"}:
                return version if isinstance(version, int) else 1
    return 1


def _port(data: memoryview) -> Port:
    kind, axes = 0, []
    for tensor in _inside(data, 2, 1):
        for number, value in read_fields(tensor):
            if number == 1 and isinstance(value, int):
                kind = value
            elif number == 2 and not isinstance(value, int):
                axes += [_size(axis) for axis in _inside(value, 1)]
    return Port(name=_text(data, 1), shape=tuple(axes), is_float32=kind == _FLOAT32)


def _size(axis: memoryview) -> int | None:
    sizes = [value for number, value in read_fields(axis) if number == 1]
    size = sizes[-1] if sizes else None
    return size if isinstance(size, int) and 0 < size < 1 << 31 else None


def _inside(data: memoryview, *path: int) -> Iterator[memoryview]:
    """Yield the messages at a path of field numbers."""
    first, *rest = path
    for number, value in read_fields(data):
        if number == first and not isinstance(value, int):
            if rest:
                yield from _inside(value, *rest)
            else:
                yield value


def _text(data: memoryview, wanted: int) -> str:
    found = [value for number, value in read_fields(data) if number == wanted]
    last = found[-1] if found else b""
    return "" if isinstance(last, int) else bytes(last).decode(errors="replace")
