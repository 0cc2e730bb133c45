"""All rows of an analysis, in Arrow columns, as the Python API returns them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from html import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from wildaffect.core.errors import WildAffectError
from wildaffect.core.events import Event
from wildaffect.core.results import FaceResult
from wildaffect.events.finder import find_events
from wildaffect.events.settings import EventSettings
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.summary import RunSummary, Summarizer, TrackSummary
from wildaffect.outputs.table import BATCH_ROWS, TableWriter
from wildaffect.reports.description import Description, describe
from wildaffect.reports.notebook import Plot, compact_plot, plot_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnalysisResult:
    """Rows of one analysis with their summary; columns as in docs/schema.md."""

    table: pa.Table
    schema: ResultSchema
    provenance: Provenance
    summary: RunSummary
    tracks: tuple[TrackSummary, ...]
    """One entry per person and shot."""
    error: str | None = None
    """Why rows end before the input does; None if they do not."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"AnalysisResult({self._headline()})"

    def _repr_html_(self) -> str:
        """Return a heading and a small plot, for notebooks."""
        plot = compact_plot(self.table, self.events(), self._description())
        return f"<p>{escape(self._headline())}</p>{plot._repr_html_()}"

    def plot(self) -> Plot:
        """Return an interactive plot of every person, which `.save("plot.html")` writes.

        A notebook shows it. `wildaffect.report` has the video beside it.
        """
        return plot_table(self.table, self.events(), self._description())

    def _description(self) -> Description:
        complete = {"complete": self.error is None, "error": self.error}
        document = {**asdict(self.provenance), **complete}
        return describe("analysis", document | {"label_spaces": self._spaces()})

    def _spaces(self) -> dict[str, Any]:
        spaces = self.schema.spaces
        return {
            "expressions": {"labels": list(spaces.expressions.labels)},
            "action_units": {"labels": list(spaces.action_units.labels)},
        }

    def _headline(self) -> str:
        source = self.provenance.source.get("name", "")
        counts = ", ".join(
            (
                f"{_count(len(self), 'row')} by {_count(self.table.num_columns, 'column')}",
                _count(self.summary.num_frames, "frame"),
                _count(len(self.tracks), "track"),
            )
        )
        ending = f"; ends early: {self.error}" if self.error else ""
        return (f"{source}: " if source else "") + counts + ending

    def to_arrow(self) -> pa.Table:
        """Return the rows without copying."""
        return self.table

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a pandas frame; empty cells become NaN, None or NA.

        Integers become `Int64`, booleans `boolean`.

        Raises:
            WildAffectError: If pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - not a dependency
        except ImportError as error:
            raise WildAffectError(
                "to_pandas needs pandas, which is not installed; run: pip install pandas"
            ) from error
        types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        return self.table.to_pandas(types_mapper=types.get)

    def events(self, settings: EventSettings | None = None) -> tuple[Event, ...]:
        """Return the events in the rows, by onset; photographs have none.

        Raises:
            ValueError: If a setting is out of range.
        """
        return find_events(self.table, settings=settings)

    def broken_off(self, error: str) -> "AnalysisResult":
        """Return the same rows, marked as ending early because of `error`."""
        return replace(self, error=error)

    def write(self, path: str | Path) -> Path:
        """Write the rows and their sidecar in the format that the suffix names.

        Raises:
            UsageError: If the suffix is not that of a format.
            OutputError: If the file cannot be written.
        """
        path = Path(path)
        with TableWriter(path, self.schema, self.provenance) as writer:
            for batch in self.table.to_batches(max_chunksize=BATCH_ROWS):
                writer.write_batch(batch)
            if self.error is not None:
                writer.mark_incomplete(self.error)
        return path


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def collect(
    rows: Iterable[FaceResult],
    schema: ResultSchema,
    provenance: Provenance | None = None,
    error: str | None = None,
) -> AnalysisResult:
    """Collect `rows` in Arrow columns."""
    summarizer = Summarizer(schema.spaces)
    observed = summarizer.observe(rows)
    batches = []
    while chunk := list(islice(observed, BATCH_ROWS)):
        batches.append(schema.batch(chunk))
    return AnalysisResult(
        table=pa.Table.from_batches(batches, schema.arrow()),
        schema=schema,
        provenance=provenance or Provenance(),
        summary=summarizer.run(),
        tracks=summarizer.tracks(),
        error=error,
    )
