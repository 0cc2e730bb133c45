"""The engine of training on crops: steps, epochs, checkpoints; what is learnt plugs in.

The number of a step alone decides what is drawn in it, so a run that was stopped goes on as
if it had not been, also in the middle of an epoch.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from wildaffect.core.errors import WildAffectError
from wildaffect.losses.multitask import LossReport
from wildaffect.training.checkpoint import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from wildaffect.training.distributed import processes_of
from wildaffect.training.fit import EVERY_S, Epoch, Progress, Watch
from wildaffect.training.images.recipe import AnyImageRecipe
from wildaffect.training.loop import Step, optimise
from wildaffect.training.running_mean import RunningMean
from wildaffect.training.runs import Run, append_metrics, keep_metrics_before
from wildaffect.training.schedule import build_schedule
from wildaffect.training.watching import Tracker

Tick = Callable[[int, int, float], None]
"""Called after every step with its number from 1, how many there are, and its loss."""


class OutOfMemory(WildAffectError):
    """A step does not fit into the memory of the device."""


class Objective(Protocol):
    """What is learnt: a model, its batches, its loss, and how an epoch is judged."""

    model: nn.Module
    loss: nn.Module
    """State of the loss, saved with the model."""
    steps_per_epoch: int
    ema_decay: float
    patience_epochs: int | None
    """Epochs without a better score after which training ends and the best is kept; None
    keeps the last."""

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameters that are trained, as the optimizer takes them."""

    def batches(self, first_step: int) -> Iterator[Any]:
        """Yield the batches of this step and all after it, without end."""

    def report(self, forward: nn.Module, batch: Any) -> LossReport:
        """Return the loss of a batch over all processes; `forward` is the wrapped model."""

    def judge(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Return scores after an epoch; called in the first process alone."""


class ImageFit:
    """Trains one run; `run` returns when its weights are written.

    Args:
        recipe: How it is trained.
        objective: What is learnt; its model and loss lie on the fabric's device.
        run: Where everything is written.
        fabric: Of this process.
        trackers: Told the numbers of every epoch, by the first process alone.
    """

    def __init__(
        self,
        recipe: AnyImageRecipe,
        objective: Objective,
        run: Run,
        *,
        fabric: Any,
        trackers: Sequence[Tracker] = (),
    ) -> None:
        self._recipe, self._objective, self._run = recipe, objective, run
        self._fabric, self._trackers = fabric, trackers
        self._rank = processes_of(fabric).rank
        self._model, self._loss = objective.model, objective.loss
        if recipe.channels_last:
            self._model.to(memory_format=torch.channels_last)
        decay = objective.ema_decay
        self._mean = RunningMean(self._model, decay) if decay else None
        optimizer = AdamW(
            objective.groups(), lr=recipe.optim.peak_lr, betas=recipe.optim.betas
        )
        forward = torch.compile(self._model) if recipe.compile else self._model
        self._forward, self._optimizer = fabric.setup(forward, optimizer)
        self._num_steps = objective.steps_per_epoch * recipe.num_epochs
        self._scheduler = build_schedule(self._optimizer, recipe.optim, self._num_steps)
        self._progress = Progress()

    @property
    def model(self) -> nn.Module:
        """Return the model whose weights count: the running mean if there is one."""
        return self._mean.model if self._mean else self._model

    def run(self, watch: Watch, tick: Tick) -> None:
        """Train to the end, or on from the last checkpoint to the end.

        Raises:
            Diverged: If the loss is no number any more.
            OutOfMemory: If a step does not fit into the device's memory.
        """
        if self._run.is_finished:
            return
        self._restore()
        per_epoch = self._objective.steps_per_epoch
        began_s = saved_s = time.monotonic()
        for step in self._steps():
            self._progress.step = step.index + 1
            self._progress.epoch_loss += step.loss
            tick(self._progress.step, self._num_steps, step.loss)
            if self._progress.step % per_epoch == 0:
                self._end_epoch(step, time.monotonic() - began_s, watch)
                began_s = saved_s = time.monotonic()
            elif time.monotonic() - saved_s > EVERY_S:
                self._save()
                saved_s = time.monotonic()
        self._finish()

    def _steps(self) -> Iterator[Step]:
        batches = self._objective.batches(self._progress.step)
        while self._progress.step < self._num_steps and not self._is_out_of_patience():
            try:
                step = self._take_step(next(batches), self._progress.step)
            except torch.OutOfMemoryError as error:
                raise OutOfMemory(self._too_large()) from error
            yield step

    def _take_step(self, batch: Any, index: int) -> Step:
        self._forward.train()  # the caller may have evaluated since the last step
        torch.manual_seed(_seed_of(self._recipe.seed, index, self._rank))
        step = optimise(
            self._fabric,
            self._optimizer,
            self._scheduler,
            self._objective.report(self._forward, batch),
            max_grad_norm=self._recipe.optim.max_grad_norm,
            index=index,
        )
        if self._mean:
            self._mean.update(self._model)
        return step

    def _end_epoch(self, step: Step, seconds: float, watch: Watch) -> None:
        number = self._progress.step // self._objective.steps_per_epoch
        found: dict[str, float] = {}
        if self._fabric.is_global_zero:
            found = self._objective.judge(self.model, number)
        scores: dict[str, float] = self._fabric.broadcast(found)
        is_best = "score" in scores and scores["score"] > self._progress.best_score
        if is_best:
            self._progress.best_score = scores["score"]
            self._progress.best_epoch = number
        epoch = Epoch(
            number=number,
            num_epochs=self._recipe.num_epochs,
            loss=self._progress.epoch_loss / self._objective.steps_per_epoch,
            scores=scores,
            seconds=seconds,
            is_best=is_best,
        )
        self._progress.epoch_loss = 0.0
        if self._fabric.is_global_zero:
            if is_best and self._objective.patience_epochs is not None:
                save_weights(self._run.best_weights, self._state_of(self.model))
            self._log(epoch, step)
        self._save()
        watch(epoch)

    def _is_out_of_patience(self) -> bool:
        patience = self._objective.patience_epochs
        if patience is None:
            return False
        done = self._progress.step // self._objective.steps_per_epoch
        return done - self._progress.best_epoch >= patience

    def _log(self, epoch: Epoch, step: Step) -> None:
        row = {"loss": epoch.loss, "lr": step.lr, "grad_norm": step.grad_norm}
        row |= {f"loss/{task}": value for task, value in step.per_task.items()}
        row |= {f"inner/{name}": value for name, value in epoch.scores.items()}
        row |= {"seconds": epoch.seconds}
        append_metrics(self._run, {"epoch": epoch.number, "step": step.index + 1} | row)
        for tracker in self._trackers:
            tracker.log(row, step.index + 1)

    def _save(self) -> None:
        if not self._fabric.is_global_zero:
            return
        state = {
            "progress": {
                name: getattr(self._progress, name) for name in Progress.__slots__
            },
            "optimizer": self._optimizer.state_dict(),
            "scheduler": self._scheduler.state_dict(),
            "loss": self._loss.state_dict(),
            "mean": self._mean.state_dict() if self._mean else {},
        }
        save_checkpoint(self._run.checkpoint, self._state_of(self._model), state)

    def _restore(self) -> None:
        found = load_checkpoint(self._run.checkpoint)
        if found is None:
            keep_metrics_before(self._run, 1)
            return
        weights, state = found
        self._model.load_state_dict(weights)
        self._optimizer.load_state_dict(state["optimizer"])
        self._scheduler.load_state_dict(state["scheduler"])
        self._loss.load_state_dict(state["loss"])
        if self._mean:
            self._mean.load_state_dict(state["mean"])
        self._progress = Progress(**state["progress"])
        done = self._progress.step // self._objective.steps_per_epoch
        keep_metrics_before(self._run, done + 1)

    def _finish(self) -> None:
        if self._fabric.is_global_zero:
            weights = self._state_of(self.model)
            if self._objective.patience_epochs is not None and self._progress.best_epoch:
                weights = load_weights(self._run.best_weights)
            save_weights(self._run.weights, weights)
            self._run.best_weights.unlink(missing_ok=True)
        self._fabric.barrier()

    def _state_of(self, model: nn.Module) -> dict[str, Tensor]:
        # Channels-last tensors are stored like all others.
        return {key: one.contiguous() for key, one in model.state_dict().items()}

    def _too_large(self) -> str:
        size = self._recipe.batch_size
        return (
            f"{self._fabric.device}: a step must fit into memory, got too much for "
            f"--batch-size {size}; try {max(1, size // 2)}, or --precision bf16-mixed, in "
            "another folder (-o)"
        )


def _seed_of(seed: int, step: int, rank: int) -> int:
    """Return the seed of all that torch draws in a step, such as dropout."""
    words = np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))
