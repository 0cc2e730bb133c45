"""The page that lists the reports of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from wildaffect.core.printable import counted
from wildaffect.reports.parts import report_page


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One report of a folder."""

    address: str
    """Path of the page, relative to the index, with forward slashes."""
    title: str
    num_people: int
    num_rows: int
    num_usable: int
    """Rows with status ok."""
    omitted: tuple[str, ...] = ()


def index_page(entries: Sequence[IndexEntry], failed: Sequence[str], owner: str) -> str:
    """Return the page that links to all reports, and names what could not be read."""
    lines = "".join(map(_line, entries))
    errors = "".join(f'<p class="note bad">{escape(text)}</p>' for text in failed)
    body = (
        f'<main><h1>Reports</h1><p class="facts">{counted(len(entries), "result")}</p>'
        f'{errors}<div class="card wide"><table><thead><tr><th>result</th><th>people</th>'
        f"<th>rows</th><th>usable</th></tr></thead><tbody>{lines}</tbody></table></div></main>"
    )
    return report_page("Reports", body, owner)


def _line(entry: IndexEntry) -> str:
    share = f"{entry.num_usable / entry.num_rows:.0%}" if entry.num_rows else ""
    notes = "".join(f"<br><small>{escape(text)}</small>" for text in entry.omitted)
    return (
        f'<tr><td style="white-space:normal"><a href="{escape(quote(entry.address))}">'
        f"{escape(entry.title)}</a>{notes}</td><td>{entry.num_people}</td>"
        f"<td>{entry.num_rows:,}</td><td>{share}</td></tr>"
    )
