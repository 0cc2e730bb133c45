"""Faces that the detector does not see in the whole frame; what is no face stays none."""

import cv2
import numpy as np
import pytest

from wildaffect.core.faces import Status
from wildaffect.core.frames import Frame
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.runtime.network import Device

FACE = np.s_[40:190, 150:290]
"""The portrait's face, cut at chin and forehead."""


@pytest.fixture(scope="module")
def photographs():
    """Run the face chain over images as a folder of photographs has them."""
    detector, chain = FaceDetector(Device()), FaceChain(Device())

    def run(*images):
        frames = (
            Frame(index=i, time_s=float(i), rgb=np.ascontiguousarray(rgb), shot_start=True)
            for i, rgb in enumerate(images)
        )
        return [out.faces for out in chain.run(map(FrameScanner(detector), frames))]

    return run


def resized(rgb, side):
    return cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)


def test_a_face_that_fills_the_picture_is_found_where_the_portrait_has_it(
    portrait, photographs
):
    whole, tight = photographs(portrait, portrait[FACE])
    moved = tight[0].landmarks_xyz[:, :2] + np.float32([150, 40])
    off = np.linalg.norm(moved - whole[0].landmarks_xyz[:, :2], axis=1)
    assert np.median(off) < 3
    assert tight[0].status is Status.OK


@pytest.mark.parametrize("side", [112, 96, 64])
def test_aligned_crops_are_found_as_they_are(portrait, photographs, side):
    ((face,),) = photographs(resized(portrait[30:200, 140:310], side))
    assert face.status is Status.OK


def test_stars_of_a_mirrored_flag_are_no_second_face(portrait, photographs):
    zoom = 720 / 512 * 1.6
    place = np.float32([[zoom, 0, 640 - 226 * zoom], [0, zoom, 360 - 140 * zoom]])
    rgb = cv2.warpAffine(portrait, place, (1280, 720), borderMode=cv2.BORDER_REFLECT)
    (found,) = photographs(rgb)
    assert len(found) == 1


def test_every_face_of_a_grid_is_found(portrait, photographs):
    tile = np.full((180, 320, 3), 30, np.uint8)
    tile[2:178, 72:248] = resized(portrait, 176)
    (found,) = photographs(np.tile(tile, (4, 4, 1)))
    assert len(found) == 16
    centers = {tuple((face.box_xyxy[:2] // [320, 180]).astype(int)) for face in found}
    assert len(centers) == 16


def test_an_eye_alone_is_no_face(portrait, photographs):
    eye = portrait[85:125, 175:225]
    assert photographs(eye, resized(eye, 200)) == [(), ()]


def test_a_picture_without_a_face_stays_without_one(portrait, photographs):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    suit = portrait[250:512]
    assert photographs(noise, suit, np.zeros((64, 64, 3), np.uint8)) == [(), (), ()]


def test_an_upside_down_photograph_is_no_face(portrait, photographs):
    turned = portrait[::-1, ::-1]
    assert photographs(turned, turned[512 - 190 : 512 - 40, 512 - 290 : 512 - 150]) == [
        (),
        (),
    ]


def test_a_mirrored_face_is_found_mirrored(portrait, photographs):
    plain, mirrored = photographs(portrait, portrait[:, ::-1])
    left, top, right, bottom = plain[0].box_xyxy
    np.testing.assert_allclose(
        mirrored[0].box_xyxy, [512 - right, top, 512 - left, bottom], atol=3
    )


def test_a_small_face_is_found_and_followed_in_a_video(portrait, follow):
    frame = np.full((720, 1280, 3), 60, np.uint8)
    frame[560:700, 1080:1220] = resized(portrait, 140)
    images = [np.roll(frame, i, 1) for i in range(50)]
    rows = [out.faces for out in follow(images, fps=10.0)]
    assert [len(faces) for faces in rows] == [1] * 50
    assert {face.track_id for (face,) in rows} == {0}
    left = [float(face.box_xyxy[0]) for (face,) in rows]
    np.testing.assert_allclose(np.diff(left), 1, atol=0.5)


def test_a_small_face_that_comes_later_is_found_within_seconds(portrait, follow):
    empty = np.full((720, 1280, 3), 60, np.uint8)
    frame = empty.copy()
    frame[300:440, 100:240] = resized(portrait, 140)
    seen = [len(out.faces) for out in follow([empty] * 5 + [frame] * 40, fps=10.0)]
    assert seen[:5] == [0] * 5
    assert seen[-10:] == [1] * 10


def test_a_video_of_a_tight_crop_is_followed_to_its_end(portrait, follow):
    images = [portrait[40 + i // 8 : 190 + i // 8, 150:290].copy() for i in range(40)]
    rows = [out.faces for out in follow(images, fps=10.0)]
    assert [[face.track_id for face in faces] for faces in rows] == [[0]] * 40
