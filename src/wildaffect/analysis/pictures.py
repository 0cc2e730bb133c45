"""Conversion of in-memory images to frames, and of results back to images."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError
from wildaffect.core.frames import Frame
from wildaffect.core.printable import printable
from wildaffect.core.results import FaceResult
from wildaffect.video.images import holds_several, list_images
from wildaffect.video.inputs import Arrays, SourceLike, source_of
from wildaffect.video.pixels import is_image_name
from wildaffect.video.sources import is_folder


def pictures_of(source: SourceLike | Sequence[Path] | Arrays) -> list[Path]:
    """Return the image files of a source in the order of their frames, if it has any."""
    match source_of(source):
        case tuple() as images:
            return list(images)
        case Path() as path if is_folder(path):
            return list(list_images(path)[0])
        case Path() as path if is_image_name(path) and not holds_several(path):
            return [path]
        case _:
            return []


def source_name(source: SourceLike | Sequence[Path] | Arrays) -> str | None:
    """Return the name of a source in its rows; None for arrays and addresses."""
    match source:
        case Path():
            return printable(source.name)
        case int():
            return f"camera-{source}"
        case _:
            return None


def with_names(
    rows: Iterable[FaceResult], source: str | None, pictures: Sequence[Path]
) -> Iterator[FaceResult]:
    """Yield rows with the name of their source, and of their photograph if it is one."""
    for row in rows:
        image = printable(pictures[row.frame_index].name) if pictures else None
        yield replace(row, source=source, image=image)


def timed_frames(
    images: Iterable[Frame] | Iterable[NDArray[np.uint8]],
    *,
    fps: float | None = None,
    times_s: Iterable[float] | None = None,
) -> Iterator[Frame]:
    """Yield images as frames, at a constant rate or at given times; frames pass unchanged.

    Raises:
        UsageError: If an item is neither a frame nor an array, an array has no time, or
            both `fps` and `times_s` are given.
    """
    if fps is not None and times_s is not None:
        raise UsageError("stream: give fps or times_s, not both")
    if fps is not None and not 0 < fps < math.inf:
        raise UsageError(f"stream: fps must be above 0, got {fps}")
    times = iter(times_s) if times_s is not None else None
    for index, image in enumerate(images):
        match image:
            case Frame():
                yield image
            case np.ndarray() if fps is not None:
                yield Frame(index=index, time_s=index / fps, rgb=image)
            case np.ndarray() if times is not None:
                yield Frame(index=index, time_s=_next_time(times, index), rgb=image)
            case np.ndarray():
                raise UsageError(
                    "stream: arrays have no time; give fps=30.0, times_s=[...], or frames "
                    "as Frame(index=..., time_s=..., rgb=...)"
                )
            case _:
                raise UsageError(
                    "stream: frames must be RGB arrays or Frame(index=..., time_s=..., "
                    f"rgb=...), got {type(image).__name__}"
                )


def _next_time(times: Iterator[float], index: int) -> float:
    try:
        return next(times)
    except StopIteration:
        raise UsageError(f"stream: times_s ends before frame {index}") from None


def owned_frames(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames with copied arrays, as they are buffered while the source continues.

    Raises:
        UsageError: If the number or time of a frame does not increase.
    """
    last: Frame | None = None
    for frame in frames:
        if last and frame.index <= last.index:
            raise UsageError(
                f"frame {frame.index}: index must rise, got it after frame {last.index}"
            )
        if last and frame.time_s <= last.time_s:
            raise UsageError(
                f"frame {frame.index}: time_s must rise, got {frame.time_s:g} s "
                f"after {last.time_s:g} s"
            )
        last = frame
        yield replace(frame, rgb=np.array(frame.rgb, order="C"))
