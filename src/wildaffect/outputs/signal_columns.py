"""Columns of the signals of eyes, gaze and mouth, always written."""

from functools import partial
from itertools import groupby

from wildaffect.core.results import FaceResult
from wildaffect.outputs.schema import Cells, Column, Group, Part
from wildaffect.signals.eyes import CLOSES_AT, OPENS_BELOW
from wildaffect.signals.gaze import CAMERA_CONE_DEG

_signal = partial(Column, group=Group.SIGNALS)
_share = partial(_signal, type="float32", unit="[0, 1]")
_angle = partial(_signal, type="float32", unit="degrees")
_state = partial(_signal, type="bool", unit="true, false")

_COLUMNS = (
    _share(
        name="eye_closure_left",
        meaning="Closure of the subject's own left eye: about 0.1 if open, above 0.6 if "
        "closed.",
    ),
    _share(name="eye_closure_right", meaning="The same of the right eye."),
    _state(
        name="eyes_closed",
        meaning=f"Both eyes are closed: from {CLOSES_AT:.0%} of the way between the "
        f"person's open eyes of the past seconds and closed ones, until {OPENS_BELOW:.0%}.",
    ),
    _angle(
        name="eye_yaw_deg",
        meaning="Direction of the eyes relative to the head, positive to the subject's own "
        "left (image right). Empty while the eyes are closed, as are the next four.",
    ),
    _angle(name="eye_pitch_deg", meaning="The same, positive up."),
    _angle(
        name="gaze_yaw_deg",
        meaning="Direction of gaze relative to the line of sight to the camera, with the "
        "signs of the head pose.",
    ),
    _angle(name="gaze_pitch_deg", meaning="The same, positive up."),
    _state(
        name="looking_at_camera",
        meaning=f"Gaze within {CAMERA_CONE_DEG:.0f} degrees of the line of sight to the "
        "camera.",
    ),
    _share(
        name="mouth_open",
        meaning="Height of the opening between the lips over its width; 0 if closed.",
    ),
)


def signal_parts() -> list[Part]:
    """Return the columns of the group `signals`, in their order."""
    runs = groupby(_COLUMNS, key=lambda column: column.type)
    return [_part(tuple(columns)) for _, columns in runs]


def _part(columns: tuple[Column, ...]) -> Part:
    def values(row: FaceResult) -> Cells | None:
        signals = row.signals
        if signals is None:
            return None
        return [getattr(signals, column.name) for column in columns]

    return Part(columns=columns, values=values)
