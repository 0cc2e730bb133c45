"""The tasks, and the spaces in which their labels and scales are named."""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from wildaffect.core.config import Config
from wildaffect.core.scales import NO_SCALES, ScaleSpace


class Task(StrEnum):
    """Prediction task; settings and weights are keyed by it."""

    VALENCE = "valence"
    """How negative or positive the face is perceived to be, in [-1, 1]."""
    AROUSAL = "arousal"
    """How passive or active the face is perceived to be, in [-1, 1]."""
    EXPRESSION = "expression"
    """One class of a label space."""
    ACTION_UNITS = "action_units"
    """Occurrence of each action unit of a label space, independent of one another; also of
    any other attributes that are present or not."""
    DIMENSIONS = "dimensions"
    """Continuous ratings such as pain or engagement, each on a scale of its own."""
    INTENSITIES = "intensities"
    """Strength of each of several things, such as AU06, from 0 (not there) upwards."""

    @property
    def words(self) -> str:
        """Return the name in text, such as `action units`."""
        return self.replace("_", " ")


ABAW_TASKS = (Task.VALENCE, Task.AROUSAL, Task.EXPRESSION, Task.ACTION_UNITS)
"""The tasks of the challenge, which have labels or columns in every data set."""
SINGLE_TASKS = frozenset({Task.VALENCE, Task.AROUSAL})
"""Tasks of one number in [-1, 1] per row."""
SCALE_TASKS = (Task.DIMENSIONS, Task.INTENSITIES)
"""Tasks of numbers on scales that a data set defines; most have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpace(Config):
    """Label names in the order of a model's outputs; stored in every artifact.

    Two spaces with different names are never mixed: a reader maps between them by an
    explicit table, or raises an error.
    """

    name: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(
                f"label space {self.name!r}: labels must be distinct and at least one, "
                f"got {self.labels}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, label: str) -> int:
        """Return the position of `label`.

        Raises:
            KeyError: If there is no such label; the message suggests the nearest.
        """
        if label not in self.labels:
            near = get_close_matches(label, self.labels) or list(self.labels)
            raise KeyError(
                f"label space {self.name!r} has no {label!r}; "
                f"did you mean {', '.join(near)}?"
            )
        return self.labels.index(label)


def expression_column(label: str) -> str:
    """Return the probability column of an expression in a table, such as `p_neutral`."""
    return "p_" + "_".join(label.lower().split())


ABAW_EXPRESSIONS = LabelSpace(
    name="abaw-expressions-8",
    labels=(
        "Neutral",
        "Anger",
        "Disgust",
        "Fear",
        "Happiness",
        "Sadness",
        "Surprise",
        "Other",
    ),
)
"""The eight classes of Aff-Wild2 in the order of its codes 0 to 7."""

ABAW_ACTION_UNIT_NUMBERS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
"""FACS numbers of the twelve action units of Aff-Wild2, in the order of its columns."""


def action_unit_label(number: int) -> str:
    """Return the name of an action unit in tables, such as `AU04`."""
    return f"AU{number:02d}"


ABAW_ACTION_UNITS = LabelSpace(
    name="abaw-action-units-12",
    labels=tuple(action_unit_label(number) for number in ABAW_ACTION_UNIT_NUMBERS),
)

EXTENDED_ACTION_UNIT_NAMES = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    14: "dimpler",
    15: "lip corner depressor",
    17: "chin raiser",
    18: "lip pucker",
    20: "lip stretcher",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
    28: "lip suck",
    43: "eyes closed",
}
"""FACS numbers and names of twenty action units in ascending order: the official twelve,
and eight more that face geometry separates. Of 43 (eyes closed) and 45 (blink), which
differ in duration alone, 43 is used: one frame has no information about duration."""

EXTENDED_ACTION_UNITS = LabelSpace(
    name="wildaffect-action-units-20",
    labels=tuple(action_unit_label(number) for number in EXTENDED_ACTION_UNIT_NAMES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpaces:
    """The names and scales behind the values of a model or a data set."""

    expressions: LabelSpace = ABAW_EXPRESSIONS
    action_units: LabelSpace = ABAW_ACTION_UNITS
    dimensions: ScaleSpace = NO_SCALES
    intensities: ScaleSpace = NO_SCALES

    def scales(self, task: Task) -> ScaleSpace:
        """Return the scales of one of `SCALE_TASKS`."""
        return self.dimensions if task is Task.DIMENSIONS else self.intensities

    @property
    def words(self) -> str:
        """Return the names of spaces and scales in text."""
        names = [self.expressions.name, self.action_units.name]
        scales = (*self.dimensions.scales, *self.intensities.scales)
        return ", ".join([*names, *(f"{scale.label} {scale.ends}" for scale in scales)])

    def width(self, task: Task) -> tuple[int, ...]:
        """Return the shape of one row of labels: () or (K,)."""
        match task:
            case Task.VALENCE | Task.AROUSAL | Task.EXPRESSION:
                return ()
            case Task.ACTION_UNITS:
                return (len(self.action_units),)
            case Task.DIMENSIONS | Task.INTENSITIES:
                return (len(self.scales(task)),)
