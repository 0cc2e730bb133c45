"""Outputs of stored videos as result tables, one per video, for `evaluate` and `submit`.

They have the columns of `analyze`; those of the face itself are empty, as the outputs come
from stored features.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.errors import BadOutputs
from wildaffect.core.faces import Status
from wildaffect.core.files import make_folder
from wildaffect.core.names import is_inside
from wildaffect.core.tasks import SCALE_TASKS, LabelSpaces, Task, expression_column
from wildaffect.inference.calibration import Calibrated
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.table import TableWriter


def write_video_tables(
    calibrated: Sequence[Calibrated],
    folder: Path,
    *,
    first_frame: int,
    spaces: LabelSpaces | None = None,
    artifact: Mapping[str, Any] | None = None,
    suffix: str = ".csv",
) -> tuple[Path, ...]:
    """Write `<video><suffix>` with its sidecar for each video and return the paths.

    Args:
        calibrated: Calibrated outputs of each video.
        folder: Folder of the tables; created if missing.
        first_frame: Number of a video's first frame in the outputs; tables count from 0.
        spaces: Names of the columns of expressions and action units.
        artifact: Origin of the outputs, for the sidecar.
        suffix: `.csv`, `.parquet` or `.jsonl`.

    Raises:
        BadOutputs: If a frame is before `first_frame`, or the number of labels differs from
            `spaces`.
        OutputError: If the file cannot be written.
    """
    schema = result_schema(spaces)
    make_folder(folder)
    paths = []
    for video_outputs in calibrated:
        video = video_outputs.outputs.video
        path = video_table_path(folder, video, suffix)
        provenance = Provenance(source={"name": video}, artifact=artifact or {})
        write_video_table(
            video_outputs,
            path,
            schema=schema,
            provenance=provenance,
            first_frame=first_frame,
        )
        paths.append(path)
    return tuple(paths)


def write_video_table(
    calibrated: Calibrated,
    path: Path,
    *,
    schema: ResultSchema,
    provenance: Provenance,
    first_frame: int,
    is_borrowed: NDArray[np.bool_] | None = None,
) -> None:
    """Write the table of one video with its sidecar.

    Args:
        calibrated: Outputs of T rows.
        path: Path of the table.
        schema: Schema for the label spaces of the outputs.
        provenance: Provenance for the sidecar.
        first_frame: Number of the video's first frame in the outputs.
        is_borrowed: Rows whose values are another frame's, shape (T,); None for none.

    Raises:
        BadOutputs: As `write_video_tables` does.
        OutputError: If the file cannot be written.
    """
    with TableWriter(path, schema, provenance) as writer:
        writer.write_batch(_to_batch(calibrated, schema, first_frame, is_borrowed))


def video_table_path(folder: Path, video: str, suffix: str = ".csv") -> Path:
    """Return the path of the table of a video.

    Raises:
        BadOutputs: If the name of the video leads out of the folder.
    """
    if not is_inside(video):
        raise BadOutputs(
            f"{folder}: a video's name must stay inside the folder of its table, got "
            f"{video!r}"
        )
    return folder / f"{video}{suffix}"


def _to_batch(
    calibrated: Calibrated,
    schema: ResultSchema,
    first_frame: int,
    is_borrowed: NDArray[np.bool_] | None,
) -> pa.RecordBatch:
    columns = _columns(calibrated, schema.spaces, first_frame)
    if is_borrowed is not None:
        names = np.where(is_borrowed, str(Status.INTERPOLATED), str(Status.OK))
        columns["status"] = names.tolist()
    arrow = schema.arrow()
    num_rows = len(calibrated.outputs)
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(num_rows, field.type)
        for field in arrow
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow)


def _columns(
    calibrated: Calibrated, spaces: LabelSpaces, first_frame: int
) -> dict[str, Any]:
    """Return the columns that are not empty."""
    outputs = calibrated.outputs
    frames = outputs.frame_number - first_frame
    if len(frames) and frames[0] < 0:
        raise BadOutputs(
            f"{outputs.video}: frames must be numbered from {first_frame}, "
            f"got {outputs.frame_number[0]}"
        )
    columns: dict[str, Any] = {
        "frame": frames,
        "time_s": outputs.time_s,
        "status": [str(Status.OK)] * len(frames),
    }
    for task in (Task.VALENCE, Task.AROUSAL):
        if task in outputs.probs:
            columns[str(task)] = outputs.probs[task]
        if task in outputs.spread:
            columns[f"{task}_sd"] = outputs.spread[task]
    if calibrated.expression is not None:
        labels = spaces.expressions.labels
        names = [expression_column(label) for label in labels]
        probs = outputs.probs[Task.EXPRESSION]
        columns |= _per_label(outputs.video, Task.EXPRESSION, names, probs)
        columns["expression"] = np.array(labels)[calibrated.expression].tolist()
    if calibrated.action_units is not None:
        names = list(spaces.action_units.labels)
        probs = outputs.probs[Task.ACTION_UNITS]
        columns |= _per_label(outputs.video, Task.ACTION_UNITS, names, probs)
        present = calibrated.action_units.astype(bool)
        decided = [f"{label}_present" for label in names]
        columns |= _per_label(outputs.video, Task.ACTION_UNITS, decided, present)
    for task in SCALE_TASKS:
        if task in outputs.probs:
            scales = list(spaces.scales(task).labels)
            columns |= _per_label(outputs.video, task, scales, outputs.probs[task])
    return columns


def _per_label(
    video: str, task: Task, names: list[str], values: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    if values.shape[1] != len(names):
        raise BadOutputs(
            f"{video}: {task} must have a column for each of {len(names)} labels, "
            f"got {values.shape[1]}"
        )
    return dict(zip(names, np.ascontiguousarray(values.T), strict=True))
