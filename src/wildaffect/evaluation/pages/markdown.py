"""A report as Markdown."""

from collections.abc import Sequence

from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.report import Comparison, GroupScore, LabelScore, Report


def to_markdown(report: Report) -> str:
    """Return one document."""
    blocks = [
        f"# Evaluation: {_cell(report.protocol_title)}",
        f"`{report.protocol}`: {report.definition}.",
        f"**{_cell(say.summary_line(report))}**",
        *(f"> **Departs from the protocol**: {_cell(text)}" for text in report.departures),
        f"> {_cell(say.in_sample_sentence(report.in_sample, report.num_videos))}",
        "## Scores",
        _scores(report),
        say.interval_sentence(report),
    ]
    if report.comparison:
        blocks += _comparison(report.comparison, report)
    blocks += ["## Coverage", _coverage(report)]
    for title, labels in (
        ("Perceived expressions", report.expression_scores),
        ("Action units", report.action_unit_scores),
    ):
        if labels:
            blocks += [f"## {title}", _labels(labels)]
    if report.confusion:
        blocks += ["## Confusion (rows annotated, columns predicted)", _confusion(report)]
    for title, groups in (("Videos", report.videos), ("People", report.subjects)):
        if groups:
            blocks += [f"## {title}", *_groups(groups)]
    blocks += ["## What was compared", _inputs(report)]
    return "\n\n".join(blocks) + "\n"


def _scores(report: Report) -> str:
    overall = [report.overall] if report.overall else []
    rows = [
        (
            say.score_title(score, report),
            say.number(score.value),
            say.interval(score),
        )
        for score in (*overall, *report.scores)
    ]
    return _table(("", "score", "interval"), rows)


def _comparison(comparison: Comparison, report: Report) -> list[str]:
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
    header = ("", "this", "other", "difference", "interval", "above in", "this is")
    return [
        f"## Against {_cell(comparison.other.name)}",
        _table(header, rows),
        "On the frames that both predict, on the same resamples of the same videos.",
        *(f"> The other: {_cell(text)}" for text in comparison.departures),
    ]


def _coverage(report: Report) -> str:
    rows = [
        (
            say.TASK_TITLES[each.task],
            f"{each.num_annotated:,}",
            f"{each.num_predicted:,} ({say.percent(each.share)})",
            f"{each.num_scored:,}",
            f"{each.num_videos:,}",
        )
        for each in report.coverage
    ]
    return _table(("", "frames annotated", "predicted", "scored", "videos"), rows)


def _labels(labels: Sequence[LabelScore]) -> str:
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
    header = ("", "F1", "interval", "precision", "recall", "annotated", "predicted")
    return _table(header, rows)


def _confusion(report: Report) -> str:
    if report.confusion is None:
        return ""
    labels = report.confusion.labels
    rows = [
        (label, *(f"{count:,}" for count in counts))
        for label, counts in zip(labels, report.confusion.counts, strict=True)
    ]
    return _table(("", *labels), rows)


def _groups(groups: Sequence[GroupScore]) -> list[str]:
    shown = groups[: say.MAX_GROUPS]
    rows = [
        (
            each.name,
            f"{each.num_frames:,}",
            say.number(each.ccc_valence),
            say.number(each.ccc_arousal),
            say.percent(each.expression_accuracy),
            say.number(each.action_unit_f1),
        )
        for each in shown
    ]
    header = ("", "frames", "CCC valence", "CCC arousal", "expressions right", "AU F1")
    blocks = [_table(header, rows)]
    if len(groups) > len(shown):
        blocks.append(f"{len(groups) - len(shown):,} more are in the HTML and JSON.")
    return blocks


def _inputs(report: Report) -> str:
    lines = [
        f"predictions: {say.input_sentence(report.predictions)}",
        f"annotations: {say.input_sentence(report.annotations)}",
        *(
            [f"compared with: {say.input_sentence(report.comparison.other)}"]
            if report.comparison
            else []
        ),
        f"rule: {report.rule_missing}",
        f"rule: {report.rule_absent}",
        *(f"note: {note}" for note in report.notes),
        f"wildaffect {report.wildaffect_version}",
    ]
    return "\n".join(f"- {_cell(line)}" for line in lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = "|---" + "|---:" * (len(header) - 1) + "|"
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in (header, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def _cell(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "<", "`"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
