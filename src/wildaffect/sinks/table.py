"""A table that is recorded while rows are sent elsewhere."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from wildaffect.core.errors import UnreadableVideo
from wildaffect.outputs.claim import claim_result
from wildaffect.outputs.event_log import EventLog
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.table import TableWriter
from wildaffect.sinks.sink import LiveRow


class TableSink:
    """Records a table with its sidecar and events, as `analyze` writes them.

    It is complete when the block ends, also on an interrupt, which is how a camera is
    stopped, or if the reader of standard output has gone. It is marked as incomplete if
    the source broke off.
    """

    def __init__(self, path: Path, schema: ResultSchema, provenance: Provenance) -> None:
        self._path, self._schema, self._provenance = path, schema, provenance
        self._files = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as files:
            claim = files.enter_context(claim_result((self._path,), ()))
            schema = self._schema
            log = files.enter_context(EventLog(claim.path, schema.arrow(), None))
            self._table = files.enter_context(
                TableWriter(claim.path, schema, self._provenance, claim.part, log.add)
            )
            self._files = files.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, UnreadableVideo):
            self._table.mark_incomplete(str(error))
        if isinstance(error, UnreadableVideo | KeyboardInterrupt | BrokenPipeError):
            kind, error, trace = None, None, None
        self._files.__exit__(kind, error, trace)

    def send(self, row: LiveRow) -> None:
        """Record a row; see `Sink`."""
        self._table.write([row.result])
