"""Complete systems: the runs to combine to a model."""

from dataclasses import dataclass, field
from typing import Literal

from wildaffect.calibration.expression_bias import BiasFit, CoordinateAscent
from wildaffect.core.config import Config
from wildaffect.recipes.catalog import RECIPES


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRecipe(Config):
    """Runs to combine to an artifact."""

    name: str
    title: str
    """Summary: one sentence on what the artifact is and what it is not."""
    members: tuple[tuple[str, int], ...]
    """Recipe and seed of each."""
    select: Literal["all", "greedy"] = "all"
    """Member weights: all equal, or from greedy selection."""
    expression: BiasFit = field(default_factory=CoordinateAscent)
    """Method for the expression bias."""


SYSTEMS = {
    system.name: system
    for system in (
        SystemRecipe(
            name="abaw4-ensemble",
            title="Transformer, LSTM, GRU and three multi-task frameworks after "
            "arXiv:2207.09373, averaged; accuracy on people not measured.",
            members=tuple(
                (name, RECIPES[name]().seed)
                for name in (
                    "abaw4-transformer",
                    "abaw4-lstm",
                    "abaw4-gru",
                    "abaw4-share-encoder",
                    "abaw4-share-bottom",
                    "abaw4-hidden-feedback",
                    "abaw4-label-feedback",
                )
            ),
        ),
    )
}
"""Built-in systems by name."""
