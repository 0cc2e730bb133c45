"""What a task tells others: its hidden vector, or its labels as vectors.

Symbols: B windows, T rows, K labels, F width of what is told.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from wildaffect.core.tasks import Task
from wildaffect.models.frameworks import LabelFeedback
from wildaffect.models.heads import HeadOutput


class GroundTruth(NamedTuple):
    """Labels that take the place of some predictions in training."""

    targets: Mapping[Task, Tensor]
    """As a loss takes them; where not valid, anything."""
    valid: Mapping[Task, Tensor]
    """True where annotated: (B, T), of action units (B, T, K)."""
    share: float | Tensor
    """Of rows told the truth, in [0, 1]; a tensor has shape ()."""


class HiddenFeedbackLayer(nn.Module):
    """Tells the vector that enters a head's last linear map."""

    def __init__(self, *, detach: bool) -> None:
        super().__init__()
        self.detach = detach

    def forward(self, said: HeadOutput, labels: GroundTruth | None) -> Tensor:  # noqa: ARG002
        """Return shape (B, T, F)."""
        return said.hidden.detach() if self.detach else said.hidden


class LabelFeedbackLayer(nn.Module):
    """Tells labels as the sum of their learned vectors, each weighted by how true it is.

    Weights are probabilities; of valence and arousal (x + 1) / 2, x cut to [-1, 1]. In
    training each row of each window is drawn to be told the truth with the given
    probability; where that is not annotated, a learned vector for "unknown" stands in, so
    that it is not mistaken for "none".

    Source:
        Label feedback of the ABAW4 system (arXiv 2207.09373). Different here: rows are
        drawn for each window by itself, and unknown labels have vectors of their own.
    """

    def __init__(self, task: Task, num_labels: int, config: LabelFeedback) -> None:
        super().__init__()
        self.task = task
        self.num_labels = num_labels
        self.detach = config.detach
        num_unknown = num_labels if task is Task.ACTION_UNITS else 1
        self.known = nn.Parameter(torch.randn(num_labels, config.embedding_dim))
        self.unknown = nn.Parameter(torch.randn(num_unknown, config.embedding_dim))

    def forward(self, said: HeadOutput, labels: GroundTruth | None) -> Tensor:
        """Return shape (B, T, F)."""
        raw = said.raw.detach() if self.detach else said.raw
        weights = self._weights(raw)
        if labels is None or not self.training:
            return weights @ self.known
        true, valid = self._truth(labels)
        drawn = torch.rand(raw.shape[:2], device=raw.device) < labels.share
        drawn = drawn[..., None]
        known = torch.where(drawn, torch.where(valid, true, 0.0), weights)
        unknown = (drawn & ~valid).float()
        return known @ self.known + unknown @ self.unknown

    def _weights(self, raw: Tensor) -> Tensor:
        match self.task:
            case Task.VALENCE | Task.AROUSAL:
                return (raw.clamp(-1.0, 1.0) + 1.0) / 2.0
            case Task.EXPRESSION:
                return raw.softmax(-1)
            case Task.ACTION_UNITS:
                return raw.sigmoid()

    def _truth(self, labels: GroundTruth) -> tuple[Tensor, Tensor]:
        """Return true weights (B, T, K) and which are annotated, (B, T, K or 1)."""
        target, valid = labels.targets[self.task], labels.valid[self.task]
        match self.task:
            case Task.VALENCE | Task.AROUSAL:
                return ((target.float() + 1.0) / 2.0)[..., None], valid[..., None]
            case Task.EXPRESSION:
                classes = torch.where(valid, target, 0)
                one_hot = nn.functional.one_hot(classes, self.num_labels)
                return one_hot.float(), valid[..., None]
            case Task.ACTION_UNITS:
                return target.float(), valid
