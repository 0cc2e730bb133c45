"""Feature sets of any rate join the annotated frames by time, and no row is lost."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.annotations import Annotations
from wildaffect.core.clips import ClipSampling
from wildaffect.core.columns import empty_columns
from wildaffect.core.errors import FeatureError
from wildaffect.core.joins import Hold, Linear, Nearest, WindowMean
from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.coverage import coverage_of
from wildaffect.data.stored_sequences import FeatureQuery, load_sequences
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import FeatureStore


def stored(
    store, feature_set, frames, *, track="0", width=1, times_s=None, value=None, **fields
):
    numbers = np.array(frames)
    values = numbers[:, None] if value is None else np.full((len(numbers), 1), value)
    store.write(
        FeatureTable(
            feature_set=feature_set,
            track=track,
            columns=tuple(f"c{i}" for i in range(width)),
            frame_number=numbers,
            time_s=numbers / 30 if times_s is None else times_s,
            values=np.repeat(values, width, axis=1).astype(np.float32),
            provenance=Provenance(
                content_sha256="c", preprocess_sha256="p", weights_sha256="w"
            ),
            **{
                "video": "clip",
                "numbering": "named" if times_s is None else "video",
                "time_is_guessed": times_s is None,
            }
            | fields,
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
        **empty_columns(rows, LabelSpaces()).columns(),
    )


def test_a_frame_keeps_the_sets_that_it_has_and_the_others_are_absent(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "one", [1, 2, 3, 5], width=2)
    stored(store, "two", [2, 3, 5, 6, 7])
    query = FeatureQuery(feature_sets=("one", "two"), max_distance_s=0.0)
    (loaded,) = load_sequences(annotated([1, 2, 4, 5, 5, 7]), store, query)
    nan = np.nan
    expected = [[1, 1, nan], [2, 2, 2], [0, 0, 0], [5, 5, 5], [nan, nan, 7]]
    np.testing.assert_array_equal(loaded.features, expected)
    assert loaded.has_feature.tolist() == [True, True, False, True, True]
    assert loaded.set_widths == (2, 1)
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


def test_sparse_labels_lose_no_row_when_sound_is_added_to_the_face(tmp_path):
    """Every 8th frame or so has a face and a label, as in Aff-Wild2; sound has its own."""
    store = FeatureStore(tmp_path)
    frames = 1 + np.round(8.45 * np.arange(93)).astype(int)
    stored(store, "face", frames)
    middles_s = np.arange(0, frames[-1] / 30, 0.96) + 0.48
    stored(store, "sound", np.round(middles_s * 30).astype(int), times_s=middles_s)
    for sets in (("face",), ("sound",), ("face", "sound")):
        query = FeatureQuery(feature_sets=sets)
        (loaded,) = load_sequences(annotated(list(frames)), store, query)
        assert int(loaded.has_feature.sum()) == 93
        assert not np.isnan(loaded.features).any()


def test_a_set_that_covers_half_a_video_is_absent_in_the_rest(tmp_path):
    store = FeatureStore(tmp_path)
    frames = np.arange(120)
    stored(store, "face", frames, times_s=frames / 30)
    middles_s = np.arange(0, 2, 0.2)  # the last at 1.8 s
    stored(store, "sound", np.round(middles_s * 30).astype(int), times_s=middles_s)
    query = FeatureQuery(feature_sets=("face", "sound"), first_frame=0, max_distance_s=0.11)
    loaded = list(load_sequences(annotated(list(frames)), store, query))
    assert loaded[0].has_feature.all()
    absent = np.isnan(loaded[0].features[:, 1])
    assert absent.tolist() == [frame > 57 for frame in frames]  # 1.8 s + 0.11 s
    found = coverage_of(annotated(list(frames)), loaded, ("face", "sound"))
    assert (found.num_rows, found.num_lost) == (120, 0)
    assert found.num_absent == {"face": 0, "sound": 62}
    (note,) = found.notes("made up")
    assert note == "sound is absent in 62 of 120 annotated frames of made up, most in clip"
    found.check("made up", 0.52)
    with pytest.raises(FeatureError, match=r"sound does not reach 62 of 120 .*52%.* clip;"):
        found.check("made up", 0.5)


@pytest.mark.parametrize("rate_hz", [0.5, 2, 25, 100])
def test_moments_of_any_rate_join_the_frames_by_their_times(tmp_path, rate_hz):
    store = FeatureStore(tmp_path)
    frames = np.arange(300)
    stored(store, "face", frames, times_s=frames / 30)
    rows = np.arange(int(10 * rate_hz))
    times_s = (rows + 0.5) / rate_hz
    stored(store, "sound", rows, times_s=times_s, numbering="moments")
    query = FeatureQuery(feature_sets=("face", "sound"), first_frame=0)
    (loaded,) = load_sequences(annotated(list(frames)), store, query)
    used_s = times_s[loaded.features[:, 1].astype(int)]
    assert np.abs(used_s - frames / 30).max() <= max(0.5 / rate_hz, 1 / 30) + 2e-3


def test_one_row_of_a_clip_holds_for_all_its_frames(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "face", [1, 2, 300])
    stored(store, "clip", [0], value=7, numbering="clip")
    query = FeatureQuery(feature_sets=("face", "clip"))
    (loaded,) = load_sequences(annotated([1, 2, 150, 300]), store, query)
    assert loaded.features[:, 1].tolist() == [7, 7, 7, 7]
    assert np.isnan(loaded.features[2, 0])


def test_moments_beside_frames_of_unknown_times_are_refused(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "face", [1, 2, 3])
    stored(store, "sound", [0, 1], times_s=np.array([0.0, 0.1]), numbering="moments")
    query = FeatureQuery(feature_sets=("face", "sound"))
    with pytest.raises(FeatureError, match="sound of clip: rows have times, but no"):
        list(load_sequences(annotated([1, 2]), store, query))


def test_a_video_without_a_set_lacks_it_or_is_skipped_if_all_are_needed(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "face", [1, 2])
    stored(store, "sound", [1, 2], video="other")
    rows = annotated([1, 2])
    rows = replace(rows, videos=("clip", "other"), video_index=np.array([0, 1]))
    query = FeatureQuery(feature_sets=("face", "sound"))
    first, second = load_sequences(rows, store, query)
    np.testing.assert_array_equal(first.features, [[1, np.nan]])
    np.testing.assert_array_equal(second.features, [[np.nan, 2]])
    assert not list(load_sequences(rows, store, replace(query, needs_all=True)))
    query = FeatureQuery(feature_sets=("face", "lost"), absent={"lost": 2})
    (only,) = load_sequences(rows, store, query)
    np.testing.assert_array_equal(only.features, [[1, np.nan, np.nan]])


def test_rules_of_a_query_join_each_set_in_its_own_way(tmp_path):
    store = FeatureStore(tmp_path)
    frames = np.arange(31)
    stored(store, "face", frames, times_s=frames / 30)
    stored(store, "sound", [0, 15, 30], times_s=np.array([0.0, 0.5, 1.0]))
    rules = {
        "nearest": (Nearest(max_distance_s=0.2), [0, 0, np.nan, 15, 15, 30]),
        "hold": (Hold(max_age_s=0.4), [0, 0, 0, 15, 15, 30]),
        "linear": (Linear(max_gap_s=0.5), [0, 6, 7, 15, 18, 30]),
        "gap": (Linear(max_gap_s=0.4), [0, np.nan, np.nan, 15, np.nan, 30]),
        "mean": (WindowMean(length_s=1.0), [7.5, 7.5, 7.5, 15, 22.5, 22.5]),
        "past": (WindowMean(length_s=0.6, is_causal=True), [0, 0, 0, 7.5, 7.5, 22.5]),
    }
    for rule, expected in rules.values():
        query = FeatureQuery(
            feature_sets=("face", "sound"), first_frame=0, joins={"sound": rule}
        )
        (loaded,) = load_sequences(annotated([0, 6, 7, 15, 18, 30]), store, query)
        np.testing.assert_allclose(loaded.features[:, 1], expected, rtol=1e-6)


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


CLIPS = ClipSampling(num_frames=16, step_s=0.1, stride=4)


def test_a_frame_takes_the_clip_that_it_is_in(tmp_path):
    """Clips of 1.5 s from 1.0 s on, every 0.4 s; their rows stand 0.8 s after the start.

    The face is held for 0.5 s outside them.
    """
    store = FeatureStore(tmp_path)
    times_s = np.array([1.8, 2.2, 2.6])
    rows = np.round(times_s * 30).astype(int)
    stored(store, "clips", rows, times_s=times_s, clips=CLIPS)
    stored(store, "face", np.arange(120), times_s=np.arange(120) / 30)
    query = FeatureQuery(feature_sets=("clips", "face"), first_frame=0)
    frames = [14, 15, 30, 53, 65, 66, 78, 117, 118]
    (loaded,) = load_sequences(annotated(frames), store, query)
    nan = np.nan
    expected = [nan, 54, 54, 54, 66, 66, 78, 78, nan]
    np.testing.assert_array_equal(loaded.features[:, 0], expected)


def test_a_row_at_the_end_of_its_clip_serves_no_earlier_frame(tmp_path):
    store = FeatureStore(tmp_path)
    rows, end = np.array([45, 57]), replace(CLIPS, row_at="end")
    stored(store, "clips", rows, times_s=rows / 30, clips=end)
    query = FeatureQuery(feature_sets=("clips",), first_frame=0)
    (loaded,) = load_sequences(annotated([44, 45, 56, 57, 84, 85]), store, query)
    assert loaded.has_feature.tolist() == [False, True, True, True, True, False]
    np.testing.assert_array_equal(loaded.features[1:5, 0], [45, 45, 57, 57])


def test_clips_of_a_person_who_passes_by_do_not_count_during_the_longest_track(tmp_path):
    store = FeatureStore(tmp_path)
    for track, rows in (("0", [30, 60, 90]), ("1", [50, 110])):
        times_s = np.array(rows) / 30
        stored(store, "one", rows, times_s=times_s, track=track, clips=CLIPS)
    query = FeatureQuery(feature_sets=("one",), first_frame=0)
    (loaded,) = load_sequences(annotated([30, 50, 90, 110]), store, query)
    np.testing.assert_array_equal(loaded.features[:, 0], [30, 60, 90, 110])


def test_the_users_rule_goes_before_that_of_clips(tmp_path):
    store = FeatureStore(tmp_path)
    rows = np.array([30, 60])
    stored(store, "clips", rows, times_s=rows / 30, clips=CLIPS)
    query = FeatureQuery(
        feature_sets=("clips",), first_frame=0, joins={"clips": Linear(max_gap_s=2.0)}
    )
    (loaded,) = load_sequences(annotated([30, 45]), store, query)
    np.testing.assert_array_equal(loaded.features[:, 0], [30, 45])


def test_a_store_without_any_of_the_videos_is_refused(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "one", [1])
    with pytest.raises(FeatureError, match="did you mean one"):
        load_sequences(annotated([1]), store, FeatureQuery(feature_sets=("on",)))
    (tmp_path / "one" / "clip").rename(tmp_path / "one" / "other")
    with pytest.raises(FeatureError, match="must have one, got none of 2"):
        load_sequences(annotated([1]), store, FeatureQuery(feature_sets=("one",)))


def test_videos_of_one_set_must_have_the_same_columns(tmp_path):
    store = FeatureStore(tmp_path)
    stored(store, "face", [1, 2], width=3)
    stored(store, "face", [1, 2], width=2, video="unseen")
    both = replace(annotated([1, 1]), video_index=np.array([0, 1]))
    query = FeatureQuery(feature_sets=("face",))
    with pytest.raises(
        FeatureError, match=r"face must have the same columns .* got 2 of uns"
    ):
        list(load_sequences(both, store, query))
