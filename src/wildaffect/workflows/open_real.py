"""A system from a generated world and open clips of real people, in one command.

A finished stage is skipped, and an interrupted stage resumes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from wildaffect.core.errors import FeatureError, UsageError
from wildaffect.core.printable import counted
from wildaffect.core.tasks import LabelSpaces
from wildaffect.features.extract_all import counting_videos
from wildaffect.features.store import FeatureStore
from wildaffect.features.world_features import store_of
from wildaffect.formats.generated import find_generated
from wildaffect.recipes.open_real import OpenRealRecipe
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.distributed import num_processes, use_threads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.temporal.job import TemporalJob
from wildaffect.training.temporal.joined import Part, train_joined
from wildaffect.training.temporal.load import load_split
from wildaffect.training.temporal.predict_ensemble import subsampled
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.workflows.export_model import export_model
from wildaffect.workflows.extract import extract
from wildaffect.workflows.generate import generate
from wildaffect.workflows.notes import Notes
from wildaffect.workflows.open_clips import MAX_MISSING_SHARE, OpenClips, find_open_clips
from wildaffect.workflows.system_folder import claim_folder
from wildaffect.workflows.system_options import OpenRealOptions
from wildaffect.workflows.systems import ARTIFACT, SILENT, SystemCallbacks
from wildaffect.workflows.train import score_run
from wildaffect.workflows.training_setup import (
    TrainResult,
    calibrate_on_dev,
    describe_split,
)

VAL = "val"
_RECIPE = TypeAdapter(OpenRealRecipe)


def train_open_real(command: OpenRealOptions, callbacks: SystemCallbacks = SILENT) -> Path:
    """Draw the world, read the clips, train, calibrate, score and export; resumable.

    Returns:
        The artifact.

    Raises:
        UsageError: If the folder contains another system, there are several processes, or
            the labels are not of whole clips.
        MissingData: If labels or more than 1 % of the clips are missing.
        FeatureError: If more than 1 % of the clips could not be read, or faces were found
            in too few.
        SplitError: If the sets share a video or a subject.
        BadArtifact: If the artifact differs from what was trained.
        OutputError: If the folder cannot be written.
    """
    recipe = _chosen(command)
    if num_processes() > 1:
        raise UsageError(f"{recipe.name}: must be one process, got {num_processes()}")
    use_threads(command.threads)
    notes = Notes(callbacks.on_note)
    clips = find_open_clips(command.data, ("train", VAL))
    if clips.layout.format.terms:
        notes.add(f"terms of the data: {clips.layout.format.terms}")
    if clips.missing:
        notes.add(f"{counted(len(clips.missing), 'clip')} missing: {clips.missing[0]}, ...")
    _claim(command, recipe)
    world = command.folder / "world"
    notes.add("stage 1 of 3: draw the generated world")
    generate(
        recipe.world,
        world,
        seed=command.seed,
        num_workers=command.workers,
        num_people=recipe.people,
        files="features",
        on_progress=partial(callbacks.on_count, "world"),
    )
    notes.add("stage 2 of 3: measure the faces of the clips")
    store = _extract(command, clips, callbacks, notes)
    notes.add("stage 3 of 3: train and export")
    read_clips = partial(_clip_part, command, clips, store, recipe)
    parts = [_world_part(world, recipe), _label_frames(read_clips("train"))]
    for part in parts:
        source = part.split.annotations.source
        for note in part.split.coverage.notes(source):
            notes.add(note)
        part.split.coverage.check(source, recipe.model.max_lost_share)
    scored = {"world": _world_part(world, recipe, VAL), "clips": read_clips(VAL)}
    job = TemporalJob(
        recipe=recipe.model,
        store=store,
        config=TrainerConfig(accelerator=command.device),
        callbacks=replace(callbacks, on_note=notes.add),
    )
    trained = train_joined(job, parts, command.folder / "run")
    _report(trained, job, parts, scored, callbacks)
    return _export(command, trained, recipe, callbacks)


def _chosen(command: OpenRealOptions) -> OpenRealRecipe:
    model = replace(command.recipe.model, seed=command.seed)
    if command.num_epochs:
        model = replace(model, num_epochs=command.num_epochs)
    people = command.people or command.recipe.people
    return replace(command.recipe, model=model, people=people)


def _claim(command: OpenRealOptions, recipe: OpenRealRecipe) -> None:
    """Record this system in its folder, or check that the folder belongs to it."""
    settings = {
        "data": str(command.data.resolve()),
        "seed": command.seed,
        "license": command.license,
        "recipe": _RECIPE.dump_python(recipe, mode="json"),
    }
    claim_folder(command.folder, settings)


def _extract(
    command: OpenRealOptions, clips: OpenClips, callbacks: SystemCallbacks, notes: Notes
) -> FeatureStore:
    """Measure the faces of all clips; few that cannot be read are noted."""
    done = extract(
        clips.files,
        command.folder / "features",
        num_threads=command.threads,
        num_workers=command.workers,
        on_video=counting_videos("clips", callbacks.on_count, notes.add),
    )
    notes.add(done.summary())
    if done.num_left > MAX_MISSING_SHARE * len(done.videos):
        raise FeatureError(
            f"{done.store}: {done.num_left:,} of {len(done.videos):,} clips could not be "
            f"read, the limit is {MAX_MISSING_SHARE:.0%}; fix them and repeat the command"
        )
    return FeatureStore(done.store)


def _world_part(world: Path, recipe: OpenRealRecipe, split: str = "train") -> Part:
    store = FeatureStore(store_of(world))
    generated = find_generated(world)
    return Part(
        load_split(world, store, recipe.model, split),
        store,
        generated.license if generated else UNKNOWN_LICENSE,
    )


def _clip_part(
    command: OpenRealOptions,
    clips: OpenClips,
    store: FeatureStore,
    recipe: OpenRealRecipe,
    split: str,
) -> Part:
    layout = clips.layout.format
    found = load_split(
        command.data, store, recipe.model, split, layout.name, spaces=LabelSpaces()
    )
    fewer = tuple(subsampled(sequence, recipe.rows_hz) for sequence in found.sequences)
    return Part(replace(found, sequences=fewer), store, layout.license or UNKNOWN_LICENSE)


def _label_frames(part: Part) -> Part:
    """Return clips whose frames have the clip's label each.

    A clip that counts once weighs about a sixtieth of a world's window of labeled frames.
    """
    every = tuple(replace(each, clip_level=False) for each in part.split.sequences)
    return part._replace(split=replace(part.split, sequences=every))


def _report(
    trained: TrainedModel,
    job: TemporalJob,
    parts: Sequence[Part],
    scored: Mapping[str, Part],
    callbacks: SystemCallbacks,
) -> None:
    """Calibrate on the dev split, and score each set by itself."""
    notes = Notes(callbacks.on_note)
    sequences = [sequence for part in parts for sequence in part.split.sequences]
    fitted = calibrate_on_dev(trained, sequences, notes)
    for name, part in scored.items():
        lines = score_run(trained, part.split, name)
        callbacks.on_result(
            TrainResult(
                folder=trained.run.folder,
                recipe=job.recipe,
                trained=trained,
                calibration=fitted,
                scores=lines,
                scored_on=describe_split(len(part.split.sequences), part.split),
                notes=notes.texts,
            )
        )


def _export(
    command: OpenRealOptions,
    trained: TrainedModel,
    recipe: OpenRealRecipe,
    callbacks: SystemCallbacks,
) -> Path:
    artifact = command.folder / ARTIFACT
    if artifact.exists():
        callbacks.on_note(f"{artifact}: exported before")
        return artifact
    exported = export_model(
        trained.run.folder,
        artifact,
        name=recipe.name,
        license=command.license,
        summary=recipe.title,
    )
    callbacks.on_result(exported)
    return artifact
