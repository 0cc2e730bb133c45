import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from wildaffect.core.errors import BadArtifact
from wildaffect.faces.blendshapes import NAMES
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.mesh import LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from wildaffect.faces.models import VENDORED, VendoredModel
from wildaffect.runtime.network import Device

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/faces/astronaut_mediapipe.json").read_text()
)


def detect(rgb):
    return FaceDetector(Device())(rgb)


@pytest.mark.golden
def test_landmarks_agree_with_mediapipe(portrait, follow):
    assert GOLDEN["origin"].startswith("mediapipe")
    reference = np.array(GOLDEN["landmarks_xy"])
    landmarks = follow([portrait])[0].faces[0].landmarks_xyz[:, :2]
    between_eyes = np.linalg.norm(reference[LEFT_EYE_CORNER] - reference[RIGHT_EYE_CORNER])
    off = np.linalg.norm(landmarks - reference, axis=1) / between_eyes
    assert np.median(off) < 0.01
    assert off.max() < 0.04


@pytest.mark.golden
def test_blendshapes_agree_with_mediapipe_by_name(portrait, follow):
    scores = follow([portrait])[0].faces[0].blendshapes
    reference = np.array([GOLDEN["blendshapes"][name] for name in NAMES])
    assert np.corrcoef(scores, reference)[0, 1] > 0.99
    assert np.abs(scores - reference).max() < 0.08


@pytest.mark.parametrize("size", [(128, 128), (512, 512), (1280, 1280), (2600, 2600)])
def test_a_face_is_found_where_it_is_at_any_size_of_picture(portrait, size):
    scaled = cv2.resize(portrait, size)
    (found,) = detect(scaled)
    center = (found.box_xyxy[:2] + found.box_xyxy[2:]) / 2 / size[0]
    np.testing.assert_allclose(center, [0.443, 0.24], atol=0.02)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (700, 2), (360, 640)])
def test_pictures_without_a_face_have_none(shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detect(noise) == ()


def test_an_altered_model_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("wildaffect.faces.models.ASSETS", tmp_path)
    model = VendoredModel(name="net", file="net.tflite", sha256=VENDORED[0].sha256)
    with pytest.raises(BadArtifact, match="missing; reinstall"):
        model.verified_path()
    (tmp_path / "net.tflite").write_bytes(b"other")
    with pytest.raises(BadArtifact, match="sha256 must be 99bf"):
        model.verified_path()
