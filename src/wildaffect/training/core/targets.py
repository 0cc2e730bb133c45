"""Conversion of labels to tensors."""

import torch
from torch import Tensor

from wildaffect.core.columns import TaskColumns
from wildaffect.core.tasks import SCALE_TASKS, LabelSpaces, Task


def to_targets(
    labels: TaskColumns, device: torch.device, spaces: LabelSpaces
) -> tuple[dict[Task, Tensor], dict[Task, Tensor]]:
    """Return the labels, classes as int64 and others as float32, and their masks.

    Where there are soft labels, expressions are distributions over the classes, float32:
    the shares of a row that has them, else 1 for its class. Labels on scales are positions
    in [-1, 1]; empty sets of scales are left out.
    """
    targets, valid = {}, {}
    for task in Task:
        values = labels[task].values
        if task in SCALE_TASKS:
            if not len(spaces.scales(task)):
                continue
            values = spaces.scales(task).positions(values)
        dtype = torch.int64 if task is Task.EXPRESSION else torch.float32
        targets[task] = torch.from_numpy(values).to(device, dtype)
        valid[task] = torch.from_numpy(labels[task].valid).to(device)
    if labels.expression_shares is not None:
        soft = labels.class_shares(len(spaces.expressions))
        targets[Task.EXPRESSION] = torch.from_numpy(soft.values).to(device, torch.float32)
        valid[Task.EXPRESSION] = torch.from_numpy(soft.valid.all(axis=-1)).to(device)
    return targets, valid
