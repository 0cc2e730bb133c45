"""Objective of temporal models: windows of sequences, multi-task loss, dev split."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.losses.clips import Pooled, pool_clips
from wildaffect.losses.multitask import LossReport, build_loss
from wildaffect.models.build import build_model
from wildaffect.models.feedback import GroundTruth
from wildaffect.models.frameworks import LabelFeedback
from wildaffect.models.fusion.fusion import views
from wildaffect.training.core.dev_split import split_subjects
from wildaffect.training.core.distributed import gather, processes_of
from wildaffect.training.core.label_counts import count_labels
from wildaffect.training.core.optimizer import decay_groups
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.temporal.batches import TrainingBatches
from wildaffect.training.temporal.epoch_length import (
    AllRows,
    PaddedVideos,
    num_padded_steps,
)
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import raw_scores
from wildaffect.training.temporal.tensors import TensorBatch, feature_moments

_CHANCE = 0xD20
"""Separates the random stream of a step from that of its windows."""


class StepBatch(NamedTuple):
    """Batch of one step."""

    windows: TensorBatch
    step: int


class TemporalObjective:
    """Objective of a temporal model on sequences.

    Attributes:
        sampler: Sampler of training batches.
        train_part: Sequences that are trained on: all without those of the dev split.
        dev: Sequences of the dev split; empty without one.

    Args:
        recipe: Recipe to train.
        sequences: Training sequences.
        fabric: Fabric of this process.
        spaces: Label spaces of the targets.
    """

    is_channels_last = False

    def __init__(
        self,
        recipe: TemporalRecipe,
        sequences: Sequence[FrameSequence],
        *,
        fabric: Any,
        spaces: LabelSpaces,
    ) -> None:
        self._recipe, self._fabric, self._spaces = recipe, fabric, spaces
        self.train_part = list(sequences)
        self.dev: list[FrameSequence] = []
        self.patience_epochs: int | None = None
        if isinstance(recipe.selection, BestOnDevSplit):
            self.patience_epochs = recipe.selection.patience_epochs
            self.train_part, self.dev = split_subjects(
                sequences, recipe.selection.share, seed=recipe.seed
            )
        self.sampler = TrainingBatches(
            self.train_part, recipe, processes_of(fabric), spaces
        )
        self.steps_per_epoch = self._count_steps(sequences)
        self.ema_decay = recipe.ema_decay
        torch.manual_seed(recipe.seed)
        first = sequences[0]
        width = first.features.shape[1]
        model = build_model(recipe.model, width, spaces, first.set_widths)
        fusion = recipe.model.fusion
        self._set_widths = first.set_widths
        self._num_alone = fusion.num_alone(len(first.set_widths)) if fusion else 0
        moments = feature_moments(self.train_part)
        model.standardize(torch.from_numpy(moments.mean), torch.from_numpy(moments.std))
        counts = count_labels([each.computed_targets for each in self.train_part], spaces)
        loss = build_loss(recipe.loss, spaces, counts)
        self.model: nn.Module = model.to(fabric.device)
        self.loss: nn.Module = loss.to(fabric.device)
        noise = recipe.input_noise * torch.from_numpy(moments.std).float()
        self._noise = noise.to(fabric.device) if noise.any() else None

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups; weight decay applies to matrices only."""
        return decay_groups(self.model, self.loss, self._recipe.optim.weight_decay)

    def batches(self, first_step: int) -> Iterator[StepBatch]:
        """Yield the batches of this step and all later steps, indefinitely."""
        drawn = self.sampler.from_step(first_step, self._fabric.device)
        for step, windows in enumerate(drawn, start=first_step):
            yield StepBatch(windows, step)

    def forward_backward(self, forward: nn.Module, batch: StepBatch) -> LossReport:
        """Accumulate the gradient of a batch and return its loss over all processes.

        A fusion that learns sets alone has the mean of all views; the loss returned is of
        all sets.

        Dropout and noise depend only on the seed, the step and the process.
        """
        windows = batch.windows
        rank = processes_of(self._fabric).rank
        seeds = np.random.SeedSequence((self._recipe.seed, _CHANCE, batch.step, rank))
        torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0]))
        truth = GroundTruth(windows.targets, windows.valid, self._truth_share(batch.step))
        features = windows.features
        if self._noise is not None:
            features = features + self._noise * torch.randn_like(features)
        reports = []
        every = [features]
        if self._num_alone:
            every = views(features, self._set_widths, self._num_alone)
        for view in every:
            outputs = forward(view, windows.lengths, windows.times_s, truth)
            reports.append(self.report(outputs, batch))
            self._fabric.backward(reports[-1].total / len(every))
        return reports[0]

    def report(self, outputs: dict[Task, Tensor], batch: StepBatch) -> LossReport:
        """Return the loss of a batch's outputs over all processes."""
        windows = batch.windows
        pooled = Pooled(outputs, windows.targets, windows.valid)
        if bool(windows.clip_level.any()):
            pooled = pool_clips(*pooled, windows.clip_level)
        report: LossReport = self.loss(*(gather(self._fabric, part) for part in pooled))
        return report

    def evaluate(self, model: nn.Module, epoch: int) -> dict[str, float]:  # noqa: ARG002
        """Return scores on the dev split; empty without one."""
        if not self.dev:
            return {}
        with self._fabric.autocast():  # as in training; finished runs predict in float32
            return raw_scores(model, self.dev, self._recipe, self._spaces)

    def out_of_memory_message(self) -> str:
        """Return the message for an out-of-memory error."""
        num_windows = self._recipe.batch_size // processes_of(self._fabric).count
        return (
            f"out of memory with {num_windows} windows per step and process; use a smaller "
            "batch_size in another folder, or more processes"
        )

    def _count_steps(self, sequences: Sequence[FrameSequence]) -> int:
        """Return the number of steps of an epoch."""
        match self._recipe.epoch_length:
            case AllRows():
                return max(1, round(self.sampler.num_rows / self.sampler.rows_per_step))
            case PaddedVideos() as config:
                rows = [len(sequence.computed_rows) for sequence in sequences]
                return num_padded_steps(config, rows)

    def _truth_share(self, step: int) -> float:
        """Return the share of ground truth in label feedback."""
        feedback = self._recipe.model.framework.feedback
        if not isinstance(feedback, LabelFeedback):
            return 0.0
        num_steps = self.steps_per_epoch * self._recipe.num_epochs
        left = 1 - step / num_steps if self._recipe.decay_truth_share else 1.0
        return feedback.truth_share * left
