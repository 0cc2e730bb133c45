"""Objective of temporal models on labeled and unlabeled videos."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.losses.multitask import LossReport, MultitaskLoss
from wildaffect.training.core.distributed import gather, processes_of
from wildaffect.training.temporal.batches import TrainingBatches
from wildaffect.training.temporal.objective import StepBatch, TemporalObjective
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.teacher import TeacherLoss
from wildaffect.training.temporal.unlabeled import LabeledOnly


class SemiSupervisedObjective(TemporalObjective):
    """Adds the loss on windows of unlabeled videos; epochs count labeled rows alone.

    Args:
        recipe: Recipe to train; its `unlabeled` is not `LabeledOnly`.
        sequences: Annotated training sequences.
        unlabeled: Sequences whose labels, if any, are not used.
        fabric: Fabric of this process.
        spaces: Label spaces of the targets.
    """

    def __init__(
        self,
        recipe: TemporalRecipe,
        sequences: Sequence[FrameSequence],
        unlabeled: Sequence[FrameSequence],
        *,
        fabric: Any,
        spaces: LabelSpaces,
    ) -> None:
        super().__init__(recipe, sequences, fabric=fabric, spaces=spaces)
        config = recipe.unlabeled
        if isinstance(config, LabeledOnly) or not isinstance(self.loss, MultitaskLoss):
            raise UsageError(
                f"{recipe.name}: unlabeled must name a use of unlabeled videos"
            )
        self._config = config
        self._teaching = TeacherLoss(self.loss, self.model, config).to(fabric.device)
        self.loss = self._teaching
        processes = processes_of(fabric)
        self.sampler = TrainingBatches(
            self.train_part,
            recipe,
            processes,
            spaces,
            unlabeled=unlabeled,
            num_unlabeled=max(1, round(config.windows_ratio * recipe.batch_size)),
        )
        self._num_labeled = recipe.batch_size // processes.count

    def forward_backward(self, forward: nn.Module, batch: StepBatch) -> LossReport:
        """Update the teacher, then as for labeled videos."""
        self._teaching.update(self.model)
        return super().forward_backward(forward, batch)

    def report(self, outputs: dict[Task, Tensor], batch: StepBatch) -> LossReport:
        """Return the loss on labels plus the weighted loss on unlabeled windows."""
        found = super().report(outputs, batch)
        windows, own = batch.windows, slice(self._num_labeled, None)
        with torch.no_grad(), self._fabric.autocast():
            taught = self._teaching.teacher.eval()(
                windows.features[own], windows.lengths[own], windows.times_s[own]
            )
        places = torch.arange(windows.features.shape[1], device=windows.features.device)
        is_row = places < windows.lengths[own, None]  # (B, T)
        student = {task: output[own] for task, output in outputs.items()}
        rows = gather(self._fabric, dict.fromkeys(student, is_row))
        extra = self._teaching.of_unlabeled(
            gather(self._fabric, student),
            gather(self._fabric, taught),
            next(iter(rows.values())),
        )
        num_steps = self.steps_per_epoch * self._recipe.num_epochs
        weight = self._config.weight_at(batch.step / num_steps)
        return LossReport(found.total + weight * extra, found.per_task)
