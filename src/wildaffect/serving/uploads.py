"""Uploads: the body of a request streamed to disk, bounded in size and in time."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from wildaffect.serving.errors import ServiceError
from wildaffect.serving.kinds import HEAD_BYTES, check_media
from wildaffect.serving.settings import ServiceSettings

SPARE_BYTES = 1_000_000_000
"""Space that stays free on the disk."""
_CHECK_BYTES = 8_000_000
"""Bytes after which the free space is checked again, as other files grow too."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_DRAIN_S = 2.0
_FORM = "multipart/form-data"


def check_announced(request: Request, settings: ServiceSettings, free_bytes: int) -> None:
    """Refuse an upload whose headers tell that it cannot be taken.

    Raises:
        ServiceError: If it is a form, too large, or the disk is full.
    """
    if request.headers.get("content-type", "").lower().startswith(_FORM):
        raise ServiceError(
            415,
            "form",
            "send the file itself as the body, not a form: curl --data-binary @clip.mp4",
        )
    announced = request.headers.get("content-length", "0")
    size = int(announced) if announced.isdecimal() else 0
    if size > settings.max_bytes:
        raise _too_large(settings)
    if free_bytes - size < SPARE_BYTES:
        raise _disk_full()


@contextmanager
def refused_if_full() -> Iterator[None]:
    """Refuse a request whose block finds the disk full.

    Raises:
        ServiceError: In place of the error of the system.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full() from error
        raise


async def receive(
    request: Request, path: Path, settings: ServiceSettings, free_bytes: Callable[[], int]
) -> None:
    """Write the body of a request to a file.

    Raises:
        ServiceError: If it is no video or image, too large, too slow, or ends early, or the
            disk becomes full.
    """
    head = b""
    size = checked = 0
    with path.open("xb") as file:
        try:
            async for chunk in _timely(request, settings):
                size += len(chunk)
                if size > settings.max_bytes:
                    raise _too_large(settings)
                is_checked = len(head) >= HEAD_BYTES
                head += chunk[: HEAD_BYTES - len(head)]
                if not is_checked and len(head) >= HEAD_BYTES:
                    check_media(head, path.name)
                if size - checked >= _CHECK_BYTES:
                    checked = size
                    if free_bytes() < SPARE_BYTES:
                        raise _disk_full()
                await asyncio.to_thread(file.write, chunk)
        except ClientDisconnect as error:
            raise ServiceError(400, "cut_off", "the upload was cut off") from error
    if size < HEAD_BYTES:
        check_media(head, path.name)
    if size == 0:
        raise ServiceError(400, "empty", "the body is empty; send the file as the body")


async def drain(request: Request) -> None:
    """Read what is left of a body, for a while.

    A connection that is closed with unread data loses the response that says why.
    """
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in request.stream():
                pass


async def _timely(request: Request, settings: ServiceSettings) -> AsyncIterator[bytes]:
    """Yield the parts of a body, as long as they arrive fast enough."""
    clock = asyncio.get_running_loop().time
    start_s, size = clock(), 0
    chunks = request.stream().__aiter__()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks), settings.client_timeout_s)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise _too_slow() from error
        size += len(chunk)
        elapsed_s = clock() - start_s
        if (
            elapsed_s > settings.client_timeout_s
            and size < elapsed_s * settings.min_bytes_per_s
        ):
            raise _too_slow()
        yield chunk


def _too_large(settings: ServiceSettings) -> ServiceError:
    return ServiceError(
        413,
        "too_large",
        f"uploads must have at most {settings.max_bytes / 1e6:g} MB; cut the video, or "
        "analyze it where it is",
        {"Connection": "close"},
    )


def _disk_full() -> ServiceError:
    return ServiceError(507, "disk_full", "the disk of this service is full; try later")


def _too_slow() -> ServiceError:
    return ServiceError(
        408, "too_slow", "the upload was too slow; try again", {"Connection": "close"}
    )
