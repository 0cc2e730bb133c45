"""CSV files of blendshapes as Live Link Face records them with ARKit."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import OutputError
from wildaffect.interchange.export import (
    ConvertOptions,
    Export,
    ExportFile,
    TextColumn,
    csv_text,
    decimals,
)
from wildaffect.interchange.stored import Floats, StoredResult

BLENDSHAPES = (
    "EyeBlinkLeft EyeLookDownLeft EyeLookInLeft EyeLookOutLeft EyeLookUpLeft EyeSquintLeft "
    "EyeWideLeft EyeBlinkRight EyeLookDownRight EyeLookInRight EyeLookOutRight "
    "EyeLookUpRight EyeSquintRight EyeWideRight JawForward JawRight JawLeft JawOpen "
    "MouthClose MouthFunnel MouthPucker MouthRight MouthLeft MouthSmileLeft "
    "MouthSmileRight MouthFrownLeft MouthFrownRight MouthDimpleLeft MouthDimpleRight "
    "MouthStretchLeft MouthStretchRight MouthRollLower MouthRollUpper MouthShrugLower "
    "MouthShrugUpper MouthPressLeft MouthPressRight MouthLowerDownLeft "
    "MouthLowerDownRight MouthUpperUpLeft MouthUpperUpRight BrowDownLeft BrowDownRight "
    "BrowInnerUp BrowOuterUpLeft BrowOuterUpRight CheekPuff CheekSquintLeft "
    "CheekSquintRight NoseSneerLeft NoseSneerRight TongueOut"
).split()
"""The 52 blendshapes of ARKit in the order of the app's files."""
ROTATIONS = (
    "HeadYaw HeadPitch HeadRoll LeftEyeYaw LeftEyePitch LeftEyeRoll RightEyeYaw "
    "RightEyePitch RightEyeRoll"
).split()

_NOTES = (
    "Left and right are the subject's own, as in ARKit.",
    "Frames in which no face was read are left out, as the format has no place for them.",
    (
        "TongueOut and the rotations of head and eyes are empty; they are not measured "
        "in ARKit's axes."
    ),
    (
        "CheekPuff, CheekSquint, NoseSneer, JawForward, JawLeft and MouthFrown hardly "
        "rise whatever the face does: a limit of the network that estimates them."
    ),
)


def write_arkit(result: StoredResult, options: ConvertOptions) -> Export:  # noqa: ARG001
    """Return a file per person with the header of Live Link Face.

    Raises:
        OutputError: If the result has no blendshapes.
    """
    sources = {name: f"blendshape_{name[0].lower()}{name[1:]}" for name in BLENDSHAPES}
    if not any(source in result.table.column_names for source in sources.values()):
        raise OutputError(
            f"{result.path}: no blendshapes in this result; run `wildaffect analyze` with "
            "--blendshapes"
        )
    values = {
        name: result.readings(source)
        for name, source in sources.items()
        if source in result.table.column_names
    }
    tracks = result.readings("track_id")
    people = sorted(int(track) for track in set(tracks[result.ok].tolist()))
    if not people:
        raise OutputError(f"{result.path}: no face was read in this result")
    files = []
    for person in people:
        suffix = f".person{person}" if len(people) > 1 else ""
        content = _rows_of(result, values, np.flatnonzero(tracks == person))
        files.append(ExportFile(name=f"{result.path.stem}{suffix}.csv", content=content))
    return Export(files=tuple(files), notes=_NOTES)


def _rows_of(
    result: StoredResult, values: dict[str, Floats], rows: NDArray[np.intp]
) -> bytes:
    rate_hz, times_s = result.rate_hz, result.numbers("time_s")[rows]
    count = len(BLENDSHAPES) + len(ROTATIONS)
    columns = [
        TextColumn("Timecode", [time_code(time_s, rate_hz) for time_s in times_s.tolist()]),
        TextColumn("BlendShapeCount", [str(count)] * len(rows)),
    ]
    for name in (*BLENDSHAPES, *ROTATIONS):
        cells = decimals(values[name][rows], 10) if name in values else None
        columns.append(TextColumn(name, cells))
    return csv_text(columns)


def time_code(time_s: float, rate_hz: float) -> str:
    """Return a time as hours, minutes, seconds and frames with their thousandths."""
    thousandths = round(time_s * rate_hz * 1000)
    per_second = round(rate_hz * 1000)
    seconds, within = divmod(thousandths, per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    frames, parts = divmod(within, 1000)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}.{parts:03d}"
