"""Shared code of readers of photographs: each image is frame 1 of its own video."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.names import is_inside
from wildaffect.formats.columns import Rows
from wildaffect.formats.lines import Column
from wildaffect.formats.problems import Kind, Problem

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")


def image_rows(
    source: str, images: Sequence[str], *, lines: NDArray[np.int64], file: str
) -> Rows:
    """Return the rows of N photographs listed in one file.

    A photograph that is listed twice is one video with two rows.
    """
    place: dict[str, int] = {}
    index = [place.setdefault(image, len(place)) for image in images]
    return Rows(
        source=source,
        videos=list(place),
        video_index=np.array(index, np.int64),
        frame_number=np.ones(len(images), np.int64),
        images=images,
        lines=lines,
        files=(file,) * len(place),
    )


def check_image_names(
    column: Column, *, path: str, lines: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Return which rows have a valid image path, and a problem for each other row."""

    def is_image(name: str) -> bool:
        return is_inside(name) and name.lower().endswith(_SUFFIXES)

    rule = "an image must be a file below the image folder"
    return _check_names(column, is_image, rule, path, lines)


def check_video_names(
    column: Column, *, path: str, lines: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Return which rows have a valid name of a video, and a problem for each other row."""
    rule = "a video must have a name that stays inside its folder"
    return _check_names(column, is_inside, rule, path, lines)


def _check_names(
    column: Column,
    is_valid: Callable[[str], bool],
    rule: str,
    path: str,
    lines: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], list[Problem]]:
    fits = [is_valid(token) for token in column.tokens]
    good = np.array(fits, bool)[column.codes]
    problems = [
        Problem(
            path,
            int(lines[row]),
            Kind.BAD_NAME,
            f"{rule}, got {column[row][:60]!r}",
        )
        for row in np.flatnonzero(~good).tolist()
    ]
    return good, problems
