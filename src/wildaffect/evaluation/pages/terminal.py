"""A report in the terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from wildaffect.core.console import Console
from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.report import Comparison, LabelScore, Report

_COLOR = {"better": "green", "worse": "red"}
_BAR_CELLS = 10


def print_report(report: Report, console: Console) -> None:
    """Print the scores, their basis, and warnings."""
    console.print(f"\n[bold]{escape(report.protocol_title)}[/bold] ({report.protocol})")
    console.print(f"[dim]{escape(report.definition)}[/dim]\n")
    console.print(_scores(report))
    console.print(f"[dim]{escape(say.interval_sentence(report))}[/dim]\n")
    if report.comparison:
        console.print(_comparison(report.comparison, report), "")
    for title, labels in (
        ("expression", report.expression_scores),
        ("action unit", report.action_unit_scores),
    ):
        if labels:
            console.print(_labels(title, labels), "")
    console.print(_coverage(report), "")
    for text in report.departures:
        console.print(f"[yellow]departs from the protocol[/yellow]  {escape(text)}")
    for text in report.comparison.departures if report.comparison else ():
        console.print(f"[yellow]the other departs[/yellow]  {escape(text)}")
    for text in report.notes:
        console.print(f"[dim]note[/dim]  {escape(text)}")
    sentence = say.in_sample_sentence(report.in_sample, report.num_videos)
    color = {"yes": "bold red", "not declared": "yellow", "no": "dim"}
    console.print(f"[{color[report.in_sample.state]}]{escape(sentence)}[/]")


def _scores(report: Report) -> Table:
    table = _plain_table("score", "", "interval")
    for score in (*([report.overall] if report.overall else []), *report.scores):
        is_overall = score is report.overall
        table.add_row(
            escape(say.score_title(score, report)),
            say.number(score.value),
            say.interval(score),
            style="bold" if is_overall else None,
        )
    return table


def _comparison(comparison: Comparison, report: Report) -> Table:
    table = _plain_table(
        f"against {comparison.other.name}", "this", "other", "difference", "interval", ""
    )
    for each in comparison.differences:
        conclusion = say.conclusion(each)
        table.add_row(
            escape(say.score_title(each.score, report)),
            say.number(each.this),
            say.number(each.other),
            say.signed(each.score.value),
            say.signed_interval(each.score),
            f"[{_COLOR.get(conclusion, 'dim')}]{conclusion}[/]",
        )
    return table


def _labels(title: str, labels: Sequence[LabelScore]) -> Table:
    table = _plain_table(title, "F1", "interval", "precision", "recall", "annotated")
    table.add_column("", no_wrap=True)
    for each in labels:
        table.add_row(
            escape(each.label),
            say.number(each.f1.value),
            say.interval(each.f1),
            say.number(each.precision),
            say.number(each.recall),
            f"{each.num_annotated:,}",
            f"[cyan]{'━' * round((each.f1.value or 0) * _BAR_CELLS)}[/cyan]",
        )
    return table


def _coverage(report: Report) -> Table:
    table = _plain_table("coverage", "annotated", "predicted", "", "scored", "videos")
    for each in report.coverage:
        table.add_row(
            say.TASK_TITLES[each.task].lower(),
            f"{each.num_annotated:,}",
            f"{each.num_predicted:,}",
            say.percent(each.share),
            f"{each.num_scored:,}",
            f"{each.num_videos:,}",
        )
    return table


def _plain_table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(escape(first), overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
