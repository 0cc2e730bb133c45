"""Schema of a result table: columns, and conversion of rows to Arrow batches.

Symbols: N rows, K columns of a part.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.results import FaceResult
from wildaffect.core.tasks import LabelSpaces

SCHEMA_VERSION = 1
"""Increased when a column of the core group is renamed, moved, or changes its meaning."""

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "string": pa.string(),
    "bool": pa.bool_(),
}


class Group(StrEnum):
    """Group of columns.

    `core` and `signals` are always written, `intensities` if the model predicts them, the
    others on request.
    """

    CORE = "core"
    SIGNALS = "signals"
    INTENSITIES = "intensities"
    LANDMARKS = "landmarks"
    BLENDSHAPES = "blendshapes"
    FEATURES = "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the result table."""

    name: str
    type: str
    """Arrow type by name: int64, float64, float32, string or bool."""
    unit: str
    """Unit or range of the values."""
    meaning: str
    group: Group = Group.CORE
    optional: bool = True
    """True if a cell may be empty (null); Arrow fields are nullable in any case."""
    threshold: float | None = None
    """Threshold of the decision that the column holds, if known."""
    margin: float | None = None
    """Margin over the next class below which people are shown "unclear", if known."""

    def describe(self) -> dict[str, str | float]:
        """Return what the sidecar says of the column."""
        described: dict[str, str | float] = {
            "name": self.name,
            "type": self.type,
            "unit": self.unit,
            "meaning": self.meaning,
            "group": str(self.group),
        }
        numbers = {"threshold": self.threshold, "margin": self.margin}
        return described | {k: value for k, value in numbers.items() if value is not None}


Cells = Sequence[Any] | NDArray[Any]
Values = Callable[[FaceResult], Cells | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Columns of the same type that are read from a row together."""

    columns: tuple[Column, ...]
    values: Values
    """Row -> K values, or None if the row has none of them; NaN and None are null."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ResultSchema:
    """Columns of a result table in order, with their conversion from rows."""

    parts: tuple[Part, ...]
    spaces: LabelSpaces

    def __post_init__(self) -> None:
        names = [column.name.casefold() for column in self.columns]
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(
                f"result schema: columns must have distinct names, got {twice} twice"
            )

    def __repr__(self) -> str:
        names = [column.name for column in self.columns]
        return f"ResultSchema({len(names)} columns, {names[0]} to {names[-1]})"

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, left to right."""
        return tuple(column for part in self.parts for column in part.columns)

    @property
    def action_unit_thresholds(self) -> dict[str, float]:
        """Action unit -> threshold of its probability, where it is known."""
        return {
            column.name.removesuffix("_present"): column.threshold
            for column in self.columns
            if column.threshold is not None
        }

    def arrow(self) -> pa.Schema:
        """Return the Arrow schema; unit, meaning and group are field metadata."""
        return self._arrow

    @cached_property
    def _arrow(self) -> pa.Schema:
        fields = [arrow_field(column.describe()) for column in self.columns]
        metadata = {
            "wildaffect_schema_version": str(SCHEMA_VERSION),
            "expressions": self.spaces.expressions.name,
            "action_units": self.spaces.action_units.name,
        }
        return pa.schema(fields, metadata=metadata)

    def batch(self, rows: Sequence[FaceResult]) -> pa.RecordBatch:
        """Convert rows to Arrow columns.

        Raises:
            ValueError: If a row has more or fewer values than a part has columns.
        """
        arrays: list[pa.Array] = []
        for part in self.parts:
            arrays += _part_arrays(part, rows)
        return pa.RecordBatch.from_arrays(arrays, schema=self.arrow())


def arrow_field(described: Mapping[str, Any]) -> pa.Field:
    """Return the Arrow field of a column from its description in a sidecar.

    Raises:
        KeyError: If the description lacks name or type, or the type is unknown.
    """
    metadata = {key: str(described[key]) for key in _METADATA if key in described}
    return pa.field(described["name"], ARROW_TYPES[described["type"]], metadata=metadata)


_METADATA = ("unit", "meaning", "group", "threshold")


def _part_arrays(part: Part, rows: Sequence[FaceResult]) -> list[pa.Array]:
    width = len(part.columns)
    table = [_checked(part.values(row), width, row, part) for row in rows]
    kind = part.columns[0].type
    if kind not in {"float32", "float64"}:
        cells = [[None] * width if values is None else list(values) for values in table]
        by_column = [[row[k] for row in cells] for k in range(width)]
        return [pa.array(column, ARROW_TYPES[kind]) for column in by_column]
    numbers = np.full((len(rows), width), np.nan, dtype=kind)
    for index, values in enumerate(table):
        if isinstance(values, np.ndarray):
            numbers[index] = values
        elif values is not None:
            numbers[index] = [np.nan if v is None else v for v in values]
    return [
        pa.array(np.ascontiguousarray(column), ARROW_TYPES[kind], from_pandas=True)
        for column in numbers.T
    ]


def _checked(values: Cells | None, width: int, row: FaceResult, part: Part) -> Cells | None:
    if values is not None and len(values) != width:
        raise ValueError(
            f"frame {row.frame_index}: {part.columns[0].name} and those after it must have "
            f"{width} values, got {len(values)}"
        )
    return values
