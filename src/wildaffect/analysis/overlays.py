"""Overlays for every kind of source: a video, or a picture of each photograph."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from wildaffect.analysis.options import OverlayOptions, ReadOptions
from wildaffect.analysis.pictures import pictures_of
from wildaffect.core.errors import OutputError, UnreadableVideo
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.core.results import FaceResult
from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay.draw import draw
from wildaffect.outputs.overlay.still import write_picture
from wildaffect.outputs.overlay.style import Style
from wildaffect.outputs.overlay.video import OverlayVideo
from wildaffect.outputs.partition import companion
from wildaffect.outputs.schema import ResultSchema
from wildaffect.video.inputs import SourceLike
from wildaffect.video.write import VideoWriter


class FilmOverlay:
    """An overlay video; frames come from a second decoding of the source."""

    def __init__(
        self,
        path: Path,
        source: SourceLike,
        read: ReadOptions,
        info: VideoInfo,
        style: Style,
        spaces: LabelSpaces,
    ) -> None:
        self.path = path
        self._source, self._read, self._info = source, read, info
        self._style, self._spaces = style, spaces
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            frames = stack.enter_context(self._read.open(self._source))
            sound = self._source if isinstance(self._source, Path) else None
            fps = self._info.fps / self._read.every if self._info.fps else None
            video = stack.enter_context(
                VideoWriter(
                    self.path,
                    width=self._info.width,
                    height=self._info.height,
                    fps_hint=fps,
                    audio_from=sound if sound and sound.is_file() else None,
                )
            )
            self._film = stack.enter_context(
                OverlayVideo(_until_broken(frames), video, self._style, self._spaces)
            )
            self._stack = stack.pop_all()
        return self

    def write(self, rows: Iterable[FaceResult]) -> None:
        """Take rows in order."""
        self._film.write(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class StillsOverlay:
    """One overlay picture per photograph: a file, or a folder of files."""

    def __init__(
        self, path: Path, images: list[Path], style: Style, spaces: LabelSpaces
    ) -> None:
        self.path = path
        self._images, self._style, self._spaces = images, style, spaces
        self._stems = Counter(image.stem for image in images)
        self._rows: list[FaceResult] = []

    def __enter__(self) -> Self:
        return self

    def write(self, rows: Iterable[FaceResult]) -> None:
        """Take rows in order."""
        for row in rows:
            if self._rows and row.frame_index != self._rows[0].frame_index:
                self._draw()
            self._rows.append(row)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and self._rows:
            self._draw()

    def _draw(self) -> None:
        rows, self._rows = self._rows, []
        image = self._images[rows[0].frame_index]
        with ReadOptions().open(image) as reader:
            (frame,) = reader
        path = self.path
        if len(self._images) > 1:
            path = _inside(path, self._name(image))
        drawn = draw(frame.rgb, rows, self._style, spaces=self._spaces)
        write_picture(path, drawn)

    def _name(self, image: Path) -> str:
        """Return a picture's name; keep the suffix if both `a.jpg` and `a.png` exist."""
        is_shared = self._stems[image.stem] > 1
        return f"{image.name if is_shared else image.stem}.png"


def _inside(folder: Path, name: str) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: overlay folder must be writable, got {error.strerror}; "
            "choose another place with -o"
        ) from error
    return folder / name


def open_overlay(
    options: OverlayOptions,
    source: SourceLike,
    read: ReadOptions,
    info: VideoInfo,
    result: Path,
    schema: ResultSchema,
) -> FilmOverlay | StillsOverlay:
    """Return the overlay of a source, named after its result.

    Nothing is opened yet; sources must be files, as live sources cannot be read twice.
    """
    style = Style(blur_faces=options.blur_faces, thresholds=schema.action_unit_thresholds)
    stem = companion(result, result.stem)
    images = pictures_of(source)
    if images and (read.images == "stills" or len(images) == 1):
        name = f"{stem.name}.overlay" + (".png" if len(images) == 1 else "")
        return StillsOverlay(stem.with_name(name), images, style, schema.spaces)
    path = stem.with_name(f"{stem.name}.overlay.mp4")
    return FilmOverlay(path, source, read, info, style, schema.spaces)


def _until_broken(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames until decoding breaks off, which the analysis itself reports."""
    try:
        yield from frames
    except UnreadableVideo:
        return
