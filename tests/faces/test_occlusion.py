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

pytest.importorskip("numba", reason="generated faces need the extra `world`")
from wildaffect.synth.covered import draw_covered_faces

PEOPLE = range(8_000_000, 8_000_010)


@pytest.fixture(scope="module")
def share_refused():
    """Return the share of pictures whose crop lies above the limit."""
    occlusion = Occlusion(Device())

    def share(num, **cover):
        faces = [
            face
            for identity in PEOPLE
            for face in draw_covered_faces(identity, num=num, **cover)
        ]
        crops = [align_face(face.rgb, face.points_xy, QUALITY_CROP) for face in faces]
        return np.mean([occlusion(crop) > QualityLimits().max_occlusion for crop in crops])

    return share


@pytest.mark.parametrize(
    ("cover", "least"),
    [
        ({"where": "both"}, 0.85),
        ({"where": "eyes"}, 0.9),
        ({"where": "mouth"}, 0.7),
        ({"flat": "both"}, 0.9),
        ({"flat": "eyes"}, 0.9),
        ({"flat": "mouth"}, 0.85),
        ({"flat": "one_eye"}, 0.5),
    ],
)
def test_covered_eyes_or_mouth_are_refused(share_refused, cover, least):
    assert share_refused(4, **cover) >= least


@pytest.mark.parametrize(
    "cover", [{"where": "off"}, {"where": "chin"}, {"flat": "brow"}, {"flat": "cheek"}]
)
def test_faces_with_eyes_and_mouth_in_view_are_hardly_ever_refused(share_refused, cover):
    assert share_refused(4, **cover) <= 0.05


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
    for face in draw_covered_faces(PEOPLE[0], num=3, where="both"):
        assert min(face.eyes_covered, face.mouth_covered) > 0.3
        assert max(face.eyes_covered, face.mouth_covered) > 0.8
        assert not face.is_flat
    bare = draw_covered_faces(PEOPLE[0], num=3, where="off")
    assert [face.eyes_covered + face.mouth_covered for face in bare] == [0, 0, 0]


@pytest.mark.parametrize(
    ("part", "eyes", "mouth"), [("eyes", 1, 0), ("one_eye", 1, 0), ("mouth", 0, 1)]
)
def test_a_flat_cover_hides_its_part_alone(part, eyes, mouth):
    for face in draw_covered_faces(PEOPLE[1], num=3, flat=part):
        assert (face.eyes_covered > 0.9) == bool(eyes)
        assert (face.mouth_covered > 0.9) == bool(mouth)
        assert face.is_flat
