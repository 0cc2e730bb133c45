"""Aff-Wild2, valence and arousal: `valence,arousal` over one pair per frame.

Not annotated: -5. Layout and source as in `wildaffect.formats.affwild2_tracks`.
"""

from pathlib import Path

from wildaffect.core.annotations import Annotations
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.affwild2_tracks import (
    Header,
    find_track,
    read_videos,
    write_videos,
)
from wildaffect.formats.columns import AROUSAL, VALENCE, build_annotations
from wildaffect.formats.problems import Format, Reading
from wildaffect.formats.text import float_strings

_HEADERS = (
    Header(names=("valence", "arousal"), codes=(VALENCE, AROUSAL), spaces=LabelSpaces()),
)


def read_va(folder: Path, split: str = "") -> Reading:
    """Read the files of one split; raises as `affwild2_tracks.read_videos` does."""
    videos = read_videos(folder, _HEADERS, f"Aff-Wild2 VA {split or folder.name}")
    annotations = build_annotations(
        videos.rows, valence=videos.fields[0], arousal=videos.fields[1]
    )
    return Reading(
        annotations=annotations, problems=videos.problems, num_rows=videos.num_rows
    )


def write_va(annotations: Annotations, folder: Path) -> None:
    """Write one file per video; frames without a row become -5.

    Raises:
        ValueError: If a frame is repeated or a valid value is outside [-1, 1].
        OutputError: If a file cannot be written.
    """
    valence = float_strings(annotations.valence, "-5")
    arousal = float_strings(annotations.arousal, "-5")
    rows = [",".join(pair) for pair in zip(valence, arousal, strict=True)]
    write_videos(annotations, folder, _HEADERS[0].line, rows, "-5,-5")


def find_va(root: Path) -> dict[str, Path]:
    """Return the split folders of this track below `root`."""
    return find_track(root, _HEADERS)


FORMAT = Format(
    first_frame=1,
    name="affwild2-va",
    title="Aff-Wild2, valence-arousal track",
    layout="VA_Estimation_Challenge/{Train_Set,Validation_Set}/<video>.txt",
    find=find_va,
    read=read_va,
    image_folders=("cropped_aligned", "cropped_aligned_images", "cropped", "images"),
)
