"""The stages of a complete system from pixels; each calls the function of its command.

A finished stage is skipped, and an interrupted stage resumes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from pydantic import TypeAdapter

from wildaffect.core.errors import FeatureError, MissingData, UsageError
from wildaffect.core.files import write_whole
from wildaffect.features.crops import CropOptions, Cropper, cut_all
from wildaffect.features.extract_all import counting_videos
from wildaffect.models.backbones.manifest import MANIFEST_FILE
from wildaffect.recipes.pixel_systems import BackboneRecipe, PixelSystemRecipe
from wildaffect.runtime.network import Device
from wildaffect.training.core.distributed import num_processes
from wildaffect.training.images.recipe import PretrainRecipe
from wildaffect.training.images.start import BACKBONE_FOLDER
from wildaffect.workflows.extract import extract
from wildaffect.workflows.finetune import finetune
from wildaffect.workflows.pixel_sources import (
    FaceImages,
    check_people,
    every_image,
    images_of,
    labeled_images,
    layout_of,
)
from wildaffect.workflows.pretrain import pretrain
from wildaffect.workflows.system_folder import claim_folder
from wildaffect.workflows.system_options import PixelSystemOptions, SystemOptions
from wildaffect.workflows.systems import ARTIFACT, SILENT, SystemCallbacks, train_system

_RECIPE = TypeAdapter(PixelSystemRecipe)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the pipeline from pixels to an artifact."""

    name: str
    run: Callable[[], None]


def train_from_pixels(
    command: PixelSystemOptions, callbacks: SystemCallbacks = SILENT
) -> Path:
    """Run every unfinished stage; return the artifact.

    Raises:
        SplitError: If a subject is in both data sets, or fewer than two validation subjects
            exist.
        UsageError: If the folder contains another system, or there are several processes.
        MissingData: If annotations or their images are missing.
        FeatureError: If a video could not be extracted.
        BadArtifact: If the artifact differs from what was trained.
        OutputError: If the folder cannot be written.
    """
    if num_processes() > 1:
        raise UsageError(
            f"{command.recipe.system.name}: must be one process, got {num_processes()}; "
            "train a backbone on several GPUs by its own command, into OUT/backbones/NAME"
        )
    recipe = command.recipe.with_seed(command.seed).with_epoch_scale(command.epoch_scale)
    command = replace(command, recipe=recipe)
    check_people(command)
    stages = stages_of(command, callbacks)
    _claim(command)
    for number, stage in enumerate(stages, start=1):
        callbacks.on_note(f"stage {number} of {len(stages)}: {stage.name}")
        stage.run()
    return command.folder / ARTIFACT


def stages_of(
    command: PixelSystemOptions, callbacks: SystemCallbacks = SILENT
) -> list[Stage]:
    """Return the stages in order; their recipes already have the seed.

    Raises:
        MissingData: If a set's annotations or images are missing.
        UsageError: If two sets have the same name, or images are given for some sets only.
    """
    labeled, every = labeled_images(command), every_image(command)
    crops = tuple(face_images.crops for face_images in every)
    size_px = command.recipe.crop_size_px
    stages = [
        Stage(
            f"crop {face_images.crops.name}",
            partial(_crop, face_images, size_px, command.threads, callbacks),
        )
        for face_images in every
        if not face_images.is_cut
    ]
    for backbone in command.recipe.backbones:
        if backbone.pretrain:
            run = partial(_pretrain, command, backbone.pretrain, crops, callbacks)
            stages.append(Stage(f"pretrain {backbone.pretrain.name}", run))
        run = partial(_finetune, command, backbone, labeled, callbacks)
        stages.append(Stage(f"finetune {backbone.name}", run))
    stages.append(Stage("extract", partial(_extract, command, callbacks)))
    stages.append(Stage("train, join and export", partial(_train, command, callbacks)))
    return stages


def _claim(command: PixelSystemOptions) -> None:
    """Record this system in its folder, or check that the folder belongs to it."""
    sources = {
        name: [str(path.resolve()) for path in getattr(command, name)]
        for name in ("feature_data", "feature_images", "unlabeled", "videos")
    }
    settings = {
        **sources,
        "data": str(command.data.resolve()),
        "split": command.split,
        "data_license": command.data_license,
        "license": command.license,
        "recipe": _RECIPE.dump_python(command.recipe, mode="json"),
    }
    claim_folder(command.folder, settings)


