import timeit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.faces.models import canonical_face
from wildaffect.faces.pose import pose_to_rotation
from wildaffect.features.geometry import (
    GEOMETRY_COLUMNS,
    GEOMETRY_NAMES,
    MEASURES,
    MESH_COLUMNS,
    frontal_mesh,
    geometry,
    geometry_row,
    mesh_row,
    mirror_index,
    mirrored_columns,
)
from wildaffect.features.measures import MIDLINE, POINTS

FRONTAL = HeadPose(0.0, 0.0, 0.0)
angles = st.floats(-40.0, 40.0)


def random_face(seed):
    """A canonical face with irises, every point moved a little: no symmetry is left."""
    face = canonical_face().vertices.astype(np.float64)
    right, left = face[[33, 133]].mean(0), face[[263, 362]].mean(0)
    vertices = np.concatenate([face, np.repeat([right, left], 5, axis=0)])
    return vertices + np.random.default_rng(seed).normal(scale=0.2, size=vertices.shape)


def in_image(vertices, pose, *, scale=20.0, shift=(300.0, 200.0, 0.0)):
    turned = vertices @ pose_to_rotation(pose).T
    return (turned * [1, -1, -1] * scale + np.array(shift))[None]


def measure(vertices, pose, **place):
    return geometry(in_image(vertices, pose, **place), np.array([pose]))[0]


def as_dict(values):
    return dict(zip(GEOMETRY_NAMES, values.tolist(), strict=True))


@given(st.integers(0, 999), angles, angles, angles, st.floats(0.5, 200.0))
def test_place_size_and_turn_of_the_head_change_no_measure(seed, yaw, pitch, roll, scale):
    vertices = random_face(seed)
    still = measure(vertices, FRONTAL)
    moved = measure(
        vertices, HeadPose(yaw, pitch, roll), scale=scale, shift=(-50.0, 900.0, 3.0)
    )
    np.testing.assert_allclose(moved, still, rtol=1e-5, atol=1e-5)


@given(st.integers(0, 999), angles, angles, angles)
def test_a_mirrored_face_has_left_and_right_exchanged(seed, yaw, pitch, roll):
    vertices = random_face(seed)
    pose, mirrored_pose = HeadPose(yaw, pitch, roll), HeadPose(-yaw, pitch, -roll)
    image = in_image(vertices, pose)
    mirrored_image = (image * [-1, 1, 1] + [640, 0, 0])[:, mirror_index()]
    values = as_dict(geometry(image, np.array([pose]))[0])
    mirrored = as_dict(geometry(mirrored_image, np.array([mirrored_pose]))[0])
    for name, value in values.items():
        other = name.replace("_left", "_RIGHT").replace("_right", "_left").lower()
        assert mirrored[other] == pytest.approx(value, abs=1e-5), name


def test_names_of_measures_pair_left_and_right_and_leave_the_rest():
    names = (*GEOMETRY_NAMES, "neutral_confidence")
    index = mirrored_columns(names)
    np.testing.assert_array_equal(index[index], np.arange(len(names)))
    swapped = {
        name.replace("_left", "_LEFT").replace("_right", "_left").replace("_LEFT", "_right")
        for name in names
    }
    assert swapped == set(names)
    for place, name in enumerate(names):
        is_sided = name.endswith(("_left", "_right"))
        assert (names[index[place]] != name) == is_sided
        assert names[index[place]].removesuffix("_right").removesuffix("_left") == (
            name.removesuffix("_right").removesuffix("_left")
        )


def test_the_mirror_pairs_every_landmark_once_and_leaves_the_midline():
    mirror = mirror_index()
    np.testing.assert_array_equal(mirror[mirror], np.arange(478))
    assert mirror[33] == 263
    assert mirror[468] == 473
    midline = [i for group in MIDLINE.values() for i in group]
    np.testing.assert_array_equal(mirror[midline], midline)
    x = canonical_face().vertices[:, 0]
    assert all(x[i] < 0 for group in POINTS.values() for i in group if i < 468)


