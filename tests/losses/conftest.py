"""Made-up outputs and labels of a batch, half of them annotated.

Symbols: B windows, T rows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from wildaffect.core.tasks import Task
from wildaffect.losses.statistics import LabelStatistics

SHAPES: dict[Task, tuple[int, ...]] = {
    Task.VALENCE: (),
    Task.AROUSAL: (),
    Task.EXPRESSION: (8,),
    Task.ACTION_UNITS: (12,),
}


class Case(NamedTuple):
    """What a loss takes."""

    outputs: dict[Task, Tensor]
    targets: dict[Task, Tensor]
    valid: dict[Task, Tensor]


@pytest.fixture
def make_case() -> Callable[..., Case]:
    def make(share: float = 0.5, shape: tuple[int, int] = (4, 15), seed: int = 0) -> Case:
        torch.manual_seed(seed)
        outputs = {
            task: torch.randn(*shape, *width).requires_grad_()
            for task, width in SHAPES.items()
        }
        targets = {
            Task.VALENCE: torch.rand(shape) * 2 - 1,
            Task.AROUSAL: torch.rand(shape) * 2 - 1,
            Task.EXPRESSION: torch.randint(0, 8, shape),
            Task.ACTION_UNITS: (torch.rand(*shape, 12) < 0.3).float(),
        }
        valid = {task: torch.rand(target.shape) < share for task, target in targets.items()}
        return Case(outputs, targets, valid)

    return make


@pytest.fixture
def statistics() -> LabelStatistics:
    return LabelStatistics(
        class_counts=np.array([4000, 500, 300, 300, 2000, 900, 600, 0]),
        unit_positive=np.array([180, 90, 200, 300, 400, 380, 260, 20, 30, 50, 700, 0]),
        unit_total=np.full(12, 1000),
    )
