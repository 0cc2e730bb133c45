"""Selection of the video stream of a container, and its clock."""

import re
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from wildaffect.core.errors import UnreadableVideo

MAX_PIXELS = 1 << 26
"""Maximum size of a frame: twice that of 8K video; more would be hundreds of megabytes
each."""
_TEXT = ("tty",)  # FFmpeg renders text files as video
_STILL = (
    Disposition.attached_pic
    | Disposition.timed_thumbnails
    | Disposition.still_image
    | Disposition.dependent  # tiles of photographs
)


def choose_stream(name: str, container: InputContainer) -> VideoStream:
    """Return the stream that players show: the default, or the largest of several.

    Covers, thumbnails and photographs are not video.

    Raises:
        UnreadableVideo: If there is no video stream, FFmpeg cannot decode it, or its frames
            are larger than `MAX_PIXELS`.
    """
    if container.format.name in _TEXT:
        raise UnreadableVideo(name, "this is text, not a video")
    streams = [s for s in container.streams.video if not s.disposition & _STILL]
    if not streams and any(s.disposition & _STILL for s in container.streams.video):
        raise UnreadableVideo(name, "it holds photographs; name it .heic, .avif or .jpg")
    if not streams:
        sound = "sound but no" if container.streams.audio else "no"
        raise UnreadableVideo(name, f"it holds {sound} video stream")
    stream = max(streams, key=_preference)  # the first of equals
    if not is_decodable(stream):
        raise UnreadableVideo(
            name, f"stream {stream.index}: no decoder for its codec; convert it to H.264"
        )
    check_pixels(name, stream.codec_context.width, stream.codec_context.height)
    return stream


def is_decodable(stream: Any) -> bool:
    """Return whether FFmpeg has a decoder for a stream's codec."""
    return stream.codec_context is not None


def check_pixels(name: str, width: int, height: int) -> None:
    """Raise `UnreadableVideo` if frames of this size are too large."""
    if width * height > MAX_PIXELS:
        raise UnreadableVideo(
            name, f"frames must have at most {MAX_PIXELS} pixels, got {width}x{height}"
        )


def video_track(container: InputContainer, stream: VideoStream) -> int:
    """Return the index of a stream among the video tracks of its file."""
    covers = Disposition.attached_pic
    tracks = [
        other.index
        for other in container.streams.video
        if other.disposition & (covers | Disposition.timed_thumbnails) != covers
    ]
    return tracks.index(stream.index)


def exact(ratio: Any) -> Fraction | None:
    """Return a ratio of PyAV's, of any version, as a fraction; None if it is not set."""
    return Fraction(ratio.numerator, ratio.denominator) if ratio else None


def start_s(stream: Any) -> Fraction | None:
    """Return the start of a stream on the clock of its container, if known."""
    time_base = exact(stream.time_base)
    if stream.start_time is None or time_base is None:
        return None
    return stream.start_time * time_base


def time_zero_s(container: InputContainer) -> Fraction:
    """Return the start of the first sound or picture, on the container's clock."""
    film = [s for s in container.streams.video if not s.disposition & _STILL]
    starts = map(start_s, [*film, *container.streams.audio])
    return min((start for start in starts if start is not None), default=Fraction(0))


def frame_rate(stream: VideoStream) -> float | None:
    """Return the average rate of a stream in frames per second, if declared."""
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None


def duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the declared length of a stream, or of its container."""
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / av.time_base
    return None


def announced_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the declared length of the video stream itself, without other streams.

    Matroska counts it from the start of the container, not of the stream.
    """
    begin_s = float(start_s(stream) or 0) if "matroska" in container.format.name else 0.0
    tag = stream.metadata.get("DURATION", "")  # of Matroska, such as 00:00:02.400000000
    match = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", tag)
    if match:
        return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) - begin_s
    if stream.duration is not None or len(container.streams) == 1:
        length_s = duration_s(container, stream)
        return None if length_s is None else length_s - begin_s
    return None


def _preference(stream: VideoStream) -> tuple[bool, int]:
    area = 0
    if is_decodable(stream):
        area = stream.codec_context.width * stream.codec_context.height
    return bool(stream.disposition & Disposition.default), area
