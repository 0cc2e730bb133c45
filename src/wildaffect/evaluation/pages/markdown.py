"""A report as Markdown."""

from collections.abc import Sequence

from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.pages.tables import (
    comparison_table,
    confusion_table,
    coverage_table,
    group_table,
    label_table,
    score_table,
)
from wildaffect.evaluation.report import Comparison, GroupScore, Report
from wildaffect.reporting.tables import markdown_table, markdown_text


def to_markdown(report: Report) -> str:
    """Return one document."""
    blocks = [
        f"# Evaluation: {markdown_text(report.protocol_title)}",
        f"`{report.protocol}`: {report.definition}.",
        f"**{markdown_text(say.summary_line(report))}**",
        *(
            f"> **Departs from the protocol**: {markdown_text(text)}"
            for text in report.departures
        ),
        f"> {markdown_text(say.in_sample_sentence(report.in_sample, report.num_videos))}",
        "## Scores",
        markdown_table(score_table(report)),
        say.interval_sentence(report),
    ]
    if report.comparison:
        blocks += _comparison(report.comparison, report)
    blocks += ["## Coverage", markdown_table(coverage_table(report))]
    for title, labels in (
        ("Perceived expressions", report.expression_scores),
        ("Action units", report.action_unit_scores),
    ):
        if labels:
            blocks += [f"## {title}", markdown_table(label_table("", labels))]
    if report.confusion:
        blocks += [
            "## Confusion (rows annotated, columns predicted)",
            markdown_table(confusion_table(report.confusion)),
        ]
    for title, groups in (("Videos", report.videos), ("People", report.subjects)):
        if groups:
            blocks += [f"## {title}", *_groups(groups)]
    blocks += ["## What was compared", _inputs(report)]
    return "\n\n".join(blocks) + "\n"


def _comparison(comparison: Comparison, report: Report) -> list[str]:
    return [
        f"## Against {markdown_text(comparison.other.name)}",
        markdown_table(comparison_table(comparison, report)),
        "On the frames that both predict, on the same resamples of the same videos.",
        *(f"> The other: {markdown_text(text)}" for text in comparison.departures),
    ]


def _groups(groups: Sequence[GroupScore]) -> list[str]:
    shown = groups[: say.MAX_GROUPS]
    blocks = [markdown_table(group_table(shown))]
    if len(groups) > len(shown):
        blocks.append(f"{len(groups) - len(shown):,} more are in the HTML and JSON.")
    return blocks


def _inputs(report: Report) -> str:
    lines = say.input_lines(report)
    return "\n".join(f"- {name}: {markdown_text(text)}" for name, text in lines)
