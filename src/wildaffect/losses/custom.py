"""Custom losses, by name."""

from collections.abc import Callable
from inspect import signature

from torch import Tensor, nn

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.losses.config import CustomLoss

LOSSES: Registry[Callable[..., Tensor]] = Registry("loss", "wildaffect.losses")
"""Functions of prediction, target and valid that return a tensor of shape ()."""


class CustomTaskLoss(nn.Module):
    """The loss that a configuration names; 0 where nothing is annotated.

    Raises:
        UsageError: If there is no loss of this name, or it rejects the settings.
    """

    def __init__(self, config: CustomLoss) -> None:
        super().__init__()
        self.name, self.settings = config.name, config.settings
        self.loss = LOSSES.find(config.name)
        try:
            signature(self.loss).bind(None, None, None, **self.settings)
        except TypeError as error:
            raise UsageError(f"loss {self.name!r}: {error}") from error

    def forward(self, pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return shape ().

        Args:
            pred: Valence or arousal (B, T); logits (B, T, C) of expressions or (B, T, K) of
                action units.
            target: Shape (B, T), of action units (B, T, K); set to 0 where not valid.
            valid: Shape of `target`, bool.

        Raises:
            UsageError: If the loss is not a scalar, or has no gradient, or the labels are
                soft.
        """
        if not valid.any():
            return (0.0 * pred.nan_to_num()).sum()
        if target.ndim > valid.ndim:
            raise UsageError(
                f"loss {self.name!r}: takes classes, got soft labels (shares of observers)"
            )
        loss = self.loss(pred, target.where(valid, 0), valid, **self.settings)
        if not isinstance(loss, Tensor) or loss.shape != ():
            got = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise UsageError(
                f"loss {self.name!r}: must return a tensor of shape (), got {got}"
            )
        if pred.requires_grad and not loss.requires_grad:
            raise UsageError(
                f"loss {self.name!r}: must depend on the prediction, got no gradient"
            )
        return loss
