"""Conversion of columns of a file to the masked fields of `Annotations`.

Symbols: N rows, K action units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.lines import Column
from wildaffect.formats.problems import Kind, Problem

Complaints = list[Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Valid numbers of a field."""

    name: str
    """Name of the field in messages."""
    low: float
    high: float
    missing: tuple[float, ...]
    """Codes that mean "not annotated"."""
    integral: bool = True
    advice: str = ""
    """What to do with other values, appended to messages."""

    def rule(self) -> str:
        """Return the rule for messages."""
        kind = "be a whole number" if self.integral else "lie"
        codes = " or ".join(f"{code:g}" for code in self.missing)
        ends = f"[{self.low:g}, {self.high:g}]"
        return f"{self.name} must {kind} in {ends}" + (f" or be {codes}" if codes else "")


VALENCE = Code(name="valence", low=-1, high=1, missing=(-5,), integral=False)
AROUSAL = Code(name="arousal", low=-1, high=1, missing=(-5,), integral=False)


def decode(
    column: Column, code: Code, *, path: str, lines: NDArray[np.int64]
) -> tuple[TaskColumn, Complaints]:
    """Return the field, and a problem for each row with an invalid value."""
    numbers = column.numbers()
    missing = np.isin(numbers, code.missing)
    fits = (numbers >= code.low) & (numbers <= code.high) & ~missing
    if code.integral:
        fits &= numbers == np.floor(numbers)
    complaints = [
        _complaint(column[row], code, path=path, line=int(lines[row]))
        for row in np.flatnonzero(~fits & ~missing).tolist()
    ]
    return TaskColumn(values=np.where(fits, numbers, 0.0), valid=fits), complaints


def decode_or_blank(
    column: Column, code: Code, *, path: str, lines: NDArray[np.int64]
) -> tuple[TaskColumn, Complaints]:
    """Return the field and problems as `decode`; blank fields are not annotated."""
    blank = np.array([not token for token in column.tokens], bool)[column.codes]
    field, problems = decode(column, code, path=path, lines=lines)
    blank_lines = set(lines[blank].tolist())
    return field, [problem for problem in problems if problem.line not in blank_lines]


def _complaint(token: str, code: Code, *, path: str, line: int) -> Problem:
    is_number = np.isfinite(Column(tokens=(token,), codes=np.zeros(1, np.int64)).numbers())
    kind = Kind.OUT_OF_RANGE if is_number[0] else Kind.UNREADABLE_VALUE
    shown = token if len(token) <= 40 else token[:37] + "..."
    return Problem(path, line, kind, f"{code.rule()}, got {shown!r}{code.advice}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Frame of each row."""

    source: str
    videos: Sequence[str]
    video_index: NDArray[np.int64]
    frame_number: NDArray[np.int64]
    images: Sequence[str]
    lines: NDArray[np.int64]
    files: Sequence[str] = ()
    subjects: Sequence[str] = ()
    """Person of each video; the video's own name if empty."""
    clip_level: bool = False
    """True if rows are whole videos."""

    def __len__(self) -> int:
        return len(self.images)


def build_annotations(
    rows: Rows,
    spaces: LabelSpaces | None = None,
    *,
    valence: TaskColumn | None = None,
    arousal: TaskColumn | None = None,
    expression: TaskColumn | None = None,
    action_units: Sequence[TaskColumn] = (),
    dimensions: Sequence[TaskColumn] = (),
    intensities: Sequence[TaskColumn] = (),
) -> Annotations:
    """Return the record; omitted fields are not annotated.

    Args:
        rows: Frames of N rows.
        spaces: Label spaces of the codes; by default those of ABAW.
        valence: In [-1, 1].
        arousal: In [-1, 1].
        expression: Class numbers of `spaces.expressions`.
        action_units: One field for each of `spaces.action_units`, or empty.
        dimensions: One field for each of `spaces.dimensions`.
        intensities: One field for each of `spaces.intensities`.
    """
    spaces = spaces or LabelSpaces()
    nothing = TaskColumn.empty(len(rows), np.float64)
    units = list(action_units) or [nothing] * len(spaces.action_units)
    return Annotations(
        source=rows.source,
        videos=tuple(rows.videos),
        subjects=tuple(rows.subjects) or tuple(rows.videos),
        video_index=rows.video_index.astype(np.int64),
        frame_number=rows.frame_number.astype(np.int64),
        images=tuple(rows.images),
        lines=rows.lines.astype(np.int64),
        valence=(valence or nothing).astype(np.float32),
        arousal=(arousal or nothing).astype(np.float32),
        expression=(expression or nothing).astype(np.int64),
        action_units=_joined(units, len(rows), np.int8),
        dimensions=_joined(dimensions, len(rows), np.float32),
        intensities=_joined(intensities, len(rows), np.float32),
        clip_level=rows.clip_level,
        spaces=spaces,
        files=tuple(rows.files),
    )


def _joined(
    fields: Sequence[TaskColumn], num_rows: int, dtype: type[np.generic]
) -> TaskColumn:
    return TaskColumn(
        _stack([field.values for field in fields], num_rows, dtype),
        _stack([field.valid for field in fields], num_rows, np.bool_),
    )


def _stack(
    columns: Sequence[NDArray[np.generic]], num_rows: int, dtype: type[np.generic]
) -> NDArray[Any]:
    stacked = np.empty((num_rows, len(columns)), dtype)
    for index, column in enumerate(columns):
        stacked[:, index] = column
    return stacked
