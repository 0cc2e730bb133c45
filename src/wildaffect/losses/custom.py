"""Losses of other code, by name."""

from collections.abc import Callable

from torch import Tensor, nn

from wildaffect.core.registry import Registry
from wildaffect.losses.config import CustomLoss

LOSSES: Registry[Callable[..., Tensor]] = Registry("loss", "wildaffect.losses")
"""Functions of prediction, target and valid that return a tensor of shape ()."""


class CustomTaskLoss(nn.Module):
    """The loss that a configuration names; 0 where nothing is annotated.

    Raises:
        UsageError: If there is no loss of this name.
    """

    def __init__(self, config: CustomLoss) -> None:
        super().__init__()
        self.name, self.settings = config.name, config.settings
        self.loss = LOSSES.find(config.name)

    def forward(self, pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return shape ().

        Args:
            pred: Valence or arousal (B, T); logits (B, T, C) of expressions or (B, T, K) of
                action units.
            target: Shape (B, T), of action units (B, T, K); set to 0 where not valid.
            valid: Shape of `target`, bool.

        Raises:
            ValueError: If the loss is not one number.
        """
        if not valid.any():
            return (0.0 * pred.nan_to_num()).sum()
        loss = self.loss(pred, target.where(valid, 0), valid, **self.settings)
        if loss.shape != ():
            raise ValueError(
                f"loss {self.name!r}: must return one number, got shape {tuple(loss.shape)}"
            )
        return loss
