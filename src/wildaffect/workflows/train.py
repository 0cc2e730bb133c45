"""Train a temporal model on stored features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from wildaffect.core.errors import UsageError
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
from wildaffect.training.core.scores import ScoreLine, write_scores
from wildaffect.training.temporal.calibrate_and_score import (
    calibration_path,
    load_calibration,
    predict_stored,
    score_lines,
)
from wildaffect.training.temporal.job import ScoredSplit, train_run
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.workflows.training_setup import (
    Tracker,
    TrainResult,
    calibrate_on_dev,
    describe_split,
    set_up,
)


def train(  # noqa: PLR0913 - each is an option of the command
    recipe: str | Path | TemporalRecipe,
    data: str | Path,
    *,
    features: str | Path | None = None,
    output: str | Path | None = None,
    layout: str | None = None,
    train_split: str | Sequence[str] = "train",
    score_split: str | None = "val",
    data_license: str = UNKNOWN_LICENSE,
    unlabeled_features: str | Path | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    num_threads: int = 1,
    trackers: tuple[Tracker, ...] = (),
    on_start: OnStart = SILENT.on_start,
    on_epoch_end: OnEpochEnd = SILENT.on_epoch_end,
    on_note: OnNote = SILENT.on_note,
) -> TrainResult:
    """Train a recipe, calibrate it and score it; resumes a run that was interrupted.

    Args:
        recipe: Name, recipe.json, or recipe; `dataclasses.replace` changes fields.
        data: Folder of annotations, in any layout that `wildaffect data check` knows.
        features: Feature store; `features` in the data's folder by default.
        output: Folder of the run; `runs/<recipe>-<seed>` by default.
        layout: Layout of the annotations, if several are found.
        train_split: Split to train on, or several.
        score_split: Split that is scored after every epoch and at the end, and never used
            for selection, or None.
        data_license: License of the annotations; exported models repeat it.
        unlabeled_features: Feature store of videos to train on without labels, for recipes
            that use such. Videos that `data` names, in any split, are left out.
        device: Where to train.
        num_threads: Threads of tensor operations on the CPU, per process.
        trackers: Experiment trackers to log to beside TensorBoard.
        on_start: Called before the first step with the number of steps.
        on_epoch_end: Called after every epoch.
        on_note: Called with each warning; training continues.

    Raises:
        UsageError: If there is no such recipe, the scored split is trained on, or the
            folder contains another run.
        MissingData: If there are no annotations.
        FeatureError: If the store lacks what the recipe reads.
        Diverged: If the loss is not finite.
    """
    if score_split in ([train_split] if isinstance(train_split, str) else train_split):
        raise UsageError(
            f"train: {score_split} is trained on and cannot be scored; name another split, "
            "or cross-validate: each video is scored by a model that never saw it"
        )
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
    scored = None  # read before training, so that errors in it are raised first
    if score_split is not None and is_first_process():
        scored = load_split(
            Path(data), setup.job.store, setup.job.recipe, score_split, layout
        )
        for note in scored.annotated.notes:
            if note not in setup.notes.texts:
                setup.notes.add(note)
    watched = None
    if scored is not None and score_split is not None:
        watched = ScoredSplit(score_split, scored.sequences)
    trained = train_run(setup.job, setup.split, setup.folder, watched)
    fitted = None
    if is_first_process():
        fitted = calibrate_on_dev(trained, setup.split.sequences, setup.notes)
    lines: tuple[ScoreLine, ...] = ()
    if scored is not None and score_split is not None:
        lines = score_run(trained, scored, score_split)
    return TrainResult(
        folder=setup.folder,
        recipe=setup.job.recipe,
        trained=trained,
        calibration=fitted,
        scores=lines,
        scored_on=describe_split(len(scored.sequences), scored) if scored else "",
        notes=setup.notes.texts,
    )


def score_run(trained: TrainedModel, scored: Split, name: str) -> tuple[ScoreLine, ...]:
    """Score a run on a split, raw and calibrated, and write the scores to its folder."""
    folder = trained.run.folder
    lines = score_lines(
        predict_stored(trained, scored.sequences, name),
        scored.sequences,
        load_calibration(folder) if calibration_path(folder).exists() else None,
        spaces=trained.data.spaces,
        seed=trained.recipe.seed,
    )
    write_scores(lines, folder / f"scores-{name}.json")
    return tuple(lines)
