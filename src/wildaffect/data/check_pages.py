"""The report of a check as Markdown, HTML or JSON, without pictures."""

import html
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from wildaffect.data.check_report import DataReport
from wildaffect.data.check_tables import TableOf

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; color: #1c2430; background: #fff; }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
.where { color: #5b6675; overflow-wrap: anywhere } .conclusion { font-size: 1.1rem }
.finding { border-left: 4px solid #8a94a3; padding: .3rem .9rem; margin: .7rem 0;
  background: #f5f6f8 }
.error { border-color: #c0272d; background: #fdf2f2 }
.warning { border-color: #c98a00; background: #fdf8ec }
.level { font-weight: 600; text-transform: uppercase; font-size: .75rem }
.finding p { margin: .15rem 0 } .finding code { display: block; font-size: .8rem;
  overflow-wrap: anywhere; color: #3d4756 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
th, td { text-align: right; padding: .25rem .8rem; border-bottom: 1px solid #dfe3e8;
  font-variant-numeric: tabular-nums; white-space: nowrap }
th:first-child, td:first-child { text-align: left } small { color: #5b6675 }
"""


def to_markdown(reports: Sequence[DataReport]) -> str:
    """Return one document with a section for each layout."""
    blocks: list[str] = []
    for report in reports:
        blocks.append(f"# {report.title}\n\n`{report.root}`\n\n**{report.conclusion()}**")
        for finding in report.findings:
            examples = "".join(f"\n  - `{example}`" for example in finding.examples)
            blocks.append(
                f"- **{finding.level}**: {finding.text}. *What to do:* {finding.advice}."
                f"{examples}"
            )
        blocks += [_markdown_table(table) for table in report.tables]
        blocks += list(report.remarks)
    return "\n\n".join(blocks) + "\n"


def to_html(reports: Sequence[DataReport]) -> str:
    """Return a self-contained page without external references."""
    body = "\n".join(_html_report(report) for report in reports)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Data check</title><style>{_STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def to_json(report: DataReport) -> dict[str, Any]:
    """Return the report as JSON, for scripts."""
    return {
        "title": report.title,
        "root": str(report.root),
        "conclusion": report.conclusion(),
        "findings": [asdict(finding) for finding in report.findings],
        "tables": [asdict(table) for table in report.tables],
        "remarks": list(report.remarks),
    }


def _markdown_table(table: TableOf) -> str:
    rule = "|---" + "|---:" * (len(table.header) - 1) + "|"
    rows = [f"| {' | '.join(row)} |" for row in (table.header, *table.rows)]
    note = f"\n\n{table.note}" if table.note else ""
    return "\n".join([f"## {table.title}\n", rows[0], rule, *rows[1:]]) + note


def _html_report(report: DataReport) -> str:
    parts = [
        f"<h1>{html.escape(report.title)}</h1>",
        f'<p class="where">{html.escape(str(report.root))}</p>',
        f'<p class="conclusion">{html.escape(report.conclusion())}</p>',
    ]
    for finding in report.findings:
        examples = "".join(f"<code>{html.escape(text)}</code>" for text in finding.examples)
        parts.append(
            f'<div class="finding {finding.level}"><span class="level">{finding.level}'
            f"</span><p>{html.escape(finding.text)}</p>{examples}"
            f"<p><small>What to do: {html.escape(finding.advice)}</small></p></div>"
        )
    parts += [_html_table(table) for table in report.tables]
    parts += [f"<p><small>{html.escape(remark)}</small></p>" for remark in report.remarks]
    return "\n".join(parts)


def _html_table(table: TableOf) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.header)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    note = f"<small>{html.escape(table.note)}</small>" if table.note else ""
    return (
        f'<h2>{html.escape(table.title)}</h2><div class="wide"><table><tr>{head}</tr>\n'
        f"{rows}</table></div>{note}"
    )
