"""Training run: epochs, evaluation, early stopping, checkpoints."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from wildaffect.training.core.checkpoint import (
    BadCheckpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from wildaffect.training.core.loop import Step
from wildaffect.training.core.runs import Run, append_metrics, keep_metrics_before
from wildaffect.training.core.state import TrainState
from wildaffect.training.core.trackers import Tracker

_OTHER_STATE = (RuntimeError, ValueError, LookupError, TypeError, AttributeError)
"""Exceptions that torch raises on a state of another model."""

EVERY_S = 60.0
"""Seconds between checkpoints within an epoch; each epoch also ends with a checkpoint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """Metrics of one epoch."""

    number: int
    """Number of the epoch, from 1."""
    num_epochs: int
    loss: float
    """Mean training loss over the steps."""
    scores: dict[str, float]
    """Scores on the dev split; empty without one."""
    seconds: float
    is_best: bool


EpochCallback = Callable[[Epoch], None]
NO_CALLBACK: EpochCallback = lambda _: None  # noqa: E731
EvalFn = Callable[[nn.Module, int], dict[str, float]]
"""Maps model and epoch number (from 1) to scores; called in the first process only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPlan:
    """Length of a run and its early stopping."""

    steps_per_epoch: int
    num_epochs: int
    patience_epochs: int | None
    """Number of epochs without improvement after which training ends; the best epoch is
    kept. None trains all epochs and keeps the last."""

    @property
    def num_steps(self) -> int:
        """Return the number of steps of all epochs."""
        return self.steps_per_epoch * self.num_epochs


@dataclass(slots=True, kw_only=True)
class Progress:
    """Progress of a run; saved in its checkpoints."""

    step: int = 0
    best_score: float = float("-inf")
    best_epoch: int = 0
    epoch_loss: float = 0.0
    """Sum of the losses in the current epoch."""


class Trainer:
    """Runs the epochs of a run, from its last checkpoint if there is one.

    Args:
        run: Run folder to write to.
        plan: Length of the run.
        state: Training state.
        fabric: Fabric of this process.
        eval_fn: Evaluates an epoch; the value of `score` selects the best epoch.
        trackers: Experiment trackers; used in the first process only.
    """

    def __init__(
        self,
        run: Run,
        plan: TrainingPlan,
        state: TrainState,
        *,
        fabric: Any,
        eval_fn: EvalFn,
        trackers: Sequence[Tracker] = (),
    ) -> None:
        self._run, self._plan, self._state = run, plan, state
        self._fabric, self._eval_fn, self._trackers = fabric, eval_fn, trackers
        self._progress = Progress()

    def run(
        self, steps: Callable[[int], Iterator[Step]], on_epoch_end: EpochCallback
    ) -> None:
        """Train until the run ends and write its weights.

        Args:
            steps: Returns an iterator of steps from the given step on, counted from 0.
            on_epoch_end: Callback after every epoch.

        Raises:
            BadCheckpoint: If the run's checkpoint is damaged or belongs to another model.
        """
        if self._run.is_finished:
            return
        self._restore()
        began_s = saved_s = time.monotonic()
        for step in () if self._is_over() else steps(self._progress.step):
            self._count(step)
            if self._progress.step % self._plan.steps_per_epoch == 0:
                self._end_epoch(step, time.monotonic() - began_s, on_epoch_end)
                began_s = saved_s = time.monotonic()
                if self._is_over():
                    break
            elif self._is_agreed(time.monotonic() - saved_s > EVERY_S):
                self._save()
                saved_s = time.monotonic()
        self._finish()

    def _count(self, step: Step) -> None:
        self._progress.step = step.index + 1
        self._progress.epoch_loss += step.loss
        if self._state.ema:
            self._state.ema.update(self._state.model)

    def _is_over(self) -> bool:
        done, patience = self._progress.step, self._plan.patience_epochs
        if done >= self._plan.num_steps:
            return True
        num_epochs = done // self._plan.steps_per_epoch
        return patience is not None and num_epochs - self._progress.best_epoch >= patience

    def _is_agreed(self, is_time: bool) -> bool:
        """Return the decision of the first process: either all processes save, or none."""
        return bool(self._fabric.broadcast(is_time)) if self._is_shared else is_time

    @property
    def _is_shared(self) -> bool:
        return self._fabric.world_size > 1

    def _end_epoch(self, step: Step, seconds: float, on_epoch_end: EpochCallback) -> None:
        number = self._progress.step // self._plan.steps_per_epoch
        scores = self._score(number)
        is_best = "score" in scores and scores["score"] > self._progress.best_score
        if is_best:
            self._progress.best_score = scores["score"]
            self._progress.best_epoch = number
        epoch = Epoch(
            number=number,
            num_epochs=self._plan.num_epochs,
            loss=self._progress.epoch_loss / self._plan.steps_per_epoch,
            scores=scores,
            seconds=seconds,
            is_best=is_best,
        )
        self._progress.epoch_loss = 0.0
        if is_best and self._plan.patience_epochs is not None:
            weights = self._state.output_weights()
            if self._fabric.is_global_zero:
                save_weights(self._run.best_weights, weights)
        if self._fabric.is_global_zero:
            self._log(epoch, step)
        self._save()
        on_epoch_end(epoch)

    def _score(self, number: int) -> dict[str, float]:
        """Return the scores of an epoch, identical in every process."""
        scores: dict[str, float] = {}
        with self._state.model_to_evaluate(self._fabric.device) as model:
            if self._fabric.is_global_zero:
                scores = self._eval_fn(model, number)
        agreed: dict[str, float] = self._fabric.broadcast(scores)
        return agreed

    def _log(self, epoch: Epoch, step: Step) -> None:
        row = {"loss": epoch.loss, "lr": step.lr, "grad_norm": step.grad_norm}
        row |= {f"loss/{task}": value for task, value in step.per_task.items()}
        row |= {f"dev/{name}": value for name, value in epoch.scores.items()}
        row["seconds"] = epoch.seconds
        append_metrics(self._run, {"epoch": epoch.number, "step": step.index + 1} | row)
        for tracker in self._trackers:
            tracker.log(row, step.index + 1)

    def _save(self) -> None:
        weights, rest = self._state.state_dict()
        if self._fabric.is_global_zero:
            rest["progress"] = asdict(self._progress)
            save_checkpoint(self._run.checkpoint, weights, rest)

    def _restore(self) -> None:
        found = load_checkpoint(self._run.checkpoint)
        if found is not None:
            weights, rest = found
            try:
                self._state.load_state_dict(weights, rest)
                self._progress = Progress(**rest["progress"])
            except _OTHER_STATE as error:
                reason = " ".join(str(error).split()[:40])
                raise BadCheckpoint(
                    f"{self._run.checkpoint}: checkpoint of another model or version: "
                    f"{reason}; delete the folder to start over"
                ) from error
        if self._fabric.is_global_zero:
            done = self._progress.step // self._plan.steps_per_epoch
            keep_metrics_before(self._run, done + 1)

    def _finish(self) -> None:
        weights = self._state.output_weights()
        if self._fabric.is_global_zero:
            if self._plan.patience_epochs is not None and self._progress.best_epoch:
                weights = load_weights(self._run.best_weights)
            save_weights(self._run.weights, weights)
            self._run.best_weights.unlink(missing_ok=True)
        self._fabric.barrier()
