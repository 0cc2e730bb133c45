"""Import of features computed by other programs into the store.

Rows of HDF5 files of the ABAW4 winners have no frame numbers: row i belongs to row i of
that video among the labels (`targets/*.h5`, made from the annotation file), so the
annotations determine the numbers. Symbols: L rows of a video, D columns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import FeatureError
from wildaffect.core.feature_rows import ASSUMED_FPS
from wildaffect.core.hashes import file_sha256
from wildaffect.features.import_files import Arrays, read_arrays
from wildaffect.features.records import NO_DIGEST, FeatureTable, Precision, Provenance
from wildaffect.features.store import FeatureStore

Numbers = Mapping[str, NDArray[np.int64]]
"""Frame numbers of each video's rows, in the order of the label list, repeats kept."""
RowsAre = Literal["frames", "moments", "clip"]
"""What a row of features belongs to: a frame, a moment between frames, a whole video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Outcome of an import."""

    num_videos: int
    num_rows: int
    num_repeats: int
    """Number of rows that repeat a frame; the store has each frame once."""


def import_features(
    path: Path,
    store: FeatureStore,
    *,
    feature_set: str,
    rows: RowsAre = "frames",
    numbers: Numbers | None = None,
    dtype: Precision = "float32",
) -> Imported:
    """Store every video of an HDF5, npz, CSV or Parquet file under the name `feature_set`.

    Rows of frames without frame numbers get those of `numbers`, with or without its
    repeats; without either, arrays without times are numbered from 1. Moments need times;
    a clip has one row.

    Raises:
        FeatureError: If the file has another format or layout, the number of rows of a
            video differs from `numbers`, repeats of a frame differ, frames have times but
            no numbers, moments have no times or times that go back, or columns differ
            between videos.
        OutputError: If the store cannot be written to.
        MissingExtra: If an HDF5 file is to be read and h5py is not installed.
    """
    videos = read_arrays(path)
    store.make_folder()
    origin = Provenance(
        content_sha256=file_sha256(path),
        preprocess_sha256=NO_DIGEST,
        weights_sha256=NO_DIGEST,
    )
    num_videos = num_rows = num_repeats = 0
    columns: tuple[str, ...] = ()
    for video, arrays in videos:
        _check_values(path, video, arrays)
        columns = columns or _columns(arrays)
        if _columns(arrays) != columns:
            raise FeatureError(
                f"{path}: {video}/feature must have the {len(columns)} columns of the "
                f"videos before it, got {len(_columns(arrays))}"
            )
        match rows:
            case "frames":
                table, repeats = _frames(path, video, arrays, numbers)
            case "moments":
                table, repeats = _moments(path, video, arrays), 0
            case "clip":
                table, repeats = _clip(path, video, arrays), 0
        store.write(
            FeatureTable(feature_set=feature_set, video=video, provenance=origin, **table),
            dtype,
        )
        num_videos, num_rows = num_videos + 1, num_rows + len(table["values"])
        num_repeats += repeats
    if not num_videos:
        raise FeatureError(f"{path}: file must hold features of a video, got none")
    return Imported(num_videos=num_videos, num_rows=num_rows, num_repeats=num_repeats)


def numbers_by_video(annotations: Iterable[Annotations]) -> dict[str, NDArray[np.int64]]:
    """Return the frame numbers of each video's rows, in the order of the files."""
    return {
        video: annotated.frame_number[annotated.video_index == index]
        for annotated in annotations
        for index, video in enumerate(annotated.videos)
    }


def _check_values(path: Path, video: str, arrays: Arrays) -> None:
    values, times_s = arrays["feature"], arrays.get("time_s")
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise FeatureError(
            f"{path}: {video}/feature must be numbers of shape (L, D), "
            f"got {values.dtype} of shape {values.shape}"
        )
    largest = np.float64(np.finfo(np.float32).max)  # as a float it would overflow a half
    if (np.abs(values[np.isfinite(values)]) > largest).any():
        raise FeatureError(f"{path}: {video}/feature must be below {largest:.1e} in size")
    if times_s is None:
        return
    if times_s.shape != (len(values),) or times_s.dtype.kind not in "fiu":
        raise FeatureError(
            f"{path}: {video}/time_s must have shape {(len(values),)}, "
            f"got {times_s.dtype} of shape {times_s.shape}"
        )
    back = np.flatnonzero(~(np.diff(times_s) >= 0))
    if len(back) or not np.isfinite(times_s).all():
        row = int(back[0]) + 1 if len(back) else 0
        raise FeatureError(
            f"{path}: {video}/time_s must ascend, in seconds, got {times_s[row]:g} in row "
            f"{row} after {times_s[max(row - 1, 0)]:g}; sort the rows of a video by time"
        )


