"""Load annotations and stored features as sequences for training and evaluation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence
from wildaffect.data.annotated import Annotated, fullest_layout, read_annotated
from wildaffect.data.delay import advance_traces
from wildaffect.data.samples import FeatureQuery, load_sequences
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import DataSource
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import RunData
from wildaffect.training.temporal.sequence_inputs import (
    MEASURED_SET,
    feature_sets,
    in_order,
    measured_view,
    suggest_input,
)
from wildaffect.training.temporal.tensors import rows_per_second


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split of annotations with the features of its videos."""

    annotated: Annotated
    sequences: tuple[FrameSequence, ...]
    """One sequence per video that has features, in the order of the annotations."""
    without_features: tuple[str, ...]
    """Videos without features."""

    @property
    def annotations(self) -> Annotations:
        """Return the annotations."""
        return self.annotated.annotations


def load_split(
    data: Path,
    store: FeatureStore,
    recipe: TemporalRecipe,
    split: str,
    layout: str | None = None,
) -> Split:
    """Read one split.

    Args:
        data: Folder of annotations.
        store: Feature store.
        recipe: Recipe that reads the features.
        split: Name of the split, such as `train`.
        layout: Layout of the annotations; by default the one with all tasks if there are
            several.

    Raises:
        MissingData: If `data` contains no known layout.
        BadAnnotation: If more than 1 % of the rows have errors.
        UsageError: If there is no such split.
        FeatureError: If an input is not in the store, or no video has features.
    """
    annotated = read_annotated(data, layout=layout or fullest_layout(data), split=split)
    annotated.check_for_training()
    sequences = tuple(
        advance_traces(
            sequence, recipe.annotation_delay_s, max_distance_s=recipe.max_distance_s
        )
        for sequence in load_sequences(
            annotated.annotations,
            store,
            frame_query(store, recipe, first_frame=1 if annotated.first_frame == 1 else 0),
            measured_view(
                recipe.inputs,
                recipe.neutral,
                neutral_unknown=recipe.neutral_unknown if split == "train" else 0.0,
            ),
        )
        if sequence.has_feature.any()
    )
    found = {sequence.video for sequence in sequences}
    missing = tuple(name for name in annotated.annotations.videos if name not in found)
    if not sequences:
        raise FeatureError(
            f"{store.root}: no frame of {annotated.annotations.source} has features within "
            f"{recipe.max_distance_s} s; check that the store and the annotations number "
            "frames alike"
        )
    return Split(annotated=annotated, sequences=sequences, without_features=missing)


def frame_query(
    store: FeatureStore, recipe: TemporalRecipe, *, first_frame: Literal[0, 1]
) -> FeatureQuery:
    """Return the query for stored features.

    Args:
        store: Feature store.
        recipe: Recipe that reads the features.
        first_frame: Number of a video's first frame.

    Raises:
        FeatureError: If an input is neither a measurement nor a feature set of the store.
    """
    known, inputs = store.feature_sets(), in_order(recipe.inputs)
    for name in inputs:
        stored = MEASURED_SET if name in COLUMNS else name
        if stored not in known:
            raise FeatureError(
                f"{store.root}: input {name!r} needs the feature set {stored!r}; the store "
                f"has {', '.join(known) or 'no feature sets'}; run `wildaffect extract` "
                f"first, or use one of {suggest_input(name, known)}"
            )
    return FeatureQuery(
        feature_sets=feature_sets(inputs),
        first_frame=first_frame,
        max_distance_s=recipe.max_distance_s,
    )


def describe_data(
    split: Split,
    store: FeatureStore,
    recipe: TemporalRecipe,
    *,
    dev: tuple[str, ...],
    source: DataSource,
) -> RunData:
    """Return the data record of a run.

    Args:
        split: Training split.
        store: Feature store.
        recipe: Recipe of the run.
        dev: Videos of the dev split.
        source: Name and license of the annotations.
    """
    inputs = in_order(recipe.inputs)
    some = split.sequences[0].video
    digests, crops, widths = {}, {}, {}
    for name in feature_sets(inputs):
        track = store.tracks(name, some)[0]
        sidecar = store.sidecar(EntryName(name, some, track))
        digests[name] = sidecar.provenance.weights_sha256
        crops[name] = sidecar.provenance.preprocess_sha256
        widths[name] = len(sidecar.columns)
    return RunData(
        annotations=split.annotations.source,
        annotations_sha256=split.annotated.input.sha256,
        train_videos=tuple(
            sequence.video for sequence in split.sequences if sequence.video not in set(dev)
        ),
        dev_videos=dev,
        input_dim=split.sequences[0].features.shape[1],
        input_widths={
            name: len(COLUMNS[name]) if name in COLUMNS else widths[name] for name in inputs
        },
        feature_digests=digests,
        crop_digests=crops,
        rate_hz=rows_per_second(split.sequences),
        times_are_guessed=any(sequence.time_is_guessed for sequence in split.sequences),
        spaces=split.annotations.spaces,
        sources=(source,),
    )
