"""AffectNet: photographs with an expression, valence and arousal, in both its layouts.

CSV layout (first release): `training.csv` and `validation.csv` with the header
`subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,
valence,arousal`, images below `Manually_Annotated_Images/`; `automatically_annotated.csv`
is not read, as no person labeled it. Array layout (later release): `train_set/` and
`val_set/`, each with `images/<id>.jpg` and `annotations/<id>_{exp,val,aro,lnd}.npy`, one
value per file, stored as a string or a number.

Expression codes 0 to 7 are `AFFECTNET_EXPRESSIONS`; 8 None, 9 Uncertain and 10 No-Face are
masked. Valence and arousal are -2 where not annotated. Box and landmarks are not read: the
face chain of this package finds the face that its crops need.

Source: Mollahosseini, Hasani and Mahoor, IEEE Trans. Affective Computing 10(1), 2019
(codes); columns and array files as public loaders, such as the
tensorflow-datasets recipe `hcai_affectnet`, read them.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, build_annotations, decode
from wildaffect.formats.find import find_named, walk_folders
from wildaffect.formats.image_sets import check_image_names, image_rows
from wildaffect.formats.labels import AFFECTNET_EXPRESSIONS
from wildaffect.formats.lines import encode, read_header, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading

COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
_SPACES = LabelSpaces(expressions=AFFECTNET_EXPRESSIONS)
_NO_EXPRESSION = (8.0, 9.0, 10.0)
_CODES = (
    Code(name="expression", low=0, high=7, missing=_NO_EXPRESSION),
    Code(name="valence", low=-1, high=1, missing=(-2,), integral=False),
    Code(name="arousal", low=-1, high=1, missing=(-2,), integral=False),
)
_PARTS = ("exp", "val", "aro")
_ARRAY_BYTES = 4096
_ARRAY = re.compile(
    rb"\x93NUMPY[\x01\x02]\x00(?:..|....)\{'descr': '([<>|=]?[USfi][0-9]+)', "
    rb"'fortran_order': (?:True|False), 'shape': \(1?,?\), *\} *\n",
    re.DOTALL,
)


def read_affectnet_csv(path: Path, split: str = "") -> Reading:
    """Read one CSV.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If the header differs, or no row can be read.
    """
    data = read_text(path)
    header = read_header(path, data)
    if tuple(name.strip() for name in header.split(",")) != COLUMNS:
        raise BadAnnotation(
            path, 1, f"the header must read {','.join(COLUMNS)!r}, got {header[:80]!r}"
        )
    table = split_rows(path, data, num_fields=len(COLUMNS))
    good, bad = check_image_names(table.columns[0], path=str(path), lines=table.lines)
    lines = table.lines[good]
    if not len(lines):
        raise BadAnnotation(path, 2, "a row must describe an image, got no such row")
    columns = [column.keep(good) for column in table.columns]
    decoded = [
        decode(column, code, path=str(path), lines=lines)
        for column, code in zip(columns[-3:], _CODES, strict=True)
    ]
    annotations = build_annotations(
        image_rows(
            f"AffectNet {split or path.name}",
            columns[0].strings(),
            lines=lines,
            file=str(path),
        ),
        _SPACES,
        expression=decoded[0][0],
        valence=decoded[1][0],
        arousal=decoded[2][0],
    )
    problems = [*table.problems, *bad, *(p for _, found in decoded for p in found)]
    return Reading(
        annotations=annotations,
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
        num_rows=len(table.lines) + len(table.problems),
    )


def read_affectnet_arrays(folder: Path, split: str = "") -> Reading:
    """Read one split folder of the array layout; an image is its `_exp.npy`.

    Raises:
        MissingData: If there is no `annotations/<id>_exp.npy`.
    """
    paths = sorted((folder / "annotations").glob("*_exp.npy"))
    if not paths:
        raise MissingData(f"{folder}: must hold annotations/<id>_exp.npy, got none")
    tokens: list[list[str]] = []
    names: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        stem = path.name.removesuffix("_exp.npy")
        values = [_read_scalar(path.with_name(f"{stem}_{part}.npy")) for part in _PARTS]
        absent = [part for part, value in zip(_PARTS, values, strict=True) if value is None]
        if absent:
            text = f"must have readable {_PARTS} arrays, got none for {absent}"
            problems.append(Problem(str(path), 0, Kind.MISSING_PART, text))
            continue
        tokens.append([value or "" for value in values])
        names.append(f"{stem}.jpg")
    lines = np.zeros(len(names), np.int64)
    fields, complaints = _decode_tokens(tokens, folder, names)
    annotations = build_annotations(
        image_rows(
            f"AffectNet {split or folder.name}", names, lines=lines, file=str(folder)
        ),
        _SPACES,
        expression=fields[0],
        valence=fields[1],
        arousal=fields[2],
    )
    return Reading(
        annotations=annotations,
        problems=(*problems, *complaints),
        num_rows=len(paths),
    )


def find_affectnet_csv(root: Path) -> dict[str, Path]:
    """Return the CSV files by split, if their header is AffectNet's."""
    found = find_named(root, {"training.csv": "train", "validation.csv": "val"})
    return {split: path for split, path in found.items() if _is_affectnet(path)}


