"""Messages between the service and its worker processes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wildaffect.serving.records import JobOptions, Kind, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker process is set up."""

    model: str
    device: str
    max_memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A file to analyze."""

    source: Path
    name: str
    """Name of the file in messages and rows."""
    folder: Path
    """Empty folder for the results."""
    options: JobOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """End of a task."""

    results: dict[Kind, str] = field(default_factory=dict)
    summary: dict[str, Any] | None = None
    error: str | None = None
    note: str | None = None


Message = Progress | Outcome
