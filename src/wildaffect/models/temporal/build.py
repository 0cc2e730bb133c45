"""The choice of a temporal encoder, and its division into shared and own layers."""

from dataclasses import replace

from wildaffect.models.temporal.encoder import TemporalEncoder
from wildaffect.models.temporal.frame import FrameConfig, FrameEncoder
from wildaffect.models.temporal.gated import GRUConfig, GRUEncoder, LSTMConfig, LSTMEncoder
from wildaffect.models.temporal.rotary import RotaryConfig, RotaryEncoder
from wildaffect.models.temporal.tcn import TCNConfig, TCNEncoder
from wildaffect.models.temporal.transformer import TransformerConfig, TransformerEncoder

TemporalConfig = (
    TransformerConfig | RotaryConfig | LSTMConfig | GRUConfig | TCNConfig | FrameConfig
)


def build_temporal_encoder(config: TemporalConfig, input_dim: int) -> TemporalEncoder:
    """Build the encoder that `config` describes for features of shape (B, T, input_dim)."""
    match config:
        case TransformerConfig():
            return TransformerEncoder(config, input_dim)
        case RotaryConfig():
            return RotaryEncoder(config, input_dim)
        case LSTMConfig():
            return LSTMEncoder(config, input_dim)
        case GRUConfig():
            return GRUEncoder(config, input_dim)
        case TCNConfig():
            return TCNEncoder(config, input_dim)
        case FrameConfig():
            return FrameEncoder(config, input_dim)


def bottom_layers(config: TemporalConfig, num_shared_layers: int) -> TemporalConfig:
    """Return the encoder that consists of the first layers.

    Raises:
        ValueError: If not at least one layer is shared and one is left.
    """
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

    Residual encoders are widened by what feedback adds, as in the ABAW4 system; the shared
    layers have looked ahead already, so these do not.
    """
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