def _frames(
    path: Path, video: str, arrays: Arrays, numbers: Numbers | None
) -> tuple[dict[str, Any], int]:
    """Return rows of frames as fields of a table, and the number of repeats."""
    values, times_s = arrays["feature"].astype(np.float32), arrays.get("time_s")
    frame_number = _numbers(path, video, arrays, numbers)
    unique, first, inverse = np.unique(frame_number, return_index=True, return_inverse=True)
    same = np.isclose(values, values[first][inverse], rtol=0, atol=0, equal_nan=True)
    differs = np.flatnonzero(~same.all(axis=1))
    if len(differs):
        raise FeatureError(
            f"{path}: {video}: rows of one frame must be equal, got other values in row "
            f"{differs[0]} for frame {frame_number[differs[0]]}"
        )
    return {
        "track": "0",
        "columns": _columns(arrays),
        "frame_number": unique,
        "time_s": unique / ASSUMED_FPS
        if times_s is None
        else times_s.astype(np.float64)[first],
        "values": values[first],
        "numbering": "named",
        "time_is_guessed": times_s is None,
    }, len(frame_number) - len(unique)


def _moments(path: Path, video: str, arrays: Arrays) -> dict[str, Any]:
    """Return rows between frames as fields of a table."""
    times_s = arrays.get("time_s")
    if times_s is None:
        raise FeatureError(
            f"{path}: {video}/time_s must exist for rows that are moments, in seconds from "
            "the start of the video, got none"
        )
    twice = np.flatnonzero(np.diff(times_s) == 0)
    if len(twice):
        raise FeatureError(
            f"{path}: {video}/time_s must have each moment once, got "
            f"{times_s[twice[0]]:g} in rows {twice[0]} and {twice[0] + 1}"
        )
    return {
        "track": "0",
        "columns": _columns(arrays),
        "frame_number": np.arange(len(times_s)),
        "time_s": times_s.astype(np.float64),
        "values": arrays["feature"].astype(np.float32),
        "numbering": "moments",
    }


def _clip(path: Path, video: str, arrays: Arrays) -> dict[str, Any]:
    """Return the one row of a whole video as fields of a table."""
    values = arrays["feature"].astype(np.float32)
    if len(values) != 1:
        raise FeatureError(
            f"{path}: {video}/feature must have one row for the whole clip, got "
            f"{len(values)}"
        )
    return {
        "track": "0",
        "columns": _columns(arrays),
        "frame_number": np.zeros(1, np.int64),
        "time_s": np.zeros(1),
        "values": values,
        "numbering": "clip",
    }


def _columns(arrays: Arrays) -> tuple[str, ...]:
    if "columns" in arrays:
        return tuple(arrays["columns"].tolist())
    return tuple(f"c{column}" for column in range(arrays["feature"].shape[1]))


def _numbers(
    path: Path, video: str, arrays: Arrays, numbers: Numbers | None
) -> NDArray[np.int64]:
    num_rows = len(arrays["feature"])
    if "frame_number" in arrays:
        what = f"{video}/frame_number"
        given = _whole(path, what, arrays["frame_number"])
    elif numbers is not None:
        if video not in numbers:
            raise FeatureError(
                f"{path}: {video} must be a video of the annotations, got another name"
            )
        given, what = numbers[video], f"annotations of {video}"
    elif "time_s" in arrays or "columns" in arrays:
        raise FeatureError(
            f"{path}: {video} must have frame numbers where rows are frames, got none; "
            'rows at times of their own are `rows="moments"`, one per video `rows="clip"`'
        )
    else:
        return np.arange(1, num_rows + 1)
    if len(given) != num_rows == len(np.unique(given)):
        return np.unique(given)
    if given.shape != (num_rows,):
        raise FeatureError(
            f"{path}: {what} must have one row per feature row ({num_rows}), "
            f"got {len(given)}"
        )
    return given


def _whole(path: Path, what: str, given: NDArray[Any]) -> NDArray[np.int64]:
    """Return frame numbers as integers."""
    wrong = (
        np.flatnonzero(~(np.isfinite(given) & (given == np.round(given))))
        if given.dtype.kind in "fiu"
        else np.zeros(1, np.int64)
    )
    if len(wrong) and given.size:
        raise FeatureError(
            f"{path}: {what} must be whole numbers, got {given.ravel()[wrong[0]]} in row "
            f'{wrong[0]}; rows at times of their own are `rows="moments"`'
        )
    return given.astype(np.int64)
