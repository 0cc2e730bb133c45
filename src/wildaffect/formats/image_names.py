"""Names such as `video59_right/00017.jpg`: video, person and frame number.

Layout: `<video>[_left|_right]/<number>.jpg`, the number counting the frames of the
original video from 1. If there are two people, one of them may have no suffix (`video59`
and `video59_right`), so the full name identifies a person, and the name without the suffix
a recording.

Source: image names of Aff-Wild2 as read by the public parser
wtomin/ABAW3_MultiEmotionNet, MTL/create_annotation_file.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from wildaffect.core.names import is_inside
from wildaffect.formats.lines import Column

_PATTERN = r"^(?P<video>.*[^/\\])/%s(?P<number>[0-9]{1,9})\.(?i:jpg|jpeg|png)$"
_SIDES = ("_left", "_right")
NAME_RULE = "an image name must read <video>/<frame number>.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNames:
    """Parsed names of N images; use only rows where `valid` is True."""

    videos: tuple[str, ...]
    """Distinct videos, in order of appearance."""
    video_index: NDArray[np.int64]
    frame_number: NDArray[np.int64]
    valid: NDArray[np.bool_]
    """False where the name is invalid or leads out of its folder."""


def parse_image_names(column: Column, prefix: str = "") -> ImageNames:
    """Parse the name of every row.

    Args:
        column: Names of N images.
        prefix: Letters and dashes before the number, such as `frame-`.
    """
    parts = compute.extract_regex(pa.array(column.tokens, pa.string()), _PATTERN % prefix)
    named = compute.is_valid(parts).to_numpy(zero_copy_only=False)
    videos = compute.struct_field(parts, "video").fill_null("").dictionary_encode()
    numbers = compute.struct_field(parts, "number").fill_null("0").cast(pa.int64())
    names = videos.dictionary.to_pylist()
    inside = np.array([is_inside(name) for name in names], bool)
    index = videos.indices.to_numpy()
    valid = named & inside[index] if len(index) else named
    kept = np.unique(index[valid])
    renumber = np.zeros(len(names), np.int64)
    renumber[kept] = np.arange(len(kept))
    return ImageNames(
        videos=tuple(names[code] for code in kept),
        video_index=renumber[index][column.codes],
        frame_number=numbers.to_numpy()[column.codes],
        valid=valid[column.codes],
    )


def image_name(video: str, frame_number: int) -> str:
    """Return the name of an aligned image."""
    return f"{video}/{frame_number:05d}.jpg"


def recording_of(video: str) -> str:
    """Return the recording that a person's video belongs to (audio, video file)."""
    for side in _SIDES:
        if video.endswith(side):
            return video.removesuffix(side)
    return video
