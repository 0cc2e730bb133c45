"""Every column of the result table with its type, unit and meaning, stated once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from wildaffect.core.faces import NUM_LANDMARKS, FaceObservation, Status
from wildaffect.core.results import Affect, FaceResult
from wildaffect.core.tasks import LabelSpaces
from wildaffect.faces.blendshapes import NAMES as BLENDSHAPE_NAMES
from wildaffect.outputs.schema import (
    ARROW_TYPES,
    Cells,
    Column,
    Group,
    Part,
    ResultSchema,
    Values,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureGroup:
    """A feature group that was asked for: a key of `FaceResult.features`, named in full."""

    name: str
    columns: tuple[str, ...]
    """One name per value; the table's column is `<name>_<column>`."""
    meaning: str
    unit: str = ""


def result_schema(
    spaces: LabelSpaces | None = None,
    *,
    landmarks: bool = False,
    blendshapes: bool = False,
    features: Sequence[FeatureGroup] = (),
) -> ResultSchema:
    """Return the schema for a model's label spaces and the optional groups asked for.

    Every column of the core group is there whether the model predicts it or not.

    Raises:
        ValueError: If two columns would have one name.
    """
    spaces = spaces or LabelSpaces()
    parts = [*_scalar_parts(), _expression_part(spaces), *_action_unit_parts(spaces)]
    if landmarks:
        parts.append(_landmark_part())
    if blendshapes:
        parts.append(_blendshape_part())
    parts += [_feature_part(group) for group in features]
    return ResultSchema(parts=tuple(parts), spaces=spaces)


def expression_column(label: str) -> str:
    """Return the probability column of an expression, such as `p_neutral`."""
    return "p_" + "_".join(label.lower().split())


def arrow_type(name: str) -> pa.DataType:
    """Return the type of a column from its name alone, so that a bare table can be read."""
    if name in _SCALAR_TYPES:
        return ARROW_TYPES[_SCALAR_TYPES[name]]
    return pa.bool_() if name.endswith("_present") else pa.float32()


def _scalar(column: Column, value: Callable[[FaceResult], object]) -> Part:
    return Part(columns=(column,), values=lambda row: (value(row),))


def _of_face(name: str, kind: str, unit: str, meaning: str, *path: str) -> Part:
    def value(row: FaceResult) -> object:
        found: Any = row.face
        for step in path:
            found = None if found is None else getattr(found, step)
        return found

    return _scalar(Column(name=name, type=kind, unit=unit, meaning=meaning), value)


def _of_affect(name: str, kind: str, unit: str, meaning: str) -> Part:
    def value(row: FaceResult) -> object:
        return None if row.affect is None else getattr(row.affect, name)

    return _scalar(Column(name=name, type=kind, unit=unit, meaning=meaning), value)


_STATUS_MEANING = (
    "What the row stands on: `ok`; `no_face`, the one row of a frame in which no face "
    "lives; `low_quality`, a face too small, blurred, turned or hidden to be judged; "
    "`interpolated`, a face lost for a moment, its place taken from the frames around it."
)
_CLOCKWISE = (
    "Head tilt, positive toward the subject's own left shoulder (clockwise as seen)."
)


def _scalar_parts() -> list[Part]:
    return [
        *_place_parts(),
        *_geometry_parts(),
        _of_affect(
            "valence", "float32", "[-1, 1]", "Perceived, from negative to positive."
        ),
        _of_affect("arousal", "float32", "[-1, 1]", "Perceived, from passive to active."),
        _of_affect("valence_sd", "float32", ">= 0", "Spread over members of an ensemble."),
        _of_affect("arousal_sd", "float32", ">= 0", "Spread over members of an ensemble."),
        _of_affect(
            "expression",
            "string",
            "label",
            "Perceived expression: the most probable class after the artefact's bias.",
        ),
    ]


def _place_parts() -> list[Part]:
    return [
        _scalar(
            Column(
                name="frame",
                type="int64",
                unit="from 0",
                meaning="Number of the frame in its video, whatever part was analysed.",
                optional=False,
            ),
            lambda row: row.frame_index,
        ),
        _scalar(
            Column(
                name="time_s",
                type="float64",
                unit="s",
                meaning="Time of the frame in the video, from the container.",
                optional=False,
            ),
            lambda row: row.time_s,
        ),
        _scalar(
            Column(
                name="image",
                type="string",
                unit="file name",
                meaning="The photograph, where the source is a set of them; else empty.",
            ),
            lambda row: row.image,
        ),
        _of_face(
            "track_id",
            "int64",
            "from 0",
            "The person within one shot; never used twice in a video; empty for `no_face`. "
            "People who pass in front of one another may change numbers.",
            "track_id",
        ),
        _scalar(
            Column(
                name="status",
                type="string",
                unit=", ".join(Status),
                meaning=_STATUS_MEANING,
                optional=False,
            ),
            lambda row: str(row.status),
        ),
    ]


