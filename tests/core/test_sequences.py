import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.feature_rows import FrameFeatures, JoinedSet, times_of
from wildaffect.core.joins import EarlierFirst, nearest_feature
from wildaffect.core.sequences import build_sequences, expand


def annotations(frames, videos=("clip",), video_index=None, **fields):
    rows = len(frames)
    ones = np.ones(rows, dtype=bool)
    return Annotations(
        **{
            "source": "made up",
            "videos": videos,
            "subjects": videos,
            "video_index": np.zeros(rows, int) if video_index is None else video_index,
            "frame_number": np.array(frames, dtype=np.int64),
            "images": tuple(f"clip/{n:05d}.jpg" for n in frames),
            "lines": np.arange(rows) + 2,
            "valence": TaskColumn((np.array(frames) / 1000).astype(np.float32), ones),
            "arousal": TaskColumn(np.zeros(rows, np.float32), ones),
            "expression": TaskColumn(np.array(frames) % 8, ones),
            "action_units": TaskColumn(
                np.zeros((rows, 12), np.int8), np.ones((rows, 12), bool)
            ),
            **fields,
        }
    )


def features(frames, times_s=None):
    numbers = np.array(frames, dtype=np.int64)
    values = np.stack([numbers, -numbers], axis=1).astype(np.float32)
    return FrameFeatures(frame_number=numbers, time_s=times_s, values=values)


def only(annotations, found, max_distance_s=0.2):
    rule = EarlierFirst(max_distance_s=max_distance_s)
    (sequence,) = build_sequences(annotations, {"clip": [JoinedSet(found, rule)]}.get)
    return sequence


def test_repeats_are_computed_once_and_come_back_in_the_order_of_the_file():
    sequence = only(annotations([7, 3, 3, 9, 7]), features([3, 7, 9]))
    assert sequence.frame_number.tolist() == [3, 7, 9]
    np.testing.assert_array_equal(sequence.features[:, 0], [3, 7, 9])
    np.testing.assert_allclose(sequence.targets.valence.values, [0.003, 0.007, 0.009])
    outputs = np.array([[30.0], [70.0], [90.0]])
    expanded = expand(outputs, sequence)
    assert expanded.outputs[:, 0].tolist() == [70, 30, 30, 90, 70]
    assert not expanded.is_borrowed.any()


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60))
def test_expanding_what_was_collapsed_gives_back_every_row(frames):
    sequence = only(annotations(frames), features(sorted(set(frames))))
    assert len(sequence) == len(set(frames))
    expanded = expand(sequence.frame_number[:, None].astype(float), sequence)
    assert expanded.outputs[:, 0].tolist() == frames


def test_soft_labels_follow_their_frames_and_are_masked_where_repeats_disagree():
    shares = np.zeros((4, 8), np.float32)
    shares[:, 0] = [0.75, 0.5, 0.5, 0.25]
    shares[:, 4] = [0.25, 0.5, 0.5, 0.75]
    soft = TaskColumn(shares, np.ones((4, 8), bool))
    table = annotations([9, 3, 3, 9], expression_shares=soft)
    sequence = only(table, features([3, 9]))
    found = sequence.targets.expression_shares
    assert sequence.num_conflicts == 1
    assert found.valid.all(axis=1).tolist() == [True, False]
    assert found.values[0, [0, 4]].tolist() == [0.5, 0.5]
    assert not found.valid[1].any()  # a row has all shares or none


def test_a_label_of_a_whole_clip_is_that_of_every_frame_with_features():
    table = annotations([0], clip_level=True)
    sequence = only(table, features([4, 5, 7]))
    assert sequence.frame_number.tolist() == [4, 5, 7]
    assert sequence.targets.expression.valid.all()
    assert sequence.targets.expression.values.tolist() == [0, 0, 0]


