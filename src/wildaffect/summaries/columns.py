"""Signals of a result table and the columns of their summary."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from wildaffect.core.tasks import expression_column
from wildaffect.events.thresholds import PRESENT, action_unit_labels

PERCENTILES = (5, 25, 50, 75, 95)
NUMBERS = ("mean", "sd", *(f"p{percent:02d}" for percent in PERCENTILES), "max")
"""Statistics of a signal; `sd` has one degree of freedom taken off, as in pandas and R."""
EVENT_NUMBERS = ("count", "per_min")
QUALITY = ("face_size_px", "sharpness", "presence", "detection_score", "neutral_known")
"""Columns of which the median is given."""
FLAGS = ("eyes_closed", "looking_at_camera")
EVENT_LABELS = {
    "eyes_closed": ("blink", "eyes_closed"),
    "looking_at_camera": ("looking_at_camera", "looking_away"),
    "mouth_open": ("mouth_open",),
    "pose_pitch_deg": ("nod",),
    "pose_yaw_deg": ("shake",),
}
"""Column -> labels of the events that it leads to, besides those of label spaces."""
_NOT_SIGNALS = frozenset(
    {"time_s", "box_x0", "box_y0", "box_x1", "box_y1", "valence_sd", "arousal_sd", *QUALITY}
)
_NOT_GROUPS = (b"landmarks", b"features")
"""Groups of columns that are left out: thousands of numbers for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Columns of a table by their kind, in the order of the summary."""

    numbers: tuple[str, ...]
    """Columns of numbers, such as `valence` and `AU12`."""
    flags: tuple[str, ...]
    """Columns of decisions whose share of rows is given, such as `AU12_present`."""
    expressions: tuple[str, ...]
    """Columns of probabilities of the expressions, such as `p_happiness`."""
    events: tuple[str, ...]
    """Labels of events other than expressions."""
    quality: tuple[str, ...]

    def names(self) -> list[str]:
        """Return the columns of statistics in the summary, in order."""
        names = [f"{name}_median" for name in self.quality]
        names += [f"{name}_{number}" for name in self.numbers for number in NUMBERS]
        names += [f"{share_name(flag)}_share" for flag in self.flags]
        expressions = [name.removeprefix("p_") for name in self.expressions]
        names += [f"expression_{name}_share" for name in expressions]
        labels = [*self.events, *(f"expression_{name}" for name in expressions)]
        return names + [f"{label}_{number}" for label in labels for number in EVENT_NUMBERS]


def signals_of(schema: pa.Schema) -> Signals:
    """Return the signals of a table with this schema."""
    names = schema.names
    units = action_unit_labels(schema)
    has_expression = "expression" in names
    return Signals(
        numbers=tuple(field.name for field in schema if _is_number(field)),
        flags=tuple(
            name
            for name in names
            if name in FLAGS or (name.endswith(PRESENT) and share_name(name) in units)
        ),
        expressions=tuple(
            name for name in names if has_expression and name.startswith("p_")
        ),
        events=(*units, *_other_labels(names)),
        quality=tuple(name for name in QUALITY if name in names),
    )


def share_name(flag: str) -> str:
    """Return the name of a decision in the summary: `AU12` for `AU12_present`."""
    return flag.removesuffix(PRESENT)


def event_name(kind_is_expression: bool, label: str) -> str:
    """Return the name of an event's label in the summary."""
    if kind_is_expression:
        return "expression_" + expression_column(label).removeprefix("p_")
    return label


def _is_number(field: pa.Field) -> bool:
    group = (field.metadata or {}).get(b"group")
    is_left_out = field.name in _NOT_SIGNALS or group in _NOT_GROUPS
    return pa.types.is_floating(field.type) and not is_left_out


def _other_labels(names: Sequence[str]) -> list[str]:
    return [
        label
        for column, labels in EVENT_LABELS.items()
        if column in names
        for label in labels
    ]
