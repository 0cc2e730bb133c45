"""Temporal encoders of other code, by name."""

from collections.abc import Callable

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.models.temporal.config import CustomEncoder
from wildaffect.models.temporal.encoder import TemporalEncoder

TEMPORAL_ENCODERS: Registry[Callable[..., TemporalEncoder]] = Registry(
    "temporal encoder", "wildaffect.temporal_encoders"
)
"""Functions or classes that take the width of the features and `settings`."""


def build_custom_encoder(config: CustomEncoder, input_dim: int) -> TemporalEncoder:
    """Build the encoder for features of shape (B, T, input_dim).

    Raises:
        UsageError: If there is no encoder of this name, or it refuses the settings.
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
    return encoder
