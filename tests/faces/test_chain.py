import cv2
import numpy as np
import pytest

from wildaffect.core.faces import Status
from wildaffect.core.preprocess import Preprocess


def clip(portrait, num_frames, *, left=80):
    """A 480x360 view that glides over the portrait."""
    for i in range(num_frames):
        shift = np.float64([[0.9, 0, i * 0.7 - left / 2], [0, 0.9, 10.0]])
        yield cv2.warpAffine(portrait, shift, (480, 360), borderMode=cv2.BORDER_REFLECT)


def test_two_people_have_their_own_landmarks_and_crops_in_either_order(portrait, follow):
    other = cv2.convertScaleAbs(np.ascontiguousarray(portrait[:, ::-1]), alpha=0.7)
    wanted = (Preprocess(size_px=64, mean=(0.0,) * 3, std=(1.0,) * 3),)
    ahead = follow([np.hstack([portrait, other])], preprocesses=wanted)[0].faces
    swapped = follow([np.hstack([other, portrait])], preprocesses=wanted)[0].faces
    assert len(ahead) == len(swapped) == 2
    for item, same in ((ahead[0], swapped[1]), (ahead[1], swapped[0])):
        shift = np.median(item.landmarks_xyz[:, 0] - same.landmarks_xyz[:, 0])
        assert abs(shift) == pytest.approx(512, abs=1)
        moved = same.landmarks_xyz[:, :2] + np.float32([shift, 0])
        assert np.abs(moved - item.landmarks_xyz[:, :2]).max() < 1.5
        np.testing.assert_allclose(item.blendshapes, same.blendshapes, atol=0.05)
        assert np.abs(item.crops[0].astype(int) - same.crops[0]).mean() < 3
    crops = [face.crops[0].astype(int) for face in ahead]
    assert np.abs(crops[0] - crops[1]).mean() > 20


def test_a_shot_cut_ends_the_track_and_the_same_face_becomes_a_new_one(portrait, follow):
    first = list(clip(portrait, 12))
    second = [cv2.convertScaleAbs(image[:, ::-1], alpha=0.5) for image in first]
    out = follow(first + second)
    assert [frame.faces[0].track_id for frame in out] == [0] * 12 + [1] * 12


def test_a_pan_is_not_a_cut(portrait, follow):
    out = follow(list(clip(portrait, 30, left=40)))
    assert {face.track_id for frame in out for face in frame.faces} == {0}


def test_a_face_hidden_for_a_moment_is_interpolated(portrait, follow):
    images = list(clip(portrait, 30))
    for image in images[14:18]:
        image[60:190, 100:300] = 90
    faces = [frame.faces[0] for frame in follow(images)]
    assert {face.track_id for face in faces} == {0}
    lost = [i for i, face in enumerate(faces) if face.status is Status.INTERPOLATED]
    assert lost == [14, 15, 16, 17]
    left = [face.box_xyxy[0] for face in faces]
    np.testing.assert_allclose(left[14:18], np.linspace(left[13], left[18], 6)[1:5], atol=1)


def test_small_and_blurred_faces_are_marked_not_dropped(portrait, follow):
    blurred = [cv2.GaussianBlur(image, (0, 0), 7) for image in clip(portrait, 10)]
    out = follow(blurred)
    statuses = {face.status for frame in out for face in frame.faces}
    assert statuses <= {Status.LOW_QUALITY}
