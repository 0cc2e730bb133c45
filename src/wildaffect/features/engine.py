"""Engines that run the jobs of an extraction; the jobs do not depend on the engine.

An engine has a number of workers, each with its own `Extractor`, and returns the outcome of
each video. Engines: `InProcess` here, `workers.Processes` and `cluster.RayActors`.
"""

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from wildaffect.features.extract import Extracted, ExtractOptions, Extractor, OnFrame
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.sets import FeatureSet
from wildaffect.features.store import FeatureStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractPlan:
    """Configuration of workers; picklable."""

    store: Path
    sets: tuple[FeatureSet, ...]
    options: ExtractOptions

    def extractor(self) -> Extractor:
        """Load the networks."""
        return Extractor(FeatureStore(self.store), self.sets, self.options)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reason why a worker cannot start, as not all exceptions are picklable."""

    reason: str


class Engine(Protocol):
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
        """Number of videos in progress."""

    @property
    def is_full(self) -> bool:
        """Return whether no further video can start now."""

    def begin(self, job: ExtractSource) -> None:
        """Assign a video to a worker."""

    def wait(self, on_frame: OnFrame) -> list[Extracted]:
        """Wait for events and return the finished videos, possibly none.

        The video of a worker that dies is marked as failed, and the worker is replaced.
        """


class InProcess:
    """A single worker: this process."""

    def __init__(self, plan: ExtractPlan) -> None:
        self._plan = plan
        self._extractor: Extractor | None = None
        self._begun: list[ExtractSource] = []

    def __enter__(self) -> Self:
        self._extractor = self._plan.extractor()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._extractor = None

    @property
    def num_busy(self) -> int:
        """See `Engine`."""
        return len(self._begun)

    @property
    def is_full(self) -> bool:
        """See `Engine`."""
        return bool(self._begun)

    def begin(self, job: ExtractSource) -> None:
        """See `Engine`."""
        self._begun.append(job)

    def wait(self, on_frame: OnFrame) -> list[Extracted]:
        """Extract the current video."""
        if self._extractor is None:
            raise ValueError("engine: must be entered before it waits")
        return [self._extractor.extract(self._begun.pop(), on_frame)]


def run_jobs(
    jobs: Sequence[ExtractSource], store: FeatureStore, engine: Engine, on_frame: OnFrame
) -> Generator[Extracted, None, None]:
    """Yield the outcome of each video as it ends; a failure does not stop the others.

    Once the store cannot be written, no further video is started.

    Raises:
        OutputError: If the store cannot be written to at all.
    """
    store.make_folder()
    waiting = deque(jobs)
    can_store = True
    with engine:
        while engine.num_busy or (waiting and can_store):
            while waiting and can_store and not engine.is_full:
                engine.begin(waiting.popleft())
            for outcome in engine.wait(on_frame):
                can_store &= outcome.status != "not stored"
                yield outcome
    for job in waiting:
        yield Extracted(video=job.video, status="not begun")
