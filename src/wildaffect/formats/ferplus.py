"""FER+: votes of ten people for each photograph of FER2013.

Layout: `fer2013new.csv` with the header `Usage,Image name,neutral,happiness,surprise,
sadness,anger,disgust,fear,contempt,unknown,NF`; `Usage` is Training, PublicTest or
PrivateTest; images are `FER2013{Train,Valid,Test}/<Image name>`. Rows without an image name
are photographs that the authors removed.

Majority rule: single votes are dropped, then a class counts if it has more than half of the
votes that are left, "unknown" and "NF" among them; every other image is unlabeled.

Source: file and rule of microsoft/FERPlus (README.md and the majority mode of
src/ferplus.py), after Barsoum et al., ICMI 2016.
"""

from pathlib import Path

import numpy as np

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, build_annotations, decode
from wildaffect.formats.find import find_named
from wildaffect.formats.image_sets import check_image_names, image_rows
from wildaffect.formats.labels import FERPLUS_EXPRESSIONS
from wildaffect.formats.lines import Column, read_header, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading

_VOTES = (*(label.lower() for label in FERPLUS_EXPRESSIONS.labels), "unknown", "nf")
_HEADER = ("usage", "image name", *_VOTES)
_USAGE = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
_FOLDERS = {
    "Training": "FER2013Train",
    "PublicTest": "FER2013Valid",
    "PrivateTest": "FER2013Test",
}
_SPACES = LabelSpaces(expressions=FERPLUS_EXPRESSIONS)


def read_ferplus(path: Path, split: str) -> Reading:
    """Read the rows of one split.

    Args:
        path: `fer2013new.csv`.
        split: `train`, `val` or `test`; lines that belong to none are reported with
            `train`.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If the header differs, or no row can be read.
    """
    data = read_text(path)
    header = read_header(path, data)
    if tuple(name.strip().lower() for name in header.split(",")) != _HEADER:
        raise BadAnnotation(
            path, 1, f"the header must read {','.join(_HEADER)!r}, got {header[:80]!r}"
        )
    table = split_rows(path, data, num_fields=len(_HEADER))
    if not len(table.lines):
        raise BadAnnotation(path, 2, "a row must have a use, a name and votes, got none")
    usage, names = table.columns[0], table.columns[1]
    splits = np.array([_USAGE.get(token, "") for token in usage.tokens])[usage.codes]
    is_removed = np.array([not token for token in names.tokens])[names.codes]
    named, bad = check_image_names(names, path=str(path), lines=table.lines)
    bad = [problem for problem in bad if not is_removed[_row(table.lines, problem)]]
    lost = [*table.problems, *bad, *_unknown_usage(usage, splits, named, table.lines, path)]
    rows = named & (splits == split)
    votes, complaints = _decode_votes(
        [column.keep(rows) for column in table.columns[2:]], str(path), table.lines[rows]
    )
    annotations = build_annotations(
        image_rows(
            f"FER+ {split}",
            [
                f"{_FOLDERS[use]}/{name}"
                for use, name in zip(
                    usage.keep(rows).strings(), names.keep(rows).strings(), strict=True
                )
            ],
            lines=table.lines[rows],
            file=str(path),
        ),
        _SPACES,
        expression=majority(votes),
    )
    lost = lost if split == "train" else []
    return Reading(
        annotations=annotations,
        problems=(*lost, *complaints),
        num_rows=int(rows.sum()) + len(lost),
    )


def majority(votes: TaskColumn) -> TaskColumn:
    """Return the class with more than half of the votes.

    Args:
        votes: Counts of the ten columns, shape (N, 10), single votes included.
    """
    counts = np.where(votes.values > 1, votes.values, 0.0)
    winner = counts.argmax(axis=1)
    has_majority = counts.max(axis=1, initial=0) > 0.5 * counts.sum(axis=1)
    is_expression = winner < len(FERPLUS_EXPRESSIONS)
    valid = has_majority & is_expression & votes.valid.all(axis=1)
    return TaskColumn(values=np.where(valid, winner, 0).astype(float), valid=valid)


def find_ferplus(root: Path) -> dict[str, Path]:
    """Return the file, which is shared by all three splits."""
    found = find_named(root, {"fer2013new.csv": "train"})
    return dict.fromkeys(_USAGE.values(), found["train"]) if found else {}


def _row(lines: np.ndarray, problem: Problem) -> int:
    return int(np.searchsorted(lines, problem.line))


def _unknown_usage(
    usage: Column, splits: np.ndarray, named: np.ndarray, lines: np.ndarray, path: Path
) -> list[Problem]:
    return [
        Problem(
            str(path),
            int(lines[row]),
            Kind.UNREADABLE_ROW,
            f"usage must be one of {', '.join(_USAGE)}, got {usage[row][:40]!r}",
        )
        for row in np.flatnonzero(named & (splits == "")).tolist()
    ]


def _decode_votes(
    columns: list[Column], path: str, lines: np.ndarray
) -> tuple[TaskColumn, list[Problem]]:
    decoded = [
        decode(
            column,
            Code(name=f"votes for {name}", low=0, high=10, missing=()),
            path=path,
            lines=lines,
        )
        for name, column in zip(_VOTES, columns, strict=True)
    ]
    votes = TaskColumn(
        values=np.stack([field.values for field, _ in decoded], axis=1),
        valid=np.stack([field.valid for field, _ in decoded], axis=1),
    )
    return votes, [problem for _, found in decoded for problem in found]


FORMAT = Format(
    name="ferplus",
    title="FER+",
    layout="fer2013new.csv, images in FER2013Train/, FER2013Valid/, FER2013Test/",
    find=find_ferplus,
    read=read_ferplus,
    image_folders=("", "data", "Images", "images"),
    is_video=False,
)
