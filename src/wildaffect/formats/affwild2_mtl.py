"""s-Aff-Wild2, the multi-task track: one file of 16 fields for each split.

Layout: `training_set_annotations.txt` and `validation_set_annotations.txt` (ABAW4, 7 and
11) or `train_set.txt` and `validation_set.txt` (ABAW3). The header names five columns,
`image,valence,arousal,expression,aus`, over rows of 16 fields: image, valence, arousal,
expression code, twelve action units. Not annotated: -5 in valence or arousal, -1 in
expression or an action unit. Rows may repeat; they are kept.

Source: public parsers wtomin/ABAW3_MultiEmotionNet
(MTL/create_annotation_file/MTL/read_annotations.py) and JackYFL/EMMA_CoTEX_ABAW4
(EMMA_main.py); notebook ABAW7/mtl.ipynb of sb-ai-lab/EmotiEffLib. Different from all of
them: a mask for each field and action unit, and a value out of range is reported.
"""

from pathlib import Path

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS, ABAW_EXPRESSIONS, LabelSpaces
from wildaffect.formats.columns import (
    AROUSAL,
    VALENCE,
    Code,
    Rows,
    build_annotations,
    decode,
)
from wildaffect.formats.find import find_named
from wildaffect.formats.image_names import NAME_RULE, ImageNames, parse_image_names
from wildaffect.formats.lines import Column, Table, read_header, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading
from wildaffect.formats.text import float_strings, write_lines

HEADER = "image,valence,arousal,expression,aus"
_NUM_FIELDS = 4 + len(ABAW_ACTION_UNIT_NUMBERS)
_FULL_HEADER = "image,valence,arousal,expression," + ",".join(
    f"AU{number}" for number in ABAW_ACTION_UNIT_NUMBERS
)
EXPRESSION = Code(name="expression", low=0, high=len(ABAW_EXPRESSIONS) - 1, missing=(-1,))
ACTION_UNITS = tuple(
    Code(name=f"AU{number}", low=0, high=1, missing=(-1,))
    for number in ABAW_ACTION_UNIT_NUMBERS
)
_FILES = {
    "training_set_annotations.txt": "train",
    "train_set_annotations.txt": "train",
    "train_set.txt": "train",
    "validation_set_annotations.txt": "val",
    "val_set_annotations.txt": "val",
    "validation_set.txt": "val",
    "test_set_annotations.txt": "test",
}


def read_mtl(path: Path, split: str = "") -> Reading:
    """Read one annotation file.

    Args:
        path: Annotation file.
        split: Name of the split, for messages; the file's name if empty.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If the header differs, or no row can be read.
    """
    data = read_text(path)
    header = read_header(path, data)
    if not _is_header(header):
        raise BadAnnotation(
            path, 1, f"the header must read {HEADER!r}, got {header[:80]!r}"
        )
    table = split_rows(path, data, num_fields=_NUM_FIELDS)
    num_rows = len(table.lines) + len(table.problems)
    names = parse_image_names(table.columns[0])
    bad_names: list[Problem] = []
    if not names.valid.all():
        table, bad_names = _drop_bad_names(table, names)
        names = parse_image_names(table.columns[0])
    if not len(table.lines):
        raise BadAnnotation(
            path,
            2,
            f"a row must be an image and {_NUM_FIELDS - 1} numbers, got no such row",
        )
    fields, complaints = _decode(table)
    annotations = build_annotations(
        Rows(
            source=f"s-Aff-Wild2 {split or path.name}",
            videos=names.videos,
            video_index=names.video_index,
            frame_number=names.frame_number,
            images=table.columns[0].strings(),
            lines=table.lines,
            files=(str(path),) * len(names.videos),
        ),
        valence=fields[0],
        arousal=fields[1],
        expression=fields[2],
        action_units=fields[3:],
    )
    problems = sorted([*table.problems, *bad_names, *complaints], key=lambda p: p.line)
    return Reading(annotations=annotations, problems=tuple(problems), num_rows=num_rows)


def write_mtl(annotations: Annotations, path: Path) -> None:
    """Write the file so that `read_mtl` returns the same annotations.

    Raises:
        ValueError: If the label spaces are not those of ABAW.
        OutputError: If the file cannot be written.
    """
    if annotations.spaces != LabelSpaces():
        raise ValueError(
            f"{annotations.source}: label spaces must be those of ABAW, got "
            f"{annotations.spaces.expressions.name!r} and "
            f"{annotations.spaces.action_units.name!r}; map them first"
        )
    a = annotations
    expression = np.where(a.expression.valid, a.expression.values, -1).tolist()
    units = np.where(a.action_units.valid, a.action_units.values, -1)
    unit_strings = [",".join(map(str, row)) for row in units.tolist()]
    rows = zip(
        a.images,
        float_strings(a.valence, "-5.0"),
        float_strings(a.arousal, "-5.0"),
        map(str, expression),
        unit_strings,
        strict=True,
    )
    write_lines(path, [HEADER, *map(",".join, rows)])


def find_mtl(root: Path) -> dict[str, Path]:
    """Return the annotation files below `root` by split.

    A single file is recognized by its header and may have any name.
    """
    if root.is_file() and root.name not in _FILES:
        with root.open("rb") as file:
            line = file.readline(1 << 10).decode("utf-8", errors="replace")
        return {root.stem: root} if _is_header(line.removeprefix("\ufeff")) else {}
    return find_named(root, _FILES)


def _is_header(line: str) -> bool:
    names = line.strip().replace(" ", "").rstrip(",").lower()
    return names in {HEADER, _FULL_HEADER.lower()}


def _drop_bad_names(table: Table, names: ImageNames) -> tuple[Table, list[Problem]]:
    problems = [
        Problem(
            table.path,
            int(table.lines[row]),
            Kind.BAD_NAME,
            f"{NAME_RULE}, got {table.columns[0][row][:60]!r}",
        )
        for row in np.flatnonzero(~names.valid).tolist()
    ]
    columns = tuple(column.keep(names.valid) for column in table.columns)
    kept = Table(
        path=table.path,
        columns=columns,
        lines=table.lines[names.valid],
        problems=table.problems,
    )
    return kept, problems


def _decode(table: Table) -> tuple[list[TaskColumn], list[Problem]]:
    codes = (VALENCE, AROUSAL, EXPRESSION, *ACTION_UNITS)
    fields: list[TaskColumn] = []
    complaints: list[Problem] = []
    column: Column
    for column, code in zip(table.columns[1:], codes, strict=True):
        field, found = decode(column, code, path=table.path, lines=table.lines)
        fields.append(field)
        complaints += found
    return fields, complaints


FORMAT = Format(
    first_frame=1,
    name="affwild2-mtl",
    title="s-Aff-Wild2, multi-task track",
    layout="training_set_annotations.txt and validation_set_annotations.txt "
    "(ABAW3: train_set.txt, validation_set.txt)",
    find=find_mtl,
    read=read_mtl,
    image_folders=("cropped_aligned", "cropped_aligned_images", "cropped", "images"),
)
