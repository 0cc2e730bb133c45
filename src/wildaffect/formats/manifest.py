"""A plain table for custom data: `manifest.csv` or `manifest.parquet`.

Columns, in any order; blank (null) means not annotated:
  `image`       file below the folder of the manifest; without it and `frame`, each row
                labels a whole video
  `video`       recording, one person each; the image's own name if there is no column
  `frame`       number of the frame in its video; needed if there is `video`
  `subject`     person; the video's name if there is no column
  `split`       such as train, val, test; everything is `all` if there is no column
  `valence`, `arousal`  in [-1, 1]
  `expression`  class name of ABAW; for classes of another label space the column is
                called `expression[<label space>]`, such as
                `expression[affectnet-expressions-8]`, or lists its classes
  `votes:Happiness`, ...  votes of observers for classes of the label space: see `votes`
  `AU01`, ...   0 or 1; any units, in the order of the columns
  others        attributes, intensities and ratings of your own: see `label_columns`
Any other column is an error. CSV is UTF-8 with commas and without quotes.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import LabelSpace
from wildaffect.formats.columns import (
    Code,
    Rows,
    build_annotations,
    decode,
    decode_or_blank,
)
from wildaffect.formats.find import find_named
from wildaffect.formats.image_sets import check_image_names, check_video_names, image_rows
from wildaffect.formats.label_columns import is_intensity, occurrence_label, scale_of
from wildaffect.formats.lines import Column
from wildaffect.formats.manifest_columns import ManifestColumns, read_columns
from wildaffect.formats.problems import Format, Kind, Problem, Reading
from wildaffect.formats.votes import is_votes, read_votes, with_votes

_VALUE = {
    name: Code(name=name, low=-1, high=1, missing=(), integral=False)
    for name in ("valence", "arousal")
}
_FRAME = Code(name="frame", low=0, high=10**9, missing=())


def read_manifest(path: Path, split: str = "all") -> Reading:
    """Read the rows of one split.

    Args:
        path: The CSV or Parquet file.
        split: Value of the `split` column; `all` reads all rows. Lines that cannot be read
            belong to no split: they are reported with the first split.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If a column is unknown or a required column is missing.
    """
    table = read_columns(path)
    check, names = check_image_names, table.named.get("image")
    if names is None:
        check, names = check_video_names, table.named["video"]
    good, lost = check(names, path=str(path), lines=table.lines)
    lost = [*table.problems, *lost]
    if "frame" in table.named:
        frames, bad = decode(
            table.named["frame"], _FRAME, path=str(path), lines=table.lines
        )
        lost += [
            problem._replace(kind=Kind.BAD_NAME)
            for problem in bad
            if good[int(np.searchsorted(table.lines, problem.line))]
        ]
        good &= frames.valid
    splits = _splits(table)
    if split != "all":
        column = table.named["split"]
        good &= np.array([token == split for token in column.tokens])[column.codes]
        lost = lost if split == next(iter(splits), split) else []
    return _to_reading(table, good, lost, split)


def find_manifest(root: Path) -> dict[str, Path]:
    """Return the manifest for each of its splits."""
    names = {"manifest.csv": "all", "manifest.parquet": "all"}
    if root.is_file() and root.suffix in {".csv", ".parquet"}:
        return dict.fromkeys(_splits(read_columns(root)) or ["all"], root)
    found = find_named(root, names)
    if not found:
        return {}
    return dict.fromkeys(_splits(read_columns(found["all"])) or ["all"], found["all"])


def _splits(table: ManifestColumns) -> list[str]:
    return list(table.named["split"].tokens) if "split" in table.named else []


def _to_reading(
    table: ManifestColumns, good: NDArray[np.bool_], lost: list[Problem], split: str
) -> Reading:
    path, lines = table.path, table.lines[good]
    problems = list(lost)
    named = {name: column.keep(good) for name, column in table.named.items()}
    values: dict[str, TaskColumn | None] = {}
    for name, code in _VALUE.items():
        values[name] = None
        if name in named:
            values[name], found = decode_or_blank(named[name], code, path=path, lines=lines)
            problems += found
    units: list[TaskColumn] = []
    dimensions: list[TaskColumn] = []
    intensities: list[TaskColumn] = []
    for name, column in named.items():
        if is_votes(name):
            continue
        scale, label = scale_of(Path(path), name), occurrence_label(name)
        if scale:
            code = Code(
                name=name, low=scale.low, high=scale.high, missing=(), integral=False
            )
            fields = intensities if is_intensity(scale.label) else dimensions
        elif label:
            advice = f"; strengths belong in a column {label}_intensity"
            code = Code(name=label, low=0, high=1, missing=(), advice=advice)
            fields = units
        else:
            continue
        field, found = decode_or_blank(column, code, path=path, lines=lines)
        fields.append(field)
        problems += found
    expression = None
    if table.expression_name:
        column = named[table.expression_name]
        expression, found = _decode_names(column, table.spaces.expressions, path, lines)
        problems += found
    shares = None
    if any(map(is_votes, named)):
        space = table.spaces.expressions
        votes, found = read_votes(named, space, path=path, lines=lines)
        problems += found
        expression, shares, found = with_votes(
            expression, votes, space, path=path, lines=lines
        )
        problems += found
    annotations = build_annotations(
        _rows(table, named, lines, split),
        table.spaces,
        valence=values["valence"],
        arousal=values["arousal"],
        expression=expression,
        action_units=units,
        dimensions=dimensions,
        intensities=intensities,
    )
    return Reading(
        annotations=replace(annotations, expression_shares=shares),
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
        num_rows=len(lines) + len(lost),
    )


def _rows(
    table: ManifestColumns, named: dict[str, Column], lines: NDArray[np.int64], split: str
) -> Rows:
    source = f"{Path(table.path).name} {split}"
    images = named["video" if table.clip_level else "image"].strings()
    if "video" not in named:
        return image_rows(source, images, lines=lines, file=table.path)
    place: dict[str, int] = {}
    names = named["video"].strings()
    index = [place.setdefault(name, len(place)) for name in names]
    subjects: dict[str, str] = {}
    people = named.get("subject", named["video"]).strings()
    for row, (name, person) in enumerate(zip(names, people, strict=True)):
        if subjects.setdefault(name, person) != person:
            raise BadAnnotation(
                table.path,
                int(lines[row]),
                f"a video must be of one person, got {person!r} after "
                f"{subjects[name]!r} in {name!r}; give each person a video of their own",
            )
    return Rows(
        source=source,
        videos=list(place),
        video_index=np.array(index, np.int64),
        frame_number=np.zeros(len(lines), np.int64)
        if table.clip_level
        else named["frame"].numbers().astype(np.int64),
        images=images,
        lines=lines,
        files=(table.path,) * len(place),
        subjects=[subjects[name] or name for name in place],
        clip_level=table.clip_level,
    )


def _decode_names(
    column: Column, space: LabelSpace, path: str, lines: NDArray[np.int64]
) -> tuple[TaskColumn, list[Problem]]:
    codes = {label: code for code, label in enumerate(space.labels)}
    known = np.array([codes.get(token, -1) for token in column.tokens], np.int64)
    value = known[column.codes]
    blank = np.array([not token for token in column.tokens], bool)[column.codes]
    problems = [
        Problem(
            path,
            int(lines[row]),
            Kind.OUT_OF_RANGE,
            f"expression must be one of {', '.join(space.labels)}, got "
            f"{column[row][:40]!r}",
        )
        for row in np.flatnonzero((value < 0) & ~blank).tolist()
    ]
    return TaskColumn(values=np.maximum(value, 0).astype(float), valid=value >= 0), problems


FORMAT = Format(
    name="manifest",
    title="plain manifest",
    layout="manifest.csv or manifest.parquet (columns: docs/data.md)",
    find=find_manifest,
    read=read_manifest,
    image_folders=("",),
)
