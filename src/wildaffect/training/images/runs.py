"""The folder of a run on crops: recipe, environment, data, metrics, weights, backbone."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config, first_problem
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.manifest import DataSource
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.weights import file_sha256, keep_weights
from wildaffect.models.face_net import FaceNet
from wildaffect.training.checkpoint import BadCheckpoint, load_weights
from wildaffect.training.images.recipe import (
    AnyImageRecipe,
    FinetuneRecipe,
    load_image_recipe,
    save_image_recipe,
)
from wildaffect.training.images.start import BACKBONE_FOLDER
from wildaffect.training.runs import Run, describe_environment


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSet(Config):
    """One set of crops that a run was trained on."""

    name: str
    sha256: str | None
    """Of its annotations, or of the names and sizes of its images."""
    num_images: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRunData(Config):
    """What a run on crops was trained on, and what its backbone reads."""

    sets: tuple[ImageSet, ...]
    preprocess: Preprocess
    tasks: tuple[Task, ...] = ()
    """Those that it predicts; none in pre-training."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    dev_subjects: tuple[str, ...] = ()
    """Set aside to choose the epoch; empty if none were."""
    start: str = ""
    """Weights that it began with; empty if they were untrained."""
    start_sha256: str = ""
    sources: tuple[DataSource, ...] = ()
    """Data sets that it was trained on, with their licenses."""


_DATA = TypeAdapter(ImageRunData)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedFaceNet:
    """A finished supervised run, ready to predict."""

    run: Run
    recipe: FinetuneRecipe
    data: ImageRunData
    model: FaceNet


def begin_image_run(run: Run, recipe: AnyImageRecipe, data: ImageRunData) -> None:
    """Write what the run is made of, or check that it is the same as before.

    Raises:
        UsageError: If the folder holds a run of another recipe or other data.
    """
    if run.recipe.exists():
        if load_image_recipe(run.recipe) != recipe or read_image_data(run) != data:
            raise UsageError(
                f"{run.folder}: this folder holds a run with another recipe or other data; "
                "choose another folder with -o, or delete this one"
            )
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    environment = json.dumps(describe_environment(), indent=1) + "\n"
    write_whole(run.folder / "environment.json", environment.encode())
    write_whole(run.data, _DATA.dump_json(data, indent=1) + b"\n")
    save_image_recipe(recipe, run.recipe)


def read_image_data(run: Run) -> ImageRunData:
    """Return what a run was trained on.

    Raises:
        UsageError: If the file is not as a run writes it.
    """
    try:
        return _DATA.validate_json(run.data.read_bytes())
    except OSError as error:
        raise UsageError(f"{run.data}: must be readable, got {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{run.data}: {first_problem(error)}") from None


def load_face_net(folder: Path) -> TrainedFaceNet:
    """Return the model of a finished supervised run.

    Raises:
        UsageError: If the folder is no such run, or one that did not end.
        BadCheckpoint: If its weights are damaged or those of another model.
    """
    run = Run(folder)
    recipe = load_image_recipe(run.recipe)
    if not isinstance(recipe, FinetuneRecipe) or not run.is_finished:
        raise UsageError(
            f"{folder}: must be a finished run of `wildaffect finetune`, got one of "
            f"{recipe.kind} {'' if run.is_finished else 'that did not end'}".rstrip()
        )
    data = read_image_data(run)
    backbone = backbone_spec(recipe.network).build()
    model = FaceNet(backbone, recipe.head, data.tasks, data.spaces)
    try:
        model.load_state_dict(load_weights(run.weights))
    except RuntimeError as error:
        raise BadCheckpoint(
            f"{run.weights}: weights do not match the recipe: "
            f"{' '.join(str(error).split()[:40])}"
        ) from error
    return TrainedFaceNet(run=run, recipe=recipe, data=data, model=model.eval())


def save_backbone(run: Run, recipe: AnyImageRecipe, data: ImageRunData) -> WeightManifest:
    """Lay the backbone of a finished run out as imported weights are, in its folder."""
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
