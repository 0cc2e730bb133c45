"""Trainer of any objective: steps, epochs, evaluation, early stopping, checkpoints."""

import time
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.training.core.callbacks import SILENT, Callbacks
from wildaffect.training.core.checkpoint import (
    BadCheckpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from wildaffect.training.core.curves import Curve, no_curve, write_curves
from wildaffect.training.core.ema import EMA
from wildaffect.training.core.epochs import Epoch, Progress, TrainingPlan
from wildaffect.training.core.loop import Step, optimizer_step
from wildaffect.training.core.objective import Objective
from wildaffect.training.core.optimizer import build_optimizer
from wildaffect.training.core.recipe import RunRecipe
from wildaffect.training.core.runs import Run, append_metrics, keep_metrics_before
from wildaffect.training.core.schedule import build_schedule
from wildaffect.training.core.sharding import is_sharded, shard
from wildaffect.training.core.state import TrainState
from wildaffect.training.core.trackers import Tracker

_OTHER_STATE = (RuntimeError, ValueError, LookupError, TypeError, AttributeError)
"""Exceptions that torch raises on a state of another model."""

EVERY_S = 60.0
"""Seconds between checkpoints within an epoch; each epoch also ends with a checkpoint."""


class OutOfMemory(WildAffectError):
    """A step does not fit into the memory of the device."""


class Trainer:
    """Trains an objective, from the last checkpoint of its run if there is one.

    Args:
        recipe: Recipe to train.
        objective: Training objective; its model and loss are on the fabric's device.
        run: Run folder to write to.
        fabric: Fabric of this process.
        trackers: Experiment trackers; used in the first process only.
        curve: Scores of a model to write down after every epoch, by name. They select
            nothing.
    """

    def __init__(
        self,
        recipe: RunRecipe,
        objective: Objective,
        run: Run,
        *,
        fabric: Any,
        trackers: Sequence[Tracker] = (),
        curve: Curve = no_curve,
    ) -> None:
        self._recipe, self._objective, self._run = recipe, objective, run
        self._fabric, self._trackers, self._curve = fabric, trackers, curve
        self._plan = TrainingPlan(
            steps_per_epoch=objective.steps_per_epoch,
            num_epochs=recipe.num_epochs,
            patience_epochs=objective.patience_epochs,
            stop_after=recipe.stop_after,
        )
        self._progress = Progress()
        self._state = self._set_up(objective.model)

    def _set_up(self, model: nn.Module) -> TrainState:
        recipe, objective = self._recipe, self._objective
        if objective.is_channels_last and not is_sharded(self._fabric):
            model.to(memory_format=torch.channels_last)
        ema = EMA(model, objective.ema_decay) if objective.ema_decay else None
        eval_model = None
        if is_sharded(self._fabric):
            eval_model = self._prepare_shards(model, ema)
        forward = torch.compile(model) if recipe.compile else model
        self._forward = self._fabric.setup_module(forward)
        optimizer = build_optimizer(objective.groups(), recipe.optim)
        self._optimizer = self._fabric.setup_optimizers(optimizer)
        return TrainState(
            model=model,
            loss=objective.loss,
            optimizer=optimizer,
            scheduler=build_schedule(optimizer, recipe.optim, self._plan.num_steps),
            ema=ema,
            eval_model=eval_model,
        )

    def _prepare_shards(self, model: nn.Module, ema: EMA | None) -> nn.Module:
        """Shard the EMA like the model; return a full copy to evaluate."""
        if self._recipe.compile:
            raise UsageError("strategy: fsdp does not support compile; drop one of them")
        eval_model = deepcopy(model).cpu()
        if ema:
            shard(ema.model, self._fabric.strategy.device_mesh)
        return eval_model

    @property
    def model(self) -> nn.Module:
        """Return the model whose weights are saved: the EMA if there is one."""
        return self._state.output_model

    def run(self, callbacks: Callbacks = SILENT) -> None:
        """Train until the run ends and write its weights.

        Raises:
            BadCheckpoint: If the run's checkpoint is damaged or belongs to another model.
            Diverged: If the loss is not finite.
            OutOfMemory: If a step does not fit into the device's memory.
        """
        if self._run.is_finished:
            return
        self._restore()
        if self._fabric.is_global_zero:
            callbacks.on_start(self._run, self._plan)
        began_s = saved_s = time.monotonic()
        is_over = self._progress.is_over(self._plan)
        first = self._progress.step
        batches = () if is_over else self._objective.batches(first)
        for step in self.steps(batches, first):
            self._count(step)
            if self._fabric.is_global_zero:
                number, num_steps = step.index + 1, self._plan.num_steps
                callbacks.on_step_end(self._run, number, num_steps, step.loss)
            if self._progress.step % self._plan.steps_per_epoch == 0:
                epoch = self._end_epoch(step, time.monotonic() - began_s)
                if self._fabric.is_global_zero:
                    callbacks.on_epoch_end(self._run, epoch)
                began_s = saved_s = time.monotonic()
                if self._progress.is_over(self._plan):
                    break
            elif self._is_agreed(time.monotonic() - saved_s > EVERY_S):
                self._save()
                saved_s = time.monotonic()
        self._finish()

    def steps(self, batches: Iterable[Any], first: int = 0) -> Iterator[Step]:
        """Take an optimizer step per batch; `first` is the number of the first, from 0.

        Raises:
            Diverged: If the loss is not finite.
            OutOfMemory: If a step does not fit into the device's memory.
        """
        for index, batch in enumerate(batches, start=first):
            self._forward.train()  # the caller may have evaluated since the last step
            try:
                step = optimizer_step(
                    self._optimizer,
                    self._state.scheduler,
                    self._objective.forward_backward(self._forward, batch),
                    max_grad_norm=self._recipe.optim.max_grad_norm,
                    index=index,
                )
            except torch.OutOfMemoryError as error:
                wrong = f"{self._fabric.device}: {self._objective.out_of_memory_message()}"
                raise OutOfMemory(wrong) from error
            yield step

    def _count(self, step: Step) -> None:
        self._progress.step = step.index + 1
        self._progress.epoch_loss += step.loss
        if self._state.ema:
            self._state.ema.update(self._state.model)

    def _is_agreed(self, is_time: bool) -> bool:
        """Return the decision of the first process: either all processes save, or none."""
        return bool(self._fabric.broadcast(is_time)) if self._is_shared else is_time

    @property
    def _is_shared(self) -> bool:
        return self._fabric.world_size > 1

    def _end_epoch(self, step: Step, seconds: float) -> Epoch:
        number = self._progress.step // self._plan.steps_per_epoch
        scores, curve = self._score(number)
        is_best = "score" in scores and scores["score"] > self._progress.best_score
        if is_best:
            self._progress.best_score = scores["score"]
            self._progress.best_epoch = number
        epoch = Epoch(
            number=number,
            num_epochs=self._plan.num_epochs,
            loss=self._progress.epoch_loss / self._plan.steps_per_epoch,
            scores=scores,
            curve=curve,
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
        return epoch

    def _score(self, number: int) -> tuple[dict[str, float], dict[str, float]]:
        """Return the scores of an epoch, identical in every process, and its curve."""
        scores: dict[str, float] = {}
        curve: dict[str, float] = {}
        with self._state.model_to_evaluate(self._fabric.device) as model:
            if self._fabric.is_global_zero:
                scores = self._objective.evaluate(model, number)
                curve = self._curve(model)
        agreed: dict[str, float] = self._fabric.broadcast(scores)
        return agreed, curve

    def _log(self, epoch: Epoch, step: Step) -> None:
        row = {"loss": epoch.loss, "lr": step.lr, "grad_norm": step.grad_norm}
        row |= {f"loss/{task}": value for task, value in step.per_task.items()}
        row |= {f"dev/{name}": value for name, value in epoch.scores.items()}
        row |= epoch.curve
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
            write_curves(self._run)
            save_weights(self._run.weights, weights)
            self._run.best_weights.unlink(missing_ok=True)
        self._fabric.barrier()
