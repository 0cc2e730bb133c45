"""Division of temporal encoders into shared and separate layers."""

from dataclasses import replace

from wildaffect.models.temporal.config import (
    CustomEncoder,
    FrameConfig,
    GRUConfig,
    LayeredConfig,
    LSTMConfig,
    RotaryConfig,
    TCNConfig,
    TemporalConfig,
    TransformerConfig,
)


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
