"""Length of an epoch of temporal training, in optimizer steps.

Symbols: V videos, m videos of a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class AllRows(Config):
    """As many steps as it takes for as many rows as the training data has."""

    kind: Literal["all-rows"] = "all-rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class PaddedVideos(Config):
    """As many steps as a loop over batches of padded videos takes, one for each window.

    Such a loop pads every video of a batch to the longest one and cuts the batch into
    consecutive windows. Most windows lie beyond the end of most videos, so that a step sees
    fewer rows than `num_videos` windows have; `batch_size` should be what remains. Videos
    of the dev split are counted too.
    """

    num_videos: int = 8
    """Videos of a batch."""
    num_rows: int = 64
    """Rows of a window."""
    kind: Literal["padded-videos"] = "padded-videos"

    def __post_init__(self) -> None:
        check_numbers(
            "epoch_length", "[1, inf)", num_videos=self.num_videos, num_rows=self.num_rows
        )


EpochLength = AllRows | PaddedVideos


def num_padded_steps(config: PaddedVideos, rows_of_videos: Sequence[int]) -> int:
    """Return the number of steps of an epoch, the mean over all orders of the videos.

    Args:
        config: Sizes of batches and windows.
        rows_of_videos: Number of rows of each of V videos, at least one video.
    """
    windows = np.sort(-(-np.asarray(rows_of_videos) // config.num_rows))
    num_whole, num_left = divmod(len(windows), config.num_videos)
    total = num_whole * _mean_largest(windows, config.num_videos) if num_whole else 0.0
    if num_left:
        total += _mean_largest(windows, num_left)
    return max(1, round(total))


def _mean_largest(ascending: np.ndarray, num_drawn: int) -> float:
    """Return the mean of the largest of m values drawn without replacement."""
    num_ways = comb(len(ascending), num_drawn)
    return sum(
        float(value) * (comb(below, num_drawn - 1) / num_ways)
        for below, value in enumerate(ascending)
    )
