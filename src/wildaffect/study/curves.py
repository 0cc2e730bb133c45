"""Signals of one trial on the time axis of the stimulus.

Symbols: K signals, T steps of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.faces import Status
from wildaffect.study.design import Trial

Floats = NDArray[np.float64]


class Excluded(Exception):
    """A trial that cannot be used; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Time around the stimulus that is compared, in steps.

    Raises:
        ValueError: If it is empty, or a number is out of range.
    """

    start_s: float = 0.0
    """Relative to the onset, inclusive."""
    stop_s: float = 10.0
    """Relative to the onset, exclusive."""
    step_s: float = 0.5
    """Frames within a step are averaged."""
    min_usable: float = 0.5
    """Minimum share of steps with a readable face; other trials are excluded."""

    def __post_init__(self) -> None:
        check_numbers("window", "(0, inf)", step_s=self.step_s)
        check_numbers("window", "[0, 1]", min_usable=self.min_usable)
        if self.stop_s - self.start_s < self.step_s:
            raise ValueError(
                f"window: must be at least one step of {self.step_s:g} s long, got "
                f"{self.start_s:g} to {self.stop_s:g}"
            )

    @property
    def num_steps(self) -> int:
        """T."""
        return int((self.stop_s - self.start_s) / self.step_s + 1e-9)

    @property
    def times_s(self) -> Floats:
        """Start of each step relative to the onset, shape (T,)."""
        return np.float64(self.start_s) + self.step_s * np.arange(
            self.num_steps, dtype=np.float64
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialCurves:
    """Signals of one trial."""

    trial: Trial
    track_id: int
    values: Floats
    """Corrected by the baseline if there is one, NaN where unknown, shape (T, K)."""
    baseline: Floats | None
    """Values that were subtracted, shape (K,)."""
    usable_share: float
    """Share of steps with a readable face."""


def read_trial(
    table: pa.Table, trial: Trial, signals: Sequence[str], window: Window
) -> TrialCurves:
    """Return the curves of a trial from the result of its video.

    The baseline is the mean over its frames; it is subtracted, once for each signal.

    Raises:
        Excluded: If the person is not there, the window is outside the video, or too few
            steps, or no frame of the baseline, have a readable face.
        KeyError: If the table lacks a signal.
    """
    rows = _person(table, trial)
    times_s = rows["time_s"].to_numpy() - trial.onset_s
    values = np.column_stack([_floats(rows[name]) for name in signals])
    usable = np.array(rows["status"].to_pylist()) == str(Status.OK)
    values[~usable] = np.nan
    steps = np.floor((times_s - window.start_s) / window.step_s + 1e-9).astype(int)
    inside = (steps >= 0) & (steps < window.num_steps)
    if not inside.any():
        raise Excluded(
            f"no frame from {window.start_s:g} to {window.stop_s:g} s after the onset at "
            f"{trial.onset_s:g} s"
        )
    curves = np.column_stack(
        [
            _step_means(steps[inside], column[inside], window.num_steps)
            for column in values.T
        ]
    )
    share = float((~np.isnan(curves).all(1)).mean())
    if share < window.min_usable:
        raise Excluded(
            f"a readable face in {share:.0%} of the window, less than "
            f"{window.min_usable:.0%}"
        )
    baseline = _baseline(times_s + trial.onset_s, values, trial)
    return TrialCurves(
        trial=trial,
        track_id=int(rows["track_id"][0].as_py()),
        values=curves if baseline is None else curves - baseline,
        baseline=baseline,
        usable_share=share,
    )


def _person(table: pa.Table, trial: Trial) -> pa.Table:
    usable = table.filter(pc.equal(table["status"], str(Status.OK)))
    track_id = trial.track_id
    if track_id is None:
        counts = usable["track_id"].value_counts().to_pylist()
        if not counts:
            raise Excluded("no readable face in the video")
        track_id = min(counts, key=lambda c: (-c["counts"], c["values"]))["values"]
    rows = table.filter(pc.equal(table["track_id"], track_id))
    if not rows.num_rows:
        raise Excluded(f"no person with track_id {track_id} in the video")
    return rows


def _baseline(times_s: Floats, values: Floats, trial: Trial) -> Floats | None:
    if trial.baseline_s is None:
        return None
    start_s, stop_s = trial.baseline_s
    inside = values[(times_s >= start_s) & (times_s < stop_s)]
    known = ~np.isnan(inside)
    if not known.any(0).all():
        raise Excluded(f"no readable face in the baseline from {start_s:g} to {stop_s:g} s")
    return np.where(known, inside, 0.0).sum(0) / known.sum(0)


def _step_means(steps: NDArray[np.int64], values: Floats, num_steps: int) -> Floats:
    known = ~np.isnan(values)
    count = np.bincount(steps[known], minlength=num_steps)
    total = np.bincount(steps[known], values[known], minlength=num_steps)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _floats(column: pa.ChunkedArray) -> Floats:
    numbers = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)
