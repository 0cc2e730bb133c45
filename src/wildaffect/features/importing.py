"""Import of features computed by other programs: HDF5 and npz files.

HDF5: one group per video with a data set `feature`, shape (L, D), as in the code of the
ABAW4 winners (`features/<name>.h5`). Its rows have no frame numbers: row i belongs to row i
of that video among the labels (`targets/*.h5`, made from the annotation file), so the
annotations determine the numbers. npz: arrays named `<video>/feature`, with
`<video>/frame_number` and `<video>/time_s` if known.
Symbols: L rows of a video, D columns.

Source: layout of HDF5 from `data/seq_dataset.py` of AIM3-RUC/ABAW4, commit f639540.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import FeatureError, MissingExtra
from wildaffect.core.hashes import file_sha256
from wildaffect.core.npz import open_npz
from wildaffect.core.sequences import ASSUMED_FPS
from wildaffect.core.zips import FREE_BYTES, LARGEST_EXPANSION, BadZip
from wildaffect.features.records import NO_DIGEST, FeatureTable, Precision, Provenance
from wildaffect.features.store import FeatureStore

_ARRAYS = ("feature", "frame_number", "time_s")
_H5_DAMAGE = (OSError, RuntimeError, ValueError, LookupError, TypeError, MemoryError)
"""Errors that h5py raises on damaged bytes, found by cutting and flipping them."""

Arrays = Mapping[str, NDArray[Any]]
"""`feature`, and optionally `frame_number` and `time_s`, of one video."""
Numbers = Mapping[str, NDArray[np.int64]]
"""Frame numbers of each video's rows, in the order of the label list, repeats kept."""


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
    numbers: Numbers | None = None,
    dtype: Precision = "float32",
) -> Imported:
    """Store every video of an HDF5 or npz file under the name `feature_set`.

    Rows without frame numbers get those of `numbers`, with or without its repeats; without
    either they are numbered from 1.

    Raises:
        FeatureError: If the file has another format or layout, the number of rows of a
            video differs from `numbers`, or repeats of a frame differ.
        OutputError: If the store cannot be written to.
        MissingExtra: If an HDF5 file is to be read and h5py is not installed.
    """
    read = _reader(path)
    store.make_folder()
    origin = Provenance(
        content_sha256=file_sha256(path),
        preprocess_sha256=NO_DIGEST,
        weights_sha256=NO_DIGEST,
    )
    num_videos = num_rows = num_repeats = 0
    for video, arrays in read(path):
        table, repeats = _table(path, video, arrays, numbers)
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


def _table(
    path: Path, video: str, arrays: Arrays, numbers: Numbers | None
) -> tuple[dict[str, Any], int]:
    values = arrays["feature"]
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise FeatureError(
            f"{path}: {video}/feature must be numbers of shape (L, D), "
            f"got {values.dtype} of shape {values.shape}"
        )
    frame_number = _numbers(path, video, arrays, numbers)
    unique, first, inverse = np.unique(frame_number, return_index=True, return_inverse=True)
    values = values.astype(np.float32)
    same = np.isclose(values, values[first][inverse], rtol=0, atol=0, equal_nan=True)
    differs = np.flatnonzero(~same.all(axis=1))
    if len(differs):
        raise FeatureError(
            f"{path}: {video}: rows of one frame must be equal, got other values in row "
            f"{differs[0]} for frame {frame_number[differs[0]]}"
        )
    times_s = arrays.get("time_s")
    if times_s is not None and times_s.shape != frame_number.shape:
        raise FeatureError(
            f"{path}: {video}/time_s must have shape {frame_number.shape}, "
            f"got {times_s.shape}"
        )
    return {
        "track": "0",
        "columns": tuple(f"c{column}" for column in range(values.shape[1])),
        "frame_number": unique,
        "time_s": unique / ASSUMED_FPS
        if times_s is None
        else times_s.astype(np.float64)[first],
        "values": values[first],
        "numbering": "named",
        "time_is_guessed": times_s is None,
    }, len(frame_number) - len(unique)


def _numbers(
    path: Path, video: str, arrays: Arrays, numbers: Numbers | None
) -> NDArray[np.int64]:
    num_rows = len(arrays["feature"])
    if "frame_number" in arrays:
        given, what = arrays["frame_number"].astype(np.int64), f"{video}/frame_number"
    elif numbers is not None:
        if video not in numbers:
            raise FeatureError(
                f"{path}: {video} must be a video of the annotations, got another name"
            )
        given, what = numbers[video], f"annotations of {video}"
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


def _reader(path: Path) -> Callable[[Path], Iterator[tuple[str, Arrays]]]:
    readers = {".h5": _read_h5, ".hdf5": _read_h5, ".npz": _read_npz}
    if path.suffix.lower() not in readers or not path.is_file():
        raise FeatureError(f"{path}: file must exist and end in {', '.join(readers)}")
    return readers[path.suffix.lower()]


def _read_h5(path: Path) -> Iterator[tuple[str, Arrays]]:
    try:
        import h5py  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra("reading HDF5 features", "import") from error
    try:
        with h5py.File(path, "r") as file:
            for video in sorted(file):
                group = file[video] if _is_own(file, video, h5py.HardLink) else None
                if not isinstance(group, h5py.Group) or "feature" not in group:
                    raise FeatureError(f"{path}: {video}/feature must exist, got none")
                names = [name for name in _ARRAYS if name in group]
                yield video, {name: _read_dataset(path, group, name) for name in names}
    except _H5_DAMAGE as error:
        raise FeatureError(f"{path}: file must be whole HDF5, got: {error}") from error


def _read_dataset(path: Path, group: Any, name: str) -> NDArray[Any]:
    """Return an array stored in the file itself, of a plausible size."""
    import h5py  # noqa: PLC0415 - an extra

    dataset = group[name] if _is_own(group, name, h5py.HardLink) else None
    if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
        raise FeatureError(
            f"{path}: {group.name}/{name} must be an array in the file itself, got another"
        )
    stored, size = path.stat().st_size, dataset.nbytes
    if size > max(FREE_BYTES, LARGEST_EXPANSION * stored):
        raise FeatureError(
            f"{path}: {group.name}/{name} must fit a file of {stored:,} bytes, got "
            f"{size:,} bytes"
        )
    return np.asarray(dataset[()])


def _is_own(group: Any, name: str, hard_link: type) -> bool:
    """Return whether a name is not a link, which may point to another file."""
    return isinstance(group.get(name, getlink=True), hard_link)


def _read_npz(path: Path) -> Iterator[tuple[str, Arrays]]:
    try:
        with open_npz(path) as file:
            names = [re.fullmatch(r"(.+)/feature", name) for name in file.names]
            for video in sorted(match[1] for match in names if match):
                named = {key: f"{video}/{key}" for key in _ARRAYS}
                yield (
                    video,
                    {key: file[name] for key, name in named.items() if name in file.names},
                )
    except (OSError, BadZip) as error:
        raise FeatureError(f"{path}: file must be whole npz, got: {error}") from error
