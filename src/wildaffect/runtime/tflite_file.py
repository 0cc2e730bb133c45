"""Reading of TFLite files: operators in order, with their tensors, as plain records.

Source: field numbers are those of `schema.fbs` of TensorFlow Lite; layout of FlatBuffers.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_TENSORS = 10_000

_TYPES = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64, 9: np.int8}


class BadTflite(ValueError):
    """Content is not a TFLite file that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor of the network; constants have values."""

    shape: tuple[int, ...]
    values: NDArray[np.generic] | None
    scale: NDArray[np.float32]
    """One for the tensor, one per slice of an axis, or none."""
    zero_point: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator, by the code of its kind."""

    code: int
    inputs: tuple[int, ...]
    """Tensors, -1 for one that is left out."""
    outputs: tuple[int, ...]
    options: "_Table | None"

    def option(self, number: int, default: int = 0) -> int:
        """Return a whole number of the options, such as a stride."""
        return self.options.number(number, "<i", default) if self.options else default

    def choice(self, number: int) -> int:
        """Return an option that is one of a few, such as the kind of padding."""
        return self.options.number(number, "<b", 0) if self.options else 0

    def real(self, number: int, default: float) -> float:
        """Return an option that is a real number."""
        return self.options.real(number, default) if self.options else default


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteFile:
    """The network of a file."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(content: bytes) -> TfliteFile:
    """Read a file with one network.

    Raises:
        BadTflite: If it is none, or is damaged.
    """
    if content[4:8] != b"TFL3":
        raise BadTflite("no mark of TFLite, version 3")
    try:
        whole = memoryview(content)  # of which vectors that overlap are no copies
        return _read(_Table(whole, _at(whole, 0, "<I")))
    except BadTflite:
        raise
    except (IndexError, ValueError, OverflowError) as error:
        raise BadTflite(f"a TFLite file that is damaged ({error})") from error


def _read(model: "_Table") -> TfliteFile:
    codes = [
        max(table.number(0, "<b", 0), table.number(3, "<i", 0)) for table in model.tables(1)
    ]
    graphs = model.tables(2)
    if len(graphs) != 1:
        raise BadTflite(f"{len(graphs)} networks for one")
    buffers = [table.data(0) for table in model.tables(4)]
    (graph,) = graphs
    return TfliteFile(
        tensors=tuple(_tensor(table, buffers) for table in graph.tables(0)),
        operators=tuple(
            Operator(
                code=codes[table.number(0, "<I", 0)],
                inputs=table.numbers(1, np.int32),
                outputs=table.numbers(2, np.int32),
                options=table.table(4),
            )
            for table in graph.tables(3)
        ),
        inputs=graph.numbers(1, np.int32),
        outputs=graph.numbers(2, np.int32),
    )


def _tensor(table: "_Table", buffers: list[memoryview]) -> Tensor:
    shape = table.numbers(0, np.int32)
    data = buffers[table.number(2, "<I", 0)]
    kind = table.number(1, "<b", 0)
    values = None
    if data:
        if kind not in _TYPES:
            raise BadTflite(f"constants of type {kind}")
        values = np.frombuffer(data, _TYPES[kind]).reshape(shape)
    quantization = table.table(4)
    scale = quantization.data(2, size=4) if quantization else b""
    zero_point = quantization.data(3, size=8) if quantization else b""
    return Tensor(
        shape=shape,
        values=values,
        scale=np.frombuffer(scale, np.float32),
        zero_point=np.frombuffer(zero_point, np.int64),
    )


def _at(content: memoryview, place: int, kind: str) -> int:
    if place < 0:
        raise BadTflite("an offset before its beginning")
    try:
        (value,) = struct.unpack_from(kind, content, place)
    except struct.error:
        raise BadTflite("bytes beyond its end") from None
    return int(value)


@dataclass(frozen=True, slots=True)
class _Table:
    """A FlatBuffers table at a place in a file."""

    content: memoryview
    place: int

    def _field(self, number: int) -> int:
        """Return the place of a field, 0 if it is left out."""
        sizes = self.place - _at(self.content, self.place, "<i")
        entry = 4 + 2 * number
        if sizes < 0 or entry >= _at(self.content, sizes, "<H"):
            return 0
        offset = _at(self.content, sizes + entry, "<H")
        return self.place + offset if offset else 0

    def number(self, number: int, kind: str, default: int) -> int:
        field = self._field(number)
        return _at(self.content, field, kind) if field else default

    def real(self, number: int, default: float) -> float:
        field = self._field(number)
        bits = _at(self.content, field, "<I") if field else 0
        return struct.unpack("<f", struct.pack("<I", bits))[0] if field else default

    def table(self, number: int) -> "_Table | None":
        field = self._field(number)
        return self._target(field) if field else None

    def tables(self, number: int) -> list["_Table"]:
        start, count = self._vector(number)
        if count > MAX_TENSORS:
            raise BadTflite(f"more than {MAX_TENSORS:,} tensors")
        return [self._target(start + 4 * index) for index in range(count)]

    def numbers(self, number: int, kind: type[np.int32]) -> tuple[int, ...]:
        return tuple(np.frombuffer(self.data(number, size=4), kind).tolist())

    def data(self, number: int, size: int = 1) -> memoryview:
        """Return the bytes of a vector whose values have `size` bytes each."""
        start, count = self._vector(number)
        part = self.content[start : start + size * count]
        if len(part) != size * count:
            raise BadTflite("bytes beyond its end")
        return part

    def _target(self, field: int) -> "_Table":
        return _Table(self.content, field + _at(self.content, field, "<I"))

    def _vector(self, number: int) -> tuple[int, int]:
        field = self._field(number)
        if not field:
            return 0, 0
        start = field + _at(self.content, field, "<I")
        return start + 4, _at(self.content, start, "<I")
