"""Settings of the losses of tasks and of their weighting; free of torch."""

from dataclasses import dataclass, field
from typing import Any, Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config, json_values
from wildaffect.core.tasks import Task
from wildaffect.losses.statistics import Rarity


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomLoss(Config):
    """A custom loss for one task; saved runs contain its name and settings."""

    name: str
    """As registered in `LOSSES` or declared as an entry point."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the loss; JSON values."""
    kind: Literal["custom"] = "custom"

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", json_values(self.name, self.settings))


@dataclass(frozen=True, kw_only=True, slots=True)
class CCC(Config):
    """1 - concordance correlation, over all annotated rows of the batch."""

    mse_weight: float = 0.0
    """Weight of an additional mean squared error, which has a gradient also for a batch
    with constant targets, where the correlation is always 0."""
    kind: Literal["ccc"] = "ccc"

    def __post_init__(self) -> None:
        check_numbers("ccc", "[0, inf)", mse_weight=self.mse_weight)


@dataclass(frozen=True, kw_only=True, slots=True)
class MSE(Config):
    """Mean squared error over annotated rows, as published (there over all rows)."""

    kind: Literal["mse"] = "mse"


AffectLoss = CCC | MSE


@dataclass(frozen=True, kw_only=True, slots=True)
class Huber(Config):
    """Squared error of small differences, absolute error of large ones."""

    delta: float = 0.2
    """Difference between the two, where the scale goes from -1 to 1; above 0."""
    kind: Literal["huber"] = "huber"

    def __post_init__(self) -> None:
        check_numbers("huber", "(0, inf)", delta=self.delta)


@dataclass(frozen=True, kw_only=True, slots=True)
class AllThresholds(Config):
    """Ordinal loss: for every step between whole levels, which side the value is on."""

    kind: Literal["all_thresholds"] = "all_thresholds"


ScaleLossConfig = CCC | MSE | Huber | AllThresholds


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossEntropy(Config):
    """Cross-entropy over annotated rows."""

    class_weights: Rarity = "equal"
    """Class weighting by rarity."""
    logit_adjustment: float = 0.0
    """Weight of the log prior added to the logits in training only, at least 0; 1
    corresponds to balanced classes."""
    label_smoothing: float = 0.0
    """Share of the target distributed evenly over classes, in [0, 1)."""
    kind: Literal["cross_entropy"] = "cross_entropy"

    def __post_init__(self) -> None:
        check_numbers("cross-entropy", "[0, inf)", logit_adjustment=self.logit_adjustment)
        check_numbers("cross-entropy", "[0, 1)", label_smoothing=self.label_smoothing)

    @property
    def needs_statistics(self) -> bool:
        """Return whether the loss depends on the frequency of classes."""
        return self.class_weights != "equal" or self.logit_adjustment > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BinaryCrossEntropy(Config):
    """Binary cross-entropy of occurrence."""

    positive_weights: Rarity = "equal"
    """Weighting of rows in which a unit occurs, by its rarity."""
    largest_weight: float = 10.0
    """Maximum of these weights, at least 1."""
    kind: Literal["binary_cross_entropy"] = "binary_cross_entropy"

    def __post_init__(self) -> None:
        check_numbers(
            "binary cross-entropy", "[1, inf)", largest_weight=self.largest_weight
        )

    @property
    def needs_statistics(self) -> bool:
        """Return whether the loss depends on the frequency of units."""
        return self.positive_weights != "equal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Focal(Config):
    """Focal loss: binary cross-entropy with less weight on easy entries."""

    gamma: float = 2.0
    """Exponent of the probability of the wrong label, at least 0."""
    kind: Literal["focal"] = "focal"

    def __post_init__(self) -> None:
        check_numbers("focal", "[0, inf)", gamma=self.gamma)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asymmetric(Config):
    """Asymmetric loss: focal loss with separate exponents for presence and absence."""

    positive_gamma: float = 0.0
    """Exponent for units that occur, at least 0."""
    negative_gamma: float = 4.0
    """Exponent for units that do not occur, at least 0."""
    margin: float = 0.05
    """Probability below which absence has no loss, in [0, 1)."""
    kind: Literal["asymmetric"] = "asymmetric"

    def __post_init__(self) -> None:
        check_numbers(
            "asymmetric",
            "[0, inf)",
            positive_gamma=self.positive_gamma,
            negative_gamma=self.negative_gamma,
        )
        check_numbers("asymmetric", "[0, 1)", margin=self.margin)


