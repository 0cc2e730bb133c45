"""Jobs on disk: a folder each, with the upload, the results and `job.json`.

Nothing that a client sends becomes part of a path, except a cleaned file name. A folder
without `job.json` belongs to an upload that did not end, and is removed at the next start.
"""

import contextlib
import re
import secrets
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from wildaffect.core.errors import OutputError
from wildaffect.core.files import FileBusy, LocksUnsupported, open_locked, write_whole
from wildaffect.core.printable import printable
from wildaffect.outputs.tables.format import bytes_to_last_newline
from wildaffect.serving.records import JobRecord, Kind
from wildaffect.serving.storage import INPUT, RECORD, RESULTS, claim_storage, is_cut_upload

_UNSAFE = re.compile(r"[^\w.() -]+")
_LONGEST_NAME, _LONGEST_SUFFIX = 160, 20
"""Bytes of a name, with room for the longest suffix of a part of a result."""


class JobStore:
    """The jobs of one service.

    Raises:
        OutputError: If the folder cannot be written, holds other files, or another service
            uses it.
    """

    def __init__(self, data: Path) -> None:
        self._jobs = data / "jobs"
        self._lock = threading.Lock()
        self._records: dict[str, JobRecord] = {}
        try:
            claim_storage(data)
            self._jobs.mkdir(exist_ok=True, mode=0o700)
            self._jobs.chmod(0o700)
            self._owned: IO[bytes] | None = open_locked(data / "lock")
        except FileBusy as error:
            raise OutputError(
                f"{data}: another service uses this folder; end it, or choose another "
                "with --storage"
            ) from error
        except LocksUnsupported:
            self._owned = None
        except OSError as error:
            raise OutputError(
                f"{data}: must be a writable folder, got {error.strerror}; choose another "
                "with --storage"
            ) from error
        self._load()

    def close(self) -> None:
        """Let another service use the folder."""
        if self._owned:
            self._owned.close()

    @contextlib.contextmanager
    def new_folder(self) -> Iterator[Path]:
        """Yield the folder of a new job; it is removed if the block raises."""
        folder = self._jobs / secrets.token_urlsafe(18)
        (folder / INPUT).mkdir(parents=True, mode=0o700)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def save(self, record: JobRecord) -> None:
        """Store a job, durably."""
        text = record.model_dump_json(indent=1)
        with self._lock:
            folder = self._jobs / record.id
            if folder.is_dir():  # else it was deleted meanwhile
                write_whole(folder / RECORD, text.encode())
                self._records[record.id] = record

    def update(self, record: JobRecord) -> None:
        """Change a job in memory alone."""
        with self._lock:
            if record.id in self._records:
                self._records[record.id] = record

    def find(self, job_id: str) -> JobRecord | None:
        """Return a job."""
        with self._lock:
            return self._records.get(job_id)

    def all(self) -> list[JobRecord]:
        """Return every job, oldest first."""
        with self._lock:
            return sorted(self._records.values(), key=lambda record: record.created_s)

    def remove(self, job_id: str) -> None:
        """Delete a job with all its files.

        Raises:
            OSError: If that is not possible; the job stays.
        """
        folder = self._jobs / job_id
        with self._lock:
            if job_id not in self._records:
                return
            (folder / RECORD).unlink(missing_ok=True)
            del self._records[job_id]
        shutil.rmtree(folder, ignore_errors=True)

    def results_folder(self, job_id: str) -> Path:
        """Return the folder of a job's results."""
        return self._jobs / job_id / RESULTS

    def empty_results(self, job_id: str) -> Path:
        """Return the folder of a job's results, which holds nothing."""
        folder = self.results_folder(job_id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def keep_partial(self, job_id: str) -> dict[Kind, str]:
        """Keep the rows of a job that did not end; remove its other results."""
        folder = self.results_folder(job_id)
        if not folder.is_dir():
            return {}
        kept = next(folder.glob("*.jsonl"), None)  # it ended while others were written
        if kept is None and (part := next(folder.glob("*.jsonl.part"), None)):
            with part.open("r+b") as file:
                file.truncate(bytes_to_last_newline(part))
            kept = part.replace(part.with_suffix(""))
        for path in folder.iterdir():
            if path != kept:
                path.unlink()
        return {Kind.JSONL: kept.name} if kept and kept.stat().st_size else {}

    def file(self, record: JobRecord, kind: Kind) -> Path | None:
        """Return a file of a job, if it exists."""
        if kind is Kind.SOURCE:
            path = record.source
        elif kind in record.results:
            path = self.results_folder(record.id) / record.results[kind]
        else:
            return None
        return path if path.is_file() else None

    def free_bytes(self) -> int:
        """Return the free space of the disk."""
        return shutil.disk_usage(self._jobs).free

    def _load(self) -> None:
        """Read the jobs of earlier services; what is none of them is left as it is."""
        foreign = []
        for folder in sorted(self._jobs.iterdir()):
            try:
                record = JobRecord.model_validate_json((folder / RECORD).read_bytes())
            except FileNotFoundError:
                if is_cut_upload(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    foreign.append(folder.name)
            except (OSError, ValidationError):
                foreign.append(folder.name)
            else:
                if record.id == folder.name:
                    self._records[record.id] = record
                else:
                    foreign.append(folder.name)
        if foreign:
            text = printable(
                f"{self._jobs}: {len(foreign)} entries are not jobs that this version "
                f"knows, such as {foreign[0]}; they are left as they are, and never deleted"
            )
            print(f"wildaffect serve: {text}", file=sys.stderr)  # noqa: T201


def clean_name(name: str) -> str:
    """Return a short file name without folders, control characters or a leading dot."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    safe = _UNSAFE.sub("_", last).strip(" .")
    stem, dot, suffix = safe.rpartition(".")
    if not dot or len(suffix.encode()) > _LONGEST_SUFFIX:
        return _shortened(safe) or "video"
    return f"{_shortened(stem).strip(' .') or 'video'}.{suffix}"


def _shortened(text: str) -> str:
    return text.encode()[:_LONGEST_NAME].decode(errors="ignore")
