"""Video files beside the crops, and planned videos in memory."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS
from wildaffect.data.stored_sequences import FeatureQuery, read_set
from wildaffect.features.geometry import GEOMETRY_COLUMNS
from wildaffect.features.store import FeatureStore
from wildaffect.formats.affwild2_mtl import read_mtl
from wildaffect.synth.dataset import Files, write_world
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import PlannedVideo, plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.render.renderer import Renderer
from wildaffect.synth.stream import open_clip, stream_frames
from wildaffect.video.read import open_source

ONE = replace(
    PRESETS["tiny"], people={"train": 1, "val": 0, "test": 0}, videos_per_person=1,
    rows_per_video=8,
)  # fmt: skip
SIZE_PX = 80


def write(folder: Path, files: Files) -> Path:
    states = write_world(
        folder, ONE, seed=6, statistics="balanced", size_px=SIZE_PX, workers=1, files=files
    )
    *_, last = states
    assert last.num_done == 1
    return folder


@pytest.fixture(scope="module")
def planned() -> PlannedVideo:
    (video,) = plan_world(ONE, seed=6, statistics="balanced", size_px=SIZE_PX)
    return video


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("world") / "both", "both")


@pytest.fixture(scope="module")
def decoded(world, planned):
    with open_source(world / "videos" / f"{planned.name}.mp4") as reader:
        return list(reader)


def test_a_video_runs_from_frame_one_to_the_last_annotated_frame(decoded, planned):
    assert [frame.index for frame in decoded] == list(range(planned.num_frames))
    times_s = [frame.time_s for frame in decoded]
    np.testing.assert_allclose(times_s, np.arange(planned.num_frames) / FPS, atol=1e-4)


def test_a_decoded_frame_shows_its_own_moment(decoded, planned):
    drawn = np.stack([frame.rgb for frame in stream_frames(planned)]).astype(np.int16)
    for place in (0, 7, len(drawn) - 1):
        far = np.abs(drawn - decoded[place].rgb).mean((1, 2, 3))
        assert far[place] < 6
        assert far.argmin() == place


def test_exact_points_of_a_video_lie_on_the_face_that_it_shows(world, decoded, planned):
    with np.load(world / "exact.npz") as exact:
        points = exact["video_landmarks_xy"]
        numbers = exact["frame_number"]
        units = exact["action_unit_numbers"][:12]
    np.testing.assert_array_equal(units, ABAW_ACTION_UNIT_NUMBERS)
    np.testing.assert_array_equal(numbers, planned.frame_numbers)
    assert points.shape == (len(numbers), 28, 2)
    assert points.min() > 0
    assert points.max() < 2 * SIZE_PX
    drawn = list(stream_frames(planned))
    for row, number in enumerate(numbers):
        np.testing.assert_array_equal(points[row], drawn[number - 1].landmarks_xy)


def test_crops_are_the_same_bytes_with_and_without_videos(world, tmp_path):
    alone = write(tmp_path / "crops", "crops")
    assert not (alone / "videos").exists()
    paths = sorted((alone / "cropped_aligned").rglob("*.jpg"))
    assert len(paths) == 8
    for path in paths:
        assert path.read_bytes() == (world / path.relative_to(alone)).read_bytes()


def test_a_world_of_videos_alone_has_the_same_labels_and_no_crops(world, tmp_path, capsys):
    alone = write(tmp_path / "videos", "videos")
    assert not (alone / "cropped_aligned").exists()
    name = "training_set_annotations.txt"
    assert (alone / name).read_bytes() == (world / name).read_bytes()
    with np.load(alone / "exact.npz") as exact:
        assert "landmarks_xy" not in exact
        assert len(exact["video_landmarks_xy"]) == 8
    assert main(["data", "check", str(alone)]) == 0


@pytest.mark.e2e
def test_features_of_video_and_crops_bear_the_numbers_of_the_annotations(
    world, planned, tmp_path, capsys
):
    found = {}
    for kind in ("videos", "cropped_aligned"):
        store = tmp_path / kind
        flags = ["--feature-sets", "geometry", "-o", str(store), "--quiet"]
        assert main(["extract", str(world / kind), *flags]) == 0
        query = FeatureQuery(feature_sets=("geometry",))
        read = read_set(FeatureStore(store), "geometry", planned.name, query)
        found[kind] = read.features
    video, crops = found["videos"], found["cropped_aligned"]
    np.testing.assert_array_equal(video.frame_number, 1 + np.arange(planned.num_frames))
    np.testing.assert_array_equal(crops.frame_number, planned.frame_numbers)
    np.testing.assert_allclose(video.time_s, (video.frame_number - 1) / FPS, atol=1e-4)
    yaw = GEOMETRY_COLUMNS.index("pose_yaw_deg")
    exact = np.rad2deg(planned.behavior().pose[planned.frame_numbers - 1, 0])
    for seen in (video.values[planned.frame_numbers - 1], crops.values):
        assert np.median(np.abs(seen[:, yaw] - exact)) < 8


@pytest.mark.e2e
def test_analyze_finds_the_person_of_a_video(world, planned, tmp_path, capsys):
    video = world / "videos" / f"{planned.name}.mp4"
    assert main(["analyze", str(video), "-o", str(tmp_path), "--quiet"]) == 0
    rows = (tmp_path / f"{planned.name}.csv").read_text().splitlines()
    assert len(rows) == 1 + planned.num_frames


def test_a_clip_in_memory_is_the_clip_on_disk_before_its_files_compression(world, planned):
    clip = open_clip(planned)
    reading = read_mtl(world / "training_set_annotations.txt")
    assert clip.annotations.images == reading.annotations.images
    np.testing.assert_array_equal(
        clip.annotations.valence.values, reading.annotations.valence.values
    )
    np.testing.assert_array_equal(clip.frame_number, planned.frame_numbers)
    np.testing.assert_array_equal(clip.time_s, (planned.frame_numbers - 1) / FPS)
    with np.load(world / "exact.npz") as exact:
        np.testing.assert_array_equal(clip.truth.intensities, exact["intensities"])
        np.testing.assert_array_equal(clip.truth.valence, exact["valence"])
        np.testing.assert_array_equal(clip.held, exact["held"])
    crops = list(clip.crops)
    assert len(crops) == len(clip) == len(clip.truth) == 8
    for image, crop in zip(clip.annotations.images, crops, strict=True):
        stored = cv2.imread(str(world / "cropped_aligned" / image))[..., ::-1]
        assert crop.rgb.dtype == np.uint8
        assert np.abs(stored.astype(int) - crop.rgb).mean() < 4


def test_a_renderer_may_serve_one_clip_after_another():
    videos = plan_world(PRESETS["tiny"], seed=9, statistics="wild", size_px=32)
    shared = Renderer(32, 32)
    for video in videos[2:5:2]:
        alone, again = open_clip(video), open_clip(video, renderer=shared)
        for want, got in zip(alone.crops, again.crops, strict=True):
            np.testing.assert_array_equal(want.rgb, got.rgb)


def test_presets_grow_in_proportion_and_keep_everyone_apart():
    wild = PRESETS["wild"].with_people(500)
    assert wild.people == {"train": 500, "val": 97, "test": 160}
    videos = plan_world(wild, seed=2, statistics="wild", size_px=112)
    assert len({video.identity for video in videos}) == len(videos) == 757
    assert len({video.name for video in videos}) == len(videos)
    assert PRESETS["tiny"].with_people(1).people == {"train": 1, "val": 1, "test": 1}
    assert PRESETS["scenes"].with_people(3).people == {"train": 0, "val": 0, "test": 3}


def test_more_people_leave_those_who_were_there_as_they_were():
    few = plan_world(PRESETS["tiny"], seed=2, statistics="wild", size_px=64)
    preset = PRESETS["tiny"].with_people(9)
    many = {v.name: v for v in plan_world(preset, seed=2, statistics="wild", size_px=64)}
    for video in few:
        assert many[video.name].identity == video.identity
        np.testing.assert_array_equal(many[video.name].frame_numbers, video.frame_numbers)


def test_the_command_refuses_numbers_and_files_that_make_no_sense(tmp_path, capsys):
    out = ["-o", str(tmp_path / "a")]
    assert main(["synth", "make", "tiny", *out, "--people", "0"]) == 2
    assert "num_people must be 1" in capsys.readouterr().err
    assert main(["synth", "make", "scenes", *out, "--files", "both"]) == 2
    assert "not valid for scenes" in capsys.readouterr().err
