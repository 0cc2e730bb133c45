"""Routes of jobs."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from wildaffect.serving.errors import ErrorBody, NoSuchJob, ServiceError
from wildaffect.serving.feed import job_events
from wildaffect.serving.local_files import find_allowed
from wildaffect.serving.records import (
    GivenOptions,
    JobOptions,
    JobRecord,
    JobView,
    State,
)
from wildaffect.serving.scheduler import Scheduler
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.storage import INPUT
from wildaffect.serving.store import JobStore, clean_name
from wildaffect.serving.uploads import check_announced, drain, receive, refused_if_full

_FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary", "title": "File"}
            }
        },
    }
}
ERRORS: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorBody}}


class UploadQuery(GivenOptions):
    """Query of an upload."""

    name: str = Field(default="video", max_length=500, description="Name of the file.")

    def options(self) -> JobOptions:
        """Return the options of the analysis."""
        return JobOptions.model_validate(self.model_dump(exclude={"name"}))


class LocalFile(BaseModel):
    """A file of the machine that the service runs on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(max_length=4096, description="In a folder that --allow names.")
    options: GivenOptions = GivenOptions()


def job_routes(scheduler: Scheduler, settings: ServiceSettings) -> APIRouter:
    """Return the routes of jobs."""
    routes = APIRouter(prefix="/api", responses=ERRORS, tags=["jobs"])
    store = scheduler.store

    @routes.post("/jobs", status_code=202, openapi_extra=_FILE_BODY)
    async def upload(request: Request, query: Annotated[UploadQuery, Query()]) -> JobView:
        """Analyze the file in the body of the request."""
        try:
            with scheduler.reserved(), refused_if_full():
                check_announced(request, settings, store.free_bytes())
                with store.new_folder() as folder:
                    source = folder / INPUT / clean_name(query.name)
                    await receive(request, source, settings, store.free_bytes)
                    options = query.options()
                    record = _new_record(folder.name, source, options, is_upload=True)
                    scheduler.submit(record)
        except ServiceError as error:
            if error.code != "too_slow":
                await drain(request)
            raise
        return record.view()

    @routes.post("/jobs/local", status_code=202)
    def local(file: LocalFile) -> JobView:
        """Analyze a file of the machine that the service runs on."""
        with scheduler.reserved(), refused_if_full():
            source = find_allowed(file.path, settings.allow)
            with store.new_folder() as folder:
                record = _new_record(folder.name, source, file.options, is_upload=False)
                scheduler.submit(record)
        return record.view()

    @routes.get("/jobs/{job_id}")
    async def job(job_id: str) -> JobView:
        """Return the state of a job."""
        return find_job(store, job_id).view()

    @routes.get("/jobs/{job_id}/events", response_class=StreamingResponse)
    async def events(
        job_id: str,
        rows: bool = True,
        last_event_id: Annotated[int, Header(ge=0, le=1 << 62)] = 0,
    ) -> StreamingResponse:
        """Follow a job by server-sent events: job, rows and end."""
        find_job(store, job_id)
        return StreamingResponse(
            job_events(job_id, scheduler, last_event_id, with_rows=rows),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    @routes.post("/jobs/{job_id}/cancel")
    async def cancel(job_id: str) -> JobView:
        """Cancel a job; the rows that it has are kept."""
        find_job(store, job_id)
        scheduler.cancel(job_id)
        return find_job(store, job_id).view()

    @routes.delete("/jobs/{job_id}", status_code=204)
    async def delete(job_id: str) -> Response:
        """Cancel a job and delete all its files."""
        find_job(store, job_id)
        await asyncio.to_thread(scheduler.delete, job_id)
        return Response(status_code=204)

    return routes


def find_job(store: JobStore, job_id: str) -> JobRecord:
    """Return a job.

    Raises:
        NoSuchJob: If there is none.
    """
    record = store.find(job_id)
    if record is None:
        raise NoSuchJob
    return record


def _new_record(
    job_id: str, source: Path, options: JobOptions, *, is_upload: bool
) -> JobRecord:
    return JobRecord(
        id=job_id,
        name=clean_name(source.name),
        state=State.QUEUED,
        options=options,
        created_s=time.time(),
        source=source,
        is_upload=is_upload,
    )
