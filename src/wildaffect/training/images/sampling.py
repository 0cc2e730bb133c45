"""Sampling of images; the step number alone determines them, for exact resuming.

Symbols: N images, B images of a step.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.config import Config
from wildaffect.training.core.sampling import BalancedClasses, BalancedVideos

_ORDER, _DRAW = 0x0DE, 0xD4A


@dataclass(frozen=True, kw_only=True, slots=True)
class EveryImage(Config):
    """Each image once per epoch, in random order."""

    kind: Literal["every-image"] = "every-image"


Sampling = EveryImage | BalancedClasses | BalancedVideos


class StepRows:
    """Samples the images of any step of a run.

    Args:
        num_images: Number of images N.
        batch_size: Batch size B; an epoch skips up to B - 1 images, different ones each
        time.
        seed: Random seed.
        weights: Probability of each image, shape (N,); None for each once per epoch.
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
            # If there are fewer images than the batch size, repeat them.
            rounds = -(-self._size // self._num)
            orders = [rng.permutation(self._num) for _ in range(rounds)]
            self._epoch, self._order = epoch, np.concatenate(orders)
        return self._order[place * self._size :][: self._size]
