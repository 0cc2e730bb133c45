"""Values of the tasks by row, each with a mask: of labels and of predictions.

Symbols: N rows, K action units or scales. In a batch, (B, T) takes the place of N.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import SCALE_TASKS, LabelSpaces, Task

Mask = NDArray[np.bool_]
Rows = slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TaskColumn:
    """Values of one task; where `valid` is False, the value is never read."""

    values: NDArray[Any]
    """Shape (N,), for action units and scales (N, K)."""
    valid: Mask
    """Shape as `values`."""

    def __post_init__(self) -> None:
        if self.valid.dtype != np.bool_ or self.valid.shape != self.values.shape:
            raise ValueError(
                f"valid must be bool of shape {self.values.shape} as its values, got "
                f"{self.valid.dtype} of shape {self.valid.shape}"
            )

    @classmethod
    def empty(cls, shape: int | tuple[int, ...], dtype: type[np.generic]) -> Self:
        """Return zeros without a valid value."""
        return cls(np.zeros(shape, dtype), np.zeros(shape, np.bool_))

    @classmethod
    def concatenate(cls, parts: Sequence["TaskColumn"]) -> Self:
        """Return the rows of all parts."""
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.valid for part in parts]),
        )

    def take(self, rows: Rows) -> "TaskColumn":
        """Return the values of these rows."""
        return TaskColumn(self.values[rows], self.valid[rows])

    def astype(self, dtype: type[np.generic]) -> "TaskColumn":
        """Return the values in another type."""
        return TaskColumn(self.values.astype(dtype), self.valid)

    def differs(self, other: "TaskColumn") -> Mask:
        """Return in which rows the two differ in what is valid or in its value, (N,)."""
        differ = (self.valid != other.valid) | (self.valid & (self.values != other.values))
        return differ if differ.ndim == 1 else np.asarray(differ.any(axis=-1))

    @property
    def valid_rows(self) -> Mask:
        """Mask of rows with any valid value, shape (N,)."""
        if self.valid.ndim == 1:
            return self.valid
        return np.asarray(self.valid.any(axis=-1))


def masked(values: NDArray[np.floating[Any]]) -> TaskColumn:
    """Return a column that is valid, and not zero, where values are not NaN."""
    return TaskColumn(np.nan_to_num(values), ~np.isnan(values))


NO_COLUMN = TaskColumn(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.bool_))
"""Stands for a column of shape (N, 0) in the arguments of a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskColumns:
    """Values of all tasks for the same N rows."""

    valence: TaskColumn
    """In [-1, 1] if annotated; a prediction is not clipped."""
    arousal: TaskColumn
    """As `valence`."""
    expression: TaskColumn
    """Class of a label space."""
    action_units: TaskColumn
    """Occurrence 0 or 1 in the order of a label space."""
    expression_shares: TaskColumn | None = None
    """Share of observers who named each class (soft label), shape (N, C); a row has all of
    them or none. It is learned instead of `expression`, which scores compare with."""
    dimensions: TaskColumn = NO_COLUMN
    """In the units of their scales, if annotated within them; (N, 0) if there are none."""
    intensities: TaskColumn = NO_COLUMN
    """As `dimensions`."""

    def __post_init__(self) -> None:
        shape = (*self.valence.values.shape, 0)
        for task in SCALE_TASKS:
            if self[task] is NO_COLUMN:
                object.__setattr__(self, task, TaskColumn.empty(shape, np.float32))

    def __len__(self) -> int:
        return len(self.valence.values)

    def __getitem__(self, task: Task) -> TaskColumn:
        match task:
            case Task.VALENCE:
                return self.valence
            case Task.AROUSAL:
                return self.arousal
            case Task.EXPRESSION:
                return self.expression
            case Task.ACTION_UNITS:
                return self.action_units
            case Task.DIMENSIONS:
                return self.dimensions
            case Task.INTENSITIES:
                return self.intensities

    def columns(self) -> "ColumnsByName":
        """Return the columns as arguments of another record."""
        return {
            "valence": self.valence,
            "arousal": self.arousal,
            "expression": self.expression,
            "action_units": self.action_units,
            "expression_shares": self.expression_shares,
            "dimensions": self.dimensions,
            "intensities": self.intensities,
        }

    def labeled(self, task: Task) -> Mask:
        """Return the rows with a label of a task, also a soft one alone, shape (N,)."""
        rows, soft = self[task].valid_rows, self.expression_shares
        return rows | soft.valid_rows if task is Task.EXPRESSION and soft else rows

    def class_shares(self, num_classes: int) -> TaskColumn:
        """Return expressions as distributions over the classes, shape (N, C).

        A row has its soft label if there is one, else 1 for its class.
        """
        named, soft = self.expression, self.expression_shares
        one_hot = np.eye(num_classes, dtype=np.float32)
        shares, valid = one_hot[np.where(named.valid, named.values, 0)], named.valid
        if soft is not None:
            is_soft = np.asarray(soft.valid.all(axis=-1))
            shares = np.where(is_soft[..., None], soft.values, shares)
            valid = valid | is_soft
        return TaskColumn(shares, np.repeat(valid[..., None], num_classes, axis=-1))

    def take_columns(self, rows: Rows) -> "TaskColumns":
        """Return the columns of these rows, and nothing else of the record."""
        soft = self.expression_shares
        return TaskColumns(
            **{task: self[task].take(rows) for task in Task},
            expression_shares=None if soft is None else soft.take(rows),
        )


