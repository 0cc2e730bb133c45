"""Several splits of a data set read as one, to train on all of them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import concatenate
from wildaffect.core.errors import UsageError
from wildaffect.core.hashes import InputFiles
from wildaffect.data.annotated import Annotated, read_annotated


def read_splits(path: Path, splits: Sequence[str], *, layout: str | None) -> Annotated:
    """Read one or several splits; videos are in the order of the splits.

    Raises:
        UsageError: If a split is named twice, or a video or another label space is in two.
        MissingData, BadAnnotation: As for one split.
    """
    if not splits or len(set(splits)) != len(splits):
        raise UsageError(
            f"{path}: splits must be at least one and each named once, got "
            f"{', '.join(splits) or 'none'}"
        )
    parts = [read_annotated(path, layout=layout, split=split) for split in splits]
    return parts[0] if len(parts) == 1 else _join(path, parts, splits)


def _join(path: Path, parts: Sequence[Annotated], splits: Sequence[str]) -> Annotated:
    first = parts[0]
    counts = Counter(video for part in parts for video in part.annotations.videos)
    twice = sorted(video for video, count in counts.items() if count > 1)
    if twice:
        raise UsageError(
            f"{path}: no video may be in two of the splits {', '.join(splits)}, got "
            f"{', '.join(twice[:5])} ({len(twice)} in all)"
        )
    for part, split in zip(parts, splits, strict=True):
        mine, theirs = first.annotations, part.annotations
        if (mine.spaces, mine.clip_level) != (theirs.spaces, theirs.clip_level):
            raise UsageError(
                f"{path}: {split} must have the label spaces of {splits[0]} to be joined; "
                "train on one of them"
            )
    return Annotated(
        annotations=_rows([part.annotations for part in parts]),
        input=_files([part.input for part in parts]),
        layout=first.layout,
        first_frame=first.first_frame,
        notes=tuple(note for part in parts for note in part.notes),
        license=first.license,
        errors=tuple(error for part in parts for error in part.errors),
    )


def _rows(parts: Sequence[Annotations]) -> Annotations:
    counts = [len(part.videos) for part in parts]
    firsts = np.cumsum(counts) - counts
    have_files = all(part.files for part in parts)
    return Annotations(
        source=" + ".join(part.source for part in parts),
        videos=tuple(video for part in parts for video in part.videos),
        subjects=tuple(subject for part in parts for subject in part.subjects),
        video_index=np.concatenate(
            [part.video_index + begin for part, begin in zip(parts, firsts, strict=True)]
        ),
        frame_number=np.concatenate([part.frame_number for part in parts]),
        images=tuple(image for part in parts for image in part.images),
        lines=np.concatenate([part.lines for part in parts]),
        spaces=parts[0].spaces,
        files=tuple(file for part in parts for file in part.files) if have_files else (),
        clip_level=parts[0].clip_level,
        **concatenate(parts).columns(),
    )


def _files(parts: Sequence[InputFiles]) -> InputFiles:
    lines = "".join(f"{part.sha256}  {part.name}\n" for part in parts)
    known = all(part.sha256 for part in parts)
    return InputFiles(
        name=" + ".join(part.name for part in parts),
        sha256=hashlib.sha256(lines.encode()).hexdigest() if known else None,
        num_files=sum(part.num_files for part in parts),
    )
