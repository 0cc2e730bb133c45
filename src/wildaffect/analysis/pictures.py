"""Frames and rows of pictures that a caller brings: whose they are, which is which."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wildaffect.core.errors import UsageError
from wildaffect.core.frames import Frame
from wildaffect.core.printable import printable
from wildaffect.core.results import FaceResult
from wildaffect.video.images import holds_several, list_images
from wildaffect.video.inputs import Arrays, SourceLike, source_of
from wildaffect.video.pixels import is_image_name
from wildaffect.video.sources import is_folder


def pictures_of(source: SourceLike | Sequence[Path] | Arrays) -> list[Path]:
    """Return the image files of a source in the order of their frames, if it is of some."""
    match source_of(source):
        case tuple() as images:
            return list(images)
        case Path() as path if is_folder(path):
            return list(list_images(path)[0])
        case Path() as path if is_image_name(path) and not holds_several(path):
            return [path]
        case _:
            return []


def with_names(
    rows: Iterable[FaceResult], pictures: Sequence[Path]
) -> Iterator[FaceResult]:
    """Yield rows that name the photograph of their frame, if they are of photographs."""
    for row in rows:
        if not pictures:
            yield row
            continue
        yield replace(row, image=printable(pictures[row.frame_index].name))


def owned_frames(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames with arrays of their own, as they wait while their source goes on.

    Raises:
        UsageError: If one is no frame, or its number or time does not lie after the last.
    """
    last: Frame | None = None
    for frame in frames:
        if not isinstance(frame, Frame):
            raise UsageError(
                "stream: frames must be Frame(index=..., time_s=..., rgb=...), "
                f"got {type(frame).__name__}"
            )
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