class ColumnsByName(TypedDict):
    """Columns by the name of their field."""

    valence: TaskColumn
    arousal: TaskColumn
    expression: TaskColumn
    action_units: TaskColumn
    expression_shares: TaskColumn | None
    dimensions: TaskColumn
    intensities: TaskColumn


def concatenate(parts: Sequence[TaskColumns]) -> TaskColumns:
    """Return the rows of all parts."""
    soft = soft_labels(parts)
    return TaskColumns(
        **{task: TaskColumn.concatenate([part[task] for part in parts]) for task in Task},
        expression_shares=TaskColumn.concatenate(soft) if soft else None,
    )


def soft_labels(parts: Sequence[TaskColumns]) -> list[TaskColumn]:
    """Return the soft labels of every part, without a valid one where it has none.

    Empty if no part has soft labels.
    """
    given = [part.expression_shares for part in parts]
    widths = {soft.values.shape[-1] for soft in given if soft is not None}
    return [
        TaskColumn.empty((len(part), max(widths)), np.float32) if soft is None else soft
        for part, soft in zip(parts, given, strict=True)
        if widths
    ]


def empty_columns(num_rows: int, spaces: LabelSpaces) -> TaskColumns:
    """Return columns without a valid value."""
    return TaskColumns(
        valence=TaskColumn.empty(num_rows, np.float32),
        arousal=TaskColumn.empty(num_rows, np.float32),
        expression=TaskColumn.empty(num_rows, np.int64),
        action_units=TaskColumn.empty((num_rows, len(spaces.action_units)), np.int8),
        dimensions=TaskColumn.empty((num_rows, len(spaces.dimensions)), np.float32),
        intensities=TaskColumn.empty((num_rows, len(spaces.intensities)), np.float32),
    )


def shape_problems(columns: TaskColumns, spaces: LabelSpaces) -> Iterator[str]:
    """Yield what is wrong with the shape of a column, given the label spaces."""
    num_rows = len(columns)
    for task in Task:
        shape = (num_rows, *spaces.width(task))
        if columns[task].values.shape != shape:
            yield f"{task} must have shape {shape}, got {columns[task].values.shape}"
    soft = columns.expression_shares
    per_class = (num_rows, len(spaces.expressions))
    if soft is not None and soft.values.shape != per_class:
        yield f"expression_shares must have shape {per_class}, got {soft.values.shape}"
