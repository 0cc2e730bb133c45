"""Routes of results, and of the service itself."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel

from wildaffect.core.version import __version__
from wildaffect.serving.api import ERRORS, find_job
from wildaffect.serving.errors import ServiceError
from wildaffect.serving.records import JobRecord, Kind
from wildaffect.serving.scheduler import Scheduler
from wildaffect.serving.settings import ServiceSettings

TYPES = {
    Kind.CSV: "text/csv; charset=utf-8",
    Kind.PARQUET: "application/vnd.apache.parquet",
    Kind.JSONL: "application/x-ndjson",
    Kind.EVENTS: "text/csv; charset=utf-8",
    Kind.REPORT: "text/html; charset=utf-8",
}
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; media-src data:; frame-ancestors 'none'; sandbox allow-scripts"
)
"""A report runs its own scripts, apart from the service and all its data."""


class Info(BaseModel):
    """The service and its limits."""

    version: str = __version__
    model: str
    keep_minutes: float
    max_bytes: int
    max_job_minutes: float
    num_workers: int
    num_queued: int
    max_queued: int
    takes_local_files: bool
    live: dict[str, float]


def file_routes(scheduler: Scheduler, settings: ServiceSettings) -> APIRouter:
    """Return the routes of results and of the limits."""
    routes = APIRouter(prefix="/api", responses=ERRORS, tags=["results"])
    store = scheduler.store

    @routes.get("/jobs/{job_id}/files/{kind}", response_class=FileResponse)
    async def file(job_id: str, kind: Kind) -> FileResponse:
        """Download a result."""
        record = find_job(store, job_id)
        path = store.file(record, kind)
        if path is None:
            raise _no_file(record, kind)
        is_shown = kind in {Kind.REPORT, Kind.SOURCE, Kind.OVERLAY}
        return FileResponse(
            path,
            filename=path.name,
            media_type=TYPES.get(kind),
            content_disposition_type="inline" if is_shown else "attachment",
            headers={"Content-Security-Policy": REPORT_POLICY},
        )

    @routes.get("/info", tags=["service"])
    async def info() -> Info:
        """Return the limits of the service."""
        live = settings.live
        return Info(
            model=Path(settings.model).name,
            keep_minutes=settings.keep_minutes,
            max_bytes=settings.max_bytes,
            max_job_minutes=settings.max_job_minutes,
            num_workers=settings.workers,
            num_queued=scheduler.num_waiting,
            max_queued=settings.max_queued,
            takes_local_files=bool(settings.allow),
            live={
                "max_sessions": live.max_sessions,
                "max_frame_bytes": live.max_frame_bytes,
                "max_frame_pixels": live.max_frame_pixels,
                "max_frames_per_s": live.max_frames_per_s,
            },
        )

    return routes


def _no_file(record: JobRecord, kind: Kind) -> ServiceError:
    if not record.state.is_final:
        return ServiceError(409, "not_done", f"the job is {record.state}; wait for its end")
    if kind is Kind.OVERLAY and not (record.options.overlay or record.options.blur_faces):
        text = "the job has no overlay; submit it with overlay=true"
        return ServiceError(404, "no_file", text)
    return ServiceError(404, "no_file", f"the job has no {kind}: {record.error or 'none'}")
