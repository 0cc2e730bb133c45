"""Conversion of command-line arguments to sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError
from wildaffect.storage.addresses import is_remote, without_credentials
from wildaffect.video.sources import is_address, is_folder

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m2ts", ".m4v"}
    | {".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv"}
    | {".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""Suffixes of videos in folders; an individually given file may have any name."""

SourceLike = str | Path | int | tuple[Path, ...]
"""A file, a folder of images, an address, a camera number or a list of images."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """Images in memory."""

    images: tuple[NDArray[np.uint8], ...]
    """RGB, shape (H, W, 3); at least one image."""


def parse_source(source: str | Path | int) -> str | Path | int:
    """Return addresses as text, digits as cameras if no such file exists, else paths.

    Raises:
        UsageError: If it is a file in remote storage.
    """
    if isinstance(source, str):
        if is_address(source):
            return source
        if is_remote(source):
            raise _remote(source)
        if source.isdecimal() and not Path(source).exists():
            return int(source)
        return Path(source)
    return source


def local_path(given: str | Path) -> Path:
    """Return the path of a file or folder of this machine.

    Raises:
        UsageError: If it is a file in remote storage.
    """
    if is_remote(given):
        raise _remote(str(given))
    return Path(given)


def _remote(address: str) -> UsageError:
    return UsageError(
        f"{without_credentials(address)}: files in remote storage are read by "
        "`analyze_files` and `wildaffect analyze`; copy it to this machine first"
    )


def source_of(given: object) -> SourceLike | Arrays:
    """Return the source for an argument of the Python API.

    Raises:
        UsageError: If it is not a path, address, camera, array, or list of paths or arrays.
    """
    match given:
        case Arrays():
            return given
        case np.ndarray():
            return Arrays((given,))
        case str() | int() if not isinstance(given, bool):
            return parse_source(given)
        case PathLike():
            return Path(given)
        case list() | tuple():
            return _list_source(given)
        case _:
            raise UsageError(
                "source must be a path, an address, a camera's number, an image as a numpy "
                f"array, or a list of images, got {type(given).__name__}"
            )


def _list_source(given: Sequence[object]) -> Arrays | tuple[Path, ...]:
    arrays = [item for item in given if isinstance(item, np.ndarray)]
    paths = [Path(item) for item in given if isinstance(item, str | PathLike)]
    if not given or len(given) not in (len(arrays), len(paths)):
        kinds = ", ".join(sorted({type(item).__name__ for item in given}))
        raise UsageError(
            "source: a list must hold paths of images, or images as numpy arrays, "
            f"got {kinds or 'an empty list'}"
        )
    return Arrays(tuple(arrays)) if arrays else _image_paths(paths)


def _image_paths(paths: list[Path]) -> tuple[Path, ...]:
    for path in paths:
        if path.suffix.lower() in VIDEO_SUFFIXES or is_folder(path):
            raise UsageError(
                f"source: a list must hold images, got {path}; give a video or folder alone"
            )
    return tuple(paths)
