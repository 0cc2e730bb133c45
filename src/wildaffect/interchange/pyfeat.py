"""CSV files of Py-Feat 2 (`Detectorv2`), which its `read_feat` reads as a `Fex`."""

import numpy as np

from wildaffect.faces.blendshapes import NAMES as BLENDSHAPES
from wildaffect.interchange.export import (
    ConvertOptions,
    Export,
    ExportFile,
    TextColumn,
    csv_text,
    decimals,
    integers,
    text_cell,
)
from wildaffect.interchange.stored import Floats, StoredResult

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
"""Action units of `Detectorv2`."""
EXPRESSIONS = {
    "Neutral": "Neutral",
    "Happy": "Happiness",
    "Sad": "Sadness",
    "Surprise": "Surprise",
    "Fear": "Fear",
    "Disgust": "Disgust",
    "Anger": "Anger",
}
"""Name in Py-Feat -> label of ours, in the order of the file."""
LANDMARKS = tuple(f"{axis}_{point}" for axis in "xy" for point in range(68))

_NOTES = (
    "Action units are probabilities that they are present, as in Py-Feat 2.",
    (
        "Expressions are probabilities; Py-Feat has no class Other, whose share is left"
        " out: a row may sum to less than 1."
    ),
    (
        "Pitch, Roll, Yaw and gaze are in radians with the signs of Py-Feat 2.1: up, "
        "and to the subject's own right, are positive."
    ),
    (
        "X, Y, Z and the 68 landmarks are not measured; their columns are empty, and "
        "are there because Py-Feat selects them."
    ),
    "Rows in which no face was read have no values.",
)


def write_pyfeat(result: StoredResult, options: ConvertOptions) -> Export:  # noqa: ARG001
    """Return the rows as Py-Feat 2 writes them."""
    width, height = result.size or (None, None)
    num_rows = len(result)
    columns = [
        *_boxes(result),
        *(TextColumn(name, None) for name in LANDMARKS),
        *_pose(result),
        *_affect(result),
        *_gaze(result),
        *_blendshapes(result),
        TextColumn("FrameHeight", [str(height or "")] * num_rows),
        TextColumn("FrameWidth", [str(width or "")] * num_rows),
        TextColumn("input", _inputs(result)),
        TextColumn("frame", integers(result.numbers("frame"))),
        TextColumn("approx_time", [_clock(t) for t in result.numbers("time_s").tolist()]),
        TextColumn("Identity", _identities(result)),
    ]
    units = [f"AU{u:02d}" for u in UNITS if not result.has(f"AU{u:02d}")]
    lacking = (f"Not in this result: {', '.join(units)}.",) if units else ()
    file = ExportFile(name=f"{result.path.stem}.csv", content=csv_text(columns))
    return Export(files=(file,), notes=(*_NOTES, *lacking))


def _boxes(result: StoredResult) -> list[TextColumn]:
    names = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
    if not result.has("box_x0"):
        values: list[Floats | None] = [None] * 4
    else:
        x0, y0, x1, y1 = (result.readings(f"box_{key}") for key in ("x0", "y0", "x1", "y1"))
        values = [x0, y0, x1 - x0, y1 - y0]
    score = result.readings("presence") if result.has("presence") else None
    return [
        _column(name, cells, 3)
        for name, cells in zip((*names, "FaceScore"), (*values, score), strict=True)
    ]


def _pose(result: StoredResult) -> list[TextColumn]:
    signs = {"pitch": 1, "roll": -1, "yaw": -1}
    known = result.has("pose_yaw_deg")
    angles = [
        _column(
            angle.title(),
            sign * np.radians(result.readings(f"pose_{angle}_deg")) if known else None,
            6,
        )
        for angle, sign in signs.items()
    ]
    return [*angles, *(TextColumn(axis, None) for axis in "XYZ")]


def _affect(result: StoredResult) -> list[TextColumn]:
    ours = {
        **{f"AU{unit:02d}": f"AU{unit:02d}" for unit in UNITS},
        **{name: f"p_{label.lower()}" for name, label in EXPRESSIONS.items()},
        "valence": "valence",
        "arousal": "arousal",
    }
    always = {*EXPRESSIONS, "valence", "arousal"}  # by which Py-Feat knows its version
    return [
        _column(name, result.readings(source) if result.has(source) else None, 6)
        for name, source in ours.items()
        if name in always or result.has(source)
    ]


def _gaze(result: StoredResult) -> list[TextColumn]:
    if not (result.has("eye_yaw_deg") and result.has("eye_pitch_deg")):
        return []
    pitch = np.radians(result.readings("eye_pitch_deg"))
    yaw = -np.radians(result.readings("eye_yaw_deg"))
    angle = np.arccos(np.clip(np.cos(pitch) * np.cos(yaw), -1, 1))
    names = ("gaze_pitch", "gaze_yaw", "gaze_angle")
    return [_column(n, v, 6) for n, v in zip(names, (pitch, yaw, angle), strict=True)]


def _blendshapes(result: StoredResult) -> list[TextColumn]:
    columns = {name: f"blendshape_{name.lstrip('_')}" for name in BLENDSHAPES}
    return [
        _column(name, result.readings(source), 6)
        for name, source in columns.items()
        if result.has(source)
    ]


def _inputs(result: StoredResult) -> list[str]:
    names = result.image_names or [result.media] * len(result)
    cells = {name: text_cell(name) for name in set(names)}
    return [cells[name] for name in names]


def _identities(result: StoredResult) -> list[str]:
    return [f"Person_{track}" if track else "" for track in integers(_tracks(result))]


def _tracks(result: StoredResult) -> Floats:
    return result.readings("track_id")


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes:02d}:{seconds:02d}"


def _column(name: str, values: Floats | None, places: int) -> TextColumn:
    return TextColumn(name, None if values is None else decimals(values, places))
