"""The face chain of the analysis path against scenes of which everything is known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scene_scores import (
    FaceCriteria,
    Sight,
    TrackFaults,
    pair_boxes,
    pair_faces,
    pose_errors,
    track_faults,
)

from wildaffect.core.faces import FaceObservation, FrameFaces, HeadPose, Status
from wildaffect.core.frames import Frame
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.pose import pose_to_rotation
from wildaffect.faces.scan import FrameScanner
from wildaffect.runtime.network import Device
from wildaffect.synth.facs import DRAWN
from wildaffect.synth.landmarks import NAMES
from wildaffect.synth.motion import FPS
from wildaffect.synth.render.renderer import Moment
from wildaffect.synth.scene import SceneFrame, Staging, draw_scene
from wildaffect.synth.scene_truth import Seen, head_pose
from wildaffect.synth.take import head_rotation


def someone(person_id: int = 0, left: float = 0.0, visible: float = 1.0) -> Seen:
    return Seen(
        person_id=person_id,
        box_xyxy=np.float32([left, 0, left + 40, 50]),
        landmarks_xy=np.zeros((len(NAMES), 2), np.float32),
        pose=HeadPose(10, 0, 0),
        visible=visible,
        head_height_px=90.0,
        valence=0.0,
        arousal=0.0,
        expression=0,
        intensities=np.zeros(21, np.float32),
    )


def face(track_id: int, left: float = 0.0) -> FaceObservation:
    return FaceObservation(
        track_id=track_id,
        status=Status.OK,
        detection_score=1.0,
        presence=1.0,
        box_xyxy=np.float32([left, 0, left + 40, 50]),
        landmarks_xyz=np.zeros((478, 3), np.float32),
        blendshapes=np.zeros(52, np.float32),
        pose=HeadPose(13, -5, 1),
        face_size_px=45.0,
        sharpness=10.0,
    )


def sights(*parts: tuple[int, int, int | None], num_frames: int = 20) -> list[Sight]:
    """Return sights of parts, each a shot, a person and a track number, or None."""
    return [
        Sight(
            place * num_frames + frame,
            shot,
            someone(person),
            None if track is None else face(track),
        )
        for place, (shot, person, track) in enumerate(parts)
        for frame in range(num_frames)
    ]


def test_boxes_go_to_the_best_overlap_and_a_second_box_on_a_person_is_not_stray():
    people = [someone(0, left=0), someone(1, left=60)]
    boxes = [face(0, left=x).box_xyxy for x in (62, 12, 3, 300)]
    assert pair_boxes(people, boxes) == ({0: 2, 1: 0}, [3])


def test_a_box_on_two_people_is_about_the_one_in_front():
    people = [someone(0, left=0, visible=0.1), someone(1, left=8)]
    assert pair_boxes(people, [face(0, left=0).box_xyxy]) == ({1: 0}, [])


@pytest.mark.parametrize(
    ("seen", "faults"),
    [
        pytest.param(sights((0, 7, 1), (0, 7, 1)), {"num_appearances": 1}, id="none"),
        pytest.param(
            sights((0, 7, 1), (0, 7, 2)),
            {"num_appearances": 1, "num_fragments": 1},
            id="fragment",
        ),
        pytest.param(
            sights((0, 7, 1), (0, 8, 1)),
            {"num_appearances": 2, "num_switches": 1},
            id="switch",
        ),
        pytest.param(
            sights((0, 7, 1), (1, 7, 1)),
            {"num_appearances": 2, "num_carried": 1},
            id="carried through a cut",
        ),
        pytest.param(
            sights((0, 7, None)), {"num_appearances": 1, "num_missed": 1}, id="missed"
        ),
        pytest.param(
            sights((0, 7, 1), (0, 8, 3), (0, 7, 2)),
            {"num_appearances": 3},
            id="back after a long break under another number",
        ),
    ],
)
def test_faults_of_track_numbers_are_counted(seen, faults):
    assert track_faults(seen, FaceCriteria(), max_gap_s=0.5) == TrackFaults(**faults)


def test_pose_errors_stand_beside_the_true_yaw():
    np.testing.assert_allclose(
        pose_errors(sights((0, 7, 1), num_frames=2), FaceCriteria()), [[10, 3, -5, 1]] * 2
    )


def test_faces_that_are_hard_to_see_are_not_required():
    criteria = FaceCriteria()
    assert criteria.covers(someone())
    assert not criteria.covers(someone(visible=0.5))
    assert not criteria.covers(replace(someone(), pose=HeadPose(-80, 0, 0)))
    assert not criteria.covers(replace(someone(), box_xyxy=np.float32([0, 0, 9, 12])))


def test_the_pose_of_a_turned_body_is_the_turn_of_its_head():
    rng = np.random.default_rng(0)
    for _ in range(200):
        yaw, pitch, roll, body = rng.uniform(-1, 1, 4) * [0.8, 0.5, 0.3, 2.9]
        rotation = head_rotation(yaw, pitch, roll)
        pose = head_pose(Moment(intensities=np.zeros(len(DRAWN)), rotation=rotation), body)
        turn = head_rotation(body, 0, 0) @ rotation
        np.testing.assert_allclose(pose_to_rotation(pose), turn, atol=1e-5)
        assert (abs(pose.yaw_deg) > 90) == (turn[2, 2] < 0)


def test_the_end_of_a_scene_breaks_its_last_shot_off_and_changes_no_earlier_one():
    def drawn(num_frames: int) -> list[SceneFrame]:
        staging = Staging(num_people_probs=(0, 1), ways={"crosses": 1.0})
        frames = draw_scene(
            (9, 0), height=36, width=64, num_frames=num_frames, cast=[3], staging=staging
        )
        return list(frames)

    short, long = drawn(4), drawn(8)
    assert len(short) == 4
    assert len(long) == 8
    for item, other in zip(short, long, strict=False):
        np.testing.assert_array_equal(item.rgb, other.rgb)
        np.testing.assert_array_equal(item.people[0].box_xyxy, other.people[0].box_xyxy)


@pytest.fixture(scope="module")
def follow():
    """Run the face chain over a scene."""
    detector, chain = FaceDetector(Device()), FaceChain(Device())

    def run(scene: Sequence[SceneFrame]) -> list[FrameFaces]:
        scanner = FrameScanner(detector)
        frames = (Frame(index=f.index, time_s=f.index / FPS, rgb=f.rgb) for f in scene)
        return list(chain.run(map(scanner, frames)))

    return run


def test_two_people_are_followed_and_numbered_anew_when_a_cut_brings_them_back(follow):
    two = Staging(num_people_probs=(0, 0, 1), ways={"stays": 1.0})
    drawn: list[SceneFrame] = []
    for shot in range(2):
        frames = draw_scene(
            (802 + shot,), height=216, width=384, num_frames=20, cast=[11, 12], staging=two
        )
        drawn += [replace(frame, shot=shot) for frame in frames]
    drawn = [replace(item, index=index) for index, item in enumerate(drawn)]
    seen, num_stray = pair_faces(drawn, follow(drawn))
    required = [person for person in seen if FaceCriteria().covers(person.person)]
    assert len(required) > 60
    assert np.mean([item.face is not None for item in required]) > 0.9
    assert num_stray == 0
    assert track_faults(seen, FaceCriteria(), max_gap_s=0.5) == TrackFaults(
        num_appearances=4
    )
    assert np.median(np.abs(pose_errors(seen, FaceCriteria())[:, 1])) < 4
