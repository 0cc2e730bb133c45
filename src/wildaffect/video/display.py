"""Conversion of decoded frames to displayed frames."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.geometry import Crop, Geometry, display_matrix, read_geometry
from wildaffect.video.streams import check_pixels, exact


class Display:
    """Tracks the aspect of a stream's pixels, which may change within the stream."""

    def __init__(self, name: str, stream: VideoStream, crop: Crop) -> None:
        self._name = name
        self._codec = stream.codec_context
        self._crop = crop
        self._reformatter = VideoReformatter()
        of_container = exact(stream.sample_aspect_ratio)
        own = exact(self._codec.sample_aspect_ratio)
        self._is_fixed = of_container != own
        """The container takes precedence over the pictures."""
        self._aspect = self._next = of_container or Fraction(1)
        self._next_pts: int | None = None
        self._stored: tuple[bytes | None, Fraction, int, int] | None = None
        self._geometry = Geometry()

    def sent(self, pts: int | None) -> None:
        """Record a packet sent to the decoder, possibly with another aspect.

        Frames that are still in the decoder, and shown before it, keep theirs.
        """
        if self._is_fixed:
            return
        aspect = exact(self._codec.sample_aspect_ratio) or Fraction(1)
        if aspect != self._next:
            self._next, self._next_pts = aspect, pts

    def geometry(self, frame: av.VideoFrame) -> Geometry:
        """Return how a frame is displayed.

        Raises:
            UnreadableVideo: If it cannot be displayed, or would be too large.
        """
        aspect = self._aspect_of(frame.pts)
        try:
            stored = (display_matrix(frame), aspect, frame.width, frame.height)
            if stored != self._stored:
                self._geometry = self._read_geometry(*stored)
                self._stored = stored
        except ValueError as error:
            raise UnreadableVideo(self._name, str(error)) from error
        return self._geometry

    def loader(self, frame: av.VideoFrame) -> Callable[[], NDArray[np.uint8]]:
        """Return the function that converts a frame to pixels."""
        return partial(self.geometry(frame).displayed, frame, self._reformatter)

    def _aspect_of(self, pts: int | None) -> Fraction:
        if pts is None or self._next_pts is None or pts >= self._next_pts:
            self._aspect = self._next
        return self._aspect

    def _read_geometry(
        self, matrix: bytes | None, aspect: Fraction, width: int, height: int
    ) -> Geometry:
        geometry = read_geometry(matrix, crop=self._crop, aspect=aspect)
        check_pixels(self._name, *geometry.displayed_size(width, height))
        return geometry
