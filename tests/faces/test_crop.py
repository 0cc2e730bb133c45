from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import (
    TEMPLATES,
    align_face,
    crop_face,
    five_points,
    normalize,
    resize_crop,
    similarity,
)
from wildaffect.faces.quality import QUALITY_CROP, QualityLimits, sharpness
from wildaffect.faces.regions import Region, box_overlap, cut_region, warp

RGB_112 = Preprocess(size_px=112, mean=(0.5,) * 3, std=(0.5,) * 3)
RGB_112_DIGEST = "800e3fbbba8ed9a97d0a26b7625ce7044fc5b469f644cbdfce57602dac766c41"
"""Before there were margins."""


@given(
    scale=st.floats(0.05, 20),
    angle=st.floats(-3, 3),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_similarity_is_recovered_exactly(scale, angle, shift):
    points = TEMPLATES["arcface_5pt"] * 112
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    moved = points @ np.array([[cos, sin], [-sin, cos]]) + shift
    matrix = similarity(moved, points)
    np.testing.assert_allclose(moved @ matrix[:, :2].T + matrix[:, 2], points, atol=1e-6)


def test_the_eyes_land_on_the_template(portrait, follow):
    points = five_points(follow([portrait])[0].faces[0].landmarks_xyz)
    template = TEMPLATES["arcface_5pt"] * 112
    matrix = similarity(points, template)
    landed = points @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(landed - template).max() < 6


def test_the_crop_does_not_change_when_the_whole_picture_is_turned_and_scaled(
    portrait, follow
):
    points = five_points(follow([portrait])[0].faces[0].landmarks_xyz)
    turn = cv2.getRotationMatrix2D((225, 120), 20, 1.5)
    turned = cv2.warpAffine(portrait, turn, (800, 800), flags=cv2.INTER_CUBIC)
    moved = (points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    upright = align_face(portrait, points, RGB_112).astype(int)
    assert np.abs(align_face(turned, moved, RGB_112) - upright).mean() < 4


def test_channels_are_those_requested(portrait, follow):
    points = five_points(follow([portrait])[0].faces[0].landmarks_xyz)
    rgb = align_face(portrait, points, RGB_112)
    bgr = align_face(
        portrait,
        points,
        Preprocess(size_px=112, channels="bgr", mean=(0.5,) * 3, std=(0.5,) * 3),
    )
    gray = align_face(
        portrait,
        points,
        Preprocess(size_px=112, channels="gray", mean=(0.5,), std=(0.5,)),
    )
    np.testing.assert_array_equal(bgr[..., ::-1], rgb)
    assert gray.shape == (112, 112, 1)
    assert normalize(rgb[None], RGB_112).shape == (1, 3, 112, 112)
    assert normalize(np.full((1, 2, 2, 3), 255, np.uint8), RGB_112).max() == 1.0


def test_shrinking_averages_texture_away_instead_of_aliasing():
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    region = Region(center_x=512, center_y=512, side=1000, angle_rad=0.1)
    crop = cut_region(stripes, region, 64)[8:-8, 8:-8]
    assert np.abs(crop.astype(int) - 127).max() < 12


@given(st.floats(1.0, 9.0))
def test_a_shrinking_warp_keeps_positions(shrink):
    image = np.zeros((600, 600, 3), np.uint8)
    cv2.circle(image, (300, 240), 40, (255, 255, 255), -1, cv2.LINE_AA)
    matrix = np.array([[1 / shrink, 0, 5.0], [0, 1 / shrink, 7.0]])
    crop = warp(image, matrix, 640)[..., 0].astype(float)
    rows, columns = np.indices(crop.shape)
    center = [(columns * crop).sum() / crop.sum(), (rows * crop).sum() / crop.sum()]
    np.testing.assert_allclose(center, [300 / shrink + 5, 240 / shrink + 7], atol=0.35)


def test_sharpness_falls_with_blur_and_quality_follows(portrait, follow):
    face = follow([portrait])[0].faces[0]
    points = five_points(face.landmarks_xyz)
    crisp = [
        sharpness(align_face(cv2.GaussianBlur(portrait, (0, 0), sd), points, QUALITY_CROP))
        for sd in (0.1, 2, 6)
    ]
    assert crisp[0] > crisp[1] > crisp[2]
    limits = QualityLimits(min_sharpness=crisp[1])
    good = {"size_px": 100.0, "pose": face.pose, "presence": 1.0, "occlusion": 0.0}
    assert limits.accepts(sharpness=crisp[0], **good)
    assert not limits.accepts(sharpness=crisp[2], **good)


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"size_px": 20.0}, False),
        ({"presence": 0.5}, False),
        ({"occlusion": 0.9}, False),
    ],
)
def test_a_face_outside_one_limit_is_not_scored(change, accepted, portrait, follow):
    face = follow([portrait])[0].faces[0]
    values = {"size_px": 100.0, "sharpness": 20.0, "pose": face.pose, "presence": 1.0}
    values |= {"occlusion": 0.0}
    assert QualityLimits().accepts(**(values | change)) is accepted


