"""Collation of samples of different lengths to a padded batch; nothing else pads.

Symbols: B samples, L rows of the longest, D columns, K action units, O outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn, TaskColumns, soft_labels
from wildaffect.core.tasks import Task
from wildaffect.data.samples import Sample

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Batch of samples; rows at and beyond `lengths` are padding."""

    features: NDArray[np.float32]
    """Shape (B, L, D), zero on padding."""
    lengths: NDArray[np.int64]
    """Real rows of each sample, shape (B,)."""
    time_s: NDArray[np.float64]
    """Shape (B, L); padding repeats the last time, so that no difference is negative."""
    targets: TaskColumns
    """Shape (B, L) and (B, L, K); no mask is True on padding."""
    clip_level: NDArray[np.bool_]
    """True for samples whose targets are of the video as a whole, shape (B,)."""

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def is_real(self) -> NDArray[np.bool_]:
        """Mask of rows that are not padding, shape (B, L)."""
        return np.arange(self.features.shape[1]) < self.lengths[:, None]


def collate(samples: Sequence[Sample]) -> Batch:
    """Collate samples to a batch.

    Raises:
        ValueError: If there are no samples, or they differ in the number of columns.
    """
    widths = {sample.features.shape[1] for sample in samples}
    if len(widths) != 1:
        raise ValueError(
            "collate: samples must be at least one and have the same number of columns, "
            f"got {len(samples)} with {sorted(widths)}"
        )
    targets = {
        task: _pad_column([sample.targets[task] for sample in samples]) for task in Task
    }
    soft = soft_labels([sample.targets for sample in samples])
    return Batch(
        features=_pad([sample.features for sample in samples]),
        lengths=np.array([len(sample) for sample in samples]),
        time_s=_pad([sample.time_s for sample in samples], repeat_last=True),
        targets=TaskColumns(
            **targets, expression_shares=_pad_column(soft) if soft else None
        ),
        clip_level=np.array([sample.clip_level for sample in samples]),
    )


def _pad_column(columns: Sequence[TaskColumn]) -> TaskColumn:
    return TaskColumn(
        _pad([column.values for column in columns]),
        _pad([column.valid for column in columns]),
    )


def _pad(arrays: Sequence[NDArray[Any]], *, repeat_last: bool = False) -> NDArray[Any]:
    longest = max(map(len, arrays))
    first = arrays[0]
    padded = np.zeros((len(arrays), longest, *first.shape[1:]), dtype=first.dtype)
    for row, array in enumerate(arrays):
        padded[row, : len(array)] = array
        if repeat_last:
            padded[row, len(array) :] = array[-1]
    return padded
