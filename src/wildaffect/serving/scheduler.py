"""Bounded queue of jobs, and the threads that run each on a worker process."""

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from wildaffect.core.errors import unexpected
from wildaffect.core.printable import printable
from wildaffect.serving.errors import QueueFull
from wildaffect.serving.process import WorkerProcess
from wildaffect.serving.records import JobRecord, Progress, State
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.store import JobStore
from wildaffect.serving.tasks import Outcome, Task, WorkerSettings
from wildaffect.serving.worker import run_worker

MAX_ATTEMPTS = 2
"""Number of times that a job is started, if the service ends while it runs."""
_POLL_S = 0.1
_SWEEP_S = 5.0


class Scheduler:
    """Runs the jobs of a store, and deletes them when their time is over."""

    def __init__(self, store: JobStore, settings: ServiceSettings) -> None:
        self.store = store
        self._settings = settings
        self._waiting: deque[str] = deque()
        self._num_reserved = 0
        self._unwanted: set[str] = set()
        """Running jobs to cancel."""
        self._changed = threading.Condition()
        self.is_closing = False
        self._threads = [
            threading.Thread(target=self._run_jobs, name=f"worker-{number}")
            for number in range(settings.workers)
        ]
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper")

    def start(self) -> None:
        """Queue the jobs that an earlier service left, and start to work."""
        for record in self.store.all():
            if record.state.is_final:
                continue
            if record.attempts >= MAX_ATTEMPTS:
                error = (
                    f"{record.name}: the service ended {record.attempts} times while it "
                    "was analyzed; submit it again to retry"
                )
                self._finish(record, State.FAILED, Outcome(error=error))
                continue
            self._save(record.model_copy(update={"state": State.QUEUED}))
            self._waiting.append(record.id)
        for thread in (*self._threads, self._sweeper):
            thread.start()

    def close(self) -> None:
        """Stop all work; unfinished jobs run again at the next start."""
        with self._changed:
            self.is_closing = True
            self._changed.notify_all()
        for thread in (*self._threads, self._sweeper):
            thread.join()

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold a place in the queue, so that no upload is received in vain.

        Raises:
            QueueFull: If there is none.
        """
        with self._changed:
            if len(self._waiting) + self._num_reserved >= self._settings.max_queued:
                raise QueueFull(self._settings.max_queued)
            self._num_reserved += 1
        try:
            yield
        finally:
            with self._changed:
                self._num_reserved -= 1

    def submit(self, record: JobRecord) -> None:
        """Store and queue a job, for which a place is reserved."""
        self.store.save(record)
        with self._changed:
            self._waiting.append(record.id)
            self._changed.notify_all()  # the sweeper waits here too

    @property
    def num_waiting(self) -> int:
        """Number of jobs that wait for a worker."""
        return len(self._waiting)

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended."""
        with self._changed:
            record = self.store.find(job_id)
            if record is None or record.state.is_final:
                return
            if job_id in self._waiting:
                self._waiting.remove(job_id)
                self._finish(record, State.CANCELED, Outcome(error="canceled"))
            else:
                self._unwanted.add(job_id)

    def delete(self, job_id: str) -> None:
        """Cancel a job and delete all its files; a running one within a second."""
        self.cancel(job_id)
        while self._is_running(job_id) and not self.is_closing:
            time.sleep(_POLL_S)
        self.store.remove(job_id)

    def _is_running(self, job_id: str) -> bool:
        record = self.store.find(job_id)
        return record is not None and record.state is State.RUNNING

    def _run_jobs(self) -> None:
        settings = WorkerSettings(
            model=self._settings.model,
            device=self._settings.device,
            max_memory_mb=self._settings.max_memory_mb,
        )
        process = WorkerProcess(run_worker, settings)
        try:
            while (record := self._next()) is not None:
                try:
                    self._run(record, process)
                except Exception as error:  # costs this job alone
                    process.kill()
                    text = unexpected(record.name, error)
                    self._finish(record, State.FAILED, Outcome(error=text))
        finally:
            process.kill()

    def _next(self) -> JobRecord | None:
        with self._changed:
            while not self.is_closing:
                while self._waiting:
                    record = self.store.find(self._waiting.popleft())
                    if record is not None:
                        try:
                            return self._mark_started(record)
                        except OSError as error:  # costs this job alone
                            text = f"{record.name}: {_not_written(error)}"
                            self._finish(record, State.FAILED, Outcome(error=text))
                self._changed.wait()
        return None

    def _mark_started(self, record: JobRecord) -> JobRecord:
        started = record.model_copy(
            update={
                "state": State.RUNNING,
                "started_s": time.time(),
                "attempts": record.attempts + 1,
                "progress": Progress(),
            }
        )
        self.store.save(started)
        return started

    def _run(self, record: JobRecord, process: WorkerProcess) -> None:
        """Run a job to its end, or kill the process that runs it."""
        task = Task(
            source=record.source,
            name=record.name,
            folder=self.store.empty_results(record.id),
            options=record.options,
        )
        process.start()
        process.send(task)
        until_s = time.monotonic() + 60 * self._settings.max_job_minutes
        while True:
            message = process.receive(_POLL_S)
            state, outcome = State.FAILED, None
            if isinstance(message, Progress):
                record = record.model_copy(update={"progress": message})
                self.store.update(record)
            elif isinstance(message, Outcome):
                state = State.FAILED if message.summary is None else State.DONE
                outcome = message
            if outcome is None and self.is_closing:
                return  # it stays "running" on disk, and runs again
            if outcome is None and record.id in self._unwanted:
                state, outcome = State.CANCELED, Outcome(error="canceled")
                process.kill()
            elif outcome is None and process.has_ended:
                outcome = Outcome(
                    error=f"{record.name}: the process that read it ended "
                    f"({process.ending}); the file may be damaged or need too much memory"
                )
                process.kill()
            elif outcome is None and time.monotonic() > until_s:
                outcome = Outcome(
                    error=f"{record.name}: not done after "
                    f"{self._settings.max_job_minutes:g} minutes, the limit of this service"
                )
                process.kill()
            if outcome is not None:
                self._finish(record, state, outcome)
                return

    def _finish(self, record: JobRecord, state: State, outcome: Outcome) -> None:
        """Mark a job as ended, also where the disk takes nothing more."""
        self._unwanted.discard(record.id)
        now_s = time.time()
        error = outcome.error
        results = outcome.results
        try:
            results = results or self.store.keep_partial(record.id)
        except OSError as cause:
            error = f"{error or record.name}; its rows are lost, {_not_written(cause)}"
        ended = record.model_copy(
            update={
                "state": state,
                "finished_s": now_s,
                "expires_s": now_s + 60 * self._settings.keep_minutes,
                "results": results,
                "summary": outcome.summary,
                "error": error,
                "note": outcome.note,
            }
        )
        files = {kind: self.store.file(ended, kind) for kind in results}
        sizes = {kind: path.stat().st_size for kind, path in files.items() if path}
        self._save(ended.model_copy(update={"files": sizes}))

    def _save(self, record: JobRecord) -> None:
        """Store a job; if that fails, clients see it, and the next start repeats it."""
        try:
            self.store.save(record)
        except OSError as error:
            _log(f"{record.id}: {_not_written(error)}; it is repeated after a restart")
            self.store.update(record)

    def _sweep(self) -> None:
        told: set[str] = set()
        while not self.is_closing:
            now_s = time.time()
            for record in self.store.all():
                if record.expires_s is not None and record.expires_s <= now_s:
                    try:
                        self.store.remove(record.id)
                    except OSError as error:  # it is tried again
                        if record.id not in told:
                            _log(f"{record.id}: cannot be deleted, {error.strerror}")
                        told.add(record.id)
            with self._changed:
                if not self.is_closing:
                    self._changed.wait(_SWEEP_S)


def _not_written(error: OSError) -> str:
    return f"the service cannot write to its disk ({error.strerror})"


def _log(text: str) -> None:
    print(f"wildaffect serve: {printable(text)}", file=sys.stderr)  # noqa: T201
