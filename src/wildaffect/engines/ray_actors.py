"""Jobs in Ray actors, on this machine or on all machines of a cluster.

Inputs and outputs must have the same paths on every machine; only jobs and outcomes are
sent. docs/decisions.md explains the choice of actors over Ray Data.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self

from wildaffect.core.errors import WildAffectError
from wildaffect.core.frames import VideoInfo
from wildaffect.engines.engine import Job, OnFrame, Outcome, Plan, Refusal, Worker
from wildaffect.engines.processes import check_num_workers

LOCAL = "local"
"""Address that starts Ray on this machine."""

_POLL_S = 0.5


class RayActors(Generic[Job, Outcome]):
    """Actors that run one job each at a time; each has its networks and threads.

    Args:
        plan: Configuration of the actors.
        num_workers: Maximum number of actors; an actor is started when needed.
        address: `LOCAL`, `auto` for the cluster that this machine belongs to, or host:port.
            If this process is already connected to Ray, that connection is used and kept.
        num_gpus: GPUs of each actor.

    Raises:
        UsageError: If `num_workers` is less than 1.
        WildAffectError: On entering, if a local Ray would be reachable from other machines.
    """

    def __init__(
        self,
        plan: Plan[Job, Outcome],
        num_workers: int,
        *,
        address: str = LOCAL,
        num_gpus: int = 0,
    ) -> None:
        check_num_workers(num_workers)
        self._plan, self._num_workers = plan, num_workers
        self._address, self._num_gpus = address, num_gpus
        self._is_ours = False
        self._shared_plan: Any = None
        self._idle: list[Any] = []
        self._busy: dict[Any, _Work[Job]] = {}

    def __enter__(self) -> Self:
        if self._address == LOCAL:
            _keep_ray_to_this_machine()
        ray = _ray()
        if not ray.is_initialized():
            cpus = self._num_workers * self._plan.num_threads
            here = {"num_cpus": cpus, "include_dashboard": False}
            context = ray.init(
                address=self._address,
                log_to_driver=False,
                logging_level="ERROR",
                **(here if self._address == LOCAL else {}),
            )
            self._is_ours = True
            if self._address == LOCAL:
                _check_loopback(ray, context.address_info["node_ip_address"])
        self._shared_plan = ray.put(self._plan)  # once, including its networks
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ray = _ray()
        for actor in [*self._idle, *(work.actor for work in self._busy.values())]:
            ray.kill(actor)
        self._idle.clear()
        self._busy.clear()
        self._shared_plan = None
        if self._is_ours:
            ray.shutdown()

    @property
    def num_busy(self) -> int:
        """See `Engine`."""
        return len(self._busy)

    @property
    def is_full(self) -> bool:
        """See `Engine`."""
        return len(self._busy) == self._num_workers

    def begin(self, job: Job) -> None:
        """Assign a job to an idle or new actor."""
        actor = self._idle.pop() if self._idle else self._start()
        self._busy[actor.run.remote(job)] = _Work(actor, job)

    def wait(self, on_frame: OnFrame[Job]) -> list[tuple[Job, Outcome]]:
        """Wait up to half a second for a job to end; query the progress of the others.

        Raises:
            WildAffectError: If an actor cannot load what it needs, or stops all jobs.
        """
        ended, _ = _ray().wait(list(self._busy), timeout=_POLL_S)
        outcomes = [self._end(result) for result in ended]
        for work in self._busy.values():
            work.report(on_frame)
        return outcomes

    def _end(self, result: Any) -> tuple[Job, Outcome]:
        ray = _ray()
        work = self._busy.pop(result)
        try:
            outcome: Outcome | Refusal = ray.get(result)
        except ray.exceptions.RayActorError as error:
            how = f"was lost ({_first_line(error)})"
            return work.job, self._plan.worker_died(work.job, how)
        if isinstance(outcome, Refusal):
            raise outcome.error()
        self._idle.append(work.actor)
        return work.job, outcome

    def _start(self) -> Any:
        actor = _ray().remote(_Actor)
        return actor.options(
            num_cpus=self._plan.num_threads,
            num_gpus=self._num_gpus,
            max_concurrency=2,  # one thread runs jobs, one reports progress
        ).remote(self._shared_plan, Path.cwd())


@dataclass(slots=True)
class _Work(Generic[Job]):
    """A job in progress in an actor."""

    actor: Any
    job: Job
    answer: Any = None
    """Pending reply with its progress."""

    def report(self, on_frame: OnFrame[Job]) -> None:
        """Report the progress if the actor has replied, and query again."""
        ray = _ray()
        if self.answer is None:
            self.answer = self.actor.progress.remote()
            return
        ready, _ = ray.wait([self.answer], timeout=0)
        if ready:
            try:
                progress = ray.get(self.answer)
            except ray.exceptions.RayActorError:  # its result reports the same
                return
            if progress:
                on_frame(self.job, *progress)
            self.answer = self.actor.progress.remote()


class _Actor:
    """Worker in its own process of the cluster.

    It works in the folder of the command, if its machine has that, so that relative paths
    lead to the same files.
    """

    def __init__(self, plan: Plan[Any, Any], folder: Path) -> None:
        with suppress(OSError):
            os.chdir(folder)
        self._plan = plan
        self._worker: Worker[Any, Any] | None = None
        self._progress: tuple[VideoInfo, int] | None = None

    def run(self, job: Any) -> Any:
        """Run one job and return its outcome, or a `Refusal`."""
        self._progress = None
        try:
            self._worker = self._worker or self._plan.worker()
            return self._worker.run(job, self._on_frame)
        except WildAffectError as error:
            return Refusal.of(error)

    def progress(self) -> tuple[VideoInfo, int] | None:
        """Return the progress of the current job, None before its first frame."""
        return self._progress

    def _on_frame(self, _job: object, info: VideoInfo, num_frames: int) -> None:
        self._progress = (info, num_frames)


def _ray() -> Any:
    """Import Ray without usage reports."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # as the workers of `Processes`
    import ray  # noqa: PLC0415 - the extra `cluster` is imported where it is used

    return ray


def _keep_ray_to_this_machine() -> None:
    """Restrict Ray to the loopback interface and to clients that know a new secret.

    Anyone who can reach Ray's ports can run code as its user. Ray reads the first variable
    when it is imported; its name comes from macOS and Windows, where that is the default.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _check_loopback(ray: Any, node_ip: str) -> None:
    if not ip_address(node_ip).is_loopback:
        ray.shutdown()
        raise WildAffectError(
            f"ray: must listen on this machine alone, got {node_ip}, as Ray was imported "
            "before the command began; start Ray yourself, or use worker processes"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
