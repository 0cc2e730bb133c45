"""Reading of any source as timed, upright RGB frames."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo, UsageError
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.video.animation import AnimationSource
from wildaffect.video.arrays import ArraySource
from wildaffect.video.camera import CameraSource
from wildaffect.video.image_header import read_header
from wildaffect.video.images import ImageSource, list_images
from wildaffect.video.inputs import Arrays, SourceLike, source_of
from wildaffect.video.picture import Damage, DamagedVideoWarning, Picture, Source
from wildaffect.video.pixels import is_image_name
from wildaffect.video.sources import (
    check_readable_file,
    is_folder,
    open_address,
    open_file,
)


class VideoReader:
    """Frames of one source, read once and in order of presentation; a context manager."""

    def __init__(
        self, source: Source, *, start_s: float | None, stop_s: float | None, every: int
    ) -> None:
        """Read the frames with start_s <= time_s < stop_s whose number `every` divides."""
        self._source = source
        self._start_s = 0.0 if start_s is None else start_s
        self._stop_s = float("inf") if stop_s is None else stop_s
        self._every = every
        self._is_drawn = False

    @property
    def info(self) -> VideoInfo:
        """Metadata of the entire source before the first frame."""
        return self._source.info

    @property
    def damage(self) -> Damage:
        """Damage of the source found so far."""
        return self._source.damage

    @property
    def skipped(self) -> tuple[Path, ...]:
        """Files of an image folder that were skipped, as their suffix is not an image's."""
        return self._source.skipped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the source; frames that were delivered stay valid."""
        self._source.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the selected frames.

        Raises:
            TruncatedVideo: After the last readable frame, if the source breaks off.
            UsageError: If `start_s` is after the last frame.
            UnreadableVideo: If none of the selected images can be read.
            ValueError: If the frames were read before.

        Warns:
            DamagedVideoWarning: At the end, if frames were lost, repaired or had no time.
        """
        if self._is_drawn:
            raise ValueError(f"{self.info.name}: a source is read once; open it again")
        self._is_drawn = True
        num_delivered = 0
        try:
            for picture in self._chosen():
                rgb = picture.load()
                if rgb is None:
                    continue
                num_delivered += 1
                yield Frame(
                    index=picture.index,
                    time_s=picture.time_s,
                    rgb=rgb,
                    shot_start=picture.shot_start,
                )
        except TruncatedVideo:
            self._warn()
            raise
        if num_delivered == 0 and self.damage.lost:
            raise UnreadableVideo(self.info.name, "none of the chosen frames can be read")
        self._warn()

    def _chosen(self) -> Iterator[Picture]:
        last_s = 0.0
        has_started = False
        for picture in self._source:
            last_s = picture.time_s
            if last_s >= self._stop_s:
                return
            if last_s < self._start_s:
                continue
            has_started = True
            if picture.index % self._every == 0:
                yield picture
        if not has_started:
            raise UsageError(
                f"{self.info.name}: start must not lie behind the last frame at "
                f"{last_s:.3f} s, got {self._start_s:g} s"
            )

    def _warn(self) -> None:
        if self.damage:
            message = f"{self.info.name}: {self.damage.describe()}"
            warnings.warn(DamagedVideoWarning(message), stacklevel=3)


def open_source(
    source: SourceLike | Sequence[Path] | Arrays,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
    every: int = 1,
    images: Literal["stills", "sequence"] = "stills",
    fps: float = 30.0,
    decoder_threads: int = 1,
) -> VideoReader:
    """Open a video, image, image folder, list of images or arrays, camera or address.

    Reading is sequential: `start_s` costs the decoding of earlier frames (without the
    conversion to RGB), and numbers and times are those of the complete video whatever part
    is read.

    Args:
        source: Path, address, camera or images; digits are a camera unless such a file
            exists.
        start_s: First time to read, inclusive.
        stop_s: Time to stop at, exclusive.
        every: Read every Nth frame: those whose number is a multiple of this.
        images: Treat several images as unrelated photographs, or as the frames of one
            video.
        fps: Rate of an image sequence; numbers at the end of all names are frame numbers,
            the first image is at 0 s. Videos have their own times.
        decoder_threads: Threads of FFmpeg, for files; each adds a frame of delay and
            memory.

    Raises:
        UnreadableVideo: If it cannot be opened or has no frames.
        UsageError: If a number is out of range.
    """
    _check(start_s, stop_s, every, fps, decoder_threads)
    parsed = source_of(source)
    sequence_fps = fps if images == "sequence" else None
    opened: Source
    match parsed:
        case int():
            opened = CameraSource(parsed)
        case str():
            opened = open_address(parsed)
        case Arrays():
            opened = ArraySource(parsed.images, fps=sequence_fps)
        case tuple():
            opened = ImageSource(f"{len(parsed)} images", parsed, fps=sequence_fps)
        case Path() if is_folder(parsed):
            found, skipped = list_images(parsed)
            _warn_of_several(parsed, skipped)
            opened = ImageSource(str(parsed), found, fps=sequence_fps, skipped=skipped)
        case Path() if is_image_name(parsed):
            opened = _open_image(parsed, sequence_fps)
        case Path():
            opened = open_file(parsed, decoder_threads=decoder_threads)
    return VideoReader(opened, start_s=start_s, stop_s=stop_s, every=every)


def _open_image(path: Path, fps: float | None) -> Source:
    check_readable_file(path)
    with path.open("rb") as file:
        header = read_header(file, path)
    if header.num_pictures > 1:
        return AnimationSource(path, header, fps=fps)
    return ImageSource(str(path), [path], fps=None)


def _warn_of_several(folder: Path, skipped: Sequence[Path]) -> None:
    names = [path.name for path in skipped if is_image_name(path)]
    if names:
        message = f"{folder}: left out, as they hold several pictures: {', '.join(names)}"
        warnings.warn(DamagedVideoWarning(message), stacklevel=3)


def _check(
    start_s: float | None,
    stop_s: float | None,
    every: int,
    fps: float,
    decoder_threads: int,
) -> None:
    if start_s is not None and not start_s >= 0:
        raise UsageError(f"start must be at least 0 s, got {start_s:g} s")
    if stop_s is not None and not stop_s > (start_s or 0.0):
        raise UsageError(
            f"stop must be after the start at {start_s or 0.0:g} s, got {stop_s:g} s"
        )
    if every < 1:
        raise UsageError(f"every must be at least 1, got {every}")
    if not 0 < fps < float("inf"):
        raise UsageError(f"fps of an image sequence must be positive, got {fps:g}")
    if decoder_threads < 1:
        raise UsageError(f"decoder threads must be at least 1, got {decoder_threads}")
