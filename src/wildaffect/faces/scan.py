"""What is read of a whole frame before any face is followed; runs beside decoding."""

from dataclasses import dataclass

from wildaffect.core.frames import Frame
from wildaffect.faces.detector import INPUT_PX, Detections, FaceDetector, shrink_frame
from wildaffect.faces.shots import ChangeDetector
from wildaffect.runtime.network import Device

DETECT_EVERY_S = 0.1
"""The detector runs at least so often, and at once where the picture changes."""
SUDDEN_CHANGE = 0.08
"""Change of one cell of the thumbnail that may be a face that came into view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFrame:
    """A frame with the faces that the detector sees in it."""

    frame: Frame
    detections: Detections | None
    """None where the detector was not run."""
    starts_shot: bool


class FrameScanner:
    """Detects faces and shot cuts; frames must come in order.

    Faces that are followed need no detector, so it runs now and then, and where something
    appeared. That is the same for every run over the same frames.
    """

    def __init__(self, device: Device) -> None:
        self._detector = FaceDetector(device)
        self._change = ChangeDetector()
        self._detected_s = float("-inf")

    def __call__(self, frame: Frame) -> ScannedFrame:
        """Scan one frame."""
        small = shrink_frame(frame.rgb)
        change = self._change(small)
        starts_shot = change.is_cut or frame.shot_start
        is_due = frame.time_s - self._detected_s >= DETECT_EVERY_S - 1e-6
        detections = None
        if starts_shot or is_due or change.largest > SUDDEN_CHANGE:
            detections = self._detector.detect_in(
                small, INPUT_PX / max(frame.rgb.shape[:2])
            )
            self._detected_s = frame.time_s
        return ScannedFrame(frame=frame, detections=detections, starts_shot=starts_shot)
