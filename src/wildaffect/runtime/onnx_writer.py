"""Writing of ONNX files as bytes, without the package `onnx`.

Source: field numbers are those of `onnx.proto`; wire format of Protocol Buffers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IR_VERSION, OPSET = 9, 18
"""Versions of the format and of its operators."""
MAX_ONNX_BYTES = (2 << 30) - 1
"""Maximum size of an ONNX file, as of every message of Protocol Buffers."""

Shape = Sequence[int | None]
"""Sizes of axes; None where they are dynamic."""
Attribute = int | float | str | Sequence[int]

_TYPES: Mapping[str, int] = {"float32": 1, "int32": 6, "int64": 7, "float16": 10}
_VARINT, _BYTES, _FIXED32 = 0, 2, 5


@dataclass(slots=True)
class OnnxGraph:
    """A network under construction; nodes are added in order of their dependencies."""

    name: str
    _parts: list[bytes] = field(default_factory=list)
    _constant_bytes: int = 0

    def add_input(self, name: str, shape: Shape) -> None:
        """Add a float32 input."""
        self._parts.append(_value_info(11, name, shape))

    def add_output(self, name: str, shape: Shape) -> None:
        """Add a float32 output."""
        self._parts.append(_value_info(12, name, shape))

    def add_constant(self, name: str, values: NDArray[np.generic]) -> None:
        """Add a constant; its type must be float32, float16, int32 or int64.

        Raises:
            ValueError: If the constants are more than a file can hold.
        """
        self._constant_bytes += values.nbytes
        if self._constant_bytes > MAX_ONNX_BYTES:
            raise ValueError(f"constants of more than {MAX_ONNX_BYTES:,} bytes")
        tensor = b"".join(_number(1, size) for size in values.shape)
        tensor += _number(2, _TYPES[values.dtype.name]) + _text(8, name)
        tensor += _bytes(9, np.ascontiguousarray(values).tobytes())
        self._parts.append(_bytes(5, tensor))

    def add_node(
        self, operator: str, inputs: Sequence[str], output: str, **attributes: Attribute
    ) -> None:
        """Add an operator with one output."""
        node = b"".join(_text(1, name) for name in inputs) + _text(2, output)
        node += _text(3, output) + _text(4, operator)
        node += b"".join(_bytes(5, _attribute(*each)) for each in attributes.items())
        self._parts.append(_bytes(1, node))

    def content(self) -> bytes:
        """Return the file."""
        graph = self.fields() + _text(2, self.name)
        opset = _number(2, OPSET)
        return _number(1, IR_VERSION) + _bytes(7, graph) + _bytes(8, opset)

    def fields(self) -> bytes:
        """Return what was added, as fields of a graph, to put into another graph."""
        return b"".join(self._parts)


def encode_field(number: int, value: int | bytes | memoryview) -> bytes:
    """Return a field of a message."""
    if isinstance(value, int):
        return _number(number, value)
    return _bytes(number, bytes(value))


def _value_info(number: int, name: str, shape: Shape) -> bytes:
    axes = b"".join(
        _bytes(1, _text(2, "batch") if size is None else _number(1, size)) for size in shape
    )
    tensor = _number(1, _TYPES["float32"]) + _bytes(2, axes)
    return _bytes(number, _text(1, name) + _bytes(2, _bytes(1, tensor)))


def _attribute(name: str, value: Attribute) -> bytes:
    start = _text(1, name)
    match value:
        case int():
            return start + _number(3, value) + _number(20, 2)
        case float():
            packed = np.float32(value).tobytes()
            return start + _key(2, _FIXED32) + packed + _number(20, 1)
        case str():
            return start + _text(4, value) + _number(20, 3)
        case _:
            return start + b"".join(_number(8, each) for each in value) + _number(20, 7)


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _number(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as their complement
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
