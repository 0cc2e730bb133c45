"""Writer of challenge submissions, from predictions and an official list.

Layout: the header of the track, then one row per listed row, in its order, with every
repeat: `<image>,<valence>,<arousal>,<class number>,<12 x 0 or 1>` for the multi-task track,
or the same without the fields of other tasks. The expression track has eight class names in
its header over one class number.

A frame without a prediction uses that of the nearest earlier frame of its video, or of the
nearest later frame if there is none earlier; each task is filled separately.

Source: submissions as wtomin/ABAW3_MultiEmotionNet and the ABAW5 to ABAW7 notebooks of
sb-ai-lab/EmotiEffLib write them; the filling rule as in the former.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.formats.frame_lists import HEADERS, FrameList, Track
from wildaffect.formats.submission_rows import SubmissionRows
from wildaffect.formats.text import write_lines

TASKS = {
    Track.MTL: ABAW_TASKS,
    Track.VA: (Task.VALENCE, Task.AROUSAL),
    Track.EXPR: (Task.EXPRESSION,),
    Track.AU: (Task.ACTION_UNITS,),
}
"""Tasks of a row of a track, in the order of its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Numbers of listed rows that were filled."""

    num_rows: int
    earlier: dict[Task, int]
    """Task -> rows that use the prediction of the nearest earlier frame."""
    later: dict[Task, int]
    """Task -> rows that use the nearest later frame, as there is none earlier."""
    clipped: int
    """Number of values of valence or arousal outside [-1, 1], which were clipped."""

    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each kind of difference from the predictions."""
        notes = [
            f"{task.words}: {self.earlier[task]:,} rows use an earlier frame's prediction, "
            f"{self.later[task]:,} a later one's"
            for task in self.earlier
            if self.earlier[task] or self.later[task]
        ]
        if self.clipped:
            notes.append(f"{self.clipped:,} values outside [-1, 1] were set to its ends")
        return tuple(notes)


def write_submission(
    predictions: SubmissionRows, frames: FrameList, *, track: Track, path: Path
) -> Filled:
    """Write the submission.

    Raises:
        BadAnnotation: If a listed video has no prediction at all for a task of the track;
            the message includes the line of the list.
        OutputError: If the file cannot be written.
    """
    columns: list[list[str]] = []
    earlier, later, clipped = {}, {}, 0
    nearest = _index(predictions, frames)
    for task in TASKS[track]:
        column = predictions[task]
        is_whole = np.asarray(column.valid.reshape(len(predictions), -1).all(axis=1))
        rows, is_earlier, is_later = _nearest(nearest, is_whole, frames, task)
        earlier[task], later[task] = int(is_earlier.sum()), int(is_later.sum())
        chosen = column.values[rows]
        if task in {Task.VALENCE, Task.AROUSAL}:
            clipped += int((np.abs(chosen) > 1).sum())
            columns.append([f"{v:.6g}" for v in np.clip(chosen, -1, 1) + 0.0])
        else:
            codes = chosen.astype(int).reshape(len(rows), -1).tolist()
            columns.append([",".join(map(str, row)) for row in codes])
    lines = (",".join(row) for row in zip(frames.images, *columns, strict=True))
    write_lines(path, [HEADERS[track], *lines])
    return Filled(num_rows=len(frames), earlier=earlier, later=later, clipped=clipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Video and frame number as one number, the videos numbered as in the list."""

    listed: NDArray[np.int64]
    predicted: NDArray[np.int64]
    """-1 for predictions of videos that are not listed."""


def _index(rows: SubmissionRows, frames: FrameList) -> _Keys:
    place = {video: index for index, video in enumerate(frames.videos)}
    of_video = np.array([place.get(video, -1) for video in rows.videos], np.int64)
    video = of_video[rows.video_index]
    predicted = np.where(video < 0, -1, (video << 32) + rows.frame_number)
    return _Keys(
        listed=(frames.video_index << 32) + frames.frame_number, predicted=predicted
    )


def _nearest(
    keys: _Keys, has_prediction: NDArray[np.bool_], frames: FrameList, task: Task
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the prediction's row for each listed row, and which come from other frames."""
    usable = np.flatnonzero(has_prediction & (keys.predicted >= 0))
    usable = usable[np.argsort(keys.predicted[usable], kind="stable")]
    known = keys.predicted[usable]
    place = np.searchsorted(known, keys.listed, side="right") - 1
    before = known[place.clip(0)] if len(known) else np.full(len(frames), -1)
    after = known[(place + 1).clip(max=len(known) - 1)] if len(known) else before
    video = keys.listed >> 32
    has_before = (place >= 0) & (before >> 32 == video)
    has_after = (place + 1 < len(known)) & (after >> 32 == video)
    without = np.flatnonzero(~has_before & ~has_after)
    if len(without):
        row = int(without[0])
        name = frames.videos[int(frames.video_index[row])]
        raise BadAnnotation(
            frames.path,
            int(frames.lines[row]),
            f"every listed video must have a prediction for {task.words}, got none for "
            f"{name!r}; predict it, or check that names and tracks agree",
        )
    rows = usable[np.where(has_before, place, place + 1)]
    is_exact = has_before & (before == keys.listed)
    return rows, has_before & ~is_exact, ~has_before
