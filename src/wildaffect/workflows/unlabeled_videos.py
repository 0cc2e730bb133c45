"""Videos of a feature store that are trained on without labels."""

from functools import partial
from pathlib import Path

from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence
from wildaffect.data.stored_sequences import load_sequences
from wildaffect.features.store import FeatureStore
from wildaffect.formats.detect import detect
from wildaffect.training.temporal.frame_requests import request_queries
from wildaffect.training.temporal.load import frame_query
from wildaffect.training.temporal.predict_ensemble import DENSE_RATIO, subsampled
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.sequence_inputs import measured_view
from wildaffect.training.temporal.tensors import rows_per_second


def load_unlabeled(
    features: Path, data: Path, recipe: TemporalRecipe, *, rate_hz: float
) -> tuple[FrameSequence, ...]:
    """Return every video of a store that `data` does not name, at about `rate_hz` rows.

    Videos that are annotated in any split of `data` are left out: those of the training
    split have labels, and nothing may be learned from those that are scored.

    Raises:
        FeatureError: If no video is left, or the store lacks what the recipe reads.
    """
    named = annotated_videos(data)
    store = FeatureStore(features)
    view = measured_view(recipe.inputs, recipe.neutral)
    query = partial(frame_query, store, recipe)
    found = []
    for request in request_queries(store, [query(first_frame=0)], 1):
        if request.annotations.videos[0] in named:
            continue
        queried = query(first_frame=request.first_frame or 0)
        for sequence in load_sequences(request.annotations, store, queried, view):
            is_dense = rows_per_second([sequence]) > DENSE_RATIO * rate_hz
            found.append(subsampled(sequence, rate_hz) if is_dense else sequence)
    if not found:
        raise FeatureError(
            f"{features}: no video is left to train on without labels; {data} names all of "
            "them, and annotated videos are left out"
        )
    return tuple(found)


def annotated_videos(data: Path) -> set[str]:
    """Return the videos that any layout and split of a folder of annotations names."""
    videos: set[str] = set()
    for layout in detect(data):
        for split, path in layout.splits.items():
            videos |= set(layout.format.read(path, split).annotations.videos)
    return videos
