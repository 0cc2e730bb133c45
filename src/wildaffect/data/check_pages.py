"""The report of a check as Markdown, HTML or JSON, without pictures."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from wildaffect.data.check_findings import Level
from wildaffect.data.check_report import DataReport
from wildaffect.reporting.page import html_note, html_page, html_table_section
from wildaffect.reporting.tables import markdown_table

_KINDS = {Level.ERROR: "bad", Level.WARNING: "warn", Level.NOTE: ""}
"""Level of a finding -> class of its note in the style of reports."""


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
        for table in report.tables:
            blocks += [f"## {table.title}", markdown_table(table)]
            blocks += [table.note] if table.note else []
        blocks += list(report.remarks)
    return "\n\n".join(blocks) + "\n"


def to_html(reports: Sequence[DataReport]) -> str:
    """Return a self-contained page without external references."""
    body = "\n".join(_html_report(report) for report in reports)
    return html_page("Data check", body)


def to_json(report: DataReport) -> dict[str, Any]:
    """Return the report as JSON, for scripts."""
    return {
        "title": report.title,
        "root": str(report.root),
        "conclusion": report.conclusion(),
        "findings": [asdict(finding) for finding in report.findings],
        "tables": [
            {
                "title": table.title,
                "header": table.header,
                "rows": table.rows,
                "note": table.note,
            }
            for table in report.tables
        ],
        "remarks": list(report.remarks),
    }


def _html_report(report: DataReport) -> str:
    parts = [
        f"<h1>{escape(report.title)}</h1>",
        f'<p class="soft"><code>{escape(str(report.root))}</code></p>',
        f"<p><b>{escape(report.conclusion())}</b></p>",
    ]
    for finding in report.findings:
        examples = "".join(f"<br><code>{escape(text)}</code>" for text in finding.examples)
        parts.append(
            f'<p class="note {_KINDS[finding.level]}"><b>{finding.level}</b> '
            f"{escape(finding.text)}{examples}<br>"
            f"<small>What to do: {escape(finding.advice)}</small></p>"
        )
    tables = "".join(html_table_section(table) for table in report.tables)
    parts.append(f'<div class="snug">{tables}</div>')
    parts += [html_note(remark) for remark in report.remarks]
    return "\n".join(parts)
