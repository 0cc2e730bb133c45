"""Self-contained HTML pages of reports, without external references."""

from html import escape

from wildaffect.reporting.style import STYLE
from wildaffect.reporting.tables import TextTable, html_table


def html_page(title: str, body: str) -> str:
    """Return a page in the style of all reports."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def html_section(title: str, content: str) -> str:
    """Return HTML on a card under a heading."""
    return f'<h2>{escape(title)}</h2><div class="card">{content}</div>'


def html_table_section(table: TextTable) -> str:
    """Return a table on a card, with its title and note."""
    return html_section(table.title, html_table(table) + html_note(table.note))


def html_note(text: str) -> str:
    """Return small print; nothing for an empty text."""
    return f"<p><small>{escape(text)}</small></p>" if text else ""
