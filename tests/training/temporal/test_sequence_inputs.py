from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.errors import FeatureError
from wildaffect.core.feature_rows import join_sets
from wildaffect.data.stored_sequences import FeatureQuery, read_set
from wildaffect.faces.blendshapes import NAMES
from wildaffect.features.geometry import GEOMETRY_COLUMNS, GEOMETRY_NAMES
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.inference.neutral import DEFAULT_POLICY, PersonNeutral, track_changes
from wildaffect.training.temporal.sequence_inputs import (
    feature_sets,
    in_order,
    measured_view,
)

QUERY = FeatureQuery(feature_sets=("geometry",), first_frame=0)


def table(feature_set, columns, num_rows, seed=0):
    rng = np.random.default_rng(seed)
    return FeatureTable(
        feature_set=feature_set,
        video="clip",
        track="0",
        columns=columns,
        frame_number=np.arange(num_rows),
        time_s=np.arange(num_rows) / 10,
        values=rng.random((num_rows, len(columns)), dtype=np.float32) / 4,
        provenance=Provenance(
            content_sha256="0", preprocess_sha256="none", weights_sha256="0"
        ),
    )


@pytest.fixture
def store(tmp_path):
    store = FeatureStore(tmp_path)
    store.write(table("geometry", GEOMETRY_COLUMNS, 80), "float32")
    store.write(table("net", ("a", "b"), 80, seed=1), "float32")
    return store


def test_inputs_of_one_feature_set_stand_next_to_each_other():
    assert in_order(["pose", "net", "geometry"]) == ("pose", "geometry", "net")
    assert feature_sets(["pose", "net", "geometry"]) == ("geometry", "net")
    with pytest.raises(FeatureError, match="each named once, got pose, pose"):
        in_order(["pose", "pose"])


def test_kinds_are_cut_out_of_the_measured_set_and_other_sets_come_whole(store):
    inputs = in_order(["blendshapes", "net", "pose"])
    query = FeatureQuery(feature_sets=feature_sets(inputs), first_frame=0)
    view = measured_view(inputs, DEFAULT_POLICY)
    sets = [read_set(store, name, "clip", query, view) for name in query.feature_sets]
    rows = join_sets(np.arange(80), sets).values
    stored = table("geometry", GEOMETRY_COLUMNS, 80).values
    pose = stored[:, len(GEOMETRY_NAMES) : len(GEOMETRY_NAMES) + 3]
    np.testing.assert_array_equal(rows[:, : len(NAMES)], stored[:, -len(NAMES) :])
    np.testing.assert_array_equal(rows[:, len(NAMES) : len(NAMES) + 3], pose)
    np.testing.assert_array_equal(rows[:, -2:], table("net", ("a", "b"), 80, 1).values)


def test_a_measured_set_of_another_version_is_refused(store):
    store.write(table("geometry", ("x", "y"), 80), "float32")
    view = measured_view(["pose"], DEFAULT_POLICY)
    with pytest.raises(FeatureError, match="extract it again and overwrite it"):
        read_set(store, "geometry", "clip", QUERY, view)


@pytest.mark.parametrize("num_rows", [0, 1, 20, 80])
def test_changes_of_a_track_are_those_that_the_stream_finds(num_rows):
    one = table("geometry", GEOMETRY_COLUMNS, num_rows)
    geometry = one.values[:, : len(GEOMETRY_NAMES)]
    blendshapes = one.values[:, -len(NAMES) :]
    found = track_changes(one.time_s, geometry, blendshapes, DEFAULT_POLICY)
    assert found.geometry.shape == geometry.shape
    held = min(int(DEFAULT_POLICY.warm_up_s * 10), num_rows - 1)
    neutral = PersonNeutral(DEFAULT_POLICY)
    for row in range(num_rows):
        neutral.update(float(one.time_s[row]), geometry[row], blendshapes[row])
        if row == held:
            first = neutral.blendshapes_change(blendshapes[0])
            np.testing.assert_array_equal(found.blendshapes[0], first)
        if row >= held:
            now = neutral.geometry_change(geometry[row])
            np.testing.assert_array_equal(found.geometry[row], now)


NAMED = [f"video-{number:03d}" for number in range(200)]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Tracks of many videos with the same measures."""
    store = FeatureStore(tmp_path_factory.mktemp("many"))
    for name in NAMED:
        store.write(replace(table("geometry", GEOMETRY_COLUMNS, 3), video=name), "float32")
    return store


def read_against_population(store, share):
    """Videos whose neutral is unknown throughout."""
    rest = dict.fromkeys(GEOMETRY_NAMES, 0.1)
    policy = replace(DEFAULT_POLICY, population_geometry=rest)
    inputs = ("geometry_change", "neutral_confidence")
    view = measured_view(inputs, policy, neutral_unknown=share)
    found = set()
    for name in NAMED:
        track = store.open(EntryName("geometry", name, "0"))
        rows = view(track)
        assert rows.shape == (3, len(GEOMETRY_NAMES) + 1)
        if not rows[:, -1].any():
            geometry = track.read()[:, : len(GEOMETRY_NAMES)]
            np.testing.assert_allclose(rows[:, :-1], geometry - 0.1, atol=1e-6)
            found.add(name)
    return found


def test_a_share_of_videos_is_read_against_the_population_picked_by_name(many):
    assert read_against_population(many, 0.0) == set()
    half = read_against_population(many, 0.5)
    assert 0.35 < len(half) / len(NAMED) < 0.65
    assert read_against_population(many, 0.5) == half
    assert read_against_population(many, 0.2) < half
    assert read_against_population(many, 1.0) == set(NAMED)
