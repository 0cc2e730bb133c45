"""Safety check of ONNX files, without running or loading them.

The runtime itself would read weights from other files and loop forever on cyclic graphs.
Source: field numbers are those of `onnx.proto`; wire format of Protocol Buffers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MAX_FIELDS = 1_000_000
"""Maximum number of fields; networks have thousands, as each array is one field."""
MAX_NODES = 20_000
MAX_DEPTH = 4
"""Maximum depth of nested graphs."""
LOOPS = frozenset({"Loop", "Scan", "SequenceMap"})
"""Operators whose running time the file determines."""

_MODEL_GRAPH, _MODEL_FUNCTIONS = 7, 25
_NODE, _INITIALIZER, _INPUT, _SPARSE_INITIALIZER = 1, 5, 11, 15
_NODE_INPUT, _NODE_OUTPUT, _OP_TYPE, _ATTRIBUTE = 1, 2, 4, 5
_TENSORS, _GRAPHS, _SPARSE_TENSORS = {5, 10}, {6, 11}, {22, 23}
_TENSOR_NAME, _EXTERNAL_DATA, _DATA_LOCATION = 8, 13, 14
_VALUE_NAME = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class BadOnnx(ValueError):
    """Content is not an ONNX file, or not safe."""


def check_onnx(content: bytes) -> None:
    """Check that content is a self-contained ONNX network without loops.

    Raises:
        BadOnnx: If it is not.
    """
    check = _Check()
    graphs = []
    for number, value in check.fields(memoryview(content)):
        if number == _MODEL_GRAPH:
            graphs.append(_bytes(value))
        elif number == _MODEL_FUNCTIONS:
            raise BadOnnx("functions of its own, which no export of a network has")
    if len(graphs) != 1:
        raise BadOnnx(f"{len(graphs)} graphs for one")
    check.graph(graphs[0], outer=())
    if not check.num_nodes:
        raise BadOnnx("a graph without a node")


def read_fields(data: memoryview) -> Iterator["Field"]:
    """Yield the fields of a message, in order.

    Raises:
        BadOnnx: If it is invalid.
    """
    return _Check().fields(data)


class Field(NamedTuple):
    """Number and content of a field: a whole number, or bytes."""

    number: int
    value: "int | memoryview"


@dataclass(slots=True)
class _Check:
    """Checks one file, with limits on the number of fields and nodes."""

    num_fields: int = 0
    num_nodes: int = 0

    def graph(self, data: memoryview, outer: tuple[set[str], ...]) -> None:
        """Check that nodes are sorted topologically, and check their content."""
        if len(outer) > MAX_DEPTH:
            raise BadOnnx(f"graphs more than {MAX_DEPTH} deep in one another")
        known, nodes = {""}, []
        for number, value in self.fields(data):
            if number == _NODE:
                nodes.append(_bytes(value))
            elif number == _INPUT:
                known.add(self._text_in(_bytes(value), _VALUE_NAME))
            elif number == _INITIALIZER:
                known.add(self._tensor(_bytes(value)))
            elif number == _SPARSE_INITIALIZER:
                known |= self._sparse_tensor(_bytes(value))
        for node in nodes:
            self._node(node, (*outer, known))

    def _node(self, data: memoryview, scopes: tuple[set[str], ...]) -> None:
        self.num_nodes += 1
        if self.num_nodes > MAX_NODES:
            raise BadOnnx(f"more than {MAX_NODES:,} nodes")
        parts: dict[int, list[memoryview]] = {}
        for number, value in self.fields(data):
            if number in {_NODE_INPUT, _NODE_OUTPUT, _OP_TYPE, _ATTRIBUTE}:
                parts.setdefault(number, []).append(_bytes(value))
        kind = _text(parts[_OP_TYPE][-1]) if _OP_TYPE in parts else ""
        if kind in LOOPS:
            raise BadOnnx(f"a {kind}, which may run for ever")
        for name in map(_text, parts.get(_NODE_INPUT, ())):
            if not any(name in scope for scope in scopes):
                raise BadOnnx(
                    f"a {kind} that reads {name[:60]!r}, which no node before it gives"
                )
        for attribute in parts.get(_ATTRIBUTE, ()):
            self._attribute(attribute, scopes)
        for name in map(_text, parts.get(_NODE_OUTPUT, ())):
            if name and name in scopes[-1]:
                raise BadOnnx(f"{name[:60]!r} given twice")
            scopes[-1].add(name)

    def _attribute(self, data: memoryview, scopes: tuple[set[str], ...]) -> None:
        for number, value in self.fields(data):
            if number in _TENSORS:
                self._tensor(_bytes(value))
            elif number in _SPARSE_TENSORS:
                self._sparse_tensor(_bytes(value))
            elif number in _GRAPHS:
                self.graph(_bytes(value), scopes)

    def _tensor(self, data: memoryview) -> str:
        """Return the name of a tensor stored in the file itself."""
        name = ""
        for number, value in self.fields(data):
            if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value):
                raise BadOnnx("weights in another file, which no hash covers")
            if number == _TENSOR_NAME:
                name = _text(value)
        return name

    def _sparse_tensor(self, data: memoryview) -> set[str]:
        parts = [value for number, value in self.fields(data) if number in {1, 2}]
        return {self._tensor(_bytes(part)) for part in parts}

    def _text_in(self, data: memoryview, wanted: int) -> str:
        found = [value for number, value in self.fields(data) if number == wanted]
        return _text(found[-1]) if found else ""

    def fields(self, data: memoryview) -> Iterator[Field]:
        """Yield the fields of a message; raise BadOnnx if it is invalid."""
        place = 0
        while place < len(data):
            self.num_fields += 1
            if self.num_fields > MAX_FIELDS:
                raise BadOnnx(f"more than {MAX_FIELDS:,} fields")
            key, place = _varint(data, place)
            kind = key & 7
            if kind == _VARINT:
                value, place = _varint(data, place)
                yield Field(key >> 3, value)
                continue
            length = {_FIXED64: 8, _FIXED32: 4}.get(kind, 0)
            if kind == _BYTES:
                length, place = _varint(data, place)
            if (not length and kind != _BYTES) or place + length > len(data):
                raise BadOnnx("bytes that are no ONNX, or not all of it")
            yield Field(key >> 3, data[place : place + length])
            place += length


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise BadOnnx("bytes that are no ONNX, or not all of it")


def _bytes(value: "int | memoryview") -> memoryview:
    if isinstance(value, int):
        raise BadOnnx("bytes that are no ONNX")
    return value


def _text(value: "int | memoryview") -> str:
    return bytes(_bytes(value)).decode(errors="replace")
