"""Writing of RGB frames with times to an H.264 video, with the sound of another video."""

from collections.abc import Collection
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from wildaffect.core.errors import OutputError
from wildaffect.core.files import open_part, publish
from wildaffect.video.sound import SoundTrack

_TIME_BASE = Fraction(1, 90_000)
_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf")
"""Encoders without special hardware, best first."""
_OPTIONS: dict[str, dict[str, object]] = {"libx264": {"preset": "veryfast", "crf": "20"}}
_FALLBACK_FPS = 25.0


class VideoWriter:
    """Writes an MP4 file (H.264, yuv420p); a context manager.

    The file is renamed when the context ends without an exception; until then it is written
    as `<name>.part`, which is removed on an error. Odd sizes are made even by repeating the
    last column or row, as 4:2:0 needs.

    Raises:
        OutputError: If the file cannot be written, the disk is full, or this FFmpeg cannot
            encode H.264.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        fps_hint: float | None = None,
        audio_from: Path | None = None,
    ) -> None:
        """Open the file.

        Args:
            path: Final path.
            width: Width of the frames, in pixels.
            height: Height of the frames, in pixels.
            fps_hint: For rate control and the length of the last frame; times
                are kept as given.
            audio_from: Video file whose sound is added, cut to the frames' range of time;
                frames must have the times of this file's frames.
        """
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._shape = (height, width, 3)
        self._is_odd = width % 2 + height % 2 > 0
        self._padding = ((0, height % 2), (0, width % 2), (0, 0))
        self._frame_s = 1.0 / (fps_hint or _FALLBACK_FPS)
        self._first_s: float | None = None
        self._last_s = 0.0
        self._reformatter = VideoReformatter()
        self._sound: SoundTrack | None = None
        encoder = choose_encoder(av.codecs_available)
        try:
            self._lock = open_part(self._part)
        except OSError as error:
            raise _output_error(path, error) from error
        self._container = av.open(
            f"file:{self._part}",
            "w",
            format="mp4",
            container_options={"movflags": "+faststart"},
        )
        try:
            self._stream = self._add_stream(encoder)
            if audio_from is not None:
                self._sound = SoundTrack(audio_from, self._container)
        except BaseException:
            self._discard()
            raise

    def _add_stream(self, encoder: str) -> VideoStream:
        height, width = (side + side % 2 for side in self._shape[:2])
        stream = self._container.add_stream(
            encoder, rate=Fraction(1 / self._frame_s).limit_denominator(1001)
        )
        if not isinstance(stream, VideoStream):
            raise OutputError(f"{self._path}: {encoder} must be a video encoder")
        stream.options = dict(_OPTIONS.get(encoder, {}))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = _TIME_BASE
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        return stream

    def write(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """Add a frame.

        Args:
            rgb: Shape (height, width, 3).
            time_s: Time after that of the previous frame; the first becomes 0 in the file.

        Raises:
            ValueError: If shape or time do not fit.
            OutputError: If it cannot be written.
        """
        if rgb.shape != self._shape:
            raise ValueError(
                f"{self._path}: a frame must have shape {self._shape}, got {rgb.shape}"
            )
        if self._first_s is None:
            self._first_s = time_s
        elif time_s <= self._last_s:
            raise ValueError(
                f"{self._path}: time of a frame must be later than {self._last_s:g} s, "
                f"got {time_s:g} s"
            )
        self._last_s = time_s
        frame = self._to_yuv(rgb)
        frame.pts = round((time_s - self._first_s) / _TIME_BASE)
        frame.time_base = _TIME_BASE
        frame.duration = round(self._frame_s / _TIME_BASE)
        try:
            self._container.mux(self._stream.encode(frame))
            if self._sound:
                self._sound.write_until(time_s, start_s=self._first_s)
        except (av.FFmpegError, OSError) as error:
            raise _output_error(self._path, error) from error

    def _to_yuv(self, rgb: NDArray[np.uint8]) -> av.VideoFrame:
        even = np.pad(rgb, self._padding, mode="edge") if self._is_odd else rgb
        return self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None or self._first_s is None:
            self._discard()
            if kind is None:
                raise OutputError(f"{self._path}: a video must have a frame, got none")
            return
        try:
            self._finish(self._first_s)
            publish(self._part, self._path)
        except (av.FFmpegError, OSError) as failure:
            self._discard()
            raise _output_error(self._path, failure) from failure
        self._lock.close()

    def _finish(self, first_s: float) -> None:
        self._container.mux(self._stream.encode(None))
        if self._sound:
            self._sound.write_until(self._last_s + self._frame_s, start_s=first_s)
            self._sound.finish()
        self._container.close()

    def _discard(self) -> None:
        with suppress(av.FFmpegError, OSError):  # the original error is raised already
            self._container.close()
        if self._sound:
            self._sound.close()
        self._part.unlink(missing_ok=True)
        self._lock.close()


def choose_encoder(available: Collection[str]) -> str:
    """Return the H.264 encoder to use.

    Raises:
        OutputError: If there is none; the message lists the available video encoders.
    """
    for encoder in _ENCODERS:
        if encoder in available:
            return encoder
    others = sorted(name for name in available if name.startswith(("lib", "mpeg", "h264")))
    raise OutputError(
        f"video: FFmpeg must have an H.264 encoder ({', '.join(_ENCODERS)}), "
        f"got {', '.join(others) or 'none'}; "
        "reinstall with: pip install --force-reinstall av"
    )


def _output_error(path: Path, error: OSError | av.FFmpegError) -> OutputError:
    reason = (error.strerror or type(error).__name__).lower()
    return OutputError(f"{path}: cannot be written ({reason}); check folder and free space")
