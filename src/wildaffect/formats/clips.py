"""Shared code of readers of clips: a row labels a whole clip of one person."""

from collections.abc import Sequence

import numpy as np

from wildaffect.formats.columns import Rows


def clip_rows(
    source: str,
    files: Sequence[str],
    subjects: Sequence[str],
    *,
    lines: Sequence[int],
    table: str = "",
) -> Rows:
    """Return one row per clip; a clip that is listed twice is one video with two rows.

    A video has the name of its file without folders and suffix, as extraction names it.

    Args:
        source: Name of the data set and split in messages.
        files: File of each clip relative to the clips' folder.
        subjects: Person of each clip.
        lines: Line of each clip in the table, 0 without one.
        table: Path of the table; empty if the labels are in the file names.
    """
    place: dict[str, int] = {}
    people: dict[str, str] = {}
    index = []
    for file, subject in zip(files, subjects, strict=True):
        video = file.rpartition("/")[2].rpartition(".")[0]
        index.append(place.setdefault(video, len(place)))
        people[video] = subject
    return Rows(
        source=source,
        videos=list(place),
        video_index=np.array(index, np.int64),
        frame_number=np.zeros(len(files), np.int64),
        images=files,
        lines=np.array(lines, np.int64),
        files=(table,) * len(place) if table else (),
        subjects=list(people.values()),
        clip_level=True,
    )
