"""How the losses of tasks become one.

Symbols: N tasks.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.core.tasks import Task

PUBLISHED = {
    Task.VALENCE: 12.0,
    Task.AROUSAL: 12.0,
    Task.EXPRESSION: 0.35,
    Task.ACTION_UNITS: 1.0,
}
"""Weights of the ABAW4 system. Its mean for valence and arousal ran over all rows, padding
and rows without labels included: with its own batches 12 acted about as 3 does here, where
means run over annotated rows alone."""

SMALLEST_LOSS = 1e-8
"""Below which a loss is not divided by."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedWeights(Config):
    """The same weight for a task at every step."""

    weights: dict[Task, float] = field(default_factory=lambda: dict(PUBLISHED))

    kind: Literal["fixed"] = "fixed"

    def __post_init__(self) -> None:
        for task, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(
                    f"fixed weights: weight of {task} must be at least 0, got {weight}"
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class NormalizedWeights(Config):
    """Every loss divided by its own value, so that each task pulls with its slope alone."""

    kind: Literal["normalized"] = "normalized"


@dataclass(frozen=True, kw_only=True, slots=True)
class UncertaintyWeights(Config):
    """Weights learned along with the model, smaller for tasks of much noise."""

    largest_log_variance: float = 4.0
    """Bound of the learned value to both sides, above 0."""
    kind: Literal["uncertainty"] = "uncertainty"

    def __post_init__(self) -> None:
        if not 0 < self.largest_log_variance < float("inf"):
            raise ValueError(
                "uncertainty weights: largest_log_variance must be above 0, "
                f"got {self.largest_log_variance}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class LossRatioWeights(Config):
    """More for tasks whose loss has fallen less of late."""

    temperature: float = 1.5
    """Above 0; the larger, the closer to equal weights."""
    recent_steps: float = 50.0
    """Over about how many steps the present loss is averaged, at least 1."""
    past_steps: float = 500.0
    """Over about how many steps it is compared with, above `recent_steps`."""
    kind: Literal["loss_ratio"] = "loss_ratio"

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ValueError(
                f"loss-ratio weights: temperature must be above 0, got {self.temperature}"
            )
        if not 1 <= self.recent_steps < self.past_steps < float("inf"):
            raise ValueError(
                "loss-ratio weights: recent_steps must be at least 1 and below past_steps, "
                f"got {self.recent_steps} and {self.past_steps}"
            )


TaskWeightingConfig = (
    FixedWeights | NormalizedWeights | UncertaintyWeights | LossRatioWeights
)
TaskLosses = Mapping[Task, Tensor]
"""One loss per task, shape (); a task without annotations in the batch has 0."""
Present = Mapping[Task, Tensor]
"""Whether a task has annotations in the batch, bool, shape ()."""


class TaskWeighting(nn.Module, ABC):
    """Takes the losses of tasks, gives their weighted sum."""

    @abstractmethod
    def forward(self, losses: TaskLosses, present: Present) -> Tensor:
        """Return the sum, shape (); 0 with a zero gradient if no task is present."""


class FixedWeighting(TaskWeighting):
    """Sum of weight x loss."""

    def __init__(self, config: FixedWeights) -> None:
        super().__init__()
        self.weights = dict(config.weights)

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:  # noqa: ARG002
        """Return the sum.

        Raises:
            ValueError: If a task has no weight.
        """
        missing = [task for task in losses if task not in self.weights]
        if missing:
            raise ValueError(
                f"fixed weights: every task must have a weight, got none for "
                f"{', '.join(missing)}"
            )
        return _total([self.weights[task] * loss for task, loss in losses.items()])


class NormalizedWeighting(TaskWeighting):
    """Sum of loss / its value, the value without a slope.

    Source:
        `normalized_fixed` of the ABAW4 system's public code.
    """

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:  # noqa: ARG002
        """Return the number of tasks that are present."""
        return _total(
            [loss / loss.detach().clamp(min=SMALLEST_LOSS) for loss in losses.values()]
        )


class UncertaintyWeighting(TaskWeighting):
    """Sum of exp(-s) loss + s / 2 with a learned log variance s per task.

    Source:
        Kendall, Gal, Cipolla, "Multi-task learning using uncertainty to weigh losses",
        2018. Different here: one form for all tasks (that of classes), s is bounded, and a
        task without annotations in a batch leaves its s as it is.
    """

    def __init__(self, config: UncertaintyWeights) -> None:
        super().__init__()
        self.largest = config.largest_log_variance
        self.log_variances = nn.ParameterDict(
            {task: nn.Parameter(torch.zeros(())) for task in Task}
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

    Weights of the tasks present add up to their number. Until a task has a past, its ratio
    is 1. In training the averages go on with every batch in which a task is present.

    Source:
        Liu, Johns, Davison, "End-to-end multi-task learning with attention", 2019
        (dynamic weight average). Different here: running averages over steps instead of
        means over epochs, so that it does not depend on the size of an epoch.
    """

    recent: Tensor
    past: Tensor
    num_steps: Tensor

    def __init__(self, config: LossRatioWeights) -> None:
        super().__init__()
        self.temperature = config.temperature
        self.rates = (1.0 / config.recent_steps, 1.0 / config.past_steps)
        self.register_buffer("recent", torch.zeros(len(Task)))
        self.register_buffer("past", torch.zeros(len(Task)))
        self.register_buffer("num_steps", torch.zeros(len(Task)))

    def forward(self, losses: TaskLosses, present: Present) -> Tensor:
        """Return the sum."""
        rows = [list(Task).index(task) for task in losses]
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
            # The mean of all steps so far, until there are more than the average holds.
            share = (1.0 / steps.clamp(min=1.0)).clamp(min=rate)
            moved = average[rows] + share * (values - average[rows])
            average[rows] = moved.where(here, average[rows])
        self.num_steps[rows] = steps


def build_task_weighting(config: TaskWeightingConfig) -> TaskWeighting:
    """Build what `config` describes."""
    match config:
        case FixedWeights():
            return FixedWeighting(config)
        case NormalizedWeights():
            return NormalizedWeighting()
        case UncertaintyWeights():
            return UncertaintyWeighting(config)
        case LossRatioWeights():
            return LossRatioWeighting(config)


def _total(terms: list[Tensor]) -> Tensor:
    return torch.stack(terms).sum()
