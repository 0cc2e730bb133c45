"""Data for the plots of a report: densities of valence and arousal, and traces.

Symbols: N rows, V videos, B bins.
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import Task
from wildaffect.evaluation.report import Density, Trace
from wildaffect.metrics.scores import TaskScores, VideoStatistics

NUM_BINS = 25
MAX_POINTS = 500
"""Maximum number of points of a trace; longer videos are subsampled evenly."""
MIN_TRACE_FRAMES = 10
"""Minimum length of a video for a trace; shorter videos are plotted only if all are as
short."""


def densities(annotations: Annotations, predictions: Predictions) -> tuple[Density, ...]:
    """Return densities of annotated and predicted values, for the scored tasks."""
    valid = {
        task: annotations[task].valid & predictions[task].valid
        for task in (Task.VALENCE, Task.AROUSAL)
    }
    both = valid[Task.VALENCE] & valid[Task.AROUSAL]
    found = []
    if both.any():
        for title, source in (("Annotated", annotations), ("Predicted", predictions)):
            found.append(
                Density(
                    title=title,
                    x_title="valence",
                    y_title="arousal",
                    counts=_bin(source.valence.values[both], source.arousal.values[both]),
                    is_agreement=False,
                )
            )
    for task, rows in valid.items():
        if rows.any():
            target, pred = annotations[task].values[rows], predictions[task].values[rows]
            found.append(
                Density(
                    title=task.value.capitalize(),
                    x_title="annotated",
                    y_title="predicted",
                    counts=_bin(target, pred),
                    is_agreement=True,
                )
            )
    return tuple(found)


def traces(
    annotations: Annotations,
    predictions: Predictions,
    statistics: VideoStatistics,
    scores: TaskScores,
) -> tuple[Trace, ...]:
    """Return traces of valence and arousal of the videos with most and least agreement.

    Args:
        annotations: N rows of V videos.
        predictions: The same rows.
        statistics: Statistics of the V videos.
        scores: Scores of each video.
    """
    return tuple(
        trace
        for task, ccc, count in (
            (Task.VALENCE, scores.ccc_valence, statistics.valence.count),
            (Task.AROUSAL, scores.ccc_arousal, statistics.arousal.count),
        )
        for trace in _traces_of(task, annotations, predictions, ccc=ccc, count=count)
    )


def _traces_of(
    task: Task,
    annotations: Annotations,
    predictions: Predictions,
    *,
    ccc: NDArray[np.float64],
    count: NDArray[np.int64],
) -> Iterator[Trace]:
    known = ~np.isnan(ccc)
    long = known & (count >= MIN_TRACE_FRAMES)
    videos = np.flatnonzero(long if long.any() else known)
    if not len(videos):
        return
    order = videos[np.argsort(ccc[videos], kind="stable")]
    ranks: list[tuple[Literal["most", "least"], int]] = [("most", int(order[-1]))]
    if len(order) > 1:
        ranks.append(("least", int(order[0])))
    valid = annotations[task].valid & predictions[task].valid
    for rank, video in ranks:
        rows = np.flatnonzero(valid & (annotations.video_index == video))
        numbers, first = np.unique(annotations.frame_number[rows], return_index=True)
        picked = np.linspace(0, len(first) - 1, min(len(first), MAX_POINTS)).astype(int)
        shown = rows[first[picked]]
        yield Trace(
            task=task,
            video=annotations.videos[video],
            rank=rank,
            ccc=float(ccc[video]),
            num_frames=len(numbers),
            frame=tuple(annotations.frame_number[shown].tolist()),
            target=_rounded(annotations[task].values[shown]),
            pred=_rounded(predictions[task].values[shown]),
        )


def _bin(x: NDArray[Any], y: NDArray[Any]) -> tuple[tuple[int, ...], ...]:
    edges = np.linspace(-1, 1, NUM_BINS + 1)
    counts, _, _ = np.histogram2d(
        np.clip(y, -1, 1).astype(float), np.clip(x, -1, 1).astype(float), [edges, edges]
    )
    return tuple(tuple(int(cell) for cell in row) for row in counts.tolist())


def _rounded(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
