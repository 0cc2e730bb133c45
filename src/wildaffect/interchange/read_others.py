"""Tables of Py-Feat and LibreFace, and our own, as the same record."""

import numpy as np

from wildaffect.interchange.foreign import FaceTable, RawTable, masked, no_boxes
from wildaffect.interchange.stored import Floats, StoredResult

_ANGLES = {"pose_pitch_deg": ("Pitch", 1), "pose_roll_deg": ("Roll", -1)}
_ANGLES |= {"pose_yaw_deg": ("Yaw", -1)}


def read_pyfeat(raw: RawTable) -> FaceTable:
    """Return the rows of Py-Feat 1 or 2; it writes frame numbers, but no exact times."""
    names = set(raw.names)
    valid = np.isfinite(raw.numbers("FaceRectX"))
    is_second = {"valence", "arousal"} <= names
    values = {name: raw.numbers(name) for name in names if _is_unit(name)}
    if is_second:
        values |= {name: raw.numbers(name) for name in ("valence", "arousal")}
        values |= {
            ours: sign * np.degrees(raw.numbers(theirs))
            for ours, (theirs, sign) in _ANGLES.items()
            if theirs in names
        }
    x, y, width, height = (
        raw.numbers(f"FaceRect{part}") for part in ("X", "Y", "Width", "Height")
    )
    return FaceTable(
        path=raw.path,
        program="Py-Feat 2" if is_second else "Py-Feat 1",
        frame=raw.numbers("frame") if "frame" in names else np.zeros(len(raw)),
        time_s=np.full(len(raw), np.nan),
        face=raw.texts("Identity") if "Identity" in names else ("",) * len(raw),
        valid=valid,
        boxes=np.stack([x, y, x + width, y + height], 1),
        values=masked(values, valid),
    )


def read_libreface(raw: RawTable) -> FaceTable:
    """Return the rows of a video of LibreFace; `frame_time_in_ms` holds seconds."""
    values: dict[str, Floats] = {}
    for name in raw.names:
        unit = name.removeprefix("au_").removesuffix("_intensity")
        if name.startswith("au_") and unit.isdigit():
            kind = "intensity" if name.endswith("_intensity") else "present"
            values[f"AU{int(unit):02d}_{kind}"] = raw.numbers(name)
    has_label = "facial_expression" in raw.names
    labels = raw.texts("facial_expression") if has_label else ()
    read = [np.isfinite(cells) for cells in values.values()]
    valid = np.any(read, axis=0) if read else np.ones(len(raw), bool)
    return FaceTable(
        path=raw.path,
        program="LibreFace",
        frame=raw.numbers("frame_idx"),
        time_s=raw.numbers("frame_time_in_ms"),
        face=("",) * len(raw),
        valid=valid,
        boxes=no_boxes(len(raw)),
        values=masked(values, valid),
        expressions=labels,
    )


def read_own(result: StoredResult) -> FaceTable:
    """Return the rows of a result table."""
    others = ("valence", "arousal", "pose_yaw_deg", "pose_pitch_deg", "pose_roll_deg")
    gaze = ("gaze_yaw_deg", "gaze_pitch_deg")
    names = [
        name
        for name in result.table.column_names
        if name in (*others, *gaze) or _is_unit(name.removesuffix("_present"))
        or _is_unit(name.removesuffix("_intensity"))
    ]  # fmt: skip
    edges = ("box_x0", "box_y0", "box_x1", "box_y1")
    has_boxes = all(edge in result.table.column_names for edge in edges)
    tracks = result.table["track_id"].to_pylist()
    return FaceTable(
        path=result.path,
        program="wildaffect",
        frame=result.numbers("frame"),
        time_s=result.numbers("time_s"),
        face=tuple("" if track is None else str(track) for track in tracks),
        valid=result.ok,
        boxes=np.stack([result.numbers(edge) for edge in edges], 1)
        if has_boxes
        else no_boxes(len(result)),
        values={name: result.readings(name) for name in names},
    )


def _is_unit(name: str) -> bool:
    return name.startswith("AU") and name[2:].isdigit()