def find_affectnet_arrays(root: Path) -> dict[str, Path]:
    """Return the folders with `annotations/*_exp.npy` by split."""
    found: dict[str, Path] = {}
    for folder, files in walk_folders(root):
        name = folder.parent.name.lower()
        if folder.name == "annotations" and any(f.endswith("_exp.npy") for f in files):
            found[name.removesuffix("_set")] = folder.parent
    return found


def _decode_tokens(
    tokens: list[list[str]], folder: Path, names: list[str]
) -> tuple[list[TaskColumn], list[Problem]]:
    fields: list[TaskColumn] = []
    problems: list[Problem] = []
    where: NDArray[np.int64] = np.arange(len(names))
    for index, (part, code) in enumerate(zip(_PARTS, _CODES, strict=True)):
        column = encode(row[index] for row in tokens)
        field, found = decode(column, code, path=str(folder), lines=where)
        fields.append(field)
        for problem in found:
            stem = names[problem.line].removesuffix(".jpg")
            file = folder / "annotations" / f"{stem}_{part}.npy"
            problems.append(problem._replace(path=str(file), line=0))
    return fields, problems


def _read_scalar(path: Path) -> str | None:
    """Return the value of an array file as text, None unless it has exactly one."""
    try:
        with path.open("rb") as file:
            data = file.read(_ARRAY_BYTES)
        header = _ARRAY.match(data)
        if header is None:
            return None
        return _value(np.dtype(header[1].decode()), data[header.end() :])
    except (OSError, TypeError, ValueError, OverflowError):
        return None


def _value(dtype: np.dtype[Any], body: bytes) -> str | None:
    if not body or len(body) != dtype.itemsize:
        return None
    values = np.frombuffer(body, dtype)
    match dtype.kind:
        case "S":
            return body.rstrip(b"\0").decode()
        case "U":  # numpy accepts invalid code points here, and fails on them later
            text = values.astype(dtype.newbyteorder("<")).tobytes()
            return text.decode("utf-32-le").rstrip("\0")
        case _:
            return str(values[0])


def _is_affectnet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline(256).startswith(COLUMNS[0].encode())


CSV_FORMAT = Format(
    name="affectnet-csv",
    title="AffectNet, CSV release",
    layout="training.csv and validation.csv, images in Manually_Annotated_Images/",
    find=find_affectnet_csv,
    read=read_affectnet_csv,
    image_folders=(
        "Manually_Annotated_Images",
        "Manually_Annotated/Manually_Annotated_Images",
    ),
    is_video=False,
)
ARRAY_FORMAT = Format(
    name="affectnet-arrays",
    title="AffectNet, array release",
    layout="{train_set,val_set}/annotations/<id>_exp.npy and images/<id>.jpg",
    find=find_affectnet_arrays,
    read=read_affectnet_arrays,
    image_folders=("images",),
    is_video=False,
)
