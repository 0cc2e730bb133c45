"""The report of an evaluation: all scores and the data they were computed on.

A report contains everything that its pages show, so that pages can be rendered from its
JSON. A value that is not defined (0/0, or too few videos for an interval) is None, never
NaN.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config
from wildaffect.core.errors import EvaluationError
from wildaffect.core.hashes import InputFiles
from wildaffect.core.tasks import Task
from wildaffect.reporting.tables import TextTable, html_table

REPORT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Config):
    """A score with its bootstrap interval over videos."""

    name: str
    """Stable name, such as `valence.ccc`."""
    title: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScore(Config):
    """Expression class or action unit."""

    label: str
    f1: Score
    precision: float | None
    recall: float | None
    num_annotated: int
    """Number of scored frames in which it is annotated as present."""
    num_predicted: int
    num_frames: int
    """Number of scored frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion(Config):
    """Frames by annotated class (rows) and predicted class (columns)."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Density(Config):
    """Histogram of frames, with bins of equal size over [-1, 1] on both axes.

    Values beyond the axes count in the outermost bins.
    """

    title: str
    x_title: str
    y_title: str
    counts: tuple[tuple[int, ...], ...]
    """Row i, column j: frames in bin i of y and bin j of x, both from -1 upwards."""
    is_agreement: bool
    """True if x and y have the same scale, so that the diagonal is full agreement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore(Config):
    """Scores of one video or person; small ones are unreliable."""

    name: str
    subject: str
    num_frames: int
    """Rows scored in at least one task."""
    ccc_valence: float | None
    ccc_arousal: float | None
    expression_accuracy: float | None
    action_unit_f1: float | None
    """Score over the decisions on all units; None if no unit is present or predicted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Config):
    """Annotated and predicted values over one video."""

    task: Task
    video: str
    rank: Literal["most", "least"]
    """True if the agreement is the highest or the lowest of all videos."""
    ccc: float
    num_frames: int
    frame: tuple[int, ...]
    """Frame numbers of the points, subsampled evenly."""
    target: tuple[float, ...]
    pred: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCoverage(Config):
    """Coverage of the annotated frames by predictions."""

    task: Task
    num_annotated: int
    num_predicted: int
    num_scored: int
    num_videos: int
    share: float
    """Share of annotated frames that are predicted, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InSample(Config):
    """Overlap of the evaluated videos with videos used for tuning the system."""

    state: Literal["not declared", "no", "yes"]
    num_videos: int
    """Evaluated videos that were used for tuning."""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling(Config):
    """Settings of the bootstrap over whole videos."""

    num_videos: int
    num_resamples: int
    confidence: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Config):
    """This system minus the other, on the same frames and resamples of videos."""

    score: Score
    """The difference; for errors (MSE, MAE) less than 0 is better."""
    this: float | None
    other: float | None
    share_above: float | None
    """Share of resamples in which this system is above the other; ties count half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Config):
    """Two systems on the frames that both predict."""

    other: InputFiles
    num_frames: dict[Task, int]
    """Annotated frames that both systems predict, for each task."""
    departures: tuple[str, ...]
    """Departures of the other system from the protocol."""
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report(Config):
    """Predictions against annotations under a protocol."""

    report_version: int = REPORT_VERSION
    wildaffect_version: str
    protocol: str
    protocol_title: str
    definition: str
    predictions: InputFiles
    annotations: InputFiles
    expressions: tuple[str, ...]
    """Classes that were compared, in order; empty if expressions were not."""
    action_units: tuple[str, ...]
    rule_missing: str
    """Rule for annotated frames without a prediction."""
    rule_absent: str
    """Rule for labels that the model cannot predict."""
    departures: tuple[str, ...]
    """Departures from the protocol."""
    notes: tuple[str, ...]
    in_sample: InSample
    num_rows: int
    num_repeats: int
    """Annotated rows that repeat a frame; official files have some, and they count."""
    num_videos: int
    num_subjects: int | None
    """None if persons are unknown."""
    coverage: tuple[TaskCoverage, ...]
    overall: Score | None
    scores: tuple[Score, ...]
    expression_scores: tuple[LabelScore, ...]
    action_unit_scores: tuple[LabelScore, ...]
    confusion: Confusion | None
    densities: tuple[Density, ...]
    videos: tuple[GroupScore, ...]
    subjects: tuple[GroupScore, ...]
    traces: tuple[Trace, ...]
    resampling: Resampling
    comparison: Comparison | None = None

    @property
    def values(self) -> dict[str, float | None]:
        """Scores by their stable name, such as `valence.ccc`; None where not defined."""
        every = (self.overall, *self.scores) if self.overall else self.scores
        return {each.name: each.value for each in every}

    def __repr__(self) -> str:
        scores = ", ".join(
            f"{name} {'undefined' if value is None else f'{value:.3f}'}"
            for name, value in self.values.items()
            if not name.endswith((".pcc", ".mse", ".mae", ".kappa"))
        )
        return (
            f"Report({self.protocol}: {scores}; {self.num_rows} rows of "
            f"{self.num_videos} videos)"
        )

    def _repr_html_(self) -> str:
        """Return the scores as a table, for notebooks."""
        every = (self.overall, *self.scores) if self.overall else self.scores
        rows = [
            (each.title, *map(_three_decimals, (each.value, each.low, each.high)))
            for each in every
        ]
        table = TextTable(header=("", "score", "low", "high"), rows=tuple(rows))
        return (
            f"<p>{escape(self.protocol_title)}: {self.num_rows} rows of "
            f"{self.num_videos} videos</p>{html_table(table)}"
        )


def _three_decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


_ADAPTER = TypeAdapter(Report)


def report_to_json(report: Report) -> str:
    """Return every field as JSON."""
    return _ADAPTER.dump_json(report, indent=1).decode()


def read_report(path: Path) -> Report:
    """Read what `report_to_json` wrote.

    Raises:
        EvaluationError: If the file does not exist or is no such report.
    """
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise EvaluationError(
            f"{path}: the report must be readable, got {error.strerror}"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise EvaluationError(
            f"{path}: must be a report of this version, got {first['msg']} at "
            f"{where or 'the start'}"
        ) from None
