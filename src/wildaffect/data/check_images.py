"""Check of which annotated images exist, with one directory listing per folder."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations

_NUMBER = re.compile(r"([0-9]{1,9})\.(?:jpe?g|png|bmp)", re.IGNORECASE)
_PROBES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCheck:
    """The images of N rows."""

    folder: Path
    present: NDArray[np.bool_]
    """True where the row's image exists, shape (N,)."""
    paths: tuple[str, ...]
    """Name on disk relative to `folder` where present, shape (N,)."""
    num_unlabeled: int
    """Images without a row; expected in videos."""
    missing: tuple[str, ...]
    """Annotated images that do not exist, each once."""


def find_image_folder(annotations: Annotations, candidates: Sequence[Path]) -> Path | None:
    """Return the first folder with an image of any of the first videos."""
    images = annotations.images
    step = max(1, len(images) // _PROBES)
    for folder in candidates:
        for image in images[::step]:
            if (folder / image).is_file():
                return folder
        videos = {image.rpartition("/")[0] for image in images[::step]} - {""}
        if any((folder / video).is_dir() for video in videos):
            return folder
    return None


def check_images(
    annotations: Annotations,
    folder: Path,
    *,
    is_video: bool,
    packed: Mapping[str, set[str]] | None = None,
) -> ImageCheck:
    """Find every row's image.

    Images are matched by name; frames of videos alternatively by the number in the name,
    regardless of leading zeros.

    Args:
        annotations: Annotations of N rows.
        folder: Folder of the images.
        is_video: True if images are frames of videos.
        packed: Names of the images in each folder below, if they are packed; None lists the
            folders.
    """
    rows_of: dict[str, list[int]] = {}
    for row, image in enumerate(annotations.images):
        rows_of.setdefault(image.rpartition("/")[0], []).append(row)
    present = np.zeros(len(annotations), bool)
    paths = list(annotations.images)
    num_unlabeled = 0
    numbers = annotations.frame_number.tolist()
    for parent, rows in rows_of.items():
        names = _list(folder / parent) if packed is None else packed.get(parent, set())
        by_number = _by_number(names) if is_video else {}
        candidates = set(by_number.values()) if is_video else names
        used = set()
        for row in rows:
            name = annotations.images[row].rpartition("/")[2]
            found = name if name in names else by_number.get(_number_in(name, numbers[row]))
            if found is not None:
                present[row] = True
                paths[row] = f"{parent}/{found}" if parent else found
                used.add(found)
        num_unlabeled += len(candidates - used)
    absent = (annotations.images[row] for row in np.flatnonzero(~present).tolist())
    return ImageCheck(
        folder=folder,
        present=present,
        paths=tuple(paths),
        num_unlabeled=num_unlabeled,
        missing=tuple(dict.fromkeys(absent)),
    )


def _number_in(name: str, frame_number: int) -> int:
    """Return the frame number if it matches the name, else a number that no file has."""
    match = _NUMBER.fullmatch(name)
    return frame_number if match and int(match[1]) == frame_number else -1


def _list(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 - names alone, three times as fast
    except OSError:
        return set()


def _by_number(names: set[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in sorted(names):
        match = _NUMBER.fullmatch(name)
        if match:
            found.setdefault(int(match[1]), name)
    return found
