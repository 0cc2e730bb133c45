"""Rows of a drawn world beside what is exactly true of them."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.errors import MissingData
from wildaffect.features.geometry import GEOMETRY_NAMES, split_row
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.features.world_features import store_of, write_world_features
from wildaffect.features.world_sight import see_video
from wildaffect.inference.neutral import (
    DEFAULT_POLICY,
    Neutral,
    population_changes,
    track_changes,
)
from wildaffect.synth.plan import plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.training.generated.exact_rows import (
    ExactRows,
    face_at_rest,
    read_exact_rows,
    rows_against,
)

PRESET = replace(
    PRESETS["tiny"],
    people={"train": 2, "val": 1, "test": 0},
    videos_per_person=1,
    rows_per_video=6,
)


def draw(folder, how=None):
    options = {"seed": 3, "statistics": "everyday", "size_px": 112, "workers": 1}
    for _ in write_world_features(folder, PRESET, **options, draw=how):
        pass
    return folder


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("seen"), see_video)


@pytest.fixture(scope="module")
def planned():
    return plan_world(PRESET, seed=3, statistics="everyday", size_px=112)


def stored(world, video):
    return FeatureStore(store_of(world)).open(EntryName("geometry", video.name, "0"))


def test_rows_stand_beside_the_truth_of_their_own_frames(seen, planned):
    for split, count in (("train", 2), ("val", 1)):
        rows = read_exact_rows(seen, split)
        assert len(np.unique(rows.person)) == count
        for video in (item for item in planned if item.split == split):
            entry = stored(seen, video)
            own = rows.person == planned.index(video)
            np.testing.assert_array_equal(rows.time_s[own], entry.time_s)
            geometry, _, blendshapes = split_row(entry.read().astype(np.float32))
            np.testing.assert_array_equal(rows.geometry[own], geometry)
            np.testing.assert_array_equal(rows.blendshapes[own], blendshapes)
            truth = video.behavior().at(entry.frame_number - 1)
            for name in ("intensities", "intensities_left", "face_valence"):
                np.testing.assert_array_equal(rows.truth[name][own], getattr(truth, name))


def test_a_world_without_truth_or_split_is_named(seen, tmp_path):
    with pytest.raises(
        MissingData, match=r"exact\.npz: no such file; generate the data set again"
    ):
        read_exact_rows(tmp_path, "train")
    with pytest.raises(MissingData, match="no videos of split test"):
        read_exact_rows(seen, "test")


def test_seeing_a_video_again_gives_the_same_features_to_the_bit(seen, planned, tmp_path):
    see_video(tmp_path, planned[0])
    again = FeatureStore(tmp_path).open(EntryName("geometry", planned[0].name, "0"))
    first = stored(seen, planned[0])
    np.testing.assert_array_equal(again.frame_number, first.frame_number)
    np.testing.assert_array_equal(again.read(), first.read())
    assert again.sidecar.columns == first.sidecar.columns


def test_features_seen_with_one_look_are_near_those_of_extraction(seen, planned, tmp_path):
    """In distances between the eyes. Both looks of the mesh differ by where they are.

    The slopes of the brows are quotients that small shifts of points change much.
    """
    kept = [not name.startswith("brow_slope") for name in GEOMETRY_NAMES]
    extracted = draw(tmp_path)
    parts = []
    for video in planned:
        one, other = stored(seen, video), stored(extracted, video)
        shared = np.intersect1d(one.frame_number, other.frame_number)
        assert len(shared) >= 4
        rows = [
            split_row(entry.read().astype(np.float32))[0][
                np.searchsorted(entry.frame_number, shared)
            ][:, kept]
            for entry in (one, other)
        ]
        parts.append(np.abs(rows[0] - rows[1]))
    differences = np.concatenate(parts)
    assert np.median(differences) < 0.01
    assert np.quantile(differences, 0.99) < 0.05
    assert differences.max() > 0  # two looks, not one


def invented(strongest, geometry):
    num_rows = len(strongest)
    return ExactRows(
        person=np.repeat(np.arange(num_rows // 5), 5),
        time_s=np.tile(np.arange(5) / 5, num_rows // 5),
        geometry=geometry.astype(np.float32),
        blendshapes=np.zeros((num_rows, 52), np.float32),
        truth={"intensities": np.array(strongest, np.float32)[:, None]},
    )


def test_the_face_at_rest_is_the_median_person_of_those_seen_at_rest():
    rest = np.repeat([0.1, 0.2, 0.9, 7.0], 5)[:, None]
    geometry = np.repeat(rest, len(GEOMETRY_NAMES), axis=1)
    strongest = np.zeros(20)
    geometry[3], strongest[3] = 50.0, 0.8  # a face in motion does not count
    strongest[17:] = 0.5  # two rows at rest are too few for the fourth person
    found = face_at_rest(invented(strongest, geometry))
    assert tuple(found) == GEOMETRY_NAMES
    assert set(found.values()) == {0.2}


def test_rows_are_read_track_by_track_against_their_own_or_the_populations_face():
    rng = np.random.default_rng(0)
    rows = invented(np.zeros(10), rng.random((10, len(GEOMETRY_NAMES))))
    rest = dict(zip(GEOMETRY_NAMES, rng.random(len(GEOMETRY_NAMES)).tolist(), strict=True))
    policy = replace(DEFAULT_POLICY, population_geometry=rest)
    own = rows_against(rows, policy, own_neutral=True)
    for start in (0, 5):
        part = slice(start, start + 5)
        alone = track_changes(
            rows.time_s[part], rows.geometry[part], rows.blendshapes[part], policy
        )
        np.testing.assert_array_equal(own[part, :-1], alone.geometry)
        np.testing.assert_array_equal(own[part, -1:], alone.confidence)
    assert own[:, -1].min() > 0
    population = rows_against(rows, policy, own_neutral=False)
    values = np.array(list(rest.values()))
    np.testing.assert_allclose(population[:, :-1], rows.geometry - values, atol=1e-6)
    assert not population[:, -1].any()


def test_changes_against_the_population_are_those_of_a_neutral_never_seen():
    rng = np.random.default_rng(1)
    geometry = rng.random((4, len(GEOMETRY_NAMES)), np.float32)
    blendshapes = rng.random((4, 52), np.float32)
    rest = dict.fromkeys(GEOMETRY_NAMES, 0.25)
    policy = replace(DEFAULT_POLICY, population_geometry=rest)
    found, neutral = population_changes(geometry, blendshapes, policy), Neutral(policy)
    for row in range(4):
        np.testing.assert_array_equal(
            found.geometry[row], neutral.geometry_change(geometry[row])
        )
        np.testing.assert_array_equal(
            found.blendshapes[row], neutral.blendshapes_change(blendshapes[row])
        )
    assert neutral.confidence == 0
    assert not found.confidence.any()
    assert found.geometry.any()
