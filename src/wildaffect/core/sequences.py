"""Annotated frames of one video in the order of time, with their features.

Symbols: N rows of the annotations of one video (repeats kept), T distinct frames, F frames
with features, D columns, K action units.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.tasks import Task
from wildaffect.core.windows import check_times

Floats = NDArray[np.floating]
Index = NDArray[np.int64]

ASSUMED_FPS = 30.0
"""Frame rate to convert frame numbers to times if the video's rate is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFeatures:
    """Features of one person in one video, frame numbers as the annotations count."""

    frame_number: Index
    """Strictly ascending, shape (F,)."""
    time_s: NDArray[np.float64] | None
    """Times from the video's clock, shape (F,); None where it is not known."""
    values: Floats
    """Shape (F, D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSequence:
    """Distinct annotated frames of one video, ascending.

    If the annotations are of whole videos, these are the frames that have features.
    """

    video: str
    subject: str
    frame_number: Index
    """As the data set counts, strictly ascending, shape (T,)."""
    time_s: NDArray[np.float64]
    """Shape (T,)."""
    time_is_guessed: bool
    """True where times are derived from frame numbers at `ASSUMED_FPS`, for a warning."""
    features: Floats
    """Shape (T, D); rows without `has_feature` are zero and never to be computed on."""
    has_feature: NDArray[np.bool_]
    feature_frame: Index
    """Frame whose features the row has: its own, else the substitute's, (T,)."""
    targets: TaskColumns
    """Labels; zero where they are not valid."""
    annotation_rows: Index
    """Rows of the annotations, in their order, shape (N,)."""
    sequence_row: Index
    """Row here of each of those, in [0, T), shape (N,)."""
    num_conflicts: int = 0
    """Fields whose repeats disagree; they are masked."""
    clip_level: bool = False
    """True if the targets, alike in all frames, are of the video as a whole."""

    def __post_init__(self) -> None:
        check_times(self.time_s)

    def __len__(self) -> int:
        return len(self.frame_number)

    @property
    def computed_rows(self) -> Index:
        """Rows that a model runs on: those with features."""
        return np.flatnonzero(self.has_feature)


class Expanded(NamedTuple):
    """Outputs for every annotation row of a video, in the order of the annotations."""

    outputs: Floats
    """Shape (N, K)."""
    is_borrowed: NDArray[np.bool_]
    """True where the frame has no features and uses the output of another frame, (N,)."""


def build_sequences(
    annotations: Annotations,
    features_of: Callable[[str], FrameFeatures | None],
    *,
    max_distance_s: float,
) -> Iterator[FrameSequence]:
    """Yield one sequence per video that has features, in the order of the annotations.

    Repeated rows are merged. A frame without features uses those of the nearest earlier
    frame, else of the nearest later frame, at most `max_distance_s` away; else it is
    masked.
    """
    order = np.argsort(annotations.video_index, kind="stable")
    counts = np.bincount(annotations.video_index, minlength=len(annotations.videos))
    per_video = np.split(order, np.cumsum(counts)[:-1])
    for index, video in enumerate(annotations.videos):
        found = features_of(video) if counts[index] else None
        if found is not None:
            yield _build_sequence(
                annotations,
                index,
                rows=per_video[index],
                found=found,
                max_distance_s=max_distance_s,
            )


def _build_sequence(
    annotations: Annotations,
    index: int,
    *,
    rows: Index,
    found: FrameFeatures,
    max_distance_s: float,
) -> FrameSequence:
    numbers, sequence_row = np.unique(annotations.frame_number[rows], return_inverse=True)
    targets, num_conflicts = _merge_repeats(annotations, rows, sequence_row, len(numbers))
    if annotations.clip_level:
        numbers = found.frame_number
        targets = targets.take_columns(np.zeros(len(numbers), np.int64))
    time_s = times_of(numbers, found)
    source = nearest_feature(
        time_s, times_of(found.frame_number, found), max_distance_s=max_distance_s
    )
    has_feature = source >= 0
    features = np.zeros((len(numbers), found.values.shape[1]), dtype=found.values.dtype)
    features[has_feature] = found.values[source[has_feature]]
    feature_frame = numbers.copy()
    feature_frame[has_feature] = found.frame_number[source[has_feature]]
    return FrameSequence(
        video=annotations.videos[index],
        subject=annotations.subjects[index],
        frame_number=numbers,
        time_s=time_s,
        time_is_guessed=found.time_s is None or len(found.time_s) == 0,
        features=features,
        has_feature=has_feature,
        feature_frame=feature_frame,
        targets=targets,
        annotation_rows=rows,
        sequence_row=sequence_row,
        num_conflicts=num_conflicts,
        clip_level=annotations.clip_level,
    )


