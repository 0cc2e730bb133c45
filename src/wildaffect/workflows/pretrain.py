"""Pre-train a masked autoencoder on crops without labels, and probe its features."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.errors import UsageError
from wildaffect.recipes.images import find_pretrain_recipe
from wildaffect.training.core.callbacks import (
    SILENT,
    Callbacks,
    OnEpochEnd,
    OnEvaluate,
    OnNote,
    OnStepEnd,
)
from wildaffect.training.core.distributed import Strategy, use_threads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.images.job import ImageTrainerConfig, load_sets
from wildaffect.training.images.pretrain_job import find_images, pretrain_run
from wildaffect.training.images.recipe import PretrainRecipe
from wildaffect.workflows.finetune import Paths, paths_of, places_of
from wildaffect.workflows.image_notes import note_precision, note_sets
from wildaffect.workflows.notes import Notes
from wildaffect.workflows.training_setup import Tracker


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PretrainResult:
    """A finished run of pre-training, and probes of its features."""

    folder: Path
    recipe: PretrainRecipe
    loss: float
    """Mean loss of the last epoch."""
    probes: Mapping[str, float]
    """Sum of official scores by probe (`linear`, `neighbors`), with the name of the set if
    there are several; empty without sets to probe on."""
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        probes = "".join(f", {name} {value:.3f}" for name, value in self.probes.items())
        return (
            f"PretrainResult({self.folder}: {self.recipe.name}, loss {self.loss:.4f} "
            f"after epoch {self.recipe.num_epochs}{probes})"
        )


def pretrain(  # noqa: PLR0913 - each is an option of the command
    recipe: str | Path | PretrainRecipe,
    images: Paths,
    *,
    probe: Paths = (),
    probe_split: str = "train",
    output: str | Path | None = None,
    data_license: str = UNKNOWN_LICENSE,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    strategy: Strategy = "ddp",
    micro_batch_size: int | None = None,
    num_threads: int = 1,
    num_decoders: int = 2,
    trackers: tuple[Tracker, ...] = (),
    on_epoch_end: OnEpochEnd = SILENT.on_epoch_end,
    on_step_end: OnStepEnd = SILENT.on_step_end,
    on_evaluate: OnEvaluate = SILENT.on_evaluate,
    on_note: OnNote = SILENT.on_note,
) -> PretrainResult:
    """Train a masked autoencoder on crops without labels; resumes an interrupted run.

    Args:
        recipe: Name, recipe.json, or recipe; `dataclasses.replace` changes fields.
        images: Folders (at any depth) or packs of face crops.
        probe: Folders of annotations with crops on which the features are probed: fitted on
            some subjects, tested on others. Nothing is selected on them.
        probe_split: Split of the probing sets.
        output: Folder of the run; `runs/<recipe>-<seed>` by default.
        data_license: License of the images; exported models repeat it.
        device: Where to train.
        strategy: Replicas (`ddp`) or shards (`fsdp`) of the network over processes.
        micro_batch_size: Maximum number of crops per process in memory; None for all.
        num_threads: Threads of tensor operations on the CPU, per process.
        num_decoders: Decoding threads per process.
        trackers: Experiment trackers to log to beside TensorBoard.
        on_epoch_end: Called after every epoch.
        on_step_end: Called after every step.
        on_evaluate: Called before crops are probed.
        on_note: Called with each note on the data; training continues.

    Raises:
        UsageError: If there is no such recipe, or the folder contains another run.
        MissingData: If there are no images, or no annotations to probe on.
        Diverged: If the loss is not finite.
    """
    use_threads(num_threads)
    if not isinstance(recipe, PretrainRecipe):
        recipe = find_pretrain_recipe(recipe)
    run = Run(Path(output) if output else Path("runs") / f"{recipe.name}-{recipe.seed}")
    trees = [find_images(root) for root in paths_of(images)]
    if not trees:
        raise UsageError("images: must be at least one folder of face crops, got none")
    probed = paths_of(probe)
    sets = load_sets(places_of(probed, (), ()), probe_split) if probed else ()
    notes = Notes(on_note)
    for tree in trees:
        notes.add(f"{tree.root}: {len(tree.paths)} images")
    note_sets(sets, notes)
    note_precision(recipe, device, notes)
    pretrain_run(
        recipe,
        trees,
        run.folder,
        probed=sets,
        config=ImageTrainerConfig(
            accelerator=device,
            trackers=trackers,
            strategy=strategy,
            micro_batch_size=micro_batch_size,
            decoders=num_decoders,
        ),
        data_license=data_license,
        callbacks=Callbacks(
            on_epoch_end=on_epoch_end,
            on_step_end=on_step_end,
            on_evaluate=on_evaluate,
            on_note=notes.add,
        ),
    )
    last = list(read_metrics(run))[-1]
    return PretrainResult(
        folder=run.folder,
        recipe=recipe,
        loss=last["loss"],
        probes={
            name.removeprefix("dev/").removesuffix("/score"): value
            for name, value in last.items()
            if name.startswith("dev/") and name.endswith("/score")
        },
        notes=notes.texts,
    )
