"""Fit the calibration on labeled outputs, and measure its gain on held-out videos.

Labels of whole videos are fitted to the mean of the outputs of their frames, and scored as
`labeled.decide` states.
`fit_calibration` fits on all given videos. `cross_fit` fits on all folds but one, scores
the held-out videos, and returns both scores.
Symbols: V videos, N rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.expression_bias import BiasFit, CoordinateAscent, fit_bias
from wildaffect.calibration.labeled import (
    Decided,
    LabeledRows,
    Probs,
    decide,
    held_out,
    joined,
    label_rows,
    statistics,
)
from wildaffect.calibration.smoothing_choice import SmoothingChoice, SmoothingGrids
from wildaffect.calibration.temperature import expression_temperature, unit_temperature
from wildaffect.calibration.thresholds import ThresholdSweep, fit_thresholds
from wildaffect.core.columns import TaskColumns
from wildaffect.core.config import Config
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration, expression_probs, unit_probs
from wildaffect.inference.smoothing import Smoothing
from wildaffect.metrics.scores import VideoStatistics

STEPS: dict[str, Callable[[Calibration], Calibration]] = {
    "raw": lambda _: Calibration(),
    "smoothing": lambda fitted: Calibration(smoothing=fitted.smoothing),
    "bias and thresholds": lambda fitted: fitted,
}
"""Steps of `cross_fit`, cumulative: each applies one more part of the calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFit(Config):
    """Parts to fit; with None, decisions use the most probable class, or 0.5."""

    grids: SmoothingGrids = field(default_factory=SmoothingGrids)
    expression: BiasFit | None = field(default_factory=CoordinateAscent)
    action_units: ThresholdSweep | None = field(default_factory=ThresholdSweep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The scores after one step, in sample and out of sample."""

    name: str
    in_sample: VideoStatistics
    """Scores of all videos with a calibration fitted on all; optimistically biased."""
    out_of_sample: VideoStatistics
    """Scores of all videos, each with a calibration fitted without its fold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossFit:
    """A calibration and its scores."""

    calibration: Calibration
    """Calibration fitted on all videos, for use."""
    fold_calibrations: tuple[Calibration, ...]
    """Calibrations by fold; differences between them show the uncertainty."""
    steps: tuple[Step, ...]


def fit_calibration(
    outputs: Sequence[SequenceOutputs],
    targets: Mapping[str, TaskColumns],
    fit: CalibrationFit | None = None,
) -> Calibration:
    """Return the calibration with the best scores on these videos.

    Args:
        outputs: Raw outputs, one record per video.
        targets: Labels by video, of the same rows.
        fit: Parts to fit, and their grids.

    Raises:
        EvaluationError: If outputs and labels are inconsistent.
    """
    rows = label_rows(outputs, targets)
    return _Fitter(rows, fit or CalibrationFit()).calibration(np.ones(len(outputs), bool))


def cross_fit(
    outputs: Sequence[SequenceOutputs],
    targets: Mapping[str, TaskColumns],
    folds: Sequence[Sequence[str]],
    fit: CalibrationFit | None = None,
    *,
    spaces: LabelSpaces | None = None,
) -> CrossFit:
    """Fit on all folds but one in turn and score the held-out videos.

    Args:
        outputs: Raw outputs, one record per video.
        targets: Labels by video, of the same rows.
        folds: Videos of each fold; every video in exactly one fold, at least two folds.
        fit: Parts to fit, and their grids.
        spaces: Label spaces, for the scores.

    Raises:
        EvaluationError: If outputs, labels and folds are inconsistent.
    """
    rows = label_rows(outputs, targets)
    held = held_out(rows, folds)
    fitter = _Fitter(rows, fit or CalibrationFit())
    everything = np.ones(len(outputs), bool)
    whole = fitter.calibration(everything)
    per_fold = [fitter.calibration(~fold) for fold in held]
    spaces = spaces or LabelSpaces()

    steps = []
    for name, part_of in STEPS.items():
        decisions = fitter.decided(part_of(whole), everything)
        parts = [
            (fold, fitter.decided(part_of(calibration), fold))
            for fold, calibration in zip(held, per_fold, strict=True)
        ]
        steps.append(
            Step(
                name=name,
                in_sample=statistics(rows, decisions, spaces),
                out_of_sample=statistics(rows, joined(rows, parts), spaces),
            )
        )
    return CrossFit(
        calibration=whole, fold_calibrations=tuple(per_fold), steps=tuple(steps)
    )


class _Fitter:
    """Fits on any subset of the videos; smoothed outputs are cached."""

    def __init__(self, rows: LabeledRows, fit: CalibrationFit) -> None:
        self._rows, self._fit = rows, fit
        self._choice = SmoothingChoice(rows, fit.grids)
        self._kept: dict[tuple[Task, object], Probs] = {}

    def calibration(self, counted: NDArray[np.bool_]) -> Calibration:
        """Return the best calibration over the selected videos, a mask of shape (V,)."""
        smoothing = self._choice.best(counted)
        fitted: dict[str, float | tuple[float, ...]] = {}
        if Task.EXPRESSION in self._rows.labels:
            fitted |= self._expression(smoothing, counted)
        if Task.ACTION_UNITS in self._rows.labels:
            fitted |= self._action_units(smoothing, counted)
        return Calibration(smoothing=smoothing, **fitted)  # type: ignore[arg-type]

    def decided(self, calibration: Calibration, counted: NDArray[np.bool_]) -> Decided:
        """Return the predictions for the rows of the selected videos."""
        probs = {
            task: self._probs(task, calibration.smoothing) for task in self._rows.labels
        }
        is_counted, label_row = self._rows.rows_of(counted)
        selected = {task: values[is_counted] for task, values in probs.items()}
        return decide(selected, calibration, label_row)

    def _expression(
        self, smoothing: Smoothing, counted: NDArray[np.bool_]
    ) -> dict[str, float | tuple[float, ...]]:
        labels = self._rows.labels[Task.EXPRESSION]
        rows = counted[self._rows.video_index] & labels.valid
        probs = self._rows.pooled(self._probs(Task.EXPRESSION, smoothing))[rows]
        target = labels.values[rows]
        temperature = expression_temperature(probs, target, np.ones(len(target), bool))
        tempered = expression_probs(probs, Calibration(expression_temperature=temperature))
        bias: tuple[float, ...] = ()
        if self._fit.expression:
            videos = self._rows.video_index[rows]
            bias = fit_bias(tempered, target, videos, fit=self._fit.expression)
        return {"expression_temperature": temperature, "expression_bias": bias}

    def _action_units(
        self, smoothing: Smoothing, counted: NDArray[np.bool_]
    ) -> dict[str, float | tuple[float, ...]]:
        rows = counted[self._rows.video_index]
        probs = self._rows.pooled(self._probs(Task.ACTION_UNITS, smoothing))[rows]
        labels = self._rows.labels[Task.ACTION_UNITS]
        target, valid = labels.values[rows], labels.valid[rows]
        temperature = unit_temperature(probs, target, valid)
        tempered = unit_probs(probs, Calibration(action_units_temperature=temperature))
        thresholds: tuple[float, ...] = ()
        if self._fit.action_units:
            videos = self._rows.video_index[rows]
            thresholds = fit_thresholds(
                tempered, target, valid, videos, sweep=self._fit.action_units
            )
        return {
            "action_units_temperature": temperature,
            "action_unit_thresholds": thresholds,
        }

    def _probs(self, task: Task, smoothing: Smoothing) -> Probs:
        kind = smoothing.of(task)
        if (task, kind) not in self._kept:
            self._kept[task, kind] = self._rows.smoothed(task, kind)
        return self._kept[task, kind]
