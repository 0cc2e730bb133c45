"""The official scores of annotated frames, and the statistics per video.

P_MTL = (CCC valence + CCC arousal) / 2 + macro-F1 of expressions + mean F1 of action units,
each over the valid frames of its task, pooled over all videos.
Source: ABAW multi-task challenge (Kollias 2022, arXiv:2202.10659).
Symbols: V videos, C classes, K action units or scales, R weightings of the videos.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts
from wildaffect.metrics.scales import ScaleScores, ScaleSums

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScores:
    """All scores of one or many sets of frames.

    Shapes are () for one set, (R,) or (V,) for many; scores per label have an additional
    axis. An undefined score is NaN, and so are sums and means that include it.
    """

    ccc_valence: Floats
    ccc_arousal: Floats
    mse_valence: Floats
    mse_arousal: Floats
    pcc_valence: Floats
    pcc_arousal: Floats
    f1_expression: Floats
    """F1 of each class, shape (..., C)."""
    macro_f1_expression: Floats
    """Mean over all C classes; the score of the expression track."""
    f1_action_units: Floats
    """F1 of each action unit, shape (..., K); NaN where it has no valid cell."""
    mean_f1_action_units: Floats
    """Mean over the action units that have a valid cell; the score of their track."""
    macro_f1_action_units: Floats
    """Likewise of the mean of the F1 of presence and that of absence; the score of the
    track on ambivalence or hesitancy."""
    num_valence: Counts
    """Number of valid frames of the task; likewise for the other three."""
    num_arousal: Counts
    num_expression: Counts
    num_action_units: Counts
    """Number of valid cells of each action unit, shape (..., K)."""
    dimensions: ScaleScores
    """Scores of each dimension; empty where there are none."""
    intensities: ScaleScores
    """Scores of each intensity."""

    @property
    def mean_ccc(self) -> Floats:
        """Mean CCC of valence and arousal; the score of the valence-arousal track."""
        return (self.ccc_valence + self.ccc_arousal) / 2

    @property
    def p_mtl(self) -> Floats:
        """The multi-task score, in [-1, 3]."""
        return self.mean_ccc + self.macro_f1_expression + self.mean_f1_action_units

    @property
    def mean_ccc_dimensions(self) -> Floats:
        """Mean CCC over the dimensions that have rows."""
        return self.dimensions.mean("ccc")

    @property
    def mean_icc_intensities(self) -> Floats:
        """Mean ICC(3,1) over the intensities that have rows."""
        return self.intensities.mean("icc")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStatistics:
    """Sufficient statistics of each video for all scores.

    Video v is position v of each leading axis.
    """

    videos: tuple[str, ...]
    subjects: tuple[str, ...]
    """Person of each video, same length."""
    spaces: LabelSpaces
    valence: AgreementSums
    arousal: AgreementSums
    expression: ConfusionCounts
    action_units: UnitCounts
    dimensions: ScaleSums
    intensities: ScaleSums

    @classmethod
    def of(cls, annotations: Annotations, predictions: Predictions) -> Self:
        """Return the statistics of every video of `annotations`.

        A frame counts for a task if it is annotated and predicted.
        Repeated rows count as often as they occur in the files.

        Args:
            annotations: Annotations of N rows.
            predictions: Predictions for the same N rows in the same order.

        Raises:
            ValueError: If the number of rows or the label spaces differ.
        """
        _check_same_rows(annotations, predictions)
        num_videos = len(annotations.videos)
        columns = {task: _task_columns(annotations, predictions, task) for task in Task}
        return cls(
            videos=annotations.videos,
            subjects=annotations.subjects,
            spaces=annotations.spaces,
            **sums_by_video(columns, annotations.spaces, num_videos),
        )

    def __len__(self) -> int:
        return len(self.videos)

    def update(self, annotations: Annotations, predictions: Predictions) -> Self:
        """Return these statistics with more frames added, of known or new videos."""
        return self.merge(self.of(annotations, predictions))

    def merge(self, other: Self) -> Self:
        """Return the statistics of the frames of both; equal names are merged.

        Raises:
            ValueError: If the label spaces differ, or a video has two subjects.
        """
        if self.spaces != other.spaces:
            raise ValueError(_differing_spaces(self.spaces, other.spaces))
        subject_of = dict(zip(self.videos, self.subjects, strict=True))
        for video, subject in zip(other.videos, other.subjects, strict=True):
            known = subject_of.setdefault(video, subject)
            if known != subject:
                raise ValueError(
                    f"video {video}: subject must be the same in all parts, got {known!r} "
                    f"and {subject!r}"
                )
        position = {video: index for index, video in enumerate(subject_of)}
        ours = np.array([position[video] for video in self.videos], np.int64)
        theirs = np.array([position[video] for video in other.videos], np.int64)
        mine, more = self._sums(ours, len(position)), other._sums(theirs, len(position))
        return type(self)(
            videos=tuple(subject_of),
            subjects=tuple(subject_of.values()),
            spaces=self.spaces,
            **{task: sums.merge(more[task]) for task, sums in mine.items()},
        )

    def pooled(self, weights: ArrayLike | None = None) -> TaskScores:
        """Return the scores of all videos together.

        Args:
            weights: Multiplicity of each video, integers of shape (V,), or (R, V) for R
                sets of scores; None for 1.
        """
        return _task_scores(
            self.valence.pooled(weights),
            self.arousal.pooled(weights),
            self.expression.pooled(weights),
            self.action_units.pooled(weights),
            self.dimensions.pooled(weights),
            self.intensities.pooled(weights),
        )

    def per_video(self) -> TaskScores:
        """Return the scores of each video, in the order of `videos`."""
        return _task_scores(
            self.valence,
            self.arousal,
            self.expression,
            self.action_units,
            self.dimensions,
            self.intensities,
        )

    def per_subject(self) -> tuple[tuple[str, ...], TaskScores]:
        """Return the subjects, in order of appearance, and the scores of their videos."""
        names = tuple(dict.fromkeys(self.subjects))
        position = {name: index for index, name in enumerate(names)}
        groups = np.array([position[name] for name in self.subjects], np.int64)
        return names, _task_scores(**self._sums(groups, len(names)))

    def _sums(self, groups: NDArray[np.int64], num_groups: int) -> dict[str, Any]:
        """Return the sums of each task with video v in group `groups[v]`."""
        return {
            str(task): getattr(self, task).regrouped(groups, num_groups) for task in Task
        }


def sums_by_video(
    columns: Mapping[Task, Mapping[str, ArrayLike]], spaces: LabelSpaces, num_videos: int
) -> dict[str, Any]:
    """Return the sums of each task by video, as arguments of `VideoStatistics`.

    Args:
        columns: `target`, `pred`, `valid` and `groups` (the video of each row) by task.
        spaces: Label spaces of the columns.
        num_videos: Number of videos.
    """
    kinds: dict[Task, Any] = {
        Task.VALENCE: AgreementSums,
        Task.AROUSAL: AgreementSums,
        Task.EXPRESSION: ConfusionCounts,
        Task.ACTION_UNITS: UnitCounts,
        Task.DIMENSIONS: ScaleSums,
        Task.INTENSITIES: ScaleSums,
    }
    own = {Task.EXPRESSION: {"num_classes": len(spaces.expressions)}}
    return {
        str(task): kind.by_group(
            **columns[task], num_groups=num_videos, **own.get(task, {})
        )
        for task, kind in kinds.items()
    }


def score(annotations: Annotations, predictions: Predictions) -> TaskScores:
    """Return the pooled scores of predictions for the rows of `annotations`.

    Raises:
        ValueError: If the number of rows or the label spaces differ.
    """
    return VideoStatistics.of(annotations, predictions).pooled()


def _task_scores(
    valence: AgreementSums,
    arousal: AgreementSums,
    expression: ConfusionCounts,
    action_units: UnitCounts,
    dimensions: ScaleSums,
    intensities: ScaleSums,
) -> TaskScores:
    shape = np.shape(valence.count)
    return TaskScores(
        ccc_valence=valence.ccc(),
        ccc_arousal=arousal.ccc(),
        mse_valence=valence.mse(),
        mse_arousal=arousal.mse(),
        pcc_valence=valence.pcc(),
        pcc_arousal=arousal.pcc(),
        f1_expression=expression.per_class_f1(),
        macro_f1_expression=expression.macro_f1(),
        f1_action_units=action_units.f1(),
        mean_f1_action_units=action_units.mean_f1(),
        macro_f1_action_units=action_units.macro_f1(),
        num_valence=valence.count,
        num_arousal=arousal.count,
        num_expression=expression.num_rows(),
        num_action_units=action_units.num_valid,
        dimensions=dimensions.scores(shape),
        intensities=intensities.scores(shape),
    )


def _task_columns(
    annotations: Annotations, predictions: Predictions, task: Task
) -> dict[str, ArrayLike]:
    """Return the columns of a task for the sums."""
    return {
        "target": annotations[task].values,
        "pred": predictions[task].values,
        "groups": annotations.video_index,
        "valid": annotations[task].valid & predictions[task].valid,
    }


def _check_same_rows(annotations: Annotations, predictions: Predictions) -> None:
    if len(annotations) != len(predictions):
        raise ValueError(
            f"{annotations.source}: predictions must have one row per annotated row "
            f"({len(annotations)}), got {len(predictions)}"
        )
    if annotations.spaces != predictions.spaces:
        raise ValueError(
            f"{annotations.source}: "
            f"{_differing_spaces(annotations.spaces, predictions.spaces)}"
        )


def _differing_spaces(one: LabelSpaces, other: LabelSpaces) -> str:
    return (
        f"label spaces must be the same on both sides, got {one.words} and "
        f"{other.words}; map one to the other first"
    )
