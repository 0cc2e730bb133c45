"""Uploads to a disk that fills meanwhile."""

import asyncio
import errno

import pytest
from starlette.requests import Request

from wildaffect.serving.errors import ServiceError
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.uploads import SPARE_BYTES, receive, refused_if_full

BLOCK = b"\0\0\0\x18ftypisom" + bytes(1_000_000)


def test_free_space_is_checked_while_an_upload_of_unknown_size_comes(tmp_path):
    sent = 0

    async def body() -> dict[str, object]:
        nonlocal sent
        sent += 1
        return {"type": "http.request", "body": BLOCK, "more_body": sent < 100}

    request = Request({"type": "http", "headers": []}, body)
    path = tmp_path / "clip.mp4"
    settings = ServiceSettings(data=tmp_path)
    with pytest.raises(ServiceError, match="the disk of this service is full") as refused:
        asyncio.run(receive(request, path, settings, lambda: SPARE_BYTES - 1))
    assert refused.value.status == 507
    assert path.stat().st_size < 10_000_000


def test_a_full_disk_is_told_as_such():
    with pytest.raises(ServiceError) as refused, refused_if_full():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (refused.value.status, refused.value.code) == (507, "disk_full")
    with pytest.raises(PermissionError), refused_if_full():
        raise PermissionError(errno.EACCES, "Permission denied")
