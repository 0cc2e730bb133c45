"""Train a temporal model per fold of subjects, and score the held-out subjects."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from wildaffect.calibration.stored_outputs import StoredOutputs, save_outputs
from wildaffect.core.errors import UsageError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.data.splits import Fold, k_folds, save_splits
from wildaffect.training.core.callbacks import (
    SILENT,
    Callbacks,
    OnEpochEnd,
    OnNote,
    OnStart,
)
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.core.scores import ScoreLine, score_line, write_scores
from wildaffect.training.temporal.calibrate_and_score import (
    load_calibration,
    predict_stored,
    score_lines,
)
from wildaffect.training.temporal.job import train_run
from wildaffect.training.temporal.load import Split
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import video_statistics
from wildaffect.workflows.final_fit import fit_final
from wildaffect.workflows.training_setup import (
    Tracker,
    TrainResult,
    TrainSetup,
    calibrate_on_dev,
    describe_split,
    set_up,
)


def cross_validate(  # noqa: PLR0913 - each is an option of the command
    recipe: str | Path | TemporalRecipe,
    data: str | Path,
    *,
    num_folds: int = 5,
    final: bool = False,
    features: str | Path | None = None,
    output: str | Path | None = None,
    layout: str | None = None,
    train_split: str | Sequence[str] = "train",
    data_license: str = UNKNOWN_LICENSE,
    unlabeled_features: str | Path | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    num_threads: int = 1,
    trackers: tuple[Tracker, ...] = (),
    on_start: OnStart = SILENT.on_start,
    on_epoch_end: OnEpochEnd = SILENT.on_epoch_end,
    on_note: OnNote = SILENT.on_note,
) -> TrainResult:
    """Train a recipe per fold, no subject in two folds, and score the held-out videos.

    Args:
        recipe: As for `train`, like every argument that is not named here.
        data: Folder of annotations.
        num_folds: Number of folds, at least 2.
        final: Train once more, on everything, for the median of the folds' best epochs,
            into the folder `final`; its calibration is fitted on the held-out videos of all
            folds.
        features: Feature store.
        output: Folder of the folds' runs.
        layout: Layout of the annotations.
        train_split: Split that is divided into folds, or several.
        data_license: License of the annotations.
        unlabeled_features: Feature store of videos to train on without labels, for recipes
            that use such. Videos that `data` names, in any split, are left out.
        device: Where to train.
        num_threads: Threads of tensor operations.
        trackers: Experiment trackers.
        on_start: Called before the first step of each fold.
        on_epoch_end: Called after every epoch.
        on_note: Called with each warning.

    Raises:
        UsageError: If a fold has no video with features.
        SplitError: If there are fewer subjects than folds.
    """
    setup = set_up(
        recipe,
        data,
        features=features,
        output=output,
        layout=layout,
        train_split=train_split,
        data_license=data_license,
        unlabeled_features=unlabeled_features,
        config=TrainerConfig(accelerator=device, trackers=trackers),
        num_threads=num_threads,
        callbacks=Callbacks(on_start=on_start, on_epoch_end=on_epoch_end, on_note=on_note),
    )
    split, folder = setup.split, setup.folder
    folder.mkdir(parents=True, exist_ok=True)
    splits = k_folds(
        split.annotations, num_folds, seed=setup.job.recipe.seed, kind="subject-disjoint"
    )
    save_splits(splits, folder / "folds.json")
    held_out: dict[str, SequenceOutputs] = {}
    lines: list[ScoreLine] = []
    for fold in splits.folds:
        found = _train_fold(setup, fold, held_out)
        if found is not None:
            lines.append(found)
    pooled: tuple[SequenceOutputs, ...] = ()
    if is_first_process():
        pooled = tuple(held_out[sequence.video] for sequence in split.sequences)
        lines.append(_pool(setup, pooled))
        write_scores(lines, folder / "scores-held-out.json")
    fitted = None
    if final:
        fitted = fit_final(setup, [folder / fold.name for fold in splits.folds], pooled)
    return TrainResult(
        folder=folder,
        recipe=setup.job.recipe,
        trained=fitted.trained if fitted else None,
        calibration=fitted.calibration if fitted else None,
        scores=tuple(lines),
        scored_on=f"{describe_split(len(held_out), split)}, each held out once",
        notes=setup.notes.texts,
    )


def _train_fold(
    setup: TrainSetup, fold: Fold, held_out: dict[str, SequenceOutputs]
) -> ScoreLine | None:
    """Train on a fold, add outputs of its held-out videos, and return their score."""
    part = replace(setup.split, sequences=_of(setup.split, set(fold.train)))
    rest = _of(setup.split, set(fold.val))
    trained = train_run(setup.job, part, setup.folder / fold.name)
    if not is_first_process():
        return None
    calibrate_on_dev(trained, part.sequences, setup.notes)
    outputs = predict_stored(trained, rest, "held-out")
    held_out |= {sequence.video: sequence for sequence in outputs}
    found = video_statistics(
        rest, outputs, load_calibration(trained.run.folder), trained.data.spaces
    )
    return score_line(
        fold.name, found, setup.job.recipe.model.tasks, seed=setup.job.recipe.seed
    )


def _pool(setup: TrainSetup, outputs: tuple[SequenceOutputs, ...]) -> ScoreLine:
    split, folder = setup.split, setup.folder
    spaces = split.annotations.spaces
    (folder / "outputs").mkdir(exist_ok=True)
    save_outputs(
        StoredOutputs(outputs=outputs, spaces=spaces), folder / "outputs" / "held-out.npz"
    )
    raw = score_lines(
        outputs,
        split.sequences,
        None,
        spaces=spaces,
        seed=setup.job.recipe.seed,
    )[0]
    return replace(raw, name="all held out, raw")


def _of(split: Split, videos: set[str]) -> tuple[FrameSequence, ...]:
    chosen = tuple(each for each in split.sequences if each.video in videos)
    if not chosen:
        raise UsageError(
            "train: every fold must have videos with features, got one without; use "
            "fewer folds"
        )
    return chosen
