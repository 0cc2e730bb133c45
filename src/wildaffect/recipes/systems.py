"""Complete systems: the runs to combine to a model, and the flags to train one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from wildaffect.calibration.expression_bias import BiasFit, CoordinateAscent
from wildaffect.core.config import Config
from wildaffect.core.threads import TrainingThreads
from wildaffect.recipes.catalog import RECIPES
from wildaffect.training.core.recipe import UNKNOWN_LICENSE


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCommand:
    """Train a whole system: members, ensemble, calibration, artifact; resumable."""

    system: SystemRecipe
    data: Path
    """Folder of annotations."""
    features: Path | None = None
    """Feature store; by default `features` in the data folder."""
    output: Path | None = None
    """Folder of members, ensemble and artifact; by default runs/<system>."""
    inputs: tuple[str, ...] = ()
    """Inputs of every member, instead of the recipes': measurements or feature sets."""
    backbone: tuple[str, ...] = ()
    """For each feature set of a backbone: its name and run, as for `wildaffect export`."""
    num_epochs: int | None = None
    """Epochs of every member, instead of the recipes'."""
    split: str = "val"
    """Split on which the ensemble is calibrated (cross-fitted) and evaluated."""
    data_license: str = UNKNOWN_LICENSE
    """License of the annotations, copied to the artifact."""
    license: str = "not stated"
    """License of the artifact."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto is cuda where there is one."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""
