"""Directions of eyes and gaze, by their signs and by geometry."""

import math

import pytest

from wildaffect.core.faces import HeadPose
from wildaffect.signals.gaze import (
    CAMERA_CONE_DEG,
    Direction,
    eye_direction,
    gaze_direction,
    is_at_camera,
)


def test_eyes_to_the_subjects_left_and_up_are_positive(face):
    ahead = eye_direction(face())
    left = eye_direction(face(eyeLookOutLeft=0.8, eyeLookInRight=0.8))
    right = eye_direction(face(eyeLookInLeft=0.8, eyeLookOutRight=0.8))
    up = eye_direction(face(eyeLookUpLeft=0.8, eyeLookUpRight=0.8))
    down = eye_direction(face(eyeLookDownLeft=0.8, eyeLookDownRight=0.8))
    assert right.yaw_deg < ahead.yaw_deg < left.yaw_deg
    assert left.yaw_deg - ahead.yaw_deg == pytest.approx(ahead.yaw_deg - right.yaw_deg)
    assert down.pitch_deg < ahead.pitch_deg < up.pitch_deg
    assert up.yaw_deg == down.yaw_deg == ahead.yaw_deg


def test_a_head_that_does_not_turn_leaves_the_direction_of_the_eyes():
    eyes = Direction(12.0, -7.0)
    assert gaze_direction(eyes, HeadPose(0, 0, 0)) == pytest.approx(eyes)


def test_eyes_that_look_ahead_go_where_the_head_goes():
    gaze = gaze_direction(Direction(0, 0), HeadPose(25.0, 10.0, 0.0))
    assert gaze == pytest.approx((25.0, 10.0))


def test_eyes_that_turn_back_against_the_head_look_at_the_camera():
    gaze = gaze_direction(Direction(-25.0, 0.0), HeadPose(25.0, 0.0, 0.0))
    assert gaze == pytest.approx((0.0, 0.0), abs=1e-9)
    assert is_at_camera(gaze)


def test_a_tilted_head_turns_the_direction_with_it():
    """A head tilted a quarter turn to its own left: its left is down in the picture."""
    gaze = gaze_direction(Direction(20.0, 0.0), HeadPose(0.0, 0.0, 90.0))
    assert gaze == pytest.approx((0.0, -20.0), abs=1e-9)


@pytest.mark.parametrize("towards", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_the_cone_of_the_camera_is_alike_in_all_directions(towards):
    def at(angle_deg):
        return is_at_camera(Direction(angle_deg * towards[0], angle_deg * towards[1]))

    assert at(CAMERA_CONE_DEG - 0.01)
    assert not at(CAMERA_CONE_DEG + 0.01)


def test_the_angle_to_straight_ahead_is_that_between_vectors():
    """On a sphere, the cosine of the distance is the product of the legs' cosines."""
    product = math.cos(math.radians(40)) * math.cos(math.radians(30))
    angle = math.radians(Direction(40.0, 30.0).angle_deg)
    assert math.cos(angle) == pytest.approx(product)
