"""A report in the terminal."""

from rich.markup import escape

from wildaffect.core.console import Console
from wildaffect.evaluation.pages import wording as say
from wildaffect.evaluation.pages.tables import (
    comparison_table,
    coverage_table,
    label_table,
    score_table,
)
from wildaffect.evaluation.report import Report
from wildaffect.reporting.tables import terminal_table


def print_report(report: Report, console: Console) -> None:
    """Print the scores, their basis, and warnings."""
    console.print(f"\n[bold]{escape(report.protocol_title)}[/bold] ({report.protocol})")
    console.print(f"[dim]{escape(report.definition)}[/dim]\n")
    console.print(terminal_table(score_table(report)))
    console.print(f"[dim]{escape(say.interval_sentence(report))}[/dim]\n")
    if report.comparison:
        compared = comparison_table(report.comparison, report)
        console.print(terminal_table(compared.without("above in")), "")
    for title, labels in (
        ("expression", report.expression_scores),
        ("action unit", report.action_unit_scores),
    ):
        if labels:
            table = label_table(title, labels).without("predicted")
            console.print(terminal_table(table), "")
    console.print(terminal_table(coverage_table(report)), "")
    for text in report.departures:
        console.print(f"[yellow]departs from the protocol[/yellow]  {escape(text)}")
    for text in report.comparison.departures if report.comparison else ():
        console.print(f"[yellow]the other departs[/yellow]  {escape(text)}")
    for text in report.notes:
        console.print(f"[dim]note[/dim]  {escape(text)}")
    sentence = say.in_sample_sentence(report.in_sample, report.num_videos)
    color = {"yes": "bold red", "not declared": "yellow", "no": "dim"}
    console.print(f"[{color[report.in_sample.state]}]{escape(sentence)}[/]")
