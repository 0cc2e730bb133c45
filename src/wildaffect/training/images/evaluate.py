"""Prediction and evaluation of labeled crops.

Symbols: N crops, K action units.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn, TaskColumns, empty_columns
from wildaffect.core.predictions import Predictions
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.tasks import Task
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.training.core.callbacks import ProgressCallback, no_progress
from wildaffect.training.core.probs import to_probs
from wildaffect.training.images.crops import CropReader, in_order, normalizer, unit_crops
from wildaffect.training.images.labeled import LabeledCrops, take_rows

BATCH = 64
THRESHOLD = 0.5
"""Probability at which an action unit counts as present."""


def over_crops(
    network: Callable[[Tensor], Any],
    reader: CropReader,
    device: torch.device,
    on_progress: ProgressCallback = no_progress,
) -> Iterator[tuple[NDArray[np.int64], Any]]:
    """Yield rows and network outputs of their crops, without gradients.

    Crops that do not decode are skipped. The network must be in evaluation mode.
    """
    to_input = normalizer(reader.preprocess, device)
    requested = in_order(len(reader.paths), BATCH)
    for wanted, decoded in zip(
        in_order(len(reader.paths), BATCH), reader.batches(requested), strict=True
    ):
        own = decoded.rows == wanted
        if own.any():
            with torch.inference_mode():
                made = network(to_input(unit_crops(decoded.pixels[own], device)))
            yield decoded.rows[own], made
        on_progress(len(wanted))


def predict_crops(
    model: nn.Module,
    crops: LabeledCrops,
    preprocess: Preprocess,
    on_progress: ProgressCallback = no_progress,
) -> tuple[Annotations, Predictions]:
    """Predict labeled crops; return the annotations and predictions of those that decode.

    Args:
        model: Model; it is switched to evaluation mode.
        crops: Crops with labels in the model's label spaces.
        preprocess: Preprocessing of the model.
        on_progress: Progress callback.
    """
    model.eval()
    device = next(model.parameters()).device
    reader = CropReader(crops.paths, preprocess)
    rows: list[NDArray[np.int64]] = []
    predicted: dict[Task, list[NDArray[np.float32]]] = {}
    for some, outputs in over_crops(model, reader, device, on_progress):
        rows.append(some)
        for task, raw in outputs.items():
            probs = to_probs(task, raw, crops.annotations.spaces)[:, 0].cpu().numpy()
            predicted.setdefault(task, []).append(probs)
    annotations = take_rows(crops.annotations, np.concatenate(rows))
    joined = {task: np.concatenate(parts) for task, parts in predicted.items()}
    return annotations, to_predictions(annotations, joined)


def to_predictions(
    annotations: Annotations, probs: dict[Task, NDArray[np.float32]]
) -> Predictions:
    """Return predictions from values and probabilities of every row, shape (N, columns).

    Takes the most likely class, and action units at or above `THRESHOLD`; missing tasks are
    not valid.
    """
    nothing = empty_columns(len(annotations), annotations.spaces)
    columns = {task: nothing[task] for task in Task}
    for task, values in probs.items():
        match task:
            case Task.VALENCE | Task.AROUSAL:
                decided = values[:, 0]
            case Task.DIMENSIONS | Task.INTENSITIES:
                decided = values
            case Task.EXPRESSION:
                decided = values.argmax(1)
            case Task.ACTION_UNITS:
                decided = (values >= THRESHOLD).astype(np.int64)
        columns[task] = TaskColumn(decided, np.ones(decided.shape, bool))
    return Predictions(
        **TaskColumns(**columns).columns(),
        expression_probs=probs.get(Task.EXPRESSION),
        action_unit_probs=probs.get(Task.ACTION_UNITS),
        spaces=annotations.spaces,
    )


def crop_statistics(
    model: nn.Module,
    sets: Sequence[LabeledCrops],
    preprocess: Preprocess,
    on_progress: ProgressCallback = no_progress,
) -> VideoStatistics:
    """Return the score statistics per video; all sets must have the same label spaces."""
    found = [
        VideoStatistics.of(*predict_crops(model, image_set, preprocess, on_progress))
        for image_set in sets
    ]
    first, *others = found
    for other in others:
        first = first.merge(other)
    return first
