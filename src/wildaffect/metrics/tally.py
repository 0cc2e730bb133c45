"""Everything that the scores need to know of a video, small enough to resample.

Symbols: G groups (videos or subjects), C classes, K action units.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import LabelSpaces
from wildaffect.metrics.classification import group_confusion, group_units
from wildaffect.metrics.frames import Pair, ScoredFrames
from wildaffect.metrics.moments import Moments, group_moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over the frames of each group; scores of any choice of groups follow."""

    valence: Moments
    """G groups."""
    arousal: Moments
    confusion: NDArray[np.int64]
    """Frames by annotated and predicted class, shape (G, C, C + 1)."""
    units: NDArray[np.int64]
    """Frames by unit, annotated and predicted occurrence, shape (G, K, 2, 2)."""
    spaces: LabelSpaces

    def __len__(self) -> int:
        return len(self.valence)


def tally_frames(
    frames: ScoredFrames,
    groups: NDArray[np.int64] | None = None,
    *,
    num_groups: int = 1,
) -> Tally:
    """Sum up each group of frames.

    Args:
        frames: N frames.
        groups: Group of each frame in [0, G), shape (N,); one group if not given.
        num_groups: G.

    Raises:
        ValueError: If a valid value is not finite, no class of the space, or not 0 or 1.
    """
    num_classes = len(frames.spaces.expressions)
    num_units = len(frames.spaces.action_units)
    confusion = np.zeros((num_groups, num_classes, num_classes + 1), np.int64)
    if (pair := frames.expression) is not None:
        confusion = group_confusion(
            pair.target,
            pair.pred,
            pair.valid,
            num_classes=num_classes,
            groups=groups,
            num_groups=num_groups,
        )
    units = np.zeros((num_groups, num_units, 2, 2), np.int64)
    if (pair := frames.action_units) is not None:
        units = group_units(
            pair.target, pair.pred, pair.valid, groups=groups, num_groups=num_groups
        )
    return Tally(
        valence=_moments(frames.valence, groups, num_groups),
        arousal=_moments(frames.arousal, groups, num_groups),
        confusion=confusion,
        units=units,
        spaces=frames.spaces,
    )


def join(first: Tally, second: Tally) -> Tally:
    """Return the groups of both.

    Raises:
        ValueError: If their label spaces differ.
    """
    if first.spaces != second.spaces:
        raise ValueError(
            f"label spaces must be the same, got {_names(first)} and {_names(second)}"
        )
    return Tally(
        valence=_join_moments(first.valence, second.valence),
        arousal=_join_moments(first.arousal, second.arousal),
        confusion=np.concatenate([first.confusion, second.confusion]),
        units=np.concatenate([first.units, second.units]),
        spaces=first.spaces,
    )


def _names(tally: Tally) -> str:
    return f"{tally.spaces.expressions.name} with {tally.spaces.action_units.name}"


def _join_moments(first: Moments, second: Moments) -> Moments:
    joined = {
        each.name: np.concatenate([getattr(first, each.name), getattr(second, each.name)])
        for each in fields(Moments)
    }
    return Moments(**joined)


def _moments(
    pair: Pair | None, groups: NDArray[np.int64] | None, num_groups: int
) -> Moments:
    if pair is None:
        return group_moments([], [], num_groups=num_groups)
    return group_moments(
        pair.target, pair.pred, pair.valid, groups=groups, num_groups=num_groups
    )
