"""Options of the training of a complete system; commands take them as flags."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.threads import TrainingThreads
from wildaffect.recipes.open_real import OpenRealRecipe
from wildaffect.recipes.pixel_systems import PixelSystemRecipe
from wildaffect.recipes.systems import SystemRecipe
from wildaffect.training.core.recipe import UNKNOWN_LICENSE


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemOptions:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelSystemOptions:
    """Train a whole system from pixels to an artifact, stage by stage.

    Repeat the command to resume an interrupted run.
    """

    recipe: PixelSystemRecipe
    feature_data: tuple[Path, ...]
    """Folders of labeled face images to train the backbones on, in any layout that
    `wildaffect data check` knows. Their subjects must not be in --data."""
    data: Path
    """Folder of annotated videos to train everything else on."""
    feature_images: tuple[Path, ...] = ()
    """Folder of face images of each set, in the same order; by default next to its
    annotations. They are cropped first, unless `wildaffect crop` wrote the folder."""
    unlabeled: tuple[Path, ...] = ()
    """Folders of additional faces for pre-training. Their subjects are unknown, so they are
    not checked against those of --data."""
    videos: tuple[Path, ...] = ()
    """Videos or folders of face images of --data; by default next to its annotations."""
    output: Path | None = None
    """Folder of all outputs; by default runs/<system>-<seed>."""
    split: str = "val"
    """Split on which the ensemble is calibrated (cross-fitted) and evaluated."""
    seed: int = 0
    """Random seed of every backbone and member."""
    epoch_scale: int = 1
    """Factor of the recipe's number of epochs for every backbone."""
    data_license: str = UNKNOWN_LICENSE
    """License of images and annotations, copied to the artifact."""
    license: str = "not stated"
    """License of the artifact."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto is cuda where there is one."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""

    def __post_init__(self) -> None:
        if self.epoch_scale < 1:
            raise ValueError(f"epoch_scale must be at least 1, got {self.epoch_scale}")

    @property
    def folder(self) -> Path:
        """Return the output folder."""
        return self.output or Path("runs") / f"{self.recipe.system.name}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRealOptions:
    """Train on a generated world and open clips of real people, to an artifact.

    Repeat the command to resume an interrupted run.
    """

    recipe: OpenRealRecipe
    data: Path
    """Folder of annotations of whole clips of real people, and of the clips: CREMA-D."""
    output: Path | None = None
    """Folder of all outputs; by default runs/<system>-<seed>."""
    people: int | None = None
    """Number of generated people in the training split, instead of the recipe's."""
    num_epochs: int | None = None
    """Epochs, instead of the recipe's."""
    seed: int = 0
    """Random seed of the world and the model."""
    workers: int = 1
    """Number of processes that draw the world and read the clips."""
    license: str = "not stated"
    """License of the artifact."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto is cuda where there is one."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""

    @property
    def folder(self) -> Path:
        """Return the output folder."""
        return self.output or Path("runs") / f"{self.recipe.name}-{self.seed}"
