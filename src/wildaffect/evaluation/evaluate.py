"""Report of predictions against annotations under a protocol.

Symbols: N annotated rows, V videos.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumns
from wildaffect.core.errors import EvaluationError
from wildaffect.core.hashes import InputFiles, hash_files
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import Task
from wildaffect.core.version import __version__
from wildaffect.data.annotated import Annotated
from wildaffect.evaluation.clips import NOTE, pool_videos
from wildaffect.evaluation.matching import match_rows
from wildaffect.evaluation.pairing import Paired, pair_up
from wildaffect.evaluation.plots import densities, traces
from wildaffect.evaluation.protocols import Protocol
from wildaffect.evaluation.report import (
    Comparison,
    GroupScore,
    InSample,
    Report,
    Score,
)
from wildaffect.evaluation.rules import MEANING, Rules
from wildaffect.evaluation.scoring import (
    Settings,
    compare_videos,
    resampling_of,
    score_groups,
    score_videos,
)
from wildaffect.evaluation.tables import PredictionTable
from wildaffect.formats.image_names import recording_of
from wildaffect.metrics.scores import VideoStatistics

MAX_GROUPS = 5000
"""Maximum number of videos to list individually."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Annotations, protocol and rules of an evaluation."""

    annotated: Annotated
    protocol: Protocol
    rules: Rules = field(default_factory=Rules)
    settings: Settings = field(default_factory=Settings)
    first_frame: int | None = None
    """Number of a video's first frame in the annotations, if known."""
    tuned_on: tuple[str, ...] | None = None
    """Videos that anything of the system was tuned on (weights, thresholds, smoothing,
    epochs); None if not declared."""


def evaluate(
    predictions: PredictionTable,
    evaluation: Evaluation,
    against: PredictionTable | None = None,
) -> Report:
    """Return the report of a system, optionally compared with another system.

    Args:
        predictions: Predictions of the system.
        evaluation: Annotations, protocol and rules.
        against: Predictions of another system for the same videos.

    Raises:
        EvaluationError: If predictions and annotations have no frame in common, or violate
            a rule.
    """
    annotated = evaluation.annotated
    paired = _pair(predictions, evaluation)
    rows = paired.annotations
    statistics = VideoStatistics.of(rows, paired.predictions)
    tasks = [each.task for each in paired.coverage]
    scored = score_videos(statistics, tasks, evaluation.protocol, evaluation.settings)
    videos, subjects = _breakdown(paired, statistics)
    keys = rows.video_index << 40 | rows.frame_number
    num_people = len({rows.subjects[v] for v in np.unique(rows.video_index)})
    return Report(
        wildaffect_version=__version__,
        protocol=evaluation.protocol.name,
        protocol_title=evaluation.protocol.title,
        definition=evaluation.protocol.definition,
        predictions=_input(predictions),
        annotations=annotated.input,
        expressions=rows.spaces.expressions.labels if Task.EXPRESSION in tasks else (),
        action_units=rows.spaces.action_units.labels if Task.ACTION_UNITS in tasks else (),
        rule_missing=MEANING[evaluation.rules.missing],
        rule_absent=MEANING[evaluation.rules.absent],
        departures=paired.departures,
        notes=(
            *annotated.notes,
            *predictions.notes,
            *((NOTE,) if rows.clip_level else ()),
            *paired.notes,
            *_undefined(scored.scores),
        ),
        in_sample=_in_sample(rows.videos, evaluation.tuned_on),
        num_rows=len(rows),
        num_repeats=len(rows) - len(np.unique(keys)),
        num_videos=len(np.unique(rows.video_index)),
        num_subjects=None if rows.subjects == rows.videos else num_people,
        coverage=paired.coverage,
        overall=scored.overall,
        scores=scored.scores,
        expression_scores=scored.expressions,
        action_unit_scores=scored.action_units,
        confusion=scored.confusion,
        densities=densities(rows, paired.predictions),
        videos=videos,
        subjects=subjects,
        traces=traces(rows, paired.predictions, statistics, statistics.per_video()),
        resampling=resampling_of(statistics, evaluation.settings),
        comparison=_compare(paired, against, evaluation) if against else None,
    )


def _pair(table: PredictionTable, evaluation: Evaluation) -> Paired:
    annotations = evaluation.annotated.annotations
    first = evaluation.first_frame
    if first is None:
        first = evaluation.annotated.first_frame
    if annotations.clip_level:
        table = pool_videos(table)
    rows = match_rows(table, annotations, first_frame=first)
    return pair_up(
        table,
        rows,
        annotations,
        protocol=evaluation.protocol,
        rules=evaluation.rules,
    )