def test_box_overlap_is_that_of_hand_computed_boxes():
    a, b = np.float32([0, 0, 2, 2]), np.float32([1, 1, 3, 3])
    assert box_overlap(a, b) == pytest.approx(1 / 7)
    assert box_overlap(a, a) == 1.0
    assert box_overlap(a, np.float32([5, 5, 6, 6])) == 0.0


def test_preprocess_refuses_statistics_of_another_number_of_channels():
    with pytest.raises(ValueError, match="mean must have 1 values for gray, got 3"):
        Preprocess(size_px=64, channels="gray", mean=(0, 0, 0), std=(1, 1, 1))


def test_a_crop_of_the_networks_size_is_left_as_it_is():
    crop = np.random.default_rng(0).integers(0, 255, (112, 112, 3), np.uint8)
    np.testing.assert_array_equal(resize_crop(crop, RGB_112), crop)


def test_a_crop_is_shrunk_by_means_of_its_pixels():
    crop = np.zeros((128, 128, 3), np.uint8)
    crop[::2] = 200  # every other line, which sampling would take or leave
    gray = Preprocess(size_px=64, channels="gray", mean=(0.5,), std=(0.5,))
    small = resize_crop(crop, gray)
    assert small.shape == (64, 64, 1)
    assert set(small.ravel().tolist()) == {100}


def test_a_wide_picture_is_no_crop():
    with pytest.raises(ValueError, match="a crop must be square, got 120 x 112"):
        resize_crop(np.zeros((112, 120, 3), np.uint8), RGB_112)


def test_the_raised_template_shows_the_chin_that_the_plain_one_cuts_off(portrait, follow):
    landmarks = follow([portrait])[0].faces[0].landmarks_xyz
    chin = landmarks[152, :2]
    lowest = {}
    for name, template in TEMPLATES.items():
        matrix = similarity(five_points(landmarks), template)
        lowest[name] = (matrix[:, :2] @ chin + matrix[:, 2])[1]
    assert lowest["arcface_5pt"] > 1
    assert 0.85 < lowest["arcface_5pt_raised"] < 1


def test_a_box_crop_is_the_upright_square_around_the_mesh_with_its_margin():
    rows, columns = np.indices((200, 300))
    ramp = np.stack([columns % 256, rows, 0 * rows], -1).astype(np.uint8)
    low, high = np.array([100.0, 60.0]), np.array([160.0, 140.0])  # 60 x 80 px
    mesh = np.zeros((478, 3), np.float32)
    mesh[:, :2] = np.random.default_rng(0).uniform(low, high, (478, 2))
    mesh[:2, :2] = low, high
    box = Preprocess(size_px=80, mean=(0.0,) * 3, std=(1.0,) * 3, alignment="box")
    crop = crop_face(ramp, mesh, box).astype(int)
    assert (crop[0, 0, 0], crop[0, 0, 1]) == (90, 60)  # 80 px around (130, 100)
    assert (crop[79, 79, 0], crop[79, 79, 1]) == (169, 139)
    wide = crop_face(ramp, mesh, replace(box, size_px=120, margin=0.25)).astype(int)
    assert (wide[0, 0, 0], wide[0, 0, 1]) == (70, 40)  # 120 px around the same point
    np.testing.assert_array_equal(wide[20:100, 20:100], crop)


def test_a_margin_zooms_out_of_an_aligned_crop(portrait, follow):
    mesh = follow([portrait])[0].faces[0].landmarks_xyz
    plain = replace(RGB_112, size_px=64)
    wide = replace(plain, size_px=128, margin=0.5)
    inside = crop_face(portrait, mesh, wide)[32:96, 32:96].astype(int)
    assert np.abs(inside - crop_face(portrait, mesh, plain)).max() <= 3  # interpolation
    np.testing.assert_array_equal(
        crop_face(portrait, mesh, plain), align_face(portrait, five_points(mesh), plain)
    )


def test_features_that_were_stored_before_margins_keep_their_key():
    assert RGB_112.digest() == RGB_112_DIGEST
    assert replace(RGB_112, margin=0.1).digest() != RGB_112_DIGEST
