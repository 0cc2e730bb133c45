"""Sampling of training windows.

Symbols: N rows with features, of all sequences in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wildaffect.core.columns import concatenate
from wildaffect.core.config import Config
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.training.core.sampling import (
    BalancedClasses,
    BalancedVideos,
    Weights,
    class_weights,
    video_weights,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EveryRow(Config):
    """Every row with features is as likely: long videos are sampled more often."""

    kind: Literal["every-row"] = "every-row"


Sampling = EveryRow | BalancedClasses | BalancedVideos


def row_weights(
    sequences: Sequence[FrameSequence], sampling: Sampling, spaces: LabelSpaces
) -> Weights | None:
    """Return the probability of each row around which a window is cut, shape (N,).

    None if all are equal.
    """
    match sampling:
        case EveryRow():
            return None
        case BalancedVideos(power=power):
            counts = [len(sequence.computed_rows) for sequence in sequences]
            return video_weights(np.repeat(np.arange(len(counts)), counts), power)
        case BalancedClasses(power=power):
            labels = concatenate([sequence.computed_targets for sequence in sequences])
            return class_weights(labels.class_shares(len(spaces.expressions)), power)
