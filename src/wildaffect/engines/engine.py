"""Engines run jobs, and do not know what a job is; jobs do not depend on the engine.

A command describes its work in three parts: jobs (one per video), a `Plan` that makes a
`Worker` in whatever process it is called, and the outcome of a job. Engines: `InProcess`
here, `processes.Processes` and `ray_actors.RayActors`.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.core.frames import VideoInfo

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")
Outcome_co = TypeVar("Outcome_co", covariant=True)

OnFrame = Callable[[Job, VideoInfo, int], None]
"""Called with the job, its video, and the number of frames of the video so far."""


class Worker(Protocol[Job, Outcome_co]):
    """Runs jobs in one process, one at a time; its networks stay loaded."""

    def run(self, job: Job, on_frame: OnFrame[Job]) -> Outcome_co:
        """Run a job and return its outcome, also on failure.

        Raises:
            WildAffectError: If all jobs must stop.
        """


class Plan(Protocol[Job, Outcome_co]):
    """Configuration of the workers; picklable."""

    @property
    def num_threads(self) -> int:
        """Number of threads of a worker."""

    def worker(self) -> Worker[Job, Outcome_co]:
        """Load the networks.

        Raises:
            WildAffectError: If they cannot be loaded.
        """

    def worker_died(self, job: Job, how: str) -> Outcome_co:
        """Return the outcome of a job whose worker was lost with it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reason why a worker stops all jobs, as not all exceptions are picklable."""

    reason: str
    is_usage: bool

    @classmethod
    def of(cls, error: WildAffectError) -> Self:
        """Return the refusal for an error."""
        return cls(str(error), isinstance(error, UsageError))

    def error(self) -> WildAffectError:
        """Return the error to raise in the process of the engine."""
        return UsageError(self.reason) if self.is_usage else WildAffectError(self.reason)


class Engine(Protocol[Job, Outcome]):
    """Context manager of workers; leaving it stops unfinished work."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @property
    def num_busy(self) -> int:
        """Number of jobs in progress."""

    @property
    def is_full(self) -> bool:
        """Return whether no further job can start now."""

    def begin(self, job: Job) -> None:
        """Assign a job to a worker."""

    def wait(self, on_frame: OnFrame[Job]) -> list[tuple[Job, Outcome]]:
        """Wait for events and return the finished jobs, possibly none.

        The job of a worker that dies ends with `Plan.worker_died`; the worker is replaced.

        Raises:
            WildAffectError: If a worker stops all jobs.
        """


class InProcess(Generic[Job, Outcome]):
    """A single worker: this process.

    Args:
        start: Returns the worker; called on entering.
    """

    def __init__(self, start: Callable[[], Worker[Job, Outcome]]) -> None:
        self._start = start
        self._worker: Worker[Job, Outcome] | None = None
        self._begun: list[Job] = []

    def __enter__(self) -> Self:
        self._worker = self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._worker = None

    @property
    def num_busy(self) -> int:
        """See `Engine`."""
        return len(self._begun)

    @property
    def is_full(self) -> bool:
        """See `Engine`."""
        return bool(self._begun)

    def begin(self, job: Job) -> None:
        """See `Engine`."""
        self._begun.append(job)

    def wait(self, on_frame: OnFrame[Job]) -> list[tuple[Job, Outcome]]:
        """Run the current job."""
        if self._worker is None:
            raise ValueError("engine: must be entered before it waits")
        job = self._begun.pop()
        return [(job, self._worker.run(job, on_frame))]


def run_jobs(
    waiting: deque[Job], engine: Engine[Job, Outcome], on_frame: OnFrame[Job]
) -> Generator[tuple[Job, Outcome], None, None]:
    """Yield each job with its outcome as it ends; a failure does not stop the others.

    Args:
        waiting: Jobs in the order in which they start. The caller may change it between
            outcomes: clear it to start no further job, or append a job to repeat it.
        engine: Entered here.
        on_frame: Called with the progress of the jobs.
    """
    with engine:
        while engine.num_busy or waiting:
            while waiting and not engine.is_full:
                engine.begin(waiting.popleft())
            yield from engine.wait(on_frame)
