"""Calibration of network outputs: settings, and their application.

The order is the same everywhere, offline and in a stream: smoothing, temperature (on log p
and logit p), bias of the expressions (on log p), then the most probable class and a
threshold for each action unit. Symbols: T rows, C classes, K action units.

If anatomy excludes two action units from each other, only that further above its threshold
is present.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.inference.smoothing import Smoothing, smooth

Probs = NDArray[np.float32]

EVEN_THRESHOLD = 0.5
"""Default threshold of an action unit if no threshold was fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Config):
    """Calibration between network outputs and predictions; part of an artifact.

    Classes and action units are in the order of the outputs.

    Raises:
        ValueError: If a temperature is not positive, a bias not finite, or a threshold not
            in [0, 1], or the margin not in [0, 1).
    """

    smoothing: Smoothing = field(default_factory=Smoothing)
    expression_temperature: float = 1.0
    """Log-probabilities are divided by it."""
    action_units_temperature: float = 1.0
    """Logits of the probabilities are divided by it."""
    expression_bias: tuple[float, ...] = ()
    """Added to log-probabilities, one per class; empty for none."""
    action_unit_thresholds: tuple[float, ...] = ()
    """Threshold of the probability of each action unit; empty for 0.5."""
    expression_margin: float = 0.0
    """Margin of the most probable class below which overlay, summary and gallery show
    "unclear"."""

    def __post_init__(self) -> None:
        check_numbers(
            "calibration",
            "(0, inf)",
            expression_temperature=self.expression_temperature,
            action_units_temperature=self.action_units_temperature,
        )
        check_numbers("calibration", "[0, 1)", expression_margin=self.expression_margin)
        for threshold in self.action_unit_thresholds:
            check_numbers("calibration", "[0, 1]", action_unit_thresholds=threshold)
        if not np.isfinite(self.expression_bias).all():
            raise ValueError(
                f"calibration: expression_bias must be finite, got {self.expression_bias}"
            )


class Calibrated(NamedTuple):
    """Outputs after calibration, and the decisions based on them."""

    outputs: SequenceOutputs
    expression: NDArray[np.int64] | None
    """Most probable class, shape (T,); None where the task is not predicted."""
    action_units: NDArray[np.int8] | None
    """1 where a unit counts as present, shape (T, K); None if not predicted."""


def apply_calibration(
    outputs: SequenceOutputs,
    calibration: Calibration,
    *,
    excluded: Sequence[tuple[int, int]] = (),
) -> Calibrated:
    """Return the outputs of a video after smoothing, temperature and bias, and decisions.

    Args:
        outputs: Raw outputs of the video.
        calibration: Calibration to apply.
        excluded: Positions of action units that are never present together.

    Raises:
        ValueError: If biases or thresholds are not one per class or unit.
    """
    smoothed = apply_smoothing(outputs, calibration.smoothing)
    probs = dict(smoothed.probs)
    expression, action_units = None, None
    if Task.EXPRESSION in probs:
        probs[Task.EXPRESSION] = expression_probs(probs[Task.EXPRESSION], calibration)
        expression = probs[Task.EXPRESSION].argmax(1)
    if Task.ACTION_UNITS in probs:
        probs[Task.ACTION_UNITS] = unit_probs(probs[Task.ACTION_UNITS], calibration)
        present = units_present(probs[Task.ACTION_UNITS], calibration, excluded)
        action_units = present.astype(np.int8)
    calibrated = SequenceOutputs(
        video=outputs.video,
        frame_number=outputs.frame_number,
        time_s=outputs.time_s,
        probs=probs,
        spread=smoothed.spread,
    )
    return Calibrated(calibrated, expression, action_units)


def apply_smoothing(outputs: SequenceOutputs, smoothing: Smoothing) -> SequenceOutputs:
    """Return the outputs with each task, and its spread, smoothed over time."""

    def smoothed(task: Task, values: Probs) -> Probs:
        kind = smoothing.of(task)
        if kind is None:
            return values
        flat = values.reshape(len(values), -1)
        return smooth(flat, outputs.time_s, kind).reshape(values.shape)

    return SequenceOutputs(
        video=outputs.video,
        frame_number=outputs.frame_number,
        time_s=outputs.time_s,
        probs={task: smoothed(task, values) for task, values in outputs.probs.items()},
        spread={task: smoothed(task, values) for task, values in outputs.spread.items()},
    )


def expression_probs(probs: Probs, calibration: Calibration) -> Probs:
    """Return class probabilities after temperature and bias, shape (..., C), summing to 1.

    Raises:
        ValueError: If there is not one bias per class.
    """
    bias = np.array(calibration.expression_bias)
    temperature = calibration.expression_temperature
    if not len(bias) and temperature == 1.0:
        return probs
    _check_one_each("expression_bias", bias, probs.shape[-1])
    likely = probs / probs.max(-1, keepdims=True)
    powers = likely.astype(np.float64) ** (1.0 / temperature)
    if len(bias):
        powers = powers * np.exp(bias - bias.max())
    return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)


def expression_is_unclear(probs: Probs, margin: float) -> bool:
    """Return whether the best class of one row leads by less than the margin, shape (C,).

    A model of a single class is never unclear.
    """
    if len(probs) < 2:
        return False
    second, best = np.partition(probs, -2)[-2:]
    return bool(best - second < margin)


def unit_probs(probs: Probs, calibration: Calibration) -> Probs:
    """Return probabilities of action units after the temperature, shape (..., K)."""
    temperature = calibration.action_units_temperature
    if temperature == 1.0:
        return probs
    present, absent = (
        part.astype(np.float64) ** (1.0 / temperature) for part in (probs, 1.0 - probs)
    )
    return (present / (present + absent)).astype(np.float32)


def units_present(
    probs: Probs, calibration: Calibration, excluded: Sequence[tuple[int, int]] = ()
) -> NDArray[np.bool_]:
    """Return whether each unit counts as present, shape (..., K), for calibrated probs.

    Args:
        probs: Calibrated, shape (..., K).
        calibration: Calibration with the thresholds.
        excluded: Pairs of units that are never present together. Units are selected in
            order of decreasing margin over their threshold, skipping those that a selected
            unit excludes.

    Raises:
        ValueError: If there is not one threshold per unit.
    """
    thresholds = np.array(calibration.action_unit_thresholds, np.float32)
    _check_one_each("action_unit_thresholds", thresholds, probs.shape[-1])
    thresholds = thresholds if len(thresholds) else np.array(EVEN_THRESHOLD, np.float32)
    present = probs >= thresholds
    if excluded:
        margins = probs - thresholds
        both = [present[..., first] & present[..., second] for first, second in excluded]
        for row in map(tuple, np.argwhere(np.any(both, axis=0))):
            _drop_excluded(present[row], margins[row], excluded)
    return present


def _drop_excluded(
    present: NDArray[np.bool_], margins: Probs, excluded: Sequence[tuple[int, int]]
) -> None:
    """Remove the units of one row that a unit with a larger margin excludes, in place."""
    for unit in np.argsort(-margins, kind="stable").tolist():
        if present[unit]:
            for first, second in excluded:
                if unit in (first, second):
                    present[second if unit == first else first] = False


def _check_one_each(name: str, given: NDArray[np.floating], num_labels: int) -> None:
    if len(given) not in {0, num_labels}:
        raise ValueError(
            f"calibration: {name} must be one for each of {num_labels} labels, "
            f"got {len(given)}"
        )
