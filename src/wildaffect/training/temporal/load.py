"""Load annotations and stored features as sequences for training and evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import FeatureError
from wildaffect.core.hashes import names_sha256
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.annotated import Annotated, fullest_layout
from wildaffect.data.coverage import Coverage, coverage_of
from wildaffect.data.delay import advance_traces
from wildaffect.data.joined_splits import read_splits
from wildaffect.data.stored_sequences import FeatureQuery, load_sequences
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.formats.mapping import map_spaces
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import DataSource
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import RunData, TrainedModel
from wildaffect.training.temporal.sequence_inputs import (
    MEASURED_SET,
    feature_sets,
    in_order,
    measured_view,
    set_widths,
    suggest_input,
)
from wildaffect.training.temporal.tensors import rows_per_second
from wildaffect.training.temporal.without_sets import learns_without


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split of annotations with the features of its videos."""

    annotated: Annotated
    sequences: tuple[FrameSequence, ...]
    """One sequence per video that has features, in the order of the annotations."""
    without_features: tuple[str, ...]
    """Videos without features."""
    coverage: Coverage
    """Annotated rows with and without features."""

    @property
    def annotations(self) -> Annotations:
        """Return the annotations."""
        return self.annotated.annotations


def load_split(
    data: Path,
    store: FeatureStore,
    recipe: TemporalRecipe,
    split: str | Sequence[str],
    layout: str | None = None,
    spaces: LabelSpaces | None = None,
) -> Split:
    """Read one split, or several as one.

    Args:
        data: Folder of annotations.
        store: Feature store.
        recipe: Recipe that reads the features.
        split: Name of the split, such as `train`, or several names.
        layout: Layout of the annotations; by default the one with all tasks if there are
            several.
        spaces: Label spaces to map the annotations to; None for their own.

    Raises:
        MissingData: If `data` contains no known layout.
        BadAnnotation: If more than 1 % of the rows have errors.
        UsageError: If there is no such split, or no table between the label spaces.
        FeatureError: If an input is not in the store, or no video has features.
    """
    names = (split,) if isinstance(split, str) else tuple(split)
    annotated = read_splits(data, names, layout=layout or fullest_layout(data))
    annotated.check_for_training()
    if spaces is not None:
        mapped = map_spaces(annotated.annotations, spaces).annotations
        annotated = replace(annotated, annotations=mapped)
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
                neutral_unknown=recipe.neutral_unknown if "train" in names else 0.0,
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
    return Split(
        annotated=annotated,
        sequences=sequences,
        without_features=missing,
        coverage=coverage_of(
            annotated.annotations, sequences, feature_sets(in_order(recipe.inputs))
        ),
    )


def frame_query(
    store: FeatureStore,
    recipe: TemporalRecipe,
    *,
    first_frame: Literal[0, 1],
    absent: Mapping[str, int] | None = None,
) -> FeatureQuery:
    """Return the query for stored features.

    Args:
        store: Feature store.
        recipe: Recipe that reads the features.
        first_frame: Number of a video's first frame.
        absent: Feature sets to leave out, with their numbers of columns.

    Raises:
        FeatureError: If an input is neither a measurement nor a feature set of the store.
    """
    known, inputs = store.feature_sets(), in_order(recipe.inputs)
    for name in inputs:
        stored = MEASURED_SET if name in COLUMNS else name
        if stored not in known and stored not in (absent or {}):
            raise FeatureError(
                f"{store.root}: input {name!r} needs the feature set {stored!r}; the store "
                f"has {', '.join(known) or 'no feature sets'}; run `wildaffect extract` "
                f"first, or use one of {suggest_input(name, known)}"
            )
    return FeatureQuery(
        feature_sets=feature_sets(inputs),
        first_frame=first_frame,
        max_distance_s=recipe.max_distance_s,
        joins=recipe.joins,
        absent=absent or {},
        needs_all=recipe.model.fusion is None,
    )


def absent_sets(store: FeatureStore, trained: TrainedModel) -> dict[str, int]:
    """Return the feature sets of a model that the store lacks, with their widths.

    Raises:
        FeatureError: If the store lacks all, or the model did not learn to do without one.
    """
    widths, known = set_widths(trained.data.input_widths), store.feature_sets()
    absent = {name: width for name, width in widths.items() if name not in known}
    fusion = trained.recipe.model.fusion
    if not absent or len(absent) == len(widths):
        return {}
    if not learns_without(fusion, widths, absent):
        raise FeatureError(
            f"{store.root}: {trained.run.folder} needs the feature sets "
            f"{', '.join(widths)}, got none of {', '.join(absent)}; extract or import it, "
            "or train with late fusion, or another with alone or set_dropout, which "
            "learns to do without them"
        )
    return absent


def describe_data(
    split: Split,
    store: FeatureStore,
    recipe: TemporalRecipe,
    *,
    dev: tuple[str, ...],
    source: DataSource,
    unlabeled: Sequence[FrameSequence] = (),
) -> RunData:
    """Return the data record of a run.

    Args:
        split: Training split.
        store: Feature store.
        recipe: Recipe of the run.
        dev: Videos of the dev split.
        source: Name and license of the annotations.
        unlabeled: Sequences that are trained on without labels.
    """
    inputs = in_order(recipe.inputs)
    digests, crops, columns, widths = {}, {}, {}, {}
    for name in feature_sets(inputs):
        sidecar = store.sidecar(_some_entry(store, name, split.sequences))
        digests[name] = sidecar.provenance.weights_sha256
        crops[name] = sidecar.provenance.preprocess_sha256
        columns[name] = names_sha256(sidecar.columns)
        widths[name] = len(sidecar.columns)
    return RunData(
        annotations=split.annotations.source,
        annotations_sha256=split.annotated.input.sha256,
        train_videos=tuple(
            sequence.video for sequence in split.sequences if sequence.video not in set(dev)
        ),
        dev_videos=dev,
        unlabeled_videos=tuple(sequence.video for sequence in unlabeled),
        input_dim=split.sequences[0].features.shape[1],
        input_widths={
            name: len(COLUMNS[name]) if name in COLUMNS else widths[name] for name in inputs
        },
        feature_digests=digests,
        crop_digests=crops,
        column_digests=columns,
        rate_hz=rows_per_second(split.sequences),
        times_are_guessed=any(sequence.time_is_guessed for sequence in split.sequences),
        coverage=split.coverage,
        spaces=split.annotations.spaces,
        sources=(source,),
    )


def _some_entry(
    store: FeatureStore, feature_set: str, sequences: Sequence[FrameSequence]
) -> EntryName:
    """Return an entry of the first video that has the feature set."""
    for sequence in sequences:
        for track in store.tracks(feature_set, sequence.video):
            return EntryName(feature_set, sequence.video, track)
    raise FeatureError(f"{store.root}: no training video has the feature set {feature_set}")
