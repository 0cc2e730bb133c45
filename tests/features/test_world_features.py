"""A world that is kept as features: its exact truth is that of its videos."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.features.store import FeatureStore
from wildaffect.features.world_features import FEATURE_SET, store_of, write_world_features
from wildaffect.synth.plan import plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.stream import open_clip

PRESET = replace(
    PRESETS["tiny"],
    people={"train": 2, "val": 1, "test": 0},
    videos_per_person=1,
    rows_per_video=5,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    states = write_world_features(
        folder, PRESET, seed=3, statistics="everyday", size_px=96, workers=1
    )
    assert [state.num_done for state in states] == [0, 1, 2, 3]
    return folder


def test_exact_truth_is_that_of_the_behavior_at_the_annotated_frames(world):
    videos = plan_world(PRESET, seed=3, statistics="everyday", size_px=96)
    exact = np.load(world / "exact.npz")
    assert exact["videos"].tolist() == [video.name for video in videos]
    for place, video in enumerate(videos):
        rows = exact["video_index"] == place
        truth = video.behavior().at(video.frame_numbers - 1)
        np.testing.assert_array_equal(exact["frame_number"][rows], video.frame_numbers)
        for name in (
            "intensities", "intensities_left", "intensities_right", "expression",
            "expression_strength", "face_valence", "face_arousal", "valence", "arousal",
            "talking",
        ):  # fmt: skip
            np.testing.assert_array_equal(exact[name][rows], getattr(truth, name))
        np.testing.assert_array_equal(exact["pose_rad"][rows], truth.pose)
        np.testing.assert_array_equal(exact["held"][rows], open_clip(video).held)


def test_every_annotated_frame_has_features(world):
    store = FeatureStore(store_of(world))
    for video in plan_world(PRESET, seed=3, statistics="everyday", size_px=96):
        assert store.tracks(FEATURE_SET, video.name)


def test_a_finished_world_is_not_drawn_again(world):
    states = write_world_features(
        world, PRESET, seed=3, statistics="everyday", size_px=96, workers=1
    )
    assert [(state.num_done, state.num_images) for state in states] == [(3, 0)]
