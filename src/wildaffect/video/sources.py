"""Opening of files and addresses as container sources, with actionable errors."""

import re
import stat
from functools import partial
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.container import ContainerSource
from wildaffect.video.cropping import crops
from wildaffect.video.declared_size import declared_size, lacks_index

_ADDRESS = re.compile(r"(?:rtsps?|rtmps?|https?|udp|rtp|tcp|srt)://", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)[^/@]*@")
_TIMEOUT_S = (10.0, 30.0)
"""Timeout of the connection and of each read from a network address."""
_PYAV_MAJOR = int(av.__version__.split(".")[0])
_ANY_TAGS: dict[str, Any] = (
    {} if _PYAV_MAJOR >= 19 else {"metadata_errors": "surrogateescape"}
)
"""Error handling for metadata that is not UTF-8, as in PyAV 19 and later."""


def is_address(text: str) -> bool:
    """Return whether `text` is a network address that can carry video."""
    return _ADDRESS.match(text) is not None


def without_password(address: str) -> str:
    """Return an address without the user name and password in it."""
    return _PASSWORD.sub("", address)


def open_file(path: Path, *, decoder_threads: int = 1) -> ContainerSource:
    """Open a video file.

    Raises:
        UnreadableVideo: If it is missing, empty, not a video, or has no frames.
    """
    check_readable_file(path)
    return ContainerSource(
        str(path),
        partial(open_container, path),
        decoder_threads=decoder_threads,
        is_cut_off=partial(_is_cut_off, path),
        crops=crops(path),
    )


def open_address(address: str) -> ContainerSource:
    """Open a stream such as `rtsp://camera/1` or `https://host/clip.mp4`.

    It is read once, from the time of the connection, with one decoder thread.
    User names and passwords are removed from names and messages.

    Raises:
        UnreadableVideo: If there is no response in time, or the response is no video.
    """
    name = without_password(address)
    return ContainerSource(name, partial(_open_stream, address, name))


def is_folder(path: Path) -> bool:
    """Return whether `path` is a folder.

    Raises:
        UnreadableVideo: If it is below a folder without access.
    """
    try:
        return path.is_dir()
    except PermissionError as error:
        raise UnreadableVideo(
            path, "no permission to look there; check its owner"
        ) from error
    except OSError:
        return False


def check_readable_file(path: Path) -> None:
    """Raise `UnreadableVideo` unless `path` is a non-empty regular file."""
    try:
        if not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
            reason = "a pipe or device, which can be read once; save it to a file first"
            raise UnreadableVideo(path, reason)
        with path.open("rb") as file:
            if not file.read(1):
                raise UnreadableVideo(path, "the file is empty")
    except FileNotFoundError as error:
        raise UnreadableVideo(path, "no such file or folder; check the path") from error
    except PermissionError as error:
        raise UnreadableVideo(path, "no permission to read it; check its owner") from error
    except OSError as error:
        raise UnreadableVideo(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:  # a zero byte in the name
        raise UnreadableVideo(repr(str(path)), "no file has such a name") from error


def open_container(path: Path) -> InputContainer:
    """Open a file with FFmpeg; playlists cannot access other protocols.

    Raises:
        UnreadableVideo: If it is missing, empty, or unknown to FFmpeg.
    """
    check_readable_file(path)
    try:
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"}, **_ANY_TAGS)
    except av.FFmpegError as error:
        if lacks_index(path):
            reason = (
                "the recording was never finished, its index (moov) is missing; "
                "repair it with an untruncating tool or record again"
            )
        else:
            reason = "not a video, or damaged beyond reading; check that it plays"
        raise UnreadableVideo(path, reason) from error


def _open_stream(address: str, name: str) -> InputContainer:
    options = {"rtsp_transport": "tcp"} if address.lower().startswith("rtsp") else {}
    try:
        return av.open(address, timeout=_TIMEOUT_S, options=options, **_ANY_TAGS)
    except av.FFmpegError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableVideo(
            name, f"no video from there ({reason.lower()}); check address and network"
        ) from error


def _is_cut_off(path: Path) -> bool:
    size = declared_size(path)
    return size is not None and size > path.stat().st_size
