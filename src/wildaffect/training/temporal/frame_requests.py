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
from wildaffect.data.stored_sequences import FeatureQuery, load_sequences
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.features.stored import StoredFeatures
from wildaffect.formats.frame_lists import read_frame_list
from wildaffect.training.temporal.load import absent_sets, frame_query
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.training.temporal.sequence_inputs import measured_view

FirstFrame = Literal[0, 1]


class FrameRequest(NamedTuple):
    """Frames of videos, named as in the annotations; labels may be missing."""

    annotations: Annotations
    first_frame: FirstFrame | None
    """Number of a video's first frame; None if the annotations do not tell."""


def request_split(data: Path, split: str | None, layout: str | None) -> FrameRequest:
    """Return the frames of a split of annotations.

    Raises:
        MissingData: If `data` contains no known layout.
        UsageError: If there is no such split, or there are several and none is specified.
        BadAnnotation: If a file cannot be read.
    """
    chosen = layout or (fullest_layout(data) if data.is_dir() else None)
    annotated = read_annotated(data, layout=chosen, split=split)
    known: dict[int | None, FirstFrame] = {0: 0, 1: 1}
    return FrameRequest(annotated.annotations, known.get(annotated.first_frame))


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
    store: FeatureStore, readers: Sequence[TrainedModel], named_from: FirstFrame
) -> Iterator[FrameRequest]:
    """Yield all frames of each video that has the features of every model.

    Args:
        store: Feature store.
        readers: Models that read the features.
        named_from: Number of the first frame in image folders; frames of videos count from
            0 in the store.

    Raises:
        FeatureError: If no video has all features, or none of them are of frames.
    """
    queries = [_query(store, reader, 0) for reader in readers]
    yield from request_queries(store, queries, named_from)


def request_queries(
    store: FeatureStore, queries: Sequence[FeatureQuery], named_from: FirstFrame
) -> Iterator[FrameRequest]:
    """Yield all frames of each video that has the features of every query.

    Arguments and errors are those of `request_store`.
    """
    sets = tuple(dict.fromkeys(name for query in queries for name in _present(query)))
    videos = {name: {entry.video for entry in store.entries(name)} for name in sets}
    shared = set.intersection(
        *(
            (set.intersection if query.needs_all else set.union)(
                *(videos[name] for name in _present(query))
            )
            for query in queries
        )
    )
    if not shared:
        raise FeatureError(
            f"{store.root}: no video has all of the features {', '.join(sets)}"
        )
    num_found = 0
    for video in sorted(shared):
        tracks = _tracks_of_frames(store, sets, video)
        if not tracks:
            continue
        num_found += 1
        frames = reduce(np.union1d, [track.frame_number for track in tracks])
        index = np.zeros(len(frames), np.int64)
        is_video = tracks[0].sidecar.numbering == "video"
        annotations = _unlabeled(video, (video,), index, frames, ("",) * len(frames))
        yield FrameRequest(annotations, 0 if is_video else named_from)
    if not num_found:
        raise FeatureError(
            f"{store.root}: none of {', '.join(sets)} has features of frames; name the "
            "frames to predict with data or a list"
        )


def sequences_of(
    request: FrameRequest, store: FeatureStore, readers: Sequence[TrainedModel]
) -> Iterator[tuple[FrameSequence, ...]]:
    """Yield each video with the features of every model, one sequence per model.

    Videos are in the requested order, with one in memory at a time; those that lack
    features for a model are skipped.

    Raises:
        FeatureError: If an input is not in the store, or no video has its features.
    """
    streams = [_stream(request, store, reader) for reader in readers]
    heads = [next(stream, None) for stream in streams]
    for video in request.annotations.videos:
        aligned = [
            head if head is not None and head.video == video else None for head in heads
        ]
        found = tuple(sequence for sequence in aligned if sequence is not None)
        if len(found) == len(readers):
            yield found
        heads = [
            head if sequence is None else next(stream, None)
            for head, sequence, stream in zip(heads, aligned, streams, strict=True)
        ]


def _stream(
    request: FrameRequest, store: FeatureStore, reader: TrainedModel
) -> Iterator[FrameSequence]:
    query = _query(store, reader, request.first_frame or 0)
    view = measured_view(reader.recipe.inputs, reader.recipe.neutral)
    for sequence in load_sequences(request.annotations, store, query, view):
        if sequence.has_feature.any():
            yield sequence


def _query(
    store: FeatureStore, reader: TrainedModel, first_frame: FirstFrame
) -> FeatureQuery:
    absent = absent_sets(store, reader)
    return frame_query(store, reader.recipe, first_frame=first_frame, absent=absent)


def _present(query: FeatureQuery) -> tuple[str, ...]:
    """Return the feature sets that the store has."""
    return tuple(name for name in query.feature_sets if name not in query.absent)


def _tracks_of_frames(
    store: FeatureStore, sets: Sequence[str], video: str
) -> list[StoredFeatures]:
    """Return the tracks of a video whose rows are of frames, in the order of the sets."""
    opened = (
        store.open(EntryName(name, video, track))
        for name in sets
        for track in store.tracks(name, video)
    )
    return [each for each in opened if each.sidecar.numbering in {"video", "named"}]


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
