"""Interface of a table format, so that one writer serves all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """Bytes of a table: header, batches of rows, and the way back."""

    name: str
    suffixes: tuple[str, ...]
    header: Callable[[pa.Schema], bytes]
    rows: Callable[[pa.RecordBatch], bytes]
    convert: Callable[[Path, Path], None] | None
    """Part file -> new file in the final form; None if the part is that already."""
    read: Callable[[Path, Mapping[str, pa.DataType]], pa.Table]
    """Finished file and the types of its columns as far as known -> table."""
    read_part: Callable[[Path, Mapping[str, pa.DataType]], pa.Table]
    """The same for a part file, whose last row may be cut off and is then left out."""
    whole_bytes: Callable[[Path], int]
    """Return the number of bytes of a part file that hold complete rows."""


def bytes_to_last_newline(path: Path) -> int:
    """Return the size of a text file up to and with its last line end."""
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
