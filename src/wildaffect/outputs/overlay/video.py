"""Overlay of delayed results on frames that are decoded a second time."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from wildaffect.core.errors import OutputError
from wildaffect.core.frames import Frame
from wildaffect.core.results import FaceResult
from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay.canvas import Image, Rect
from wildaffect.outputs.overlay.draw import draw
from wildaffect.outputs.overlay.history import History, face_rect, remember
from wildaffect.outputs.overlay.style import Style

HIDE_S = 1.0
"""With `blur_faces`, the first and last location of a face are hidden this long before and
after the track; a face that is never found cannot be hidden."""


class FrameSink(Protocol):
    """Consumer of rendered frames, such as `wildaffect.video.write.VideoWriter`."""

    def write(self, rgb: Image, time_s: float) -> None:
        """Append one frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """All rows of one frame, complete."""

    index: int
    time_s: float
    rows: tuple[FaceResult, ...]


@dataclass(frozen=True, slots=True)
class _LastSeen:
    time_s: float
    box: Rect


class OverlayVideo:
    """Receives rows in the order of their frames, reads the frames, and renders both.

    It buffers the rows of about `HIDE_S` and one frame. `frames` must be the analyzed
    frames (same `start_s`, `stop_s`, `every`), from a second decoding of the source; a
    camera cannot be decoded twice. Frames without a row are skipped.

    Raises:
        OutputError: If a row's frame is not among `frames`.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        sink: FrameSink,
        style: Style | None = None,
        spaces: LabelSpaces | None = None,
    ) -> None:
        self._frames: Iterator[Frame] = iter(frames)
        self._sink = sink
        self._style = style or Style()
        self._spaces = spaces or LabelSpaces()
        self._history = History()
        self._open: list[FaceResult] = []
        self._waiting: deque[_Drawing] = deque()
        self._seen: dict[int, _LastSeen] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()

    def write(self, rows: Iterable[FaceResult]) -> None:
        """Add rows; frames are rendered once enough later rows are known."""
        for row in rows:
            if self._open and row.frame_index != self._open[0].frame_index:
                self._close_frame()
            self._open.append(row)

    def finish(self) -> None:
        """Render the remaining frames."""
        if self._open:
            self._close_frame()
        while self._waiting:
            self._draw(self._waiting.popleft())

    def _close_frame(self) -> None:
        first = self._open[0]
        self._waiting.append(
            _Drawing(index=first.frame_index, time_s=first.time_s, rows=tuple(self._open))
        )
        self._open = []
        ahead_s = HIDE_S if self._style.blur_faces else 0.0
        while first.time_s - self._waiting[0].time_s > ahead_s:
            self._draw(self._waiting.popleft())

    def _draw(self, drawing: _Drawing) -> None:
        frame = self._frame(drawing.index)
        size = (frame.rgb.shape[1], frame.rgb.shape[0])
        self._history = remember(
            self._history, drawing.rows, size, self._style, self._spaces
        )
        hidden = self._lost_faces(drawing) if self._style.blur_faces else []
        picture = draw(
            frame.rgb,
            drawing.rows,
            self._style,
            self._history,
            spaces=self._spaces,
            also_hide=hidden,
        )
        self._sink.write(picture, frame.time_s)

    def _frame(self, index: int) -> Frame:
        for frame in self._frames:
            if frame.index == index:
                return frame
            if frame.index > index:
                break
        raise OutputError(
            f"overlay: frame {index} must be in the second decoding, got none; "
            "open the source with the options of the analysis"
        )

    def _lost_faces(self, drawing: _Drawing) -> list[Rect]:
        """Boxes of tracks that have no row here, but one within `HIDE_S`."""
        here = {row.face.track_id for row in drawing.rows if row.face is not None}
        for row in drawing.rows:
            if row.face is not None:
                self._seen[row.face.track_id] = _LastSeen(row.time_s, face_rect(row))
        now_s = drawing.time_s
        self._seen = {
            track: last
            for track, last in self._seen.items()
            if now_s - last.time_s <= HIDE_S
        }
        boxes = [last.box for track, last in self._seen.items() if track not in here]
        met = here | self._seen.keys()
        for later in self._waiting:
            for row in later.rows:
                soon = later.time_s - now_s <= HIDE_S
                if soon and row.face is not None and row.face.track_id not in met:
                    met |= {row.face.track_id}
                    boxes.append(face_rect(row))
        return boxes
