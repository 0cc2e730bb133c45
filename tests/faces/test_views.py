import cv2
import numpy as np
import pytest

from wildaffect.faces.detector import HINT_SCORE, FaceDetector
from wildaffect.faces.views import (
    INPUT_PX,
    MAX_TILES,
    SMALLEST_TILE_PX,
    View,
    close_view,
    margin_view,
    tile_levels,
)
from wildaffect.runtime.network import Device


@pytest.fixture(scope="module")
def detector():
    return FaceDetector(Device())


def test_a_view_beyond_the_frame_repeats_border_pixels():
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, 30:] = 200
    seen = margin_view(rgb.shape).cut(rgb)
    assert seen.shape == (INPUT_PX, INPUT_PX, 3)
    half = INPUT_PX // 2
    assert (seen[:, : half - 2] == 0).all()
    assert (seen[:, half + 2 :] == 200).all()


def test_a_view_finds_a_face_where_the_whole_frame_has_it(portrait, detector):
    (whole,) = detector(portrait)
    (close,) = detector.look(portrait, close_view(whole.box_xyxy))
    assert np.abs(close.box_xyxy - whole.box_xyxy).max() < 10
    assert np.abs(close.points_xy - whole.points_xy).max() < 6


def test_a_face_that_an_edge_of_the_view_cuts_is_left_to_other_views(portrait, detector):
    (face,) = detector(portrait)
    wide = np.pad(portrait, ((0, 0), (300, 300), (0, 0)), mode="edge")
    right = round(float(face.box_xyxy[2])) + 300
    assert len(detector.look(wide, View(left=right - 400, top=0, side=512))) == 1
    assert not detector.look(wide, View(left=right - 522, top=0, side=512))


@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920), (1920, 1080), (300, 10000)])
def test_tiles_of_each_size_cover_the_frame(size):
    for tiles in tile_levels(*size):
        seen = np.zeros(size, bool)
        for tile in tiles:
            top, left = max(tile.top, 0), max(tile.left, 0)
            seen[top : tile.top + tile.side, left : tile.left + tile.side] = True
        assert seen.all()


def test_tiles_are_bounded_however_large_the_picture():
    for size in ((9000, 12000), (2160, 3840), (100, 100_000)):
        assert sum(map(len, tile_levels(*size))) <= MAX_TILES


def test_a_frame_that_the_detector_sees_well_has_no_tiles():
    assert tile_levels(SMALLEST_TILE_PX, SMALLEST_TILE_PX) == ()


def test_what_a_tile_shows_uncertainly_counts_only_if_a_closer_look_is_sure(
    portrait, detector
):
    tile = View(left=0, top=0, side=720)
    sharp = np.full((720, 720, 3), 90, np.uint8)
    sharp[300:460, 300:460] = cv2.resize(portrait, (160, 160), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    for frame in (sharp, blurred):
        assert detector.look(frame, tile) == ()
        assert len(detector.look(frame, tile, HINT_SCORE)) == 1
    (found,) = detector.look_at_tile(sharp, tile)
    assert found.score > 0.8
    assert detector.look_at_tile(blurred, tile) == ()


def test_a_small_view_is_drawn_large(portrait, detector):
    small = cv2.resize(portrait, (64, 64), interpolation=cv2.INTER_AREA)
    (face,) = detector.look(small, View(left=0, top=0, side=64))
    (large,) = detector(portrait)
    assert np.abs(face.box_xyxy * 8 - large.box_xyxy).max() < 20
