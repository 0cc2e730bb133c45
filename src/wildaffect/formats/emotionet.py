"""EmotioNet: photographs with action units, as the 2017 and later challenges gave them.

Layout: `dataFile_*.txt` without header, 62 fields separated by tabs or blanks: the address
    of
the image, its original address, then action units 1 to 60 in order; 1 active, 0 not,
999 or -1 not annotated. Images are expected as `images/<what follows "Images/" in the first
address>`, or by file name where the address has no such part. Fields 51 to 56 are head
movements and are not read; units that were never annotated are not in
`EMOTIONET_ACTION_UNITS`. Most files were annotated by an algorithm, `dataFile_1000.txt`
(split `val`) by people.

Source: Fabian Benitez-Quiroz, Srinivasan and Martinez, CVPR 2016; positions as public
scripts for `emotioNet_challenge_files_server_challenge_1.2` read them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, build_annotations, decode
from wildaffect.formats.find import walk_folders
from wildaffect.formats.image_sets import check_image_names, image_rows
from wildaffect.formats.labels import EMOTIONET_ACTION_UNITS, unit_number
from wildaffect.formats.lines import Column, read_text, split_rows
from wildaffect.formats.problems import Format, Reading

_NUM_FIELDS = 62
_MANUAL = "dataFile_1000.txt"
_SPACES = LabelSpaces(action_units=EMOTIONET_ACTION_UNITS)


def read_emotionet_file(path: Path, split: str = "") -> Reading:
    """Read one `dataFile_*.txt`.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If no line has 62 fields.
    """
    data = b"\n".join(b"\t".join(line.split()) for line in read_text(path).split(b"\n"))
    table = split_rows(path, data, num_fields=_NUM_FIELDS, skip=0, separator="\t")
    if not len(table.lines):
        raise BadAnnotation(
            path, 1, f"a line must have {_NUM_FIELDS} fields, got none such"
        )
    addresses = table.columns[0]
    names = Column(
        tokens=tuple(image_of(address) for address in addresses.tokens),
        codes=addresses.codes,
    )
    good, bad = check_image_names(names, path=str(path), lines=table.lines)
    lines = table.lines[good]
    fields, problems = [], [*table.problems, *bad]
    for label in EMOTIONET_ACTION_UNITS.labels:
        code = Code(name=label, low=0, high=1, missing=(-1, 999))
        column = table.columns[1 + unit_number(label)].keep(good)
        field, found = decode(column, code, path=str(path), lines=lines)
        fields.append(field)
        problems += found
    annotations = build_annotations(
        image_rows(
            f"EmotioNet {split or path.name}",
            names.keep(good).strings(),
            lines=lines,
            file=str(path),
        ),
        _SPACES,
        action_units=fields,
    )
    return Reading(
        annotations=annotations,
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
        num_rows=len(table.lines) + len(table.problems),
    )


def image_of(address: str) -> str:
    """Return the expected path of the image of an address, below the image folder."""
    _, found, below = address.partition("/Images/")
    return below if found else address.rpartition("/")[2]


def read_emotionet(folder: Path, split: str) -> Reading:
    """Read the files of a split: `val` is the file annotated by people.

    Raises:
        MissingData: If there is no such file.
        BadAnnotation: If a file has no line of 62 fields.
    """
    paths = [p for p in _files(folder) if (p.name == _MANUAL) == (split == "val")]
    if not paths:
        raise MissingData(f"{folder}: must hold dataFile_*.txt of {split}, got none")
    readings = [read_emotionet_file(path, split) for path in paths]
    return _concatenate(readings, f"EmotioNet {split}")


def find_emotionet(root: Path) -> dict[str, Path]:
    """Return the folder of the files, for each existing split."""
    for folder, names in walk_folders(root):
        files = [name for name in names if _is_data_file(name)]
        if files:
            splits = {"val" if name == _MANUAL else "train" for name in files}
            return dict.fromkeys(sorted(splits), folder)
    return {}


def _concatenate(readings: list[Reading], source: str) -> Reading:
    parts = [reading.annotations for reading in readings]
    files: dict[str, str] = {}
    for part in parts:
        for video, file in zip(part.videos, part.files, strict=True):
            files.setdefault(video, file)
    rows = image_rows(
        source,
        [image for part in parts for image in part.images],
        lines=np.concatenate([part.lines for part in parts]),
        file="",
    )
    units = TaskColumn.concatenate([part.action_units for part in parts])
    annotations = build_annotations(
        replace(rows, files=[files[video] for video in rows.videos]),
        _SPACES,
        action_units=[
            TaskColumn(units.values[:, column].astype(float), units.valid[:, column])
            for column in range(units.valid.shape[1])
        ],
    )
    return Reading(
        annotations=annotations,
        problems=tuple(p for reading in readings for p in reading.problems),
        num_rows=sum(reading.num_rows for reading in readings),
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.txt") if _is_data_file(path.name))


def _is_data_file(name: str) -> bool:
    return name.startswith("dataFile_") and name.endswith(".txt")


FORMAT = Format(
    name="emotionet",
    title="EmotioNet challenge",
    layout="dataFile_*.txt, images in images/",
    find=find_emotionet,
    read=read_emotionet,
    image_folders=("images", "Images"),
    is_video=False,
)
