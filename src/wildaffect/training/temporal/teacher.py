"""Training on videos without labels: a mean teacher, and pseudo-labels of that teacher.

The teacher is the EMA of the student's weights. It reads the windows without noise and
dropout; the student reads them with both. Windows of unlabeled videos join each batch and
have no labels there. Symbols: B windows, T rows, K outputs of a task.

Source:
    Tarvainen and Valpola, "Mean teachers are better role models", NeurIPS 2017; confident
    predictions as labels after Sohn et al., "FixMatch", NeurIPS 2020.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from wildaffect.core.tasks import Task
from wildaffect.losses.multitask import LossReport, MultitaskLoss
from wildaffect.training.core.ema import EMA
from wildaffect.training.core.probs import clip_outputs
from wildaffect.training.temporal.unlabeled import MeanTeacher, PseudoLabels

Outputs = Mapping[Task, Tensor]


class TeacherLoss(nn.Module):
    """Loss of the labels, and the teacher; its state is saved with the run.

    Args:
        supervised: Loss on labels.
        model: Student, of which the teacher is the average.
        config: Settings of the teacher.
    """

    num_updates: Tensor

    def __init__(
        self,
        supervised: MultitaskLoss,
        model: nn.Module,
        config: MeanTeacher | PseudoLabels,
    ) -> None:
        super().__init__()
        self.supervised, self._config = supervised, config
        self._ema = EMA(model, config.teacher_decay)
        self.teacher = self._ema.model
        self.register_buffer("num_updates", torch.zeros((), dtype=torch.int64))

    def forward(self, outputs: Outputs, targets: Outputs, valid: Outputs) -> LossReport:
        """Return the loss on labels."""
        report: LossReport = self.supervised(outputs, targets, valid)
        return report

    def update(self, model: nn.Module) -> None:
        """Add the student's weights to the average."""
        self._ema.num_steps = int(self.num_updates)
        self._ema.update(model)
        self.num_updates += 1

    def of_unlabeled(self, student: Outputs, teacher: Outputs, is_row: Tensor) -> Tensor:
        """Return the loss on unlabeled windows, shape ().

        Args:
            student: Raw outputs of the student.
            teacher: Raw outputs of the teacher, without gradient.
            is_row: False on padding, shape (B, T).
        """
        if isinstance(self._config, MeanTeacher):
            return consistency(student, teacher, is_row)
        targets, valid = pseudo_labels(teacher, is_row, self._config.min_confidence)
        return self.forward(student, targets, valid).total


def consistency(student: Outputs, teacher: Outputs, is_row: Tensor) -> Tensor:
    """Return the squared difference of values and probabilities.

    It is summed over the outputs of a task, averaged over the rows, and summed over tasks.
    """
    losses = []
    for task, raw in student.items():
        error = (
            clip_outputs(task, raw) - clip_outputs(task, teacher[task])
        ) ** 2  # (B, T, K)
        losses.append(error.sum(-1)[is_row].mean())
    return torch.stack(losses).sum()


def pseudo_labels(
    teacher: Outputs, is_row: Tensor, min_confidence: float
) -> tuple[dict[Task, Tensor], dict[Task, Tensor]]:
    """Return the teacher's predictions as targets, and the mask of the confident ones."""
    targets: dict[Task, Tensor] = {}
    valid: dict[Task, Tensor] = {}
    for task, raw in teacher.items():
        probs = clip_outputs(task, raw)
        match task:
            case Task.EXPRESSION:
                highest, targets[task] = probs.max(-1)
                valid[task] = is_row & (highest >= min_confidence)
            case Task.ACTION_UNITS:
                targets[task] = (probs >= 0.5).float()
                is_sure = torch.maximum(probs, 1 - probs) >= min_confidence
                valid[task] = is_row[..., None] & is_sure
            case Task.VALENCE | Task.AROUSAL:
                targets[task], valid[task] = probs[..., 0], is_row
            case Task.DIMENSIONS | Task.INTENSITIES:
                targets[task] = probs
                valid[task] = is_row[..., None].expand_as(probs)
    return targets, valid
