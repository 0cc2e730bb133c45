"""What is read of a whole frame before any face is followed; runs beside decoding."""

from dataclasses import dataclass

from wildaffect.core.frames import Frame
from wildaffect.faces.detector import INPUT_PX, Detections, FaceDetector, shrink_frame
from wildaffect.faces.shots import Change, ChangeDetector

DETECT_EVERY_S = 0.2
"""The detector runs at least so often, and at once where the picture changes."""
SUDDEN_CHANGE = 0.08
"""Change of one cell of the thumbnail that may be a face that came into view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFrame:
    """A frame with the faces that the detector sees in it."""

    frame: Frame
    detections: Detections | None
    """None where the detector was not run."""
    change: Change
    """Against the frame before."""
    is_new_source: bool
    """Nothing in it has to do with the frame before, as with another photograph."""


class FrameScanner:
    """Detects faces and shot cuts; frames must come in order.

    Faces that are followed need no detector, so it runs now and then, and where something
    appeared. That is the same for every run over the same frames.

    Args:
        detector: One that no other thread uses at the same time; it may serve many videos.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._change = ChangeDetector()
        self._detected_s = float("-inf")

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
        return ScannedFrame(
            frame=frame,
            detections=detections,
            change=change,
            is_new_source=frame.shot_start,
        )
