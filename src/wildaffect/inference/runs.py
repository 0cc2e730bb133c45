"""Execution of a model's window groups over rows, in a stream or over sequences."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.causal import StreamingCausal
from wildaffect.core.frame_wise import StreamingFrames
from wildaffect.core.joining import StreamingJoin
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.rate import Stream, StreamingAtRate
from wildaffect.core.streaming import StreamingWindows
from wildaffect.core.tasks import SINGLE_TASKS, Task
from wildaffect.core.windows import CausalWindow, WindowSpec, longest_gap_s
from wildaffect.inference.model import SPREAD, Model, WindowGroup

WIDE_TASKS = frozenset(Task) - SINGLE_TASKS
"""Tasks with a column per label."""


def build_stream(model: Model) -> Stream:
    """Return a stream that maps feature rows to model outputs."""
    streams = [_stream_of(group) for group in model.window_groups]
    if len(streams) == 1:
        return streams[0]
    return StreamingJoin(streams, model.join)


def predict_rows(
    model: Model,
    video: str,
    *,
    frame_number: NDArray[np.int64],
    time_s: NDArray[np.float64],
    features: NDArray[np.float32],
) -> SequenceOutputs:
    """Return the uncalibrated outputs of an artifact for stored features.

    Args:
        model: The networks.
        video: Name of the video.
        frame_number: Strictly ascending, at least one, shape (T,).
        time_s: Strictly ascending, shape (T,).
        features: Raw, in the columns of the manifest's inputs, shape (T, D).
    """
    stream = build_stream(model)
    parts = [stream.push(time_s, features), stream.flush()]
    predicted = np.concatenate([part.outputs for part in parts if len(part.times_s)])
    columns = model.layout.columns

    def values(name: str) -> NDArray[np.float32]:
        found = predicted[:, columns[name]].astype(np.float32, copy=False)
        return found[:, 0] if name not in WIDE_TASKS else found

    return SequenceOutputs(
        video=video,
        frame_number=frame_number,
        time_s=time_s,
        probs={task: values(task) for task in Task if task in columns},
        spread={
            task: values(f"{SPREAD} {task}")
            for task in Task
            if f"{SPREAD} {task}" in columns and model.manifest.num_predicting(task) > 1
        },
    )


def _stream_of(group: WindowGroup) -> Stream:
    inner = _over_windows(group)
    if group.rate_hz is None:
        return inner
    gap_s = longest_gap_s(group.window)
    return StreamingAtRate(inner, group.rate_hz, longest_gap_s=gap_s)


def _over_windows(group: WindowGroup) -> Stream:
    if group.window.is_frame_wise:
        return StreamingFrames(group)
    match group.window:
        case WindowSpec():
            return StreamingWindows(group, group.window)
        case CausalWindow():
            return StreamingCausal(group, group.window)
