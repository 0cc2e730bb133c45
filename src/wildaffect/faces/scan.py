"""What is read of a whole frame before any face is followed; runs beside decoding."""

from dataclasses import dataclass

from wildaffect.core.frames import Frame
from wildaffect.faces.detector import INPUT_PX, Detection, FaceDetector, shrink_frame
from wildaffect.faces.shots import ShotDetector
from wildaffect.runtime.network import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFrame:
    """A frame with the faces that the detector sees in it."""

    frame: Frame
    detections: tuple[Detection, ...]
    starts_shot: bool


class FrameScanner:
    """Detects faces and shot cuts; frames must come in order."""

    def __init__(self, device: Device) -> None:
        self._detector = FaceDetector(device)
        self._shots = ShotDetector()

    def __call__(self, frame: Frame) -> ScannedFrame:
        """Scan one frame."""
        small = shrink_frame(frame.rgb)
        scale = INPUT_PX / max(frame.rgb.shape[:2])
        starts_shot = self._shots.starts_shot(small)
        return ScannedFrame(
            frame=frame,
            detections=tuple(self._detector(small, scale)),
            starts_shot=starts_shot or frame.shot_start,
        )
