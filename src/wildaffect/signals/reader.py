"""Signals of one track, frame by frame; causal, so that streams and files agree."""

from wildaffect.core.faces import FaceObservation, Status
from wildaffect.core.signals import Signals
from wildaffect.signals.eyes import EyeState, eye_closure
from wildaffect.signals.gaze import eye_direction, gaze_direction, is_at_camera
from wildaffect.signals.mouth import mouth_open


class SignalReader:
    """Reads the observations of one track in order; its only state is that of the eyes."""

    def __init__(self) -> None:
        self._eyes = EyeState()

    def read(self, time_s: float, face: FaceObservation) -> Signals | None:
        """Return the signals of the next observation; None if its status is not `ok`."""
        if face.status is not Status.OK:
            self._eyes.lose()
            return None
        closure = eye_closure(face)
        if self._eyes.update(time_s, closure):
            return Signals(
                eye_closure_left=closure.left,
                eye_closure_right=closure.right,
                eyes_closed=True,
                mouth_open=mouth_open(face),
            )
        eyes = eye_direction(face)
        gaze = gaze_direction(eyes, face.pose)
        return Signals(
            eye_closure_left=closure.left,
            eye_closure_right=closure.right,
            eyes_closed=False,
            eye_yaw_deg=eyes.yaw_deg,
            eye_pitch_deg=eyes.pitch_deg,
            gaze_yaw_deg=gaze.yaw_deg,
            gaze_pitch_deg=gaze.pitch_deg,
            looking_at_camera=is_at_camera(gaze),
            mouth_open=mouth_open(face),
        )
