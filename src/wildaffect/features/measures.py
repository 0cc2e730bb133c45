"""Distances and angles of a face, with the action units that they measure.

Points are means of mesh landmarks, given for the subject's right side and the midline; the
left side is their mirror image. Coordinates are those of the frontal face (`geometry`): x
to the subject's left, y up, z to the viewer, in distances between the outer eye corners.

Source: the effects of action units (AU) follow P. Ekman, W. Friesen and J. Hager,
"Facial Action Coding System", 2002. The landmark numbers are those of the MediaPipe mesh.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["height", "width", "distance", "depth", "slope"]
"""Kind of measure between two points.

height: y of `point` minus y of `base`. width: absolute difference in x. depth: z of `point`
minus z of `base`. distance: in the x-y plane. slope: angle of the line from `base` to
`point` above the horizontal, both seen as on the right side of the face, in degrees.
"""

POINTS: dict[str, tuple[int, ...]] = {
    "brow_inner": (55, 107),
    "brow_mid": (52, 65, 66, 105),
    "brow_outer": (46, 53, 63, 70),
    "eye_inner": (133,),
    "eye_outer": (33,),
    "lid_upper": (158, 159, 160),
    "lid_lower": (144, 145, 153),
    "pupil": (468,),
    "cheek": (50, 118, 205),
    "nose_wing": (48, 64, 98, 129),
    "lip_upper_side": (37, 39, 40),
    "corner": (61,),
    "corner_inside": (78,),
    "lip_inside_upper_side": (81, 82),
    "lip_inside_lower_side": (87, 178),
}
"""Points with two sides: landmarks of the subject's right."""

