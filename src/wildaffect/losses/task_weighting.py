"""Task weighting: combine the losses of tasks.

Symbols: N tasks.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from wildaffect.core.tasks import ABAW_TASKS, SCALE_TASKS, Task
from wildaffect.losses.config import (
    FixedWeights,
    LossRatioWeights,
    NormalizedWeights,
    TaskWeightingConfig,
    UncertaintyWeights,
)

SMALLEST_LOSS = 1e-8
"""Minimum divisor for normalized losses."""


TaskLosses = Mapping[Task, Tensor]
"""Loss per task, shape (); 0 for a task without annotations in the batch."""
Present = Mapping[Task, Tensor]
"""Mask of the tasks with annotations in the batch, bool, shape ()."""


class TaskWeighting(nn.Module, ABC):
    """Weighted sum of task losses."""

    @abstractmethod
    def forward(self, losses: TaskLosses, present: Present) -> Tensor:
        """Return the sum, shape (); 0 with a zero gradient if no task is present."""


class FixedWeighting(TaskWeighting):
    """Sum of weight x loss."""

    def __init__(self, config: FixedWeights) -> None:
        super().__init__()
        self.weights = dict.fromkeys(SCALE_TASKS, 1.0) | dict(config.weights)

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:  # noqa: ARG002
        """Return the sum.

        Raises:
            ValueError: If a task has no weight.
        """
        missing = [task for task in losses if task not in self.weights]
        if missing:
            raise ValueError(f"fixed weights: no weight given for {', '.join(missing)}")
        return _total([self.weights[task] * loss for task, loss in losses.items()])


class NormalizedWeighting(TaskWeighting):
    """Sum of each loss divided by its detached value.

    Source:
        `normalized_fixed` of the ABAW4 system's public code.
    """

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:  # noqa: ARG002
        """Return the sum, whose value is the number of tasks present."""
        return _total(
            [loss / loss.detach().clamp(min=SMALLEST_LOSS) for loss in losses.values()]
        )


class UncertaintyWeighting(TaskWeighting):
    """Sum of exp(-s) loss + s / 2 with a learned log variance s per task.

    Source:
        Kendall, Gal, Cipolla, "Multi-task learning using uncertainty to weigh losses",
        2018. Different here: one form for all tasks (that of classes), s is bounded, and a
        batch without annotations of a task does not change its s.
    """

    def __init__(self, config: UncertaintyWeights, tasks: Sequence[Task]) -> None:
        super().__init__()
        self.largest = config.largest_log_variance
        self.log_variances = nn.ParameterDict(
            {task: nn.Parameter(torch.zeros(())) for task in tasks}
        )

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:
        """Return the sum, which may be negative."""
        terms = []
        for task, loss in losses.items():
            log_variance = self.largest * (self.log_variances[task] / self.largest).tanh()
            term = (-log_variance).exp() * loss + log_variance / 2.0
            terms.append(term * present[task])
        return _total(terms)


class LossRatioWeighting(TaskWeighting):
    """Sum of weight x loss, the weights a softmax over recent loss / past loss.

    The weights of the tasks present sum to their number. The ratio of a task without
    history is 1. In training, each batch with annotations of a task updates its averages.

    Source:
        Liu, Johns, Davison, "End-to-end multi-task learning with attention", 2019
        (dynamic weight average). Different here: running averages over steps instead of
        means over epochs, so that it does not depend on the size of an epoch.
    """

    recent: Tensor
    past: Tensor
    num_steps: Tensor

    def __init__(self, config: LossRatioWeights, tasks: Sequence[Task]) -> None:
        super().__init__()
        self.tasks = list(tasks)
        self.temperature = config.temperature
        self.rates = (1.0 / config.recent_steps, 1.0 / config.past_steps)
        self.register_buffer("recent", torch.zeros(len(tasks)))
        self.register_buffer("past", torch.zeros(len(tasks)))
        self.register_buffer("num_steps", torch.zeros(len(tasks)))

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:
        """Return the sum."""
        rows = [self.tasks.index(task) for task in losses]
        values = torch.stack(list(losses.values()))
        here = torch.stack([present[task] for task in losses])
        ratios = (self.recent[rows] / self.past[rows].clamp(min=SMALLEST_LOSS)).where(
            self.num_steps[rows] > 0, 1.0
        )
        scores = (ratios / self.temperature).where(here, -torch.inf)
        scores = scores.where(here.any(), 0.0)
        total = (scores.softmax(0) * here.sum() * values).sum()
        if self.training:
            self._remember(rows, values.detach(), here)
        return total

    def _remember(self, rows: list[int], values: Tensor, here: Tensor) -> None:
        steps = self.num_steps[rows] + here
        for average, rate in zip((self.recent, self.past), self.rates, strict=True):
            # A plain mean over the first steps.
            share = (1.0 / steps.clamp(min=1.0)).clamp(min=rate)
            moved = average[rows] + share * (values - average[rows])
            average[rows] = moved.where(here, average[rows])
        self.num_steps[rows] = steps


def build_task_weighting(
    config: TaskWeightingConfig, tasks: Sequence[Task] = ABAW_TASKS
) -> TaskWeighting:
    """Build what `config` describes, for these tasks or some of them."""
    match config:
        case FixedWeights():
            return FixedWeighting(config)
        case NormalizedWeights():
            return NormalizedWeighting()
        case UncertaintyWeights():
            return UncertaintyWeighting(config, tasks)
        case LossRatioWeights():
            return LossRatioWeighting(config, tasks)


def _total(terms: list[Tensor]) -> Tensor:
    return torch.stack(terms).sum()
