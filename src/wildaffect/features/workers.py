"""Extraction in several processes of this machine."""

import signal
import sys
import time
import warnings
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType, TracebackType
from typing import Self

from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.core.frames import VideoInfo
from wildaffect.core.processes import end_with_parent
from wildaffect.features.engine import ExtractPlan, Refusal
from wildaffect.features.extract import Extracted, OnFrame
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.video.picture import DamagedVideoWarning

_TELL_EVERY_S = 0.2
_STOP_S = 5.0
"""Time that a worker may take to clean up after a stop signal."""


@dataclass(frozen=True, slots=True)
class _Progress:
    info: VideoInfo
    num_frames: int


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: "Connection[ExtractSource, _Progress | Refusal | Extracted]"
    job: ExtractSource | None = None


class Processes:
    """Worker processes that extract one video each at a time.

    Args:
        plan: Feature sets and store of the extraction.
        num_workers: Maximum number of processes; a process is started when needed.

    Raises:
        UsageError: If `num_workers` is less than 1.
    """

    def __init__(self, plan: ExtractPlan, num_workers: int) -> None:
        check_num_workers(num_workers)
        self._plan, self._num_workers = plan, num_workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.connection.close()  # an idle worker then exits
            if worker.job:
                worker.process.terminate()
        until_s = time.monotonic() + _STOP_S
        for worker in self._workers:
            worker.process.join(max(until_s - time.monotonic(), 0.0))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()

    @property
    def num_busy(self) -> int:
        """See `Engine`."""
        return sum(worker.job is not None for worker in self._workers)

    @property
    def is_full(self) -> bool:
        """See `Engine`."""
        return self.num_busy == self._num_workers

    def begin(self, job: ExtractSource) -> None:
        """Assign a video to an idle or new worker."""
        idle = (worker for worker in self._workers if not worker.job)
        worker = next(idle, None) or self._start()
        worker.job = job
        try:
            worker.connection.send(job)
        except OSError:  # it died while idle; `wait` reports it
            return

    def wait(self, on_frame: OnFrame) -> list[Extracted]:
        """Wait for an event of any worker.

        Raises:
            WildAffectError: If a worker cannot load what it needs.
        """
        busy = {worker.connection: worker for worker in self._workers if worker.job}
        news = [self._listen(busy[ready], on_frame) for ready in wait(list(busy))]  # type: ignore[index]
        return [outcome for outcome in news if outcome]

    def _listen(self, worker: _Worker, on_frame: OnFrame) -> Extracted | None:
        job = worker.job
        if job is None:
            return None
        try:
            reply = worker.connection.recv()
        except (EOFError, OSError):
            return self._replace_dead(worker, job)
        if isinstance(reply, Refusal):
            raise WildAffectError(reply.reason)
        if isinstance(reply, _Progress):
            on_frame(job, reply.info, reply.num_frames)
            return None
        worker.job = None
        return reply

    def _replace_dead(self, worker: _Worker, job: ExtractSource) -> Extracted:
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        return worker_died(job, _how_it_ended(worker.process.exitcode))

    def _start(self) -> _Worker:
        context = get_context("spawn")  # network threads do not survive a fork
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(self._plan, theirs), name="extract", daemon=True
        )
        # Ctrl-C goes to all processes of a terminal; workers are stopped by this process
        # alone, so they inherit that the signal is blocked. The tracker would unblock it as
        # it starts, and goes first.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker


def check_num_workers(num_workers: int) -> None:
    """Check the number of workers.

    Raises:
        UsageError: If it is less than 1.
    """
    if num_workers < 1:
        raise UsageError(f"workers: must be at least 1, got {num_workers}")


def worker_died(job: ExtractSource, how: str) -> Extracted:
    """Return the outcome of a video whose worker was lost with it."""
    return Extracted(
        video=job.video,
        status="failed",
        error=f"{job.path}: worker must live until the video ends, got one that {how}; "
        "repeat the command for this video, with fewer workers if memory ran out",
    )


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"was ended by {signal.Signals(-exitcode).name}"
    return f"ended with status {exitcode}"


def _serve(plan: ExtractPlan, connection: "Connection[object, ExtractSource]") -> None:
    """Extract video after video until the connection is closed; the target of a process."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    end_with_parent()
    warnings.simplefilter("ignore", DamagedVideoWarning)  # reported in the outcomes
    try:
        extractor = plan.extractor()
    except WildAffectError as error:
        connection.send(Refusal(str(error)))
        return
    while True:
        try:
            job = connection.recv()
            connection.send(extractor.extract(job, _ProgressReporter(connection)))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the parent no longer waits


def _leave(number: int, _frame: FrameType | None) -> None:
    """Exit through every `finally`, so that no half-written file is left."""
    sys.exit(128 + number)


class _ProgressReporter:
    """Reports progress at intervals."""

    def __init__(self, connection: "Connection[object, ExtractSource]") -> None:
        self._connection = connection
        self._told_s = float("-inf")

    def __call__(self, _job: ExtractSource, info: VideoInfo, num_frames: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = now_s
            self._connection.send(_Progress(info, num_frames))
