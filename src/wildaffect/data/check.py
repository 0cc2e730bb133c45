"""Counts of a split: rows, labels, repeats, gaps.

Symbols: N rows, K action units.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.tasks import Task
from wildaffect.data.check_images import ImageCheck
from wildaffect.formats.problems import Problem, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Distances between neighboring frames of a video, in frames."""

    num_gaps: int
    """Number of neighbors that are more than one frame apart."""
    median: float
    """Median of all distances; NaN if no video has two frames."""
    mean: float
    longest: int
    longest_at: str
    """Video and frames of the longest gap; empty if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCheck:
    """All counts of one split."""

    name: str
    annotations: Annotations
    problems: tuple[Problem, ...]
    num_rows: int
    """Number of lines that should contain a row."""
    num_repeats: int
    """Rows that repeat an earlier row of their frame exactly."""
    conflicts: tuple[str, ...]
    """`file:line` of rows that contradict an earlier row of their frame."""
    valence_arousal: int
    """Rows with both valence and arousal."""
    half_labeled: int
    """Rows with only one of valence and arousal."""
    expression: int
    action_units: int
    """Rows with at least one action unit annotated."""
    dimensions: int
    """Rows with at least one dimension annotated."""
    intensities: int
    voted: int
    """Rows with soft labels of expressions."""
    without_class: int
    """Rows among those without a class: several have the most votes."""
    expressions: NDArray[np.int64]
    """Rows of each class."""
    shares: NDArray[np.float64]
    """Sum of the shares of each class over the rows with soft labels."""
    positives: NDArray[np.int64]
    """Rows in which each unit is active, shape (K,)."""
    annotated: NDArray[np.int64]
    """Rows in which each unit is annotated, shape (K,)."""
    unlabeled: int
    """Rows without any label."""
    gaps: Gaps | None
    """None for photographs."""
    images: ImageCheck | None
    """None if no image folder was found."""

    @property
    def problems_by_kind(self) -> dict[str, list[Problem]]:
        """Problems found by the reader, most frequent kind first."""
        counts = Counter(problem.kind for problem in self.problems)
        return {
            str(kind): [problem for problem in self.problems if problem.kind is kind]
            for kind, _ in counts.most_common()
        }


def check_split(
    name: str, reading: Reading, images: ImageCheck | None, *, is_video: bool
) -> SplitCheck:
    """Count the content of a reading.

    Args:
        name: Name of the split.
        reading: Result of the format's reader.
        images: Images on the disk, if an image folder was found.
        is_video: True if rows are frames of videos, so that gaps are meaningful.
    """
    a = reading.annotations
    num_repeats, conflicts = find_repeats(a)
    both = a.valence.valid & a.arousal.valid
    either = a.valence.valid | a.arousal.valid
    named, units = a.expression, a.action_units
    soft = _soft_labels(a)
    is_voted = soft.valid_rows
    has_label = np.any([a.labeled(task) for task in Task], axis=0)
    return SplitCheck(
        name=name,
        annotations=a,
        problems=reading.problems,
        num_rows=reading.num_rows,
        num_repeats=num_repeats,
        conflicts=conflicts,
        valence_arousal=int(both.sum()),
        half_labeled=int((either & ~both).sum()),
        expression=int(named.valid.sum()),
        action_units=int(units.valid_rows.sum()),
        dimensions=int(a.dimensions.valid_rows.sum()),
        intensities=int(a.intensities.valid_rows.sum()),
        expressions=np.bincount(
            named.values[named.valid], minlength=len(a.spaces.expressions)
        ),
        voted=int(is_voted.sum()),
        without_class=int((is_voted & ~named.valid).sum()),
        shares=soft.values[is_voted].sum(axis=0, dtype=np.float64),
        positives=(units.values.astype(bool) & units.valid).sum(axis=0),
        annotated=units.valid.sum(axis=0),
        unlabeled=int((~has_label).sum()),
        gaps=measure_gaps(a) if is_video else None,
        images=images,
    )


def find_repeats(annotations: Annotations) -> tuple[int, tuple[str, ...]]:
    """Return the number of exact repeats and `file:line` of each contradicting row."""
    a = annotations
    keys = (a.video_index << 32) + a.frame_number
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) == len(a):
        return 0, ()
    original = first[inverse]
    later = np.flatnonzero(original != np.arange(len(a)))
    differ = np.zeros(len(later), bool)
    for column in (*(a[task] for task in Task), _soft_labels(a)):
        differ |= column.take(later).differs(column.take(original[later]))
    rows = later[differ].tolist()
    return int((~differ).sum()), tuple(
        f"{place_of(a, row)} (first in line {int(a.lines[original[row]])})" for row in rows
    )


def _soft_labels(annotations: Annotations) -> TaskColumn:
    """Return the soft labels, without a valid one if there are none, shape (N, C)."""
    shape = (len(annotations), len(annotations.spaces.expressions))
    return annotations.expression_shares or TaskColumn.empty(shape, np.float32)


def place_of(annotations: Annotations, row: int) -> str:
    """Return `file:line` of a row."""
    video = int(annotations.video_index[row])
    file = annotations.files[video] if annotations.files else annotations.videos[video]
    return f"{file}:{int(annotations.lines[row])}"


def measure_gaps(annotations: Annotations) -> Gaps:
    """Return the distances between neighboring frames within each video."""
    keys = np.unique((annotations.video_index << 32) + annotations.frame_number)
    steps = np.diff(keys)
    within = np.diff(keys >> 32) == 0
    inside = steps[within]
    if not len(inside):
        return Gaps(
            num_gaps=0, median=float("nan"), mean=float("nan"), longest=0, longest_at=""
        )
    at = np.flatnonzero(within)[int(inside.argmax())]
    video = annotations.videos[int(keys[at] >> 32)]
    start, stop = (int(keys[at + step] & 0xFFFFFFFF) for step in (0, 1))
    return Gaps(
        num_gaps=int((inside > 1).sum()),
        median=float(np.median(inside)),
        mean=float(inside.mean()),
        longest=int(inside.max()),
        longest_at=f"{video}, frames {start} to {stop}" if inside.max() > 1 else "",
    )
