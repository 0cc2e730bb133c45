"""Settings of fusion: how the feature sets of a row become one vector."""

from dataclasses import dataclass, field
from typing import Any, Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config, json_values

Alone = Literal["none", "first", "each"]


@dataclass(frozen=True, kw_only=True, slots=True)
class AbsentSets(Config):
    """Training without some feature sets, so that a model also works without one."""

    alone: Alone = "none"
    """Sets that training also shows alone: the `first` of the recipe's inputs, usually the
    face, or `each`. Every batch is then seen with all sets and again with each of these
    alone; the losses count equally."""
    set_dropout: float = 0.3
    """Probability with which training drops each feature set of a window, in [0, 1); the
    last one is never dropped."""
    kind: str

    def __post_init__(self) -> None:
        check_numbers(self.kind, "[0, 1)", set_dropout=self.set_dropout)

    def learns_without(self, place: int) -> bool:
        """Return whether training shows windows without the set at a place, from 0."""
        by_views = self.alone == "each" or (self.alone == "first" and place > 0)
        return by_views or self.set_dropout > 0

    def num_alone(self, num_sets: int) -> int:
        """Return how many of the sets, from the first, training also shows alone."""
        return {"none": 0, "first": 1, "each": num_sets}[self.alone]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concatenation(AbsentSets):
    """All features, zero where absent, and a flag per set, 1 where it is present."""

    kind: Literal["concatenation"] = "concatenation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gated(AbsentSets):
    """Sum of a layer per set, weighted by gates that see all sets.

    Beside others a set is nearly closed at first, and opens as far as it helps.

    Source:
        Arevalo et al., "Gated multimodal units for information fusion", arXiv 1702.01992,
        with a gate of its own for every set, as there for more than two.
    """

    alone: Alone = "first"
    """As for the others; a model that never sees a set of noise alone learns the first set
    better."""
    set_dropout: float = 0.0
    """Beside `alone`, for three sets or more, where two may be left."""
    hidden_dim: int = 64
    """Width of the fused vector."""
    kind: Literal["gated"] = "gated"

    def __post_init__(self) -> None:
        AbsentSets.__post_init__(self)
        check_numbers(self.kind, "[1, inf)", hidden_dim=self.hidden_dim)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossAttention(AbsentSets):
    """Attention between the sets of a row, then their mean over those present.

    Rows do not see one another: that is the part of the temporal encoder, whose look-ahead
    stays what it states.
    """

    hidden_dim: int = 64
    """Width of the fused vector, a multiple of `num_heads`."""
    num_heads: int = 4
    """Number of attention heads."""
    kind: Literal["cross_attention"] = "cross_attention"

    def __post_init__(self) -> None:
        AbsentSets.__post_init__(self)
        check_numbers(
            self.kind, "[1, inf)", hidden_dim=self.hidden_dim, num_heads=self.num_heads
        )
        if self.hidden_dim % self.num_heads:
            raise ValueError(
                f"{self.kind}: hidden_dim must be a multiple of num_heads, got "
                f"{self.hidden_dim} and {self.num_heads}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomFusion(AbsentSets):
    """A custom fusion; saved runs contain its name and settings."""

    name: str
    """As registered in `FUSIONS` or declared as an entry point."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the fusion; JSON values."""
    kind: Literal["custom"] = "custom"

    def __post_init__(self) -> None:
        AbsentSets.__post_init__(self)
        object.__setattr__(self, "settings", json_values(self.name, self.settings))


@dataclass(frozen=True, kw_only=True, slots=True)
class Late(Config):
    """A complete model per set, and a weighted mean of their outputs.

    The model of a set learns from that set alone, as if there were no other; training the
    weights does not change it. Where only one set is present, its model's outputs stand.
    """

    kind: Literal["late"] = "late"

    def learns_without(self, place: int) -> bool:  # noqa: ARG002 - as for other fusions
        """Return True: there is a model of every set alone."""
        return True

    def num_alone(self, num_sets: int) -> int:
        """Return the number of sets, all of which training shows alone."""
        return num_sets


RowFusion = Concatenation | Gated | CrossAttention | CustomFusion
"""Fusions of each row, before the temporal encoder."""

FusionConfig = RowFusion | Late
