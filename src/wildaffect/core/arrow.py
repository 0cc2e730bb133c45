"""Columns of Arrow tables as numbers, and PyArrow without pandas."""

import sys
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def floats(column: pa.ChunkedArray | pa.Array) -> NDArray[np.float64]:
    """Return a column as float64 with NaN for empty cells; truth values are 0 and 1."""
    numbers = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)


class _NoPandas:
    """Finder by which pandas cannot be imported."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        """Raise for pandas; leave all else to other finders."""
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def leave_pandas_out() -> None:
    """Let PyArrow do without pandas in this process, if it is not imported yet.

    PyArrow imports it, which takes .4 s, on its first conversion of values, to recognize
    series among them; afterward `Table.to_pandas` fails.
    """
    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([True])
    finally:
        sys.meta_path.remove(_NoPandas)
