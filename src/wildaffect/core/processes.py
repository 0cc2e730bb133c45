"""Worker processes that never outlive the process that started them."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import TypeVar

from wildaffect.core.errors import WildAffectError

Job = TypeVar("Job")
Result = TypeVar("Result")

_TIDY_S = 1.0
"""Time that an orphaned process may take to remove half-written files."""


def over_processes(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[Result]:
    """Yield the result of `work` for each job, in order of completion.

    If the caller stops early, workers are terminated immediately and their jobs are
    dropped.

    Args:
        work: Importable function, as other processes call it; with 1 worker it is called in
            this process.
        jobs: Picklable arguments of `work`.
        workers: Number of processes.

    Raises:
        WildAffectError: If a worker is lost.
    """
    if workers <= 1:
        yield from map(work, jobs)
        return
    # Their import takes 30 ms, which a process that only ends with its parent saves.
    from concurrent.futures import ProcessPoolExecutor, as_completed  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=end_with_parent
    )
    try:
        for result in as_completed([pool.submit(work, job) for job in jobs]):
            yield result.result()
    except BrokenProcessPool as error:
        raise WildAffectError(
            "a worker process died; repeat the command to resume, with fewer workers if "
            "memory ran out"
        ) from error
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def end_with_parent() -> None:
    """End this worker process as soon as its parent has ended, for whatever reason."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        thread = threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True)
        thread.start()


def _end_with(parent: int) -> None:
    wait([parent])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TIDY_S)
    os._exit(128 + signal.SIGTERM)
