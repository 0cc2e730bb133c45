"""Shared code of the readers of the single-task tracks of Aff-Wild2.

Layout: `<track folder>/{Train_Set,Validation_Set}/<video>[_left|_right].txt`, one file per
person of a video: a header, then one line per frame. Line i after the header (from 1)
belongs to frame i of the video and to `cropped_aligned/<video>/<i:05d>.jpg`. There are
fewer or more images than lines (faces not found, decoders off by one): rows and images
are paired by that number, never by position.

Source: public parsers wtomin/ABAW3_MultiEmotionNet
(MTL/create_annotation_file/{VA,EXPR,AU}/read_annotations.py) and notebook
ABAW/abaw5_expr_va_au_train.ipynb of sb-ai-lab/EmotiEffLib.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData, OutputError
from wildaffect.core.names import is_inside
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.columns import Code, Rows, decode
from wildaffect.formats.find import walk_folders
from wildaffect.formats.image_names import image_name
from wildaffect.formats.lines import read_header, read_text, split_rows
from wildaffect.formats.problems import Kind, Problem
from wildaffect.formats.text import write_lines

SPLIT_FOLDERS = {
    "train_set": "train",
    "training_set": "train",
    "validation_set": "val",
    "val_set": "val",
    "test_set": "test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A known header of a track, and the fields below it."""

    names: tuple[str, ...]
    codes: tuple[Code, ...]
    """Labels, one per field of a line."""
    spaces: LabelSpaces

    @property
    def line(self) -> str:
        """The header in written files."""
        return ",".join(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    """The concatenated label lines of all files of a split."""

    header: Header
    rows: Rows
    fields: tuple[TaskColumn, ...]
    problems: tuple[Problem, ...]
    num_rows: int


def match_header(line: str, headers: Sequence[Header]) -> Header | None:
    """Return the header equal to `line`, ignoring blanks and case."""
    names = tuple(name.strip().lower() for name in line.rstrip(",").split(","))
    for header in headers:
        if names == tuple(name.lower() for name in header.names):
            return header
    return None


def read_videos(folder: Path, headers: Sequence[Header], source: str) -> Videos:
    """Read every `.txt` of a split folder.

    Raises:
        MissingData: If the folder contains no annotation file.
        BadAnnotation: If a file has an unknown header, or a different header than the
            first.
    """
    paths = sorted(folder.glob("*.txt")) if folder.is_dir() else [folder]
    paths = [path for path in paths if not path.name.startswith(".")]
    if not paths:
        raise MissingData(f"{folder}: must hold <video>.txt files, got none")
    first: Header | None = None
    parts: list[_VideoFile] = []
    for path in paths:
        part = _read_video(path, headers)
        first = first or part.header
        if part.header is not first:
            raise BadAnnotation(
                path,
                1,
                f"all files of {folder.name} must have the header {first.line!r}, got "
                f"{part.header.line!r}; keep the older release in a separate folder",
            )
        parts.append(part)
    return _concatenate(parts, source)


def find_track(root: Path, headers: Sequence[Header]) -> dict[str, Path]:
    """Return the split folders below `root` whose files have one of `headers`."""
    found: dict[str, Path] = {}
    for folder, files in walk_folders(root):
        split = SPLIT_FOLDERS.get(folder.name.lower())
        first = next((name for name in files if name.endswith(".txt")), None)
        if split and first and _has_header(folder / first, headers):
            found.setdefault(split, folder)
    return found


def write_videos(
    annotations: Annotations, folder: Path, header: str, rows: Sequence[str], blank: str
) -> None:
    """Write one file per video.

    Args:
        annotations: Annotations of N rows.
        folder: Folder of the files; created if missing.
        header: First line of every file.
        rows: Line of each annotated row, length N.
        blank: Line of a frame that is not annotated.

    Raises:
        ValueError: If a frame is repeated; these files have one line per frame.
        OutputError: If a file cannot be written.
    """
    grouped: dict[str, list[tuple[int, str]]] = {video: [] for video in annotations.videos}
    numbers = annotations.frame_number.tolist()
    for video, number, row in zip(
        annotations.video_index.tolist(), numbers, rows, strict=True
    ):
        grouped[annotations.videos[video]].append((number, row))
    for name, numbered in grouped.items():
        lines = [header, *_fill(name, dict(numbered), len(numbered), blank)]
        if not is_inside(name):
            raise OutputError(f"{folder}: videos must stay inside it, got {name!r}")
        write_lines(folder / f"{name}.txt", lines)


def _fill(video: str, rows: Mapping[int, str], num_rows: int, blank: str) -> list[str]:
    """Return the line of every frame up to the last."""
    if len(rows) != num_rows or min(rows, default=1) < 1:
        raise ValueError(
            f"{video}: each frame must stand once and be numbered from 1, got "
            f"{num_rows} rows for {len(rows)} frames"
        )
    return [rows.get(number, blank) for number in range(1, max(rows, default=0) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _VideoFile:
    path: Path
    header: Header
    fields: tuple[TaskColumn, ...]
    numbers: np.ndarray
    problems: list[Problem]
    num_rows: int


def _read_video(path: Path, headers: Sequence[Header]) -> _VideoFile:
    data = read_text(path)
    line = read_header(path, data)
    header = match_header(line, headers)
    if header is None:
        known = " or ".join(repr(header.line) for header in headers)
        raise BadAnnotation(path, 1, f"the header must read {known}, got {line[:80]!r}")
    table = split_rows(path, data, num_fields=len(header.codes))
    problems = list(table.problems)
    num_rows = len(table.lines) + len(problems)
    if num_rows == 0:
        text = "a video must have a line per frame, got none"
        problems.append(Problem(str(path), 1, Kind.EMPTY_FILE, text))
    fields = []
    for column, code in zip(table.columns, header.codes, strict=True):
        field, complaints = decode(column, code, path=str(path), lines=table.lines)
        fields.append(field)
        problems += complaints
    return _VideoFile(
        path=path,
        header=header,
        fields=tuple(fields),
        numbers=table.lines - 1,
        problems=sorted(problems, key=lambda problem: problem.line),
        num_rows=num_rows,
    )


def _concatenate(parts: Sequence[_VideoFile], source: str) -> Videos:
    numbers = np.concatenate([part.numbers for part in parts])
    lengths = [len(part.numbers) for part in parts]
    fields = tuple(
        TaskColumn(
            values=np.concatenate([part.fields[index].values for part in parts]),
            valid=np.concatenate([part.fields[index].valid for part in parts]),
        )
        for index in range(len(parts[0].fields))
    )
    images = [
        image_name(part.path.stem, number)
        for part in parts
        for number in part.numbers.tolist()
    ]
    rows = Rows(
        source=source,
        videos=[part.path.stem for part in parts],
        video_index=np.repeat(np.arange(len(parts)), lengths),
        frame_number=numbers,
        images=images,
        lines=numbers + 1,
        files=[str(part.path) for part in parts],
    )
    return Videos(
        header=parts[0].header,
        rows=rows,
        fields=fields,
        problems=tuple(problem for part in parts for problem in part.problems),
        num_rows=sum(part.num_rows for part in parts),
    )


def _has_header(path: Path, headers: Sequence[Header]) -> bool:
    with path.open("rb") as file:
        line = file.readline(1 << 12)
    text = line.decode("utf-8", errors="replace").removeprefix("\ufeff").strip()
    return match_header(text, headers) is not None
