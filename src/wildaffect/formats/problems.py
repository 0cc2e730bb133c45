"""Problems of a file that a reader could use only in part."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from wildaffect.core.annotations import Annotations


class Kind(StrEnum):
    """What is wrong; the first group loses a row, the second masks a field."""

    UNREADABLE_ROW = "unreadable-row"
    """The line could not be read; it gives no row."""
    BAD_NAME = "bad-name"
    """The image name does not identify a frame; the line gives no row."""
    MISSING_PART = "missing-part"
    """One of the files that describe an image is absent; the image gives no row."""

    UNREADABLE_VALUE = "unreadable-value"
    """A field is no number; it is masked and the row kept."""
    OUT_OF_RANGE = "out-of-range"
    """A field holds a value that its code does not allow; it is masked, the row kept."""

    WRONG_HEADER = "wrong-header"
    """A submission does not begin with the header of its track."""
    WRONG_IMAGE = "wrong-image"
    """A row of a submission is for another image than the list requests there."""
    MISSING_ROW = "missing-row"
    """The list requests a row that the submission lacks."""
    EXTRA_ROW = "extra-row"
    """A submission has a row that the list does not request."""

    EMPTY_FILE = "empty-file"
    """The file of a video has no label line."""
    MIXED_CRITERION = "mixed-criterion"
    """Occurrence is derived from intensity for some action units and coded for others."""

    @property
    def loses_row(self) -> bool:
        """Return whether the line or image gives no row at all."""
        return self in {Kind.UNREADABLE_ROW, Kind.BAD_NAME, Kind.MISSING_PART}

    @property
    def is_error(self) -> bool:
        """Return whether the data should be repaired before use; the others are notes."""
        return self not in {Kind.EMPTY_FILE, Kind.MIXED_CRITERION}


class Problem(NamedTuple):
    """One complaint about one line of one file."""

    path: str
    line: int
    """Line number from 1; 0 for the whole file."""
    kind: Kind
    text: str
    """`<what> must <rule>, got <value>`."""

    def __str__(self) -> str:
        """Return `path:line: text`, the form of every message about annotations."""
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader made of a split: nothing of the files is in neither of the two."""

    annotations: Annotations
    problems: tuple[Problem, ...]
    num_rows: int
    """Lines or images that should have given a row: rows kept plus rows lost."""

    def __post_init__(self) -> None:
        lost = sum(problem.kind.loses_row for problem in self.problems)
        if len(self.annotations) + lost != self.num_rows:
            raise ValueError(
                f"{self.annotations.source}: rows kept and rows lost must add up to "
                f"{self.num_rows}, got {len(self.annotations)} + {lost}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Functions to find and read one layout below a folder."""

    name: str
    """Name for `--format`."""
    title: str
    layout: str
    """What must lie where, one line, for the message when nothing is found."""
    find: Callable[[Path], dict[str, Path]]
    """Folder -> split name -> file or folder; empty if the layout is not there."""
    read: Callable[[Path, str], Reading]
    """File or folder of a split, and the split's name -> what it holds."""
    image_folders: tuple[str, ...] = ()
    """Where images may lie, relative to the folder that was checked or to the split."""
    first_frame: int | None = None
    """Number of a video's first frame; None if the layout does not define it."""
    is_video: bool = True
    """Rows are frames of videos, so that gaps and neighbors mean something."""
