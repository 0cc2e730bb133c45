"""Temporal models of the winner of the fourth ABAW multi-task challenge.

Source: "Multi-Task Learning Framework for Emotion Recognition in-the-wild",
arXiv:2207.09373, and the hyper-parameters in the authors' public scripts. An
epoch has as many optimizer steps as theirs on the same videos, and a step as many rows: the
scripts pad 8 videos and take a step for each window of 64 rows, of which the videos fill
about 3 of 8 on s-Aff-Wild2. Different in all of them: windows are sampled at random,
`WINDOW_S` long, where the scripts cut consecutive ones (about as long at the rows' usual
spacing), so recurrent state is not carried from window to window in training; padding is
masked; the warm-up never has a
step at rate 0; gradients are clipped over all parameters together, not per part; the epoch
is selected on held-out training subjects, not on the validation set. Their errors of
valence and arousal are divided by all elements, valid or not, ours by the valid ones, with
weights that give them the same effect.
"""

from dataclasses import replace

from wildaffect.core.tasks import Task
from wildaffect.core.windows import WindowSpec
from wildaffect.losses.config import MSE, PUBLISHED, FixedWeights, LossConfig
from wildaffect.models.frameworks import (
    FrameworkConfig,
    HeadConfig,
    HiddenFeedback,
    LabelFeedback,
    ModelConfig,
    ShareBottom,
    ShareEncoder,
    Sources,
)
from wildaffect.models.temporal.config import (
    GRUConfig,
    LSTMConfig,
    TemporalConfig,
    TransformerConfig,
)
from wildaffect.training.core.recipe import BestOnDevSplit, OptimConfig
from wildaffect.training.temporal.epoch_length import PaddedVideos
from wildaffect.training.temporal.recipe import TemporalRecipe

MEASURED_INPUTS = (
    "geometry",
    "geometry_change",
    "blendshapes",
    "blendshapes_change",
    "pose",
)
"""Measurements of the face chain; the published system used features of backbones."""

WINDOW_S = 18.0
"""64 rows of s-Aff-Wild2, whose rows are 8.45 frames apart on average, at 30 a second."""

NUM_WINDOWS = 3
"""Windows of a step: on s-Aff-Wild2, the mean number of 8 windows that videos fill."""

WEIGHTS = PUBLISHED | {Task.VALENCE: 3.3, Task.AROUSAL: 3.3}
"""The published weight of 12, times the share of elements that are valid on s-Aff-Wild2: 3
of 8 windows are rows of videos, and 73 % of these are annotated."""

AROUSAL_SOURCES: Sources = {Task.AROUSAL: (Task.VALENCE, Task.ACTION_UNITS)}
"""Tasks that arousal is conditioned on in the published configuration."""

_WIDE = TransformerConfig(hidden_dim=1024, num_layers=4, ffn_dim=2048, dropout=0.3)
_WIDE_HEAD = HeadConfig(hidden_dims=(512, 256), dropout=0.3)


def abaw4_transformer() -> TemporalRecipe:
    """Transformer with 4 layers, shared by all tasks."""
    return _recipe(
        "abaw4-transformer",
        TransformerConfig(hidden_dim=256, num_layers=4, ffn_dim=1024, dropout=0.1),
        constant=20,
        falling=30,
    )


def abaw4_gru() -> TemporalRecipe:
    """Unidirectional GRU with 2 layers, shared by all tasks."""
    return _recipe(
        "abaw4-gru", GRUConfig(hidden_dim=256, num_layers=2), constant=30, falling=20
    )


def abaw4_lstm() -> TemporalRecipe:
    """Unidirectional LSTM with 1 layer, shared by all tasks."""
    recipe = _recipe(
        "abaw4-lstm", LSTMConfig(hidden_dim=256, num_layers=1), constant=30, falling=20
    )
    head = HeadConfig(hidden_dims=(256, 256), dropout=0.3)
    return replace(recipe, model=replace(recipe.model, head=head))


def abaw4_share_encoder() -> TemporalRecipe:
    """First multi-task framework: wide transformer shared by all tasks."""
    return _wide("abaw4-share-encoder", FrameworkConfig(trunk=ShareEncoder()))


def abaw4_share_bottom() -> TemporalRecipe:
    """Second framework: one shared layer, three separate layers per task."""
    return _wide("abaw4-share-bottom", FrameworkConfig(trunk=_bottom()))


def abaw4_hidden_feedback() -> TemporalRecipe:
    """Third framework: hidden-feature feedback from valence and action units to arousal."""
    return _wide(
        "abaw4-hidden-feedback",
        FrameworkConfig(trunk=_bottom(), feedback=HiddenFeedback(sources=AROUSAL_SOURCES)),
    )


def abaw4_label_feedback() -> TemporalRecipe:
    """Third framework: label feedback from valence and action units to arousal.

    The share of ground truth decays from the published 0.75 to 0.
    """
    feedback = LabelFeedback(sources=AROUSAL_SOURCES, embedding_dim=256, truth_share=0.75)
    recipe = _wide(
        "abaw4-label-feedback", FrameworkConfig(trunk=ShareEncoder(), feedback=feedback)
    )
    return replace(recipe, decay_truth_share=True)


def _bottom() -> ShareBottom:
    return ShareBottom(num_shared_layers=1)


def _wide(name: str, framework: FrameworkConfig) -> TemporalRecipe:
    recipe = _recipe(name, _WIDE, constant=0, falling=40, warm=10)
    model = replace(recipe.model, framework=framework, head=_WIDE_HEAD)
    return replace(recipe, model=model)


def _recipe(
    name: str, encoder: TemporalConfig, *, constant: int, falling: int, warm: int = 0
) -> TemporalRecipe:
    num_epochs = warm + constant + falling
    return TemporalRecipe(
        name=name,
        inputs=MEASURED_INPUTS,
        model=ModelConfig(
            encoder=encoder, head=HeadConfig(hidden_dims=(512, 256), dropout=0.3)
        ),
        loss=LossConfig(
            valence=MSE(),
            arousal=MSE(),
            task_weighting=FixedWeights(weights=WEIGHTS),
        ),
        window=WindowSpec(length_s=WINDOW_S, stride_s=WINDOW_S, max_gap_s=WINDOW_S),
        batch_size=NUM_WINDOWS,
        epoch_length=PaddedVideos(num_videos=8, num_rows=64),
        num_epochs=num_epochs,
        optim=OptimConfig(
            peak_lr=5e-5,
            betas=(0.5, 0.999),
            weight_decay=0.0,
            max_grad_norm=5.0,
            warmup_ratio=warm / num_epochs,
            constant_ratio=constant / num_epochs,
            decay="linear",
        ),
        selection=BestOnDevSplit(patience_epochs=num_epochs),
        seed=100,
    )
