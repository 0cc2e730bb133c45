"""Train a backbone on labeled crops, and score it on another split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.errors import UsageError
from wildaffect.recipes.images import find_finetune_recipe
from wildaffect.training.core.callbacks import (
    SILENT,
    Callbacks,
    OnEpochEnd,
    OnEvaluate,
    OnNote,
    OnStepEnd,
)
from wildaffect.training.core.distributed import Strategy, is_first_process, use_threads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.core.scores import ScoreLine, score_line, write_scores
from wildaffect.training.images.evaluate import crop_statistics
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import LabeledCrops, SetPlace
from wildaffect.training.images.recipe import FinetuneRecipe
from wildaffect.training.images.runs import TrainedFaceNet
from wildaffect.workflows.image_notes import note_precision, note_sets
from wildaffect.workflows.notes import Notes
from wildaffect.workflows.training_setup import Tracker, describe_scores

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FinetuneResult:
    """A finished run on labeled crops, and its scores."""

    folder: Path
    trained: TrainedFaceNet
    scores: tuple[ScoreLine, ...]
    """Scores of single crops; empty if none were computed."""
    scored_on: str
    """Number of crops and the split that `scores` are of."""
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        found = describe_scores(self.scores, self.scored_on)
        return f"FinetuneResult({self.folder}: {self.trained.recipe.name}, {found})"


def finetune(  # noqa: PLR0913 - each is an option of the command
    recipe: str | Path | FinetuneRecipe,
    data: Paths,
    *,
    images: Paths = (),
    layouts: Sequence[str] = (),
    weights: str | Path | None = None,
    output: str | Path | None = None,
    train_split: str = "train",
    score_split: str | None = "val",
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
) -> FinetuneResult:
    """Train a backbone on labeled crops and score it; resumes an interrupted run.

    Args:
        recipe: Name, recipe.json, or recipe; `dataclasses.replace` changes fields.
        data: Folders of annotations; labels are mapped to the label space of the first.
        images: Folder or pack of crops of each set; next to its annotations by default.
        layouts: Layout of each set, if folders have several.
        weights: Folder of a run, name of imported weights, or weight file; None for an
            untrained backbone.
        output: Folder of the run; `runs/<recipe>-<seed>` by default.
        train_split: Split to train on.
        score_split: Split of the first set that is scored afterwards and never used for
            selection, or None.
        data_license: License of the data; exported models repeat it.
        device: Where to train.
        strategy: Replicas (`ddp`) or shards (`fsdp`) of the network over processes.
        micro_batch_size: Maximum number of crops per process in memory; None for all.
        num_threads: Threads of tensor operations on the CPU, per process.
        num_decoders: Decoding threads per process.
        trackers: Experiment trackers to log to beside TensorBoard.
        on_epoch_end: Called after every epoch.
        on_step_end: Called after every step.
        on_evaluate: Called before crops are scored.
        on_note: Called with each note on the data; training continues.

    Raises:
        UsageError: If there is no such recipe, the folder contains another run, or images
            or layouts are given for some sets only.
        MissingData: If there are no annotations or no crops.
        BadWeights: If the weights do not match the recipe's network.
        Diverged: If the loss is not finite.
    """
    use_threads(num_threads)
    if not isinstance(recipe, FinetuneRecipe):
        recipe = find_finetune_recipe(recipe)
    folder = Path(output) if output else Path("runs") / f"{recipe.name}-{recipe.seed}"
    places = places_of(paths_of(data), paths_of(images), layouts)
    notes = Notes(on_note)
    sets = load_sets(places, train_split)
    scored = None  # read before training, so that errors in it are raised first
    if score_split is not None and is_first_process():
        scored = load_sets(places[:1], score_split)[0]
    note_sets(sets, notes)
    note_precision(recipe, device, notes)
    trained = finetune_run(
        recipe,
        sets,
        folder,
        weights=str(weights) if weights is not None else None,
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
    lines: tuple[ScoreLine, ...] = ()
    if scored is not None and score_split is not None:
        lines = (_score(trained, scored, score_split, on_evaluate),)
    return FinetuneResult(
        folder=folder,
        trained=trained,
        scores=lines,
        scored_on=f"{len(scored)} crops, {score_split}" if scored is not None else "",
        notes=notes.texts,
    )


def paths_of(paths: Paths) -> tuple[Path, ...]:
    """Return one or several paths as a tuple."""
    if isinstance(paths, str | Path):
        return (Path(paths),)
    return tuple(map(Path, paths))


def places_of(
    data: Sequence[Path], images: Sequence[Path], layouts: Sequence[str]
) -> list[SetPlace]:
    """Return the location of each set.

    Raises:
        UsageError: If images or layouts are given for some sets only.
    """
    if not data:
        raise UsageError("data: must be at least one folder of annotations, got none")
    for name, given in (("images", images), ("layouts", layouts)):
        if given and len(given) != len(data):
            raise UsageError(
                f"{name}: must be given once per set ({len(data)}), got {len(given)}"
            )
    return [
        SetPlace(
            data=folder,
            images=images[index] if images else None,
            layout=layouts[index] if layouts else None,
        )
        for index, folder in enumerate(data)
    ]


def _score(
    trained: TrainedFaceNet, crops: LabeledCrops, split: str, on_evaluate: OnEvaluate
) -> ScoreLine:
    data, on_progress = trained.data, on_evaluate(len(crops))
    found = crop_statistics(trained.model, [crops], data.preprocess, on_progress)
    line = score_line("single crops", found, data.tasks, seed=trained.recipe.seed)
    write_scores([line], trained.run.folder / f"scores-{split}.json")
    return line
