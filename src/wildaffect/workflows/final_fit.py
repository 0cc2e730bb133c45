"""Train on everything after a cross-validation that chose the number of epochs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, isnan
from pathlib import Path
from statistics import median

from wildaffect.calibration.fitting import CrossFit
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.printable import counted
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.recipe import BestOnDevSplit, KeepLast
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.temporal.calibrate_and_score import calibrate_with
from wildaffect.training.temporal.job import train_run
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.workflows.training_setup import TrainSetup

FINAL = "final"
"""Folder of the run on everything, beside those of the folds."""


@dataclass(frozen=True, slots=True)
class FinalFit:
    """A run on everything and its calibration."""

    trained: TrainedModel
    calibration: CrossFit | None


def fit_final(
    setup: TrainSetup, folds: Sequence[Path], held_out: Sequence[SequenceOutputs]
) -> FinalFit:
    """Train on all sequences for the median of the folds' best epochs.

    The learning rate follows the same schedule as in the folds and ends where they ended.
    The calibration is fitted on the outputs of the folds, each on people it never saw.

    Args:
        setup: Recipe and sequences of the folds.
        folds: Folders of their finished runs.
        held_out: Raw outputs of the folds on their held-out videos, in the order of the
            sequences; not used in other processes than the first.
    """
    recipe = setup.job.recipe
    best = [recipe.num_epochs] * len(folds)
    if isinstance(recipe.selection, BestOnDevSplit):
        best = [best_epoch(Run(folder)) for folder in folds]
    num_epochs = median_epochs(best)
    final = replace(recipe, selection=KeepLast(), stop_after=num_epochs)
    trained = train_run(replace(setup.job, recipe=final), setup.split, setup.folder / FINAL)
    fitted = None
    if is_first_process():
        fitted = calibrate_with(trained, held_out, setup.split.sequences)
        setup.notes.add(
            f"{setup.folder / FINAL}: trained on all {len(setup.split.sequences)} videos "
            f"for {counted(num_epochs, 'epoch')}, the median of "
            f"{', '.join(map(str, sorted(best)))} in the folds; no video of these splits "
            "is left to score it"
        )
    return FinalFit(trained, fitted)


def median_epochs(best: Sequence[int]) -> int:
    """Return the median of the folds' best epochs; half an epoch counts as one.

    Upward from every number, not to the even one: the final fit has more data than a fold,
    and more data tend to overfit later (a rule, not measured here).
    """
    return ceil(median(best))


def best_epoch(run: Run) -> int:
    """Return the epoch of a run with the best score on its dev split, the first of equals.

    The score on the dev split, training people held out of the fold, is the only one that
    is looked at.
    """
    rows = list(read_metrics(run))
    scored = [row for row in rows if not isnan(row["dev/score"])]
    if not scored:  # the run then has the weights of its last epoch
        return int(rows[-1]["epoch"])
    best = max(scored, key=lambda row: (row["dev/score"], -row["epoch"]))
    return int(best["epoch"])
