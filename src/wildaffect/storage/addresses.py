"""Addresses of files in remote storage, such as `s3://bucket/clip.mp4`."""

import re
from dataclasses import dataclass
from pathlib import Path

_REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_STREAMS = frozenset(
    {"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "rtp", "tcp", "srt"}
)
"""Protocols that are read as they come, unless fsspec is named, as `simplecache::https`."""
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteParts:
    """What is remote of a job."""

    source: str | None = None
    """Address of the video; None if it is on this machine."""
    output: str | None = None
    """Address of the folder of results; None if it is on this machine."""
    stamp: tuple[tuple[str, int | None, str], ...] = ()
    """Name, size and version of the video."""

    @property
    def name(self) -> str:
        """Return the file name of the video."""
        return without_credentials(self.source or "").rpartition("/")[2]


def is_remote(given: object) -> bool:
    """Return whether an input or output is a file or folder in remote storage.

    An address of a stream, such as `rtsp://` or `http://`, is not. A chain of fsspec is, so
    that `simplecache::https://host/clip.mp4` is read as a file.
    """
    if not isinstance(given, str):
        return False
    match = _REMOTE.match(given)
    return match is not None and ("::" in match[0] or match[1].lower() not in _STREAMS)


def without_credentials(address: str) -> str:
    """Return an address without user, password and query, which may hold signatures."""
    return _CREDENTIALS.sub("", address).partition("?")[0]


def name_of(address: str) -> Path:
    """Return a path that an address is named by: `/s3/bucket/clip.mp4`."""
    protocol, _, rest = without_credentials(address).partition("://")
    return Path("/", protocol.rpartition("::")[2], *filter(None, rest.split("/")))


def join(folder: str, *parts: str) -> str:
    """Return the address of a file in a remote folder."""
    return "/".join([folder.rstrip("/"), *parts])
