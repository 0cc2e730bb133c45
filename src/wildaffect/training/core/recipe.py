"""Settings that every recipe has: optimizer, schedule, selection of an epoch."""

from dataclasses import dataclass, field
from typing import Literal

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
        for name in ("peak_lr", "max_grad_norm"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(
                    f"optim: {name} must be above 0, got {getattr(self, name)}"
                )
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(
                f"optim: weight_decay must be at least 0, got {self.weight_decay}"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"optim: betas must be in [0, 1), got {self.betas}")
        if not 0 < self.final_lr_ratio <= 1:
            raise ValueError(
                f"optim: final_lr_ratio must be in (0, 1], got {self.final_lr_ratio}"
            )
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
        if not 0 < self.share < 1:
            raise ValueError(f"selection: share must be in (0, 1), got {self.share}")
        if self.patience_epochs < 1:
            raise ValueError(
                f"selection: patience_epochs must be at least 1, got {self.patience_epochs}"
            )


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
    """Number of epochs; an epoch has as many rows or images as the training data."""
    optim: OptimConfig = field(default_factory=OptimConfig)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Precision of training: 32 bits, or matrix products in bfloat16."""
    compile: bool = False
    """Compile the model with torch; slower on a CPU, not measured on a GPU."""
    seed: int = 0
    """Random seed."""

    def __post_init__(self) -> None:
        check_bare_name("name", self.name)
        if self.batch_size < 1 or self.num_epochs < 1:
            raise ValueError(
                f"{self.name}: batch_size and num_epochs must be at least 1, got "
                f"{self.batch_size} and {self.num_epochs}"
            )
