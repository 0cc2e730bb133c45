"""Settings of which weights of a backbone a run changes."""

from dataclasses import dataclass
from typing import Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class AllWeights(Config):
    """Every weight is trained, except those of frozen stages."""

    kind: Literal["all-weights"] = "all-weights"


@dataclass(frozen=True, kw_only=True, slots=True)
class LowRank(Config):
    """Low-rank adaptation (LoRA) of the linear layers; other weights are frozen."""

    rank: int = 8
    """Rank of the change of each weight matrix."""
    scale: float = 2.0
    """Factor of the change; with the usual names, alpha / rank."""
    kind: Literal["low-rank"] = "low-rank"

    def __post_init__(self) -> None:
        check_numbers("adaptation", "[1, inf)", rank=self.rank)
        check_numbers("adaptation", "(0, inf)", scale=self.scale)


Adaptation = AllWeights | LowRank
