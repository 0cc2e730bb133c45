"""The side on which an action unit shows, read by the embedded models from drawn faces."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.analysis.options import build_analyzer
from wildaffect.core.frames import Frame
from wildaffect.core.tasks import EXTENDED_ACTION_UNITS, action_unit_label

pytest.importorskip("numba", reason="generated faces need the extra `world`")
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.landmarks import landmarks_of
from wildaffect.synth.light import STUDIO
from wildaffect.synth.person import make_person
from wildaffect.synth.render.renderer import (
    Moment,
    Placement,
    Renderer,
    on_image_plane,
    posed_vertices,
)
from wildaffect.synth.traits import draw_traits

SIZE_PX = 224
SIDES = ("left", "right")
WINK, SMIRK = 43, 12
CLEARLY = 0.9
"""The weaker side has at most this share of the stronger one's intensity."""
MESH_DIFFERS = 0.5
"""A mirrored picture does not give the mirrored mesh; what that makes of 0 to 5."""


def draw(seed, number, side):
    """A symmetrical person who shows one action unit on one side, as a photograph."""
    traits = draw_traits(seed)
    person = make_person(replace(traits, glasses="none", asymmetry=0 * traits.asymmetry))
    shown = np.zeros((2, len(DRAWN)))
    shown[SIDES.index(side), COLUMN[number]] = 0.9
    moment = Moment(intensities=shown, rotation=np.eye(3, dtype=np.float32))
    neutral = landmarks_of(on_image_plane(person.mesh.vertices))
    scale = SIZE_PX / 2.4
    matrix = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    matrix[:, 2] = SIZE_PX / 2 - scale * (neutral[:5].mean(0) + np.array([0, 0.06]))
    vertices = posed_vertices(person, moment)
    placement = Placement(matrix=matrix)
    drawing = Renderer(SIZE_PX, SIZE_PX).draw(person, moment, vertices, placement, STUDIO)
    light = drawing.color + (1 - drawing.alpha[..., None]) * 0.3
    return (np.clip(light / (1 + 0.18 * light), 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["default", "open"])
def sides_of(request):
    """Intensities of one action unit on the subject's left and right side."""
    analyzer = build_analyzer(request.param)

    def read(rgb, number):
        frame = Frame(index=0, time_s=0.0, rgb=np.ascontiguousarray(rgb))
        (row,) = analyzer.run([frame])
        place = EXTENDED_ACTION_UNITS.index(action_unit_label(number))
        return row.affect.action_unit_sides[:, place]

    return read


@pytest.mark.parametrize("number", [WINK, SMIRK])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("seed", [6, 8])
def test_what_one_side_shows_is_stronger_there_and_in_a_mirror_on_the_other(
    sides_of, seed, side, number
):
    picture = draw(seed, number, side)
    shown, other = (sides_of(item, number) for item in (picture, picture[:, ::-1]))
    place = SIDES.index(side)
    assert shown[1 - place] < CLEARLY * shown[place]
    assert other[place] < CLEARLY * other[1 - place]
    np.testing.assert_allclose(other, shown[::-1], atol=MESH_DIFFERS)
