"""BP4D: 41 people in eight tasks, action units of about 20 s of each video.

Layout: `AUCoding/AU_OCC/F001_T1.csv` (or `AUCoding/F001_T1.csv`): a header of unit
numbers whose first field belongs to the frame, then `<frame>,<0|1|9>,...`, 9 not coded.
Intensity of five units: `AUCoding/AU_INT/AU06/F001_T1_AU06.csv`, lines `<frame>,<0-5|9>`
without header. Images: `<subject>/<task>/<frame>.jpg`, with or without leading zeros. The
person is the part of the name before the underscore. There is no official split: all rows
are in `all`.

Occurrence is intensity 2 or more for units and videos that have an intensity file, and
the coder's occurrence code, which begins at intensity 1, for the others; a note lists them.
Of the coded units, the twelve of `BP4D_ACTION_UNITS` are read.

Source: Zhang et al., Image and Vision Computing 32(10), 2014; files as public scripts
(rPPG-Toolbox, JAA-Net, ME-GraphAU data preparation) read them.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, Rows, build_annotations, decode
from wildaffect.formats.disfa import occurrence, read_numbered
from wildaffect.formats.find import find_folder
from wildaffect.formats.labels import BP4D_ACTION_UNITS, unit_number
from wildaffect.formats.lines import Table, read_header, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading

_SPACES = LabelSpaces(action_units=BP4D_ACTION_UNITS)
_NOT_CODED = 9.0


def read_bp4d(folder: Path, split: str = "all") -> Reading:
    """Read `AUCoding`.

    Raises:
        MissingData: If there is no occurrence file.
        BadAnnotation: If a header has no unit numbers or lacks one of the twelve, or a
            frame is repeated.
    """
    files = _occurrence_files(folder)
    if not files:
        raise MissingData(f"{folder}: must hold AU_OCC/<subject>_<task>.csv, got none")
    parts = [_read_video(path, folder) for path in files]
    videos = ["/".join(path.stem.split("_", 1)) for path in files]
    lengths = [len(part[0]) for part in parts]
    rows = Rows(
        source=f"BP4D {split}",
        videos=videos,
        video_index=np.repeat(np.arange(len(videos)), lengths),
        frame_number=np.concatenate([part[0] for part in parts]),
        images=[
            f"{video}/{number}.jpg"
            for video, part in zip(videos, parts, strict=True)
            for number in part[0].tolist()
        ],
        lines=np.concatenate([part[1] for part in parts]),
        files=[str(path) for path in files],
        subjects=[video.split("/")[0] for video in videos],
    )
    fields = [
        TaskColumn(
            values=np.concatenate([part[2][column].values for part in parts]),
            valid=np.concatenate([part[2][column].valid for part in parts]),
        )
        for column in range(len(BP4D_ACTION_UNITS))
    ]
    problems = tuple(problem for part in parts for problem in part[3])
    lost = sum(problem.kind.loses_row for problem in problems)
    return Reading(
        annotations=build_annotations(rows, _SPACES, action_units=fields),
        problems=problems,
        num_rows=len(rows) + lost,
    )


def find_bp4d(root: Path) -> dict[str, Path]:
    """Return the coding folder as the only split."""
    folder = find_folder(root, "AUCoding")
    if folder is None:
        return {}
    nested = folder / folder.name  # some copies nest the folder in itself
    return {"all": nested if nested.is_dir() else folder}


def _occurrence_files(folder: Path) -> list[Path]:
    inner = folder / "AU_OCC"
    return sorted((inner if inner.is_dir() else folder).glob("*_T*.csv"))


def _read_video(
    path: Path, folder: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[TaskColumn], list[Problem]]:
    table, position = _read_occurrence(path)
    code = Code(name="frame", low=0, high=10**8, missing=())
    frames, complaints = decode(table.columns[0], code, path=str(path), lines=table.lines)
    keep = frames.valid
    numbers = frames.values[keep].astype(np.int64)
    if len(np.unique(numbers)) != len(numbers):
        row = _first_repeat(numbers)
        line = int(table.lines[keep][row])
        raise BadAnnotation(
            path, line, f"a frame must stand once, got {numbers[row]} again"
        )
    problems = [
        *table.problems,
        *(problem._replace(kind=Kind.BAD_NAME) for problem in complaints),
    ]
    fields: list[TaskColumn] = []
    by_intensity: list[str] = []
    for label in BP4D_ACTION_UNITS.labels:
        unit = Code(name=label, low=0, high=1, missing=(_NOT_CODED,))
        column = table.columns[position[label]].keep(keep)
        field, found = decode(column, unit, path=str(path), lines=table.lines[keep])
        intensity = folder / "AU_INT" / label / f"{path.stem}_{label}.csv"
        if intensity.is_file():
            field, found = _read_intensity(intensity, numbers, label)
            by_intensity.append(label)
        fields.append(field)
        problems += found
    if by_intensity:
        text = f"occurrence is intensity >= 2 for {', '.join(by_intensity)} only"
        problems.append(Problem(str(path), 0, Kind.MIXED_CRITERION, text))
    return numbers, table.lines[keep], fields, problems


def _read_occurrence(path: Path) -> tuple[Table, dict[str, int]]:
    data = read_text(path)
    header = [name.strip() for name in read_header(path, data).split(",")]
    position = {}
    for label in BP4D_ACTION_UNITS.labels:
        number = str(unit_number(label))
        if number not in header[1:]:
            raise BadAnnotation(
                path,
                1,
                f"the header must number the units, AU {number} among them, got "
                f"{','.join(header)[:80]!r}",
            )
        position[label] = header.index(number, 1)
    return split_rows(path, data, num_fields=len(header)), position


def _read_intensity(
    path: Path, frames: NDArray[np.int64], label: str
) -> tuple[TaskColumn, list[Problem]]:
    table, numbers, complaints = read_numbered(path, "frame")
    code = Code(name=f"intensity of {label}", low=0, high=5, missing=(_NOT_CODED,))
    field, found = decode(table.columns[1], code, path=str(path), lines=table.lines)
    # A line that is lost here loses a value, not a row.
    lost = [p._replace(kind=Kind.UNREADABLE_VALUE) for p in table.problems]
    lost += [*complaints, *found]
    order = np.argsort(numbers)
    place = np.searchsorted(numbers[order], frames).clip(max=max(len(numbers) - 1, 0))
    if not len(numbers):
        nothing = np.zeros(len(frames))
        return TaskColumn(values=nothing, valid=nothing.astype(bool)), lost
    row = order[place]
    valid = field.valid[row] & (numbers[row] == frames)
    aligned = TaskColumn(values=np.where(valid, field.values[row], 0.0), valid=valid)
    return occurrence(aligned), lost


def _first_repeat(numbers: NDArray[np.int64]) -> int:
    _, first = np.unique(numbers, return_index=True)
    return int(np.setdiff1d(np.arange(len(numbers)), first)[0])


FORMAT = Format(
    name="bp4d",
    title="BP4D",
    layout="AUCoding/AU_OCC/<subject>_<task>.csv, images <subject>/<task>/<frame>.jpg",
    find=find_bp4d,
    read=read_bp4d,
    image_folders=("Sequences(2D+3D)", "BP4D-training", "images", ""),
)
