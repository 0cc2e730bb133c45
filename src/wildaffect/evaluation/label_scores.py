"""Scores of each expression and each action unit."""

from wildaffect.evaluation.report import Confusion, LabelScore, Score
from wildaffect.metrics.scores import VideoStatistics

UNITS = "action_units.f1."
CLASSES = "expression.f1."


def class_scores(
    statistics: VideoStatistics, found: dict[str, Score]
) -> tuple[LabelScore, ...]:
    """Return the scores of every expression."""
    counts = statistics.expression.pooled().counts
    return tuple(
        _label_score(
            label,
            found[f"{CLASSES}{label}"],
            hits=int(counts[index, index]),
            num_annotated=int(counts[index].sum()),
            num_predicted=int(counts[:, index].sum()),
            num_frames=int(counts.sum()),
        )
        for index, label in enumerate(statistics.spaces.expressions.labels)
        if f"{CLASSES}{label}" in found
    )


def unit_scores(
    statistics: VideoStatistics, found: dict[str, Score]
) -> tuple[LabelScore, ...]:
    """Return the scores of every action unit."""
    pooled = statistics.action_units.pooled()
    return tuple(
        _label_score(
            label,
            found[f"{UNITS}{label}"],
            hits=int(pooled.true_positives[index]),
            num_annotated=int((pooled.true_positives + pooled.false_negatives)[index]),
            num_predicted=int((pooled.true_positives + pooled.false_positives)[index]),
            num_frames=int(pooled.num_valid[index]),
        )
        for index, label in enumerate(statistics.spaces.action_units.labels)
        if f"{UNITS}{label}" in found
    )


def _label_score(
    label: str,
    f1: Score,
    *,
    hits: int,
    num_annotated: int,
    num_predicted: int,
    num_frames: int,
) -> LabelScore:
    return LabelScore(
        label=label,
        f1=f1,
        precision=hits / num_predicted if num_predicted else None,
        recall=hits / num_annotated if num_annotated else None,
        num_annotated=num_annotated,
        num_predicted=num_predicted,
        num_frames=num_frames,
    )


def confusion_of(statistics: VideoStatistics) -> Confusion:
    """Return the confusion counts of expressions."""
    counts = statistics.expression.pooled().counts
    return Confusion(
        labels=statistics.spaces.expressions.labels,
        counts=tuple(tuple(row) for row in counts.tolist()),
    )
