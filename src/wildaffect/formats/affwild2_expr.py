"""Aff-Wild2, expressions: the class names as header over one class number per frame.

Not annotated: -1. The header has the eight classes of ABAW3 and later, or the seven of
ABAW1 and 2, which had no "Other"; the seven have a separate label space. Layout and
source as in `wildaffect.formats.affwild2_tracks`.
"""

from pathlib import Path

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpace, LabelSpaces
from wildaffect.formats.affwild2_tracks import (
    Header,
    find_track,
    read_videos,
    write_videos,
)
from wildaffect.formats.columns import Code, build_annotations
from wildaffect.formats.labels import AFFWILD2_EXPRESSIONS_7
from wildaffect.formats.problems import Format, Reading


def _header(space: LabelSpace) -> Header:
    code = Code(name="expression", low=0, high=len(space) - 1, missing=(-1,))
    return Header(names=space.labels, codes=(code,), spaces=LabelSpaces(expressions=space))


_HEADERS = (_header(ABAW_EXPRESSIONS), _header(AFFWILD2_EXPRESSIONS_7))


def read_expr(folder: Path, split: str = "") -> Reading:
    """Read the files of one split; raises as `affwild2_tracks.read_videos` does."""
    videos = read_videos(folder, _HEADERS, f"Aff-Wild2 EXPR {split or folder.name}")
    annotations = build_annotations(
        videos.rows, videos.header.spaces, expression=videos.fields[0]
    )
    return Reading(
        annotations=annotations, problems=videos.problems, num_rows=videos.num_rows
    )


def write_expr(annotations: Annotations, folder: Path) -> None:
    """Write one file per video; frames without a row become -1.

    Raises:
        ValueError: If a frame is repeated, or the classes are not those of a track.
        OutputError: If a file cannot be written.
    """
    a = annotations
    if a.spaces.expressions not in {ABAW_EXPRESSIONS, AFFWILD2_EXPRESSIONS_7}:
        raise ValueError(
            f"{a.source}: expressions must be those of Aff-Wild2, got "
            f"{a.spaces.expressions.name!r}; map them first"
        )
    codes = np.where(a.expression.valid, a.expression.values, -1).tolist()
    header = ",".join(a.spaces.expressions.labels)
    write_videos(a, folder, header, [str(code) for code in codes], "-1")


def find_expr(root: Path) -> dict[str, Path]:
    """Return the split folders of this track below `root`."""
    return find_track(root, _HEADERS)


FORMAT = Format(
    first_frame=1,
    name="affwild2-expr",
    title="Aff-Wild2, expression track",
    layout="EXPR_Recognition_Challenge/{Train_Set,Validation_Set}/<video>.txt "
    "(older: EXPR_Classification_Challenge)",
    find=find_expr,
    read=read_expr,
    image_folders=("cropped_aligned", "cropped_aligned_images", "cropped", "images"),
)
