"""Callbacks of training, called in the first process; each does nothing by default."""

from collections.abc import Callable
from dataclasses import dataclass

from wildaffect.training.core.epochs import Epoch, TrainingPlan
from wildaffect.training.core.runs import Run

OnStart = Callable[[Run, TrainingPlan], None]
"""Called before the first step with the number of steps of the run."""
OnEpochEnd = Callable[[Run, Epoch], None]
OnStepEnd = Callable[[Run, int, int, float], None]
"""Called after every step with its number from 1, the number of steps, and the loss."""
ProgressCallback = Callable[[int], None]
"""Called with the number of items that were processed since the last call."""
OnEvaluate = Callable[[int], ProgressCallback]
"""Called with the number of crops to evaluate; returns a progress callback."""
OnNote = Callable[[str], None]
"""Called with a sentence for each note; the work continues."""


def no_start(run: Run, plan: TrainingPlan) -> None:
    """Do nothing."""


def no_epoch_end(run: Run, epoch: Epoch) -> None:
    """Do nothing."""


def no_step_end(run: Run, step: int, num_steps: int, loss: float) -> None:
    """Do nothing."""


def no_progress(num_more: int) -> None:
    """Do nothing."""


def no_evaluate(num_crops: int) -> ProgressCallback:  # noqa: ARG001
    """Return a progress callback that does nothing."""
    return no_progress


def no_note(note: str) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Callbacks of a run."""

    on_start: OnStart = no_start
    on_epoch_end: OnEpochEnd = no_epoch_end
    on_step_end: OnStepEnd = no_step_end
    on_evaluate: OnEvaluate = no_evaluate
    on_note: OnNote = no_note


SILENT = Callbacks()
