"""All columns of the result table with their types, units and meanings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from wildaffect.core.faces import NUM_LANDMARKS, FaceObservation
from wildaffect.core.results import Affect
from wildaffect.core.tasks import (
    EXTENDED_ACTION_UNIT_NAMES,
    LabelSpaces,
    action_unit_label,
    expression_column,
)
from wildaffect.faces.blendshapes import NAMES as BLENDSHAPE_NAMES
from wildaffect.outputs.scalar_columns import last_parts, scalar_parts
from wildaffect.outputs.schema import (
    ARROW_TYPES,
    Cells,
    Column,
    Group,
    Part,
    ResultSchema,
    Values,
)
from wildaffect.outputs.signal_columns import signal_parts

_UNIT_NAMES = {
    action_unit_label(number): name for number, name in EXTENDED_ACTION_UNIT_NAMES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureGroup:
    """A requested feature group: a key of `FaceResult.features`."""

    name: str
    columns: tuple[str, ...]
    """One name per value; the table's column is `<name>_<column>`."""
    meaning: str
    unit: str = ""


def result_schema(  # noqa: PLR0913 - each is a property of the table
    spaces: LabelSpaces | None = None,
    *,
    thresholds: Mapping[str, float] | None = None,
    expression_margin: float | None = None,
    intensities: bool = False,
    intensity_note: str = "",
    sided: Sequence[str] = (),
    landmarks: bool = False,
    blendshapes: bool = False,
    features: Sequence[FeatureGroup] = (),
) -> ResultSchema:
    """Return the schema for a model's label spaces and the requested optional groups.

    All columns of the core group, whether the model predicts them or not, and those of the
    signals are included.

    Args:
        spaces: Names of the model's outputs.
        thresholds: Action unit -> threshold of its probability, if known.
        expression_margin: Margin below which an expression is unclear, if known.
        intensities: True if the model predicts intensities of action units.
        intensity_note: Note of its artifact about them.
        sided: Action units whose left and right side the model distinguishes.
        landmarks: Add the landmarks.
        blendshapes: Add the blendshape scores.
        features: Feature groups to add.

    Raises:
        ValueError: If two columns have the same name, or a name is reserved for another
            type.
    """
    spaces = spaces or LabelSpaces()
    parts = [
        *scalar_parts(expression_margin),
        _expression_part(spaces),
        *_action_unit_parts(spaces, thresholds or {}),
        *last_parts(),
        *signal_parts(),
        *_scale_parts(spaces),
    ]
    if intensities:
        parts.append(_intensity_part(spaces, intensity_note))
    if sided:
        parts.append(_sides_part(spaces, sided, intensity_note))
    if landmarks:
        parts.append(_landmark_part())
    if blendshapes:
        parts.append(_blendshape_part())
    parts += [_feature_part(group) for group in features]
    schema = ResultSchema(parts=tuple(parts), spaces=spaces)
    for column in schema.columns:
        if arrow_type(column.name) != ARROW_TYPES[column.type]:
            raise ValueError(
                f"result schema: a column must not have the same name as one of "
                f"the core group nor end in _present, got {column.name!r}"
            )
    return schema


def arrow_type(name: str) -> pa.DataType:
    """Return the type of a column from its name alone, so that a bare table can be read."""
    if name in _SCALAR_TYPES:
        return ARROW_TYPES[_SCALAR_TYPES[name]]
    return pa.bool_() if name.endswith("_present") else pa.float32()


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


def _named(label: str) -> str:
    """Return an action unit with its name in FACS: `AU12 (lip corner puller)`."""
    name = _UNIT_NAMES.get(label)
    return f"{label} ({name})" if name else label


def _action_unit_parts(
    spaces: LabelSpaces, thresholds: Mapping[str, float]
) -> tuple[Part, Part]:
    labels = spaces.action_units.labels
    probabilities = tuple(
        Column(
            name=label,
            type="float32",
            unit="[0, 1]",
            meaning=f"Probability that action unit {_named(label)} is present; not an "
            "intensity.",
        )
        for label in labels
    )
    decisions = tuple(
        Column(
            name=f"{label}_present",
            type="bool",
            unit="true, false",
            meaning=f"{_named(label)} at or above the artifact's threshold.",
            threshold=thresholds.get(label),
        )
        for label in labels
    )
    return (
        Part(columns=probabilities, values=_from_affect(lambda a: a.action_unit_probs)),
        Part(columns=decisions, values=_from_affect(lambda a: a.action_units_present)),
    )


def _intensity_part(spaces: LabelSpaces, note: str) -> Part:
    columns = tuple(
        Column(
            name=f"{label}_intensity",
            type="float32",
            unit="[0, 5]",
            meaning=_intensity_meaning(f"Intensity of {label}", note),
            group=Group.INTENSITIES,
        )
        for label in spaces.action_units.labels
    )
    return Part(columns=columns, values=_from_affect(lambda a: a.action_unit_intensities))


def _sides_part(spaces: LabelSpaces, sided: Sequence[str], note: str) -> Part:
    labels = [label for label in spaces.action_units.labels if label in sided]
    places = [spaces.action_units.index(label) for label in labels]
    columns = tuple(
        Column(
            name=f"{label}_{side}",
            type="float32",
            unit="[0, 5]",
            meaning=_intensity_meaning(
                f"Intensity of {label} on the subject's own {side} side", note
            ),
            group=Group.INTENSITIES,
        )
        for label in labels
        for side in ("left", "right")
    )

    def read(affect: Affect) -> Cells | None:
        sides = affect.action_unit_sides
        return None if sides is None else sides[:, places].T.ravel()

    return Part(columns=columns, values=_from_affect(read))


def _scale_parts(spaces: LabelSpaces) -> list[Part]:
    """Return the columns of dimensions and intensities of a model's own scales."""
    found = (
        (spaces.dimensions, "Perceived {}", Group.CORE, lambda a: a.dimension_values),
        (
            spaces.intensities,
            "Strength of {}",
            Group.INTENSITIES,
            lambda a: a.intensity_values,
        ),
    )
    return [
        Part(
            columns=tuple(
                Column(
                    name=scale.label,
                    type="float32",
                    unit=scale.ends,
                    meaning=f"{words.format(_thing(scale.label))}, on the scale of the "
                    "model's training labels.",
                    group=group,
                )
                for scale in space.scales
            ),
            values=_from_affect(read),
        )
        for space, words, group, read in found
        if len(space)
    ]


def _thing(label: str) -> str:
    return label.removesuffix("_intensity").replace("_", " ")


def _intensity_meaning(what: str, note: str) -> str:
    meaning = f"{what}: 0 not shown, 1 to 5 A to E of FACS."
    return f"{meaning} {note[0].upper()}{note[1:].removesuffix('.')}." if note else meaning


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
    return Part(columns=columns, values=lambda row: row.features.get(group.name))


_SCALAR_TYPES = {
    column.name: column.type
    for part in (*scalar_parts(), *last_parts(), *signal_parts())
    for column in part.columns
}
