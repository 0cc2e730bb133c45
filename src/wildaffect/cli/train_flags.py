"""Flags of `train` for a single recipe."""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.cli.training_flags import TrainingFlags
from wildaffect.training.temporal.recipe import TemporalRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainCommand(TrainingFlags):
    """Train a recipe on stored features; resumable."""

    data: Path
    """Folder of annotations, in any layout that `wildaffect data check` knows."""
    recipe: TemporalRecipe
    features: Path | None = None
    """Feature store; by default `features` in the data folder."""
    layout: str | None = None
    """Layout of the annotations, if there are several."""
    train_split: str = "train"
    """Split to train on."""
    score_split: str | None = None
    """Split to score afterwards, by default val; `none` for none. Nothing is selected on
    it. Not with --folds, which score the videos that each fold leaves out."""
    folds: int = 0
    """Number of cross-validation folds over the training split, no subject in two folds; 0
    trains once."""

    def __post_init__(self) -> None:
        if self.folds and self.score_split is not None:
            raise ValueError(
                "--score-split: must not be given with --folds, which score the videos "
                "that each fold leaves out"
            )
