"""Aff-Wild2, action units: `AU1,AU2,...` over one 0 or 1 per unit and frame.

Not annotated: -1. The header has the twelve units of ABAW3 and later, or the eight of
ABAW1 and 2 (1, 2, 4, 6, 12, 15, 20, 25), which have a separate label space. Layout
and source as in `wildaffect.formats.affwild2_tracks`.
"""

from pathlib import Path

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.tasks import ABAW_ACTION_UNITS, LabelSpace, LabelSpaces
from wildaffect.formats.affwild2_tracks import (
    Header,
    find_track,
    read_videos,
    write_videos,
)
from wildaffect.formats.columns import Code, build_annotations
from wildaffect.formats.labels import AFFWILD2_ACTION_UNITS_8, unit_number
from wildaffect.formats.problems import Format, Reading


def _header(space: LabelSpace) -> Header:
    names = tuple(f"AU{unit_number(label)}" for label in space.labels)
    codes = tuple(Code(name=name, low=0, high=1, missing=(-1,)) for name in names)
    return Header(names=names, codes=codes, spaces=LabelSpaces(action_units=space))


_HEADERS = (_header(ABAW_ACTION_UNITS), _header(AFFWILD2_ACTION_UNITS_8))


def read_au(folder: Path, split: str = "") -> Reading:
    """Read the files of one split; raises as `affwild2_tracks.read_videos` does."""
    videos = read_videos(folder, _HEADERS, f"Aff-Wild2 AU {split or folder.name}")
    annotations = build_annotations(
        videos.rows, videos.header.spaces, action_units=videos.fields
    )
    return Reading(
        annotations=annotations, problems=videos.problems, num_rows=videos.num_rows
    )


def write_au(annotations: Annotations, folder: Path) -> None:
    """Write one file per video; frames without a row become -1.

    Raises:
        ValueError: If a frame is repeated, or the units are not those of a track.
        OutputError: If a file cannot be written.
    """
    a = annotations
    if a.spaces.action_units not in {ABAW_ACTION_UNITS, AFFWILD2_ACTION_UNITS_8}:
        raise ValueError(
            f"{a.source}: action units must be those of Aff-Wild2, got "
            f"{a.spaces.action_units.name!r}; map them first"
        )
    codes = np.where(a.action_units.valid, a.action_units.values, -1).tolist()
    header = _header(a.spaces.action_units)
    rows = [",".join(map(str, row)) for row in codes]
    write_videos(a, folder, header.line, rows, ",".join(["-1"] * len(header.names)))


def find_au(root: Path) -> dict[str, Path]:
    """Return the split folders of this track below `root`."""
    return find_track(root, _HEADERS)


FORMAT = Format(
    first_frame=1,
    name="affwild2-au",
    title="Aff-Wild2, action-unit track",
    layout="AU_Detection_Challenge/{Train_Set,Validation_Set}/<video>.txt",
    find=find_au,
    read=read_au,
    image_folders=("cropped_aligned", "cropped_aligned_images", "cropped", "images"),
)