@pytest.mark.parametrize(
    ("landmarks", "shift", "grows", "shrinks"),
    [
        ((61,), (0.0, 0.5), {"corner_height_right"}, {"corner_eye_right"}),
        ((291,), (0.5, 0.0), {"mouth_width", "corner_lateral_left"}, set()),
        ((52, 65, 66, 105), (0.0, 0.4), {"brow_mid_height_right"}, set()),
        ((285, 336), (-0.4, -0.4), set(), {"brow_gap", "brow_inner_height_left"}),
        (
            (385, 386, 387),
            (0.0, -0.3),
            set(),
            {"lid_aperture_left", "lid_upper_pupil_left"},
        ),
        ((14, 87, 178, 317, 402, 17), (0.0, -1.0), {"lip_gap", "lip_bottom_drop"}, set()),
        ((152,), (0.0, -1.0), {"jaw_drop"}, set()),
        ((280, 347, 425), (0.0, 0.4), set(), {"cheek_eye_left"}),
        ((0, 37, 39, 40), (0.0, 0.3), {"lip_upper_thickness"}, {"nose_lip"}),
        ((55, 107), (0.0, 0.4), {"brow_slope_right", "brow_inner_height_right"}, set()),
    ],
)
def test_moving_a_part_of_the_face_moves_its_measures_and_none_of_the_other_side(
    landmarks, shift, grows, shrinks
):
    vertices = random_face(0)
    moved = vertices.copy()
    moved[list(landmarks), :2] += shift
    before, after = (as_dict(measure(v, FRONTAL)) for v in (vertices, moved))
    assert all(after[name] > before[name] + 1e-3 for name in grows)
    assert all(after[name] < before[name] - 1e-3 for name in shrinks)
    xs = vertices[list(landmarks), 0]
    if (xs < -0.5).all() or (xs > 0.5).all():
        other = "_left" if xs[0] < 0 else "_right"
        same = {name for name in before if name.endswith(other)}
        assert all(after[name] == pytest.approx(before[name], abs=1e-6) for name in same)


def test_the_frontal_mesh_has_its_origin_between_the_eyes_and_their_distance_as_unit():
    pose = HeadPose(20.0, -10.0, 15.0)
    image = in_image(random_face(3), pose)
    mesh = frontal_mesh(image, np.array([pose]))
    np.testing.assert_allclose(mesh[0, [33, 133, 362, 263]].mean(0), 0, atol=1e-6)
    assert np.linalg.norm(mesh[0, 263] - mesh[0, 33]) == pytest.approx(1.0, abs=1e-6)
    straight = frontal_mesh(in_image(random_face(3), FRONTAL), np.array([FRONTAL]))
    np.testing.assert_allclose(mesh, straight, atol=1e-5)


def test_a_wrong_pose_would_show():
    image = in_image(random_face(1), HeadPose(25.0, 0.0, 0.0))
    right = geometry(image, np.array([[25.0, 0.0, 0.0]]))
    assert np.abs(geometry(image, np.array([[0.0, 0.0, 0.0]])) - right).max() > 0.01


def test_rows_of_an_observation_follow_the_published_columns():
    pose = HeadPose(5.0, 3.0, -2.0)
    landmarks = in_image(random_face(2), pose)[0].astype(np.float32)
    face = FaceObservation(
        track_id=0,
        status=Status.OK,
        detection_score=0.9,
        presence=0.9,
        box_xyxy=np.zeros(4, np.float32),
        landmarks_xyz=landmarks,
        blendshapes=np.linspace(0, 1, 52, dtype=np.float32),
        pose=pose,
        face_size_px=100.0,
        sharpness=10.0,
    )
    row = dict(zip(GEOMETRY_COLUMNS, geometry_row(face).tolist(), strict=True))
    assert row["pose_pitch_deg"] == 3.0
    assert row["blendshape_noseSneerRight"] == 1.0
    assert row["jaw_drop"] == pytest.approx(
        as_dict(measure(random_face(2), pose))["jaw_drop"]
    )
    assert len(mesh_row(face)) == len(MESH_COLUMNS) == 1434


def test_every_measure_is_named_once_and_says_which_action_units_move_it():
    assert len(set(GEOMETRY_NAMES)) == len(GEOMETRY_NAMES)
    covered = {unit for measure in MEASURES for unit in measure.action_units}
    assert {1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26} <= covered
    assert all(measure.reason for measure in MEASURES)
    assert {measure.unit for measure in MEASURES} == {"deg", "outer eye corner distances"}


def test_a_face_is_measured_in_microseconds():
    faces = np.repeat(in_image(random_face(0), FRONTAL), 200, axis=0).astype(np.float32)
    poses = np.zeros((200, 3))
    seconds = min(timeit.repeat(lambda: geometry(faces, poses), number=1, repeat=5))
    assert seconds / 200 < 50e-6
