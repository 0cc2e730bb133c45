"""Custom temporal encoders, by name."""

from collections.abc import Callable

import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.models.temporal.config import CustomEncoder
from wildaffect.models.temporal.encoder import TemporalEncoder

TEMPORAL_ENCODERS: Registry[Callable[..., TemporalEncoder]] = Registry(
    "temporal encoder", "wildaffect.temporal_encoders"
)
"""Functions or classes that take the width of the features and `settings`."""
ROWS, PADDING = 5, 3
"""Number of rows of the window that encoders are checked with."""
LARGEST_DIFFERENCE = 1e-4
"""Maximum difference of a state due to padding, which may select other kernels."""


def build_custom_encoder(config: CustomEncoder, input_dim: int) -> TemporalEncoder:
    """Build the encoder for features of shape (B, T, input_dim).

    Raises:
        UsageError: If there is no encoder of this name, it rejects the settings, its
            output has another shape, or padding changes the states of real rows.
    """
    make = TEMPORAL_ENCODERS.find(config.name)
    try:
        encoder = make(input_dim, **config.settings)
    except TypeError as error:
        raise UsageError(f"temporal encoder {config.name!r}: {error}") from error
    if not isinstance(encoder, TemporalEncoder):
        raise UsageError(
            f"temporal encoder {config.name!r}: must derive from "
            f"{TemporalEncoder.__module__}.{TemporalEncoder.__qualname__}, got "
            f"{type(encoder).__qualname__}"
        )
    _check(config.name, encoder, input_dim)
    return encoder


def _check(name: str, encoder: TemporalEncoder, input_dim: int) -> None:
    """Encode a window with and without padding, and compare the states of its rows."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn(1, ROWS + PADDING, input_dim, generator=random)
    times_s, lengths = torch.arange(ROWS + PADDING)[None] / 30, torch.tensor([ROWS])
    was_training = encoder.training
    encoder.eval()
    try:
        with torch.no_grad():
            padded = encoder(features, lengths, times_s)
            alone = encoder(features[:, :ROWS], lengths, times_s[:, :ROWS])
    except Exception as error:
        raise UsageError(
            f"temporal encoder {name!r}: cannot encode a window of {ROWS} rows with "
            f"{input_dim} features ({type(error).__name__}: {error})"
        ) from error
    finally:
        encoder.train(was_training)
    expected = (1, ROWS, encoder.output_dim)
    if not isinstance(alone, torch.Tensor) or tuple(alone.shape) != expected:
        found = tuple(alone.shape) if isinstance(alone, torch.Tensor) else type(alone)
        raise UsageError(
            f"temporal encoder {name!r}: states must have shape {expected}, got {found}"
        )
    difference = float((padded[:, :ROWS] - alone).abs().max())
    if not difference <= LARGEST_DIFFERENCE:
        raise UsageError(
            f"temporal encoder {name!r}: padding must not change the states of real rows, "
            f"got a difference of {difference:g}"
        )
