"""Recipe of a temporal training run: all settings, saved with the run."""

from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from wildaffect.core.checks import check_numbers
from wildaffect.core.joins import JoinRule
from wildaffect.core.records import read_record
from wildaffect.core.windows import AnyWindow, CausalWindow, LeftPaddedWindow, WindowSpec
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import DEFAULT_POLICY
from wildaffect.losses.config import LossConfig
from wildaffect.models.frameworks import ModelConfig
from wildaffect.training.core.recipe import BestOnDevSplit, RunRecipe, Selection
from wildaffect.training.temporal.epoch_length import AllRows, EpochLength
from wildaffect.training.temporal.sampling import EveryRow, Sampling
from wildaffect.training.temporal.sequence_inputs import feature_sets
from wildaffect.training.temporal.unlabeled import LabeledOnly, Unlabeled


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporalRecipe(RunRecipe):
    """Train a temporal multi-task model on stored features."""

    inputs: tuple[str, ...]
    """Inputs: geometry, geometry_change, blendshapes, blendshapes_change, pose, or feature
    sets of the store."""
    batch_size: int = 16
    """Windows per step, over all processes together."""
    epoch_length: EpochLength = field(default_factory=AllRows)
    """Number of optimizer steps of an epoch; `train` prints it when it begins."""
    model: ModelConfig
    loss: LossConfig = field(default_factory=LossConfig)
    window: AnyWindow
    """Window for prediction; training draws windows of the same length."""
    selection: Selection = field(default_factory=BestOnDevSplit)
    sampling: Sampling = field(default_factory=EveryRow)
    """Sampling of the training windows."""
    unlabeled: Unlabeled = field(default_factory=LabeledOnly)
    """Use of videos without labels."""
    ema_decay: float = 0.0
    """Decay of the EMA of the weights, which is saved instead of the last weights; 0 for
    none."""
    input_noise: float = 0.0
    """Standard deviation of the noise on features in training, relative to their own."""
    decay_truth_share: bool = False
    """Decay the share of ground truth in label feedback linearly to 0."""
    neutral: NeutralPolicy = DEFAULT_POLICY
    neutral_unknown: float = 0.0
    """Share of training videos in which the person's own neutral face counts as unknown, as
    in photographs. Features are then relative to the population's; geometry shows no change
    unless the recipe sets neutral.population_geometry."""
    max_distance_s: float = 0.5
    """Maximum distance from a frame to the row of features that it uses, of feature sets
    without a rule in `joins`."""
    joins: dict[str, JoinRule] = field(default_factory=dict)
    """Rule by which a feature set joins the frames in time, by its name."""
    max_lost_share: float = 0.25
    """Largest share of annotated rows without features, or without those of one feature
    set, that training accepts."""
    annotation_delay_s: float = 0.0
    """Lag of the valence and arousal traces behind the face. Training shifts them back by
    it, also for the scores it prints; `evaluate` does not."""

    def __post_init__(self) -> None:
        RunRecipe.__post_init__(self)
        check_numbers(self.name, "[0, 1)", ema_decay=self.ema_decay)
        check_numbers(
            self.name,
            "[0, 1]",
            neutral_unknown=self.neutral_unknown,
            max_lost_share=self.max_lost_share,
        )
        known = feature_sets(self.inputs)
        for name in self.joins:
            if name not in known:
                raise ValueError(
                    f"{self.name}: joins must name feature sets of the inputs "
                    f"({', '.join(known)}), got {name}"
                )
        check_numbers(
            self.name,
            "[0, inf)",
            input_noise=self.input_noise,
            max_distance_s=self.max_distance_s,
        )

    @property
    def training_window(self) -> WindowSpec:
        """Return the window for training and for the evaluation of epochs.

        Consecutive causal windows are almost identical, so training uses adjacent windows
        of the same length instead.
        """
        if not isinstance(self.window, CausalWindow):
            return self.window
        whole = WindowSpec(
            length_s=self.window.length_s,
            stride_s=self.window.length_s,
            max_gap_s=self.window.max_gap_s,
        )
        if self.window.lead_step_s is None:
            return whole
        return LeftPaddedWindow(**asdict(whole), lead_step_s=self.window.lead_step_s)


@cache
def _adapter() -> TypeAdapter[TemporalRecipe]:
    # Built on first use, so that `--help` need not wait for it.
    return TypeAdapter(TemporalRecipe)


def load_recipe(path: Path) -> TemporalRecipe:
    """Read the recipe of a run.

    Raises:
        UsageError: If the file is missing, or a key is unknown, missing or invalid.
    """
    return read_record(_adapter(), path, "recipe")
