"""Image files with several pictures: animations and pages."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo
from wildaffect.core.frames import VideoInfo
from wildaffect.video.image_header import BROKEN, ImageHeader, open_picture
from wildaffect.video.picture import STILL_S, Damage, Picture
from wildaffect.video.pixels import picture_pixels, to_rgb
from wildaffect.video.tiff import read_pages

_SHORTEST_S = 0.02
_USUAL_S = 0.1
"""Replacement of shorter durations, as in browsers."""


class AnimationSource:
    """The pictures of one file.

    Those of an animation (WebP, PNG, GIF, AVIF) are the frames of a video, with the times
    in the file; pages (TIFF, HEIF) are stills, or frames if a rate is given.

    Raises:
        UnreadableVideo: If the first picture cannot be read.
    """

    skipped: tuple[Path, ...] = ()

    def __init__(self, path: Path, header: ImageHeader, *, fps: float | None) -> None:
        self.damage = Damage()
        self._path = path
        self._fps = fps
        self._is_stills = not header.is_animation and fps is None
        self._header = header
        self._file: BinaryIO = path.open("rb")
        try:
            self._pictures = self._decode()
            self._first = next(self._pictures)
        except TruncatedVideo as error:
            self.close()
            raise UnreadableVideo(path, "its first picture is damaged") from error
        height, width = self._first.load().shape[:2]  # type: ignore[union-attr]
        self.info = VideoInfo(
            name=str(path),
            width=width,
            height=height,
            fps=None if header.is_animation else fps,
            num_frames=header.num_pictures,
            duration_s=None,
            rotation_deg=0,
            codec=header.format.lower(),
        )

    def __iter__(self) -> Iterator[Picture]:
        yield self._first
        yield from self._pictures

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _decode(self) -> Iterator[Picture]:
        time_s = 0.0
        pictures = (
            self._tiff_pages() if self._header.format == "TIFF" else self._pillow_pictures()
        )
        for index, (rgb, shown_s) in enumerate(pictures):
            yield Picture(
                index=index,
                time_s=time_s,
                load=partial(_same, rgb),
                shot_start=self._is_stills,
            )
            if self._header.is_animation:
                time_s += shown_s
            else:
                time_s = (index + 1) / (self._fps or 1 / STILL_S)

    def _pillow_pictures(self) -> Iterator[tuple[NDArray[np.uint8], float]]:
        done = 0
        try:
            image: Any = open_picture(self._header.format, self._file)
            while done < self._header.num_pictures:
                image.seek(done)
                image.load()
                shown_s = float(image.info.get("duration") or 0) / 1000
                yield picture_pixels(image), _USUAL_S if shown_s < _SHORTEST_S else shown_s
                done += 1
        except BROKEN as error:
            raise self._broken_off(done) from error

    def _tiff_pages(self) -> Iterator[tuple[NDArray[np.uint8], float]]:
        done = 0
        encoded = np.frombuffer(self._file.read(), np.uint8)
        try:
            for page in read_pages(self._file):
                flags = cv2.IMREAD_UNCHANGED if page.has_alpha else cv2.IMREAD_COLOR
                span = (page.number, page.number + 1)
                _, stored = cv2.imdecodemulti(encoded, flags, range=span)
                yield to_rgb(stored[0] if stored else None, self._path), STILL_S
                done += 1
        except (cv2.error, UnreadableVideo) as error:
            raise self._broken_off(done) from error

    def _broken_off(self, index: int) -> TruncatedVideo:
        reason = "this picture is damaged; what came before was kept"
        return TruncatedVideo(self._path, index, reason)


def _same(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return rgb
