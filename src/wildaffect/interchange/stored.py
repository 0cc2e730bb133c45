"""Result tables with their sidecar, as writers of other formats read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event
from wildaffect.core.faces import Status
from wildaffect.core.printable import printable
from wildaffect.events.thresholds import stored_thresholds
from wildaffect.outputs.event_log import events_of
from wildaffect.outputs.events_file import events_path, read_events
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table

Floats = NDArray[np.float64]

_NEEDED = ("frame", "time_s", "track_id", "status")

FACS_SCALE = b"[0, 5]"
"""Range of intensities in other programs, as the unit of a column states it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoredResult:
    """Rows of one result and the origin that its sidecar states."""

    path: Path
    table: pa.Table
    document: Mapping[str, Any] = field(default_factory=dict)
    """The sidecar; empty if there is none."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"StoredResult({self.path.name}, {len(self)} rows)"

    @property
    def ok(self) -> NDArray[np.bool_]:
        """True where a face was read, shape (N,)."""
        status = self.table["status"].to_numpy(zero_copy_only=False)
        return np.asarray(status == str(Status.OK), bool)

    @property
    def media(self) -> str:
        """Name of the analyzed file, or that of the table if it is not known."""
        name = self.document.get("source", {}).get("name")
        return printable(Path(str(name)).name if name else self.path.stem)

    @property
    def media_path(self) -> Path | None:
        """Path of the analyzed file at the time of the analysis, if it is known."""
        paths = self.document.get("source", {}).get("path")
        return Path(str(paths[0])) if paths else None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the displayed frames in pixels, if they are known."""
        source = self.document.get("source", {})
        width, height = source.get("width"), source.get("height")
        return (int(width), int(height)) if width and height else None

    @property
    def image_names(self) -> list[str] | None:
        """Name of the photograph of each row; None if the rows are of a video."""
        if "image" not in self.table.column_names:
            return None
        names = self.table["image"].to_pylist()
        return [name or "" for name in names] if any(names) else None

    @property
    def rate_hz(self) -> float:
        """Frames per second: of the sidecar, else by the median distance of frames."""
        stated = self.document.get("source", {}).get("fps")
        if stated:
            return float(stated)
        steps = np.diff(np.unique(self.numbers("time_s")))
        return float(1 / np.median(steps)) if len(steps) else 30.0

    def has(self, name: str) -> bool:
        """Return whether a column exists and the model predicts it.

        That is, whether it has any value; without a readable face, whether it could. An
        intensity on another scale than that of FACS, which formats have, does not count.
        """
        if name not in self.table.column_names or self._is_on_own_scale(name):
            return False
        column = self.table[name]
        if column.null_count < len(column):
            return True
        thresholds = stored_thresholds(self.table.schema)
        label = name.removesuffix("_present").removesuffix("_intensity")
        is_predicted = not name.startswith("AU") or not thresholds or label in thresholds
        return is_predicted and not self.ok.any()

    def _is_on_own_scale(self, name: str) -> bool:
        unit = (self.table.schema.field(name).metadata or {}).get(b"unit", FACS_SCALE)
        return name.endswith("_intensity") and unit != FACS_SCALE

    def numbers(self, name: str) -> Floats:
        """Return a column as float64, NaN for empty cells, shape (N,)."""
        column = self.table[name]
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.array(values, np.float64)

    def readings(self, name: str) -> Floats:
        """Return the same with NaN where no face was read."""
        return np.where(self.ok, self.numbers(name), np.nan)

    def texts(self, name: str) -> list[str]:
        """Return a column of text, empty for empty cells and where no face was read."""
        cells = self.table[name].to_pylist()
        return [cell or "" if ok else "" for cell, ok in zip(cells, self.ok, strict=True)]

    def events(self) -> tuple[Event, ...]:
        """Return the events stored beside the table, else those of the default settings."""
        stored = events_path(self.path)
        return read_events(stored) if stored.exists() else events_of(self.table)[0]


def load_result(path: str | Path) -> StoredResult:
    """Read a result table and its sidecar.

    Raises:
        UsageError: If the suffix is not that of a table.
        OutputError: If the file is missing, is no table, or lacks frame, time, track or
            status.
    """
    path = Path(path)
    table = read_table(path)
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise OutputError(
            f"{path}: not a result of `wildaffect analyze`: no column {missing[0]}"
        )
    return StoredResult(path=path, table=table, document=read_sidecar(path) or {})
