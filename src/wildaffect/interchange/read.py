"""Recognition of the program that wrote a table."""

from collections.abc import Callable
from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.interchange.foreign import FaceTable, RawTable, read_csv
from wildaffect.interchange.read_openface import (
    read_openface,
    read_openface_3,
    read_openface_image,
)
from wildaffect.interchange.read_others import read_libreface, read_own, read_pyfeat
from wildaffect.interchange.stored import load_result

_MARKS: tuple[tuple[set[str], Callable[[RawTable], FaceTable]], ...] = (
    ({"frame", "timestamp", "confidence", "success"}, read_openface),
    ({"face_detection", "action_units", "emotion"}, read_openface_3),
    ({"FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight"}, read_pyfeat),
    ({"frame_idx", "frame_time_in_ms"}, read_libreface),
    ({"face", "confidence"}, read_openface_image),
)
_OWN = {"frame", "time_s", "track_id", "status"}


def read_faces(path: str | Path) -> FaceTable:
    """Read a table of OpenFace 2 or 3, Py-Feat, LibreFace or wildaffect.

    Raises:
        OutputError: If the file is missing, damaged, or of an unknown program; the message
            names the columns that were seen.
    """
    path = Path(path)
    if path.suffix.lower() in {".parquet", ".jsonl"}:
        return read_own(load_result(path))
    raw = read_csv(path)
    names = set(raw.names)
    if names >= _OWN:
        return read_own(load_result(path))
    for marks, read in _MARKS:
        if marks <= names:
            return read(raw)
    seen = ", ".join(raw.names[:6])
    raise OutputError(
        f"{path}: table of an unknown program, with columns {seen}, ...; known are "
        "OpenFace 2 and 3, Py-Feat, LibreFace and wildaffect"
    )
