"""Settings of temporal encoders."""

from dataclasses import dataclass, field
from typing import Any, Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config, json_values


def check_encoder(config: "RecurrentConfig | LayeredConfig") -> None:
    """Check the common settings of an encoder.

    Raises:
        ValueError: If a setting is invalid.
    """
    kind, delay_s = config.kind, config.delay_s
    check_numbers(
        kind, "[1, inf)", num_layers=config.num_layers, hidden_dim=config.hidden_dim
    )
    check_numbers(kind, "[0, 1)", dropout=config.dropout)
    if delay_s is not None and not 0 <= delay_s < float("inf"):
        raise ValueError(
            f"{kind}: delay_s must be at least 0 and finite, got {delay_s}; "
            "leave it out to see the whole window"
        )


def check_attention(config: "RotaryConfig | TransformerConfig") -> None:
    """Check the settings of an attention encoder.

    Raises:
        ValueError: If a setting is invalid.
    """
    kind, hidden_dim, head_dim = config.kind, config.hidden_dim, config.head_dim
    check_numbers(kind, "(0, inf)", position_rate_hz=config.position_rate_hz)
    if head_dim < 2 or head_dim % 2 or hidden_dim % head_dim:
        raise ValueError(
            f"{kind}: width must be a multiple of head_dim, which must be even, got "
            f"{hidden_dim} and {head_dim}; with a shared bottom the width of a task's own "
            "layers is hidden_dim and that of its feedback together"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RecurrentConfig(Config):
    """Recurrent layers over rows and the gaps between them."""

    hidden_dim: int = 256
    """Units per direction; a bidirectional output has twice as many."""
    num_layers: int = 1
    """Number of layers."""
    dropout: float = 0.0
    """Dropout between layers, in [0, 1)."""
    bidirectional: bool = False
    """Read backward in time too."""
    delay_s: float | None = None
    """Look-ahead in seconds of a unidirectional encoder: each row takes the state of the
    last row at most this much later. `none` for no look-ahead."""
    kind: str

    def __post_init__(self) -> None:
        check_encoder(self)
        if self.bidirectional and self.delay_s is not None:
            raise ValueError(
                f"{self.kind}: delay_s needs a unidirectional encoder, got "
                f"{self.delay_s}; set bidirectional to False"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class GRUConfig(RecurrentConfig):
    """GRU layers over rows and the gaps between them."""

    num_layers: int = 2
    """Number of layers."""
    dropout: float = 0.3
    """Dropout between layers, in [0, 1)."""
    kind: Literal["gru"] = "gru"


@dataclass(frozen=True, kw_only=True, slots=True)
class LSTMConfig(RecurrentConfig):
    """LSTM layers over rows and the gaps between them."""

    kind: Literal["lstm"] = "lstm"


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameConfig(Config):
    """Row-wise linear layers."""

    hidden_dim: int = 256
    """Width of the output."""
    num_layers: int = 2
    """Number of layers."""
    dropout: float = 0.1
    """Dropout after each layer, in [0, 1)."""
    delay_s: float | None = None
    """No effect, because rows are independent; for consistency with other encoders."""
    kind: Literal["frame"] = "frame"

    def __post_init__(self) -> None:
        check_encoder(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class TCNConfig(Config):
    """Residual blocks of convolutions with doubling dilation."""

    hidden_dim: int = 256
    """Width of the output."""
    num_layers: int = 6
    """Number of layers."""
    kernel_rows: int = 3
    """Kernel size, odd."""
    first_dilation: int = 1
    """Dilation of the first block; doubles with each block."""
    dropout: float = 0.1
    """Dropout after each block, in [0, 1)."""
    delay_s: float | None = None
    """Look-ahead in seconds: convolutions are causal, and each row takes the state of the
    last row at most this much later. `none` for symmetric convolutions."""
    kind: Literal["tcn"] = "tcn"

    def __post_init__(self) -> None:
        check_encoder(self)
        if self.kernel_rows < 1 or self.kernel_rows % 2 == 0:
            raise ValueError(f"tcn: kernel_rows must be odd, got {self.kernel_rows}")
        check_numbers("tcn", "[1, inf)", first_dilation=self.first_dilation)


@dataclass(frozen=True, kw_only=True, slots=True)
class RotaryConfig(Config):
    """Pre-norm transformer with relative (rotary) positions in time."""

    hidden_dim: int = 256
    """Width of the output, a multiple of `head_dim`."""
    num_layers: int = 4
    """Number of layers."""
    head_dim: int = 64
    """Width of one attention head, even."""
    ffn_dim: int = 1024
    """Width of the feed-forward layers."""
    dropout: float = 0.1
    """Dropout within and after each sublayer, in [0, 1)."""
    attention_dropout: float = 0.0
    """Dropout of attention weights, in [0, 1); above 0, it disables fast kernels."""
    position_rate_hz: float = 30.0
    """Radians per second of the fastest pair; the slowest is 10,000 times slower."""
    delay_s: float | None = None
    """Look-ahead in seconds; `none` for the whole window."""
    kind: Literal["rotary"] = "rotary"

    def __post_init__(self) -> None:
        check_encoder(self)
        check_numbers(self.kind, "[0, 1)", attention_dropout=self.attention_dropout)
        check_attention(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransformerConfig(Config):
    """Post-norm transformer with sinusoidal encodings of time."""

    hidden_dim: int = 256
    """Width of the output, a multiple of `head_dim`."""
    num_layers: int = 4
    """Number of layers."""
    head_dim: int = 64
    """Width of one attention head."""
    ffn_dim: int = 1024
    """Width of the feed-forward layers."""
    dropout: float = 0.1
    """Dropout of attention weights and within and after each sublayer, in [0, 1)."""
    position_rate_hz: float = 30.0
    """Positions per second."""
    delay_s: float | None = None
    """Look-ahead in seconds; `none` for the whole window."""
    kind: Literal["transformer"] = "transformer"

    def __post_init__(self) -> None:
        check_encoder(self)
        check_attention(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomEncoder(Config):
    """A custom encoder; saved runs contain its name and settings."""

    name: str
    """As registered in `TEMPORAL_ENCODERS` or declared as an entry point."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the encoder; JSON values."""
    kind: Literal["custom"] = "custom"

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", json_values(self.name, self.settings))


LayeredConfig = (
    TransformerConfig | RotaryConfig | LSTMConfig | GRUConfig | TCNConfig | FrameConfig
)
"""Encoders whose layers can be split into shared and separate ones."""
TemporalConfig = LayeredConfig | CustomEncoder
