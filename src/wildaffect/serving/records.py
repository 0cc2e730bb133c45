"""Jobs: their options, states and public description."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class State(StrEnum):
    """State of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Return whether the job will not change any more."""
        return self not in {State.QUEUED, State.RUNNING}


class Kind(StrEnum):
    """File of a job that can be downloaded."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"
    EVENTS = "events"
    OVERLAY = "overlay"
    REPORT = "report"
    SOURCE = "source"


Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]


class JobOptions(BaseModel):
    """Options of an analysis."""

    model_config = ConfigDict(frozen=True)

    overlay: bool = Field(
        default=False, description="Also draw the predictions on the video."
    )
    blur_faces: bool = Field(
        default=False, description="Blur faces in the overlay (implies it)."
    )
    start_s: Seconds | None = Field(default=None, description="First second to read.")
    stop_s: Seconds | None = Field(
        default=None, description="Second to stop at, exclusive."
    )
    every: int = Field(default=1, ge=1, le=10_000, description="Read only every Nth frame.")
    landmarks: bool = Field(
        default=False, description="Add the 478 landmarks to the tables."
    )
    blendshapes: bool = Field(default=False, description="Add the 52 blendshape scores.")


class GivenOptions(JobOptions):
    """Options as a client gives them; a stored job may have those of a newer version."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Progress(BaseModel):
    """Progress of a running job."""

    model_config = ConfigDict(frozen=True)

    frames_done: int = 0
    frames_total: int | None = Field(
        default=None, description="Estimate; null if not known."
    )
    time_s: float = Field(default=0.0, description="Media time of the newest frame.")


class JobView(BaseModel):
    """State of a job, as clients see it."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str = Field(description="Name of the file.")
    state: State
    options: JobOptions
    progress: Progress = Progress()
    created_s: float = Field(description="Time of submission, seconds since 1970.")
    started_s: float | None = None
    finished_s: float | None = None
    expires_s: float | None = Field(
        default=None, description="Time of deletion of all its files."
    )
    error: str | None = Field(
        default=None, description="Why rows are missing or end early."
    )
    note: str | None = Field(default=None, description="Warnings that affected no row.")
    attempts: int = Field(
        default=0, description="Times it was started; above 1 after a restart."
    )
    summary: dict[str, Any] | None = Field(
        default=None, description="Frames, faces, people."
    )
    files: dict[Kind, int] = Field(default={}, description="Kind of result -> bytes.")


class JobRecord(JobView):
    """State of a job with its place on this machine, as it is stored."""

    source: Path
    is_upload: bool
    results: dict[Kind, str] = {}
    """Kind of result -> name of its file."""

    def view(self) -> JobView:
        """Return what clients see."""
        return JobView.model_validate(
            {name: getattr(self, name) for name in JobView.model_fields}
        )
