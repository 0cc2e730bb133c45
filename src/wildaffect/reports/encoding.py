"""Compact columns of numbers inside a page, which `assets/columns.js` decodes.

A value becomes an integer code, 1 + (value - base) / step rounded, and 0 where the cell is
empty. Codes are stored as differences from row to row in zigzag code, one byte plane after
another, and all columns are deflated together.
"""

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTHS = (1, 2, 4)
_LEVEL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedColumn:
    """Place and meaning of the codes of one column."""

    offset: int
    """Position of its first byte."""
    length: int
    """Number of rows."""
    width: int
    """Bytes per row: 1, 2 or 4."""
    step: float
    """Difference of neighboring values; a value is off by half of it at most."""
    base: float
    """Smallest value."""


class ColumnEncoder:
    """Collects columns; `payload` is all of them as text."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, values: NDArray[Any], step: float) -> EncodedColumn:
        """Append a column of finite values and NaN, which is an empty cell.

        Raises:
            ValueError: If the range of the values is too large for the step.
        """
        values = np.asarray(values, np.float64)
        known = np.isfinite(values)
        base = float(values[known].min()) if known.any() else 0.0
        codes = np.zeros(len(values), np.int64)
        codes[known] = 1 + np.rint((values[known] - base) / step).astype(np.int64)
        zigzag = _zigzag(np.diff(codes, prepend=0))
        width = _width(int(zigzag.max(initial=0)))
        planes = zigzag.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T
        self._pieces.append(planes.tobytes())
        column = EncodedColumn(
            offset=self._size, length=len(values), width=width, step=step, base=base
        )
        self._size += planes.size
        return column

    def payload(self) -> str:
        """Return all columns, deflated, in base64."""
        return base64.b64encode(zlib.compress(b"".join(self._pieces), _LEVEL)).decode()


def decode(payload: str, column: EncodedColumn) -> NDArray[np.float64]:
    """Return the values of a column, as the page does."""
    data = np.frombuffer(zlib.decompress(base64.b64decode(payload)), np.uint8)
    size = column.length * column.width
    planes = data[column.offset : column.offset + size].reshape(column.width, column.length)
    weights = 256 ** np.arange(column.width, dtype=np.int64)
    zigzag = (planes.astype(np.int64) * weights[:, None]).sum(0)
    codes = np.cumsum(np.where(zigzag % 2, -(zigzag + 1) // 2, zigzag // 2))
    return np.where(codes == 0, np.nan, column.base + (codes - 1) * column.step)


def _zigzag(differences: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(differences < 0, -2 * differences - 1, 2 * differences)


def _width(largest: int) -> int:
    for width in _WIDTHS:
        if largest < 256**width:
            return width
    raise ValueError(f"report: values span more than {256**4 // 2} steps")
