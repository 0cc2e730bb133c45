"""Generated people with and without a hand before the face; none was trained on."""

import numpy as np
import pytest

from wildaffect.analysis.options import build_analyzer
from wildaffect.core.faces import Status
from wildaffect.core.frames import Frame
from wildaffect.faces.crop import align_face
from wildaffect.faces.occlusion import Occlusion
from wildaffect.faces.quality import QUALITY_CROP, QualityLimits
from wildaffect.runtime.network import Device
from wildaffect.synth.covered import draw_covered_faces

PEOPLE = range(8_000_000, 8_000_010)


@pytest.fixture(scope="module")
def share_refused():
    """Return the share of pictures whose crop lies above the limit."""
    occlusion = Occlusion(Device())

    def share(where, num):
        faces = [
            face
            for identity in PEOPLE
            for face in draw_covered_faces(identity, num=num, where=where)
        ]
        crops = [align_face(face.rgb, face.points_xy, QUALITY_CROP) for face in faces]
        return np.mean([occlusion(crop) > QualityLimits().max_occlusion for crop in crops])

    return share


@pytest.mark.parametrize(("where", "least"), [("both", 0.9), ("mouth", 0.8), ("eyes", 0.6)])
def test_a_hand_over_eyes_or_mouth_is_refused(share_refused, where, least):
    assert share_refused(where, 4) >= least


def test_uncovered_faces_are_hardly_ever_refused(share_refused):
    assert share_refused("off", 5) <= 1 / 50


@pytest.mark.parametrize(("where", "least", "most"), [("both", 0, 1), ("off", 10, 10)])
def test_analysis_predicts_nothing_for_a_covered_face(where, least, most):
    analyzer = build_analyzer("open")
    num_ok = 0
    for identity in PEOPLE:
        (face,) = draw_covered_faces(identity, num=1, where=where, size_px=224)
        rgb = np.full((448, 448, 3), 90, np.uint8)
        rgb[112:336, 112:336] = face.rgb
        (row,) = analyzer.run([Frame(index=0, time_s=0.0, rgb=rgb)])
        num_ok += row.status is Status.OK
        assert (row.status is Status.OK) == (row.affect is not None)
    assert least <= num_ok <= most


def test_a_drawn_hand_covers_what_it_is_held_before():
    faces = draw_covered_faces(PEOPLE[0], num=3, where="both")
    assert min(face.eyes_covered + face.mouth_covered for face in faces) > 0.8
    bare = draw_covered_faces(PEOPLE[0], num=3, where="off")
    assert [face.eyes_covered + face.mouth_covered for face in bare] == [0, 0, 0]
