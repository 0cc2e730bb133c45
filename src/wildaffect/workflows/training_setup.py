"""Inputs of training, read and checked, and its result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wildaffect.calibration.fitting import CrossFit
from wildaffect.core.errors import UsageError
from wildaffect.core.printable import counted
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import SCALE_TASKS, LabelSpaces, Task
from wildaffect.features.store import FeatureStore
from wildaffect.formats.generated import find_generated
from wildaffect.outputs.columns import result_schema
from wildaffect.recipes.catalog import find_recipe
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.distributed import use_threads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.core.scores import ScoreLine
from wildaffect.training.temporal.calibrate_and_score import calibrate_run
from wildaffect.training.temporal.job import TemporalJob
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.training.temporal.same_features import check_same_features
from wildaffect.training.temporal.sequence_inputs import feature_sets, in_order
from wildaffect.training.temporal.tensors import rows_per_second
from wildaffect.workflows.notes import Notes
from wildaffect.workflows.unlabeled_videos import load_unlabeled

Tracker = Literal["wandb", "mlflow"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrainResult:
    """A finished run or cross-validation, and its scores."""

    folder: Path
    recipe: TemporalRecipe
    trained: TrainedModel | None
    """Model of the run; of a cross-validation, the final one, None without one."""
    calibration: CrossFit | None
    """Calibration on the dev split, or on the held-out videos of a cross-validation with a
    final model; None for fewer than two subjects."""
    scores: tuple[ScoreLine, ...]
    """Raw scores, and calibrated ones if the run is calibrated, or scores per fold and
    pooled; empty if none were computed."""
    scored_on: str
    """Number of videos and the data set that `scores` are of."""
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        notes = f"; {'; '.join(self.notes)}" if self.notes else ""
        found = describe_scores(self.scores, self.scored_on)
        return f"TrainResult({self.folder}: {self.recipe.name}, {found}{notes})"


def describe_scores(lines: Sequence[ScoreLine], scored_on: str) -> str:
    """Return the last score with its interval, for one line."""
    if not lines:
        return "not scored"
    last = lines[-1]
    return f"{last.total} ({last.interval}, {last.name}) on {scored_on}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSetup:
    """Inputs of training, read and checked."""

    job: TemporalJob
    folder: Path
    split: Split
    notes: Notes


def set_up(  # noqa: PLR0913 - arguments of train and cross_validate
    recipe: str | Path | TemporalRecipe,
    data: str | Path,
    *,
    features: str | Path | None,
    output: str | Path | None,
    layout: str | None,
    train_split: str | Sequence[str],
    data_license: str,
    unlabeled_features: str | Path | None,
    config: TrainerConfig,
    num_threads: int,
    callbacks: Callbacks,
) -> TrainSetup:
    """Read recipe and training split; raises the errors of `train`."""
    use_threads(num_threads)
    if not isinstance(recipe, TemporalRecipe):
        recipe = find_recipe(recipe)
    store = FeatureStore(Path(features) if features else Path(data) / "features")
    split = load_split(Path(data), store, recipe, train_split, layout)
    recipe, left_out = predict_labeled(recipe, split.sequences)
    check_names(split.annotations.spaces)
    generated = find_generated(Path(data))
    if data_license == UNKNOWN_LICENSE and generated is not None:
        data_license = generated.license
    if data_license == UNKNOWN_LICENSE and split.annotated.license:
        data_license = split.annotated.license
    notes = Notes(callbacks.on_note)
    for note in split.annotated.notes:
        notes.add(note)
    if left_out:
        notes.add(
            f"{split.annotations.source} has no labels of {_words(left_out)}, which the "
            "model does not predict"
        )
    if split.without_features:
        some = ", ".join(split.without_features[:5])
        notes.add(
            f"{counted(len(split.without_features), 'video')} of "
            f"{split.annotations.source} without features, which train nothing: {some}"
        )
    for note in split.coverage.notes(split.annotations.source):
        notes.add(note)
    split.coverage.check(split.annotations.source, recipe.max_lost_share)
    job = TemporalJob(
        recipe=recipe,
        store=store,
        config=config,
        data_license=data_license,
        unlabeled=_unlabeled(unlabeled_features, Path(data), store, recipe, split, notes),
        callbacks=replace(callbacks, on_note=notes.add),
    )
    folder = Path(output) if output else Path("runs") / f"{recipe.name}-{recipe.seed}"
    return TrainSetup(job=job, folder=folder, split=split, notes=notes)


def _unlabeled(
    features: str | Path | None,
    data: Path,
    labeled: FeatureStore,
    recipe: TemporalRecipe,
    split: Split,
    notes: Notes,
) -> tuple[FrameSequence, ...]:
    if features is None:
        return ()
    sets = feature_sets(in_order(recipe.inputs))
    check_same_features(labeled, FeatureStore(Path(features)), sets)
    rate_hz = rows_per_second(split.sequences)
    found = load_unlabeled(Path(features), data, recipe, rate_hz=rate_hz)
    num_rows = sum(len(sequence.computed_rows) for sequence in found)
    notes.add(f"{counted(len(found), 'video')} without labels, {num_rows:,} rows")
    return found


def predict_labeled(
    recipe: TemporalRecipe, sequences: Sequence[FrameSequence]
) -> tuple[TemporalRecipe, tuple[Task, ...]]:
    """Return a recipe for the tasks of data with dimensions or intensities.

    They are added, and the recipe's tasks without labels left out: the model predicts what
    the data define. With feedback between tasks none is left out, as others are conditioned
    on it. For other data, the recipe is as it was.

    Raises:
        UsageError: If the recipe names dimensions or intensities, and the data have none,
            or if there is no label of any of its tasks.
    """
    labeled = {task for each in sequences for task in Task if has_labels(each, task)}
    own = tuple(task for task in SCALE_TASKS if task in labeled)
    if not own:
        for task in SCALE_TASKS:
            if task in recipe.model.tasks:
                raise UsageError(
                    f"{recipe.name}: model.tasks must have labels, got none of "
                    f"{task.words}; leave it out, or add a column such as pain[0..10]"
                )
        if not labeled & set(recipe.model.tasks):
            raise UsageError(
                f"{recipe.name}: the training split must have labels of "
                f"{_words(recipe.model.tasks)}, got none; see data check"
            )
        return recipe, ()
    has_feedback = recipe.model.framework.feedback is not None
    named = tuple(dict.fromkeys((*recipe.model.tasks, *own)))
    kept = tuple(task for task in named if task in labeled or has_feedback)
    missing = tuple(task for task in named if task not in kept)
    return replace(recipe, model=replace(recipe.model, tasks=kept)), missing


def has_labels(sequence: FrameSequence, task: Task) -> bool:
    """Return whether a row of a sequence can train a task."""
    return bool(sequence.targets.labeled(task).any())


def check_names(spaces: LabelSpaces) -> None:
    """Refuse labels whose columns in tables have the name of another.

    Raises:
        UsageError: If there are any.
    """
    try:
        result_schema(spaces)
    except ValueError as error:
        raise UsageError(f"labels: {error}; rename the column") from None


def _words(tasks: Sequence[Task]) -> str:
    return ", ".join(task.words for task in tasks)


def calibrate_on_dev(
    trained: TrainedModel, sequences: Sequence[FrameSequence], notes: Notes
) -> CrossFit | None:
    """Calibrate a run on its dev split; note a dev split that is too small for it."""
    fitted = calibrate_run(trained, sequences)
    if fitted is None and trained.data.dev_videos:
        notes.add(
            f"{trained.run.folder}: dev split has 1 subject, calibration needs 2; the run "
            "is not calibrated"
        )
    return fitted


def describe_split(num_videos: int, split: Split) -> str:
    """Return how many videos of which data set, for titles."""
    return f"{num_videos} videos of {split.annotations.source}"
