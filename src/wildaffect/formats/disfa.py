"""DISFA: 27 people on video, the intensity of twelve action units in every frame.

Layout: `ActionUnit_Labels/SN001/SN001_au1.txt` and so on for twelve units: lines
`<frame>,<intensity>` without header, frames from 1, intensity 0 to 5. Videos:
`Videos_LeftCamera/LeftVideoSN001_comp.avi` (and the right camera); image sets:
`<image folder>/SN001/<frame, 5 digits>.jpg`. Occurrence is intensity 2 or more, as action
units of DISFA are commonly reported. There is no official split: all rows are in `all`.

Source: Mavadati et al., IEEE Trans. Affective Computing 4(2), 2013; files as public
scripts (OpenFace model_training/AU_training, FG-Net) read them.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, Rows, build_annotations, decode
from wildaffect.formats.find import find_folder
from wildaffect.formats.image_names import image_name
from wildaffect.formats.labels import DISFA_ACTION_UNITS, unit_number
from wildaffect.formats.lines import Table, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading

OCCURRENCE = 2
"""Minimum intensity that counts as occurrence."""
_SPACES = LabelSpaces(action_units=DISFA_ACTION_UNITS)


def read_disfa(folder: Path, split: str = "all") -> Reading:
    """Read `ActionUnit_Labels`.

    A frame is a row if the first unit's file has it; `lines` count in that file.

    Raises:
        MissingData: If there is no subject folder, or a unit's file is missing.
        BadAnnotation: If the files of a subject have different or repeated frame numbers,
            so that their lines cannot be matched.
    """
    subjects = sorted(path for path in folder.glob("SN*") if path.is_dir())
    if not subjects:
        raise MissingData(f"{folder}: must hold a folder SN001 or so, got none")
    parts = [_read_subject(path) for path in subjects]
    frames = [part[0] for part in parts]
    videos = [path.name for path in subjects]
    columns = len(DISFA_ACTION_UNITS)
    rows = Rows(
        source=f"DISFA {split}",
        videos=videos,
        video_index=np.repeat(np.arange(len(videos)), [len(f) for f in frames]),
        frame_number=np.concatenate(frames),
        images=[
            image_name(video, number)
            for video, numbers in zip(videos, frames, strict=True)
            for number in numbers.tolist()
        ],
        lines=np.concatenate([part[3] for part in parts]),
        files=[str(_label_file(path, DISFA_ACTION_UNITS.labels[0])) for path in subjects],
    )
    fields = [
        TaskColumn(
            values=np.concatenate([part[1][column].values for part in parts]),
            valid=np.concatenate([part[1][column].valid for part in parts]),
        )
        for column in range(columns)
    ]
    problems = tuple(problem for part in parts for problem in part[2])
    lost = sum(problem.kind.loses_row for problem in problems)
    return Reading(
        annotations=build_annotations(rows, _SPACES, action_units=fields),
        problems=problems,
        num_rows=len(rows) + lost,
    )


def occurrence(intensity: TaskColumn) -> TaskColumn:
    """Return 1 where the intensity is 2 or more."""
    return TaskColumn(
        values=(intensity.values >= OCCURRENCE).astype(float), valid=intensity.valid
    )


def find_disfa(root: Path) -> dict[str, Path]:
    """Return the label folder as the only split."""
    folder = find_folder(root, "ActionUnit_Labels")
    return {"all": folder} if folder else {}


def read_numbered(path: Path, names: str) -> tuple[Table, NDArray[np.int64], list[Problem]]:
    """Read lines `<frame>,<value>` without header, in files of DISFA and BP4D.

    Returns:
        The table, the frame of each row (0 where unreadable), and a problem for each line
        whose frame cannot be read.

    Raises:
        BadAnnotation: If a frame is repeated.
    """
    table = split_rows(path, read_text(path), num_fields=2, skip=0)
    code = Code(name=names, low=0, high=10**8, missing=())
    field, problems = decode(table.columns[0], code, path=str(path), lines=table.lines)
    frames = np.where(field.valid, field.values, -1).astype(np.int64)
    distinct, first, counts = np.unique(frames, return_index=True, return_counts=True)
    repeated = (counts > 1) & (distinct >= 0)
    if repeated.any():
        number = int(distinct[repeated][0])
        row = int(np.flatnonzero(frames == number)[1])
        raise BadAnnotation(
            path,
            int(table.lines[row]),
            f"a frame must stand once, got {number} again (first in line "
            f"{int(table.lines[first[repeated][0]])})",
        )
    return table, frames, problems


def _read_subject(
    folder: Path,
) -> tuple[NDArray[np.int64], list[TaskColumn], list[Problem], NDArray[np.int64]]:
    frames: NDArray[np.int64] | None = None
    lines = np.zeros(0, np.int64)
    fields: list[TaskColumn] = []
    problems: list[Problem] = []
    for label in DISFA_ACTION_UNITS.labels:
        path = _label_file(folder, label)
        table, numbers, complaints = read_numbered(path, "frame")
        if frames is None:
            frames, lines = numbers[numbers >= 0], table.lines[numbers >= 0]
            problems += _as_lost(table.problems, complaints)
        code = Code(name=f"intensity of {label}", low=0, high=5, missing=())
        field, found = decode(table.columns[1], code, path=str(path), lines=table.lines)
        fields.append(occurrence(_align(field, numbers, frames, path)))
        problems += found
    return frames if frames is not None else lines, fields, problems, lines


def _as_lost(rows: tuple[Problem, ...], names: list[Problem]) -> list[Problem]:
    return [*rows, *(problem._replace(kind=Kind.BAD_NAME) for problem in names)]


def _align(
    field: TaskColumn, numbers: NDArray[np.int64], frames: NDArray[np.int64], path: Path
) -> TaskColumn:
    """Return the field in the order of `frames`."""
    if not np.array_equal(np.sort(numbers[numbers >= 0]), np.sort(frames)):
        differing = np.setxor1d(numbers[numbers >= 0], frames)
        raise BadAnnotation(
            path,
            1,
            f"the files of a subject must number the same frames, got frame "
            f"{int(differing[0])} in one only",
        )
    order = np.argsort(numbers)[len(numbers) - len(frames) :]
    place = np.argsort(np.argsort(frames))
    return TaskColumn(values=field.values[order][place], valid=field.valid[order][place])


def _label_file(folder: Path, label: str) -> Path:
    return folder / f"{folder.name}_au{unit_number(label)}.txt"


FORMAT = Format(
    first_frame=1,
    name="disfa",
    title="DISFA",
    layout="ActionUnit_Labels/SN001/SN001_au1.txt and so on",
    find=find_disfa,
    read=read_disfa,
    image_folders=("images", "Images", "aligned_images"),
)