def times_of(frame_number: Index, found: FrameFeatures) -> NDArray[np.float64]:
    """Return the time of each frame, shape as `frame_number`.

    Between frames with known times, times are interpolated linearly; before the first and
    after the last at the video's average rate. Without times, frame 0 is at 0 s and the
    rate is `ASSUMED_FPS`.
    """
    if found.time_s is None or not len(found.time_s):
        return frame_number / ASSUMED_FPS
    known, known_s = found.frame_number, found.time_s
    span = int(known[-1] - known[0])
    frame_s = float(known_s[-1] - known_s[0]) / span if span else 1.0 / ASSUMED_FPS
    time_s = np.interp(frame_number, known, known_s)
    return time_s + frame_s * (frame_number - np.clip(frame_number, known[0], known[-1]))


def nearest_feature(
    time_s: NDArray[np.float64], found_s: NDArray[np.float64], *, max_distance_s: float
) -> Index:
    """Return the row of `found_s` for each time, -1 for none, shape (T,).

    The nearest at or before it within the distance, else the nearest after it within it.
    """
    if not len(found_s):
        return np.full(len(time_s), -1, dtype=np.int64)
    after = np.searchsorted(found_s, time_s, side="right")
    earlier, later = np.maximum(after - 1, 0), np.minimum(after, len(found_s) - 1)
    use_earlier = (after > 0) & (time_s - found_s[earlier] <= max_distance_s)
    use_later = (after < len(found_s)) & (found_s[later] - time_s <= max_distance_s)
    return np.where(use_earlier, earlier, np.where(use_later, later, -1))


def expand(outputs: Floats, sequence: FrameSequence) -> Expanded:
    """Return an output for every row of the annotations, including repeats and masked rows.

    A frame that could not be computed uses the output of the nearest earlier computed
    frame, else of the first computed frame. A row that labels the whole video gets the mean
    of all outputs.

    Args:
        outputs: One row per `sequence.computed_rows`, shape (C, K).
        sequence: Sequence that they were computed on.

    Raises:
        ValueError: If the number of outputs differs from that of computed rows, or is 0.
    """
    computed = sequence.computed_rows
    if len(outputs) != len(computed) or not len(computed):
        raise ValueError(
            f"{sequence.video}: outputs must have one row per computed row "
            f"({len(computed)}, at least one), got {len(outputs)}"
        )
    if sequence.clip_level:
        pooled = outputs.mean(axis=0, keepdims=True)
        num_rows = len(sequence.annotation_rows)
        return Expanded(pooled.repeat(num_rows, axis=0), np.zeros(num_rows, bool))
    last = np.maximum(np.cumsum(sequence.has_feature) - 1, 0)
    return Expanded(
        outputs[last][sequence.sequence_row],
        ~sequence.has_feature[sequence.sequence_row],
    )


def _merge_repeats(
    annotations: Annotations, rows: Index, sequence_row: Index, num_frames: int
) -> tuple[TaskColumns, int]:
    given = annotations.take_columns(rows)
    merged = {task: _merge(given[task], sequence_row, num_frames) for task in Task}
    soft = given.expression_shares
    shares = None
    if soft is not None:
        shares, conflict = _merge(soft, sequence_row, num_frames)
        shares.valid[conflict.any(axis=1)] = False  # the shares of a row belong together
    columns = TaskColumns(
        **{task: found.column for task, found in merged.items()}, expression_shares=shares
    )
    return columns, sum(int(found.conflict.sum()) for found in merged.values())


class _Merged(NamedTuple):
    column: TaskColumn
    """Labels of distinct frames; zero and not valid where repeats disagree."""
    conflict: NDArray[np.bool_]
    """True where repeats disagree, shape as the values."""


def _merge(given: TaskColumn, sequence_row: Index, num_frames: int) -> _Merged:
    one = np.zeros((num_frames, *given.values.shape[1:]), dtype=given.values.dtype)
    one_valid = np.zeros(one.shape, dtype=bool)
    places = np.nonzero(given.valid)
    cells = (sequence_row[places[0]], *places[1:])
    one[cells], one_valid[cells] = given.values[places], True
    conflict = np.zeros(one.shape, dtype=bool)
    np.logical_or.at(conflict, cells, given.values[places] != one[cells])
    one[conflict] = 0
    return _Merged(TaskColumn(one, one_valid & ~conflict), conflict)
