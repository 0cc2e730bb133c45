"""Temporal encoders of other code, by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.models.temporal.encoder import TemporalEncoder

TEMPORAL_ENCODERS: Registry[Callable[..., TemporalEncoder]] = Registry(
    "temporal encoder", "wildaffect.temporal_encoders"
)
"""Functions or classes that take the width of the features and `settings`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomEncoder(Config):
    """An encoder of other code; saved runs hold its name and settings."""

    name: str
    """As registered in `TEMPORAL_ENCODERS` or declared as an entry point."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the encoder; JSON values."""
    kind: Literal["custom"] = "custom"

    def build(self, input_dim: int) -> TemporalEncoder:
        """Build the encoder for features of shape (B, T, input_dim).

        Raises:
            UsageError: If there is no encoder of this name, or it refuses the settings.
        """
        make = TEMPORAL_ENCODERS.find(self.name)
        try:
            encoder = make(input_dim, **self.settings)
        except TypeError as error:
            raise UsageError(f"temporal encoder {self.name!r}: {error}") from error
        if not isinstance(encoder, TemporalEncoder):
            raise UsageError(
                f"temporal encoder {self.name!r}: must derive from "
                f"{TemporalEncoder.__module__}.{TemporalEncoder.__qualname__}, got "
                f"{type(encoder).__qualname__}"
            )
        return encoder
