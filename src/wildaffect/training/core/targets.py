"""Conversion of labels to tensors.

Symbols: C classes.
"""

import torch
from torch import Tensor
from torch.nn import functional

from wildaffect.core.columns import TaskColumn, TaskColumns
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
        targets[Task.EXPRESSION], valid[Task.EXPRESSION] = _soften(
            targets[Task.EXPRESSION], valid[Task.EXPRESSION], labels.expression_shares
        )
    return targets, valid


def _soften(classes: Tensor, is_class: Tensor, shares: TaskColumn) -> tuple[Tensor, Tensor]:
    """Return distributions, shape (..., C), and their mask, shape (...)."""
    soft = torch.from_numpy(shares.values).to(classes.device, torch.float32)
    is_soft = torch.from_numpy(shares.valid).to(classes.device).all(-1)
    one_hot = functional.one_hot(classes.where(is_class, 0), soft.shape[-1])
    return torch.where(is_soft[..., None], soft, one_hot.float()), is_class | is_soft
