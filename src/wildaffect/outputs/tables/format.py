"""Common interface of the table formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """Serialization of a table: header, batches of rows, and reading."""

    name: str
    suffixes: tuple[str, ...]
    header: Callable[[pa.Schema], bytes]
    rows: Callable[[pa.RecordBatch], bytes]
    convert: Callable[[Path, Path], None] | None
    """Part file -> new file in the final format; None if the formats are equal."""
    read: Callable[[Path, Mapping[str, pa.DataType]], pa.Table]
    """Finished file and the known types of its columns -> table."""
    read_part: Callable[[Path, Mapping[str, pa.DataType]], pa.Table]
    """The same for a part file, whose last row is dropped if truncated."""
    whole_bytes: Callable[[Path], int]
    """Return the number of bytes of complete rows in a part file."""


def bytes_to_last_newline(path: Path) -> int:
    """Return the size of a text file up to and including its last line end."""
    step = 1 << 16
    with path.open("rb") as file:
        end = file.seek(0, 2)
        while end > 0:
            start = max(0, end - step)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0
