"""A decoding pass over a stream: numbered, timed pictures, and its outcome."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from wildaffect.video.display import Display
from wildaffect.video.picture import Damage, Picture
from wildaffect.video.streams import (
    MAX_PIXELS,
    announced_s,
    frame_rate,
    start_s,
    time_zero_s,
)
from wildaffect.video.timeline import Clock, OrderedTimeline, StampedTimeline, Timeline

_WITHOUT_PTS = ("avi",)
_FALLBACK_FPS = 25.0


class DecodingRun:
    """One pass over a stream, with its outcome afterwards."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        damage: Damage,
        threads: int,
        display: Display,
    ) -> None:
        self.stream = stream
        self.broken: str | None = None
        self.must_restart = False
        self.num_discarded = 0
        self._longest_s = 0.0
        self._container = container
        self._damage = damage
        self._threads = threads
        self._display = display
        stream.thread_type = "AUTO" if threads > 1 else "SLICE"
        stream.codec_context.thread_count = threads
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        has_stamps = container.format.name not in _WITHOUT_PTS
        self.timeline: Timeline = (StampedTimeline if has_stamps else OrderedTimeline)(
            damage
        )
        begin_s = start_s(stream)
        self._begin_s = 0.0 if begin_s is None else float(begin_s - time_zero_s(container))
        self._last_s = self._begin_s
        self._clock = Clock(
            damage,
            time_base_s=float(stream.time_base or Fraction(1)),
            start=stream.start_time,
            start_s=self._begin_s,
            frame_s=1.0 / (frame_rate(stream) or _FALLBACK_FPS),
        )

    def __iter__(self) -> Iterator[tuple[Picture, av.VideoFrame]]:
        for packet in self._packets():
            if packet.is_discard:
                self.num_discarded += 1
            elif packet.size:
                self.timeline.sent(packet.pts, packet.dts)
            frames = self._frames_of(packet)
            for frame in frames:
                picture = self._picture(frame)
                self._check_threads(self.timeline.num_passed_over)
                if self.must_restart:
                    return
                if picture is not None:
                    yield picture, frame
            if self.must_restart:
                return
        self._check_threads(self.timeline.num_awaited())

    def missing_s(self) -> float:
        """Return how much earlier than declared the frames end, 0 if within tolerance.

        The last frame may be long: up to a second, or twice the longest so far.
        """
        length_s = announced_s(self._container, self.stream)
        shown_s = self._last_s - self._begin_s
        rest_s = 0.0 if length_s is None else length_s - shown_s
        return rest_s if rest_s > max(1.0, 2 * self._longest_s) else 0.0

    def _packets(self) -> Iterator[Any]:
        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:
                self.broken = _plain(error)
                return
            yield packet

    def _check_threads(self, num_missing: int) -> None:
        """Request another pass if several threads may have withheld good frames."""
        if num_missing and self._threads > 1:
            self.must_restart = True

    def _frames_of(self, packet: Any) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError:
            self.timeline.failed(packet.dts)
            self._check_threads(1)
            return []
        self._display.sent(packet.pts)
        return frames

    def _picture(self, frame: av.VideoFrame) -> Picture | None:
        if frame.is_corrupt:
            self.timeline.suspect()
        placed = self.timeline.place(frame.pts)
        if placed is None:
            return None
        index, pts = placed
        if frame.is_corrupt:
            self._damage.repaired.append(index)
        time_s = self._clock.time_s(pts)
        self._longest_s = max(self._longest_s, time_s - self._last_s)
        self._last_s = time_s
        return Picture(index=index, time_s=time_s, load=self._display.loader(frame))


def _plain(error: av.FFmpegError) -> str:
    return (error.strerror or type(error).__name__).lower()
