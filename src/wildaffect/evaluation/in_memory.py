"""Conversion of labels and predictions in memory to the tables of the evaluation.

Columns are named as in a table on disk: `valence`, `arousal`, `expression`, `AU01` and so
on, with `video` and `frame` if rows are matched by them. NaN and None are blank. Targets
define labels of one's own as the header of a manifest does: `pain[0..10]`, `smile[0|1]`.

Symbols: N rows, C classes, K action units.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import UsageError
from wildaffect.core.hashes import InputFiles
from wildaffect.core.scales import Scale
from wildaffect.core.tasks import (
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
    LabelSpace,
    LabelSpaces,
    expression_column,
)
from wildaffect.data.annotated import Annotated
from wildaffect.evaluation.columns import check_columns, read_values
from wildaffect.evaluation.numbers import read_whole_numbers
from wildaffect.evaluation.protocols import OWN
from wildaffect.evaluation.tables import Keys, PredictionTable
from wildaffect.formats.label_columns import occurrence_label, scale_of, spaces_of
from wildaffect.formats.votes import is_votes

WIDE = {
    "expression": tuple(map(expression_column, ABAW_EXPRESSIONS.labels)),
    "action_units": ABAW_ACTION_UNITS.labels,
}
"""Names of the columns of an array of shape (N, C) or (N, K)."""
ONE_VIDEO = "video"
_VALENCE = Scale(label="valence", low=-1, high=1)
_AROUSAL = Scale(label="arousal", low=-1, high=1)


def to_table(columns: Any, name: str) -> pa.Table:
    """Return columns as an Arrow table; an array with a column per label is divided.

    Args:
        columns: Arrays by name, of shape (N,); `action_units` also (N, 12), and
            probabilities of `expression` (N, 8).
        name: Name of the data in messages.

    Raises:
        UsageError: If it has no columns by name, or they differ in length.
    """
    if isinstance(columns, pa.Table):
        columns = {key: columns[key] for key in columns.column_names}
    if not hasattr(columns, "keys") or not hasattr(columns, "__getitem__"):
        raise UsageError(
            f"evaluate: {name} must be a path, or columns by name such as "
            f"{{'valence': array}}, got {type(columns).__name__}"
        )
    arrays: dict[str, Any] = {}
    for key in columns.keys():  # noqa: SIM118 - rows of a pandas frame otherwise
        arrays |= _split(str(key), columns[key], name)
    lengths = {key: len(array) for key, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        listed = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise UsageError(
            f"evaluate: columns of {name} must have one length, got {listed or 'no column'}"
        )
    return pa.table(arrays)


def pair_in_memory(
    targets: pa.Table, predictions: pa.Table, *, classes: LabelSpace | None = None
) -> tuple[Annotated, PredictionTable]:
    """Return matched tables; rows match by `frame` (and `video`), else by position.

    Args:
        targets: Table of N rows; `video` and `subject` group them for intervals.
        predictions: Rows in the same order, or with the same `frame` and `video`.
        classes: Class names in `expression` of the predictions, if not those of a known
            label space.

    Raises:
        UsageError: If rows cannot be matched.
        BadAnnotation: If a column is misnamed or a cell is no value.
    """
    by_frame = ["frame" in table.column_names for table in (targets, predictions)]
    if any(by_frame) and not all(by_frame):
        raise UsageError(
            "evaluate: targets and predictions must both have a column frame, or neither"
        )
    if not any(by_frame) and len(targets) != len(predictions):
        raise UsageError(
            "evaluate: without a column frame rows are matched by position; got "
            f"{len(targets)} targets and {len(predictions)} predictions"
        )
    theirs = predictions if all(by_frame) else _with_groups(predictions, targets)
    _refuse_votes(targets.column_names)
    own = spaces_of(Path("targets"), targets.column_names)
    _check_ranges(theirs, own)
    annotated = _annotated(_by_label(targets, "targets"), own)
    return annotated, _prediction_table(_by_label(theirs, "predictions"), classes, own)


def _refuse_votes(names: Sequence[str]) -> None:
    for name in filter(is_votes, names):
        raise UsageError(
            f"evaluate: targets must give one class per row in the column expression, got "
            f"{name!r}; votes are read from a manifest"
        )


def _check_ranges(predictions: pa.Table, own: LabelSpaces) -> None:
    """Reject predictions on another scale than the targets', where they state one."""
    ours = {scale.label: scale for scale in _scales(own)}
    for scale in _scales(spaces_of(Path("predictions"), predictions.column_names)):
        wanted = ours.get(scale.label, scale)
        if wanted != scale:
            raise UsageError(
                f"evaluate: {scale.label} must have the range of the targets, "
                f"{wanted.ends}, got predictions in {scale.ends}; bring them to one range"
            )


def _scales(spaces: LabelSpaces) -> tuple[Scale, ...]:
    return (*spaces.dimensions.scales, *spaces.intensities.scales)


def _by_label(table: pa.Table, name: str) -> pa.Table:
    """Return a table whose columns of labels of one's own have their plain names."""

    def plain(column: str) -> str:
        scale = scale_of(Path(name), column)
        return scale.label if scale else occurrence_label(column) or column

    return table.rename_columns([plain(column) for column in table.column_names])


def _with_groups(predictions: pa.Table, targets: pa.Table) -> pa.Table:
    """Return predictions with the videos of the targets, which have the same order."""
    if "video" in predictions.column_names:
        predictions = predictions.drop_columns(["video"])
    if "video" not in targets.column_names:
        return predictions
    return predictions.append_column("video", targets["video"])


