"""Sampling of training windows.

Symbols: N rows with features, of all sequences in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wildaffect.core.config import Config
from wildaffect.core.sequences import FrameSequence
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


def row_weights(sequences: Sequence[FrameSequence], sampling: Sampling) -> Weights | None:
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
            columns = [
                sequence.targets.expression.take(sequence.computed_rows)
                for sequence in sequences
            ]
            values = np.concatenate([column.values for column in columns])
            valid = np.concatenate([column.valid for column in columns])
            return class_weights(values, valid, power)
