"""A report as a self-contained HTML page without images of faces."""

from collections.abc import Sequence
from html import escape

from wildaffect.evaluation.pages import svg
from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.pages.style import STYLE
from wildaffect.evaluation.report import (
    Comparison,
    GroupScore,
    LabelScore,
    Report,
    Trace,
)

MAX_OPEN_ROWS = 15
"""Maximum length of a list of videos that is not collapsed."""


def to_html(report: Report) -> str:
    """Return the page."""
    sections = [
        _head(report),
        _warnings(report),
        _section("Scores", _scores(report)),
        _comparison(report.comparison, report) if report.comparison else "",
        _labels("Perceived expressions", report.expression_scores),
        _confusion(report),
        _labels("Action units", report.action_unit_scores),
        _densities(report),
        _traces(report.traces),
        _section("Coverage", _coverage(report)),
        _groups("Videos", report.videos),
        _groups("People", report.subjects),
        _section("What was compared", _inputs(report)),
    ]
    body = "\n".join(filter(None, sections))
    title = escape(f"{report.predictions.name}: {report.protocol_title}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


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
        if score.name.endswith((".mean_ccc", ".macro_f1", ".mean_f1"))
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


def _scores(report: Report) -> str:
    rows = []
    for score in (*([report.overall] if report.overall else []), *report.scores):
        is_overall = score is report.overall
        title = say.score_title(score, report)
        cells = (title, say.number(score.value), say.interval(score))
        rows.append(_row(cells, "strong" if is_overall else ""))
    table = _table(("", "score", "interval"), rows)
    return f"{table}<p><small>{escape(say.interval_sentence(report))}</small></p>"


def _comparison(comparison: Comparison, report: Report) -> str:
    ends = [
        abs(end)
        for each in comparison.differences
        for end in (each.score.low, each.score.high, each.score.value)
        if end is not None
    ]
    reach = max(ends, default=1.0) or 1.0
    rows = []
    for each in comparison.differences:
        conclusion = say.conclusion(each)
        title = say.score_title(each.score, report)
        cells = (title, say.number(each.this), say.number(each.other))
        numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(
            f"<tr>{numbers}<td>{say.signed(each.score.value)}</td>"
            f"<td>{say.signed_interval(each.score)}</td>"
            f'<td class="plot">{svg.difference(each.score, reach)}</td>'
            f'<td class="{escape(conclusion.split()[0])}">{escape(conclusion)}</td></tr>'
        )
    header = ("", "this", "other", "difference", "interval", "", "this is")
    frames = ", ".join(
        f"{say.TASK_TITLES[task].lower()} {count:,}"
        for task, count in comparison.num_frames.items()
    )
    note = (
        "Paired: on the frames that both predict and on the same resamples of the same "
        f"videos. Frames: {frames}. Less than 0 is better for squared errors."
    )
    notes = [note, *(f"The other: {text}." for text in comparison.departures)]
    lines = "".join(f"<p><small>{escape(line)}</small></p>" for line in notes)
    content = _table(header, rows) + lines
    return _section(f"Against {comparison.other.name}", content)


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
    content = f'<div class="labels">{"".join(cells)}</div><p><small>{note}</small></p>'
    rows = [
        _row(
            (
                each.label,
                say.number(each.precision),
                say.number(each.recall),
                f"{each.num_annotated:,}",
                f"{each.num_predicted:,}",
            )
        )
        for each in labels
    ]
    table = _table(("", "precision", "recall", "annotated", "predicted"), rows)
    folded = f"<details><summary>Precision and recall</summary>{table}</details>"
    return _section(title, content + folded)


def _confusion(report: Report) -> str:
    if report.confusion is None:
        return ""
    matrix = f'<div class="wide">{svg.confusion_matrix(report.confusion)}</div>'
    note = "Rows: annotated; columns: predicted; percentages of the row, frames below."
    return _section("Confusion", f"{matrix}<p><small>{note}</small></p>")


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
    return (
        f'<h2>Valence and arousal</h2><div class="grid">{plots}</div>'
        f"<p><small>{note}</small></p>"
    )


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


def _coverage(report: Report) -> str:
    rows = [
        _row(
            (
                say.TASK_TITLES[each.task],
                f"{each.num_annotated:,}",
                f"{each.num_predicted:,}",
                say.percent(each.share),
                f"{each.num_scored:,}",
                f"{each.num_videos:,}",
            )
        )
        for each in report.coverage
    ]
    header = ("", "annotated", "predicted", "share", "scored", "videos")
    return _table(header, rows)


def _groups(title: str, groups: Sequence[GroupScore]) -> str:
    if not groups:
        return ""
    rows = [
        _row(
            (
                each.name,
                f"{each.num_frames:,}",
                say.number(each.ccc_valence),
                say.number(each.ccc_arousal),
                say.percent(each.expression_accuracy),
                say.number(each.action_unit_f1),
            )
        )
        for each in groups
    ]
    header = ("", "frames", "CCC valence", "CCC arousal", "expressions right", "AU F1")
    table = _table(header, rows)
    if len(groups) > MAX_OPEN_ROWS:
        table = f"<details><summary>All {len(groups):,}</summary>{table}</details>"
    note = (
        "Each by itself; the scores above pool all frames and are not the mean of these. "
        "AU F1 is over all units together."
    )
    return _section(title, f"{table}<p><small>{note}</small></p>")


def _inputs(report: Report) -> str:
    lines = [
        ("predictions", say.input_sentence(report.predictions)),
        ("annotations", say.input_sentence(report.annotations)),
    ]
    if report.comparison:
        lines.append(("compared with", say.input_sentence(report.comparison.other)))
    lines += [("rule", report.rule_missing), ("rule", report.rule_absent)]
    lines += [("note", note) for note in report.notes]
    lines.append(("made by", f"wildaffect {report.wildaffect_version}"))
    items = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in lines)
    return f"<dl>{items}</dl>"


def _section(title: str, content: str) -> str:
    return f'<h2>{escape(title)}</h2><div class="card">{content}</div>'


def _table(header: Sequence[str], rows: Sequence[str]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in header)
    return (
        f'<div class="wide"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(cells: Sequence[str], kind: str = "") -> str:
    inside = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}">{inside}</tr>' if kind else f"<tr>{inside}</tr>"
