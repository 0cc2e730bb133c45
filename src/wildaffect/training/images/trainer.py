"""Trainer of models on crops, for any objective.

The step number alone determines all random draws, so that an interrupted run resumes
exactly, also in the middle of an epoch.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import AdamW

from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.losses.multitask import LossReport
from wildaffect.training.core.ema import EMA
from wildaffect.training.core.loop import Step, optimizer_step
from wildaffect.training.core.runs import Run
from wildaffect.training.core.schedule import build_schedule
from wildaffect.training.core.sharding import is_sharded, shard
from wildaffect.training.core.state import TrainState
from wildaffect.training.core.trackers import Tracker
from wildaffect.training.core.trainer import EpochCallback, Trainer, TrainingPlan
from wildaffect.training.images.recipe import AnyImageRecipe

StepCallback = Callable[[int, int, float], None]
"""Called after every step with its number from 1, the number of steps, and the loss."""


class OutOfMemory(WildAffectError):
    """A step does not fit into the memory of the device."""


class Objective(Protocol):
    """Training objective: a model, its batches, its loss, and its evaluation."""

    model: nn.Module
    loss: nn.Module
    """Loss module; its state is saved with the model."""
    steps_per_epoch: int
    ema_decay: float
    patience_epochs: int | None
    """See `TrainingPlan`."""

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups for the optimizer."""

    def batches(self, first_step: int) -> Iterator[Any]:
        """Yield the batches of this step and all later steps, indefinitely."""

    def forward_backward(self, forward: nn.Module, batch: Any) -> LossReport:
        """Accumulate the gradient of a batch and return its loss over all processes.

        `forward` is the model set up by Fabric.
        """

    def evaluate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Return scores after an epoch; called in the first process only."""

    def out_of_memory_message(self) -> str:
        """Return the message for an out-of-memory error."""


class ImageTrainer:
    """Trains an objective on crops.

    Args:
        recipe: Recipe to train.
        objective: Training objective; its model and loss are on the fabric's device.
        run: Run folder to write to.
        fabric: Fabric of this process.
        trackers: Experiment trackers; used in the first process only.
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
        self._recipe, self._objective, self._fabric = recipe, objective, fabric
        self._plan = TrainingPlan(
            steps_per_epoch=objective.steps_per_epoch,
            num_epochs=recipe.num_epochs,
            patience_epochs=objective.patience_epochs,
        )
        model = objective.model
        if recipe.channels_last and not is_sharded(fabric):
            model.to(memory_format=torch.channels_last)
        ema = EMA(model, objective.ema_decay) if objective.ema_decay else None
        eval_model = None
        if is_sharded(fabric):
            eval_model = self._prepare_shards(model, ema)
        forward = torch.compile(model) if recipe.compile else model
        self._forward = fabric.setup_module(forward)
        optimizer = AdamW(
            objective.groups(),
            lr=recipe.optim.peak_lr,
            betas=recipe.optim.betas,
            fused=True,
        )
        self._optimizer = fabric.setup_optimizers(optimizer)
        self._scheduler = build_schedule(optimizer, recipe.optim, self._plan.num_steps)
        state = TrainState(
            model=model,
            loss=objective.loss,
            optimizer=optimizer,
            scheduler=self._scheduler,
            ema=ema,
            eval_model=eval_model,
        )
        self._trainer = Trainer(
            run,
            self._plan,
            state,
            fabric=fabric,
            eval_fn=objective.evaluate,
            trackers=trackers,
        )

    def run(self, on_epoch_end: EpochCallback, on_step_end: StepCallback) -> None:
        """Train to the end, starting from the last checkpoint if there is one.

        Raises:
            Diverged: If the loss is not finite.
            OutOfMemory: If a step does not fit into the device's memory.
        """
        self._trainer.run(lambda first: self._steps(first, on_step_end), on_epoch_end)

    def _steps(self, first: int, on_step_end: StepCallback) -> Iterator[Step]:
        for index, batch in enumerate(self._objective.batches(first), start=first):
            try:
                step = self.take_step(batch, index)
            except torch.OutOfMemoryError as error:
                wrong = f"{self._fabric.device}: {self._objective.out_of_memory_message()}"
                raise OutOfMemory(wrong) from error
            on_step_end(index + 1, self._plan.num_steps, step.loss)
            yield step

    def take_step(self, batch: Any, index: int) -> Step:
        """Take one training step.

        Raises:
            Diverged: If the loss is not finite.
        """
        self._forward.train()  # the caller may have evaluated since the last step
        return optimizer_step(
            self._optimizer,
            self._scheduler,
            self._objective.forward_backward(self._forward, batch),
            max_grad_norm=self._recipe.optim.max_grad_norm,
            index=index,
        )

    def _prepare_shards(self, model: nn.Module, ema: EMA | None) -> nn.Module:
        """Shard the EMA like the model; return a full copy to evaluate."""
        if self._recipe.compile:
            raise UsageError("strategy: fsdp does not support --compile; drop one of them")
        eval_model = deepcopy(model).cpu()
        if ema:
            shard(ema.model, self._fabric.strategy.device_mesh)
        return eval_model
