"""A report as a self-contained HTML page without images of faces."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from wildaffect.evaluation.pages import svg
from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.pages.tables import (
    comparison_table,
    coverage_table,
    group_table,
    label_table,
    score_table,
)
from wildaffect.evaluation.report import (
    Comparison,
    GroupScore,
    LabelScore,
    Report,
    Trace,
)
from wildaffect.reporting.page import (
    html_note,
    html_page,
    html_section,
    html_table_section,
)
from wildaffect.reporting.tables import html_table

MAX_OPEN_ROWS = 15
"""Maximum length of a list of videos that is not collapsed."""


def to_html(report: Report) -> str:
    """Return the page."""
    sections = [
        _head(report),
        _warnings(report),
        html_table_section(replace(score_table(report), title="Scores")),
        _comparison(report.comparison, report) if report.comparison else "",
        _labels("Perceived expressions", report.expression_scores),
        _confusion(report),
        _labels("Action units", report.action_unit_scores),
        _densities(report),
        _traces(report.traces),
        html_table_section(replace(coverage_table(report), title="Coverage")),
        _groups("Videos", report.videos),
        _groups("People", report.subjects),
        html_section("What was compared", _inputs(report)),
    ]
    title = f"{report.predictions.name}: {report.protocol_title}"
    return html_page(title, "\n".join(filter(None, sections)))


def _head(report: Report) -> str:
    if report.overall:
        figures = [
            _figure(
                say.overall_title(report),
                report.overall.value,
                say.interval(report.overall),
                "",
            )
        ]
        minor = "minor"
    else:
        figures, minor = [], ""
    figures += [
        _figure(score.title, score.value, say.interval(score), minor)
        for score in report.scores
        if score.name.endswith((".mean_ccc", ".macro_f1", ".mean_f1", ".mean_icc"))
        or (not report.overall and score.name.endswith(".ccc"))
    ]
    name = escape(report.predictions.name)
    return (
        f"<h1>{escape(report.protocol_title)}: {name}</h1>"
        f'<p class="soft"><code>{escape(report.protocol)}</code> '
        f"{escape(report.definition)}.</p>"
        f'<p class="soft">{escape(say.contents_sentence(report))}, against '
        f"{escape(report.annotations.name)}.</p>"
        f'<div class="head">{"".join(figures)}</div>'
    )


def _figure(title: str, value: float | None, interval: str, kind: str) -> str:
    return (
        f'<div class="big {kind}"><small>{escape(title)}</small><b>{say.number(value)}</b>'
        f"<small>{'' if interval == '-' else escape(interval)}</small></div>"
    )


def _warnings(report: Report) -> str:
    kind = {"yes": "bad", "not declared": "warn", "no": ""}[report.in_sample.state]
    sentence = say.in_sample_sentence(report.in_sample, report.num_videos)
    notes = [f'<p class="note {kind}">{escape(sentence)}</p>']
    notes += [
        f'<p class="note warn"><b>Departs from the protocol.</b> {escape(text)}.</p>'
        for text in report.departures
    ]
    return "".join(notes)


def _comparison(comparison: Comparison, report: Report) -> str:
    ends = [
        abs(end)
        for each in comparison.differences
        for end in (each.score.low, each.score.high, each.score.value)
        if end is not None
    ]
    reach = max(ends, default=1.0) or 1.0
    plots = []
    for each in comparison.differences:
        plots.append(svg.difference(each.score, reach))
    table = comparison_table(comparison, report).without("above in")
    frames = ", ".join(
        f"{say.TASK_TITLES[task].lower()} {count:,}"
        for task, count in comparison.num_frames.items()
    )
    note = (
        "Paired: on the frames that both predict and on the same resamples of the same "
        f"videos. Frames: {frames}. Less than 0 is better for squared errors."
    )
    notes = [note, *(f"The other: {text}." for text in comparison.departures)]
    content = html_table(table, plots) + "".join(map(html_note, notes))
    return html_section(f"Against {comparison.other.name}", content)


def _labels(title: str, labels: Sequence[LabelScore]) -> str:
    if not labels:
        return ""
    cells = []
    for each in labels:
        ratio = f"{each.num_annotated:,} of {each.num_frames:,}"
        detail = (
            f"{each.label}: F1 {say.number(each.f1.value)} ({say.interval(each.f1)}), "
            f"precision {say.number(each.precision)}, recall {say.number(each.recall)}, "
            f"annotated {each.num_annotated:,}, predicted {each.num_predicted:,}"
        )
        cells.append(
            f"<span>{escape(each.label)}</span>"
            f'<span title="{escape(detail)}">{svg.bar(each.f1)}</span>'
            f"<span>{say.number(each.f1.value)} "
            f"<small>{escape(say.interval(each.f1))}</small></span>"
            f'<small class="extra">{ratio}</small>'
        )
    note = "F1 with its interval; where there is room, the frames it is annotated in."
    content = f'<div class="labels">{"".join(cells)}</div>{html_note(note)}'
    table = html_table(label_table("", labels).without("F1", "interval"))
    folded = f"<details><summary>Precision and recall</summary>{table}</details>"
    return html_section(title, content + folded)


def _confusion(report: Report) -> str:
    if report.confusion is None:
        return ""
    matrix = f'<div class="wide">{svg.confusion_matrix(report.confusion)}</div>'
    note = "Rows: annotated; columns: predicted; percentages of the row, frames below."
    return html_section("Confusion", matrix + html_note(note))


def _densities(report: Report) -> str:
    if not report.densities:
        return ""
    plots = "".join(
        f'<div class="card"><h3>{escape(plot.title)}</h3>{svg.density(plot)}</div>'
        for plot in report.densities
    )
    note = (
        "Stronger color: more frames (square root). Dashed diagonal: full agreement; "
        "dashed cross: zero."
    )
    return f'<h2>Valence and arousal</h2><div class="grid">{plots}</div>{html_note(note)}'


def _traces(traces: Sequence[Trace]) -> str:
    if not traces:
        return ""
    cards = "".join(_trace_card(each) for each in traces)
    return (
        "<h2>Videos with the most and the least agreement</h2>"
        '<p><small>From \N{MINUS SIGN}1 to 1.<i class="key truth"></i>annotated'
        '<i class="key guess"></i>predicted</small></p>'
        f'<div class="grid two">{cards}</div>'
    )


def _trace_card(each: Trace) -> str:
    subsampled = "" if len(each.frame) == each.num_frames else ", subsampled"
    return (
        f'<div class="card"><h3>{say.TASK_TITLES[each.task]}, {each.rank}: '
        f"{escape(each.video)} <small>CCC {each.ccc:.3f}, {each.num_frames:,} "
        f"frames{subsampled}</small></h3>"
        f"{svg.trace(each)}"
        f'<div class="axis"><span>frame {each.frame[0]:,}</span>'
        f"<span>{each.frame[-1]:,}</span></div></div>"
    )


def _groups(title: str, groups: Sequence[GroupScore]) -> str:
    if not groups:
        return ""
    table = html_table(group_table(groups))
    if len(groups) > MAX_OPEN_ROWS:
        table = f"<details><summary>All {len(groups):,}</summary>{table}</details>"
    note = (
        "Each by itself; the scores above pool all frames and are not the mean of these. "
        "AU F1 is over all units together."
    )
    return html_section(title, table + html_note(note))


def _inputs(report: Report) -> str:
    lines = say.input_lines(report)
    items = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in lines)
    return f"<dl>{items}</dl>"
