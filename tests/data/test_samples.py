import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence, expand
from wildaffect.core.stitching import stitch
from wildaffect.core.tasks import ABAW_TASKS
from wildaffect.core.windows import WindowSpec, cut
from wildaffect.data.collate import collate
from wildaffect.data.samples import Sample, WindowSampler

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
    for task in ABAW_TASKS:
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
