"""Server-sent events of a job: its state, and its rows as they are written.

The id of an event is the number of bytes of the table that came before, so that a browser
that reconnects with `Last-Event-ID` misses nothing and gets nothing twice.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from wildaffect.serving.errors import NoSuchJob
from wildaffect.serving.records import JobRecord, Kind
from wildaffect.serving.scheduler import Scheduler

MAX_READ_BYTES = 1 << 18
"""Largest part of a table in one event."""
_POLL_S = 0.2
_ALIVE_S = 15.0
"""Time after which an empty comment shows that the connection lives."""


async def job_events(
    job_id: str, scheduler: Scheduler, start: int, *, with_rows: bool
) -> AsyncIterator[bytes]:
    """Yield events until the job has ended, was deleted, or the service ends.

    Events are `job` (its state as JSON), `rows` (an array of objects with the keys of the
    table) and `end`, with an error if the job was deleted before all rows were sent.
    """
    position, sent, alive_s = start, "", time.monotonic()
    yield b"retry: 2000\n\n"
    while not scheduler.is_closing:
        record = scheduler.store.find(job_id)
        if record is None:
            yield _event("end", NoSuchJob().body().decode(), position)
            return
        text = record.view().model_dump_json()
        if text != sent:
            yield _event("job", text, position)
            sent = text
        path = _table(record, scheduler) if with_rows else None
        lines = await asyncio.to_thread(_read_lines, path, position) if path else b""
        if lines:
            position += len(lines)
            yield _event("rows", _as_array(lines), position)
            continue
        if record.state.is_final:
            yield _event("end", "{}", position)
            return
        if time.monotonic() - alive_s > _ALIVE_S:
            yield b": alive\n\n"
            alive_s = time.monotonic()
        await asyncio.sleep(_POLL_S)


def _table(record: JobRecord, scheduler: Scheduler) -> Path | None:
    """Return the table of a job, or what is written of it."""
    if record.state.is_final:
        return scheduler.store.file(record, Kind.JSONL)
    folder = scheduler.store.results_folder(record.id)
    stem = Path(record.name).stem
    paths = (folder / f"{stem}.jsonl.part", folder / f"{stem}.jsonl")
    return next((path for path in paths if path.is_file()), None)


def _read_lines(path: Path, position: int) -> bytes:
    """Return whole lines from a position on; nothing if there are none."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            data = file.read(MAX_READ_BYTES)
            while data and b"\n" not in data and (more := file.read(MAX_READ_BYTES)):
                data += more
    except FileNotFoundError:  # renamed meanwhile, as it is complete
        return b""
    return data[: data.rfind(b"\n") + 1]


def _as_array(lines: bytes) -> str:
    return f"[{','.join(lines.decode().splitlines())}]"


def _event(name: str, data: str, position: int) -> bytes:
    return f"event: {name}\nid: {position}\ndata: {data}\n\n".encode()
