"""Rows of two programs that are about the same face in the same frame."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import OutputError
from wildaffect.interchange.foreign import FaceTable
from wildaffect.interchange.stored import Floats

MIN_OVERLAP = 0.3
"""Smallest intersection over union of two boxes of one face."""

Pairs = NDArray[np.int64]
"""Row of the first and row of the second table, shape (P, 2)."""


def pair_rows(first: FaceTable, second: FaceTable, shift_s: float = 0.0) -> Pairs:
    """Return the pairs of rows of the same frame and face, shape (P, 2).

    Frames are matched by time, to the nearest within half a frame of the first table; by
    frame number where a program writes no times. Faces are matched by their boxes where a
    frame has several. Rows without a face are in no pair.

    Args:
        first: Rows with times.
        second: Rows of the other program.
        shift_s: Seconds to add to the times of the second table.

    Raises:
        OutputError: If no frame is in both, or frames have several faces and a table has no
            boxes.
    """
    frames = _match_frames(first, second, shift_s)
    ours, theirs = _rows_by_frame(first), _rows_by_frame(second)
    pairs: list[tuple[int, int]] = []
    for mine, other in frames:
        left, right = ours.get(mine, []), theirs.get(other, [])
        if len(left) == len(right) == 1:
            pairs.append((left[0], right[0]))
        elif left and right:
            pairs += _match_faces(first, second, left, right)
    return np.array(pairs, np.int64).reshape(-1, 2)


def frame_keys(table: FaceTable) -> Floats:
    """Return what tells the frames of a table apart, shape (N,)."""
    return table.time_s if np.isfinite(table.time_s).all() else table.frame


def _match_frames(
    first: FaceTable, second: FaceTable, shift_s: float
) -> list[tuple[float, float]]:
    has_times = np.isfinite(second.time_s).all()
    if has_times:
        mine, other = np.unique(first.time_s), np.unique(second.time_s)
        step = float(np.median(np.diff(mine))) if len(mine) > 1 else 1 / 30
        moved, reach = other + shift_s, step / 2 + 5e-4  # others round to milliseconds
        keys = mine
    else:
        keys, places = np.unique(first.frame, return_index=True)
        rate = _rate(first)
        moved = np.unique(second.frame) + round(shift_s * rate)
        mine, other, reach = keys, np.unique(second.frame), 0.25
        keys = first.time_s[places]
    if not len(moved) or not len(mine):
        raise OutputError(f"{second.path}: no rows to compare")
    right = np.clip(np.searchsorted(moved, mine), 1, max(len(moved) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(moved) - 1)
    is_left = np.abs(mine - moved[left]) <= np.abs(moved[right] - mine)
    near = np.where(is_left, left, right)
    hit = np.abs(moved[near] - mine) <= reach
    if not hit.any():
        raise OutputError(f"{first.path} and {second.path}: no frame is in both")
    nearest: dict[int, tuple[float, float]] = {}
    for place, target in zip(np.flatnonzero(hit), near[hit], strict=True):
        distance = abs(float(moved[target] - mine[place]))
        if target not in nearest or distance < nearest[target][0]:
            nearest[int(target)] = (distance, float(keys[place]))
    return [(key, float(other[target])) for target, (_, key) in nearest.items()]


def _rate(table: FaceTable) -> float:
    frames, times_s = np.unique(table.frame), np.unique(table.time_s)
    span = times_s[-1] - times_s[0] if len(times_s) else 0
    return float((frames[-1] - frames[0]) / span) if span > 0 else 30.0


def _rows_by_frame(table: FaceTable) -> Mapping[float, list[int]]:
    keys = frame_keys(table)
    found: dict[float, list[int]] = {}
    for row in np.flatnonzero(table.valid).tolist():
        found.setdefault(float(keys[row]), []).append(row)
    return found


def _match_faces(
    first: FaceTable, second: FaceTable, left: list[int], right: list[int]
) -> list[tuple[int, int]]:
    boxes = first.boxes[left], second.boxes[right]
    for table, known in zip((first, second), boxes, strict=True):
        if not np.isfinite(known).all():
            raise OutputError(
                f"{table.path}: some frames have several faces, and {table.program} wrote "
                "no boxes to tell them apart; compare videos of one person"
            )
    overlap = _overlaps(*boxes)
    pairs = []
    while overlap.size and overlap.max() >= MIN_OVERLAP:
        row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
        pairs.append((left[int(row)], right[int(column)]))
        overlap[row, :] = overlap[:, column] = -1
    return pairs


def _overlaps(first: Floats, second: Floats) -> Floats:
    """Return intersection over union of each pair of boxes, shape (A, B)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1) for boxes in (first, second)]
    return np.asarray(common / (areas[0][:, None] + areas[1][None] - common))
