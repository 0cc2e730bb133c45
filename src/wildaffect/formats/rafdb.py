"""RAF-DB, basic subset: photographs with one of seven expressions.

Layout: `EmoLabel/list_patition_label.txt` (spelled so), a line `train_00001.jpg 5` for
each image, code 1 to 7 of `RAFDB_EXPRESSIONS`; `train_` and `test_` name the split. Images:
`Image/aligned/train_00001_aligned.jpg` (or `Image/original/train_00001.jpg`). The compound
subset has the same file with codes up to 11: it is rejected, as its labels are not single
expressions.

Source: Li, Deng and Du, CVPR 2017; file as public loaders of the data set read it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, build_annotations, decode
from wildaffect.formats.find import find_named
from wildaffect.formats.image_sets import check_image_names, image_rows
from wildaffect.formats.labels import RAFDB_EXPRESSIONS
from wildaffect.formats.lines import Column, read_header, read_text, split_rows
from wildaffect.formats.problems import Format, Reading

_FILE = "list_patition_label.txt"
_SPACES = LabelSpaces(expressions=RAFDB_EXPRESSIONS)
_CODE = Code(name="expression", low=1, high=7, missing=())


def read_rafdb(path: Path, split: str) -> Reading:
    """Read the rows of one split (`train` or `test`); an unprefixed name counts as `train`.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If no line can be read, or the labels are compound.
    """
    data = read_text(path)
    read_header(path, data)
    table = split_rows(path, data, num_fields=2, skip=0, separator=" ")
    numbers = table.columns[1].numbers()
    compound = np.flatnonzero((numbers >= 8) & (numbers <= 11))
    if len(compound):
        raise BadAnnotation(
            path,
            int(table.lines[compound[0]]),
            f"{_CODE.rule()}, got {int(numbers[compound[0]])}; "
            "compound expressions have no counterpart: use the basic subset",
        )
    if not len(table.lines):
        raise BadAnnotation(path, 1, "a line must read '<image> <code>', got none")
    named, bad = check_image_names(table.columns[0], path=str(path), lines=table.lines)
    rows = named & _is_in(split, table.columns[0])
    images = [_aligned(name) for name in table.columns[0].keep(rows).strings()]
    lines = table.lines[rows]
    field, complaints = decode(
        table.columns[1].keep(rows), _CODE, path=str(path), lines=lines
    )
    annotations = build_annotations(
        image_rows(f"RAF-DB {split}", images, lines=lines, file=str(path)),
        _SPACES,
        expression=TaskColumn(values=np.maximum(field.values - 1, 0), valid=field.valid),
    )
    # Lines that cannot be read belong to no split; the training split reports them.
    lost = (*table.problems, *bad) if split == "train" else ()
    return Reading(
        annotations=annotations,
        problems=(*lost, *complaints),
        num_rows=len(lines) + len(lost),
    )


def find_rafdb(root: Path) -> dict[str, Path]:
    """Return the label file, which is shared by both splits."""
    found = find_named(root, {_FILE: "train"})
    return {"train": found["train"], "test": found["train"]} if found else {}


def _is_in(split: str, names: Column) -> NDArray[np.bool_]:
    """Return the rows of a split; names without a prefix count as training."""
    is_test = [token.startswith("test_") for token in names.tokens]
    return (np.array(is_test, bool) == (split == "test"))[names.codes]


def _aligned(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}_aligned.{suffix}"


FORMAT = Format(
    name="rafdb",
    title="RAF-DB, basic subset",
    layout="EmoLabel/list_patition_label.txt, images in Image/aligned/",
    find=find_rafdb,
    read=read_rafdb,
    image_folders=("Image/aligned", "basic/Image/aligned", "aligned"),
    is_video=False,
)
