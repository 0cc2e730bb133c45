"""CSV files of LibreFace from results."""

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
from wildaffect.interchange.stored import StoredResult

DETECTED = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)
"""Action units with a decision, `au_N`."""
INTENSITIES = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
"""Action units with an intensity, `au_N_intensity`."""

_NOTES = (
    "frame_time_in_ms is in seconds, as LibreFace itself writes it in spite of its name.",
    "Frames in which no face was read are rows with empty cells; LibreFace drops them.",
    "LibreFace has no column for the person; with several faces, frames repeat.",
    "Head pose, gaze and mesh are left out, as their axes are not documented.",
    "The expression Other has no counterpart in LibreFace, whose eighth class is Contempt.",
)


def write_libreface(result: StoredResult, options: ConvertOptions) -> Export:  # noqa: ARG001
    """Return the rows as LibreFace writes those of a video."""
    columns = [
        TextColumn("frame_idx", integers(result.numbers("frame"))),
        TextColumn("frame_time_in_ms", decimals(result.numbers("time_s"), 6)),
    ]
    columns += [
        TextColumn(f"au_{unit}", integers(result.readings(f"AU{unit:02d}_present")))
        for unit in DETECTED
        if result.has(f"AU{unit:02d}_present")
    ]
    columns += [
        TextColumn(
            f"au_{unit}_intensity", decimals(result.readings(f"AU{unit:02d}_intensity"), 3)
        )
        for unit in INTENSITIES
        if result.has(f"AU{unit:02d}_intensity")
    ]
    if result.has("expression"):
        cells = [text_cell(label) for label in result.texts("expression")]
        columns.append(TextColumn("facial_expression", cells))
    file = ExportFile(name=f"{result.path.stem}.csv", content=csv_text(columns))
    return Export(files=(file,), notes=_NOTES)
