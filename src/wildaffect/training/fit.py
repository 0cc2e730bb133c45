"""A run from its recipe and sequences to its weights; goes on where it was stopped."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.calibration import Calibration
from wildaffect.losses.multitask import build_loss
from wildaffect.models.frameworks import LabelFeedback
from wildaffect.models.multitask import build_model
from wildaffect.training.batches import TrainingBatches
from wildaffect.training.checkpoint import (
    BadCheckpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from wildaffect.training.distributed import processes_of
from wildaffect.training.inner import split_people
from wildaffect.training.label_counts import count_labels
from wildaffect.training.loop import Parts, Step, train
from wildaffect.training.optimizer import build_optimizer
from wildaffect.training.predict import predict_sequences
from wildaffect.training.recipe import BestOnInnerSplit, TemporalRecipe
from wildaffect.training.running_mean import RunningMean
from wildaffect.training.runs import Run, append_metrics, keep_metrics_before
from wildaffect.training.schedule import build_schedule
from wildaffect.training.score import task_scores, video_statistics
from wildaffect.training.tensors import feature_moments
from wildaffect.training.watching import Tracker


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """What one epoch came to."""

    number: int
    """From 1."""
    num_epochs: int
    loss: float
    """Mean over the steps."""
    scores: dict[str, float]
    """On the people set aside; empty if there are none."""
    seconds: float
    is_best: bool


Watch = Callable[[Epoch], None]
EVERY_S = 60.0
"""A checkpoint is written at the end of an epoch, and within one after this time."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where a run stands; travels in its checkpoints."""

    step: int = 0
    best_score: float = float("-inf")
    best_epoch: int = 0
    epoch_loss: float = 0.0
    """Sum over the steps of the epoch that is under way."""


