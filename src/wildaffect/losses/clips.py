"""Pooling of windows whose labels are of the video as a whole.

Symbols: B windows, T rows, K columns of a task.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from wildaffect.core.tasks import Task


class Pooled(NamedTuple):
    """Outputs and labels for a loss; each clip counts as its first row alone."""

    outputs: dict[Task, Tensor]
    targets: dict[Task, Tensor]
    valid: dict[Task, Tensor]


def pool_clips(
    outputs: Mapping[Task, Tensor],
    targets: Mapping[Task, Tensor],
    valid: Mapping[Task, Tensor],
    clip_level: Tensor,
) -> Pooled:
    """Return outputs and labels with one row for each window that is labeled as a whole.

    That row has the mean over the labeled rows, of probabilities as a logit.

    Args:
        outputs: Raw outputs as a model returns them, (B, T) or (B, T, K).
        targets: As for a loss; alike in all labeled rows of such a window.
        valid: True where labeled.
        clip_level: True for windows that are labeled as a whole, shape (B,).
    """
    pooled = Pooled({}, dict(targets), dict(valid))
    for task, raw in outputs.items():
        mask = valid[task]
        rows = mask if mask.ndim == 2 else mask.any(-1)
        at = rows.to(torch.uint8).argmax(1)  # the first labeled row, 0 without one
        is_first = torch.zeros_like(rows)
        is_first[:, 0] = clip_level
        mean = _mean_output(task, raw, rows | ~rows.any(1, keepdim=True))
        pooled.outputs[task] = torch.where(_like(is_first, raw), mean[:, None], raw)
        every = torch.arange(len(at), device=at.device)
        target = targets[task]
        pooled.targets[task] = torch.where(
            _like(is_first, target), target[every, at][:, None], target
        )
        kept = torch.where(_like(is_first, mask), mask[every, at][:, None], mask)
        dropped = clip_level[:, None] & ~is_first
        pooled.valid[task] = kept & ~_like(dropped, mask)
    return pooled


def _mean_output(task: Task, raw: Tensor, rows: Tensor) -> Tensor:
    """Return the mean over the rows of a mask, shape (B,) or (B, K), in float32."""
    raw = raw.float()
    match task:
        case Task.EXPRESSION:
            return _log_mean(functional.log_softmax(raw, -1), rows)
        case Task.ACTION_UNITS:
            present = _log_mean(functional.logsigmoid(raw), rows)
            return present - _log_mean(functional.logsigmoid(-raw), rows)
        case Task.VALENCE | Task.AROUSAL | Task.DIMENSIONS | Task.INTENSITIES:
            total = raw.where(_like(rows, raw), 0.0).sum(1)
            return total / _like(rows.sum(1), total)


def _log_mean(logs: Tensor, rows: Tensor) -> Tensor:
    """Return the log of the mean probability over the rows of a mask, (B, K)."""
    total = logs.masked_fill(~rows[..., None], -torch.inf).logsumexp(1)
    return total - rows.sum(1, keepdim=True).log()


def _like(mask: Tensor, values: Tensor) -> Tensor:
    """Return a mask with as many axes as the values."""
    return mask if mask.ndim == values.ndim else mask[..., None]
