"""Signals of one face in one frame that are measured, not predicted: eyes, gaze, mouth.

Left and right are the subject's own; angles have the signs of `HeadPose`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signals:
    """Eyes, gaze and mouth of one face; gaze is NaN or None while the eyes are closed."""

    eye_closure_left: float
    """In [0, 1]: about 0.1 for an open eye, above 0.6 for a closed one."""
    eye_closure_right: float
    eyes_closed: bool
    """True from a blink's or a longer closure's first frame to its last, both eyes."""
    eye_yaw_deg: float = float("nan")
    """Direction of the eyes relative to the head, positive to the subject's own left."""
    eye_pitch_deg: float = float("nan")
    """The same, positive up."""
    gaze_yaw_deg: float = float("nan")
    """Direction of gaze relative to the line of sight to the camera."""
    gaze_pitch_deg: float = float("nan")
    looking_at_camera: bool | None = None
    """True if the gaze is within a cone around the line of sight to the camera."""
    mouth_open: float
    """Height of the opening between the lips over its width, in [0, 1]; 0 is closed."""

    def __repr__(self) -> str:
        if self.eyes_closed:
            eyes = "eyes closed"
        else:
            where = ", at the camera" if self.looking_at_camera else ""
            yaw, pitch = round(self.gaze_yaw_deg), round(self.gaze_pitch_deg)
            eyes = f"gaze yaw {yaw:+d} pitch {pitch:+d} deg{where}"
        return f"Signals({eyes}, mouth open {self.mouth_open:.2f})"
