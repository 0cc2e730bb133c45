"""Predictions of frames, pooled to one for each video, for labels of whole videos.

Symbols: N rows, V videos.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.errors import EvaluationError
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import Task
from wildaffect.evaluation.tables import Keys, PredictionTable

NOTE = (
    "labels are of whole videos: of the predictions of their frames, numbers are averaged, "
    "the class has the greatest mean probability (without probabilities, is the most "
    "frequent), and what is present in at least half of the frames counts as present"
)


def pool_videos(table: PredictionTable) -> PredictionTable:
    """Return a table with one row for each video.

    Raises:
        EvaluationError: If rows are named by images.
    """
    if table.keys is None:
        raise EvaluationError(
            f"{table.source}: labels are of whole videos; predictions must have a column "
            "video, or be tables of `analyze` or `predict`"
        )
    videos, index, _ = table.keys
    num_videos = len(videos)
    given = table.predictions
    columns = {task: _mean(given[task], index, num_videos) for task in Task}
    columns[Task.EXPRESSION] = _class(given, index, num_videos)
    units = columns[Task.ACTION_UNITS]
    columns[Task.ACTION_UNITS] = TaskColumn(
        (units.values >= 0.5).astype(float), units.valid
    )
    rows = np.arange(num_videos)
    return replace(
        table,
        keys=Keys(videos, rows, np.zeros(num_videos, np.int64)),
        counts_from_zero=False,
        places=tuple(f"{table.source}: {video}" for video in videos),
        predictions=Predictions(**TaskColumns(**columns).columns(), spaces=given.spaces),
    )


def _mean(column: TaskColumn, index: NDArray[np.int64], num_videos: int) -> TaskColumn:
    """Return the mean of the valid rows of each video, shape (V,) or (V, K)."""
    shape = (num_videos, *column.values.shape[1:])
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, index, np.where(column.valid, column.values, 0))
    np.add.at(count, index, column.valid)
    return TaskColumn(total / np.maximum(count, 1), count > 0)


def _class(given: Predictions, index: NDArray[np.int64], num_videos: int) -> TaskColumn:
    named = given.expression
    shares = given.expression_probs
    if shares is None:
        shares = np.eye(len(given.spaces.expressions))[named.values]
    valid = np.broadcast_to(named.valid[:, None], shares.shape)
    pooled = _mean(TaskColumn(np.nan_to_num(shares), valid.copy()), index, num_videos)
    return TaskColumn(pooled.values.argmax(1), pooled.valid_rows)
