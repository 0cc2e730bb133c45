"""Recipe of a temporal training run: all settings, saved with the run."""

from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.names import check_bare_name
from wildaffect.core.windows import AnyWindow, CausalWindow, LeftPaddedWindow, WindowSpec
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import DEFAULT_POLICY
from wildaffect.losses.config import LossConfig
from wildaffect.models.frameworks import ModelConfig
from wildaffect.training.core.recipe import BestOnDevSplit, OptimConfig, Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporalRecipe(Config):
    """Train a temporal multi-task model on stored features."""

    name: str
    inputs: tuple[str, ...]
    """Measurements and feature sets of the store; see `sequence_inputs`."""
    model: ModelConfig
    loss: LossConfig = field(default_factory=LossConfig)
    window: AnyWindow
    """Window for prediction; training draws windows of the same length."""
    batch_size: int = 16
    """Windows per step, over all processes together."""
    num_epochs: int = 20
    """Number of epochs; the windows of an epoch have as many rows as the training data."""
    optim: OptimConfig = field(default_factory=OptimConfig)
    selection: Selection = field(default_factory=BestOnDevSplit)
    ema_decay: float = 0.0
    """Decay of the EMA of the weights, which is saved instead of the last weights; 0 for
    none."""
    input_noise: float = 0.0
    """Standard deviation of the noise on features in training, relative to their own."""
    decay_truth_share: bool = False
    """Decay the share of ground truth in label feedback linearly to 0."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    compile: bool = False
    """Compile the model with torch; slower on a CPU, not measured on a GPU."""
    neutral: NeutralPolicy = DEFAULT_POLICY
    neutral_unknown: float = 0.0
    """Share of training videos whose features are relative to the population's neutral
    face, as for photographs; for policies with geometry of the population."""
    max_distance_s: float = 0.5
    """Maximum distance from a frame without features to one whose features it uses."""
    annotation_delay_s: float = 0.0
    """Lag of the valence and arousal traces behind the face. Training shifts them back by
    it, also for the scores it prints; `evaluate` does not."""
    seed: int = 0
    """Random seed."""

    def __post_init__(self) -> None:
        check_bare_name("name", self.name)
        if self.batch_size < 1 or self.num_epochs < 1:
            raise ValueError(
                f"{self.name}: batch_size and num_epochs must be at least 1, got "
                f"{self.batch_size} and {self.num_epochs}"
            )
        if not 0 <= self.ema_decay < 1:
            raise ValueError(
                f"{self.name}: ema_decay must be in [0, 1), got {self.ema_decay}"
            )
        if not 0 <= self.neutral_unknown <= 1:
            raise ValueError(
                f"{self.name}: neutral_unknown must be in [0, 1], got "
                f"{self.neutral_unknown}"
            )
        for name in ("input_noise", "max_distance_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(
                    f"{self.name}: {name} must be at least 0, got {getattr(self, name)}"
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


def save_recipe(recipe: TemporalRecipe, path: Path) -> None:
    """Write all fields atomically, defaults included: the file reproduces the run."""
    write_whole(path, _adapter().dump_json(recipe, indent=2) + b"\n")


def load_recipe(path: Path) -> TemporalRecipe:
    """Read what `save_recipe` wrote.

    Raises:
        UsageError: If the file is missing, or a key is unknown, missing or invalid.
    """
    try:
        return _adapter().validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot read recipe: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise UsageError(f"{path}: {where}: {first['msg']}") from None
