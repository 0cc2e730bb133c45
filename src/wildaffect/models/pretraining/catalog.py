"""Built-in masked autoencoders, named after the backbone that they train."""

from difflib import get_close_matches

from wildaffect.core.errors import UsageError
from wildaffect.models.backbones.catalog import VITS
from wildaffect.models.pretraining.mae import MAEConfig, MaskedAutoencoder

MAES = {
    "vit_micro_patch8_64.mae": MAEConfig(
        encoder=VITS["vit_micro_patch8_64"],
        decoder_dim=64,
        decoder_depth=2,
        decoder_heads=4,
    ),
    "vit_tiny_patch16_224.mae": MAEConfig(
        encoder=VITS["vit_tiny_patch16_224"],
        decoder_dim=128,
        decoder_depth=4,
        decoder_heads=4,
    ),
    "vit_small_patch16_224.mae": MAEConfig(
        encoder=VITS["vit_small_patch16_224"],
        decoder_dim=256,
        decoder_depth=4,
        decoder_heads=8,
    ),
    "vit_base_patch16_224.mae": MAEConfig(encoder=VITS["vit_base_patch16_224"]),
    "vit_large_patch16_224.mae": MAEConfig(encoder=VITS["vit_large_patch16_224"]),
}
"""Name of the backbone -> sizes. Base and large: arXiv 2111.06377, section 4.1, whose
checkpoints they load; the smaller decoders are ours."""


def build_mae(name: str) -> MaskedAutoencoder:
    """Build the untrained autoencoder of a backbone.

    Raises:
        UsageError: If the backbone has no autoencoder.
    """
    if name not in MAES:
        near = get_close_matches(name, MAES) or sorted(MAES)
        raise UsageError(
            f"pre-training: no such autoencoder: {name!r}; did you mean {', '.join(near)}?"
        )
    return MaskedAutoencoder(MAES[name])
