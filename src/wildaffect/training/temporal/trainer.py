"""Trainer of temporal models; resumable."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.calibration import Calibration
from wildaffect.losses.multitask import build_loss
from wildaffect.models.frameworks import LabelFeedback
from wildaffect.models.multitask import build_model
from wildaffect.training.core.dev_split import split_subjects
from wildaffect.training.core.distributed import processes_of
from wildaffect.training.core.ema import EMA
from wildaffect.training.core.loop import Step
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.core.runs import Run
from wildaffect.training.core.schedule import build_schedule
from wildaffect.training.core.scores import task_scores
from wildaffect.training.core.state import TrainState
from wildaffect.training.core.trackers import Tracker
from wildaffect.training.core.trainer import EpochCallback, Trainer, TrainingPlan
from wildaffect.training.temporal.batches import TrainingBatches
from wildaffect.training.temporal.label_counts import count_labels
from wildaffect.training.temporal.loop import Parts, train
from wildaffect.training.temporal.optimizer import build_optimizer
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import video_statistics
from wildaffect.training.temporal.tensors import feature_moments


class TemporalTrainer:
    """Trains a temporal model on sequences.

    Attributes:
        batches: Training batches.
        parts: Objects that a training step uses.

    Args:
        recipe: Recipe to train.
        sequences: Training sequences.
        run: Run folder to write to.
        fabric: Fabric of this process.
        spaces: Label spaces of the targets.
        trackers: Experiment trackers; used in the first process only.
    """

    def __init__(
        self,
        recipe: TemporalRecipe,
        sequences: Sequence[FrameSequence],
        run: Run,
        *,
        fabric: Any,
        spaces: LabelSpaces,
        trackers: Sequence[Tracker] = (),
    ) -> None:
        self._recipe, self._fabric, self._spaces = recipe, fabric, spaces
        train_part = list(sequences)
        self._dev: list[FrameSequence] = []
        patience: int | None = None
        if isinstance(recipe.selection, BestOnDevSplit):
            patience = recipe.selection.patience_epochs
            train_part, self._dev = split_subjects(
                sequences, recipe.selection.share, seed=recipe.seed
            )
        self.batches = TrainingBatches(train_part, recipe, processes_of(fabric))
        plan = TrainingPlan(
            steps_per_epoch=self.batches.steps_per_epoch,
            num_epochs=recipe.num_epochs,
            patience_epochs=patience,
        )
        self._num_steps = plan.num_steps
        torch.manual_seed(recipe.seed)
        model = build_model(recipe.model, sequences[0].features.shape[1], spaces)
        moments = feature_moments(train_part)
        model.standardize(torch.from_numpy(moments.mean), torch.from_numpy(moments.std))
        loss = build_loss(recipe.loss, spaces, count_labels(train_part, spaces))
        self._state, self.parts = self._set_up(
            model.to(fabric.device),
            loss.to(fabric.device),
            torch.from_numpy(moments.std).float(),
        )
        self._trainer = Trainer(
            run, plan, self._state, fabric=fabric, eval_fn=self._evaluate, trackers=trackers
        )

    def run(self, on_epoch_end: EpochCallback) -> None:
        """Train to the end, starting from the last checkpoint if there is one."""
        self._trainer.run(self._steps, on_epoch_end)

    @property
    def model(self) -> nn.Module:
        """Return the model whose weights are saved: the EMA if there is one."""
        return self._state.output_model

    def _steps(self, first: int) -> Iterator[Step]:
        batches = self.batches.from_step(first, self._fabric.device)
        return train(self.parts, batches, first_step=first)

    def _set_up(
        self, model: nn.Module, loss: nn.Module, std: Tensor
    ) -> tuple[TrainState, Parts]:
        recipe, fabric = self._recipe, self._fabric
        optimizer = build_optimizer(model, loss, recipe.optim)
        scheduler = build_schedule(optimizer, recipe.optim, self._num_steps)
        decay = recipe.ema_decay
        state = TrainState(
            model=model,
            loss=loss,
            optimizer=optimizer,
            scheduler=scheduler,
            ema=EMA(model, decay) if decay else None,
        )
        forward = torch.compile(model) if recipe.compile else model
        wrapped, optimizer = fabric.setup(forward, optimizer)
        parts = Parts(
            fabric=fabric,
            model=wrapped,
            loss=loss,
            optimizer=optimizer,
            scheduler=scheduler,
            seed=recipe.seed,
            max_grad_norm=recipe.optim.max_grad_norm,
            truth_share=self._truth_share,
            perturb=_noise(recipe.input_noise * std.to(fabric.device)),
        )
        return state, parts

    def _truth_share(self, step: int) -> float:
        feedback = self._recipe.model.framework.feedback
        if not isinstance(feedback, LabelFeedback):
            return 0.0
        left = 1 - step / self._num_steps if self._recipe.decay_truth_share else 1.0
        return feedback.truth_share * left

    def _evaluate(self, model: nn.Module, _: int) -> dict[str, float]:
        """Return scores on the dev split; empty without one."""
        if not self._dev:
            return {}
        with self._fabric.autocast():  # as in training; finished runs predict in float32
            outputs = predict_sequences(model, self._dev, self._recipe.training_window)
        found = video_statistics(self._dev, outputs, Calibration(), self._spaces)
        return task_scores(found.pooled(), self._recipe.model.tasks)


def _noise(std: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function that adds noise with this standard deviation per feature."""
    if not std.any():
        return lambda features: features
    return lambda features: features + std * torch.randn_like(features)
