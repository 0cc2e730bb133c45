"""Small encoders and frameworks, one of each kind; contract tests run over all of them."""

from wildaffect.core.tasks import Task
from wildaffect.models.frameworks import (
    FrameworkConfig,
    HiddenFeedback,
    LabelFeedback,
    SeparateEncoders,
    ShareBottom,
    ShareEncoder,
)
from wildaffect.models.temporal.config import (
    FrameConfig,
    GRUConfig,
    LSTMConfig,
    RotaryConfig,
    TCNConfig,
    TemporalConfig,
    TransformerConfig,
)

SOURCES = {
    Task.AROUSAL: (Task.VALENCE, Task.ACTION_UNITS),
    Task.EXPRESSION: (Task.AROUSAL,),
}
"""A graph with two sources of one task, and a chain."""
_ATTENTION = {"hidden_dim": 16, "num_layers": 2, "head_dim": 8, "ffn_dim": 16}
ENCODERS: dict[str, TemporalConfig] = {
    "transformer": TransformerConfig(**_ATTENTION, dropout=0.0),
    "rotary": RotaryConfig(**_ATTENTION, dropout=0.0),
    "lstm": LSTMConfig(hidden_dim=8, num_layers=2, dropout=0.0),
    "lstm-both-ways": LSTMConfig(
        hidden_dim=8, num_layers=2, dropout=0.0, bidirectional=True
    ),
    "gru": GRUConfig(hidden_dim=8, num_layers=2, dropout=0.0),
    "gru-both-ways": GRUConfig(hidden_dim=8, num_layers=2, dropout=0.0, bidirectional=True),
    "tcn": TCNConfig(hidden_dim=16, num_layers=2, dropout=0.0),
    "frame": FrameConfig(hidden_dim=16, num_layers=2, dropout=0.0),
}
ONE_WAY_ENCODERS = [
    name for name, config in ENCODERS.items() if not getattr(config, "bidirectional", False)
]
"""Those that take a delay."""
FEEDBACKS = {
    "alone": None,
    "hidden": HiddenFeedback(sources=SOURCES),
    "label": LabelFeedback(sources=SOURCES, embedding_dim=8),
}
FRAMEWORKS = {
    f"{trunk.kind}-{name}": FrameworkConfig(trunk=trunk, feedback=feedback)
    for trunk in (SeparateEncoders(), ShareEncoder(), ShareBottom(num_shared_layers=1))
    for name, feedback in FEEDBACKS.items()
}
