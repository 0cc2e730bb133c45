"""Settings that every recipe has: optimizer, schedule, selection of an epoch."""

from dataclasses import dataclass, field
from typing import Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.core.names import check_bare_name

UNKNOWN_LICENSE = "not stated"
"""License of annotations if none is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimConfig(Config):
    """AdamW and its learning rate schedule."""

    peak_lr: float = 1e-3
    """Learning rate after the warmup."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decay of the averages of the gradient and of its square."""
    weight_decay: float = 0.01
    """Weight decay."""
    max_grad_norm: float = 1.0
    """Maximum global gradient norm."""
    warmup_ratio: float = 0.05
    """Share of the steps with a linear warmup of the learning rate."""
    constant_ratio: float = 0.0
    """Share of the steps after the warmup at the peak learning rate."""
    decay: Literal["cosine", "linear"] = "cosine"
    """Shape of the decay of the learning rate."""
    final_lr_ratio: float = 0.02
    """Learning rate of the last step, as a share of the peak."""

    def __post_init__(self) -> None:
        check_numbers(
            "optim", "(0, inf)", peak_lr=self.peak_lr, max_grad_norm=self.max_grad_norm
        )
        check_numbers("optim", "[0, inf)", weight_decay=self.weight_decay)
        check_numbers("optim", "(0, 1]", final_lr_ratio=self.final_lr_ratio)
        for beta in self.betas:
            check_numbers("optim", "[0, 1)", betas=beta)
        shares = (self.warmup_ratio, self.constant_ratio)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(
                "optim: warmup_ratio and constant_ratio must be >= 0 and sum to <= 1, got "
                f"{self.warmup_ratio} and {self.constant_ratio}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class BestOnDevSplit(Config):
    """Keep the epoch with the best score on held-out training subjects (the dev split)."""

    share: float = 0.15
    """Share of the training subjects to hold out, at least one."""
    patience_epochs: int = 8
    """Early stopping: number of epochs without improvement after which training ends."""
    kind: Literal["best-on-dev-split"] = "best-on-dev-split"

    def __post_init__(self) -> None:
        check_numbers("selection", "(0, 1)", share=self.share)
        check_numbers("selection", "[1, inf)", patience_epochs=self.patience_epochs)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepLast(Config):
    """Train on all training videos and keep the last epoch."""

    kind: Literal["keep-last"] = "keep-last"


Selection = BestOnDevSplit | KeepLast


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecipe(Config):
    """Settings that every kind of run has."""

    name: str
    """Name of the recipe, and of the folder of its runs."""
    batch_size: int = 16
    """Windows or images per step, over all processes together."""
    num_epochs: int = 20
    """Number of epochs, each normally of as many rows or images as the training data."""
    stop_after: int | None = None
    """Epoch to stop after; the learning rate follows the schedule of all epochs. `none`
    trains all."""
    optim: OptimConfig = field(default_factory=OptimConfig)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Precision of training: 32 bits, or matrix products in bfloat16."""
    compile: bool = False
    """Compile the model with torch; slower on a CPU, not measured on a GPU."""
    seed: int = 0
    """Random seed."""

    def __post_init__(self) -> None:
        check_bare_name("name", self.name)
        check_numbers(
            self.name, "[1, inf)", batch_size=self.batch_size, num_epochs=self.num_epochs
        )
        check_numbers(self.name, "[0, inf)", seed=self.seed)
        if self.stop_after is not None and not 1 <= self.stop_after <= self.num_epochs:
            raise ValueError(
                f"{self.name}: stop_after must be 1 to num_epochs={self.num_epochs}, got "
                f"{self.stop_after}"
            )
