"""Conversion of batches to tensors, and feature statistics of the training rows.

Symbols: B windows, T rows of the longest one, D features, C classes, K action units.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.data.collate import Batch
from wildaffect.training.core.targets import to_targets


class TensorBatch(NamedTuple):
    """Padded batch of windows on one device; masks are False on padding."""

    features: Tensor
    """Shape (B, T, D); NaN where a feature set is absent."""
    lengths: Tensor
    """Shape (B,)."""
    times_s: Tensor
    """Seconds since the first row of each window, shape (B, T)."""
    targets: dict[Task, Tensor]
    valid: dict[Task, Tensor]
    clip_level: Tensor
    """True for windows whose targets are of the video as a whole, shape (B,)."""


def to_tensors(batch: Batch, device: torch.device, spaces: LabelSpaces) -> TensorBatch:
    """Move a batch to a device; times become seconds since each window's first row."""
    times_s = (batch.time_s - batch.time_s[:, :1]).astype(np.float32)
    targets, valid = to_targets(batch.targets, device, spaces)
    return TensorBatch(
        features=torch.from_numpy(batch.features).to(device),
        lengths=torch.from_numpy(batch.lengths).to(device),
        times_s=torch.from_numpy(times_s).to(device),
        targets=targets,
        valid=valid,
        clip_level=torch.from_numpy(batch.clip_level).to(device),
    )


class FeatureMoments(NamedTuple):
    """Mean and standard deviation of each feature over the training rows."""

    mean: NDArray[np.float64]
    """Shape (D,)."""
    std: NDArray[np.float64]
    """Shape (D,)."""


def feature_moments(sequences: Sequence[FrameSequence]) -> FeatureMoments:
    """Return the moments over all rows that have the feature; each counts once."""
    count = total = squares = np.zeros(sequences[0].features.shape[1])
    for sequence in sequences:
        rows = sequence.features[sequence.has_feature].astype(np.float64)
        is_present = ~np.isnan(rows)
        rows = np.where(is_present, rows, 0.0)
        count = count + is_present.sum(0)
        total = total + rows.sum(0)
        squares = squares + (rows**2).sum(0)
    count = np.maximum(count, 1)
    mean = total / count
    return FeatureMoments(mean, np.sqrt(np.maximum(squares / count - mean**2, 0.0)))


def rows_per_second(sequences: Sequence[FrameSequence]) -> float:
    """Return the inverse of the median time between adjacent rows with features."""
    steps = [np.diff(sequence.time_s[sequence.has_feature]) for sequence in sequences]
    every = np.concatenate(steps) if steps else np.zeros(0)
    return float(1 / np.median(every)) if len(every) else 1.0
