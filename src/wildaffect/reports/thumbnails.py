"""Small pictures of people, blurred by default, out of the video or photographs."""

import base64
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.errors import WildAffectError
from wildaffect.core.faces import Status
from wildaffect.video.read import open_source
from wildaffect.video.seek import FrameSeeker

SIDE_PX = 96
CELLS = 6
"""Cells across a blurred face; far fewer than identification needs."""
BOX = ("box_x0", "box_y0", "box_x1", "box_y1")
MAX_THUMBNAILS = 24
BUDGET_S = 3.0
"""Time after which no further thumbnail of a video is begun."""
_MARGIN = 0.35
_GOOD = 0.8
"""Least size and frontality, of the best of a person, of a frame to show."""
_QUALITY = 80


class Thumbnails(StrEnum):
    """How people are pictured."""

    BLURRED = "blurred"
    CLEAR = "clear"
    NONE = "none"


def video_thumbnails(
    video: Path, table: pa.Table, tracks: Sequence[int], look: Thumbnails
) -> dict[int, str]:
    """Return a picture, as a data address, of each track for which one is found in time.

    A video that cannot be read has none.
    """
    if look is Thumbnails.NONE or any(name not in table.column_names for name in BOX):
        return {}
    found = {}
    until_s = time.monotonic() + BUDGET_S
    columns = _columns(table)
    try:
        with FrameSeeker(video) as seeker:
            for track in tracks[:MAX_THUMBNAILS]:
                if time.monotonic() > until_s:
                    break
                picture = _of_track(seeker, columns, track, look)
                if picture is not None:
                    found[track] = picture
    except WildAffectError:
        return found
    return found


def photo_thumbnail(photo: Path, box: Sequence[float], look: Thumbnails) -> str | None:
    """Return the picture of a face in a photograph; None if it cannot be read."""
    if look is Thumbnails.NONE:
        return None
    try:
        with open_source(photo) as reader:
            frame = next(iter(reader), None)
    except WildAffectError:
        return None
    return None if frame is None else _picture(frame.rgb, box, look)


def _columns(table: pa.Table) -> dict[str, NDArray[Any]]:
    names = ["track_id", "time_s", *BOX]
    columns = {name: table[name].cast(pa.float64()).to_numpy() for name in names}
    columns["ok"] = np.array(
        [status == str(Status.OK) for status in table["status"].to_pylist()]
    )
    for name in ("pose_yaw_deg", "pose_pitch_deg"):
        if name in table.column_names:
            columns[name] = table[name].cast(pa.float64()).to_numpy()
    return columns


def _of_track(
    seeker: FrameSeeker, columns: Mapping[str, NDArray[Any]], track: int, look: Thumbnails
) -> str | None:
    rows = np.flatnonzero((columns["track_id"] == track) & columns["ok"])
    if not len(rows):
        return None
    rows = rows[np.argsort(columns["time_s"][rows], kind="stable")]
    worth = _worth({name: column[rows] for name, column in columns.items()})
    best = int(np.argmax(worth))
    good = rows[worth >= _GOOD * worth[best]]
    found = seeker.find(float(columns["time_s"][rows[best]]), columns["time_s"][good])
    if found is None:
        return None
    time_s, rgb = found
    row = good[int(np.argmin(np.abs(columns["time_s"][good] - time_s)))]
    return _picture(rgb, [float(columns[name][row]) for name in BOX], look)


def _worth(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return how well each row shows the face: large, and turned to the camera."""
    width = columns["box_x1"] - columns["box_x0"]
    worth = np.sqrt(np.maximum(width * (columns["box_y1"] - columns["box_y0"]), 1e-6))
    for name in ("pose_yaw_deg", "pose_pitch_deg"):
        if name in columns:
            angle = np.nan_to_num(columns[name], nan=90.0)
            worth = worth * np.cos(np.deg2rad(np.clip(angle, -80, 80)))
    return np.asarray(worth, np.float64)


def _picture(rgb: NDArray[np.uint8], box: Sequence[float], look: Thumbnails) -> str | None:
    x0, y0, x1, y1 = box
    half = max(x1 - x0, y1 - y0) * (0.5 + _MARGIN / 2)
    if not np.isfinite(half):
        return None
    height, width = rgb.shape[:2]
    left, right = (
        round(min(max((x0 + x1) / 2 + side, 0), width)) for side in (-half, half)
    )
    top, bottom = (
        round(min(max((y0 + y1) / 2 + side, 0), height)) for side in (-half, half)
    )
    if right - left < 2 or bottom - top < 2:
        return None
    face = rgb[top:bottom, left:right]
    if look is Thumbnails.BLURRED:
        face = cv2.resize(face, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        face = cv2.resize(face, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    else:
        face = cv2.resize(face, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    bgr = np.ascontiguousarray(face[..., ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
