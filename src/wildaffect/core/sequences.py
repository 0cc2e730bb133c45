"""Annotated frames of one video in the order of time, with their features.

Symbols: N rows of the annotations of one video (repeats kept), T distinct frames, D
columns, K action units.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.feature_rows import JoinedSet, frames_of, join_sets
from wildaffect.core.tasks import Task
from wildaffect.core.windows import check_times

Floats = NDArray[np.floating]
Index = NDArray[np.int64]


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
    """Shape (T, D); NaN in the columns of a feature set that does not reach the row. Rows
    without `has_feature` are zero and never to be computed on."""
    has_feature: NDArray[np.bool_]
    """True where at least one feature set reaches the row, shape (T,)."""
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
    set_widths: tuple[int, ...] = ()
    """Number of columns of each feature set, in order; empty if there is only one."""

    def __post_init__(self) -> None:
        check_times(self.time_s)

    def __len__(self) -> int:
        return len(self.frame_number)

    @property
    def computed_rows(self) -> Index:
        """Rows that a model runs on: those with features."""
        return np.flatnonzero(self.has_feature)

    @property
    def computed_targets(self) -> TaskColumns:
        """Labels of the rows that a model runs on."""
        return self.targets.take_columns(self.computed_rows)


class Expanded(NamedTuple):
    """Outputs for every annotation row of a video, in the order of the annotations."""

    outputs: Floats
    """Shape (N, K)."""
    is_borrowed: NDArray[np.bool_]
    """True where the frame has no features and uses the output of another frame, (N,)."""


def build_sequences(
    annotations: Annotations,
    features_of: Callable[[str], Sequence[JoinedSet] | None],
) -> Iterator[FrameSequence]:
    """Yield one sequence per video that has features, in the order of the annotations.

    Repeated rows are merged. Each feature set joins the frames by time, by its own rule; a
    frame that none reaches is masked.

    Args:
        annotations: Labels of the videos.
        features_of: Returns the feature sets of a video, None to skip the video.
    """
    order = np.argsort(annotations.video_index, kind="stable")
    counts = np.bincount(annotations.video_index, minlength=len(annotations.videos))
    per_video = np.split(order, np.cumsum(counts)[:-1])
    for index, video in enumerate(annotations.videos):
        found = features_of(video) if counts[index] else None
        if found is not None:
            yield _build_sequence(annotations, index, rows=per_video[index], found=found)


def _build_sequence(
    annotations: Annotations, index: int, *, rows: Index, found: Sequence[JoinedSet]
) -> FrameSequence:
    numbers, sequence_row = np.unique(annotations.frame_number[rows], return_inverse=True)
    targets, num_conflicts = _merge_repeats(annotations, rows, sequence_row, len(numbers))
    if annotations.clip_level:
        numbers = frames_of(found)
        targets = targets.take_columns(np.zeros(len(numbers), np.int64))
    joined = join_sets(numbers, found)
    return FrameSequence(
        video=annotations.videos[index],
        subject=annotations.subjects[index],
        frame_number=numbers,
        time_s=joined.time_s,
        time_is_guessed=joined.time_is_guessed,
        features=joined.values,
        has_feature=joined.has_feature,
        targets=targets,
        annotation_rows=rows,
        sequence_row=sequence_row,
        num_conflicts=num_conflicts,
        clip_level=annotations.clip_level,
        set_widths=joined.set_widths,
    )


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
    shares, num_conflicts = None, 0
    if soft is not None:
        shares, conflict = _merge(soft, sequence_row, num_frames)
        shares.valid[conflict.any(axis=1)] = False  # the shares of a row belong together
        num_conflicts = int(conflict.any(axis=1).sum())
    columns = TaskColumns(
        **{task: found.column for task, found in merged.items()}, expression_shares=shares
    )
    num_conflicts += sum(int(found.conflict.sum()) for found in merged.values())
    return columns, num_conflicts


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
