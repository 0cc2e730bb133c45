"""Reader of predictions for a submission: one decided value per frame and task.

Tables that are read: one CSV or Parquet file with an `image` column
(`video45_1/00001.jpg`), or a folder of result tables named `<video>.csv` or
`<video>.parquet`, as `analyze` writes them for whole videos (`frame` from 0 there, numbers
from 1 here). Values: `valence`, `arousal`; `expression` by name, else the greatest of
`p_neutral` ... `p_other`; `AU01_present`, else `AU01` at least 0.5. Blank means no answer.

Symbols: N rows, K action units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, csv

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.formats.image_names import NAME_RULE, parse_image_names
from wildaffect.formats.lines import encode
from wildaffect.formats.parquet_tables import read_parquet

THRESHOLD = 0.5
"""Threshold for a probability without a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Decided values of N frames, in the label spaces of ABAW; NaN means no prediction."""

    source: str
    videos: tuple[str, ...]
    video_index: NDArray[np.int64]
    """Position in `videos`, shape (N,)."""
    frame_number: NDArray[np.int64]
    """Frame numbers from 1, shape (N,)."""
    valence: NDArray[np.float64]
    """Shape (N,)."""
    arousal: NDArray[np.float64]
    """Shape (N,)."""
    expression: NDArray[np.float64]
    """Class number 0 to 7, shape (N,)."""
    action_units: NDArray[np.float64]
    """0 or 1, shape (N, 12)."""
    notes: tuple[str, ...] = ()
    """What was decided here rather than by the system, one sentence each."""

    def __post_init__(self) -> None:
        num_rows = len(self.video_index)
        for name in ("frame_number", "valence", "arousal", "expression"):
            if getattr(self, name).shape != (num_rows,):
                raise ValueError(
                    f"{self.source}: {name} must have shape ({num_rows},), got "
                    f"{getattr(self, name).shape}"
                )
        if self.action_units.shape != (num_rows, len(ABAW_ACTION_UNITS)):
            raise ValueError(
                f"{self.source}: action_units must have shape "
                f"({num_rows}, {len(ABAW_ACTION_UNITS)}), got {self.action_units.shape}"
            )

    def __len__(self) -> int:
        return len(self.video_index)


def read_answers(path: Path) -> Answers:
    """Read a table with an `image` column, or a folder of result tables.

    Raises:
        MissingData: If there is no such file, or the folder holds no table.
        BadAnnotation: If a table cannot be read, lacks the columns named above, names a
            class that ABAW has not, or predicts one image twice with different values.
    """
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix in {".csv", ".parquet"})
        if not files:
            raise MissingData(f"{path}: must hold <video>.csv or .parquet, got none")
        return _merge([_read_result_table(file) for file in files], str(path))
    table = _read_table(path)
    if "image" not in table.column_names:
        if "frame" in table.column_names:
            return _read_result_table(path)
        raise BadAnnotation(
            path, 1, f"columns must hold image, got {', '.join(table.column_names[:8])}"
        )
    names = parse_image_names(encode(table["image"].cast(pa.string()).to_pylist()))
    if not names.valid.all():
        row = int(np.flatnonzero(~names.valid)[0])
        raise BadAnnotation(path, row + 2, f"{NAME_RULE}, got {table['image'][row]}")
    answers = _to_answers(
        table, path, names.videos, index=names.video_index, numbers=names.frame_number
    )
    return _refuse_contradictions(answers, path)


def _read_result_table(path: Path) -> Answers:
    table = _read_table(path)
    if "frame" not in table.column_names:
        raise BadAnnotation(path, 1, "columns must hold frame (a result table), got none")
    numbers = _floats(table["frame"], path, "frame").astype(np.int64) + 1
    note = None
    if "face_size_px" in table.column_names:
        size = np.nan_to_num(_floats(table["face_size_px"], path, "face_size_px"))
        order = np.lexsort((-size, numbers))
        _, first = np.unique(numbers[order], return_index=True)
        if len(first) < len(numbers):
            note = f"{path.stem}: of several faces in a frame the largest was used"
        table, numbers = table.take(pa.array(order[first])), numbers[order[first]]
    answers = _to_answers(
        table,
        path,
        (path.stem,),
        index=np.zeros(len(numbers), np.int64),
        numbers=numbers,
    )
    if note:
        answers = replace(answers, notes=(*answers.notes, note))
    return _refuse_contradictions(answers, path)


def _read_table(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return read_parquet(path)
        return csv.read_csv(path)
    except FileNotFoundError:
        raise MissingData(f"{path}: the file must be there, got none") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise BadAnnotation(
            path, 0, f"must be a CSV or Parquet table, got {reason}"
        ) from None


def _to_answers(
    table: pa.Table,
    path: Path,
    videos: tuple[str, ...],
    *,
    index: NDArray[np.int64],
    numbers: NDArray[np.int64],
) -> Answers:
    nothing = np.full(table.num_rows, np.nan)
    columns = set(table.column_names)
    by_threshold: list[str] = []
    units = np.full((table.num_rows, len(ABAW_ACTION_UNITS)), np.nan)
    for position, label in enumerate(ABAW_ACTION_UNITS.labels):
        if f"{label}_present" in columns:
            units[:, position] = _floats(table[f"{label}_present"], path, label)
        elif label in columns:
            scores = _floats(table[label], path, label)
            units[:, position] = np.where(np.isnan(scores), np.nan, scores >= THRESHOLD)
            by_threshold.append(label)
    return Answers(
        source=str(path),
        videos=videos,
        video_index=index,
        frame_number=numbers,
        valence=_floats(table["valence"], path, "valence")
        if "valence" in columns
        else nothing,
        arousal=_floats(table["arousal"], path, "arousal")
        if "arousal" in columns
        else nothing,
        expression=_expressions(table, path),
        action_units=units,
        notes=(f"present from {THRESHOLD} on: {', '.join(by_threshold)}",)
        if by_threshold
        else (),
    )


def _expressions(table: pa.Table, path: Path) -> NDArray[np.float64]:
    if "expression" in table.column_names:
        names = table["expression"].cast(pa.string()).to_pylist()
        codes: Mapping[str | None, float] = {
            None: np.nan,
            "": np.nan,
            **{label: float(code) for code, label in enumerate(ABAW_EXPRESSIONS.labels)},
        }
        for row, name in enumerate(names):
            if name not in codes:
                raise BadAnnotation(
                    path,
                    row + 2,
                    f"expression must be one of {', '.join(ABAW_EXPRESSIONS.labels)}, got "
                    f"{name!r}",
                )
        return np.array([codes[name] for name in names], np.float64)
    columns = [f"p_{label.lower()}" for label in ABAW_EXPRESSIONS.labels]
    if not set(columns) <= set(table.column_names):
        return np.full(table.num_rows, np.nan)
    scores = np.stack([_floats(table[name], path, name) for name in columns], axis=1)
    has_scores = ~np.isnan(scores).any(axis=1)
    return np.where(has_scores, np.nan_to_num(scores).argmax(axis=1), np.nan)


def _floats(values: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.float64]:
    array = values.combine_chunks()
    try:
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        filled = compute.fill_null(array.cast(pa.float64()), float("nan"))
    except pa.ArrowException:
        raise BadAnnotation(
            path, 0, f"{name} must hold numbers, got {array.type}"
        ) from None
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.float64)


def _refuse_contradictions(answers: Answers, path: Path) -> Answers:
    keys = answers.video_index << 32 | answers.frame_number
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) == len(answers):
        return answers
    values = np.column_stack(
        [answers.valence, answers.arousal, answers.expression, answers.action_units]
    )
    original = first[inverse]
    differ = ~(
        (values == values[original]) | (np.isnan(values) & np.isnan(values[original]))
    )
    rows = np.flatnonzero(differ.any(axis=1))
    if len(rows):
        row = int(rows[0])
        raise BadAnnotation(
            path,
            row + 2,
            f"an image must have one prediction, got another than in line "
            f"{int(original[row]) + 2}; keep one person per video",
        )
    return answers


def _merge(parts: list[Answers], source: str) -> Answers:
    return Answers(
        source=source,
        videos=tuple(part.videos[0] for part in parts),
        video_index=np.concatenate(
            [part.video_index + place for place, part in enumerate(parts)]
        ),
        frame_number=np.concatenate([part.frame_number for part in parts]),
        valence=np.concatenate([part.valence for part in parts]),
        arousal=np.concatenate([part.arousal for part in parts]),
        expression=np.concatenate([part.expression for part in parts]),
        action_units=np.concatenate([part.action_units for part in parts]),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )
