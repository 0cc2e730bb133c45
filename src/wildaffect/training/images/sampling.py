"""Which images a step trains on; the step's number alone decides, so runs resume.

Symbols: N images, B images of a step, C classes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.config import Config

_ORDER, _DRAW = 0x0DE, 0xD4A


@dataclass(frozen=True, kw_only=True, slots=True)
class EveryImage(Config):
    """Each image once per epoch, in an order of its own."""

    kind: Literal["every-image"] = "every-image"


@dataclass(frozen=True, kw_only=True, slots=True)
class BalancedClasses(Config):
    """Images drawn with replacement, those of rare expressions more often."""

    power: float = 0.5
    """Of the inverse frequency, in [0, 1]: 0 draws as they come, 1 every class alike."""
    kind: Literal["balanced-classes"] = "balanced-classes"

    def __post_init__(self) -> None:
        if not 0 <= self.power <= 1:
            raise ValueError(f"sampling: power must be in [0, 1], got {self.power}")


Sampling = EveryImage | BalancedClasses


def class_weights(
    expression: NDArray[np.int64], valid: NDArray[np.bool_], power: float
) -> NDArray[np.float64]:
    """Return how likely each image is to be drawn, summing to 1, shape (N,).

    An image without an expression weighs as much as the mean of those that have one.
    """
    weights = np.ones(len(expression))
    if valid.any():
        counts = np.bincount(expression[valid])
        weights[valid] = counts[expression[valid]] ** -power
        weights[~valid] = weights[valid].mean()
    return weights / weights.sum()


class StepRows:
    """Draws the images of any step of a run.

    Args:
        num_images: N.
        batch_size: B; an epoch leaves out up to B - 1 images, other ones each time.
        seed: Of the order.
        weights: Probability of each image, shape (N,); None takes each once per epoch.
    """

    def __init__(
        self,
        num_images: int,
        batch_size: int,
        *,
        seed: int,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self._num, self._size, self._seed = num_images, batch_size, seed
        self._weights = weights
        self.steps_per_epoch = max(1, num_images // batch_size)
        self._epoch, self._order = -1, np.zeros(0, np.int64)

    def __call__(self, step: int) -> NDArray[np.int64]:
        """Return the images of a step, shape (B,)."""
        if self._weights is not None:
            rng = np.random.default_rng((self._seed, _DRAW, step))
            return rng.choice(self._num, self._size, p=self._weights)
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng((self._seed, _ORDER, epoch))
            # Fewer images than a batch holds are gone through several times.
            rounds = -(-self._size // self._num)
            orders = [rng.permutation(self._num) for _ in range(rounds)]
            self._epoch, self._order = epoch, np.concatenate(orders)
        return self._order[place * self._size :][: self._size]
