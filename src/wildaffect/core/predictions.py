"""Predictions for annotated frames, with a mask for missing ones.

Symbols: N rows, those of an `Annotations` in its order; C classes; K action units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import LabelSpaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Predictions for the rows of one set of annotations, column by column.

    Where `*_covered` is False there is no prediction and the corresponding value is never
    read. The evaluation protocol defines how a frame without a prediction counts.

    Raises:
        ValueError: If a shape does not fit, or a covered value is not finite, is no class
            of the label space, or is neither 0 nor 1 for an action unit.
    """

    valence: NDArray[np.floating[Any]]
    """Nominally in [-1, 1], but not clipped; shape (N,)."""
    arousal: NDArray[np.floating[Any]]
    """As `valence`, shape (N,)."""
    expression: NDArray[np.integer[Any]]
    """Class of `spaces.expressions`, shape (N,)."""
    action_units: NDArray[np.integer[Any]]
    """Occurrence 0 or 1 in the order of `spaces.action_units`, shape (N, K)."""
    valence_covered: NDArray[np.bool_]
    arousal_covered: NDArray[np.bool_]
    expression_covered: NDArray[np.bool_]
    action_units_covered: NDArray[np.bool_]
    """Shape (N, K); the other masks are (N,)."""
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
        self._check_shapes()
        self._check_finite("valence")
        self._check_finite("arousal")
        self._check_codes("expression", len(self.spaces.expressions))
        self._check_codes("action_units", 2)

    def __len__(self) -> int:
        return len(self.valence)

    def _check_shapes(self) -> None:
        rows: tuple[int, ...] = (len(self.valence),)
        per_class = (*rows, len(self.spaces.expressions))
        per_unit = (*rows, len(self.spaces.action_units))
        expected = {
            "valence": rows,
            "arousal": rows,
            "expression": rows,
            "action_units": per_unit,
            "valence_covered": rows,
            "arousal_covered": rows,
            "expression_covered": rows,
            "action_units_covered": per_unit,
            "expression_probs": per_class,
            "action_unit_probs": per_unit,
        }
        for name, shape in expected.items():
            column = getattr(self, name)
            if column is not None and column.shape != shape:
                raise ValueError(
                    f"predictions: {name} must have shape {shape}, got {column.shape}"
                )
            if name.endswith("_covered") and column.dtype != np.bool_:
                raise ValueError(f"predictions: {name} must be bool, got {column.dtype}")

    def _check_finite(self, name: str) -> None:
        covered = getattr(self, name)[getattr(self, f"{name}_covered")]
        wrong = ~np.isfinite(covered)
        if wrong.any():
            raise ValueError(
                f"predictions: {name} must be finite where it is covered, got "
                f"{covered[wrong][0]}; mark such rows as not covered"
            )

    def _check_codes(self, name: str, num_codes: int) -> None:
        codes = getattr(self, name)[getattr(self, f"{name}_covered")]
        wrong = ~((codes >= 0) & (codes < num_codes))
        if wrong.any():
            raise ValueError(
                f"predictions: {name} must lie in [0, {num_codes}) where it is covered, "
                f"got {codes[wrong][0]}"
            )
