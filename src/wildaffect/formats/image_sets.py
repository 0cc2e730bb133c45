"""Shared code of readers of photographs: each image is frame 1 of its own video."""

from collections.abc import Sequence

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
    fits = [
        is_inside(token) and token.lower().endswith(_SUFFIXES) for token in column.tokens
    ]
    good = np.array(fits, bool)[column.codes]
    problems = [
        Problem(
            path,
            int(lines[row]),
            Kind.BAD_NAME,
            f"an image must be a file below the image folder, got {column[row][:60]!r}",
        )
        for row in np.flatnonzero(~good).tolist()
    ]
    return good, problems
