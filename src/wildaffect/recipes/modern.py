"""Temporal models with improvements over the published system."""

from dataclasses import replace

from wildaffect.core.tasks import Task
from wildaffect.core.windows import WindowSpec
from wildaffect.losses.config import (
    CCC,
    BinaryCrossEntropy,
    CrossEntropy,
    FixedWeights,
    LossConfig,
)
from wildaffect.models.frameworks import (
    FrameworkConfig,
    HeadConfig,
    HiddenFeedback,
    LabelFeedback,
    ModelConfig,
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
from wildaffect.recipes.abaw4 import AROUSAL_SOURCES, MEASURED_INPUTS
from wildaffect.training.core.recipe import BestOnDevSplit, OptimConfig
from wildaffect.training.temporal.recipe import TemporalRecipe

EQUAL = FixedWeights(weights=dict.fromkeys(Task, 1.0))


def modern() -> TemporalRecipe:
    """Bidirectional GRU with CCC loss and an EMA of weights.

    Windows of 12 s that overlap by half; logit adjustment and label smoothing for
    expressions. Post-processing is fitted afterwards, on the dev split.
    """
    return TemporalRecipe(
        name="modern",
        inputs=MEASURED_INPUTS,
        model=ModelConfig(
            encoder=GRUConfig(hidden_dim=96, num_layers=1, dropout=0.3, bidirectional=True),
            framework=FrameworkConfig(trunk=ShareEncoder()),
            head=HeadConfig(hidden_dims=(64,), dropout=0.4),
        ),
        loss=LossConfig(
            valence=CCC(),
            arousal=CCC(),
            expression=CrossEntropy(logit_adjustment=0.5, label_smoothing=0.05),
            action_units=BinaryCrossEntropy(positive_weights="inverse_sqrt"),
            task_weighting=EQUAL,
        ),
        window=WindowSpec(length_s=12.0, stride_s=6.0, max_gap_s=6.0),
        batch_size=16,
        num_epochs=12,
        optim=OptimConfig(peak_lr=2e-3, weight_decay=0.05),
        selection=BestOnDevSplit(patience_epochs=6),
        ema_decay=0.99,
        input_noise=0.2,
    )


def modern_frame() -> TemporalRecipe:
    """`modern` without temporal context: the baseline of every temporal model."""
    return _encoder("modern-frame", FrameConfig(hidden_dim=192, num_layers=2, dropout=0.2))


def modern_gru() -> TemporalRecipe:
    """`modern` with a unidirectional GRU."""
    return _encoder("modern-gru", GRUConfig(hidden_dim=128, num_layers=2, dropout=0.2))


def modern_lstm() -> TemporalRecipe:
    """`modern` with a unidirectional LSTM."""
    return _encoder("modern-lstm", LSTMConfig(hidden_dim=128, num_layers=1))


def modern_tcn() -> TemporalRecipe:
    """`modern` with dilated convolutions."""
    return _encoder("modern-tcn", TCNConfig(hidden_dim=96, num_layers=5))


def modern_transformer() -> TemporalRecipe:
    """`modern` with the published transformer, narrower."""
    return _encoder(
        "modern-transformer",
        TransformerConfig(hidden_dim=128, num_layers=2, ffn_dim=256, dropout=0.1),
    )


def modern_rotary() -> TemporalRecipe:
    """`modern` with a pre-norm transformer and rotary positions."""
    return _encoder(
        "modern-rotary", RotaryConfig(hidden_dim=128, num_layers=2, ffn_dim=256)
    )


def modern_single() -> TemporalRecipe:
    """`modern-gru` with a separate encoder per task."""
    return _framework("modern-single", FrameworkConfig(trunk=SeparateEncoders()))


def modern_share_bottom() -> TemporalRecipe:
    """`modern-gru` with a shared first layer and a separate second layer per task."""
    return _framework("modern-share-bottom", FrameworkConfig(trunk=ShareBottom()))


def modern_hidden_feedback() -> TemporalRecipe:
    """Hidden-feature feedback: arousal conditioned on valence and action units."""
    feedback = HiddenFeedback(sources=AROUSAL_SOURCES)
    return _framework("modern-hidden-feedback", FrameworkConfig(feedback=feedback))


def modern_label_feedback() -> TemporalRecipe:
    """Label feedback with decaying truth: valence and action units for arousal."""
    feedback = LabelFeedback(sources=AROUSAL_SOURCES, embedding_dim=32)
    recipe = _framework("modern-label-feedback", FrameworkConfig(feedback=feedback))
    return replace(recipe, decay_truth_share=True)


def _framework(name: str, framework: FrameworkConfig) -> TemporalRecipe:
    recipe = modern_gru()
    return replace(recipe, name=name, model=replace(recipe.model, framework=framework))


def _encoder(
    name: str,
    encoder: TemporalConfig,
) -> TemporalRecipe:
    recipe = modern()
    return replace(recipe, name=name, model=replace(recipe.model, encoder=encoder))


def modern_va() -> TemporalRecipe:
    """Valence and arousal only, which change slowly: windows of 18 s."""
    window = WindowSpec(length_s=18.0, stride_s=9.0, max_gap_s=6.0)
    return _specialist("modern-va", (Task.VALENCE, Task.AROUSAL), window, batch_size=12)


def modern_expr() -> TemporalRecipe:
    """Expressions only: windows of 6 s."""
    window = WindowSpec(length_s=6.0, stride_s=3.0, max_gap_s=6.0)
    return _specialist("modern-expr", (Task.EXPRESSION,), window, batch_size=32)


def modern_au() -> TemporalRecipe:
    """Action units only, which depend little on context: windows of 2 s."""
    window = WindowSpec(length_s=2.0, stride_s=1.0, max_gap_s=2.0)
    return _specialist("modern-au", (Task.ACTION_UNITS,), window, batch_size=96)


def _specialist(
    name: str, tasks: tuple[Task, ...], window: WindowSpec, *, batch_size: int
) -> TemporalRecipe:
    """Return `modern` for some tasks, with about as many seconds per step."""
    recipe = modern()
    return replace(
        recipe,
        name=name,
        model=replace(recipe.model, tasks=tasks),
        window=window,
        batch_size=batch_size,
    )
