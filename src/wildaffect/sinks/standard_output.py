"""JSON Lines on standard output, for a pipe into another program."""

import sys
from types import TracebackType
from typing import Self

from wildaffect.sinks.sink import LiveRow


class StandardOutput:
    """Writes each row at once; a slow reader slows the analysis, so that frames drop."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave standard output open."""

    def send(self, row: LiveRow) -> None:
        """Write a row; see `Sink`."""
        sys.stdout.buffer.write(row.line)
        sys.stdout.buffer.flush()
