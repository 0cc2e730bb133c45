"""People, actions and pictures."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS
from wildaffect.synth.asset import load_head
from wildaffect.synth.clip import draw_crops, loosened_template
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.landmarks import NAMES, landmarks_of
from wildaffect.synth.person import expressed, make_person, turned
from wildaffect.synth.render.renderer import (
    Moment,
    Renderer,
    on_image_plane,
    posed_vertices,
)
from wildaffect.synth.scene import draw_scene
from wildaffect.synth.statistics import BALANCED
from wildaffect.synth.take import draw_take, head_rotation
from wildaffect.synth.traits import draw_traits

MOVES = {
    1: ("left_brow_inner", 1, +1), 2: ("left_brow_outer", 1, +1),
    4: ("left_brow_inner", 1, -1), 5: ("left_eye_upper", 1, +1), 6: ("left_cheek", 1, +1),
    7: ("left_eye_lower", 1, +1), 9: ("left_nose_wing", 1, +1),
    10: ("lip_upper", 1, +1), 12: ("left_mouth_corner", 1, +1),
    14: ("left_mouth_corner", 0, +1), 15: ("left_mouth_corner", 1, -1),
    16: ("lip_lower", 1, -1), 17: ("lip_lower", 1, +1), 18: ("left_mouth_corner", 0, -1),
    20: ("left_mouth_corner", 0, +1), 22: ("lip_upper", 2, +1),
    23: ("left_mouth_corner", 0, -1), 25: ("lip_lower", 1, -1), 26: ("chin", 1, -1),
    28: ("lip_lower", 2, -1), 43: ("left_eye_upper", 1, -1),
}  # fmt: skip
"""Point, axis and direction in which FACS says an action unit moves it."""

LEVELS = np.linspace(0, 1, 6)
UNSEEN = 1e-4
"""Person units: about a hundredth of a pixel in a crop of 224 px."""


@pytest.fixture(scope="module")
def person():
    return make_person(draw_traits(8))


def _displacement(person, number: int, level: float) -> np.ndarray:
    shown = np.zeros(len(DRAWN))
    shown[COLUMN[number]] = level
    return expressed(person, shown) - person.mesh.vertices


def test_the_asset_is_the_one_that_its_provenance_names():
    folder = files("wildaffect.synth") / "assets"
    provenance = json.loads((folder / "head.provenance.json").read_text())
    digest = hashlib.sha256((folder / "head.npz").read_bytes()).hexdigest()
    assert digest == provenance["asset_sha256"]
    assert provenance["license"] == "CC0-1.0"
    assert len(load_head().vertices) == provenance["num_vertices"]


def test_a_face_that_shows_nothing_is_the_neutral_face(person):
    np.testing.assert_array_equal(
        expressed(person, np.zeros(len(DRAWN))), person.mesh.vertices
    )


@pytest.mark.parametrize("number", DRAWN)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_raising_an_action_unit_never_lowers_what_it_moves(person, number, low, high):
    low, high = sorted((low, high))
    weak = np.linalg.norm(_displacement(person, number, low), axis=1)
    strong = np.linalg.norm(_displacement(person, number, high), axis=1)
    assert (strong >= weak - 1e-5).all()


@pytest.mark.parametrize("yaw", [0.0, 0.6])
@pytest.mark.parametrize("number", DRAWN)
def test_raising_an_action_unit_never_takes_a_named_point_back(number, yaw):
    for seed in range(3):
        person = _person(seed)
        paths = np.stack([_named_points(person, number, x, yaw) for x in LEVELS])
        moved = np.linalg.norm(paths - paths[0], axis=2)
        assert (np.diff(moved, axis=0) > -UNSEEN).all()


@cache
def _person(seed: int):
    return make_person(draw_traits(seed))


def _named_points(person, number: int, level: float, yaw: float) -> np.ndarray:
    """Return where the named points are in a picture, in person units."""
    shown = np.zeros(len(DRAWN))
    shown[COLUMN[number]] = level
    moment = Moment(intensities=shown, rotation=head_rotation(yaw, 0, 0))
    return landmarks_of(on_image_plane(posed_vertices(person, moment)))


@pytest.mark.parametrize("yaw", [0.0, 0.6])
def test_zero_intensities_leave_every_named_point_where_the_neutral_face_has_it(
    person, yaw
):
    turn = head_rotation(yaw, 0, 0)
    neutral = turned(person, person.mesh.vertices, turn)
    shown = Moment(intensities=np.zeros(len(DRAWN)), rotation=turn)
    np.testing.assert_array_equal(
        landmarks_of(posed_vertices(person, shown)), landmarks_of(neutral)
    )


def test_the_raised_cheek_lifts_cheek_and_lower_lid_and_leaves_the_upper_lid():
    for seed in range(4):
        moved = landmarks_of(_displacement(_person(seed), 6, 1.0))
        up = dict(zip(NAMES, moved[:, 1], strict=True))
        for side in ("left", "right"):
            assert up[f"{side}_cheek"] > 2 * up[f"{side}_eye_lower"] > 0.015
            assert abs(up[f"{side}_eye_upper"]) < 0.1 * up[f"{side}_eye_lower"]


@pytest.mark.parametrize("number", MOVES)
def test_action_units_move_their_points_as_facs_describes(number):
    name, axis, sign = MOVES[number]
    for seed in range(4):
        person = _person(seed)
        moved = landmarks_of(_displacement(person, number, 1.0))[NAMES.index(name)]
        assert sign * moved[axis] > 0.004, (seed, moved)


SIDED = (2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 20, 43)


@pytest.mark.parametrize("number", SIDED)
@pytest.mark.parametrize("side", ["left", "right"])
def test_an_action_of_one_side_moves_that_side_alone(number, side):
    head, seed = load_head(), 8
    traits = draw_traits(seed)
    person = make_person(replace(traits, asymmetry=0 * traits.asymmetry))
    shown = np.zeros((2, len(DRAWN)))
    shown[("left", "right").index(side), COLUMN[number]] = 1
    moved = expressed(person, shown) - person.mesh.vertices
    moved = np.linalg.norm(moved[: len(head.vertices)], axis=1)
    x = head.vertices[:, 0] * (1 if side == "left" else -1)
    assert moved[x > 0].max() > 0.01
    assert moved[x < -0.25].max() < 0.15 * moved.max()


def test_equal_sides_are_the_face_of_both_sides_together(person):
    shown = np.random.default_rng(0).random(len(DRAWN))
    np.testing.assert_array_equal(
        expressed(person, np.stack([shown, shown])), expressed(person, shown)
    )


def test_a_wrinkled_nose_leaves_the_corners_of_the_mouth_and_the_cheekbones():
    for seed in range(4):
        of = {number: _by_name(seed, number) for number in (6, 9, 12)}
        for side in ("left", "right"):
            corner, cheek, wing = (
                f"{side}_{part}" for part in ("mouth_corner", "cheek", "nose_wing")
            )
            assert of[9][wing][1] > 0.03
            assert np.linalg.norm(of[9][corner]) < 0.2 * np.linalg.norm(of[12][corner])
            assert abs(of[9][cheek][1]) < 0.2 * of[6][cheek][1]


def _by_name(seed: int, number: int) -> dict[str, np.ndarray]:
    moved = landmarks_of(_displacement(_person(seed), number, 1.0))
    return dict(zip(NAMES, moved, strict=True))


@pytest.mark.parametrize("number", [24, 28])
def test_pressed_and_sucked_lips_come_closer(number):
    for seed in range(4):
        person = _person(seed)
        moved = landmarks_of(_displacement(person, number, 1.0))
        gap = moved[NAMES.index("lip_upper"), 1] - moved[NAMES.index("lip_lower"), 1]
        assert gap < -0.01


def test_twelve_action_units_are_labeled_and_come_first():
    assert DRAWN[:12] == ABAW_ACTION_UNIT_NUMBERS


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [((0.5, 0, 0), 0, 1), ((0, 0.5, 0), 1, 1)],
    ids=["yaw to the subject's left is image right", "pitch up lifts the nose"],
)
def test_head_angles_turn_as_the_record_of_poses_says(angles, axis, sign):
    nose = head_rotation(*angles) @ np.array([0.0, 0.0, 1.0])
    assert sign * nose[axis] > 0.4


def test_roll_tilts_the_crown_to_the_subjects_left():
    assert (head_rotation(0, 0, 0.5) @ np.array([0.0, 1.0, 0.0]))[0] > 0.4


def test_a_clip_has_no_holes_no_black_frames_and_finite_points():
    renderer = Renderer(64, 64)
    for number in range(25):
        take = draw_take((1, number), identity=number, num_frames=4, statistics=BALANCED)
        (crop,) = draw_crops(take, [3], renderer=renderer)
        assert crop.rgb.shape == (64, 64, 3)
        assert crop.rgb.max() > 12
        assert np.isfinite(crop.landmarks_xy).all()
        assert np.isfinite(renderer.color).all()
        assert not _holes(renderer.alpha, crop.landmarks_xy)


def _holes(alpha: np.ndarray, points: np.ndarray) -> int:
    """Return how many see-through spots lie in the face without reaching the outside."""
    hull = cv2.convexHull(points[:5].round().astype(np.int32))
    face = cv2.fillConvexPoly(np.zeros(alpha.shape, np.uint8), hull, 1)
    _, spots = cv2.connectedComponents((alpha < 0.99).astype(np.uint8))
    rim = np.unique(np.concatenate([spots[0], spots[-1], spots[:, 0], spots[:, -1]]))
    return len(set(np.unique(spots[face > 0])) - set(rim) - {0})


def test_the_same_seed_gives_the_same_pixels_and_another_seed_another_person():
    def first(seed: int, identity: int) -> np.ndarray:
        take = draw_take((seed,), identity=identity, num_frames=3, statistics=BALANCED)
        return next(iter(draw_crops(take, [0], renderer=Renderer(48, 48)))).rgb

    np.testing.assert_array_equal(first(1, 5), first(1, 5))
    assert np.abs(first(1, 5).astype(int) - first(1, 6)).mean() > 5


def test_eyes_nose_and_mouth_land_near_the_alignment_template():
    take = draw_take((2,), identity=11, num_frames=30, statistics=BALANCED)
    for crop in draw_crops(take, [0, 15, 29], renderer=Renderer(112, 112)):
        five = crop.landmarks_xy[[1, 0, 2, 4, 3]]
        assert np.abs(five - loosened_template() * 112).max() < 14


def test_perspective_makes_what_is_near_larger():
    near, far = on_image_plane(np.array([[1, 1, 1], [1, 1, -1]], np.float32))
    assert near[0] > far[0] > 0 > far[1] > near[1]


def test_people_of_a_scene_stand_where_the_truth_says():
    frames = list(
        draw_scene((4, 0), height=120, width=214, num_frames=160, cast=list(range(6)))
    )
    assert [frame.index for frame in frames] == list(range(160))
    assert len({frame.shot for frame in frames}) > 1
    people = [seen for frame in frames for seen in frame.people]
    assert people
    for seen in people:
        left, top, right, bottom = seen.box_xyxy
        assert left < right
        assert top < bottom
        assert 0 <= seen.visible <= 1.05
        assert -180 <= seen.pose.yaw_deg <= 180
        assert seen.landmarks_xy.shape == (len(NAMES), 2)
    assert all(frame.rgb.shape == (120, 214, 3) for frame in frames)
