"""Result tables on disk: written row by row, renamed when complete."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pyarrow as pa

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import FileBusy, open_part, publish, whole_file
from wildaffect.core.results import FaceResult
from wildaffect.outputs.claim import part_path, result_of_part
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import (
    UNFINISHED,
    Ending,
    Provenance,
    read_sidecar,
    replace_document,
    sidecar_path,
    stored_fields,
    write_sidecar,
)
from wildaffect.outputs.tables.csv_rows import CSV
from wildaffect.outputs.tables.format import TableFormat
from wildaffect.outputs.tables.json_rows import JSON_LINES
from wildaffect.outputs.tables.parquet_rows import PARQUET

FORMATS = (CSV, PARQUET, JSON_LINES)
BATCH_ROWS = 256
FLUSH_S = 2.0
"""Maximum time that rows wait in memory for their batch to fill (checked on a write)."""


def table_format(path: Path) -> TableFormat:
    """Return the format for the suffix of `path`.

    Raises:
        UsageError: If no format has that suffix; the message suggests the nearest.
    """
    by_suffix = {suffix: each for each in FORMATS for suffix in each.suffixes}
    suffix = path.suffix.lower()
    if suffix not in by_suffix:
        near = get_close_matches(suffix, by_suffix, n=1)
        advice = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"{path}: result must end in one of {', '.join(sorted(by_suffix))}, "
            f"got {path.suffix!r}{advice}"
        )
    return by_suffix[suffix]


class TableWriter:
    """Writes rows as they arrive; the file is renamed when the `with` block succeeds.

    Until then rows are in `<name>.part`, which `read_table` reads and `recover` turns
    into the result. An exception inside the block leaves the part file, and never a
    half-written file under the final name.

    Raises:
        UsageError: If the suffix is not that of a format.
        OutputError: If the file cannot be written or the disk is full.
    """

    def __init__(
        self,
        path: Path,
        schema: ResultSchema,
        provenance: Provenance | None = None,
        part: IO[bytes] | None = None,
        on_batch: Callable[[pa.RecordBatch], None] | None = None,
    ) -> None:
        """Write to `path`, through its part, which a `Claim` may already have open.

        `on_batch` is called with the rows that were written, in order.
        """
        self.path = Path(path)
        self._given = part
        self._on_batch = on_batch
        self.num_rows = 0
        self._schema = schema
        self._provenance = provenance or Provenance()
        self._format = table_format(self.path)
        self._part = part_path(self.path)
        self._waiting: list[FaceResult] = []
        self._flushed_s = time.monotonic()
        self._error: str | None = None
        if self.path.is_dir():
            raise OutputError(f"{self.path}: result must be a file, got a folder")

    def __enter__(self) -> Self:
        with _output_errors(self.path):
            self._file = self._given or open_part(self._part)
            try:
                self._file.truncate(0)
                self._write_bytes(self._format.header(self._schema.arrow()))
                self._write_ending(self._part, UNFINISHED)
            except BaseException:
                self._file.close()
                raise
        return self

    def write(self, rows: Iterable[FaceResult]) -> None:
        """Append rows; they reach the disk in batches."""
        for row in rows:
            self._waiting.append(row)
            if len(self._waiting) >= BATCH_ROWS:
                self._flush()
        if self._waiting and time.monotonic() - self._flushed_s > FLUSH_S:
            self._flush()

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append rows in Arrow columns of the same schema."""
        self._flush()
        self._write_rows(batch)

    def mark_incomplete(self, error: str) -> None:
        """Record in the sidecar why rows end early; the result is renamed nevertheless."""
        self._error = error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._publish()
            return
        # The user must see the first error; a full disk must not hide it.
        with contextlib.suppress(OSError, OutputError):
            if not isinstance(error, OutputError):
                self._flush()
            self._write_ending(self._part, f"{type(error).__name__}: {error}")
        self._file.close()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        self._flushed_s = time.monotonic()
        if rows:
            self._write_rows(self._schema.batch(rows))

    def _write_rows(self, batch: pa.RecordBatch) -> None:
        with _output_errors(self.path):
            self._write_bytes(self._format.rows(batch))
        self.num_rows += batch.num_rows
        if self._on_batch:
            self._on_batch(batch)

    def _write_bytes(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def _publish(self) -> None:
        with self._file, _output_errors(self.path):
            self._flush()
            _publish(self._format, self._part, self.path)
            self._write_ending(self.path, self._error)
            sidecar_path(self._part).unlink(missing_ok=True)

    def _write_ending(self, result: Path, error: str | None) -> None:
        ending = Ending(
            complete=error is None,
            error=error,
            num_rows=None if error == UNFINISHED else self.num_rows,
            size_bytes=None if error == UNFINISHED else result.stat().st_size,
        )
        write_sidecar(result, self._schema, self._provenance, ending)


def read_table(path: str | Path) -> pa.Table:
    """Read a result, or the part file of a stopped run, with its types.

    `to_pandas()` of the table needs pandas, which is not a dependency.

    Raises:
        UsageError: If the suffix is not that of a format.
        OutputError: If the file is missing or is not a table of its format.
    """
    path = Path(path)
    final = result_of_part(path) if path.suffix == ".part" else path
    form = table_format(final)
    read = form.read if final == path else form.read_part
    try:
        fields = stored_fields(path)
        table = read(path, {name: field.type for name, field in fields.items()})
        table.validate(full=True)  # offsets and texts, which the reader leaves unread
    except FileNotFoundError as error:
        raise OutputError(f"{path}: result must exist, got no such file") from error
    except (pa.ArrowException, ValueError, TypeError, OverflowError, OSError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(f"{path}: must be a {form.name} table, got {reason}") from error
    known = [fields.get(field.name, field) for field in table.schema]
    return table.cast(pa.schema(known, metadata=table.schema.metadata))


def recover(part: str | Path) -> Path:
    """Recover a result from the part file of an interrupted run; return its path.

    A partial row is dropped; the sidecar marks the result as incomplete.

    Raises:
        UsageError: If `part` does not end in `.part`.
        OutputError: If it is missing, still empty, or its result already exists.
    """
    part = Path(part)
    if part.is_dir():
        found = [str(path) for path in sorted(part.glob("**/*.part"))]
        advice = f"name one of its files: {', '.join(found)}" if found else "it has none"
        raise UsageError(f"{part}: part file must end in .part, got a folder; {advice}")
    if part.suffix != ".part":
        raise UsageError(f"{part}: part file must end in .part, got {part.suffix!r}")
    final = result_of_part(part)
    form = table_format(final)
    if final.exists():
        raise OutputError(f"{final}: must not exist yet, got a file; move it away first")
    table = read_table(part)
    if not table.num_columns:
        raise OutputError(
            f"{part}: must hold at least a header, got {part.stat().st_size} bytes"
        )
    document = read_sidecar(part) or {}
    with _output_errors(final), open_part(part) as file:
        file.truncate(form.whole_bytes(part))
        _publish(form, part, final)
        document |= {"complete": False, "num_rows": table.num_rows}
        document |= {"error": "recovered from a run that was stopped"}
        document |= {"size_bytes": final.stat().st_size}
        replace_document(sidecar_path(final), document)
        sidecar_path(part).unlink(missing_ok=True)
    return final


def _publish(form: TableFormat, part: Path, final: Path) -> None:
    # The sidecar of an older result must never accompany the new one.
    if form.convert is None:
        sidecar_path(final).unlink(missing_ok=True)
        publish(part, final)
        return
    with whole_file(final) as fresh:
        form.convert(part, fresh)
        sidecar_path(final).unlink(missing_ok=True)
    part.unlink()


@contextlib.contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileBusy as error:
        raise OutputError(
            f"{path}: another run is writing this result; wait for it to end, or choose "
            "another place with -o"
        ) from error
    except OSError as error:
        raise OutputError(
            f"{path}: result must be writable, got {error.strerror or error}; "
            "free the disk or choose another place with -o"
        ) from error
