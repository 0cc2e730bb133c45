"""Scores of outputs against the labels of their sequences."""

from collections.abc import Sequence

import numpy as np

from wildaffect.calibration.labeled import decide, label_rows, statistics
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence, Targets
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.scores import TaskScores, VideoStatistics


def targets_of(sequences: Sequence[FrameSequence]) -> dict[str, Targets]:
    """Return the labels of the rows with features, by video."""
    return {
        sequence.video: sequence.targets.take(sequence.computed_rows)
        for sequence in sequences
    }


def video_statistics(
    sequences: Sequence[FrameSequence],
    outputs: Sequence[SequenceOutputs],
    calibration: Calibration,
    spaces: LabelSpaces,
) -> VideoStatistics:
    """Return the score statistics of each video, over rows with features."""
    rows = label_rows(outputs, targets_of(sequences))
    probs = {
        task: rows.smoothed(task, calibration.smoothing.of(task)) for task in rows.target
    }
    every = np.ones(len(rows.video_index), bool)
    return statistics(rows, decide(probs, calibration, rows=every), spaces)


def task_scores(scores: TaskScores, tasks: Sequence[Task]) -> dict[str, float]:
    """Return the official score of each task and their sum as `score`.

    A task that is not predicted is omitted; a task without labels adds 0 to the sum.
    """
    named = {
        Task.VALENCE: float(scores.ccc_valence),
        Task.AROUSAL: float(scores.ccc_arousal),
        Task.EXPRESSION: float(scores.macro_f1_expression),
        Task.ACTION_UNITS: float(scores.mean_f1_action_units),
    }
    found = {task: value for task, value in named.items() if task in tasks}
    scales = [v for task, v in found.items() if task in {Task.VALENCE, Task.AROUSAL}]
    rest = [v for task, v in found.items() if task not in {Task.VALENCE, Task.AROUSAL}]
    parts = ([float(np.mean(scales))] if scales else []) + rest
    return {str(task): value for task, value in found.items()} | {
        "score": float(np.nansum(parts))
    }
