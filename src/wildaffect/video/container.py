"""Video files and network addresses, decoded with FFmpeg through PyAV."""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo
from wildaffect.core.frames import VideoInfo
from wildaffect.video.picture import Damage, Picture
from wildaffect.video.timeline import Clock, OrderedTimeline, StampedTimeline, Timeline

_WITHOUT_PTS = ("avi",)
_NOT_VIDEO = ("tty",)  # FFmpeg renders text files as film
_FALLBACK_FPS = 25.0

Opener = Callable[[], InputContainer]


class ContainerSource:
    """The video stream of an open container, upright, frame by frame.

    Pixels are as stored: not stretched to the sample aspect ratio, not deinterlaced; a
    mirror flip in the display matrix is not applied. Where the size changes within the
    stream, frames change with it. The first frame is decoded on construction, so that what
    is no video fails there.

    With more than one decoder thread FFmpeg withholds good frames near a damaged packet;
    the stream is then opened again and read with one thread from that frame on.
    """

    skipped: tuple[Path, ...] = ()

    def __init__(
        self,
        name: str,
        open_container: Opener,
        *,
        decoder_threads: int = 1,
        is_cut_off: Callable[[], bool] = lambda: False,
    ) -> None:
        self._name = name
        self._open = open_container
        self._is_cut_off = is_cut_off
        self._container: InputContainer | None = None
        self._reformatter = VideoReformatter()
        self.damage = Damage()
        self._frames = self._decode(decoder_threads)
        try:
            picture, frame = self._draw_first()
            self.info = self._describe(frame)
        except BaseException:
            self.close()
            raise
        self._first: Picture | None = picture

    def __iter__(self) -> Iterator[Picture]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        for picture, _ in self._frames:
            yield picture

    def close(self) -> None:
        """Close the container; frames that were delivered stay valid."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _draw_first(self) -> tuple[Picture, av.VideoFrame]:
        try:
            first = next(self._frames, None)
        except TruncatedVideo as error:
            reason = "damaged before its first frame; nothing can be read"
            raise UnreadableVideo(self._name, reason) from error
        if first is None:
            reason = "no frame could be decoded; check that it plays"
            raise UnreadableVideo(self._name, reason)
        return first

    def _decode(self, threads: int) -> Iterator[tuple[Picture, av.VideoFrame]]:
        num_delivered = 0
        run = self._start(threads)
        while True:
            for picture, frame in run:
                if picture.index >= num_delivered:
                    num_delivered = picture.index + 1
                    yield picture, frame
            if not run.must_restart:
                break
            self.close()
            run = self._start(1)
        self._check_end(run)

    def _start(self, threads: int) -> "_Run":
        container = self._container = self._open()
        stream = _video_stream(self._name, container)
        for field in ("lost", "repaired"):
            getattr(self.damage, field).clear()
        self.damage.guessed_times = 0
        return _Run(container, stream, self.damage, threads, self._load)

    def _check_end(self, run: "_Run") -> None:
        num_frames = run.timeline.num_frames
        announced = run.stream.frames
        if run.broken is not None:
            reason = f"reading broke off ({run.broken})"
        elif run.timeline.num_lost_at_end():
            reason = "neither this nor what follows can be decoded"
        elif (not announced or num_frames < announced) and self._is_cut_off():
            reason = "the file ends before its declared length"
        elif not announced and run.missing_s() > 0:
            reason = f"frames end {run.missing_s():.1f} s before the announced end"
        else:
            self.damage.unexplained = max(0, announced - num_frames - run.num_discarded)
            return
        raise TruncatedVideo(self._name, num_frames, f"{reason}; what came before was kept")

    def _load(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        converted = self._reformatter.reformat(frame, format="rgb24")
        rgb: NDArray[np.uint8] = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        quarter_turns = _quarter_turns(frame)
        return np.ascontiguousarray(np.rot90(rgb, quarter_turns)) if quarter_turns else rgb

    def _describe(self, frame: av.VideoFrame) -> VideoInfo:
        container = self._container
        assert container is not None  # noqa: S101 - open since the first frame
        stream = _video_stream(self._name, container)
        fps = _fps(stream)
        duration_s = _duration_s(container, stream)
        num_frames = stream.frames or (
            round(duration_s * fps) if duration_s is not None and fps is not None else None
        )
        quarter_turns = _quarter_turns(frame)
        size = (frame.width, frame.height)
        width, height = size[::-1] if quarter_turns % 2 else size
        return VideoInfo(
            name=self._name,
            width=width,
            height=height,
            fps=fps,
            num_frames=num_frames,
            duration_s=duration_s,
            rotation_deg=-quarter_turns % 4 * 90,
            codec=stream.codec_context.name,
        )


class _Run:
    """One pass over a stream; says afterwards how it ended."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        damage: Damage,
        threads: int,
        load: Callable[[av.VideoFrame], NDArray[np.uint8]],
    ) -> None:
        self.stream = stream
        self.broken: str | None = None
        self.must_restart = False
        self.num_discarded = 0
        self._last_s = 0.0
        self._longest_s = 0.0
        self._container = container
        self._damage = damage
        self._threads = threads
        self._load = load
        stream.thread_type = "AUTO" if threads > 1 else "SLICE"
        stream.codec_context.thread_count = threads
        has_stamps = container.format.name not in _WITHOUT_PTS
        self.timeline: Timeline = (StampedTimeline if has_stamps else OrderedTimeline)(
            damage
        )
        self._clock = Clock(
            damage,
            time_base_s=float(stream.time_base or Fraction(1)),
            start=stream.start_time,
            frame_s=1.0 / (_fps(stream) or _FALLBACK_FPS),
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
        """Return how much earlier than announced the frames end, 0 if that is usual.

        A last frame may be shown for long: up to a second, or twice the longest so far.
        """
        announced_s = _stream_duration_s(self._container, self.stream)
        rest_s = 0.0 if announced_s is None else announced_s - self._last_s
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
        """Ask for another pass if several threads may have withheld good frames."""
        if num_missing and self._threads > 1:
            self.must_restart = True

    def _frames_of(self, packet: Any) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError:
            self.timeline.failed(packet.dts)
            self._check_threads(1)
            return []
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
        return Picture(index=index, time_s=time_s, load=partial(self._load, frame))


def stream_start_s(stream: Any) -> float:
    """Return where a stream begins on the clock of its container, in seconds."""
    if stream.start_time is None or not stream.time_base:
        return 0.0
    return float(stream.start_time * stream.time_base)


def _video_stream(name: str, container: InputContainer) -> VideoStream:
    if container.format.name in _NOT_VIDEO:
        raise UnreadableVideo(name, "this is text, not a video")
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    if container.streams.audio:
        raise UnreadableVideo(name, "it holds sound but no video stream")
    raise UnreadableVideo(name, "it holds no video stream")


def _quarter_turns(frame: av.VideoFrame) -> int:
    """Return the counterclockwise quarter turns that make the frame upright."""
    return round(frame.rotation / 90) % 4


def _fps(stream: VideoStream) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / av.time_base
    return None


def _stream_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the announced length of the video stream itself, other streams apart.

    Matroska counts it from the start of the container, not of the stream.
    """
    start_s = stream_start_s(stream) if "matroska" in container.format.name else 0.0
    tag = stream.metadata.get("DURATION", "")  # of Matroska, such as 00:00:02.400000000
    match = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", tag)
    if match:
        return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) - start_s
    if stream.duration is not None or len(container.streams) == 1:
        duration_s = _duration_s(container, stream)
        return None if duration_s is None else duration_s - start_s
    return None


def _plain(error: av.FFmpegError) -> str:
    return (error.strerror or type(error).__name__).lower()
