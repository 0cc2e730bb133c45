"""Scales of rated numbers, such as pain from 0 to 10, and sets of them.

Values are in the scale's own units everywhere but in networks and losses, which work with
the position on the scale, from -1 at its lower end to 1 at its upper.
"""

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.config import Config

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Config):
    """Name and range of a rated number.

    Raises:
        ValueError: If the name cannot be a column of a table, or the range is empty.
    """

    label: str
    """Name of the number, which is its column in tables."""
    low: float
    """Lowest value."""
    high: float
    """Highest value."""

    def __post_init__(self) -> None:
        if not _LABEL.fullmatch(self.label):
            raise ValueError(
                f"scale: name must be letters, digits and _, starting with a letter, got "
                f"{self.label!r}"
            )
        finite = math.isfinite(self.low) and math.isfinite(self.high)
        if not finite or self.low >= self.high:
            raise ValueError(
                f"scale {self.label}: the range must go up from its lower end to its "
                f"upper, got [{self.low:g}, {self.high:g}]"
            )

    @property
    def ends(self) -> str:
        """Return the range in text, such as `[0, 10]`."""
        return f"[{self.low:g}, {self.high:g}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSpace(Config):
    """Scales in the order of a model's outputs; may be empty."""

    name: str
    scales: tuple[Scale, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.scales):
            raise ValueError(
                f"scales {self.name!r}: names must be distinct, got "
                f"{', '.join(self.labels)}"
            )

    def __len__(self) -> int:
        return len(self.scales)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the name of each scale."""
        return tuple(scale.label for scale in self.scales)

    def index(self, label: str) -> int:
        """Return the position of a scale.

        Raises:
            KeyError: If there is no such scale; the message suggests the nearest.
        """
        if label not in self.labels:
            near = get_close_matches(label, self.labels) or list(self.labels)
            raise KeyError(
                f"scales {self.name!r} have no {label!r}; did you mean {', '.join(near)}?"
            )
        return self.labels.index(label)

    @property
    def middle(self) -> NDArray[np.float64]:
        """Middle of each range, shape (K,)."""
        return np.array([(scale.low + scale.high) / 2 for scale in self.scales])

    @property
    def half_range(self) -> NDArray[np.float64]:
        """Distance from the middle of each range to its ends, shape (K,)."""
        return np.array([(scale.high - scale.low) / 2 for scale in self.scales])

    def in_units(self, positions: NDArray[Any]) -> NDArray[np.float64]:
        """Return values from positions on the scales, clipped to them, shape (..., K)."""
        return self.middle + self.half_range * np.clip(positions, -1.0, 1.0)

    def positions(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the positions of values on their scales, shape (..., K)."""
        return (values - self.middle) / self.half_range


NO_SCALES = ScaleSpace(name="none")
"""The empty set, of data sets and models without such numbers."""