MIDLINE: dict[str, tuple[int, ...]] = {
    "nose_root": (168,),
    "nose_base": (2,),
    "lip_top": (0,),
    "lip_inside_upper": (13,),
    "lip_inside_lower": (14,),
    "lip_middle": (13, 14),
    "lip_bottom": (17,),
    "chin_boss": (199,),
    "chin": (152,),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A number between two points; a measure of sided points exists left and right."""

    name: str
    kind: Kind
    point: str
    base: str
    action_units: tuple[int, ...]
    """FACS numbers of the action units that change it."""
    reason: str
    """Effect of those action units."""

    @property
    def unit(self) -> str:
        """Degrees for slopes, else distances between the outer eye corners."""
        return "deg" if self.kind == "slope" else "outer eye corner distances"


SIDED: tuple[Measure, ...] = (
    Measure("brow_inner_height", "height", "brow_inner", "eye_inner", (1, 4),
            "1 lifts the inner brow, 4 lowers it"),
    Measure("brow_mid_height", "height", "brow_mid", "eye_inner", (1, 2, 4),
            "1 and 2 lift the brow, 4 lowers it"),
    Measure("brow_outer_height", "height", "brow_outer", "eye_outer", (2, 4),
            "2 lifts the outer brow, 4 lowers it"),
    Measure("brow_slope", "slope", "brow_inner", "brow_outer", (1, 2, 4),
            "1 alone raises the inner end above the outer, 2 and 4 the other way"),
    Measure("lid_aperture", "height", "lid_upper", "lid_lower", (5, 6, 7, 43, 45),
            "5 opens the eye; 6, 7 narrow it; 43, 45 close it"),
    Measure("lid_upper_pupil", "height", "lid_upper", "pupil", (5, 43, 45),
            "5 lifts the upper lid off the iris; 43, 45 drop it"),
    Measure("lid_lower_pupil", "height", "pupil", "lid_lower", (6, 7),
            "6 and 7 push the lower lid up toward the pupil"),
    Measure("pupil_height", "height", "pupil", "eye_outer", (63, 64),
            "the eye turns up (63) or down (64)"),
    Measure("pupil_inward", "distance", "pupil", "eye_outer", (61, 62),
            "grows as the eye turns to the nose"),
    Measure("cheek_eye", "height", "lid_lower", "cheek", (6, 12),
            "6 lifts the cheek toward the lower lid; a broad 12 does so too"),
    Measure("nose_wing_eye", "height", "eye_inner", "nose_wing", (9, 10),
            "9 pulls the wing of the nose up, 10 a little"),
    Measure("nose_wing_lip", "height", "nose_wing", "lip_upper_side", (9, 10, 12),
            "10 and 9 lift the side of the upper lip to the nose"),
    Measure("corner_height", "height", "corner", "lip_middle", (12, 13, 15),
            "12 and 13 lift the corner above the middle of the mouth, 15 lowers it"),
    Measure("corner_eye", "distance", "corner", "eye_outer", (6, 12, 15),
            "12 shortens it, 15 lengthens it"),
    Measure("corner_lateral", "width", "corner", "nose_base", (12, 14, 18, 20),
            "12, 14 and 20 draw the corner out, 18 draws it in"),
    Measure("corner_depth", "depth", "corner", "lip_top", (12, 14, 18, 20, 22),
            "12, 14, 20 pull the corner back along the teeth; 18, 22 push the lips out"),
    Measure("lip_gap_side", "height", "lip_inside_upper_side", "lip_inside_lower_side",
            (10, 16, 25), "one-sided parting of the lips"),
)  # fmt: skip

CENTRAL: tuple[Measure, ...] = (
    Measure("brow_gap", "width", "brow_inner_left", "brow_inner_right", (4,),
            "4 draws the brows together"),
    Measure("nose_width", "width", "nose_wing_left", "nose_wing_right", (9, 12, 38),
            "38 flares the nostrils; 9 and 12 widen the wings"),
    Measure("nose_lip", "height", "nose_base", "lip_top", (9, 10),
            "9 and 10 lift the upper lip to the nose"),
    Measure("lip_upper_thickness", "height", "lip_top", "lip_inside_upper",
            (10, 18, 23, 24, 28), "the red of the lip thins in 23, 24 and vanishes in 28"),
    Measure("lip_lower_thickness", "height", "lip_inside_lower", "lip_bottom",
            (16, 23, 24, 28), "the red of the lip thins in 23, 24 and vanishes in 28"),
    Measure("lip_gap", "height", "lip_inside_upper", "lip_inside_lower", (25, 26, 27),
            "25 parts the lips; 26, 27 open further"),
    Measure("mouth_width", "distance", "corner_left", "corner_right", (12, 18, 20, 23),
            "12 and 20 widen the mouth; 18 and 23 narrow it"),
    Measure("mouth_opening_width", "distance", "corner_inside_left", "corner_inside_right",
            (18, 22, 27), "18 and 22 round the opening, as 27 does by stretching it"),
    Measure("jaw_drop", "height", "nose_base", "chin", (26, 27),
            "26 and 27 lower the chin; 17 lifts its skin"),
    Measure("lip_bottom_drop", "height", "nose_base", "lip_bottom", (16, 17, 25, 26, 27),
            "16 and the jaw lower the lower lip, 17 lifts it"),
    Measure("chin_lip", "height", "lip_bottom", "chin_boss", (16, 17),
            "17 bunches the chin up to the lip, 16 lowers the lip to the chin"),
    Measure("lip_protrusion", "depth", "lip_bottom", "nose_base", (8, 18, 22, 28),
            "18 and 22 push the lips out, 28 draws them in"),
    Measure("nose_length", "height", "nose_root", "nose_base", (9,),
            "9 wrinkles the nose and shortens it"),
)  # fmt: skip


def expand_measures() -> tuple[Measure, ...]:
    """Return every measure with its sides, in the order of `GEOMETRY_NAMES`."""
    expanded = [
        Measure(
            f"{measure.name}_{side}",
            measure.kind,
            _on_side(measure.point, side),
            _on_side(measure.base, side),
            measure.action_units,
            measure.reason,
        )
        for measure in SIDED
        for side in ("left", "right")
    ]
    return (*expanded, *CENTRAL)


def _on_side(point: str, side: str) -> str:
    return f"{point}_{side}" if point in POINTS else point
