"""Columns of Arrow tables as numbers."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def floats(column: pa.ChunkedArray | pa.Array) -> NDArray[np.float64]:
    """Return a column as float64 with NaN for empty cells; truth values are 0 and 1."""
    numbers = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)
