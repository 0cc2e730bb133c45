"""Numbers of threads. `auto` stands for as many as leave every result unchanged."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Auto:
    """Mark of a number that the command line also takes as `auto`."""

    count: Callable[[], int]
    """Returns the number that `auto` stands for."""


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


AnalysisThreads = Annotated[int, Auto(usable_cpus)]
"""Threads of an exported network: one per usable CPU, which changes no result."""

TrainingThreads = Annotated[int, Auto(lambda: 1)]
"""Threads of torch: one, because sums over more threads round differently."""
