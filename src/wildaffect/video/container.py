"""Video files and network addresses, decoded with FFmpeg through PyAV."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import av
from av.container import InputContainer

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo
from wildaffect.core.frames import VideoInfo
from wildaffect.video.decoding import DecodingRun
from wildaffect.video.display import Display
from wildaffect.video.geometry import NO_CROP, Crop, ratio
from wildaffect.video.picture import Damage, Picture
from wildaffect.video.streams import (
    announced_s,
    choose_stream,
    duration_s,
    frame_rate,
    video_track,
)

Opener = Callable[[], InputContainer]


class ContainerSource:
    """The video stream of an open container as players display it, frame by frame.

    Frames are not deinterlaced. If the size or the aspect changes within the stream, frames
    change with it. The first frame is decoded on construction, so that other files fail
    there.

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
        crops: Sequence[Crop] = (),
    ) -> None:
        """Open the source.

        Args:
            name: Name in error messages.
            open_container: Called for every pass.
            decoder_threads: Number of threads of FFmpeg.
            is_cut_off: Whether the file ends before its declared length.
            crops: Crop of each video track in the file.
        """
        self._name = name
        self._open = open_container
        self._is_cut_off = is_cut_off
        self._crops = crops
        self._container: InputContainer | None = None
        self.damage = Damage()
        self._frames = self._decode(decoder_threads)
        try:
            picture, frame = self._draw_first()
            self.info = self._describe(picture, frame)
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

    def _start(self, threads: int) -> DecodingRun:
        container = self._container = self._open()
        stream = choose_stream(self._name, container)
        track = video_track(container, stream)
        crop = self._crops[track] if track < len(self._crops) else NO_CROP
        self._display = Display(self._name, stream, crop)
        for field in ("lost", "repaired"):
            getattr(self.damage, field).clear()
        self.damage.guessed_times = 0
        return DecodingRun(container, stream, self.damage, threads, self._display)

    def _check_end(self, run: DecodingRun) -> None:
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

    def _describe(self, picture: Picture, frame: av.VideoFrame) -> VideoInfo:
        container = self._container
        assert container is not None  # noqa: S101 - open since the first frame
        stream = choose_stream(self._name, container)
        fps = frame_rate(stream)
        length_s = announced_s(container, stream) or duration_s(container, stream)
        num_frames = stream.frames or (
            round(length_s * fps) if length_s is not None and fps is not None else None
        )
        geometry = self._display.geometry(frame)
        width, height = geometry.displayed_size(frame.width, frame.height)
        return VideoInfo(
            name=self._name,
            width=width,
            height=height,
            fps=fps,
            num_frames=num_frames,
            duration_s=length_s,
            rotation_deg=geometry.quarter_turns * 90,
            codec=stream.codec_context.name,
            start_s=picture.time_s,
            stream=stream.index,
            stored_width=frame.width,
            stored_height=frame.height,
            sample_aspect_ratio=ratio(geometry.aspect),
            mirrored=geometry.mirrored,
            cropped=asdict(geometry.crop) if geometry.crop else None,
        )
