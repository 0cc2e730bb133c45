"""Tables of OpenFace 2 and 3. Rows without success are masked: their zeros are no face."""

import json
from typing import Any

import numpy as np

from wildaffect.core.errors import OutputError
from wildaffect.interchange.foreign import FaceTable, RawTable, masked, no_boxes
from wildaffect.interchange.openface_columns import UNITS_C, UNITS_R
from wildaffect.interchange.openface_pose import gaze_of_openface, pose_of_openface
from wildaffect.interchange.stored import Floats

UNITS_3 = (1, 2, 4, 6, 9, 12, 25, 26)
"""Action units of OpenFace 3 in the order of its list, as in the benchmarks of Py-Feat; its
authors document none."""


def read_openface(raw: RawTable) -> FaceTable:
    """Return the rows of a video of OpenFace 2, of any dialect."""
    has_face = "face_id" in raw.names
    dialect = "C" if ", " not in raw.first_line else "B" if has_face else "A"
    valid = raw.numbers("success") == 1
    return FaceTable(
        path=raw.path,
        program=f"OpenFace 2 ({dialect if has_face else 'A'})",
        frame=raw.numbers("frame") - 1,
        time_s=raw.numbers("timestamp"),
        face=raw.texts("face_id") if has_face else ("",) * len(raw),
        valid=valid,
        boxes=_boxes(raw),
        values=masked(_values(raw), valid),
    )


def read_openface_image(raw: RawTable) -> FaceTable:
    """Return the faces of one photograph of OpenFace 2."""
    valid = np.ones(len(raw), bool)
    return FaceTable(
        path=raw.path,
        program="OpenFace 2 (image)",
        frame=np.zeros(len(raw)),
        time_s=np.zeros(len(raw)),
        face=raw.texts("face"),
        valid=valid,
        boxes=_boxes(raw),
        values=_values(raw),
    )


def read_openface_3(raw: RawTable) -> FaceTable:
    """Return the rows of OpenFace 3, whose `timestamp` is no time in the media."""
    units = np.array(_lists(raw, "action_units", len(UNITS_3)), np.float64)
    names = [f"AU{unit:02d}" for unit in UNITS_3]
    values = {name: units[:, place] for place, name in enumerate(names)}
    frame = raw.numbers("frame_index") if "frame_index" in raw.names else np.zeros(len(raw))
    return FaceTable(
        path=raw.path,
        program="OpenFace 3",
        frame=frame,
        time_s=np.full(len(raw), np.nan),
        face=raw.texts("face_id") if "face_id" in raw.names else ("",) * len(raw),
        valid=np.asarray(np.isfinite(units).all(1), bool),
        boxes=np.array(_lists(raw, "face_detection", 4), np.float64),
        values=values,
    )


def _values(raw: RawTable) -> dict[str, Floats]:
    names = set(raw.names)
    values = {
        f"AU{unit:02d}_intensity": raw.numbers(f"AU{unit:02d}_r")
        for unit in UNITS_R
        if f"AU{unit:02d}_r" in names
    }
    values |= {
        f"AU{unit:02d}_present": raw.numbers(f"AU{unit:02d}_c")
        for unit in UNITS_C
        if f"AU{unit:02d}_c" in names
    }
    if "pose_Rx" in names:
        turns = pose_of_openface(*(raw.numbers(f"pose_R{axis}") for axis in "xyz"))
        angles = ("yaw", "pitch", "roll")
        values |= {f"pose_{a}_deg": t for a, t in zip(angles, turns, strict=True)}
    if "gaze_angle_x" in names:
        yaw, pitch = gaze_of_openface(*(raw.numbers(f"gaze_angle_{a}") for a in "xy"))
        values |= {"gaze_yaw_deg": yaw, "gaze_pitch_deg": pitch}
    return values


def _boxes(raw: RawTable) -> Floats:
    if "x_0" not in raw.names:
        return no_boxes(len(raw))
    x, y = (np.stack([raw.numbers(f"{a}_{n}") for n in range(68)], 1) for a in "xy")
    return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], 1)


def _lists(raw: RawTable, name: str, length: int) -> list[list[Any]]:
    """Return the first numbers of a column of lists in text."""
    rows = []
    for row, cell in enumerate(raw.texts(name), 2):
        try:
            found = json.loads(cell) if cell else [float("nan")] * length
        except ValueError:
            found = None
        if not isinstance(found, list) or len(found) < length:
            raise OutputError(
                f"{raw.path}:{row}: {name} must be a list of at least {length} numbers"
            )
        rows.append(found[:length])
    return rows
