"""Scores of outputs against the labels of their sequences, without any post-processing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts

PRESENT_FROM = 0.5
"""Probability from which a unit counts as present where nothing was calibrated."""


def raw_scores(
    sequences: Sequence[FrameSequence],
    outputs: Sequence[SequenceOutputs],
    spaces: LabelSpaces,
) -> dict[str, float]:
    """Return the official score of each task and their sum, over the computed rows.

    Expressions are the most probable class, units count from `PRESENT_FROM`. A task that
    the model does not predict or nobody labelled is left out; `score` is the sum of CCC
    (the mean of valence and arousal), macro-F1 and mean F1, as far as they are defined.
    """
    found: dict[str, float] = {}
    for task in outputs[0].probs:
        target, valid = _labels(sequences, task)
        if not valid.any():
            continue
        probs = np.concatenate([one.probs[task] for one in outputs])
        found[f"{task}"] = _score(task, target, probs, valid, spaces)
    scales = [found[task] for task in (Task.VALENCE, Task.AROUSAL) if task in found]
    rest = [found[task] for task in (Task.EXPRESSION, Task.ACTION_UNITS) if task in found]
    parts = [float(np.mean(scales)), *rest] if scales else rest
    return found | {"score": float(np.nansum(parts))}


def _labels(
    sequences: Sequence[FrameSequence], task: Task
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    rows = [one.computed_rows for one in sequences]
    pairs = list(zip(sequences, rows, strict=True))
    target = np.concatenate([getattr(one.targets, task)[at] for one, at in pairs])
    valid = np.concatenate([getattr(one.targets, f"{task}_valid")[at] for one, at in pairs])
    return target, valid


def _score(
    task: Task,
    target: NDArray[np.generic],
    probs: NDArray[np.float32],
    valid: NDArray[np.bool_],
    spaces: LabelSpaces,
) -> float:
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return float(AgreementSums.of(target, probs, valid=valid).ccc())
        case Task.EXPRESSION:
            classes = probs.argmax(1)
            counts = ConfusionCounts.of(
                target, classes, num_classes=len(spaces.expressions), valid=valid
            )
            return float(counts.macro_f1())
        case Task.ACTION_UNITS:
            present = (probs >= PRESENT_FROM).astype(np.int64)
            return float(UnitCounts.of(target, present, valid=valid).mean_f1())
