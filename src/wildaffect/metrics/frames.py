"""Targets beside predictions, ready to be scored."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import LabelSpaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One task: what was annotated, what was predicted, and where both are there."""

    target: NDArray[Any]
    pred: NDArray[Any]
    valid: NDArray[np.bool_]
    """True where the value counts; the other two are never read where it is False."""

    def __post_init__(self) -> None:
        for name in ("pred", "valid"):
            shape = getattr(self, name).shape
            if shape != self.target.shape:
                raise ValueError(f"{name} must have shape {self.target.shape}, got {shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFrames:
    """The same N frames in every task; None for a task that is not scored."""

    valence: Pair | None = None
    """In [-1, 1], shape (N,)."""
    arousal: Pair | None = None
    """In [-1, 1], shape (N,)."""
    expression: Pair | None = None
    """Class of `spaces.expressions`; predictions may also be `OUTSIDE`; shape (N,)."""
    action_units: Pair | None = None
    """Occurrence 0 or 1 in the order of `spaces.action_units`, shape (N, K)."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)

    def __post_init__(self) -> None:
        pairs = [pair for pair in self.pairs() if pair is not None]
        lengths = {len(pair.target) for pair in pairs}
        if len(lengths) > 1:
            raise ValueError(f"tasks must have the same frames, got {sorted(lengths)}")
        units = self.action_units
        if units is not None and units.target.shape[1:] != (len(self.spaces.action_units),):
            raise ValueError(
                f"action_units must have shape (N, {len(self.spaces.action_units)}) as in "
                f"{self.spaces.action_units.name!r}, got {units.target.shape}"
            )

    def __len__(self) -> int:
        return max(
            (len(pair.target) for pair in self.pairs() if pair is not None), default=0
        )

    def pairs(self) -> tuple[Pair | None, ...]:
        """Return valence, arousal, expression and action units."""
        return self.valence, self.arousal, self.expression, self.action_units
