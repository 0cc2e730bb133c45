import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence, expand
from wildaffect.core.stitching import stitch
from wildaffect.core.tasks import Task
from wildaffect.core.windows import WindowSpec, cut
from wildaffect.data.collate import collate
from wildaffect.data.samples import (
    FeatureQuery,
    Sample,
    WindowSampler,
    load_sequences,
)
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import FeatureStore

SPEC = WindowSpec(length_s=1.0, stride_s=0.5, max_gap_s=0.3)


def targets(rows, units=3):
    on, per_unit = np.ones(rows, bool), np.ones((rows, units), bool)
    return TaskColumns(
        valence=TaskColumn(np.linspace(-1, 1, rows, dtype=np.float32), on),
        arousal=TaskColumn(np.zeros(rows, np.float32), on),
        expression=TaskColumn(np.arange(rows) % 8, on),
        action_units=TaskColumn(per_unit.astype(np.int8), per_unit),
    )


def sequence(numbers, has_feature=None, video="clip"):
    numbers = np.array(numbers, dtype=np.int64)
    seen = np.ones(len(numbers), bool) if has_feature is None else np.array(has_feature)
    features = np.where(seen[:, None], numbers[:, None] + 1.0, 0.0).astype(np.float32)
    return FrameSequence(
        video=video,
        subject=video,
        frame_number=numbers,
        time_s=numbers / 30,
        time_is_guessed=True,
        features=np.repeat(features, 2, axis=1),
        has_feature=seen,
        feature_frame=numbers,
        targets=targets(len(numbers)),
        annotation_rows=np.arange(len(numbers)),
        sequence_row=np.arange(len(numbers)),
    )


@st.composite
def sequences(draw):
    steps = st.sampled_from([1, 1, 2, 4, 8, 40])
    numbers = np.cumsum(draw(st.lists(steps, min_size=1, max_size=60)))
    seen = draw(
        st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers)).filter(any)
    )
    return sequence(numbers, seen)


def every_window(sequence, spec):
    """The windows that cover all rows with features, in order of time."""
    rows = sequence.computed_rows
    return [
        Sample(
            video=sequence.video,
            rows=rows[window],
            features=sequence.features[rows[window]],
            time_s=sequence.time_s[rows[window]],
            targets=sequence.targets.take_columns(rows[window]),
        )
        for window in cut(sequence.time_s[rows], spec)
    ]


@given(sequences())
def test_windows_batched_computed_separated_and_stitched_give_every_row_its_own_value(one):
    samples = every_window(one, SPEC)
    batch = collate(samples)
    outputs = [2 * row[:n] for row, n in zip(batch.features, batch.lengths, strict=True)]
    rows = one.computed_rows
    slices = [slice(*np.searchsorted(rows, [s.rows[0], s.rows[-1] + 1])) for s in samples]
    stitched = stitch(outputs, slices, times_s=one.time_s[rows], spec=SPEC)
    np.testing.assert_array_equal(stitched, 2 * one.features[rows])
    expanded = expand(stitched, one)
    np.testing.assert_array_equal(expanded.outputs[rows], stitched)


@given(sequences(), sequences(), st.integers(0, 999))
def test_random_windows_hold_only_rows_with_features_of_one_run_within_the_length(
    first, second, seed
):
    rng = np.random.default_rng(seed)
    for sample in WindowSampler([first, second], SPEC).draw(20, rng):
        assert len(sample) > 0
        assert (sample.features > 0).all()
        assert sample.time_s[-1] - sample.time_s[0] <= SPEC.length_s
        assert (np.diff(sample.time_s) <= SPEC.max_gap_s + 2e-3).all()
        assert (np.diff(sample.rows) > 0).all()


def test_random_windows_reach_every_row_and_are_full_where_the_run_is_long_enough():
    rng = np.random.default_rng(0)
    one = sequence(range(90))
    seen = np.zeros(90, int)
    for sample in WindowSampler([one], SPEC).draw(400, rng):
        seen[sample.rows] += 1
        assert len(sample) in (29, 30, 31)  # one second at 30 frames a second
    assert (seen > 0).all()


def test_the_same_seed_draws_the_same_windows():
    def draw(seed):
        rng = np.random.default_rng(seed)
        drawn = WindowSampler([sequence(range(200))], SPEC).draw(9, rng)
        return [int(sample.rows[0]) for sample in drawn]

    assert draw(1) == draw(1) != draw(2)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_padding_is_zero_never_valid_and_beyond_the_lengths(lengths):
    samples = [every_window(sequence(range(n)), SPEC)[0] for n in lengths]
    batch = collate(samples)
    padding = ~batch.is_real
    assert batch.lengths.tolist() == [len(sample) for sample in samples]
    assert (batch.features[padding] == 0).all()
    for task in Task:
        assert not batch.targets[task].valid[padding].any()
        assert batch.targets[task].valid[batch.is_real].all()
    assert (np.diff(batch.time_s, axis=1) >= 0).all()
    for sample, features in zip(samples, batch.features, strict=True):
        np.testing.assert_array_equal(features[: len(sample)], sample.features)


def test_nothing_to_batch_or_samples_of_other_widths_are_refused():
    with pytest.raises(ValueError, match="at least one and have the same number"):
        collate([])
    with pytest.raises(FeatureError, match="at least one frame must have features"):
        WindowSampler([sequence([1, 2], [False, False])], SPEC)


