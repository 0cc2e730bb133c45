"""Flags of `pretrain`; free of torch."""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.cli.training_flags import ImageTrainingFlags
from wildaffect.training.images.recipe import PretrainRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainCommand(ImageTrainingFlags):
    """Train a masked autoencoder on face crops without labels; resumable."""

    images: tuple[Path, ...]
    """Folders (at any depth) or packs of face crops; all images are used."""
    recipe: PretrainRecipe
    probe: tuple[Path, ...] = ()
    """Folders of annotations with crops on which the features are probed during training:
    fitted on some subjects, tested on others. It is not used for selection."""
    probe_split: str = "train"
    """Split of the probing sets."""
