"""Plots of results in notebooks: the page of a report in a frame of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event
from wildaffect.core.files import write_whole
from wildaffect.reports.description import Description
from wildaffect.reports.gallery import gallery_page, is_gallery
from wildaffect.reports.page import ReportPage, timeline_page

COMPACT_ROWS = 900
"""Rows of all people together in the compact form; of more, every Nth frame is kept."""
COMPACT_PEOPLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A page that notebooks show and `save` writes."""

    html: str = field(repr=False)
    height_px: int = 720

    def _repr_html_(self) -> str:
        """Return the page in a frame, for notebooks."""
        content = self.html.replace("&", "&amp;").replace('"', "&quot;")
        return (
            f'<iframe srcdoc="{content}" style="width:100%;height:{self.height_px}px;'
            'border:0" sandbox="allow-scripts"></iframe>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the page as a self-contained HTML file; an existing file is replaced.

        Raises:
            OutputError: If it cannot be written.
        """
        path = Path(path)
        try:
            write_whole(path, self.html.encode())
        except OSError as error:
            raise OutputError(f"{path}: must be writable, got {error.strerror}") from error
        return path


def plot_table(table: pa.Table, events: Sequence[Event], description: Description) -> Plot:
    """Return the page of a result, without its video."""
    return Plot(html=_page(table, events, description).html)


def compact_plot(
    table: pa.Table, events: Sequence[Event], description: Description
) -> Plot:
    """Return a small page: the people with the most rows, and every Nth frame if many."""
    if not is_gallery(table):
        shown = _thinned(_most_seen(table))
        if shown.num_rows < table.num_rows - table["track_id"].null_count:
            note = f"{shown.num_rows:,} of {table.num_rows:,} rows; `.plot()` shows all"
            description = replace(description, warnings=(*description.warnings, note))
        table = shown
    page = timeline_or_gallery(table, events, description, compact=True)
    return Plot(html=page.html, height_px=560)


def timeline_or_gallery(
    table: pa.Table, events: Sequence[Event], description: Description, *, compact: bool
) -> ReportPage:
    """Return the page of a result in memory."""
    if is_gallery(table):
        return gallery_page(table, description)
    return timeline_page(table, events, description, compact=compact)


def _page(table: pa.Table, events: Sequence[Event], description: Description) -> ReportPage:
    return timeline_or_gallery(table, events, description, compact=False)


def _most_seen(table: pa.Table) -> pa.Table:
    counts = table["track_id"].drop_null().value_counts()
    ordered = sorted(counts.to_pylist(), key=lambda each: (-each["counts"], each["values"]))
    tracks = [each["values"] for each in ordered[:COMPACT_PEOPLE]]
    return table.filter(pc.is_in(table["track_id"], pa.array(tracks, pa.int64())))


def _thinned(table: pa.Table) -> pa.Table:
    every = -(-table.num_rows // COMPACT_ROWS)
    if every <= 1:
        return table
    frames = table["frame"].to_numpy()
    return table.filter(pa.array(np.unique(frames, return_inverse=True)[1] % every == 0))
