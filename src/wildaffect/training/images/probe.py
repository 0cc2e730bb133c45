"""Probes of frozen features: a linear probe and nearest neighbors.

Symbols: N crops, D features, K action units.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from numpy.typing import NDArray
from torch import Tensor, nn

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.tasks import SINGLE_TASKS, LabelSpaces, Task
from wildaffect.losses.config import (
    CCC,
    BinaryCrossEntropy,
    CrossEntropy,
    FixedWeights,
    LossConfig,
)
from wildaffect.losses.multitask import build_loss
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.models.heads import num_outputs
from wildaffect.training.core.callbacks import ProgressCallback, no_progress
from wildaffect.training.core.label_counts import count_labels
from wildaffect.training.core.probs import to_probs
from wildaffect.training.images.crops import CropReader
from wildaffect.training.images.evaluate import over_crops, to_predictions
from wildaffect.training.images.labeled import (
    LabeledCrops,
    crop_targets,
    join_labels,
    labeled_tasks,
)

NUM_NEIGHBORS = 20
_NUM_STEPS, _PEAK_LR, _WEIGHT_DECAY = 300, 0.02, 0.02


@dataclass(frozen=True, slots=True)
class Embedded:
    """Features of labeled crops."""

    features: Tensor
    """Shape (N, D), on the CPU."""
    crops: LabeledCrops
    """Crops that decoded."""

    @property
    def annotations(self) -> Annotations:
        """Return the labels."""
        return self.crops.annotations


@dataclass(frozen=True, slots=True)
class Probes:
    """Score statistics per video of both probes."""

    linear: VideoStatistics
    neighbors: VideoStatistics

    def by_name(self) -> dict[str, VideoStatistics]:
        """Return both, by their name in the metrics."""
        return {"linear": self.linear, "neighbors": self.neighbors}


def embed_crops(
    network: Callable[[Tensor], Tensor],
    crops: LabeledCrops,
    preprocess: Preprocess,
    device: torch.device,
    on_progress: ProgressCallback = no_progress,
) -> Embedded:
    """Return the features of every crop that decodes."""
    reader = CropReader(crops.paths, preprocess)
    found = list(over_crops(network, reader, device, on_progress))
    rows = np.concatenate([some for some, _ in found])
    features = torch.cat([made.float().cpu() for _, made in found])
    return Embedded(features, crops.take(rows))


def probe(train: Embedded, test: Embedded) -> Probes:
    """Fit both probes on the features of some subjects and test them on others.

    The result is deterministic.
    """
    mean, spread = train.features.mean(0), train.features.std(0) + 1e-6
    known = (train.features - mean) / spread
    queries = (test.features - mean) / spread
    return Probes(
        linear=_statistics(test, linear_probe(known, train, queries)),
        neighbors=_statistics(test, neighbor_probe(known, train, queries)),
    )


def linear_probe(
    known: Tensor, train: Embedded, queries: Tensor
) -> dict[Task, NDArray[np.float32]]:
    """Return the predictions of one linear map per task, fitted to `train`.

    Full-batch, with a fixed number of steps and class weights.
    """
    spaces = train.annotations.spaces
    labels = join_labels([train.crops])
    maps = nn.ModuleDict(
        {
            task: nn.Linear(known.shape[1], num_outputs(task, spaces))
            for task in labeled_tasks(labels)
        }
    )
    for probe_map in maps.values():
        for parameter in probe_map.parameters():
            nn.init.zeros_(parameter)
    rows = np.arange(len(known))
    targets, valid = crop_targets(labels, rows, known.device, spaces)
    loss = build_loss(_probe_loss(), spaces, count_labels([labels], spaces))
    optimizer = torch.optim.AdamW(
        maps.parameters(), lr=_PEAK_LR, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _NUM_STEPS)
    for _ in range(_NUM_STEPS):
        optimizer.zero_grad()
        loss(_raw(maps, known), targets, valid).total.backward()
        optimizer.step()
        schedule.step()
    with torch.inference_mode():
        return {
            task: to_probs(task, raw, spaces)[:, 0].numpy()
            for task, raw in _raw(maps, queries).items()
        }


def neighbor_probe(
    known: Tensor, train: Embedded, queries: Tensor
) -> dict[Task, NDArray[np.float32]]:
    """Return the mean label of the nearest labeled crops by cosine similarity."""
    spaces = train.annotations.spaces
    labels = join_labels([train.crops])
    similarity = F.normalize(queries, dim=1) @ F.normalize(known, dim=1).T  # (M, N)
    predicted: dict[Task, NDArray[np.float32]] = {}
    for task in labeled_tasks(labels):
        column = _column(labels, task, spaces)
        usable = torch.from_numpy(column.valid_rows)
        num = min(NUM_NEIGHBORS, int(usable.sum()))
        near = similarity.masked_fill(~usable, -torch.inf).topk(num, dim=1).indices
        weight = torch.from_numpy(column.valid.astype(np.float32))[near]
        nearest_values = torch.from_numpy(column.values)[near]  # (M, k, columns)
        mean = (nearest_values * weight).sum(1) / weight.sum(1).clamp(min=1)
        predicted[task] = mean.numpy().astype(np.float32)
    return predicted


def _probe_loss() -> LossConfig:
    return LossConfig(
        valence=CCC(mse_weight=1.0),
        arousal=CCC(mse_weight=1.0),
        expression=CrossEntropy(class_weights="inverse_sqrt"),
        action_units=BinaryCrossEntropy(positive_weights="inverse_sqrt"),
        task_weighting=FixedWeights(weights=dict.fromkeys(Task, 1.0)),
    )


def _raw(maps: nn.ModuleDict, features: Tensor) -> dict[Task, Tensor]:
    outputs = {
        Task(name): probe_map(features).unsqueeze(1) for name, probe_map in maps.items()
    }
    return {
        task: raw[..., 0] if task in SINGLE_TASKS else raw for task, raw in outputs.items()
    }


def _column(labels: TaskColumns, task: Task, spaces: LabelSpaces) -> TaskColumn:
    """Return labels whose mean is a probability or a value, shape (N, columns)."""
    if task is Task.EXPRESSION:
        return labels.class_shares(len(spaces.expressions))
    shape = (len(labels), -1)
    values, valid = labels[task].values, labels[task].valid
    return TaskColumn(values.reshape(shape).astype(np.float32), valid.reshape(shape))


def _statistics(test: Embedded, probs: dict[Task, NDArray[np.float32]]) -> VideoStatistics:
    return VideoStatistics.of(test.annotations, to_predictions(test.annotations, probs))
