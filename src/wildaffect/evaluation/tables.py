"""Reader of prediction tables: columns, and the frame of every row.

One CSV, Parquet or JSON Lines file, or a folder of them. Rows identify their frame by
`video` and `frame` (numbered as the annotations are), by `image`, or, in a result table of
`analyze`, by `frame` alone: counted from 0 in the video that the file is named after. A
multi-task submission (`.txt`) is read too. Blank means no prediction; NaN is rejected.

Symbols: N rows, K action units.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.columns import concatenate
from wildaffect.core.errors import BadAnnotation, EvaluationError, MissingData
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpace, LabelSpaces
from wildaffect.evaluation.columns import check_columns, read_values
from wildaffect.evaluation.load_table import SUFFIXES, load_table
from wildaffect.evaluation.numbers import read_whole_numbers
from wildaffect.formats.affwild2_mtl import read_mtl
from wildaffect.outputs.sidecar import AS_ANNOTATED, read_sidecar


class Keys(NamedTuple):
    """Frame of each of N rows."""

    videos: tuple[str, ...]
    video_index: NDArray[np.int64]
    """Position in `videos`, shape (N,)."""
    frame_number: NDArray[np.int64]
    """Shape (N,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionTable:
    """Predictions of N rows, and the frame of each row."""

    source: str
    keys: Keys | None
    """None if rows are identified by image."""
    images: tuple[str, ...] | None
    """Image of each row, length N; None if rows are identified by video and frame."""
    counts_from_zero: bool
    """True if frames are numbered as by `analyze`, not as in the annotations."""
    places: tuple[str, ...]
    """`file:line` of each row, length N."""
    predictions: Predictions
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.places)


def read_predictions(
    path: Path, classes: LabelSpace | None = None, own: LabelSpaces | None = None
) -> PredictionTable:
    """Read a table, a folder of tables, or a multi-task submission.

    Args:
        path: File or folder.
        classes: Class names in the column `expression`, if not those of a known label
            space.
        own: Label spaces of the annotations, for columns of attributes and scales.

    Raises:
        MissingData: If there is no such file, or the folder contains no table.
        BadAnnotation: If a column is misnamed or missing, or a cell is no number, NaN,
            infinite, or an unknown class; the message names the line.
        EvaluationError: If the tables of a folder are inconsistent.
    """
    if not path.is_dir():
        return _read_file(path, classes, own)
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise MissingData(
            f"{path}: a folder of predictions must hold tables ({', '.join(SUFFIXES)}), "
            "got none"
        )
    return _merge([_read_file(file, classes, own, path) for file in files], str(path))


def _read_file(
    path: Path,
    classes: LabelSpace | None,
    own: LabelSpaces | None,
    root: Path | None = None,
) -> PredictionTable:
    """Read a table; a result's video has the name of the file, below `root` if given."""
    if path.suffix.lower() == ".txt":
        return _read_submission(path)
    table = load_table(path)
    check_columns(path, table.column_names, own)
    if not table.num_rows:
        raise BadAnnotation(path, 2, "must hold at least one row, got none")
    names = set(table.column_names)
    lines = np.arange(table.num_rows) + (2 if path.suffix.lower() == ".csv" else 1)
    is_of_videos = own is not None and names.isdisjoint(("image", "frame"))
    if "video" in names and ("frame" in names or is_of_videos):
        keys, images = _video_keys(path, table, lines), None
    elif "image" in names and table["image"].null_count < table.num_rows:
        keys, images = None, _image_keys(path, table, lines)
    elif "frame" in names:
        name = path.relative_to(root or path.parent).with_suffix("").as_posix()
        return _read_result(path, name, table, lines, classes, own)
    else:
        raise BadAnnotation(
            path,
            1,
            "columns must hold image, or video and frame, or frame (a result table), got "
            f"{', '.join(table.column_names[:8])}",
        )
    predictions, notes = read_values(path, table, lines, classes, own)
    return PredictionTable(
        source=str(path),
        keys=keys,
        images=images,
        counts_from_zero=False,
        places=_places(path, lines),
        predictions=predictions,
        files=(path,),
        notes=notes,
    )


def _read_result(
    path: Path,
    video: str,
    table: pa.Table,
    lines: NDArray[np.int64],
    classes: LabelSpace | None,
    own: LabelSpaces | None,
) -> PredictionTable:
    numbers = read_whole_numbers(table, "frame", path, lines)
    notes: tuple[str, ...] = ()
    if "face_size_px" in table.column_names:
        size = np.asarray(table["face_size_px"].cast(pa.float64()).fill_null(0.0))
        order = np.lexsort((-np.nan_to_num(size), numbers))
        _, first = np.unique(numbers[order], return_index=True)
        if len(first) < len(numbers):
            num_left = len(numbers) - len(first)
            note = f"{path.name}: of several faces in a frame the largest was kept; "
            notes = (f"{note}left out: {num_left:,}",)
        kept = order[first]
        table, numbers, lines = table.take(pa.array(kept)), numbers[kept], lines[kept]
    predictions, more = read_values(path, table, lines, classes or _own_classes(path), own)
    return PredictionTable(
        source=str(path),
        keys=Keys((video,), np.zeros(len(numbers), np.int64), numbers),
        images=None,
        counts_from_zero=not _is_as_annotated(path),
        places=_places(path, lines),
        predictions=predictions,
        files=(path,),
        notes=(*notes, *more),
    )


