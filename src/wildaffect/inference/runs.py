"""Which way of running a model over rows a manifest asks for, in a stream or at once."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.rate import Stream, StreamingAtRate
from wildaffect.core.streaming import Predict, StreamingWindows
from wildaffect.core.tasks import Task
from wildaffect.core.trailing import StreamingTrailing
from wildaffect.core.windows import AnyWindow, TrailingSpec, WindowSpec, longest_gap_s
from wildaffect.inference.manifest import Manifest
from wildaffect.inference.model import SPREAD, Model

WIDE_TASKS = frozenset({Task.EXPRESSION, Task.ACTION_UNITS})
"""Tasks with a column per label."""


def build_stream(predict: Predict, manifest: Manifest) -> Stream:
    """Return what takes feature rows and gives back what `predict` says of each."""
    inner = _over_windows(predict, manifest.window)
    if manifest.rate_hz is None:
        return inner
    return StreamingAtRate(
        inner, manifest.rate_hz, longest_gap_s=longest_gap_s(manifest.window)
    )


def predict_rows(
    model: Model,
    video: str,
    *,
    frame_number: NDArray[np.int64],
    time_s: NDArray[np.float64],
    features: NDArray[np.float32],
) -> SequenceOutputs:
    """Return what an artefact's networks say of stored features, before its calibration.

    Args:
        model: The networks.
        video: Name of the video.
        frame_number: Strictly ascending, at least one, shape (T,).
        time_s: Strictly ascending, shape (T,).
        features: Raw, in the columns of the manifest's inputs, shape (T, D).
    """
    stream = build_stream(model, model.manifest)
    parts = [stream.push(time_s, features), stream.flush()]
    said = np.concatenate([part.outputs for part in parts if len(part.times_s)])
    columns = model.layout.columns

    def values(name: str) -> NDArray[np.float32]:
        found = said[:, columns[name]].astype(np.float32, copy=False)
        return found[:, 0] if name not in WIDE_TASKS else found

    return SequenceOutputs(
        video=video,
        frame_number=frame_number,
        time_s=time_s,
        probs={task: values(task) for task in Task if task in columns},
        spread={
            task: values(f"{SPREAD} {task}")
            for task in Task
            if f"{SPREAD} {task}" in columns and len(model.manifest.members) > 1
        },
    )


def _over_windows(predict: Predict, spec: AnyWindow) -> Stream:
    match spec:
        case WindowSpec():
            return StreamingWindows(predict, spec)
        case TrailingSpec():
            return StreamingTrailing(predict, spec)
