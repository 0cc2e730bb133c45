"""An overlay video on disk, from a second reading of the analysed source."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay.style import Style
from wildaffect.outputs.overlay.video import OverlayVideo
from wildaffect.video.read import VideoReader
from wildaffect.video.write import VideoWriter


@contextmanager
def open_overlay(
    frames: VideoReader,
    path: Path,
    *,
    style: Style | None = None,
    spaces: LabelSpaces | None = None,
    audio_from: Path | None = None,
) -> Iterator[OverlayVideo]:
    """Open an overlay video that takes rows as table writers do.

    Args:
        frames: The source, opened once more with the options of the analysis.
        path: Final name; it appears when the block ends well.
        style: What is drawn.
        spaces: Names of the model's outputs.
        audio_from: File whose sound is kept.

    Raises:
        OutputError: If the video cannot be written, or the second reading lacks a frame.
    """
    info = frames.info
    with (
        VideoWriter(
            path,
            width=info.width,
            height=info.height,
            fps_hint=info.fps,
            audio_from=audio_from,
        ) as sink,
        OverlayVideo(frames, sink, style, spaces) as overlay,
    ):
        yield overlay
