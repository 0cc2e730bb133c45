"""Fit the calibration of a trained run on subjects that it was not trained on."""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.calibration.fitting import CrossFit
from wildaffect.core.errors import SplitError, UsageError
from wildaffect.features.store import FeatureStore
from wildaffect.inference.calibration import Calibration
from wildaffect.training.core.distributed import use_threads
from wildaffect.training.core.scores import ScoreLine
from wildaffect.training.temporal.calibrate_and_score import (
    calibrate_on,
    calibrate_run,
    step_lines,
)
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.runs import TrainedModel, load_run
from wildaffect.training.temporal.same_features import check_trained_features
from wildaffect.workflows.training_setup import describe_split


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CalibrateResult:
    """The calibration of a run, now in its folder, and its scores."""

    folder: Path
    calibration: Calibration
    scores: tuple[ScoreLine, ...]
    """Scores after each step (raw, smoothing, bias and thresholds), in sample and out of
    sample."""
    fitted_on: str
    """Number of videos and the data set that it was fitted on."""

    def __repr__(self) -> str:
        raw, last = self.scores[1], self.scores[-1]
        return (
            f"CalibrateResult({self.folder}: {last.total} ({last.interval}) out of sample, "
            f"raw {raw.total.removeprefix('score ')}, on {self.fitted_on})"
        )


def calibrate(
    run: str | Path,
    data: str | Path,
    *,
    split: str | None = None,
    features: str | Path | None = None,
    layout: str | None = None,
    train_split: str = "train",
    num_threads: int = 1,
) -> CalibrateResult:
    """Fit smoothing, bias and thresholds of a trained run; replaces its calibration.

    Args:
        run: Folder of a finished run.
        data: Folder of annotations.
        split: Split to fit on, without videos that trained the run; subjects are not
            compared, so choose a split of others. By default the run's dev split, which
            training fits on too.
        features: Feature store; `features` in the data's folder by default.
        layout: Layout of the annotations, if several are found.
        train_split: Split that the run was trained on, which contains its dev split.
        num_threads: Threads of tensor operations on the CPU.

    Raises:
        UsageError: If the run is unfinished or has no dev split, videos of the split
            trained it, or its labels cannot be mapped to those of the run.
        SplitError: If there are fewer than two subjects to fit on.
        FeatureError: If the store lacks what the run reads, or has it of other weights.
    """
    use_threads(num_threads)
    trained = load_run(run)
    store = FeatureStore(Path(features) if features else Path(data) / "features")
    check_trained_features(store, [trained])
    found = load_split(
        Path(data),
        store,
        trained.recipe,
        split or train_split,
        layout,
        spaces=trained.data.spaces,
    )
    if split is None:
        fitted = _on_dev_split(trained, found)
        num_videos = len(trained.data.dev_videos)
    else:
        _check_unseen(trained, found, split)
        fitted = calibrate_on(trained, found.sequences, split)
        num_videos = len(found.sequences)
    if fitted is None:
        raise SplitError(
            f"{run}: {split or 'its dev split'} must hold at least 2 subjects to fit on, "
            "got 1; choose another split"
        )
    tasks, seed = trained.recipe.model.tasks, trained.recipe.seed
    return CalibrateResult(
        folder=trained.run.folder,
        calibration=fitted.calibration,
        scores=tuple(step_lines(fitted.steps, tasks, seed=seed)),
        fitted_on=describe_split(num_videos, found),
    )


def _on_dev_split(trained: TrainedModel, found: Split) -> CrossFit | None:
    dev, folder = trained.data.dev_videos, trained.run.folder
    if not dev:
        raise UsageError(f"{folder}: this run has no dev split; name a split to fit on")
    missing = set(dev) - {sequence.video for sequence in found.sequences}
    if missing:
        raise UsageError(
            f"{found.annotations.source}: {len(missing)} videos of the dev split of "
            f"{folder} are not there, such as {min(missing)}; name the data it was "
            "trained on"
        )
    return calibrate_run(trained, found.sequences)


def _check_unseen(trained: TrainedModel, found: Split, split: str) -> None:
    used = set(trained.data.train_videos)
    shared = [sequence.video for sequence in found.sequences if sequence.video in used]
    if shared:
        raise UsageError(
            f"{trained.run.folder}: videos of {split} must not have trained the run, got "
            f"{len(shared)} that did, such as {shared[0]}; choose another split"
        )