def _geometry_parts() -> list[Part]:
    of = _of_face
    return [
        of(
            "detection_score",
            "float32",
            "[0, 1]",
            "Detector confidence at the last detection of this track.",
            "detection_score",
        ),
        of(
            "presence",
            "float32",
            "[0, 1]",
            "Probability that the mesh sits on a face.",
            "presence",
        ),
        Part(columns=_box_columns(), values=_box),
        of("pose_yaw_deg", "float32", "degrees", _YAW, "pose", "yaw_deg"),
        of("pose_pitch_deg", "float32", "degrees", _PITCH, "pose", "pitch_deg"),
        of("pose_roll_deg", "float32", "degrees", _CLOCKWISE, "pose", "roll_deg"),
        of(
            "face_size_px",
            "float32",
            "px",
            "Square root of the box's area.",
            "face_size_px",
        ),
        of(
            "sharpness",
            "float32",
            "grey levels",
            "Spread of the Laplacian of the aligned face; low where it is blurred.",
            "sharpness",
        ),
    ]


_YAW = "Head turn, positive to the subject's own left (image right)."
_PITCH = "Head nod, positive looking up."


def _box_columns() -> tuple[Column, ...]:
    edges = {"x0": "Left", "y0": "Top", "x1": "Right", "y1": "Bottom"}
    return tuple(
        Column(
            name=f"box_{key}",
            type="float32",
            unit="px",
            meaning=f"{edge} edge of the face in the upright frame.",
        )
        for key, edge in edges.items()
    )


def _box(row: FaceResult) -> Cells | None:
    return None if row.face is None else row.face.box_xyxy


def _from_face(read: Callable[[FaceObservation], Cells]) -> Values:
    return lambda row: None if row.face is None else read(row.face)


def _from_affect(read: Callable[[Affect], Cells | None]) -> Values:
    return lambda row: None if row.affect is None else read(row.affect)


def _expression_part(spaces: LabelSpaces) -> Part:
    columns = tuple(
        Column(
            name=expression_column(label),
            type="float32",
            unit="[0, 1]",
            meaning=f"Probability of the perceived expression {label}.",
        )
        for label in spaces.expressions.labels
    )
    return Part(columns=columns, values=_from_affect(lambda a: a.expression_probs))


def _action_unit_parts(spaces: LabelSpaces) -> tuple[Part, Part]:
    labels = spaces.action_units.labels
    probabilities = tuple(
        Column(
            name=label,
            type="float32",
            unit="[0, 1]",
            meaning=f"Probability that action unit {label} is present; not an intensity.",
        )
        for label in labels
    )
    decisions = tuple(
        Column(
            name=f"{label}_present",
            type="bool",
            unit="true, false",
            meaning=f"{label} at or above the artefact's threshold.",
        )
        for label in labels
    )
    return (
        Part(columns=probabilities, values=_from_affect(lambda a: a.action_unit_probs)),
        Part(columns=decisions, values=_from_affect(lambda a: a.action_units_present)),
    )


def _landmark_part() -> Part:
    columns = tuple(
        Column(
            name=f"landmark_{point}_{axis}",
            type="float32",
            unit="px",
            meaning=f"{axis} of point {point} of the MediaPipe face mesh.",
            group=Group.LANDMARKS,
        )
        for point in range(NUM_LANDMARKS)
        for axis in "xyz"
    )
    return Part(columns=columns, values=_from_face(lambda f: f.landmarks_xyz.reshape(-1)))


def _blendshape_part() -> Part:
    columns = tuple(
        Column(
            name=f"blendshape_{name.lstrip('_')}",
            type="float32",
            unit="[0, 1]",
            meaning=f"Blendshape {name}; left and right are the subject's.",
            group=Group.BLENDSHAPES,
        )
        for name in BLENDSHAPE_NAMES
    )
    return Part(columns=columns, values=_from_face(lambda f: f.blendshapes))


def _feature_part(group: FeatureGroup) -> Part:
    columns = tuple(
        Column(
            name=f"{group.name}_{name}",
            type="float32",
            unit=group.unit,
            meaning=f"{group.meaning}: {name}.",
            group=Group.FEATURES,
        )
        for name in group.columns
    )
    clash = [c.name for c in columns if arrow_type(c.name) != pa.float32()]
    if clash:
        raise ValueError(
            f"feature group {group.name!r}: column names must not be those of the core "
            f"group nor end in _present, got {clash}"
        )
    return Part(columns=columns, values=lambda row: row.features.get(group.name))


_SCALAR_TYPES = {
    column.name: column.type for part in _scalar_parts() for column in part.columns
}
