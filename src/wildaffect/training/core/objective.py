"""Training objective: all that differs between the kinds of training."""

from collections.abc import Iterator
from typing import Any, Protocol

from torch import nn

from wildaffect.losses.multitask import LossReport


class Objective(Protocol):
    """A model, its batches, its loss, and its evaluation, on the device of the Fabric.

    The step number alone determines all random draws, so that an interrupted run resumes
    exactly, also in the middle of an epoch.
    """

    model: nn.Module
    loss: nn.Module
    """Loss module; its state is saved with the model."""
    steps_per_epoch: int
    ema_decay: float
    patience_epochs: int | None
    """Number of epochs without improvement after which training ends; the best epoch is
    kept. None trains all epochs and keeps the last."""
    is_channels_last: bool
    """True for models of images in the channels-last memory format."""

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups for the optimizer."""

    def batches(self, first_step: int) -> Iterator[Any]:
        """Yield the batches of this step and all later steps, indefinitely."""

    def forward_backward(self, forward: nn.Module, batch: Any) -> LossReport:
        """Accumulate the gradient of a batch and return its loss over all processes.

        `forward` is the model set up by Fabric.
        """

    def evaluate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Return scores after an epoch (from 1); called in the first process only.

        The value of `score` selects the best epoch.
        """

    def out_of_memory_message(self) -> str:
        """Return the message for an out-of-memory error."""
