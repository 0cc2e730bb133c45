import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.faces import HeadPose
from wildaffect.faces.models import canonical_face
from wildaffect.faces.pose import head_pose, pose_to_rotation, rotation_to_pose

ANGLES = st.floats(-80, 80)
GOLDEN = Path(__file__).parents[1] / "golden/faces/astronaut_mediapipe.json"


def posed_landmarks(pose):
    """The canonical face seen under a pose, as the mesh gives it: pixels, y down."""
    seen = canonical_face().vertices @ pose_to_rotation(pose).T
    return (seen * [9, -9, -9] + [320, 180, 0]).astype(np.float32)


@given(yaw=ANGLES, pitch=ANGLES, roll=st.floats(-170, 170))
def test_angles_survive_the_rotation_matrix(yaw, pitch, roll):
    pose = HeadPose(yaw, pitch, roll)
    np.testing.assert_allclose(rotation_to_pose(pose_to_rotation(pose)), pose, atol=1e-6)


@given(yaw=ANGLES, pitch=ANGLES, roll=st.floats(-170, 170))
def test_a_rotated_canonical_face_gives_back_its_angles_in_degrees(yaw, pitch, roll):
    pose = HeadPose(yaw, pitch, roll)
    np.testing.assert_allclose(head_pose(posed_landmarks(pose)), pose, atol=1e-2)


@pytest.mark.parametrize(
    ("pose", "landmark", "axis", "sign"),
    [
        pytest.param(HeadPose(30, 0, 0), 4, 0, +1, id="yaw moves the nose to image right"),
        pytest.param(HeadPose(0, 30, 0), 4, 1, -1, id="pitch moves the nose up"),
        pytest.param(HeadPose(0, 0, 30), 10, 0, +1, id="roll moves the forehead right"),
    ],
)
def test_positive_angles_turn_the_way_the_record_says(pose, landmark, axis, sign):
    moved = posed_landmarks(pose)[landmark] - posed_landmarks(HeadPose(0, 0, 0))[landmark]
    assert np.sign(moved[axis]) == sign


def test_turning_the_picture_changes_roll_alone(portrait, follow):
    poses = []
    for angle in (0, 25):
        turn = cv2.getRotationMatrix2D((225, 120), -angle, 1.0)  # clockwise in the image
        image = cv2.warpAffine(portrait, turn, (512, 512))
        poses.append(follow([image])[0].faces[0].pose)
    upright, turned = poses
    assert turned.roll_deg - upright.roll_deg == pytest.approx(25, abs=2)
    assert turned.yaw_deg == pytest.approx(upright.yaw_deg, abs=4)
    assert turned.pitch_deg == pytest.approx(upright.pitch_deg, abs=4)


def test_mirroring_the_picture_mirrors_yaw_and_roll(portrait, follow):
    pose = follow([portrait])[0].faces[0].pose
    mirrored = follow([np.ascontiguousarray(portrait[:, ::-1])])[0].faces[0].pose
    np.testing.assert_allclose(
        [mirrored.yaw_deg, mirrored.pitch_deg, mirrored.roll_deg],
        [-pose.yaw_deg, pose.pitch_deg, -pose.roll_deg],
        atol=4,
    )


@pytest.mark.golden
def test_pose_is_near_that_of_mediapipe(portrait, follow):
    # MediaPipe fits a perspective camera, so angles differ by a few degrees off the axis.
    golden = json.loads(GOLDEN.read_text())
    assert golden["origin"].startswith("mediapipe")
    reference = rotation_to_pose(np.array(golden["rotation"]))
    np.testing.assert_allclose(follow([portrait])[0].faces[0].pose, reference, atol=6)
