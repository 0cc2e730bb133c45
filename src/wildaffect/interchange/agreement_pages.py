"""The agreement report in the terminal, as Markdown, HTML and JSON."""

import json
import math
from dataclasses import asdict
from typing import Any

from wildaffect.core.printable import counted, printable
from wildaffect.interchange.agreement import Agreement, SignalAgreement
from wildaffect.reporting.page import html_note, html_page, html_table_section
from wildaffect.reporting.tables import TextTable, markdown_table, markdown_text

NOTE = (
    "n: rows of the same face and frame with a value in both; covered: the same as a share "
    "of rows with a value in either. ICC(A,1) and CCC: absolute agreement. kappa: "
    "decisions. Bias and 95 % limits: ours less theirs, in the unit of the signal. Values "
    "are compared in the same unit alone; agreement is no accuracy. A dash: not defined, "
    "such as kappa where neither program reports the action unit."
)
_HEADER = ("signal", "n", "covered", "ICC", "CCC", "kappa", "bias", "95 % limits")


def agreement_table(report: Agreement) -> TextTable:
    """Return a row per signal."""
    return TextTable(
        header=_HEADER,
        rows=tuple(_row(signal) for signal in report.signals),
        title=title_of(report),
        note=NOTE,
    )


def title_of(report: Agreement) -> str:
    """Return the names of both files."""
    ours, theirs = map(printable, report.files)
    return f"Agreement of {ours} and {theirs}"


def lines_of(report: Agreement) -> tuple[str, ...]:
    """Return what was compared, and the lag, in sentences."""
    programs = " and ".join(report.programs)
    lines = [
        (
            f"{programs}: {counted(report.num_rows[0], 'row')} and "
            f"{counted(report.num_rows[1], 'row')} with a face, "
            f"{counted(report.num_pairs, 'pair')} of the same face and frame."
        )
    ]
    if report.shift_s:
        lines.append(f"{report.shift_s:+g} s were added to the times of the second.")
    if report.lag is None:
        lines.append("The lag cannot be estimated: too few rows, or constant signals.")
    else:
        lag = report.lag
        lines.append(
            f"Signals correlate most ({lag.correlation:.2f}, now "
            f"{lag.correlation_now:.2f}) where the second is {lag.seconds:+.3f} s late."
        )
        if lag.seconds:
            lines.append(f"--shift {-lag.seconds:.3f} would correct it.")
    if not report.signals:
        lines.append("No column is in both in the same unit.")
    return tuple(lines)


def agreement_markdown(report: Agreement) -> str:
    """Return the report as Markdown."""
    text = [f"# {markdown_text(title_of(report))}", *map(markdown_text, lines_of(report))]
    return "\n\n".join([*text, markdown_table(agreement_table(report)), NOTE]) + "\n"


def agreement_html(report: Agreement) -> str:
    """Return the report as a page without external references."""
    notes = "".join(html_note(line) for line in lines_of(report))
    body = notes + html_table_section(agreement_table(report))
    return html_page(title_of(report), body)


def agreement_json(report: Agreement) -> str:
    """Return the report as JSON; numbers that do not exist are null."""
    return json.dumps(_finite(asdict(report)), indent=1, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(cell) for key, cell in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(cell) for cell in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _row(signal: SignalAgreement) -> tuple[str, ...]:
    limits = signal.limits
    return (
        signal.name,
        f"{signal.num_pairs:,}",
        f"{signal.coverage:.0%}" if math.isfinite(signal.coverage) else "-",
        _number(signal.icc),
        _number(signal.ccc),
        _number(signal.kappa),
        _number(limits.bias if limits else None),
        f"{limits.lower:.2f} {limits.upper:.2f}"
        if limits and math.isfinite(limits.bias)
        else "",
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if math.isfinite(value) else "-"
