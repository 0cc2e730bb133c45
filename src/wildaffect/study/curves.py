"""Signals of one trial on the time axis of the stimulus.

Symbols: K signals, T steps of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wildaffect.core.arrow import floats
from wildaffect.core.checks import check_numbers
from wildaffect.core.faces import Status
from wildaffect.study.design import Trial

Floats = NDArray[np.float64]


MAX_STEPS = 10_000


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
        if (self.stop_s - self.start_s) / self.step_s > MAX_STEPS:
            raise ValueError(
                f"window: must have at most {MAX_STEPS:,} steps, got {self.start_s:g} to "
                f"{self.stop_s:g} s in steps of {self.step_s:g} s"
            )
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
    track_ids: tuple[int, ...]
    """Tracks of the person in the window; several after a cut or a hidden face."""
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

    The baseline is the mean over its frames; it is subtracted, once for each signal. A
    signal without a value in the baseline is unknown in the whole trial.

    Raises:
        Excluded: If the person is not there, the video does not cover the window, or too
            few steps, or no frame of the baseline, have a readable face.
        KeyError: If the table lacks a signal.
    """
    _check_covered(table["time_s"].to_numpy() - trial.onset_s, window)
    rows = _person(table, trial, window)
    times_s = rows["time_s"].to_numpy() - trial.onset_s
    values = np.column_stack([floats(rows[name]) for name in signals])
    usable = np.array(rows["status"].to_pylist()) == str(Status.OK)
    values[~usable] = np.nan
    steps = np.floor((times_s - window.start_s) / window.step_s + 1e-9).astype(int)
    inside = (steps >= 0) & (steps < window.num_steps)
    share = len(np.unique(steps[inside & usable])) / window.num_steps
    if share < window.min_usable or not share:
        raise Excluded(
            f"a readable face in {share:.0%} of the window, less than "
            f"{window.min_usable:.0%}"
        )
    curves = np.column_stack(
        [
            _step_means(steps[inside], column[inside], window.num_steps)
            for column in values.T
        ]
    )
    baseline = _baseline(times_s + trial.onset_s, values, usable, trial)
    track_ids = rows["track_id"].to_numpy()[inside & usable]
    return TrialCurves(
        trial=trial,
        track_ids=tuple(np.unique(track_ids).tolist()),
        values=curves if baseline is None else curves - baseline,
        baseline=baseline,
        usable_share=share,
    )


def _check_covered(times_s: Floats, window: Window) -> None:
    """Raise an error if the video starts after the window does, or ends before its end."""
    if not len(times_s):
        raise Excluded("no frames")
    first_s, last_s = float(times_s.min()), float(times_s.max())
    if first_s >= window.start_s + window.step_s:
        raise Excluded(
            f"the video starts {first_s:g} s after the onset, the window at "
            f"{window.start_s:g} s"
        )
    if last_s < window.stop_s - window.step_s:
        raise Excluded(
            f"the video ends {last_s:.4g} s after the onset, the window at "
            f"{window.stop_s:g} s"
        )


def _person(table: pa.Table, trial: Trial, window: Window) -> pa.Table:
    """Return the rows of the person in the window and the baseline.

    Without a given track: of everybody, where no two people are there at once, as one
    person has several tracks after a cut or a hand before the face; else of the track with
    most readable frames.
    """
    times_s = table["time_s"].to_numpy() - trial.onset_s
    needed = (times_s >= window.start_s) & (times_s < window.stop_s)
    if trial.baseline_s is not None:
        start_s, stop_s = (time_s - trial.onset_s for time_s in trial.baseline_s)
        needed |= (times_s >= start_s) & (times_s < stop_s)
    rows = table.filter(pa.array(needed)).filter(
        pc.is_valid(table["track_id"].filter(pa.array(needed)))
    )
    if trial.track_id is not None:
        rows = rows.filter(pc.equal(rows["track_id"], trial.track_id))
        if not rows.num_rows:
            raise Excluded(f"no person with track_id {trial.track_id} in the window")
        return rows
    usable = rows.filter(pc.equal(rows["status"], str(Status.OK)))
    if not usable.num_rows:
        raise Excluded("no readable face in the window")
    frames = rows["frame"].to_numpy()
    if len(np.unique(frames)) == len(frames):
        return rows
    counts = usable["track_id"].value_counts().to_pylist()
    track_id = min(counts, key=lambda c: (-c["counts"], c["values"]))["values"]
    return rows.filter(pc.equal(rows["track_id"], track_id))


def _baseline(
    times_s: Floats, values: Floats, usable: NDArray[np.bool_], trial: Trial
) -> Floats | None:
    if trial.baseline_s is None:
        return None
    start_s, stop_s = trial.baseline_s
    inside = (times_s >= start_s) & (times_s < stop_s)
    if not (inside & usable).any():
        raise Excluded(f"no readable face in the baseline from {start_s:g} to {stop_s:g} s")
    known = ~np.isnan(values[inside])
    count = known.sum(0)
    total = np.where(known, values[inside], 0.0).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _step_means(steps: NDArray[np.int64], values: Floats, num_steps: int) -> Floats:
    known = ~np.isnan(values)
    count = np.bincount(steps[known], minlength=num_steps)
    total = np.bincount(steps[known], values[known], minlength=num_steps)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)