def test_repeats_that_disagree_mask_the_field_and_are_counted():
    valence = np.array([0.1, 0.2, 0.5], np.float32)
    valid = np.array([True, True, False])
    table = annotations(
        [4, 4, 4],
        valence=TaskColumn(valence, valid),
        arousal=TaskColumn(np.zeros(3, np.float32), ~valid),
    )
    sequence = only(table, features([4]))
    assert sequence.num_conflicts == 1
    assert not sequence.targets.valence.valid[0]
    assert sequence.targets.arousal.valid[0]
    assert sequence.targets.expression.valid[0]


def test_a_label_beside_an_unlabeled_repeat_is_kept():
    table = annotations(
        [4, 4],
        valence=TaskColumn(np.array([-5.0, 0.25], np.float32), np.array([False, True])),
    )
    sequence = only(table, features([4]))
    assert sequence.targets.valence.values[0] == 0.25
    assert sequence.targets.valence.valid[0]
    assert sequence.num_conflicts == 0


def test_a_frame_without_features_takes_the_earlier_else_the_later_else_is_masked():
    frames = [1, 5, 9, 14, 30, 36]
    sequence = only(annotations(frames), features([3, 6, 38]), max_distance_s=0.1)
    # at 30 fps 0.1 s are 3 frames: 1 -> later 3, 5 -> earlier 3, 9 -> earlier 6
    assert sequence.has_feature.tolist() == [True, True, True, False, False, True]
    assert sequence.features[:, 0].tolist() == [3, 3, 6, 0, 0, 38]
    outputs = sequence.computed_rows[:, None].astype(float)
    expanded = expand(outputs, sequence)
    assert expanded.outputs[:, 0].tolist() == [0, 1, 2, 2, 2, 5]
    assert expanded.is_borrowed.tolist() == [False, False, False, True, True, False]


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=30, unique=True),
    st.lists(st.integers(0, 300), max_size=30, unique=True),
    st.integers(0, 40),
)
def test_the_substitute_is_the_nearest_allowed_frame(wanted, found, limit):
    found_s = np.sort(np.array(found, dtype=float))
    rows = nearest_feature(np.array(wanted, dtype=float), found_s, max_distance_s=limit)
    for at, row in zip(wanted, rows.tolist(), strict=True):
        earlier = [t for t in found_s if at - limit <= t <= at]
        later = [t for t in found_s if at < t <= at + limit]
        best = max(earlier) if earlier else min(later) if later else None
        assert (None if row < 0 else found_s[row]) == best


def test_times_are_those_of_the_video_or_marked_as_guessed():
    known = features([2, 4, 8], np.array([0.08, 0.16, 0.40]))
    sequence = only(annotations([1, 2, 3, 8, 9]), known)
    rate = (0.40 - 0.08) / 6
    np.testing.assert_allclose(
        sequence.time_s, [0.08 - rate, 0.08, 0.12, 0.40, 0.40 + rate]
    )
    assert not sequence.time_is_guessed
    guessed = only(annotations([3, 6]), features([3, 6]))
    np.testing.assert_allclose(guessed.time_s, [0.1, 0.2])
    assert guessed.time_is_guessed
    one = features([30], np.array([5.0]))
    np.testing.assert_allclose(times_of(np.array([30, 60]), one), [5.0, 6.0])


def test_videos_without_features_or_rows_give_no_sequence():
    table = annotations(
        [1, 2, 1], videos=("a", "empty", "c"), video_index=np.array([2, 2, 0])
    )
    rule = EarlierFirst(max_distance_s=0.1)
    found = {
        "c": [JoinedSet(features([1, 2]), rule)],
        "empty": [JoinedSet(features([1]), rule)],
    }
    (sequence,) = build_sequences(table, found.get)
    assert sequence.video == sequence.subject == "c"
    assert sequence.annotation_rows.tolist() == [0, 1]


def test_a_face_never_seen_masks_the_whole_video_and_cannot_be_expanded():
    sequence = only(annotations([1, 2]), features([]))
    assert not sequence.has_feature.any()
    with pytest.raises(ValueError, match=r"one row per computed row \(0, at least one\)"):
        expand(np.zeros((0, 1)), sequence)
    with pytest.raises(ValueError, match="got 1"):
        expand(np.zeros((1, 1)), only(annotations([1, 2]), features([1, 2])))
