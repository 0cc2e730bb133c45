"""Outputs of a model for one video, by row and task.

Symbols: T rows, C classes, K action units or scales.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import SCALE_TASKS, SINGLE_TASKS, Task
from wildaffect.core.windows import check_times

Floats32 = NDArray[np.float32]

SUM_TOLERANCE = 1e-3
"""Tolerance of the sum of the class probabilities around 1, in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceOutputs:
    """Outputs of a model or an ensemble over the rows of one person in one video.

    Raises:
        ValueError: If a shape, a type or a value violates the documented fields.
    """

    video: str
    frame_number: NDArray[np.int64]
    """As the data set counts, strictly ascending, shape (T,)."""
    time_s: NDArray[np.float64]
    """Strictly ascending, shape (T,)."""
    probs: Mapping[Task, Floats32]
    """Valence and arousal (T,) in [-1, 1]; expression (T, C), rows summing to 1; action
    units (T, K), each in [0, 1]; dimensions and intensities (T, K), in the units of
    their scales. Tasks that are not predicted are missing."""
    spread: Mapping[Task, Floats32] = field(default_factory=dict)
    """Standard deviation over the members of an ensemble, shapes as in `probs`; empty for
    a single model."""

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise ValueError(f"outputs of {self.video}: {problem}")

    def __len__(self) -> int:
        return len(self.frame_number)

    def _problems(self) -> Iterator[str]:
        yield from _axis_problems(self.frame_number, self.time_s)
        for task, values in self.probs.items():
            yield from _value_problems(task, values, len(self.frame_number))
        for task, values in self.spread.items():
            yield from _spread_problems(task, values, self.probs)


def _axis_problems(
    frame_number: NDArray[np.int64], time_s: NDArray[np.float64]
) -> Iterator[str]:
    for name, axis, dtype in (
        ("frame_number", frame_number, np.int64),
        ("time_s", time_s, np.float64),
    ):
        if axis.dtype != dtype or axis.shape != (len(frame_number),):
            yield (
                f"{name} must be {np.dtype(dtype).name} of shape ({len(frame_number)},), "
                f"got {axis.dtype} of shape {axis.shape}"
            )
    falls = np.flatnonzero(np.diff(frame_number) <= 0)
    if len(falls):
        before, after = frame_number[falls[0] : falls[0] + 2].tolist()
        yield f"frame_number must ascend strictly, got {after} after {before}"
    try:
        check_times(time_s)
    except ValueError as error:
        yield str(error)


def _value_problems(task: Task, values: Floats32, num_rows: int) -> Iterator[str]:
    num_axes = 1 if task in SINGLE_TASKS else 2
    if values.dtype != np.float32 or values.ndim != num_axes or len(values) != num_rows:
        width = "" if num_axes == 1 else " K"
        yield (
            f"{task} must be float32 of shape ({num_rows},{width}), "
            f"got {values.dtype} of shape {values.shape}"
        )
        return
    if task in SCALE_TASKS:
        if not np.isfinite(values).all():
            yield f"{task} must be finite, got {values[~np.isfinite(values)][0]}"
        return
    low = -1.0 if task in SINGLE_TASKS else 0.0
    wrong = ~((values >= low) & (values <= 1.0))  # NaN is wrong too
    if wrong.any():
        yield f"{task} must lie in [{low:g}, 1], got {values[wrong][0]}"
    if task is Task.EXPRESSION and not wrong.any():
        sums = values.sum(1)
        off = np.abs(sums - 1.0) > SUM_TOLERANCE
        if off.any():
            yield f"{task} must sum to 1 in every row, got {sums[off][0]}"


def _spread_problems(
    task: Task, values: Floats32, probs: Mapping[Task, Floats32]
) -> Iterator[str]:
    shape = probs[task].shape if task in probs else None
    if values.dtype != np.float32 or values.shape != shape:
        yield (
            f"spread of {task} must be float32 of shape {shape} as its values, "
            f"got {values.dtype} of shape {values.shape}"
        )
    elif not (np.isfinite(values) & (values >= 0)).all():
        yield f"spread of {task} must be at least 0, got {values.min()}"