class Fit:
    """Trains one run; `run` returns when its weights are written.

    Attributes:
        batches: Of every step.
        parts: What a step works on.

    Args:
        recipe: What to train.
        sequences: Of the training split.
        run: Where everything is written.
        fabric: Of this process.
        spaces: Label spaces of the targets.
        trackers: Told the numbers of every epoch, by the first process alone.
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
        self._recipe, self._run, self._fabric = recipe, run, fabric
        self._spaces, self._trackers = spaces, trackers
        train_part = list(sequences)
        self._inner: list[FrameSequence] = []
        if isinstance(recipe.selection, BestOnInnerSplit):
            train_part, self._inner = split_people(
                sequences, recipe.selection.share, seed=recipe.seed
            )
        self.batches = TrainingBatches(train_part, recipe, processes_of(fabric))
        self._steps_per_epoch = self.batches.steps_per_epoch
        self._num_steps = self._steps_per_epoch * recipe.num_epochs
        torch.manual_seed(recipe.seed)
        model = build_model(recipe.model, sequences[0].features.shape[1], spaces)
        moments = feature_moments(train_part)
        model.standardize(torch.from_numpy(moments.mean), torch.from_numpy(moments.std))
        self._model = model.to(fabric.device)
        loss = build_loss(recipe.loss, spaces, count_labels(train_part, spaces))
        self._loss = loss.to(fabric.device)
        decay = recipe.ema_decay
        self._mean = RunningMean(self._model, decay) if decay else None
        self.parts = self._set_up(torch.from_numpy(moments.std).float())
        self._progress = Progress()

    def run(self, watch: Watch) -> None:
        """Train to the end, or on from the last checkpoint to the end."""
        if self._run.is_finished:
            return
        self._restore()
        began_s = saved_s = time.monotonic()
        batches = self.batches.from_step(self._progress.step, self._fabric.device)
        if self._progress.step < self._num_steps and not self._is_out_of_patience():
            for step in train(self.parts, batches, first_step=self._progress.step):
                self._count(step)
                if self._progress.step % self._steps_per_epoch == 0:
                    self._end_epoch(step, time.monotonic() - began_s, watch)
                    began_s = saved_s = time.monotonic()
                    if self._is_out_of_patience() or self._progress.step >= self._num_steps:
                        break
                elif time.monotonic() - saved_s > EVERY_S:
                    self._save()
                    saved_s = time.monotonic()
        self._finish()

    @property
    def model(self) -> nn.Module:
        """Return the model whose weights count: the running mean if there is one."""
        return self._mean.model if self._mean else self._model

    def _set_up(self, std: Tensor) -> Parts:
        recipe, fabric = self._recipe, self._fabric
        optimizer = build_optimizer(self._model, self._loss, recipe.optim)
        forward = torch.compile(self._model) if recipe.compile else self._model
        wrapped, optimizer = fabric.setup(forward, optimizer)
        return Parts(
            fabric=fabric,
            model=wrapped,
            loss=self._loss,
            optimizer=optimizer,
            scheduler=build_schedule(optimizer, recipe.optim, self._num_steps),
            seed=recipe.seed,
            max_grad_norm=recipe.optim.max_grad_norm,
            truth_share=self._truth_share,
            perturb=_noise(recipe.input_noise * std.to(fabric.device)),
        )

    def _truth_share(self, step: int) -> float:
        feedback = self._recipe.model.framework.feedback
        if not isinstance(feedback, LabelFeedback):
            return 0.0
        left = 1 - step / self._num_steps if self._recipe.decay_truth_share else 1.0
        return feedback.truth_share * left

    def _count(self, step: Step) -> None:
        self._progress.step = step.index + 1
        self._progress.epoch_loss += step.loss
        if self._mean:
            self._mean.update(self._model)

    def _end_epoch(self, step: Step, seconds: float, watch: Watch) -> None:
        number = self._progress.step // self._steps_per_epoch
        scores = self._score()
        is_best = bool(scores) and scores["score"] > self._progress.best_score
        if is_best:
            self._progress.best_score = scores["score"]
            self._progress.best_epoch = number
        epoch = Epoch(
            number=number,
            num_epochs=self._recipe.num_epochs,
            loss=self._progress.epoch_loss / self._steps_per_epoch,
            scores=scores,
            seconds=seconds,
            is_best=is_best,
        )
        self._progress.epoch_loss = 0.0
        if self._fabric.is_global_zero:
            if is_best:
                save_weights(self._run.best_weights, self.model.state_dict())
            self._log(epoch, step)
        self._save()
        watch(epoch)

    def _score(self) -> dict[str, float]:
        """Return scores on the people set aside, the same in every process."""
        if not self._inner:
            return {}
        scores: dict[str, float] = {}
        if self._fabric.is_global_zero:
            with self._fabric.autocast():  # as it trains; finished runs predict in float32
                outputs = predict_sequences(
                    self.model, self._inner, self._recipe.training_window
                )
            found = video_statistics(self._inner, outputs, Calibration(), self._spaces)
            scores = task_scores(found.pooled(), self._recipe.model.tasks)
        agreed: dict[str, float] = self._fabric.broadcast(scores)
        return agreed

    def _is_out_of_patience(self) -> bool:
        selection = self._recipe.selection
        if not isinstance(selection, BestOnInnerSplit):
            return False
        done = self._progress.step // self._steps_per_epoch
        return done - self._progress.best_epoch >= selection.patience_epochs

    def _log(self, epoch: Epoch, step: Step) -> None:
        row = {"loss": epoch.loss, "lr": step.lr, "grad_norm": step.grad_norm}
        row |= {f"loss/{task}": value for task, value in step.per_task.items()}
        row |= {f"inner/{name}": value for name, value in epoch.scores.items()}
        row["seconds"] = epoch.seconds
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
            "optimizer": self.parts.optimizer.state_dict(),
            "scheduler": self.parts.scheduler.state_dict(),
            "loss": self._loss.state_dict(),
            "mean": self._mean.state_dict() if self._mean else {},
        }
        save_checkpoint(self._run.checkpoint, self._model.state_dict(), state)

    def _restore(self) -> None:
        found = load_checkpoint(self._run.checkpoint)
        if found is not None:
            try:
                self._take_up(*found)
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                said = " ".join(str(error).split()[:40])
                raise BadCheckpoint(
                    f"{self._run.checkpoint}: checkpoint must be of this model and "
                    f"version, got {said}; delete the folder to begin anew"
                ) from error
        if self._fabric.is_global_zero:
            keep_metrics_before(self._run, self._progress.step // self._steps_per_epoch + 1)

    def _take_up(self, weights: dict[str, Tensor], state: dict[str, Any]) -> None:
        self._model.load_state_dict(weights)
        self.parts.optimizer.load_state_dict(state["optimizer"])
        self.parts.scheduler.load_state_dict(state["scheduler"])
        self._loss.load_state_dict(state["loss"])
        if self._mean:
            self._mean.load_state_dict(state["mean"])
        self._progress = Progress(**state["progress"])

    def _finish(self) -> None:
        if self._fabric.is_global_zero:
            weights = self.model.state_dict()
            if self._inner and self._progress.best_epoch:
                weights = load_weights(self._run.best_weights)
            save_weights(self._run.weights, weights)
            self._run.best_weights.unlink(missing_ok=True)
        self._fabric.barrier()


def _noise(std: Tensor) -> Callable[[Tensor], Tensor]:
    """Return what adds noise of this spread per feature; nothing where it is 0."""
    if not std.any():
        return lambda features: features
    return lambda features: features + std * torch.randn_like(features)
