"""Matching of prediction rows to annotated rows.

Symbols: N annotated rows, M rows of predictions.
"""

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import EvaluationError
from wildaffect.core.tasks import Task
from wildaffect.evaluation.tables import Keys, PredictionTable
from wildaffect.formats.image_names import parse_image_names
from wildaffect.formats.lines import encode

NONE = -1
_EXAMPLES = 3


def match_rows(
    table: PredictionTable, annotations: Annotations, *, first_frame: int | None
) -> NDArray[np.int64]:
    """Return for every annotated row the position of its prediction, or `NONE`, shape (N,).

    Repeated rows of the annotations share a prediction.

    Args:
        table: Predictions, M rows.
        annotations: Annotations, N rows.
        first_frame: Number of a video's first frame in the annotations, for tables of
            `analyze`, which count from 0; None if unknown.

    Raises:
        EvaluationError: If no row is common to both, two rows predict one frame
            differently, or `first_frame` is needed and unknown.
    """
    if table.images is not None:
        rows, groups = _by_image(table.images, annotations)
    else:
        rows, groups = _by_number(_keys(table, annotations, first_frame), annotations)
    if not (rows >= 0).any():
        raise EvaluationError(_no_common_rows(table, annotations))
    _refuse_contradictions(table, groups)
    return rows


def describe_rows(annotations: Annotations, rows: NDArray[np.int64]) -> str:
    """Return a description of the first few of these rows, for a message."""
    names = [annotations.images[row] for row in rows[:_EXAMPLES].tolist()]
    more = ", ..." if len(rows) > _EXAMPLES else ""
    return ", ".join(names) + more


def _keys(
    table: PredictionTable, annotations: Annotations, first_frame: int | None
) -> Keys:
    if table.keys is None:
        raise ValueError(f"{table.source}: rows must be named by image or by video")
    videos, index, numbers = table.keys
    if not table.counts_from_zero:
        return table.keys
    if first_frame is None:
        first_frame = 0 if (annotations.frame_number == 0).any() else None
    if first_frame is None:
        raise EvaluationError(
            f"{table.source}: frames of a result table count from 0, and "
            f"{annotations.source} does not define its first frame number; "
            "use `first_frame=0` or `first_frame=1`"
        )
    return Keys(videos, index, numbers + first_frame)


def _by_number(
    keys: Keys, annotations: Annotations
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows, and of each row of predictions the first row with its key."""
    videos, index, numbers = keys
    place = {video: code for code, video in enumerate(annotations.videos)}
    unknown = len(place)
    codes = np.array(
        [place.get(video, unknown + n) for n, video in enumerate(videos)], np.int64
    )
    given = codes[index] << 40 | numbers
    wanted = annotations.video_index << 40 | annotations.frame_number
    distinct, first, inverse = np.unique(given, return_index=True, return_inverse=True)
    at = np.minimum(np.searchsorted(distinct, wanted), max(len(distinct) - 1, 0))
    if not len(distinct):
        return np.full(len(annotations), NONE), first
    return np.where(distinct[at] == wanted, first[at], NONE), first[inverse]


def _by_image(
    images: tuple[str, ...], annotations: Annotations
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first: dict[str, int] = {}
    groups = np.array([first.setdefault(name, row) for row, name in enumerate(images)])
    rows = np.array([first.get(name, NONE) for name in annotations.images], np.int64)
    if (rows >= 0).any():
        return rows, groups
    names = parse_image_names(encode(images))
    if not names.valid.all():
        return rows, groups
    keys = Keys(names.videos, names.video_index, names.frame_number)
    return _by_number(keys, annotations)


def _refuse_contradictions(table: PredictionTable, groups: NDArray[np.int64]) -> None:
    repeats = np.flatnonzero(groups != np.arange(len(groups)))
    for task in Task:
        column = table.predictions[task]
        differ = column.take(repeats).differs(column.take(groups[repeats]))
        if differ.any():
            row = int(repeats[np.flatnonzero(differ)[0]])
            raise EvaluationError(
                f"{table.source}: a frame must be predicted once, got another "
                f"{task.words} in {table.places[row]} than in "
                f"{table.places[int(groups[row])]} for "
                f"{_name_of(table, row)}; keep one person per video"
            )


def _no_common_rows(table: PredictionTable, annotations: Annotations) -> str:
    theirs = ", ".join(_name_of(table, row) for row in range(min(len(table), 2)))
    ours = ", ".join(
        f"{annotations.images[row]} (video {_video(annotations, row)}, "
        f"frame {annotations.frame_number[row]})"
        for row in range(min(len(annotations), 2))
    )
    return (
        f"{table.source}: at least one row must be about an annotated frame, got none; "
        f"predicted: {theirs or 'no row'}; annotated: {ours or 'no row'}; a result table "
        "is about the video that its file is named after"
    )


def _video(annotations: Annotations, row: int) -> str:
    return annotations.videos[annotations.video_index[row]]


def _name_of(table: PredictionTable, row: int) -> str:
    if table.images is not None:
        return table.images[row]
    if table.keys is None:
        return table.places[row]
    videos, index, numbers = table.keys
    start = " from 0" if table.counts_from_zero else ""
    return f"video {videos[index[row]]}, frame {numbers[row]}{start}"
