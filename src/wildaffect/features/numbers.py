"""The values of an entry as a file, written block by block and atomically.

Source: the layout is that of safetensors (8 bytes of length, a header in JSON, the arrays
one after another), so that its readers can be used. Symbols: T rows, D columns, N rows of a
block.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import FeatureError, OutputError
from wildaffect.core.files import write_whole
from wildaffect.features.records import Precision, TableHead

Blocks = Iterable[NDArray[np.floating]]
"""Values (N, D) of a table's rows in order, in blocks of any length."""

STORED_DTYPES = {"float16": "F16", "float32": "F32", "int64": "I64", "float64": "F64"}
"""Names of the stored types in safetensors."""


def write_numbers(path: Path, head: TableHead, blocks: Blocks, dtype: Precision) -> None:
    """Write frame numbers, times and values; at most one block of values is in memory.

    Raises:
        FeatureError: If a value is not finite or does not fit the type, or the blocks have
            other rows or columns than the head.
        OutputError: If it cannot be written.
    """
    frame_number = np.ascontiguousarray(head.frame_number, dtype=np.int64)
    time_s = np.ascontiguousarray(head.time_s, dtype=np.float64)

    def content() -> Iterator[bytes]:
        yield _header(len(frame_number), len(head.columns), dtype)
        yield frame_number.tobytes()
        yield time_s.tobytes()
        yield from _checked(head, blocks, dtype)

    write_entry_file(path, content())


def write_entry_file(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file of an entry atomically.

    Raises:
        OutputError: If it cannot be written.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> OutputError:
    """Return the message for a store that cannot be written to."""
    return OutputError(
        f"{path}: features cannot be written: {error.strerror}; what was stored before is "
        "kept; fix the problem and repeat the command to resume"
    )


def _header(num_rows: int, num_columns: int, dtype: Precision) -> bytes:
    shapes = {
        "frame_number": ("int64", [num_rows]),
        "time_s": ("float64", [num_rows]),
        "values": (dtype, [num_rows, num_columns]),
    }
    entries, start = {}, 0
    for name, (kind, shape) in shapes.items():
        stop = start + int(np.prod(shape)) * np.dtype(kind).itemsize
        entries[name] = {
            "dtype": STORED_DTYPES[kind],
            "shape": shape,
            "data_offsets": [start, stop],
        }
        start = stop
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of their size
    return len(text).to_bytes(8, "little") + text


def _checked(head: TableHead, blocks: Blocks, dtype: Precision) -> Iterator[bytes]:
    num_rows, num_columns = len(head.frame_number), len(head.columns)
    row = 0
    for block in blocks:
        if block.shape[1:] != (num_columns,) or row + len(block) > num_rows:
            raise FeatureError(
                f"{head.where}: values must have shape {(num_rows, num_columns)}, got a "
                f"block {block.shape} after {row} rows"
            )
        head.check_block(row, block)
        yield _cast(head, block, dtype).tobytes()
        row += len(block)
    if row != num_rows:
        raise FeatureError(f"{head.where}: values must have {num_rows} rows, got {row}")


def _cast(
    head: TableHead, block: NDArray[np.floating], dtype: Precision
) -> NDArray[np.floating]:
    limit = np.finfo(dtype).max
    largest = np.abs(block).max(initial=0.0)
    if largest > limit:
        raise FeatureError(
            f"{head.where}: values must be at most {limit} to fit {dtype}, got {largest}; "
            "store them as float32"
        )
    return block.astype(dtype, copy=False)
