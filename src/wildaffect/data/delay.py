"""Compensation of the annotators' reaction lag in valence and arousal.

Continuous traces lag behind the face by seconds: annotators perceive, decide, move.
Source: Mariooryad and Busso, "Correcting time-continuous emotional labels by modeling the
reaction lag of evaluators", IEEE Trans. Affective Computing 6(2), 2015: one constant shift.
"""

from dataclasses import replace

import numpy as np

from wildaffect.core.columns import TaskColumn
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import Task

TRACED = (Task.VALENCE, Task.AROUSAL)
"""Labels that are traced in real time; classes and action units are labeled per frame."""


def advance_traces(
    sequence: FrameSequence, delay_s: float, *, max_distance_s: float
) -> FrameSequence:
    """Return a sequence whose rows have the valence and arousal traced `delay_s` later.

    Args:
        sequence: Sequence as annotated.
        delay_s: Lag of the traces, at least 0; 0 changes nothing.
        max_distance_s: Maximum distance of a row from the shifted time; beyond it, labels
            are masked.
    """
    if delay_s == 0 or not len(sequence):
        return sequence
    wanted_s = sequence.time_s + delay_s
    after = np.clip(np.searchsorted(sequence.time_s, wanted_s), 1, len(sequence) - 1)
    is_before_nearer = (
        wanted_s - sequence.time_s[after - 1] < sequence.time_s[after] - wanted_s
    )
    source = after - is_before_nearer
    near = np.abs(sequence.time_s[source] - wanted_s) <= max_distance_s
    shifted = {}
    for task in TRACED:
        traced = sequence.targets[task].take(source)
        valid = near & traced.valid
        values = np.where(valid, traced.values, 0).astype(np.float32)
        shifted[task] = TaskColumn(values, valid)
    return replace(sequence, targets=replace(sequence.targets, **shifted))
