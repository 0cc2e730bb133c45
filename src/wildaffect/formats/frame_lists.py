"""Official test lists: frames that a submission must predict, in order, with repeats.

Layout: a header line, then one image name per line, often ended by a comma. Multi-task:
`MTL_Challenge_test_set_release.txt` (ABAW11), `MTL.txt` (ABAW7, with the annotation header
`image,valence,arousal,expression,aus`),
`Multi_Task_Learning_Challenge_test_set_release.txt` (ABAW3). Single tracks
from ABAW5 on: sample files such as
`CVPR_5th_ABAW_VA_test_set_sample.txt`, whose header begins with `image_location`. Up to
ABAW4, a single track's list only contains names of videos. The multi-task list repeats
frames; a submission must keep every repeat and the order.

Source: public parser wtomin/ABAW3_MultiEmotionNet (MTL/read_test_set.py) and the ABAW5 to
ABAW7 notebooks of sb-ai-lab/EmotiEffLib.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS, ABAW_EXPRESSIONS
from wildaffect.formats.image_names import NAME_RULE, parse_image_names
from wildaffect.formats.lines import encode, read_header, read_text


class Track(StrEnum):
    """Challenge track of a submission."""

    MTL = "mtl"
    VA = "va"
    EXPR = "expr"
    AU = "au"


_UNITS = ",".join(f"AU{number}" for number in ABAW_ACTION_UNIT_NUMBERS)
HEADERS = {
    Track.MTL: "image,valence,arousal,expression,aus",
    Track.VA: "image_location,valence,arousal",
    Track.EXPR: "image_location," + ",".join(ABAW_EXPRESSIONS.labels),
    Track.AU: f"image_location,{_UNITS}",
}
"""First line of a submission, by track."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameList:
    """N requested rows."""

    path: Path
    track: Track | None
    """Track in the header; None if there is none."""
    images: tuple[str, ...]
    """Image names as listed, including repeats, length N."""
    videos: tuple[str, ...]
    """Distinct videos, in the order of the list."""
    video_index: NDArray[np.int64]
    """Position in `videos`, shape (N,)."""
    frame_number: NDArray[np.int64]
    """Shape (N,)."""
    lines: NDArray[np.int64]
    """Line of the list, from 1, shape (N,)."""

    def __len__(self) -> int:
        return len(self.images)


def read_frame_list(path: Path) -> FrameList:
    """Read an official list; any line that is not an image name is an error.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If a line is not an image name, or the list only contains names of
            videos.
    """
    data = read_text(path)
    header = read_header(path, data)
    rows = data.decode().split("\n")
    skip = 0 if _names_image(header) else 1
    images = [_strip_row(path, row, line) for line, row in enumerate(rows[skip:], skip + 1)]
    if not images:
        raise BadAnnotation(path, 2, f"{NAME_RULE}, got a list without rows")
    names = parse_image_names(encode(images))
    if not names.valid.all():
        row = int(np.flatnonzero(~names.valid)[0])
        advice = ""
        if "/" not in images[row] and "." not in images[row]:
            advice = "; a list of videos requests every frame: list its images first"
        raise BadAnnotation(
            path, row + skip + 1, f"{NAME_RULE}, got {images[row][:60]!r}{advice}"
        )
    return FrameList(
        path=path,
        track=_track_of(header),
        images=tuple(images),
        videos=names.videos,
        video_index=names.video_index,
        frame_number=names.frame_number,
        lines=np.arange(len(images)) + skip + 1,
    )


def _strip_row(path: Path, row: str, line: int) -> str:
    name = row.strip().rstrip(",").strip()
    if not name:
        raise BadAnnotation(path, line, f"{NAME_RULE}, got a blank line")
    return name


def _names_image(line: str) -> bool:
    return bool(parse_image_names(encode([line.strip().rstrip(",")])).valid[0])


def _track_of(header: str) -> Track | None:
    names = header.replace(" ", "").rstrip(",").lower()
    for track, expected in HEADERS.items():
        known = expected.lower()
        if names.partition(",")[2] == known.partition(",")[2] and "," in names:
            return track
    return None
