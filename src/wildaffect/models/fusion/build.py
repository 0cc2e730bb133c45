"""Construction of fusions; those of other code by name."""

from collections.abc import Callable, Sequence

import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.models.fusion.concatenation import ConcatenationFusion
from wildaffect.models.fusion.config import (
    Concatenation,
    CrossAttention,
    CustomFusion,
    Gated,
    RowFusion,
)
from wildaffect.models.fusion.cross_attention import CrossAttentionFusion
from wildaffect.models.fusion.fusion import Fusion, Plain
from wildaffect.models.fusion.gated import GatedFusion

FUSIONS: Registry[Callable[..., Fusion]] = Registry("fusion", "wildaffect.fusions")
"""Functions or classes that take the numbers of columns of the sets and `settings`."""
_ROWS = 3


def build_fusion(config: RowFusion | None, widths: Sequence[int]) -> Fusion:
    """Build the fusion that `config` describes, None for columns side by side.

    Args:
        config: Settings of the fusion.
        widths: Number of columns of each feature set.

    Raises:
        UsageError: If there is only one set to fuse, a custom fusion is not registered,
            rejects its settings, or returns another shape.
    """
    if config is None:
        return Plain(widths)
    check_several(config.kind, widths)
    match config:
        case Concatenation():
            fusion: Fusion = ConcatenationFusion(config, widths)
        case Gated():
            fusion = GatedFusion(config, widths)
        case CrossAttention():
            fusion = CrossAttentionFusion(config, widths)
        case CustomFusion():
            fusion = _build_custom(config, widths)
    fusion.set_dropout = config.set_dropout
    return fusion


def check_several(kind: str, widths: Sequence[int]) -> None:
    """Check that there are at least two sets to fuse.

    Raises:
        UsageError: If there is only one.
    """
    if len(widths) < 2:
        raise UsageError(
            f"fusion {kind}: inputs must be of at least two feature sets, got one; "
            "add a set to the recipe's inputs, or leave the fusion out"
        )


def _build_custom(config: CustomFusion, widths: Sequence[int]) -> Fusion:
    make = FUSIONS.find(config.name)
    try:
        fusion = make(widths, **config.settings)
    except TypeError as error:
        raise UsageError(f"fusion {config.name!r}: {error}") from error
    if not isinstance(fusion, Fusion):
        raise UsageError(
            f"fusion {config.name!r}: must derive from "
            f"{Fusion.__module__}.{Fusion.__qualname__}, got {type(fusion).__qualname__}"
        )
    features = torch.zeros(1, _ROWS, sum(widths))
    features[:, 0, : widths[0]] = torch.nan
    was_training = fusion.training
    with torch.no_grad():
        fused = fusion.eval()(features)
    fusion.train(was_training)
    expected = (1, _ROWS, fusion.output_dim)
    if tuple(fused.shape) != expected or not bool(fused.isfinite().all()):
        raise UsageError(
            f"fusion {config.name!r}: rows must be finite, shape {expected}, got "
            f"{tuple(fused.shape)} with {int((~fused.isfinite()).sum())} not finite"
        )
    return fusion
