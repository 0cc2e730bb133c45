"""Flags of `finetune`; free of torch."""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.cli.training_flags import ImageTrainingFlags
from wildaffect.training.images.recipe import FinetuneRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneCommand(ImageTrainingFlags):
    """Train a backbone on labeled face crops; resumable."""

    data: tuple[Path, ...]
    """Folders of annotations, in any layouts that `wildaffect data check` knows; labels of
    the others are mapped to the label space of the first."""
    recipe: FinetuneRecipe
    images: tuple[Path, ...] = ()
    """Folder or pack of crops of each set, in the same order, as `wildaffect crop` writes;
    by default next to its annotations."""
    layout: tuple[str, ...] = ()
    """Layout of each set, if a folder has several."""
    weights: str | None = None
    """Initial weights of the backbone: folder of a run, name in `wildaffect weights list`,
    or weight file; untrained by default."""
    train_split: str = "train"
    """Split to train on."""
    score_split: str = "val"
    """Split of the first set to score afterwards; `none` for none. Nothing is selected on
    it."""
