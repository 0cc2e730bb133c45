"""The application: routes, errors in one form, and the guard around them."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from wildaffect.core.version import __version__
from wildaffect.serving.api import job_routes
from wildaffect.serving.api_files import file_routes
from wildaffect.serving.errors import ServiceError, Unexpected
from wildaffect.serving.live import LivePool, add_live
from wildaffect.serving.pages import add_pages
from wildaffect.serving.scheduler import Scheduler
from wildaffect.serving.security import COOKIE, Guard
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.store import JobStore

NUM_THREADS = 32
"""Threads that wait for disks and processes."""
_SUMMARY = "Perceived valence, arousal, expressions and action units from video."


class GivenToken(BaseModel):
    """Token that a browser shows once."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=500)


@dataclass(frozen=True, slots=True)
class Service:
    """The application and the parts that are started and stopped with it."""

    app: Guard
    scheduler: Scheduler
    store: JobStore


def create_service(settings: ServiceSettings) -> Service:
    """Return a service that works while the application runs.

    Raises:
        OutputError: If its folder cannot be used.
    """
    store = JobStore(settings.data)
    scheduler = Scheduler(store, settings)
    pool = LivePool(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threads = ThreadPoolExecutor(NUM_THREADS)
        asyncio.get_running_loop().set_default_executor(threads)
        scheduler.start()
        try:
            yield
        finally:
            pool.close()
            scheduler.close()
            store.close()

    app = FastAPI(
        title="wildaffect",
        summary=_SUMMARY,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    guard = Guard(app, settings)
    app.include_router(job_routes(scheduler, settings))
    app.include_router(file_routes(scheduler, settings))
    add_live(app, pool, scheduler, settings)
    _add_session(app, guard)
    add_pages(app)
    answer_errors(app)
    return Service(guard, scheduler, store)


def _add_session(app: FastAPI, guard: Guard) -> None:
    @app.post("/api/session", status_code=204, tags=["service"])
    async def session(given: GivenToken, request: Request) -> Response:
        """Exchange the token for a cookie, for browsers."""
        if not guard.is_token(given.token):
            raise ServiceError(401, "wrong_token", "this is not the token of the service")
        response = Response(status_code=204)
        response.set_cookie(
            COOKIE,
            guard.session,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @app.get("/api/session", tags=["service"])
    async def session_state(request: Request) -> dict[str, bool]:
        """Tell whether this client still needs the token."""
        return {"needs_token": not guard.is_known(request.headers)}

    @app.get("/api/health", tags=["service"])
    async def health() -> dict[str, str]:
        """Tell that the service runs."""
        return {"status": "ok"}


def answer_errors(app: FastAPI) -> None:
    """Give every error the one form."""

    @app.exception_handler(ServiceError)
    async def refused(_request: Request, error: ServiceError) -> Response:
        return _response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _response(ServiceError(422, "invalid", f"{where}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def standard(_request: Request, error: HTTPException) -> Response:
        code = "_".join(HTTPStatus(error.status_code).phrase.lower().split())
        headers = dict(error.headers or {})
        return _response(ServiceError(error.status_code, code, error.detail, headers))

    @app.exception_handler(Exception)
    async def failed(_request: Request, _error: Exception) -> Response:
        return _response(Unexpected())  # it is raised again, and the guard tells the log


def _response(error: ServiceError) -> Response:
    return Response(
        error.body(), error.status, error.headers, media_type="application/json"
    )
