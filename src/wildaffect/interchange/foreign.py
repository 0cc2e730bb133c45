"""Tables of other programs as one record, whatever program wrote them."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from wildaffect.core.errors import OutputError
from wildaffect.interchange.stored import Floats


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FaceTable:
    """Rows of one program; a row is one face in one frame."""

    path: Path
    program: str
    """Program and dialect, such as `OpenFace 2 (B)`."""
    frame: Floats
    """Number of the frame from 0, NaN where the program writes none, shape (N,)."""
    time_s: Floats
    """Time in the media, NaN where the program writes none, shape (N,)."""
    face: tuple[str, ...]
    """Name of the person; empty where the program writes none."""
    valid: NDArray[np.bool_]
    """True where the program read a face, shape (N,)."""
    boxes: Floats
    """Left, top, right, bottom in pixels, NaN where unknown, shape (N, 4)."""
    values: Mapping[str, Floats]
    """Column of the result table -> values in its unit, NaN where not valid, shape (N,)."""
    expressions: tuple[str, ...] = ()
    """Expression of each row in the program's words; empty if it writes none."""

    def __len__(self) -> int:
        return len(self.time_s)

    def __repr__(self) -> str:
        return f"FaceTable({self.path.name}, {self.program}, {len(self)} rows)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RawTable:
    """A CSV file with the spaces of its header taken away."""

    path: Path
    table: pa.Table
    first_line: str

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.table.column_names)

    def numbers(self, name: str) -> Floats:
        """Return a column as float64; NaN for empty cells.

        Raises:
            OutputError: If a cell is no number.
        """
        column = self.table[name]
        try:
            cells = column.cast(pa.float64())
        except pa.ArrowInvalid as error:
            raise OutputError(
                f"{self.path}: column {name}: {' '.join(str(error).split())}"
            ) from error
        return np.array(cells.to_numpy(zero_copy_only=False), np.float64)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a column as text, empty for empty cells."""
        cells = self.table[name].cast(pa.string()).to_pylist()
        return tuple(cell or "" for cell in cells)


def read_csv(path: Path) -> RawTable:
    """Read a CSV file with a header.

    Raises:
        OutputError: If the file is missing, or is no CSV file with a header and rows.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    line, _, rest = text.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    first_line = line.decode(errors="replace").strip()
    names = [name.strip() for name in next(csv.reader([first_line]), [])]
    if not rest.strip() or len(names) < 2:
        raise OutputError(f"{path}: no table: a header and rows are needed")
    if len(set(names)) < len(names):
        raise OutputError(f"{path}: two columns of its header have the same name")
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(rest),
            read_options=arrow_csv.ReadOptions(column_names=names),
            convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True),
        )
    except pa.ArrowInvalid as error:
        raise OutputError(f"{path}: {' '.join(str(error).split())}") from error
    return RawTable(path=path, table=table, first_line=first_line)


def no_boxes(num_rows: int) -> Floats:
    """Return boxes of which nothing is known."""
    return np.full((num_rows, 4), np.nan)


def masked(values: Mapping[str, Floats], valid: NDArray[np.bool_]) -> dict[str, Floats]:
    """Return values with NaN where no face was read."""
    return {name: np.where(valid, cells, np.nan) for name, cells in values.items()}
