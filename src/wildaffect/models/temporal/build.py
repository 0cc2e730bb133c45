"""Construction of temporal encoders, and their split into shared and separate layers."""

from collections.abc import Callable
from dataclasses import replace

from wildaffect.models.temporal.custom import CustomEncoder
from wildaffect.models.temporal.encoder import TemporalEncoder
from wildaffect.models.temporal.frame import FrameConfig, FrameEncoder
from wildaffect.models.temporal.gated import GRUConfig, GRUEncoder, LSTMConfig, LSTMEncoder
from wildaffect.models.temporal.rotary import RotaryConfig, RotaryEncoder
from wildaffect.models.temporal.tcn import TCNConfig, TCNEncoder
from wildaffect.models.temporal.transformer import TransformerConfig, TransformerEncoder

TemporalConfig = (
    TransformerConfig
    | RotaryConfig
    | LSTMConfig
    | GRUConfig
    | TCNConfig
    | FrameConfig
    | CustomEncoder
)
LayeredConfig = (
    TransformerConfig | RotaryConfig | LSTMConfig | GRUConfig | TCNConfig | FrameConfig
)
"""Encoders whose layers can be split into shared and separate ones."""


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
        UsageError: If an encoder of other code is not registered, or refuses its settings.
    """
    match config:
        case CustomEncoder():
            return config.build(input_dim)
        case _:
            return _ENCODERS[type(config)](config, input_dim)


def bottom_layers(config: TemporalConfig, num_shared_layers: int) -> TemporalConfig:
    """Return the encoder that consists of the first layers.

    Raises:
        ValueError: If not at least one layer is shared and one is left, or the encoder is
            not of this library.
    """
    config = _layered(config)
    if not 1 <= num_shared_layers < config.num_layers:
        raise ValueError(
            f"share bottom: num_shared_layers must be at least 1 and leave one of the "
            f"{config.num_layers} layers of {config.kind} to each task, "
            f"got {num_shared_layers}"
        )
    return replace(config, num_layers=num_shared_layers)


def own_layers(
    config: TemporalConfig, num_shared_layers: int, feedback_dim: int
) -> TemporalConfig:
    """Return the encoder that consists of the layers above the shared ones.

    Residual encoders are widened by the feedback, as in the ABAW4 system; only the shared
    layers look ahead.

    Raises:
        ValueError: If the encoder is not of this library.
    """
    config = _layered(config)
    delay_s = None if config.delay_s is None else 0.0
    num_layers = config.num_layers - num_shared_layers
    match config:
        case TransformerConfig() | RotaryConfig():
            return replace(
                config,
                num_layers=num_layers,
                delay_s=delay_s,
                hidden_dim=config.hidden_dim + feedback_dim,
            )
        case TCNConfig():
            return replace(
                config,
                num_layers=num_layers,
                delay_s=delay_s,
                hidden_dim=config.hidden_dim + feedback_dim,
                first_dilation=config.first_dilation * 2**num_shared_layers,
            )
        case LSTMConfig() | GRUConfig() | FrameConfig():
            return replace(config, num_layers=num_layers, delay_s=delay_s)


def _layered(config: TemporalConfig) -> LayeredConfig:
    match config:
        case CustomEncoder(name=name):
            raise ValueError(
                f"share bottom: layers of the custom encoder {name!r} cannot be divided; "
                "use share_encoder or separate_encoders"
            )
        case _:
            return config
