"""Frames to predict: those of a split, of an official list, or of a feature store.

Labels are not needed. Symbols: N requested rows.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import empty_columns
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.annotated import fullest_layout, read_annotated
from wildaffect.data.samples import load_sequences
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.formats.frame_lists import read_frame_list
from wildaffect.training.temporal.load import frame_query
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.sequence_inputs import measured_view

FirstFrame = Literal[0, 1]


class FrameRequest(NamedTuple):
    """Frames of videos, named as in the annotations; labels may be missing."""

    annotations: Annotations
    first_frame: FirstFrame
    """Number of a video's first frame."""


def request_split(data: Path, split: str | None, layout: str | None) -> FrameRequest:
    """Return the frames of a split of annotations.

    Raises:
        MissingData: If `data` contains no known layout.
        UsageError: If there is no such split, or there are several and none is specified.
        BadAnnotation: If a file cannot be read.
    """
    chosen = layout or (fullest_layout(data) if data.is_dir() else None)
    annotated = read_annotated(data, layout=chosen, split=split)
    return FrameRequest(annotated.annotations, 1 if annotated.first_frame == 1 else 0)


def request_list(path: Path) -> FrameRequest:
    """Return the frames of an official test list.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If a line names no image.
    """
    listed = read_frame_list(path)
    frames = _unlabeled(
        path.name, listed.videos, listed.video_index, listed.frame_number, listed.images
    )
    return FrameRequest(frames, 1)


def request_store(
    store: FeatureStore, recipes: Sequence[TemporalRecipe], named_from: FirstFrame
) -> Iterator[FrameRequest]:
    """Yield all frames of each video that has the features of every recipe.

    Args:
        store: Feature store.
        recipes: Recipes of the models that read the features.
        named_from: Number of the first frame in image folders; frames of videos count from
            0 in the store.

    Raises:
        FeatureError: If no video has all features.
    """
    sets = dict.fromkeys(
        name
        for recipe in recipes
        for name in frame_query(store, recipe, first_frame=0).feature_sets
    )
    videos = [{entry.video for entry in store.entries(name)} for name in sets]
    shared = sorted(set.intersection(*videos))
    if not shared:
        raise FeatureError(
            f"{store.root}: no video has all of the features {', '.join(sets)}"
        )
    for video in shared:
        numbers = [_frames_of(store, name, video) for name in sets]
        frames = reduce(np.intersect1d, numbers)
        index = np.zeros(len(frames), np.int64)
        entry = EntryName(next(iter(sets)), video, store.tracks(next(iter(sets)), video)[0])
        is_video = store.sidecar(entry).numbering == "video"
        annotations = _unlabeled(video, (video,), index, frames, ("",) * len(frames))
        yield FrameRequest(annotations, 0 if is_video else named_from)


def sequences_of(
    request: FrameRequest, store: FeatureStore, recipes: Sequence[TemporalRecipe]
) -> Iterator[tuple[FrameSequence, ...]]:
    """Yield each video with the features of every recipe, one sequence per recipe.

    Videos are in the requested order, with one in memory at a time; those that lack
    features for a recipe are skipped.

    Raises:
        FeatureError: If an input is not in the store, or no video has its features.
    """
    streams = [_stream(request, store, recipe) for recipe in recipes]
    heads = [next(stream, None) for stream in streams]
    for video in request.annotations.videos:
        aligned = [
            head if head is not None and head.video == video else None for head in heads
        ]
        found = tuple(sequence for sequence in aligned if sequence is not None)
        if len(found) == len(recipes):
            yield found
        heads = [
            head if sequence is None else next(stream, None)
            for head, sequence, stream in zip(heads, aligned, streams, strict=True)
        ]


def _stream(
    request: FrameRequest, store: FeatureStore, recipe: TemporalRecipe
) -> Iterator[FrameSequence]:
    query = frame_query(store, recipe, first_frame=request.first_frame)
    view = measured_view(recipe.inputs, recipe.neutral)
    for sequence in load_sequences(request.annotations, store, query, view):
        if sequence.has_feature.any():
            yield sequence


def _frames_of(store: FeatureStore, feature_set: str, video: str) -> NDArray[np.int64]:
    tracks = store.tracks(feature_set, video)
    numbers = [
        store.open(EntryName(feature_set, video, track)).frame_number for track in tracks
    ]
    return np.unique(np.concatenate(numbers))


def _unlabeled(
    source: str,
    videos: tuple[str, ...],
    video_index: NDArray[np.int64],
    frame_number: NDArray[np.int64],
    images: tuple[str, ...],
) -> Annotations:
    num_rows, spaces = len(frame_number), LabelSpaces()
    return Annotations(
        source=source,
        videos=videos,
        subjects=videos,
        video_index=video_index,
        frame_number=frame_number,
        images=images,
        lines=np.zeros(num_rows, np.int64),
        **empty_columns(num_rows, spaces).columns(),
        spaces=spaces,
    )
