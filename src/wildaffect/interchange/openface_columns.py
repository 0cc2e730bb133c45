"""Names, order and number formats of the CSV files of OpenFace 2.

Source: the writer of OpenFace 2.2.0 and its documentation of output formats; 714 columns of
a video, 711 of a photograph.
"""

UNITS_R = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
"""Action units with an intensity, 0 to 5."""
UNITS_C = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
"""Action units with a decision, 0 or 1."""

GAZE = (
    *(f"gaze_{eye}_{axis}" for eye in (0, 1) for axis in "xyz"),
    *("gaze_angle_x", "gaze_angle_y"),
    *(f"eye_lmk_{axis}_{point}" for axis in "xyXYZ" for point in range(56)),
)
POSE = ("pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz")
LANDMARKS_2D = tuple(f"{axis}_{point}" for axis in "xy" for point in range(68))
LANDMARKS_3D = tuple(f"{axis}_{point}" for axis in "XYZ" for point in range(68))
SHAPE = (
    *("p_scale", "p_rx", "p_ry", "p_rz", "p_tx", "p_ty"),
    *(f"p_{number}" for number in range(34)),
)
ACTION_UNITS = (
    *(f"AU{unit:02d}_r" for unit in UNITS_R),
    *(f"AU{unit:02d}_c" for unit in UNITS_C),
)

GROUPS = {
    "-gaze": GAZE,
    "-pose": POSE,
    "-2Dfp": LANDMARKS_2D,
    "-3Dfp": LANDMARKS_3D,
    "-pdmparams": SHAPE,
    "-aus": ACTION_UNITS,
}
"""Flag of OpenFace -> columns, in the order of the file."""

VALUE_COLUMNS = tuple(name for group in GROUPS.values() for name in group)
"""All columns after those of frame, face and time."""