def _is_as_annotated(path: Path) -> bool:
    """Return whether the sidecar of a result states that frames are numbered so."""
    source = (read_sidecar(path) or {}).get("source") or {}
    return bool(source.get("frames") == AS_ANNOTATED)


def _own_classes(path: Path) -> LabelSpace | None:
    """Return the classes of the model that wrote a result, from its sidecar."""
    spaces = (read_sidecar(path) or {}).get("label_spaces")
    if not spaces:
        return None
    own = LabelSpace(
        name=spaces["expressions"]["name"], labels=tuple(spaces["expressions"]["labels"])
    )
    return own if own.labels != ABAW_EXPRESSIONS.labels else ABAW_EXPRESSIONS


def _read_submission(path: Path) -> PredictionTable:
    reading = read_mtl(path)
    if reading.problems:
        raise BadAnnotation(path, reading.problems[0].line, reading.problems[0].text)
    rows = reading.annotations
    return PredictionTable(
        source=str(path),
        keys=Keys(rows.videos, rows.video_index, rows.frame_number),
        images=None,
        counts_from_zero=False,
        places=_places(path, rows.lines),
        predictions=Predictions(**rows.columns(), spaces=rows.spaces),
        files=(path,),
    )


def _places(path: Path, lines: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(f"{path}:{line}" for line in lines.tolist())


def _video_keys(path: Path, table: pa.Table, lines: NDArray[np.int64]) -> Keys:
    _refuse_blanks(path, table, "video", lines)
    encoded = table["video"].cast(pa.string()).combine_chunks().dictionary_encode()
    is_by_frame = "frame" in table.column_names  # else a row is a whole video
    return Keys(
        tuple(encoded.dictionary.to_pylist()),
        encoded.indices.to_numpy().astype(np.int64),
        read_whole_numbers(table, "frame", path, lines)
        if is_by_frame
        else np.zeros(table.num_rows, np.int64),
    )


def _image_keys(path: Path, table: pa.Table, lines: NDArray[np.int64]) -> tuple[str, ...]:
    _refuse_blanks(path, table, "image", lines)
    return tuple(table["image"].cast(pa.string()).to_pylist())


def _refuse_blanks(
    path: Path, table: pa.Table, name: str, lines: NDArray[np.int64]
) -> None:
    if table[name].null_count:
        row = table[name].combine_chunks().is_null().to_pylist().index(True)
        raise BadAnnotation(
            path, int(lines[row]), f"{name} must be given in every row, got a blank"
        )


def _merge(parts: list[PredictionTable], source: str) -> PredictionTable:
    kinds = {(part.images is None, part.counts_from_zero) for part in parts}
    if len(kinds) > 1 or len({part.predictions.spaces for part in parts}) > 1:
        raise EvaluationError(
            f"{source}: tables of one folder must name frames in the same way and have the "
            "same columns of predictions, got a mixture; evaluate one at a time"
        )
    images = [part.images for part in parts if part.images is not None]
    return PredictionTable(
        source=source,
        keys=_merge_keys([part.keys for part in parts if part.keys is not None]),
        images=tuple(name for names in images for name in names) if images else None,
        counts_from_zero=parts[0].counts_from_zero,
        places=tuple(place for part in parts for place in part.places),
        predictions=Predictions(
            **concatenate([part.predictions for part in parts]).columns(),
            expression_probs=_join_probs([part.predictions for part in parts]),
            spaces=parts[0].predictions.spaces,
        ),
        files=tuple(file for part in parts for file in part.files),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _join_probs(parts: list[Predictions]) -> NDArray[np.floating[Any]] | None:
    probs = [part.expression_probs for part in parts if part.expression_probs is not None]
    return np.concatenate(probs) if len(probs) == len(parts) else None


def _merge_keys(parts: list[Keys]) -> Keys | None:
    if not parts:
        return None
    place: dict[str, int] = {}
    index = []
    for part in parts:
        codes = [place.setdefault(video, len(place)) for video in part.videos]
        index.append(np.array(codes, np.int64)[part.video_index])
    numbers = [part.frame_number for part in parts]
    return Keys(tuple(place), np.concatenate(index), np.concatenate(numbers))
