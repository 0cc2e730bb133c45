"""Manifest of an artifact, `artefact.json`, as records.

An artifact is a folder or a zip with this manifest, the networks listed in it, and a model
card. Analysis reads no other file, and handles embedded and exported artifacts in the same
way.
"""

from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from typing import Annotated, Literal

from pydantic import Discriminator, Field

from wildaffect.core.config import Config
from wildaffect.core.names import check_bare_name
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.scales import NO_SCALES, ScaleSpace
from wildaffect.core.tasks import LabelSpace, LabelSpaces, Task
from wildaffect.core.windows import FRAME_WISE, AnyWindow
from wildaffect.features.geometry import GEOMETRY_NAMES
from wildaffect.inference.calibration import Calibration

FORMAT_VERSION = 2
AGAINST_NEUTRAL = frozenset({"geometry_change", "blendshapes_change", "neutral_confidence"})
"""Measured inputs that need an estimate of the person's neutral."""

Line = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""Text that reaches terminals and reports: no control characters."""
Count = Annotated[int, Field(ge=1, le=1 << 16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFile(Config):
    """An ONNX file of the artifact."""

    file: str
    """Name of a file directly in the artifact's folder."""
    sha256: str

    def __post_init__(self) -> None:
        check_bare_name("file", self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredInput(Config):
    """Numbers that the face chain measures; `columns` are checked against the code's."""

    kind: Literal[
        "geometry",
        "geometry_change",
        "blendshapes",
        "blendshapes_change",
        "neutral_confidence",
        "pose",
    ]
    """`_change` is relative to the person's neutral, see `wildaffect.inference.neutral`;
    `neutral_confidence` is the confidence in that neutral."""
    columns: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return the name by which members refer to it."""
        return self.kind

    @property
    def width(self) -> int:
        """Return its number of columns."""
        return len(self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneInput(Config):
    """Features of a network that reads the aligned crop.

    The network maps (B, C, S, S) to (B, D).
    """

    name: Line
    network: NetworkFile
    preprocess: Preprocess
    feature_dim: Count
    kind: Literal["backbone"] = "backbone"
    one_by_one: bool = False
    """True for a network whose file fixes a batch of one crop."""
    weights_sha256: str = ""
    """Hash of the weights that the network was exported from; empty if not stated."""
    license: str = ""
    """License of those weights, as stated; empty if not stated."""
    source: str = ""
    """Origin of those weights, as stated; empty if not stated."""

    @property
    def key(self) -> str:
        """Return the name by which members refer to it."""
        return self.name

    @property
    def width(self) -> int:
        """Return its number of columns."""
        return self.feature_dim


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralPolicy(Config):
    """Settings of the estimate of a person's neutral face."""

    calm_limits: dict[str, float]
    """Blendshape scores at which a frame no longer counts as calm at all."""
    population: dict[str, float]
    """Blendshape scores of a face at rest, used until the person's own are known; 0 for
    those not listed."""
    population_geometry: dict[str, float] = field(default_factory=dict)
    """Measures of a face at rest, all of them, used in the same way; empty for none:
    geometry then shows no change until the person's own neutral is known."""
    prior_s: Annotated[float, Field(gt=0, le=3600)] = 0.5
    """Seconds of calm frames that have the same weight as the population."""
    warm_up_s: Annotated[float, Field(ge=0, le=60)] = 4.0
    """Delay of the first rows of a track for a first estimate; none in live streams."""

    def __post_init__(self) -> None:
        given = self.population_geometry
        odd = given.keys() - set(GEOMETRY_NAMES)
        if odd:
            near = get_close_matches(min(odd), GEOMETRY_NAMES) or GEOMETRY_NAMES[:3]
            raise ValueError(
                f"neutral: population_geometry names {min(odd)}, which is no measure of "
                f"this version; did you mean {', '.join(near)}?"
            )
        if given and len(given) < len(GEOMETRY_NAMES):
            missing = next(name for name in GEOMETRY_NAMES if name not in given)
            raise ValueError(
                f"neutral: population_geometry must hold all {len(GEOMETRY_NAMES)} "
                f"measures, got {len(given)}; {missing} is missing"
            )
        infinite = [name for name, value in given.items() if not isfinite(value)]
        if infinite:
            raise ValueError(
                f"neutral: population_geometry must be finite, got {infinite[0]} = "
                f"{given[infinite[0]]}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionOutput(Config):
    """Label space of the expression logits."""

    space: LabelSpace
    predicted: tuple[str, ...]
    """Classes of the network's logits, in its order; the others are not predicted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionUnitOutput(Config):
    """Label space of the action-unit logits."""

    space: LabelSpace
    predicted: tuple[str, ...]
    """Action units of the network's logits, in its order; the others are not predicted."""
    intensity: bool = False
    """Members that predict action units also predict the intensity of each."""
    intensity_note: str = ""
    """Limits of the intensities, such as what they were trained on; copied into results."""
    sided: tuple[str, ...] = ()
    """Units whose intensity on the subject's left and right side is also in results;
    if there are any, the members predict both sides of every unit."""
    excluded: tuple[tuple[str, str], ...] = ()
    """Pairs of units that anatomy excludes; at most one of a pair counts as present."""

    @property
    def excluded_places(self) -> tuple[tuple[int, int], ...]:
        """Return the excluded pairs as positions in `predicted`."""
        place = self.predicted.index
        return tuple((place(first), place(second)) for first, second in self.excluded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine(Config):
    """Value -> scale * value + offset, clipped to [-1, 1]."""

    scale: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    offset: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Config):
    """One network of an ensemble.

    Inputs `features` (1, T, D), `lengths` (1,) and `times_s` (1, T); outputs named after
    the tasks: `valence` and `arousal` (1, T), `expression` and `action_units` (1, T, K)
    as logits, `dimensions` and `intensities` (1, T, K) as positions on their scales, from
    -1 to 1; with intensities of action units also `action_unit_intensity` (1, T, K) in
    [0, 5], with sides `action_unit_intensity_left` and `action_unit_intensity_right` of the
    same shape.
    """

    network: NetworkFile
    weight: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """Weight relative to the other members that predict a task."""
    tasks: tuple[Task, ...] | None = None
    """Tasks that it predicts; None for all of the manifest."""
    window: AnyWindow | None = None
    """Window of the member; None for that of the manifest."""
    inputs: tuple[str, ...] | None = None
    """Names or kinds of the inputs that it reads, in its order; None for all of them in
    the manifest's."""
    rescaled: dict[Task, Affine] = field(default_factory=dict)
    """Rescaling of valence or arousal to the ensemble's mean and spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource(Config):
    """Data or weights that a model was trained or derived from, with their license."""

    name: str
    license: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Config):
    """Everything that `analyze` needs to run a model."""

    format_version: int
    name: Line
    version: Line
    summary: Line
    """One sentence on what it is and what it is not."""
    license: Line
    sources: tuple[DataSource, ...]
    inputs: Annotated[
        tuple[Annotated[MeasuredInput | BackboneInput, Discriminator("kind")], ...],
        Field(max_length=32),
    ]
    """Concatenated in this order to one row of features."""
    members: Annotated[tuple[Member, ...], Field(max_length=64)]
    predicts_valence: bool
    predicts_arousal: bool
    expression: ExpressionOutput | None = None
    action_units: ActionUnitOutput | None = None
    dimensions: ScaleSpace = NO_SCALES
    """Continuous ratings; none by default."""
    intensities: ScaleSpace = NO_SCALES
    window: AnyWindow = FRAME_WISE
    rate_hz: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Number of rows per second that the networks were trained at: other rows are skipped
    and their values interpolated. None runs the networks on every row."""
    neutral: NeutralPolicy | None = None
    """Policy for the neutral face, required by inputs that are changes from it."""
    calibration: Calibration = field(default_factory=Calibration)
    """Calibration of the outputs; classes and units in the order of `predicted`."""

    @property
    def spaces(self) -> LabelSpaces:
        """Label spaces of the outputs; the official ones where nothing is predicted."""
        default = LabelSpaces()
        return LabelSpaces(
            expressions=self.expression.space if self.expression else default.expressions,
            action_units=self.action_units.space
            if self.action_units
            else default.action_units,
            dimensions=self.dimensions,
            intensities=self.intensities,
        )

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return the predicted tasks, in the order of `Task`."""
        is_predicted = {
            Task.VALENCE: self.predicts_valence,
            Task.AROUSAL: self.predicts_arousal,
            Task.EXPRESSION: self.expression is not None,
            Task.ACTION_UNITS: self.action_units is not None,
            Task.DIMENSIONS: len(self.dimensions) > 0,
            Task.INTENSITIES: len(self.intensities) > 0,
        }
        return tuple(task for task in Task if is_predicted[task])

    def tasks_of(self, member: Member) -> tuple[Task, ...]:
        """Return the tasks that a member predicts."""
        return self.tasks if member.tasks is None else member.tasks

    def window_of(self, member: Member) -> AnyWindow:
        """Return the window of a member."""
        return self.window if member.window is None else member.window

    def inputs_of(self, member: Member) -> tuple[MeasuredInput | BackboneInput, ...]:
        """Return the inputs of a member, in its order."""
        if member.inputs is None:
            return self.inputs
        by_key = {item.key: item for item in self.inputs}
        return tuple(by_key[key] for key in member.inputs)

    def num_predicting(self, task: Task) -> int:
        """Return how many members predict a task."""
        return sum(task in self.tasks_of(member) for member in self.members)
