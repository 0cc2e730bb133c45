"""Training of an objective in the folder of a run."""

import contextlib
from collections.abc import Callable
from typing import Any

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.training.core.callbacks import SILENT, Callbacks, OnNote
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.curves import Curve, no_curve
from wildaffect.training.core.folder import hold_folder
from wildaffect.training.core.objective import Objective
from wildaffect.training.core.recipe import RunRecipe
from wildaffect.training.core.runs import Run, begin, check_same, read_metrics
from wildaffect.training.core.trackers import open_trackers
from wildaffect.training.core.trainer import Trainer


def train_in(
    run: Run,
    recipe: RunRecipe,
    data: Config,
    build_objective: Callable[[], Objective],
    *,
    fabric: Any,
    config: TrainerConfig,
    callbacks: Callbacks = SILENT,
    curve: Curve = no_curve,
) -> None:
    """Train an objective in the folder of a run, or resume an interrupted run.

    Args:
        run: Folder of the run.
        recipe: Recipe to train.
        data: Record of the training data.
        build_objective: Builds the objective, unless the run is finished. Its errors leave
            no folder behind.
        fabric: Fabric of this process.
        config: Hardware and tracking settings.
        callbacks: Callbacks of the run.
        curve: See `Trainer`.

    Raises:
        UsageError: If the folder contains another run, or another process trains in it.
        OutputError: If the folder cannot be written.
        Diverged: If the loss is not finite.
    """
    if run.recipe.exists():
        check_same(run, recipe, data)
    if fabric.is_global_zero:
        _note_progress(run, callbacks.on_note)
    if run.is_finished:
        return
    objective = build_objective()
    with hold_folder(run.folder) if fabric.is_global_zero else contextlib.nullcontext():
        if fabric.is_global_zero:
            begin(run, recipe, data, fabric.device)
        fabric.barrier()
        if not run.recipe.exists():
            raise UsageError(
                f"{run.folder}: no such folder on this machine; choose a folder that all "
                "machines share"
            )
        if run.weights.exists():  # by another process, while this one prepared
            return
        trackers = (
            open_trackers(run.folder, config.trackers) if fabric.is_global_zero else []
        )
        trainer = Trainer(
            recipe, objective, run, fabric=fabric, trackers=trackers, curve=curve
        )
        try:
            trainer.run(callbacks)
        finally:
            for tracker in trackers:
                tracker.close()


def _note_progress(run: Run, on_note: OnNote) -> None:
    if run.is_finished:
        on_note(f"{run.folder}: already trained, training is skipped")
    elif run.checkpoint.exists():
        done = max((row["epoch"] for row in read_metrics(run)), default=0)
        on_note(f"{run.folder}: resuming after epoch {done}")