def _crop(
    face_images: FaceImages, size_px: int, threads: int, callbacks: SystemCallbacks
) -> None:
    counts = face_images.crops.with_name(f"{face_images.crops.name}.json")
    if counts.exists():
        return
    cropper = Cropper(
        face_images.crops, CropOptions(size_px=size_px), Device(threads=threads)
    )
    total = cut_all(cropper, [face_images.images], callbacks.on_count)
    if not total.num_cut + total.num_before:
        raise MissingData(
            f"{face_images.images}: must hold images of faces, got {total.num_faceless} "
            f"images without a face and {total.num_unreadable} unreadable; name another "
            "folder"
        )
    write_whole(counts, (json.dumps(asdict(total)) + "\n").encode())
    callbacks.on_note(
        f"{face_images.crops}: {total.num_cut + total.num_before} crops, "
        f"{total.num_faceless} images without a face, {total.num_unreadable} unreadable"
    )


def _pretrain(
    command: PixelSystemOptions,
    recipe: PretrainRecipe,
    crops: tuple[Path, ...],
    callbacks: SystemCallbacks,
) -> None:
    folder = _backbone_folder(command, recipe.name)
    if _is_trained(folder):
        return
    result = pretrain(
        recipe,
        crops,
        output=folder,
        data_license=command.data_license,
        device=command.device,
        num_threads=command.threads,
        on_epoch_end=callbacks.on_epoch_end,
        on_step_end=callbacks.on_step_end,
        on_evaluate=callbacks.on_evaluate,
        on_note=callbacks.on_note,
    )
    callbacks.on_result(result)


def _finetune(
    command: PixelSystemOptions,
    backbone: BackboneRecipe,
    sets: Sequence[FaceImages],
    callbacks: SystemCallbacks,
) -> None:
    folder = _backbone_folder(command, backbone.name)
    if _is_trained(folder):
        return
    before = backbone.pretrain
    result = finetune(
        backbone.finetune,
        [image_set.data for image_set in sets],
        images=[image_set.crops for image_set in sets],
        weights=_backbone_folder(command, before.name) if before else None,
        output=folder,
        score_split="val" if "val" in layout_of(sets[0].data).splits else None,
        data_license=command.data_license,
        device=command.device,
        num_threads=command.threads,
        on_epoch_end=callbacks.on_epoch_end,
        on_step_end=callbacks.on_step_end,
        on_evaluate=callbacks.on_evaluate,
        on_note=callbacks.on_note,
    )
    callbacks.on_result(result)


def _backbone_folder(command: PixelSystemOptions, name: str) -> Path:
    return command.folder / "backbones" / name


def _is_trained(folder: Path) -> bool:
    return (folder / BACKBONE_FOLDER / MANIFEST_FILE).is_file()


def _extract(command: PixelSystemOptions, callbacks: SystemCallbacks) -> None:
    is_cuda = command.device == "cuda" or (
        command.device == "auto" and torch.cuda.is_available()
    )
    done = extract(
        command.videos or images_of(command.data, "videos"),
        features_of(command),
        feature_sets=[
            _backbone_folder(command, name) for name in command.recipe.feature_sets
        ],
        device="cuda" if is_cuda else "cpu",
        num_threads=command.threads,
        on_video=counting_videos("videos", callbacks.on_count, callbacks.on_note),
    )
    callbacks.on_note(done.summary())
    if done.num_left:
        raise FeatureError(
            f"{done.store}: every video must be extracted, got {done.num_left} that are "
            "not; fix them and repeat the command"
        )


def features_of(command: PixelSystemOptions) -> Path:
    """Return the feature store of a system."""
    return command.folder / "features"


def _train(command: PixelSystemOptions, callbacks: SystemCallbacks) -> None:
    names = command.recipe.feature_sets
    train_system(
        SystemOptions(
            system=command.recipe.system,
            data=command.data,
            features=features_of(command),
            output=command.folder,
            inputs=names,
            backbone=tuple(f"{name}={_backbone_folder(command, name)}" for name in names),
            split=command.split,
            data_license=command.data_license,
            license=command.license,
            device=command.device,
            threads=command.threads,
        ),
        callbacks,
    )
