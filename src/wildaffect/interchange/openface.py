"""CSV files of OpenFace 2 from results: dialects A, B and C, and those of photographs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wildaffect.core.errors import OutputError
from wildaffect.interchange.export import (
    ConvertOptions,
    Export,
    ExportFile,
    TextColumn,
    csv_text,
    decimals,
    integers,
)
from wildaffect.interchange.openface_columns import GROUPS, UNITS_C, UNITS_R
from wildaffect.interchange.openface_pose import openface_gaze, openface_pose
from wildaffect.interchange.stored import Floats, StoredResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a build of OpenFace writes the columns of a video."""

    separator: str
    """Between names of the header; rows have a comma alone in all builds."""
    has_face_id: bool


A = Dialect(separator=", ", has_face_id=False)
"""Until early versions 2.0."""
B = Dialect(separator=", ", has_face_id=True)
"""Versions 2.1 and 2.2.0 as built for Windows."""
C = Dialect(separator=",", has_face_id=True)
"""Later builds from source, such as those of Linux and Docker."""

NOTES = (
    (
        "frame counts from 1, face_id is track_id, success is 1 where status is ok. "
        "Where it is 0, cells are empty: OpenFace writes zeros there, which read as a "
        "neutral face."
    ),
    "confidence is the probability that the mesh sits on a face.",
    (
        "pose_R and gaze_angle are in radians with the axes of OpenFace, relative to "
        "the line of sight to the face; OpenFace's own are relative to the axis of the "
        "camera."
    ),
    (
        "Distances in millimeters, gaze vectors of single eyes, the 68 landmarks and "
        "the shape parameters are not measured."
    ),
)
_PROBABILITY_NOTE = (
    "_r is 5 times the probability that the action unit is present, which is no intensity."
)
_INTENSITY_NOTE = "_r is the intensity that the model predicts, 0 to 5 as in FACS."
_NO_R_NOTE = (
    "There is no _r of action units: the model predicts no intensities from 0 to 5; "
    "--openface-r probability5 writes 5 times the probability."
)
_BLINK_NOTE = (
    "AU45_c is 1 while both eyes are closed (eyes_closed); AU45_r is 5 times the mean of "
    "eye_closure_left and eye_closure_right, a geometric measure."
)


def openface_writer(dialect: Dialect) -> Callable[[StoredResult, ConvertOptions], Export]:
    """Return the writer of one dialect."""

    def write(result: StoredResult, options: ConvertOptions) -> Export:
        columns = value_columns(result, options)
        names = result.image_names
        if names is not None:
            files = _photographs(result, columns, dialect.separator, names)
        else:
            lead = _lead(result, dialect)
            text = csv_text([*lead, *columns], header_separator=dialect.separator)
            files = (ExportFile(name=f"{result.path.stem}.csv", content=text),)
        return Export(files=files, notes=_notes(options, columns))

    return write


def value_columns(result: StoredResult, options: ConvertOptions) -> list[TextColumn]:
    """Return the columns of measurements in OpenFace's order."""
    cells = _measured(result) | _decisions(result) | _intensities(result, options)
    groups = options.openface_groups or tuple(GROUPS)
    return [
        TextColumn(name, cells.get(name))
        for flag, names in GROUPS.items()
        for name in names
        if flag in groups and (name in cells or options.openface_all_columns)
    ]


def _lead(result: StoredResult, dialect: Dialect) -> list[TextColumn]:
    frames, tracks = result.numbers("frame"), result.numbers("track_id")
    if not dialect.has_face_id and len(np.unique(frames)) < len(frames):
        raise OutputError(
            f"{result.path}: this dialect of OpenFace has no face_id, and some frames have "
            "several faces; choose --format openface-b or openface-c"
        )
    success = np.where(result.ok, 1.0, 0.0)
    return [
        TextColumn("frame", integers(frames + 1)),
        *([TextColumn("face_id", integers(tracks))] if dialect.has_face_id else []),
        TextColumn("timestamp", decimals(result.numbers("time_s"), 3)),
        TextColumn("confidence", decimals(_confidence(result), 2)),
        TextColumn("success", integers(success)),
    ]