def _input(table: PredictionTable) -> InputFiles:
    return hash_files(table.source.replace("\\", "/").rsplit("/", 1)[-1], table.files)


def _compare(
    paired: Paired, against: PredictionTable, evaluation: Evaluation
) -> Comparison:
    """Compare on the frames and labels that both systems are scored on."""
    other = _pair(against, evaluation)
    if paired.annotations.spaces != other.annotations.spaces:
        raise EvaluationError(
            f"{against.source}: both systems must be scored on the same labels, got "
            f"{', '.join(_labels(paired))} for the first and {', '.join(_labels(other))} "
            'for the other; `absent="zero"` scores all'
        )
    other_tasks = [each.task for each in other.coverage]
    tasks = [each.task for each in paired.coverage if each.task in other_tasks]
    if not tasks:
        raise EvaluationError(
            f"{against.source}: both systems must predict a task that is annotated, got "
            "none in common"
        )
    this_side = _narrow(paired.predictions, other.predictions)
    other_side = _narrow(other.predictions, paired.predictions)
    this_statistics = VideoStatistics.of(paired.annotations, this_side)
    return Comparison(
        other=_input(against),
        departures=other.departures,
        num_frames={task: _num_scored(task, paired, this_side) for task in tasks},
        differences=compare_videos(
            this_statistics,
            VideoStatistics.of(other.annotations, other_side),
            tasks,
            protocol=evaluation.protocol,
            settings=evaluation.settings,
        ),
    )


def _undefined(scores: Sequence[Score]) -> tuple[str, ...]:
    """Return which CCC is 0/0, and the scores that depend on it."""
    return tuple(
        f"{each.title} is not defined (annotated and predicted values are one constant, or "
        "there are fewer than two); what needs it is not defined either"
        for each in scores
        if each.name.endswith(".ccc") and each.value is None
    )


def _labels(paired: Paired) -> tuple[str, ...]:
    spaces = paired.annotations.spaces
    scales = (*spaces.dimensions.labels, *spaces.intensities.labels)
    return (*spaces.expressions.labels, *spaces.action_units.labels, *scales)


def _narrow(side: Predictions, other: Predictions) -> Predictions:
    narrowed = {
        task: replace(side[task], valid=side[task].valid & other[task].valid)
        for task in Task
    }
    return replace(side, **TaskColumns(**narrowed).columns())


def _num_scored(task: Task, paired: Paired, predictions: Predictions) -> int:
    return int(_scored_rows(task, paired, predictions).sum())


def _scored_rows(task: Task, paired: Paired, predictions: Predictions) -> NDArray[np.bool_]:
    valid = paired.annotations[task].valid & predictions[task].valid
    return replace(predictions[task], valid=valid).valid_rows


def _breakdown(
    paired: Paired, statistics: VideoStatistics
) -> tuple[tuple[GroupScore, ...], tuple[GroupScore, ...]]:
    """Return scores per video and per person; none if each video is one photograph."""
    rows = paired.annotations
    masks = [
        _scored_rows(task, paired, paired.predictions)
        for task in (each.task for each in paired.coverage)
    ]
    scored = np.any(masks, axis=0)
    num_frames = np.bincount(rows.video_index[scored], minlength=len(rows.videos))
    if len(rows.videos) > MAX_GROUPS or num_frames.max(initial=0) <= 1:
        return (), ()
    videos = score_groups(
        rows.videos, rows.subjects, num_frames, statistics.per_video(), statistics
    )
    if rows.subjects == rows.videos:
        return videos, ()
    people = tuple(dict.fromkeys(rows.subjects))
    person = np.array([people.index(name) for name in rows.subjects])
    by_person = VideoStatistics.of(
        replace(
            rows,
            videos=people,
            subjects=people,
            files=(),
            video_index=person[rows.video_index],
        ),
        paired.predictions,
    )
    totals = np.bincount(person, num_frames, minlength=len(people)).astype(np.int64)
    return videos, score_groups(people, people, totals, by_person.per_video(), by_person)


def _in_sample(videos: Sequence[str], tuned_on: tuple[str, ...] | None) -> InSample:
    """Return the evaluated videos that belong to recordings used for tuning."""
    if tuned_on is None:
        return InSample(state="not declared", num_videos=0)
    known = {recording_of(name) for name in tuned_on}
    shared = [name for name in videos if recording_of(name) in known]
    return InSample(
        state="yes" if shared else "no",
        num_videos=len(shared),
        examples=tuple(shared[:_EXAMPLES]),
    )
