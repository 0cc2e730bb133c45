"""Alignment of model outputs with the frames of a data set.

Symbols: N rows of annotations, T rows of outputs of one video, K action units.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import empty_columns
from wildaffect.core.errors import BadOutputs
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import Task
from wildaffect.inference.calibration import Calibrated

Rows = NDArray[np.int64]


def to_predictions(
    calibrated: Sequence[Calibrated],
    annotations: Annotations,
    *,
    provenance: Mapping[str, object] | None = None,
) -> Predictions:
    """Return a prediction for every annotated row, for evaluation.

    Repeated rows share a prediction. A frame without outputs uses those of the nearest
    earlier frame of its video, else of its first frame, as `core.sequences.expand` does; a
    video without outputs is not covered.

    Args:
        calibrated: Calibrated outputs of each video, in any order.
        annotations: Annotations of N rows.
        provenance: Origin of the outputs, for reports.

    Raises:
        BadOutputs: If a video is repeated, or the number of labels differs from that of the
            annotations.
    """
    by_video = {output.outputs.video: output for output in calibrated}
    if len(by_video) < len(calibrated):
        raise BadOutputs(
            f"predictions: videos must be distinct, got {len(by_video)} names for "
            f"{len(calibrated)}"
        )
    table = _Table(annotations)
    for index, video in enumerate(annotations.videos):
        rows = np.flatnonzero(annotations.video_index == index)
        if video in by_video and len(rows) and len(by_video[video].outputs):
            table.fill(rows, by_video[video])
    return table.predictions(provenance or {})


def fill_frames(
    calibrated: Calibrated, frame_number: Rows, time_s: NDArray[np.float64]
) -> Calibrated:
    """Return the predictions for these frames; see `to_predictions` for missing ones.

    Args:
        calibrated: Calibrated outputs of one video, at least one row.
        frame_number: Strictly ascending, shape (T,).
        time_s: Times of those frames, strictly ascending, shape (T,).
    """
    outputs = calibrated.outputs
    source = nearest_rows(outputs.frame_number, frame_number)
    filled = SequenceOutputs(
        video=outputs.video,
        frame_number=frame_number,
        time_s=time_s,
        probs={task: values[source] for task, values in outputs.probs.items()},
        spread={task: values[source] for task, values in outputs.spread.items()},
    )
    expression, units = calibrated.expression, calibrated.action_units
    return Calibrated(
        filled,
        None if expression is None else expression[source],
        None if units is None else units[source],
    )


def nearest_rows(frame_number: Rows, wanted: Rows) -> Rows:
    """Return the row used for each requested frame, shape (N,).

    It is the frame's own row, else the nearest earlier one, else the first.

    Args:
        frame_number: Frames of the outputs, strictly ascending, at least one, shape (T,).
        wanted: Requested frames, shape (N,).
    """
    return np.maximum(np.searchsorted(frame_number, wanted, side="right") - 1, 0)


class _Table:
    """Columns of predictions that are filled video by video."""

    def __init__(self, annotations: Annotations) -> None:
        num_rows, spaces = len(annotations), annotations.spaces
        units = (num_rows, len(spaces.action_units))
        self._spaces = spaces
        self._columns = empty_columns(num_rows, spaces)
        self._probs: dict[Task, NDArray[np.float32]] = {
            Task.EXPRESSION: np.full(
                (num_rows, len(spaces.expressions)), np.nan, np.float32
            ),
            Task.ACTION_UNITS: np.full(units, np.nan, np.float32),
        }
        self._wanted = annotations.frame_number

    def fill(self, rows: Rows, predicted: Calibrated) -> None:
        """Copy the predictions of a video into its rows."""
        source = nearest_rows(predicted.outputs.frame_number, self._wanted[rows])
        decided = {
            Task.VALENCE: predicted.outputs.probs.get(Task.VALENCE),
            Task.AROUSAL: predicted.outputs.probs.get(Task.AROUSAL),
            Task.EXPRESSION: predicted.expression,
            Task.ACTION_UNITS: predicted.action_units,
            Task.DIMENSIONS: predicted.outputs.probs.get(Task.DIMENSIONS),
            Task.INTENSITIES: predicted.outputs.probs.get(Task.INTENSITIES),
        }
        for task, values in decided.items():
            if values is None:
                continue
            if task in self._probs:
                self._fill_probs(task, rows, source, predicted)
            self._columns[task].values[rows] = values[source]
            self._columns[task].valid[rows] = True

    def predictions(self, provenance: Mapping[str, object]) -> Predictions:
        """Return the filled predictions."""
        probs = {
            task: whole if self._columns[task].valid.any() else None
            for task, whole in self._probs.items()
        }
        return Predictions(
            **self._columns.columns(),
            expression_probs=probs[Task.EXPRESSION],
            action_unit_probs=probs[Task.ACTION_UNITS],
            spaces=self._spaces,
            provenance=provenance,
        )

    def _fill_probs(
        self, task: Task, rows: Rows, source: Rows, predicted: Calibrated
    ) -> None:
        probs, whole = predicted.outputs.probs[task], self._probs[task]
        if probs.shape[1] != whole.shape[1]:
            raise BadOutputs(
                f"{predicted.outputs.video}: {task} must have a column for each of "
                f"{whole.shape[1]} labels of the annotations, got {probs.shape[1]}"
            )
        whole[rows] = probs[source]