def stored(store, feature_set, frames, *, track="0", width=1, times_s=None, value=None):
    numbers = np.array(frames)
    values = numbers[:, None] if value is None else np.full((len(numbers), 1), value)
    store.write(
        FeatureTable(
            feature_set=feature_set,
            video="clip",
            track=track,
            columns=tuple(f"c{i}" for i in range(width)),
            frame_number=numbers,
            time_s=numbers / 30 if times_s is None else times_s,
            values=np.repeat(values, width, axis=1).astype(np.float32),
            provenance=Provenance(
                content_sha256="c", preprocess_sha256="p", weights_sha256="w"
            ),
            numbering="named" if times_s is None else "video",
            time_is_guessed=times_s is None,
        )
    )


def annotated(frames):
    rows = len(frames)
    return Annotations(
        source="made up",
        videos=("clip", "unseen"),
        subjects=("clip", "unseen"),
        video_index=np.zeros(rows, int),
        frame_number=np.array(frames),
        images=("x",) * rows,
        lines=np.arange(rows),
        **targets(rows, units=12).columns(),
    )


def test_feature_sets_are_joined_on_the_frames_that_all_have(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "one", [1, 2, 3, 5], width=2)
    stored(store, "two", [2, 3, 4, 5])
    query = FeatureQuery(feature_sets=("one", "two"), max_distance_s=0.0)
    (loaded,) = load_sequences(annotated([1, 2, 3, 4, 5, 5]), store, query)
    assert loaded.has_feature.tolist() == [False, True, True, False, True]
    np.testing.assert_array_equal(loaded.features[1], [2, 2, 2])
    assert loaded.time_is_guessed


def test_a_slower_set_serves_every_frame_around_its_rows(tmp_path):
    """Sound every 0.96 s, as of VGGish, beside a face per frame: no frame is lost."""
    store = FeatureStore(tmp_path)
    frames = np.arange(150)
    stored(store, "face", frames, times_s=frames / 30)
    middles_s = np.arange(0, 5, 0.96) + 0.48
    stored(store, "sound", np.round(middles_s * 30).astype(int), times_s=middles_s)
    query = FeatureQuery(feature_sets=("face", "sound"), first_frame=0)
    (loaded,) = load_sequences(annotated(list(frames)), store, query)
    assert loaded.has_feature.all()
    np.testing.assert_array_equal(loaded.features[:, 0], frames)
    nearest = np.abs(frames[:, None] / 30 - middles_s).argmin(axis=1)
    np.testing.assert_array_equal(loaded.features[:, 1], np.round(middles_s * 30)[nearest])


def test_a_set_that_covers_half_a_video_leaves_the_rest_without_features(tmp_path):
    store = FeatureStore(tmp_path)
    frames = np.arange(120)
    stored(store, "face", frames, times_s=frames / 30)
    middles_s = np.arange(0, 2, 0.2)  # the last at 1.8 s
    stored(store, "sound", np.round(middles_s * 30).astype(int), times_s=middles_s)
    query = FeatureQuery(feature_sets=("face", "sound"), first_frame=0, max_distance_s=0.11)
    (loaded,) = load_sequences(annotated(list(frames)), store, query)
    # 0.11 s from the last row of sound, and again from the last frame that it reaches
    assert loaded.has_feature.tolist() == [frame <= 60 for frame in frames]


def test_sets_without_times_are_joined_by_frame_number(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "face", range(1, 61))
    stored(store, "sound", range(10, 61, 20))
    query = FeatureQuery(feature_sets=("face", "sound"))
    (loaded,) = load_sequences(annotated(list(range(1, 61))), store, query)
    assert loaded.has_feature.all()
    assert loaded.features[17:22, 1].tolist() == [10, 10, 10, 30, 30]


def test_frames_of_a_video_are_counted_from_the_data_sets_first_number(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "one", [0, 1, 2], times_s=np.array([0.5, 0.6, 0.8]))
    (loaded,) = load_sequences(
        annotated([1, 3]), store, FeatureQuery(feature_sets=("one",))
    )
    np.testing.assert_array_equal(loaded.features[:, 0], [0, 2])
    np.testing.assert_allclose(loaded.time_s, [0.5, 0.8])
    assert not loaded.time_is_guessed


def test_where_tracks_overlap_the_longest_one_counts(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "one", [1, 2], track="0", value=10)
    stored(store, "one", [2, 3, 4], track="1", value=20)
    query = FeatureQuery(feature_sets=("one",), max_distance_s=0.0)
    (loaded,) = load_sequences(annotated([1, 2, 3]), store, query)
    np.testing.assert_array_equal(loaded.features[:, 0], [10, 20, 20])


def test_a_store_without_any_of_the_videos_is_refused(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "one", [1])
    with pytest.raises(FeatureError, match="did you mean one"):
        load_sequences(annotated([1]), store, FeatureQuery(feature_sets=("on",)))
    (tmp_path / "one" / "clip").rename(tmp_path / "one" / "other")
    with pytest.raises(FeatureError, match="must have one, got none of 2"):
        load_sequences(annotated([1]), store, FeatureQuery(feature_sets=("one",)))
