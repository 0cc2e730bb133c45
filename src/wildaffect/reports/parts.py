"""Parts that all pages of reports share."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from wildaffect.reporting.page import html_page
from wildaffect.reports.description import Description

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; media-src file: data: blob: *"
)
"""What a browser may load for a page: nothing but the video."""
MARK_BYTES = 2000


def asset(name: str) -> str:
    """Return the text of a file of the package."""
    return (files("wildaffect.reports") / "assets" / name).read_text(encoding="utf-8")


def report_page(title: str, body: str, owner: str) -> str:
    """Return a page of a report, which loads nothing but its video.

    Args:
        title: Title of the page.
        body: HTML of the page.
        owner: Mark by which the page is recognized when it is written again.
    """
    head = f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    head += f'<link rel="icon" href="data:,">{owner_mark(owner)}'
    page = html_page(title, f"<style>{asset('report.css')}</style>\n{body}")
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{head}', 1)


def owner_mark(owner: str) -> str:
    """Return the mark of a page, within its first `MARK_BYTES` bytes."""
    return f'<meta name="wildaffect-report" content="{escape(owner)}">'


def notes_html(description: Description, omitted: Sequence[str]) -> str:
    """Return warnings and omissions."""
    bad = "".join(
        f'<p class="note warn">{escape(text)}</p>' for text in description.warnings
    )
    return bad + "".join(f'<p class="note">{escape(text)}</p>' for text in omitted)


def facts_html(description: Description) -> str:
    """Return the origin of a result, folded."""
    if not description.facts:
        return ""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in description.facts
    )
    return (
        f'<details class="card"><summary>Origin and precision</summary><dl>{rows}'
        "<dt>Precision of this page</dt><dd>valence and arousal to 0.001, shares to 0.005, "
        "ratings and intensities of a model's own to a thousandth of their range, "
        "angles to 0.25 degrees, times to 0.05 ms; the table has all digits. Values are "
        "perceived affect, not what a person feels.</dd></dl></details>"
    )


def clock_text(seconds: float) -> str:
    """Return a time such as `1:02.5`."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
