"""Jobs in several processes of this machine."""

import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType, TracebackType
from typing import Any, Generic, Self

from wildaffect.core.errors import Stopped, UsageError, WildAffectError
from wildaffect.core.frames import VideoInfo
from wildaffect.core.processes import end_with_parent
from wildaffect.engines.engine import Job, OnFrame, Outcome, Plan, Refusal

_TELL_EVERY_S = 0.2
_STOP_S = 5.0
"""Time that a worker may take to clean up after a stop signal."""


@dataclass(frozen=True, slots=True)
class _Progress:
    info: VideoInfo
    num_frames: int


@dataclass(frozen=True, slots=True)
class _Done:
    outcome: Any


@dataclass(slots=True)
class _Worker(Generic[Job]):
    process: SpawnProcess
    connection: "Connection[Job, _Progress | Refusal | _Done]"
    jobs: list[Job]
    """The job in progress, or none."""


class Processes(Generic[Job, Outcome]):
    """Worker processes that run one job each at a time.

    Args:
        plan: Configuration of the workers.
        num_workers: Maximum number of processes; a process is started when needed.

    Raises:
        UsageError: If `num_workers` is less than 1.
    """

    def __init__(self, plan: Plan[Job, Outcome], num_workers: int) -> None:
        check_num_workers(num_workers)
        self._plan, self._num_workers = plan, num_workers
        self._workers: list[_Worker[Job]] = []

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
            if worker.jobs:
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
        return sum(bool(worker.jobs) for worker in self._workers)

    @property
    def is_full(self) -> bool:
        """See `Engine`."""
        return self.num_busy == self._num_workers

    def begin(self, job: Job) -> None:
        """Assign a job to an idle or new worker."""
        idle = (worker for worker in self._workers if not worker.jobs)
        worker = next(idle, None) or self._start()
        worker.jobs.append(job)
        try:
            worker.connection.send(job)
        except OSError:  # it died while idle; `wait` reports it
            return

    def wait(self, on_frame: OnFrame[Job]) -> list[tuple[Job, Outcome]]:
        """Wait for an event of any worker.

        Raises:
            WildAffectError: If a worker cannot load what it needs, or stops all jobs.
        """
        busy = {worker.connection: worker for worker in self._workers if worker.jobs}
        ended = []
        for ready in wait(list(busy)):
            ended += self._listen(busy[ready], on_frame)  # type: ignore[index]
        return ended

    def _listen(
        self, worker: _Worker[Job], on_frame: OnFrame[Job]
    ) -> list[tuple[Job, Outcome]]:
        """Return the job of a worker with its outcome, if it has ended."""
        (job,) = worker.jobs
        try:
            reply = worker.connection.recv()
        except (EOFError, OSError):
            return [(job, self._replace_dead(worker, job))]
        match reply:
            case Refusal():
                raise reply.error()
            case _Progress():
                on_frame(job, reply.info, reply.num_frames)
                return []
            case _Done():
                worker.jobs.clear()
                return [(job, reply.outcome)]

    def _replace_dead(self, worker: _Worker[Job], job: Job) -> Outcome:
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        return self._plan.worker_died(job, _how_it_ended(worker.process.exitcode))

    def _start(self) -> _Worker[Job]:
        context = get_context("spawn")  # network threads do not survive a fork
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(self._plan, theirs), name="worker", daemon=True
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
        worker = _Worker[Job](process, ours, [])
        self._workers.append(worker)
        return worker


def check_num_workers(num_workers: int) -> None:
    """Check the number of workers.

    Raises:
        UsageError: If it is less than 1.
    """
    if num_workers < 1:
        raise UsageError(f"workers: must be at least 1, got {num_workers}")


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"was ended by {signal.Signals(-exitcode).name}"
    return f"ended with status {exitcode}"


def _serve(
    plan: Plan[Job, Outcome], connection: "Connection[_Progress | Refusal | _Done, Job]"
) -> None:
    """Run job after job until the connection is closed; the target of a process."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    end_with_parent()
    try:
        worker = plan.worker()
        while True:
            job = connection.recv()
            outcome = worker.run(job, _ProgressReporter(connection))
            connection.send(_Done(outcome))
    except WildAffectError as error:
        connection.send(Refusal.of(error))
    except Stopped as stop:
        sys.exit(stop.status)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent no longer waits


def _stop(number: int, _frame: FrameType | None) -> None:
    """Leave through every `finally`, so that no half-written file is left."""
    raise Stopped(number)


class _ProgressReporter:
    """Reports progress at intervals."""

    def __init__(self, connection: "Connection[_Progress | Refusal | _Done, Any]") -> None:
        self._connection = connection
        self._told_s = float("-inf")

    def __call__(self, _job: object, info: VideoInfo, num_frames: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = now_s
            self._connection.send(_Progress(info, num_frames))
