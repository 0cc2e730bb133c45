"""Construction of temporal encoders, and their split into shared and separate layers."""

from collections.abc import Callable

from wildaffect.models.temporal.config import (
    CustomEncoder,
    FrameConfig,
    GRUConfig,
    LSTMConfig,
    RotaryConfig,
    TCNConfig,
    TemporalConfig,
    TransformerConfig,
)
from wildaffect.models.temporal.custom import build_custom_encoder
from wildaffect.models.temporal.encoder import TemporalEncoder
from wildaffect.models.temporal.frame import FrameEncoder
from wildaffect.models.temporal.gated import GRUEncoder, LSTMEncoder
from wildaffect.models.temporal.rotary import RotaryEncoder
from wildaffect.models.temporal.tcn import TCNEncoder
from wildaffect.models.temporal.transformer import TransformerEncoder

_ENCODERS: dict[type, Callable[..., TemporalEncoder]] = {
    TransformerConfig: TransformerEncoder,
    RotaryConfig: RotaryEncoder,
    LSTMConfig: LSTMEncoder,
    GRUConfig: GRUEncoder,
    TCNConfig: TCNEncoder,
    FrameConfig: FrameEncoder,
}


def build_temporal_encoder(config: TemporalConfig, input_dim: int) -> TemporalEncoder:
    """Build the encoder that `config` describes for features of shape (B, T, input_dim).

    Raises:
        UsageError: If a custom encoder is not registered, or rejects its settings.
    """
    match config:
        case CustomEncoder():
            return build_custom_encoder(config, input_dim)
        case _:
            return _ENCODERS[type(config)](config, input_dim)
