"""Predictions for annotated frames, with a mask for missing ones.

Symbols: N rows, those of an `Annotations` in its order; C classes; K action units.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumns, shape_problems
from wildaffect.core.tasks import SCALE_TASKS, SINGLE_TASKS, LabelSpaces, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions(TaskColumns):
    """Predictions for the rows of one set of annotations, column by column.

    Where a mask is False there is no prediction. The evaluation protocol defines how a
    frame without a prediction counts.

    Raises:
        ValueError: If a shape does not fit, or a valid value is not finite, is no class
            of the label space, or is neither 0 nor 1 for an action unit.
    """

    expression_probs: NDArray[np.floating[Any]] | None = None
    """Probability of each class, if predicted, shape (N, C)."""
    action_unit_probs: NDArray[np.floating[Any]] | None = None
    """Probability of each action unit, if predicted, shape (N, K)."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    provenance: Mapping[str, object] = field(default_factory=dict)
    """Origin, such as the artifact and its hash, shown in reports."""
    tuned_on: tuple[str, ...] = ()
    """Sets whose labels were used to fit or select weights, thresholds or smoothing."""

    def __post_init__(self) -> None:
        TaskColumns.__post_init__(self)
        for problem in self._problems():
            raise ValueError(f"predictions: {problem}")

    def _problems(self) -> Iterator[str]:
        yield from shape_problems(self, self.spaces)
        for name, probs, space in (
            ("expression_probs", self.expression_probs, self.spaces.expressions),
            ("action_unit_probs", self.action_unit_probs, self.spaces.action_units),
        ):
            shape = (len(self), len(space))
            if probs is not None and probs.shape != shape:
                yield f"{name} must have shape {shape}, got {probs.shape}"
        for task in (*SINGLE_TASKS, *SCALE_TASKS):
            values = self[task].values[self[task].valid]
            wrong = ~np.isfinite(values)
            if wrong.any():
                yield (
                    f"{task} must be finite where it is valid, got {values[wrong][0]}; "
                    "mask such rows"
                )
        num_classes = len(self.spaces.expressions)
        for task, num_codes in ((Task.EXPRESSION, num_classes), (Task.ACTION_UNITS, 2)):
            codes = self[task].values[self[task].valid]
            wrong = ~((codes >= 0) & (codes < num_codes))
            if wrong.any():
                yield (
                    f"{task} must lie in [0, {num_codes}) where it is valid, got "
                    f"{codes[wrong][0]}"
                )
