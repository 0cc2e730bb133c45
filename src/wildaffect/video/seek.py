"""Single frames out of a long video file, read from the nearest key frame."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from wildaffect.video.cropping import crops
from wildaffect.video.display import Display
from wildaffect.video.geometry import NO_CROP
from wildaffect.video.sources import open_container
from wildaffect.video.streams import choose_stream, exact, time_zero_s, video_track

_TOLERANCE_S = 1e-3
_MAX_FRAMES = 400
"""Frames to decode in search of one; more than lie between key frames of common files."""


class FrameSeeker:
    """Opens a video file and reads frames near given times; a context manager.

    Raises:
        UnreadableVideo: If the file is missing or is no video.
    """

    def __init__(self, path: Path) -> None:
        self._container = open_container(path)
        try:
            self._stream = choose_stream(str(path), self._container)
            track = video_track(self._container, self._stream)
            found = crops(path)
            crop = found[track] if track < len(found) else NO_CROP
            self._display = Display(str(path), self._stream, crop)
        except BaseException:
            self._container.close()
            raise
        self._base_s = exact(self._stream.time_base) or 0
        self._zero_s = time_zero_s(self._container)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    def find(
        self, near_s: float, wanted_s: Sequence[float] | NDArray[np.float64]
    ) -> tuple[float, NDArray[np.uint8]] | None:
        """Return the first wanted frame from the key frame before `near_s` on.

        Args:
            near_s: Time to seek to.
            wanted_s: Times of frames, ascending, in the clock of `open_source`.

        Returns:
            Time and pixels; None if there is none, or the file has no times or is damaged.
        """
        if not self._base_s:
            return None
        wanted = np.asarray(wanted_s, np.float64)
        target = int((near_s + float(self._zero_s) + _TOLERANCE_S) / float(self._base_s))
        try:
            self._container.seek(target, stream=self._stream)
            for number, frame in enumerate(self._container.decode(self._stream)):
                if frame.pts is None or number >= _MAX_FRAMES:
                    return None
                time_s = float(frame.pts * self._base_s - self._zero_s)
                place = int(np.searchsorted(wanted, time_s - _TOLERANCE_S))
                if place == len(wanted):
                    return None
                if wanted[place] <= time_s + _TOLERANCE_S:
                    return time_s, self._display.loader(frame)()
        except av.FFmpegError:
            return None
        return None
