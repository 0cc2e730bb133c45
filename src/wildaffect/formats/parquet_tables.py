"""Safe reading of untrusted Parquet files."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

FREE_BYTES = 256 << 20
LARGEST_EXPANSION = 100
"""Maximum ratio of the size of a table to that of its file, for constant columns too."""
_CELL_BYTES = 8


def read_parquet(path: Path) -> pa.Table:
    """Return a table with validated texts and offsets.

    Raises:
        FileNotFoundError: If the file does not exist. pyarrow.ArrowException, OSError: If
        it is no Parquet, or declares an implausible size.
    """
    with parquet.ParquetFile(path) as file:
        found = file.metadata
        groups = [found.row_group(index) for index in range(found.num_row_groups)]
        claimed = max(
            found.num_rows * found.num_columns * _CELL_BYTES,
            sum(group.total_byte_size for group in groups),
        )
        allowed = max(FREE_BYTES, LARGEST_EXPANSION * path.stat().st_size)
        if claimed > allowed:
            raise pa.ArrowInvalid(
                f"{claimed:,} bytes of cells in a file of {path.stat().st_size:,}"
            )
        table = file.read()
    table.validate(full=True)
    return table
