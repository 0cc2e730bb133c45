"""What every receiver of live rows has in common."""

from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa

from wildaffect.core.results import FaceResult
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.tables import json_rows


@dataclass(frozen=True)
class LiveRow:
    """A row on its way to all receivers; each form of it is made once."""

    result: FaceResult
    schema: ResultSchema
    arrived_s: float
    """Time at which its frame arrived, by `time.monotonic`."""

    @cached_property
    def line(self) -> bytes:
        """The row as in a `.jsonl` table, with its line end."""
        return json_rows.rows(self._batch)

    @cached_property
    def values(self) -> dict[str, Any]:
        """Column -> value; empty cells are left out."""
        (row,) = self._batch.to_pylist()
        return {name: value for name, value in row.items() if value is not None}

    @cached_property
    def _batch(self) -> pa.RecordBatch:
        return self.schema.batch([self.result])


class Sink(Protocol):
    """A receiver of rows, open inside its `with` block.

    Opening raises `OutputError` if the place cannot be used, and `MissingExtra` if a
    package is not installed.
    """

    def __enter__(self) -> Self:
        """Open the place."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what was sent before has left."""
        ...

    def send(self, row: LiveRow) -> None:
        """Send a row without waiting for slow receivers.

        Raises:
            OutputError: If the place can no longer be used.
            BrokenPipeError: If the reader of standard output has gone.
        """
        ...
