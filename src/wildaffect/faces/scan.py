"""Analysis of full frames before tracking; runs in parallel with decoding."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from wildaffect.core.frames import Frame
from wildaffect.faces.detector import Detections, FaceDetector, shrink_frame, with_new
from wildaffect.faces.shots import Change, ChangeDetector
from wildaffect.faces.views import INPUT_PX, View, tile_levels

DETECT_EVERY_S = 0.2
"""Maximum interval of the detector; it runs immediately where the picture changes."""
TILE_EVERY_S = 0.5
"""Interval at which it also searches one tile; `DETECT_EVERY_S` until each tile of a shot
was searched."""
SUDDEN_CHANGE = 0.08
"""Change of a cell of the thumbnail that may be a face entering the view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFrame:
    """A frame with the faces that the detector found in it."""

    frame: Frame
    detections: Detections | None
    """None where the detector was not run."""
    change: Change
    """Change from the previous frame."""
    is_new_source: bool
    """True if unrelated to the previous frame, as another photograph is."""


class FrameScanner:
    """Detects faces and shot cuts; frames must come in order.

    Tracked faces need no detector, so it runs at intervals, and where something appeared,
    deterministically. Small faces are searched in tiles of the frame: in all tiles at the
    start of a source, in the largest at the start of a shot, and otherwise in one tile at a
    time, in turns, faster the first time.

    Args:
        detector: Detector that no other thread uses at the same time; it may be used for
            many videos.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._change = ChangeDetector()
        self._detected_s = float("-inf")
        self._tiled_s = float("-inf")
        self._next_tile = 0
        self._num_unseen = 0
        """Tiles of this shot that were not searched yet."""

    def __call__(self, frame: Frame) -> ScannedFrame:
        """Scan one frame."""
        small = shrink_frame(frame.rgb)
        change = self._change(small)
        is_due = frame.time_s - self._detected_s >= DETECT_EVERY_S - 1e-6
        detections = None
        if change.is_cut or frame.shot_start or is_due or change.largest > SUDDEN_CHANGE:
            detections = self._detector.detect_in(
                small, INPUT_PX / max(frame.rgb.shape[:2])
            )
            self._detected_s = frame.time_s
            for tile in self._tiles(frame, is_cut=change.is_cut):
                detections = with_new(
                    detections, self._detector.look_at_tile(frame.rgb, tile)
                )
        return ScannedFrame(
            frame=frame,
            detections=detections,
            change=change,
            is_new_source=frame.shot_start,
        )

    def _tiles(self, frame: Frame, *, is_cut: bool) -> Iterable[View]:
        """Return the further views to search in a frame, and record the time."""
        height, width = frame.rgb.shape[:2]
        levels = tile_levels(height, width)
        every_s = DETECT_EVERY_S if self._num_unseen else TILE_EVERY_S
        is_due = frame.time_s - self._tiled_s >= every_s - 1e-6
        if not levels or not (is_due or is_cut or frame.shot_start):
            return ()
        tiles = tuple(chain.from_iterable(levels))
        is_first = self._tiled_s == float("-inf")
        self._tiled_s = frame.time_s
        if is_first or frame.shot_start:
            self._num_unseen = 0
            return tiles
        if is_cut:
            self._num_unseen = len(tiles)
            return levels[0]
        self._num_unseen = max(self._num_unseen - 1, 0)
        self._next_tile = (self._next_tile + 1) % len(tiles)
        return (tiles[self._next_tile],)
