"""What a writer of another format returns, and text cells for tables of other programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from wildaffect.core.printable import printable
from wildaffect.interchange.stored import Floats, StoredResult
from wildaffect.outputs.tables.csv_rows import guarded

OpenFaceIntensity = Literal["intensity", "probability5"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """Choices of the formats that have any."""

    openface_r: OpenFaceIntensity = "intensity"
    """Source of OpenFace's `_r`: intensities alone, or five times the probability."""
    openface_all_columns: bool = False
    """Write all columns of OpenFace in their places, empty where there is no value."""
    openface_groups: tuple[str, ...] = ()
    """Groups of columns by OpenFace's flags, such as `-aus`; all if empty."""
    folder: Path = Path()
    """Folder of the files, for relative paths to the media."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One file to write."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Files made from one result, and what their reader has to know."""

    files: tuple[ExportFile, ...]
    notes: tuple[str, ...] = ()
    """Sentences for the sidecar: scales, omissions, signs."""


Writer = Callable[[StoredResult, ConvertOptions], Export]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One column of text cells; None for a column of the format without values here."""

    name: str
    cells: Sequence[str] | None


def decimals(values: Floats, places: int) -> list[str]:
    """Return numbers in fixed notation, empty for NaN."""
    return [f"{v:.{places}f}" if v == v else "" for v in values.tolist()]  # noqa: PLR0124


def integers(values: Floats) -> list[str]:
    """Return whole numbers, empty for NaN."""
    return ["" if np.isnan(v) else str(int(v)) for v in values.tolist()]


def csv_text(columns: Sequence[TextColumn], *, header_separator: str = ",") -> bytes:
    """Return columns as CSV; a column without cells has empty ones.

    Cells of text are quoted where needed, and those that a spreadsheet would compute have
    an apostrophe put in front, as in result tables.
    """
    num_rows = next((len(c.cells) for c in columns if c.cells is not None), 0)
    empty = [""] * num_rows
    cells = [empty if column.cells is None else column.cells for column in columns]
    lines = [header_separator.join(column.name for column in columns)]
    lines += [",".join(row) for row in zip(*cells, strict=True)]
    return "".join(f"{line}\n" for line in lines).encode()


def text_cell(text: str) -> str:
    """Return text from outside as a cell of a CSV file."""
    text = guarded(printable(text))
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",\r\n') else text
