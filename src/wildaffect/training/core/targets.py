"""Conversion of labels to tensors."""

import torch
from torch import Tensor

from wildaffect.core.columns import TaskColumns
from wildaffect.core.tasks import Task


def to_targets(
    labels: TaskColumns, device: torch.device
) -> tuple[dict[Task, Tensor], dict[Task, Tensor]]:
    """Return the labels, classes as int64 and others as float32, and their masks."""
    targets, valid = {}, {}
    for task in Task:
        dtype = torch.int64 if task is Task.EXPRESSION else torch.float32
        targets[task] = torch.from_numpy(labels[task].values).to(device, dtype)
        valid[task] = torch.from_numpy(labels[task].valid).to(device)
    return targets, valid