def _photographs(
    result: StoredResult, columns: list[TextColumn], separator: str, names: list[str]
) -> tuple[ExportFile, ...]:
    """Return a file per photograph, a row per face that was read."""
    by_name: dict[str, list[int]] = {name: [] for name in names}
    is_ok = result.ok
    for place, name in enumerate(names):
        if is_ok[place]:
            by_name[name].append(place)
    stems = Counter(Path(name).stem for name in by_name)
    confidence = decimals(_confidence(result), 3)
    files = []
    for name, places in by_name.items():
        lead = [
            TextColumn("face", [str(face) for face in range(len(places))]),
            TextColumn("confidence", [confidence[place] for place in places]),
        ]
        cells = [
            replace(c, cells=None if c.cells is None else [c.cells[p] for p in places])
            for c in columns
        ]
        text = csv_text([*lead, *cells], header_separator=separator)
        stem = Path(name).stem
        own = stem if stems[stem] == 1 else name  # of a.jpg and a.png: a.jpg.csv, a.png.csv
        files.append(ExportFile(name=f"{own}.csv", content=text))
    return tuple(files)


def _confidence(result: StoredResult) -> Floats:
    if not result.has("presence"):
        return np.where(result.ok, np.nan, 0.0)
    return np.nan_to_num(result.numbers("presence"), nan=0.0)


def _measured(result: StoredResult) -> dict[str, list[str]]:
    """Return gaze and pose, where they are known."""
    cells: dict[str, list[str]] = {}
    if result.has("gaze_yaw_deg") and result.has("gaze_pitch_deg"):
        across, down = openface_gaze(
            result.readings("gaze_yaw_deg"), result.readings("gaze_pitch_deg")
        )
        cells |= {
            "gaze_angle_x": decimals(across, 3),
            "gaze_angle_y": decimals(down, 3),
        }
    if result.has("pose_yaw_deg"):
        angles = ("pose_yaw_deg", "pose_pitch_deg", "pose_roll_deg")
        turns = openface_pose(*(result.readings(name) for name in angles))
        cells |= {
            f"pose_R{axis}": decimals(turn, 3)
            for axis, turn in zip("xyz", turns, strict=True)
        }
    return cells


def _decisions(result: StoredResult) -> dict[str, list[str]]:
    cells = {
        f"AU{unit:02d}_c": decimals(result.readings(f"AU{unit:02d}_present"), 1)
        for unit in UNITS_C
        if result.has(f"AU{unit:02d}_present")
    }
    if result.has("eyes_closed"):
        cells["AU45_c"] = decimals(result.readings("eyes_closed"), 1)
    return cells


def _intensities(result: StoredResult, options: ConvertOptions) -> dict[str, list[str]]:
    suffix, scale = ("_intensity", 1.0) if options.openface_r == "intensity" else ("", 5.0)
    cells = {
        f"AU{unit:02d}_r": decimals(scale * result.readings(f"AU{unit:02d}{suffix}"), 2)
        for unit in UNITS_R
        if result.has(f"AU{unit:02d}{suffix}")
    }
    if _has_closure(result):
        closure = [result.readings(f"eye_closure_{side}") for side in ("left", "right")]
        cells["AU45_r"] = decimals(5 * np.mean(closure, axis=0), 2)
    return cells


def _has_closure(result: StoredResult) -> bool:
    return all(result.has(f"eye_closure_{side}") for side in ("left", "right"))


def _notes(options: ConvertOptions, columns: list[TextColumn]) -> tuple[str, ...]:
    known = {column.name for column in columns if column.cells is not None}
    units = [f"AU{unit:02d}" for unit in UNITS_C]
    lacking = [unit for unit in units if not {f"{unit}_r", f"{unit}_c"} & known]
    has_r = any(name.endswith("_r") and name != "AU45_r" for name in known)
    notes = [*NOTES]
    if options.openface_r == "probability5":
        notes.append(_PROBABILITY_NOTE)
    else:
        notes.append(_INTENSITY_NOTE if has_r else _NO_R_NOTE)
    if known & {"AU45_c", "AU45_r"}:
        notes.append(_BLINK_NOTE)
    if lacking:
        notes.append(f"Not in this result: {', '.join(lacking)}.")
    return tuple(notes)
