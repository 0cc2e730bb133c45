"""Files of features computed by other programs: HDF5, npz, CSV and Parquet.

HDF5: one group per video with a data set `feature`, shape (L, D), as in the code of the
ABAW4 winners (`features/<name>.h5`), and `frame_number` and `time_s` if known. npz: arrays
named `<video>/feature`, with `<video>/frame_number` and `<video>/time_s` if known. CSV and
Parquet: a row per row of features, with columns `video`, `frame` or `time_s` or both, and
a column per feature. Symbols: L rows of a video, D columns.

Source: layout of HDF5 from `data/seq_dataset.py` of AIM3-RUC/ABAW4, commit f639540.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from wildaffect.core.arrow import floats
from wildaffect.core.errors import FeatureError, MissingExtra
from wildaffect.core.npz import open_npz
from wildaffect.core.zips import FREE_BYTES, LARGEST_EXPANSION, BadZip
from wildaffect.formats.parquet_tables import read_parquet

_ARRAYS = ("feature", "frame_number", "time_s")
_H5_DAMAGE = (OSError, RuntimeError, ValueError, LookupError, TypeError, MemoryError)
"""Errors that h5py raises on damaged bytes, found by cutting and flipping them."""

Arrays = Mapping[str, NDArray[Any]]
"""`feature`, and optionally `frame_number`, `time_s` and names of `columns`, of a video."""


def read_arrays(path: Path) -> Iterator[tuple[str, Arrays]]:
    """Return each video of a file with its arrays, read on demand.

    Raises:
        FeatureError: If the file has another format or layout, or is damaged.
        MissingExtra: If an HDF5 file is to be read and h5py is not installed.
    """
    return _reader(path)(path)


def _reader(path: Path) -> Callable[[Path], Iterator[tuple[str, Arrays]]]:
    readers = {
        ".h5": _read_h5,
        ".hdf5": _read_h5,
        ".npz": _read_npz,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
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


def _read_csv(path: Path) -> Iterator[tuple[str, Arrays]]:
    try:
        names = csv.ConvertOptions(column_types={"video": pa.string()})  # 0012 is no 12
        table = csv.read_csv(path, convert_options=names)
    except (OSError, pa.ArrowException) as error:
        raise FeatureError(
            f"{path}: file must be CSV with a header, got: {error}"
        ) from error
    yield from _by_video(path, table)


def _read_parquet(path: Path) -> Iterator[tuple[str, Arrays]]:
    try:
        table = read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        raise FeatureError(f"{path}: file must be whole Parquet, got: {error}") from error
    yield from _by_video(path, table)


def _by_video(path: Path, table: pa.Table) -> Iterator[tuple[str, Arrays]]:
    """Yield the rows of each video of a table, in the order of the file."""
    names = [
        name for name in table.column_names if name not in {"video", "frame", "time_s"}
    ]
    if "video" not in table.column_names or not names:
        raise FeatureError(
            f"{path}: columns must be video, frame or time_s, and one per feature, got "
            f"{', '.join(table.column_names[:5])}"
        )
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise FeatureError(
                f"{path}: each column must have another name, got {name} twice"
            )
    numbers = {
        name: _numbers(path, table, name) for name in table.column_names if name != "video"
    }
    videos = np.array([str(video) for video in table["video"].to_pylist()])
    keys = {"frame": "frame_number", "time_s": "time_s"}
    for video in dict.fromkeys(videos.tolist()):
        own = videos == video
        arrays = {key: numbers[name][own] for name, key in keys.items() if name in numbers}
        values = np.stack([numbers[name][own] for name in names], axis=1)
        yield video, {"feature": values, "columns": np.array(names), **arrays}


def _numbers(path: Path, table: pa.Table, name: str) -> NDArray[np.float64]:
    column = table[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise FeatureError(
            f"{path}: column {name} must hold numbers, got {column.type}; leave out "
            "columns that are no features"
        )
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise FeatureError(f"{path}: column {name} must have no empty cell, got row {row}")
    return floats(column)
