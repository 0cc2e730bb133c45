"""Image folders, lists of images and single images."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UnreadableVideo
from wildaffect.core.frames import VideoInfo
from wildaffect.video.image_header import read_header
from wildaffect.video.picture import STILL_S, Damage, Picture
from wildaffect.video.pixels import is_image_name, read_image

_MAYBE_SEVERAL = frozenset({".avif", ".heic", ".heif", ".png", ".tif", ".tiff", ".webp"})


class ImageSource:
    """Images as frames; unreadable images are recorded as lost frames.

    Raises:
        UnreadableVideo: If none of the images can be read.
    """

    def __init__(
        self,
        name: str,
        paths: Sequence[Path],
        *,
        fps: float | None,
        skipped: tuple[Path, ...] = (),
    ) -> None:
        """Open images in the order given; without `fps` each is a separate shot."""
        self.damage = Damage()
        self.skipped = skipped
        self.unreadable: list[UnreadableVideo] = []
        self._fps = fps
        self._numbered = _numbered(paths) if fps is not None else list(enumerate(paths))
        first = _first_readable(name, paths)
        self._first: tuple[Path, NDArray[np.uint8]] | None = first
        """The first readable image, until it is loaded."""
        height, width = first[1].shape[:2]
        self.info = VideoInfo(
            name=name,
            width=width,
            height=height,
            fps=fps,
            num_frames=len(paths),
            duration_s=None if fps is None else self._time_s(self._numbered[-1][0] + 1),
            rotation_deg=0,
            codec="images",
        )

    def __iter__(self) -> Iterator[Picture]:
        for index, path in self._numbered:
            yield Picture(
                index=index,
                time_s=self._time_s(index),
                load=partial(self._load, index, path),
                shot_start=self._fps is None,
            )

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _time_s(self, index: int) -> float:
        if self._fps is None:
            return index * STILL_S
        return (index - self._numbered[0][0]) / self._fps

    def _load(self, index: int, path: Path) -> NDArray[np.uint8] | None:
        if self._first is not None and path == self._first[0]:
            (_, rgb), self._first = self._first, None
            return rgb
        try:
            return read_image(path)
        except UnreadableVideo as error:
            self.damage.lost.append(index)
            self.unreadable.append(error)
            return None


def list_images(folder: Path) -> tuple[list[Path], tuple[Path, ...]]:
    """Return the images of a folder in natural order, and its other visible files.

    Images are recognized by suffix: label files and notes are often in the same folder. A
    file with an image suffix that is not an image counts as damaged, not as skipped.
    Animations and files with several pages are separate sources, and among the others.

    Raises:
        UnreadableVideo: If the folder cannot be listed.
    """
    try:
        entries = sorted(folder.iterdir(), key=natural_key)
    except PermissionError as error:
        reason = "no permission to list the folder; check its owner"
        raise UnreadableVideo(folder, reason) from error
    files = [path for path in entries if not path.name.startswith(".") and path.is_file()]
    images = [path for path in files if is_image_name(path) and not holds_several(path)]
    taken = set(images)
    return images, tuple(path for path in files if path not in taken)


def holds_several(path: Path) -> bool:
    """Return whether an image file is an animation or has several pages."""
    if path.suffix.lower() not in _MAYBE_SEVERAL or not path.is_file():
        return False  # opening a pipe would block
    try:
        with path.open("rb") as file:
            return read_header(file, path).num_pictures > 1
    except (OSError, UnreadableVideo):  # reported where it is read
        return False


def natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Return a sort key that puts `frame2` before `frame10`."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], str(
        path
    )


def _numbered(paths: Sequence[Path]) -> list[tuple[int, Path]]:
    """Number the frames of a sequence by the names' last digits, else by position."""
    found = [re.search(r"(\d+)$", path.stem) for path in paths]
    numbers = [int(match[1]) for match in found if match]
    if len(numbers) < len(paths) or len(set(numbers)) < len(numbers):
        return list(enumerate(paths))
    return sorted(zip(numbers, paths, strict=True))


def _first_readable(name: str, paths: Sequence[Path]) -> tuple[Path, NDArray[np.uint8]]:
    reasons = []
    for path in paths:
        try:
            return path, read_image(path)
        except UnreadableVideo as error:
            reasons.append(error)
    if len(reasons) == 1:
        raise reasons[0]
    if reasons:
        raise UnreadableVideo(
            name, f"none of its {len(paths)} images can be read; {reasons[0]}"
        )
    raise UnreadableVideo(name, "holds no images")
