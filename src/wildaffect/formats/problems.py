"""Problems of files that a reader could only use in part."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from wildaffect.core.annotations import Annotations


class Kind(StrEnum):
    """Kind of problem; the first group drops a row, the second masks a field."""

    UNREADABLE_ROW = "unreadable-row"
    """The line could not be read; the row is dropped."""
    BAD_NAME = "bad-name"
    """The image name does not identify a frame; the row is dropped."""
    MISSING_PART = "missing-part"
    """One of the files that describe an image is missing; the row is dropped."""

    UNREADABLE_VALUE = "unreadable-value"
    """A field is not a number; it is masked and the row kept."""
    OUT_OF_RANGE = "out-of-range"
    """A field has an invalid value; it is masked and the row kept."""

    WRONG_HEADER = "wrong-header"
    """A submission does not start with the header of its track."""
    WRONG_IMAGE = "wrong-image"
    """A row of a submission is for a different image than listed."""
    MISSING_ROW = "missing-row"
    """A listed row is missing in the submission."""
    EXTRA_ROW = "extra-row"
    """A row of a submission is not listed."""

    EMPTY_FILE = "empty-file"
    """The file of a video has no label line."""
    MIXED_CRITERION = "mixed-criterion"
    """Occurrence is derived from intensity for some action units and coded for others."""

    @property
    def loses_row(self) -> bool:
        """Return whether the row is dropped."""
        return self in {Kind.UNREADABLE_ROW, Kind.BAD_NAME, Kind.MISSING_PART}

    @property
    def is_error(self) -> bool:
        """Return whether the data should be fixed before use; other problems are notes."""
        return self not in {Kind.EMPTY_FILE, Kind.MIXED_CRITERION}


class Problem(NamedTuple):
    """A problem in a line of a file."""

    path: str
    line: int
    """Line number from 1; 0 for the whole file."""
    kind: Kind
    text: str
    """`<what> must <rule>, got <value>`."""

    def __str__(self) -> str:
        """Return `path:line: text`, the format of all messages about annotations."""
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Content of a split: all lines are in the annotations or among the problems."""

    annotations: Annotations
    problems: tuple[Problem, ...]
    num_rows: int
    """Number of lines or images: rows kept plus rows dropped."""

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
    """Name for `--layout`."""
    title: str
    layout: str
    """Expected files, in one line, for the message when no layout is found."""
    find: Callable[[Path], dict[str, Path]]
    """Folder -> split name -> file or folder; empty if the layout is not found."""
    read: Callable[[Path, str], Reading]
    """File or folder of a split, and the split's name -> its content."""
    image_folders: tuple[str, ...] = ()
    """Candidate image folders, relative to the checked folder or to the split."""
    first_frame: int | None = None
    """Number of a video's first frame; None if the layout does not define it."""
    is_video: bool = True
    """True if rows are frames of videos, so that gaps and neighbors are meaningful."""
    terms: str = ""
    """Terms of use in one sentence, shown before anything is trained; empty if the owner
    of the data tells them when giving the data."""
    license: str = ""
    """License that artifacts state for these data; empty if unknown."""
