"""Feedback layers: a task is conditioned on hidden features or labels of other tasks.

Symbols: B windows, T rows, K labels, F width of the feedback.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from wildaffect.core.tasks import Task
from wildaffect.models.frameworks import LabelFeedback
from wildaffect.models.heads import HeadOutput


class GroundTruth(NamedTuple):
    """Labels that replace some predictions in training."""

    targets: Mapping[Task, Tensor]
    """Targets as for a loss; ignored where not valid."""
    valid: Mapping[Task, Tensor]
    """Mask of annotated entries: (B, T), of action units (B, T, K)."""
    share: float | Tensor
    """Share of rows with ground truth, in [0, 1]; a tensor has shape ()."""


class HiddenFeedbackLayer(nn.Module):
    """Feeds back the input of a head's last linear layer."""

    def __init__(self, *, detach: bool) -> None:
        super().__init__()
        self.detach = detach

    def forward(self, output: HeadOutput, labels: GroundTruth | None) -> Tensor:  # noqa: ARG002
        """Return shape (B, T, F)."""
        return output.hidden.detach() if self.detach else output.hidden


class LabelFeedbackLayer(nn.Module):
    """Feeds back labels as the weighted sum of learned label embeddings.

    Weights are probabilities; for valence, arousal and positions on scales (x + 1) / 2 with
    x clipped to [-1, 1]. In training, each row of each window gets the ground truth with
    the given probability; unannotated entries use a learned embedding for "unknown", to
    distinguish them from "none".

    Source:
        Label feedback of the ABAW4 system (arXiv 2207.09373). Different here: rows are
        sampled per window, and unknown labels have their own embeddings.
    """

    def __init__(self, task: Task, num_labels: int, config: LabelFeedback) -> None:
        super().__init__()
        self.task = task
        self.num_labels = num_labels
        self.detach = config.detach
        num_unknown = 1 if task is Task.EXPRESSION else num_labels
        self.known = nn.Parameter(torch.randn(num_labels, config.embedding_dim))
        self.unknown = nn.Parameter(torch.randn(num_unknown, config.embedding_dim))

    def forward(self, output: HeadOutput, labels: GroundTruth | None) -> Tensor:
        """Return shape (B, T, F)."""
        raw = output.raw.detach() if self.detach else output.raw
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
            case Task.VALENCE | Task.AROUSAL | Task.DIMENSIONS | Task.INTENSITIES:
                return (raw.clamp(-1.0, 1.0) + 1.0) / 2.0
            case Task.EXPRESSION:
                return raw.softmax(-1)
            case Task.ACTION_UNITS:
                return raw.sigmoid()

    def _truth(self, labels: GroundTruth) -> tuple[Tensor, Tensor]:
        """Return ground truth weights (B, T, K) and their mask, (B, T, K or 1)."""
        target, valid = labels.targets[self.task], labels.valid[self.task]
        match self.task:
            case Task.VALENCE | Task.AROUSAL:
                return ((target.float() + 1.0) / 2.0)[..., None], valid[..., None]
            case Task.EXPRESSION if target.ndim > valid.ndim:  # soft labels
                return target.float(), valid[..., None]
            case Task.EXPRESSION:
                classes = torch.where(valid, target, 0)
                one_hot = nn.functional.one_hot(classes, self.num_labels)
                return one_hot.float(), valid[..., None]
            case Task.ACTION_UNITS:
                return target.float(), valid
            case Task.DIMENSIONS | Task.INTENSITIES:
                return (target.float() + 1.0) / 2.0, valid
