"""Folder of a run on crops: recipe, environment, data, metrics, weights, backbone."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.hashes import file_sha256
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.records import read_record
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.manifest import DataSource
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.weights import keep_weights
from wildaffect.models.face_net import FaceNet
from wildaffect.models.low_rank import merge
from wildaffect.training.core.checkpoint import load_weights, save_weights
from wildaffect.training.core.runs import Run, check_finished, restore
from wildaffect.training.images.recipe import (
    AnyImageRecipe,
    FinetuneRecipe,
    load_image_recipe,
)
from wildaffect.training.images.start import BACKBONE_FOLDER


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSet(Config):
    """Training set of a run."""

    name: str
    sha256: str | None
    """Hash of its annotations, or of the names and sizes of its images."""
    num_images: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRunData(Config):
    """Training data of a run on crops and the preprocessing of its backbone."""

    sets: tuple[ImageSet, ...]
    preprocess: Preprocess
    tasks: tuple[Task, ...] = ()
    """Predicted tasks; empty for pre-training."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    dev_subjects: tuple[str, ...] = ()
    """Subjects of the dev split; empty without one."""
    start: str = ""
    """Name of the initial weights; empty if untrained."""
    start_sha256: str = ""
    sources: tuple[DataSource, ...] = ()
    """Training data sets and their licenses."""


_DATA = TypeAdapter(ImageRunData)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedFaceNet:
    """A finished supervised run, ready to predict."""

    run: Run
    recipe: FinetuneRecipe
    data: ImageRunData
    model: FaceNet


def load_face_net(folder: Path) -> TrainedFaceNet:
    """Load the model of a finished supervised run.

    Raises:
        UsageError: If the folder is not such a run, or the run is unfinished.
        BadCheckpoint: If its weights are damaged or belong to another model.
    """
    run = Run(folder)
    check_finished(run, "finetune")
    recipe = load_image_recipe(run.recipe)
    if not isinstance(recipe, FinetuneRecipe):
        raise UsageError(f"{folder}: not a run of finetune, but of {recipe.kind}")
    data = read_record(_DATA, run.data, "data record")
    backbone = backbone_spec(recipe.network).build
    model = restore(run, lambda: FaceNet(backbone(), recipe.head, data.tasks, data.spaces))
    return TrainedFaceNet(run=run, recipe=recipe, data=data, model=model)


def merge_weights(run: Run) -> None:
    """Merge low-rank changes, if there are any, into the weights of a finished run."""
    tensors = load_weights(run.weights)
    merged = merge(tensors)
    if merged.keys() != tensors.keys():
        save_weights(run.weights, merged)


def save_backbone(run: Run, recipe: AnyImageRecipe, data: ImageRunData) -> WeightManifest:
    """Save the backbone of a finished run in its folder, like imported weights."""
    spec = backbone_spec(recipe.network)
    wanted = spec.build().state_dict().keys()
    prefix = "backbone." if isinstance(recipe, FinetuneRecipe) else ""
    tensors = {
        key.removeprefix(prefix): value
        for key, value in load_weights(run.weights).items()
        if key.startswith(prefix) and key.removeprefix(prefix) in wanted
    }
    architecture, _, tag = recipe.network.rpartition(".")
    trained_on = ", ".join(image_set.name for image_set in data.sets)
    manifest = WeightManifest(
        name=f"{architecture or tag}.{run.folder.resolve().name}",
        network=recipe.network,
        feature_dim=spec.feature_dim,
        preprocess=data.preprocess,
        sha256="",
        source_file=run.weights.name,
        source_sha256=file_sha256(run.weights),
        source=f"{recipe.kind} of recipe {recipe.name} on {trained_on}",
        license="; ".join(f"{source.name}: {source.license}" for source in data.sources),
    )
    return keep_weights(run.folder / BACKBONE_FOLDER, manifest, tensors)