ActionUnitLossConfig = BinaryCrossEntropy | Focal | Asymmetric


PUBLISHED = {
    Task.VALENCE: 12.0,
    Task.AROUSAL: 12.0,
    Task.EXPRESSION: 0.35,
    Task.ACTION_UNITS: 1.0,
}
"""Weights of the ABAW4 system. Its mean for valence and arousal was over all rows,
including padding and rows without labels, so that its 12 corresponds to about 3 here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedWeights(Config):
    """Constant weight per task."""

    weights: dict[Task, float] = field(default_factory=lambda: dict(PUBLISHED))
    """Weight of the task's loss; 1 for dimensions and intensities that are not listed."""
    kind: Literal["fixed"] = "fixed"

    def __post_init__(self) -> None:
        for task, weight in self.weights.items():
            check_numbers(f"fixed weights: {task}", "[0, inf)", weight=weight)


@dataclass(frozen=True, kw_only=True, slots=True)
class NormalizedWeights(Config):
    """Each loss divided by its own value (detached)."""

    kind: Literal["normalized"] = "normalized"


@dataclass(frozen=True, kw_only=True, slots=True)
class UncertaintyWeights(Config):
    """Learned uncertainty weights: smaller for noisier tasks."""

    largest_log_variance: float = 4.0
    """Bound of the absolute learned log variance, above 0."""
    kind: Literal["uncertainty"] = "uncertainty"

    def __post_init__(self) -> None:
        check_numbers(
            "uncertainty weights",
            "(0, inf)",
            largest_log_variance=self.largest_log_variance,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LossRatioWeights(Config):
    """Dynamic weight average: more weight for tasks whose loss decreases more slowly."""

    temperature: float = 1.5
    """Temperature of the softmax, above 0; larger values give more equal weights."""
    recent_steps: float = 50.0
    """Averaging length of the recent loss in steps, at least 1."""
    past_steps: float = 500.0
    """Averaging length of the past loss in steps, above `recent_steps`."""
    kind: Literal["loss_ratio"] = "loss_ratio"

    def __post_init__(self) -> None:
        check_numbers("loss-ratio weights", "(0, inf)", temperature=self.temperature)
        if not 1 <= self.recent_steps < self.past_steps < float("inf"):
            raise ValueError(
                "loss-ratio weights: recent_steps must be at least 1 and below past_steps, "
                f"got {self.recent_steps} and {self.past_steps}"
            )


TaskWeightingConfig = (
    FixedWeights | NormalizedWeights | UncertaintyWeights | LossRatioWeights
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LossConfig(Config):
    """Loss per task and task weighting."""

    valence: AffectLoss | CustomLoss = field(default_factory=CCC)
    arousal: AffectLoss | CustomLoss = field(default_factory=CCC)
    expression: CrossEntropy | CustomLoss = field(default_factory=CrossEntropy)
    action_units: ActionUnitLossConfig | CustomLoss = field(
        default_factory=BinaryCrossEntropy
    )
    dimensions: ScaleLossConfig | CustomLoss = field(
        default_factory=lambda: CCC(mse_weight=1.0)
    )
    """The squared error counts where most rows have one value, as with pain."""
    intensities: ScaleLossConfig | CustomLoss = field(
        default_factory=lambda: CCC(mse_weight=1.0)
    )
    task_weighting: TaskWeightingConfig = field(default_factory=FixedWeights)
