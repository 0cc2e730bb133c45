"""What the Python API returns: all rows of an analysis, in Arrow columns."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from wildaffect.core.errors import WildAffectError
from wildaffect.core.results import FaceResult
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.summary import RunSummary, Summarizer, TrackSummary
from wildaffect.outputs.table import BATCH_ROWS, TableWriter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def to_arrow(self) -> pa.Table:
        """Return the rows; nothing is copied."""
        return self.table

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a pandas frame; empty cells become NaN, None or NA.

        Whole numbers stay whole (`Int64`), booleans stay booleans (`boolean`).

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

    def broken_off(self, error: str) -> "AnalysisResult":
        """Return the same rows, said to end early because of `error`."""
        return replace(self, error=error)

    def write(self, path: str | Path) -> Path:
        """Write the rows and their sidecar in the format that the suffix names.

        Raises:
            UsageError: If the suffix names no format.
            OutputError: If the place cannot be written.
        """
        path = Path(path)
        with TableWriter(path, self.schema, self.provenance) as writer:
            for batch in self.table.to_batches(max_chunksize=BATCH_ROWS):
                writer.write_batch(batch)
            if self.error is not None:
                writer.mark_incomplete(self.error)
        return path


def collect(
    rows: Iterable[FaceResult],
    schema: ResultSchema,
    provenance: Provenance | None = None,
    error: str | None = None,
) -> AnalysisResult:
    """Run through `rows` and keep them as Arrow columns."""
    summarizer = Summarizer(schema.spaces)
    watched = summarizer.watch(rows)
    batches = []
    while chunk := list(islice(watched, BATCH_ROWS)):
        batches.append(schema.batch(chunk))
    return AnalysisResult(
        table=pa.Table.from_batches(batches, schema.arrow()),
        schema=schema,
        provenance=provenance or Provenance(),
        summary=summarizer.run(),
        tracks=summarizer.tracks(),
        error=error,
    )
