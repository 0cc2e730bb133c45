"""Multi-task loss: a loss per task over annotated entries, and task weighting.

Symbols: B windows, T rows, C classes, K action units.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.core.tasks import ABAW_TASKS, SCALE_TASKS, LabelSpaces, Task
from wildaffect.losses.action_units import ActionUnitLoss
from wildaffect.losses.affect import AffectTaskLoss
from wildaffect.losses.config import (
    BinaryCrossEntropy,
    CrossEntropy,
    CustomLoss,
    LossConfig,
)
from wildaffect.losses.custom import CustomTaskLoss
from wildaffect.losses.expression import ExpressionLoss
from wildaffect.losses.scales import ScaleTaskLoss
from wildaffect.losses.statistics import LabelStatistics
from wildaffect.losses.task_weighting import build_task_weighting


class LossReport(NamedTuple):
    """Total loss and loss per task."""

    total: Tensor
    """Shape ()."""
    per_task: dict[Task, Tensor]
    """Unweighted loss per task, shape (); 0 for a batch without annotations."""


class MultitaskLoss(nn.Module):
    """Weighted sum of the task losses, computed in float32 also under autocast.

    With several processes, gather outputs and labels first: the concordance correlation
    needs statistics of the whole batch.
    """

    def __init__(
        self, config: LossConfig, spaces: LabelSpaces, statistics: LabelStatistics | None
    ) -> None:
        super().__init__()
        self.config = config
        num_classes, num_units = len(spaces.expressions), len(spaces.action_units)
        self.valence = _task_loss(config.valence, AffectTaskLoss)
        self.arousal = _task_loss(config.arousal, AffectTaskLoss)
        self.expression = _task_loss(
            config.expression, lambda own: ExpressionLoss(own, num_classes, statistics)
        )
        self.action_units = _task_loss(
            config.action_units, lambda own: ActionUnitLoss(own, num_units, statistics)
        )
        self.dimensions = _task_loss(
            config.dimensions, lambda own: ScaleTaskLoss(own, spaces.dimensions)
        )
        self.intensities = _task_loss(
            config.intensities, lambda own: ScaleTaskLoss(own, spaces.intensities)
        )
        own = [task for task in SCALE_TASKS if len(spaces.scales(task))]
        self.task_weighting = build_task_weighting(
            config.task_weighting, (*ABAW_TASKS, *own)
        )

    def forward(
        self,
        outputs: Mapping[Task, Tensor],
        targets: Mapping[Task, Tensor],
        valid: Mapping[Task, Tensor],
    ) -> LossReport:
        """Return the loss over the tasks that have outputs.

        Args:
            outputs: As a model returns them.
            targets: Valence and arousal (B, T), expression (B, T) int64 or, as soft labels,
                (B, T, C), action units and positions on scales (B, T, K); ignored where not
                valid.
            valid: True where annotated, False on padding; (B, T), of units and scales
                (B, T, K).

        Raises:
            ValueError: If shapes do not match.
        """
        for task, output in outputs.items():
            _check_shapes(task, output, targets[task], valid[task])
        device_type = next(iter(outputs.values())).device.type
        with torch.autocast(device_type, enabled=False):
            losses = {
                task: self._loss(task, output, targets[task], valid[task])
                for task, output in outputs.items()
            }
            present = {task: valid[task].any() for task in outputs}
            return LossReport(self.task_weighting(losses, present), losses)

    def _loss(self, task: Task, output: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        losses = {
            Task.VALENCE: self.valence,
            Task.AROUSAL: self.arousal,
            Task.EXPRESSION: self.expression,
            Task.ACTION_UNITS: self.action_units,
            Task.DIMENSIONS: self.dimensions,
            Task.INTENSITIES: self.intensities,
        }
        loss: Tensor = losses[task](output, target, valid)
        return loss


def _task_loss(config: Config, build: Callable[[Any], nn.Module]) -> nn.Module:
    """Return the loss of a task: a custom one, or that of this library."""
    if isinstance(config, CustomLoss):
        return CustomTaskLoss(config)
    return build(config)


def build_loss(
    config: LossConfig, spaces: LabelSpaces, statistics: LabelStatistics | None = None
) -> MultitaskLoss:
    """Build the loss that `config` describes.

    Args:
        config: Loss settings.
        spaces: Label spaces of expressions and action units.
        statistics: Label statistics of the training set, for weights and priors.

    Raises:
        ValueError: If statistics are required but missing, or of other label spaces.
    """
    needs = (
        isinstance(config.expression, CrossEntropy) and config.expression.needs_statistics
    ) or (
        isinstance(config.action_units, BinaryCrossEntropy)
        and config.action_units.needs_statistics
    )
    if statistics is None:
        if needs:
            raise ValueError(
                "loss: class weights, logit adjustment and positive weights need label "
                "statistics of the training set"
            )
        return MultitaskLoss(config, spaces, None)
    found = (statistics.class_counts.shape, statistics.unit_total.shape)
    expected = ((len(spaces.expressions),), (len(spaces.action_units),))
    if found != expected:
        raise ValueError(
            f"loss: label statistics must have {expected[0][0]} classes and "
            f"{expected[1][0]} action units, got shapes {found[0]} and {found[1]}"
        )
    return MultitaskLoss(config, spaces, statistics)


def _check_shapes(task: Task, output: Tensor, target: Tensor, valid: Tensor) -> None:
    expected = output.shape[:-1] if task is Task.EXPRESSION else output.shape
    is_soft = task is Task.EXPRESSION and target.shape == output.shape
    for name, part in (("targets", target), ("valid", valid)):
        if part.shape != expected and not (is_soft and part is target):
            raise ValueError(
                f"loss: {name} of {task} must have shape {tuple(expected)}, "
                f"got {tuple(part.shape)}"
            )