def _split(key: str, values: Any, name: str) -> dict[str, Any]:
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        wide = np.asarray(values)
        if wide.ndim == 2 and key in WIDE and wide.shape[1] == len(WIDE[key]):
            return {
                label: _column(label, column, name)
                for label, column in zip(WIDE[key], wide.T, strict=True)
            }
        if wide.ndim != 1:
            rule = f"(N,) or (N, {len(WIDE[key])})" if key in WIDE else "(N,)"
            raise UsageError(
                f"evaluate: {key} of {name} must have shape {rule}, got {wide.shape}"
            )
    return {key: _column(key, values, name)}


def _column(key: str, values: Any, name: str) -> pa.Array:
    try:
        array = _to_arrow(values)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"evaluate: {key} of {name} is no column: {error}") from None
    is_number = pa.types.is_integer(array.type) or pa.types.is_floating(array.type)
    return _class_names(array, name) if key == "expression" and is_number else array


def _to_arrow(values: Any) -> pa.Array:
    """Return values with null where they are None, NaN or the NA of pandas."""
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    is_series = hasattr(values, "to_frame")
    is_array = hasattr(values, "__array__") and not isinstance(values, pa.Array)
    plain = np.asarray(values) if is_array and not is_series else values
    return pa.array(plain, from_pandas=True)


def _class_names(codes: pa.Array, name: str) -> pa.Array:
    """Return the classes of ABAW by their code from 0."""
    numbers = np.asarray(compute.fill_null(codes.cast(pa.float64()), -0.5))
    labels = ABAW_EXPRESSIONS.labels
    is_code = (numbers >= 0) & (numbers < len(labels)) & (numbers == np.floor(numbers))
    wrong = ~is_code & (numbers != -0.5)
    if wrong.any():
        raise UsageError(
            f"evaluate: expression of {name} must hold names, codes from 0 to "
            f"{len(labels) - 1}, or NaN where there is none, got {numbers[wrong][0]:g}"
        )
    names = [labels[int(code)] if code >= 0 else None for code in numbers]
    return pa.array(names, pa.string())


def _keys(table: pa.Table, name: str) -> Keys:
    rows = np.arange(len(table))
    videos, index = (ONE_VIDEO,), np.zeros(len(table), np.int64)
    if "video" in table.column_names:
        if table["video"].null_count:
            raise UsageError(f"evaluate: video of {name} must be given in every row")
        encoded = table["video"].cast(pa.string()).combine_chunks().dictionary_encode()
        videos = tuple(encoded.dictionary.to_pylist())
        index = encoded.indices.to_numpy().astype(np.int64)
    numbers = (
        read_whole_numbers(table, "frame", Path(name), rows)
        if "frame" in table.column_names
        else rows
    )
    return Keys(videos, index, numbers)


def _annotated(table: pa.Table, own: LabelSpaces) -> Annotated:
    name = "targets"
    check_columns(Path(name), table.column_names, own)
    rows = np.arange(len(table))
    labels, notes = read_values(Path(name), table, rows, None, own)
    _refuse_codes(_VALENCE, labels.valence.values, labels.valence.valid)
    _refuse_codes(_AROUSAL, labels.arousal.values, labels.arousal.valid)
    for place, scale in enumerate(labels.spaces.dimensions.scales):
        column = labels.dimensions
        _refuse_codes(scale, column.values[:, place], column.valid[:, place])
    for place, scale in enumerate(labels.spaces.intensities.scales):
        column = labels.intensities
        _refuse_codes(scale, column.values[:, place], column.valid[:, place])
    videos, index, numbers = _keys(table, name)
    annotations = Annotations(
        source=name,
        videos=videos,
        subjects=_subjects(table, videos, index),
        video_index=index,
        frame_number=numbers,
        images=tuple(f"row {row}" for row in rows),
        lines=rows,
        valence=labels.valence.astype(np.float32),
        arousal=labels.arousal.astype(np.float32),
        expression=labels.expression,
        action_units=labels.action_units.astype(np.int8),
        dimensions=labels.dimensions.astype(np.float32),
        intensities=labels.intensities.astype(np.float32),
        spaces=labels.spaces,
    )
    return Annotated(
        annotations=annotations,
        input=InputFiles(name=name, sha256=None, num_files=0),
        layout=OWN,
        first_frame=None,
        notes=notes,
    )


def _refuse_codes(scale: Scale, values: NDArray[Any], valid: NDArray[np.bool_]) -> None:
    """Reject annotations out of range, such as -5 for "not annotated"."""
    beyond = valid & ((values < scale.low) | (values > scale.high))
    if beyond.any():
        row = int(np.flatnonzero(beyond)[0])
        raise UsageError(
            f"evaluate: {scale.label} of targets must lie in {scale.ends}, or be NaN where "
            f"it is not annotated, got {values[row]:g} in row {row}"
        )


def _subjects(
    table: pa.Table, videos: tuple[str, ...], index: NDArray[np.int64]
) -> tuple[str, ...]:
    if "subject" not in table.column_names:
        return videos
    named = table["subject"].cast(pa.string()).to_pylist()
    found = dict(zip(index.tolist(), named, strict=True))
    return tuple(found[place] or video for place, video in enumerate(videos))


def _prediction_table(
    table: pa.Table, classes: LabelSpace | None, own: LabelSpaces
) -> PredictionTable:
    name = "predictions"
    check_columns(Path(name), table.column_names, own)
    rows = np.arange(len(table))
    predictions, notes = read_values(Path(name), table, rows, classes, own)
    return PredictionTable(
        source=name,
        keys=_keys(table, name),
        images=None,
        counts_from_zero=False,
        places=tuple(f"row {row}" for row in rows),
        predictions=predictions,
        files=(),
        notes=notes,
    )
