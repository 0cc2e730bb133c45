"""People of a result table: their rows, and the columns that a report shows of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wildaffect.core.faces import Status
from wildaffect.core.scales import Scale
from wildaffect.core.tasks import ABAW_EXPRESSIONS, expression_column
from wildaffect.reports.description import Description

STATUSES = ("", Status.OK, Status.LOW_QUALITY, Status.INTERPOLATED)
"""Meaning of the codes of the status of a row."""
NEEDED = ("frame", "time_s", "track_id", "status")
AFFECT = ("valence", "arousal")
SIGNALS = (
    "eye_closure_left",
    "eye_closure_right",
    "mouth_open",
    "gaze_yaw_deg",
    "gaze_pitch_deg",
)
CERTAINTY = "certainty of expression"
"""Probability of the expression that a row names; not the name of a column."""
_PRESENT = "_present"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names of what a table has, in the order of its columns."""

    expressions: tuple[str, ...]
    action_units: tuple[str, ...]
    scales: tuple[Scale, ...] = ()
    """Ratings and intensities of a model's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRows:
    """Rows of one track, by time."""

    track_id: int
    frame: NDArray[np.int64]
    time_s: NDArray[np.float64]
    status: NDArray[np.int64]
    """Codes, see `STATUSES`."""
    expression: NDArray[np.float64] | None
    """Place in the labels; NaN where there is none."""
    values: dict[str, NDArray[np.float64]]
    """Other columns by name; NaN for empty cells."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def usable_share(self) -> float:
        """Share of the rows with status ok."""
        return float((self.status == STATUSES.index(Status.OK)).mean())


def missing_columns(table: pa.Table) -> list[str]:
    """Return the needed columns that a table lacks."""
    return [name for name in NEEDED if name not in table.column_names]


def find_labels(table: pa.Table, description: Description) -> Labels:
    """Return the names of expressions and action units in a table.

    Action units are columns with a second one that ends in `_present`. Expressions are
    those of the sidecar, and all others that the rows name. Scales are those of the
    sidecar alone, which states their ranges.
    """
    names = table.column_names
    units = [name for name in names if f"{name}{_PRESENT}" in names]
    units += [
        name for name in description.action_units if name in names and name not in units
    ]
    named = (
        pc.unique(table["expression"]).drop_null().to_pylist()
        if has_expression(table)
        else []
    )
    known = [label for label in ABAW_EXPRESSIONS.labels if label in named]
    ordered = [*description.expressions, *known, *sorted(map(str, named))]
    expressions = dict.fromkeys(ordered)
    taken = {*NEEDED, *AFFECT, *SIGNALS, *units}
    scales = tuple(
        scale
        for scale in description.scales
        if scale.label in names
        and scale.label not in taken
        and pa.types.is_floating(table.schema.field(scale.label).type)
    )
    return Labels(expressions=tuple(expressions), action_units=tuple(units), scales=scales)


def has_expression(table: pa.Table) -> bool:
    """Return whether any row names an expression."""
    return (
        "expression" in table.column_names
        and table["expression"].null_count < table.num_rows
    )


def split_people(table: pa.Table, labels: Labels) -> list[PersonRows]:
    """Return the people of a table by their number; rows without a face have none."""
    tracks = _numbers(table, "track_id")
    known = np.flatnonzero(np.isfinite(tracks))
    frame, time_s = _numbers(table, "frame"), _numbers(table, "time_s")
    order = known[np.lexsort((frame[known], tracks[known]))]
    if not len(order):
        return []
    numbers, starts = np.unique(tracks[order], return_index=True)
    columns = {name: _numbers(table, name) for name in shown_columns(table, labels)}
    certainty = _certainty(table, labels)
    if certainty is not None:
        columns[CERTAINTY] = certainty
    status, expression = _status(table), _expression(table, labels)
    return [
        PersonRows(
            track_id=int(number),
            frame=frame[rows].astype(np.int64),
            time_s=time_s[rows],
            status=status[rows],
            expression=None if expression is None else expression[rows],
            values={name: column[rows] for name, column in columns.items()},
        )
        for number, rows in zip(numbers, np.split(order, starts[1:]), strict=True)
    ]


def shown_columns(table: pa.Table, labels: Labels) -> list[str]:
    """Return the columns of numbers to show that have any value."""
    scales = (scale.label for scale in labels.scales)
    names: Sequence[str] = [*AFFECT, *scales, *labels.action_units, *SIGNALS]
    here = set(table.column_names)
    return [
        name for name in names if name in here and table[name].null_count < table.num_rows
    ]


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    return table[name].cast(pa.float64()).to_numpy()


def _status(table: pa.Table) -> NDArray[np.int64]:
    places = pc.index_in(table["status"], pa.array([str(each) for each in STATUSES]))
    return places.fill_null(0).to_numpy().astype(np.int64)


def _expression(table: pa.Table, labels: Labels) -> NDArray[np.float64] | None:
    if not has_expression(table):
        return None
    places = pc.index_in(
        table["expression"].cast(pa.string()), pa.array(labels.expressions)
    )
    places = pc.if_else(table["expression"].is_null(), None, places)
    return places.cast(pa.float64()).to_numpy()


def _certainty(table: pa.Table, labels: Labels) -> NDArray[np.float64] | None:
    """Return the probability of the expression that each row names."""
    expression = _expression(table, labels)
    if expression is None:
        return None
    found = np.full(table.num_rows, np.nan)
    for place, label in enumerate(labels.expressions):
        column = expression_column(label)
        if column in table.column_names:
            rows = expression == place
            found[rows] = _numbers(table, column)[rows]
    return None if np.isnan(found).all() else found
