"""Length and progress of a run."""

from dataclasses import dataclass, field


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
    curve: dict[str, float] = field(default_factory=dict)
    """Scores that are written down and select nothing, as `split/score`."""
    seconds: float
    is_best: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPlan:
    """Length of a run and its early stopping."""

    steps_per_epoch: int
    num_epochs: int
    patience_epochs: int | None
    """See `Objective`."""
    stop_after: int | None = None
    """Epoch to stop after; None trains all."""

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

    def is_over(self, plan: TrainingPlan) -> bool:
        """Return whether all epochs are done, or none was better for a while."""
        last_epoch = plan.stop_after or plan.num_epochs
        if self.step >= plan.steps_per_epoch * last_epoch:
            return True
        waited = self.step // plan.steps_per_epoch - self.best_epoch
        return plan.patience_epochs is not None and waited >= plan.patience_epochs
