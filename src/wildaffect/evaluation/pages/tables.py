"""Tables of a report, the same in the terminal, in Markdown and in HTML."""

from collections.abc import Sequence

from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.report import (
    Comparison,
    Confusion,
    GroupScore,
    LabelScore,
    Report,
)
from wildaffect.reporting.tables import TextTable


def score_table(report: Report) -> TextTable:
    """Return the scores with their intervals, the overall score first."""
    overall = [report.overall] if report.overall else []
    rows = [
        (say.score_title(score, report), say.number(score.value), say.interval(score))
        for score in (*overall, *report.scores)
    ]
    return TextTable(
        header=("", "score", "interval"),
        rows=tuple(rows),
        note=say.interval_sentence(report),
        num_strong=len(overall),
    )


def comparison_table(comparison: Comparison, report: Report) -> TextTable:
    """Return the differences from another system."""
    rows = [
        (
            say.score_title(each.score, report),
            say.number(each.this),
            say.number(each.other),
            say.signed(each.score.value),
            say.signed_interval(each.score),
            say.percent(each.share_above),
            say.conclusion(each),
        )
        for each in comparison.differences
    ]
    return TextTable(
        title=f"against {comparison.other.name}",
        header=("", "this", "other", "difference", "interval", "above in", "this is"),
        rows=tuple(rows),
        moods={"better": "good", "worse": "bad", say.NO_DIFFERENCE: "soft"},
    )


def coverage_table(report: Report) -> TextTable:
    """Return the amounts annotated, predicted and scored of each task."""
    rows = [
        (
            say.TASK_TITLES[each.task],
            f"{each.num_annotated:,}",
            f"{each.num_predicted:,}",
            say.percent(each.share),
            f"{each.num_scored:,}",
            f"{each.num_videos:,}",
        )
        for each in report.coverage
    ]
    header = ("", "annotated", "predicted", "share", "scored", "videos")
    return TextTable(title="coverage", header=header, rows=tuple(rows))


def label_table(title: str, labels: Sequence[LabelScore]) -> TextTable:
    """Return the scores of each class or action unit."""
    rows = [
        (
            each.label,
            say.number(each.f1.value),
            say.interval(each.f1),
            say.number(each.precision),
            say.number(each.recall),
            f"{each.num_annotated:,}",
            f"{each.num_predicted:,}",
        )
        for each in labels
    ]
    return TextTable(
        title=title,
        header=("", "F1", "interval", "precision", "recall", "annotated", "predicted"),
        rows=tuple(rows),
        bars=tuple(each.f1.value or 0.0 for each in labels),
    )


def confusion_table(confusion: Confusion) -> TextTable:
    """Return the counts: rows annotated, columns predicted."""
    rows = [
        (label, *(f"{count:,}" for count in counts))
        for label, counts in zip(confusion.labels, confusion.counts, strict=True)
    ]
    return TextTable(header=("", *confusion.labels), rows=tuple(rows))


def group_table(groups: Sequence[GroupScore]) -> TextTable:
    """Return the scores of each video or person."""
    rows = [
        (
            each.name,
            f"{each.num_frames:,}",
            say.number(each.ccc_valence),
            say.number(each.ccc_arousal),
            say.percent(each.expression_accuracy),
            say.number(each.action_unit_f1),
        )
        for each in groups
    ]
    header = ("", "frames", "CCC valence", "CCC arousal", "expressions right", "AU F1")
    return TextTable(header=header, rows=tuple(rows))
