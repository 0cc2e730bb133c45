"""The embedded models: from nothing to artefacts, on generated people alone.

Inputs are those that mean the same on generated and on filmed faces: what changed against
the person's own neutral, and blendshapes. Where the head is and what a face looks like at
rest are left out, as generated people differ from others in that. Classes are not balanced:
what is said is the most probable expression, not the one that makes macro-F1 highest, since
whoever analyses a talking face would rather read Neutral.
"""

from dataclasses import replace

from wildaffect.core.windows import TrailingSpec, WindowSpec
from wildaffect.losses.expression import CrossEntropy
from wildaffect.models.temporal.build import TemporalConfig
from wildaffect.models.temporal.gru import GRUConfig
from wildaffect.models.temporal.tcn import TCNConfig
from wildaffect.recipes.modern import modern
from wildaffect.synth.presets import PRESETS, Preset
from wildaffect.training.recipe import TemporalRecipe

DEFAULT_INPUTS = ("geometry_change", "blendshapes", "blendshapes_change")

ANNOTATION_DELAY_S = 1.8
"""How far valence and arousal of the generated world lag behind its faces, about: 1.6 s of
the person's state, and the annotators' own."""

ROWS_HZ = 7.5
"""Annotated frames a second of the generated clips, about."""

WORLD_SEED = 20
WORLD_SIZE_PX = 112


def default_world() -> Preset:
    """Return the world of the embedded models: many people in short clips."""
    return replace(
        PRESETS["wild"],
        people={"train": 1500, "val": 150, "test": 0},
        rows_per_video=40,
        length_sigma=0.3,
    )


def default() -> TemporalRecipe:
    """A GRU that looks back only and answers at once: a member of the embedded model.

    Looking ahead scores higher on generated people, but on a filmed smile such a model
    raises valence before the face moves; so the model that most people meet does not.
    """
    encoder = GRUConfig(hidden_dim=96, num_layers=1, dropout=0.2, delay_s=0.0)
    return _past_only("default", encoder)


def default_tcn() -> TemporalRecipe:
    """Convolutions that look back only: the member that differs."""
    return _past_only("default-tcn", TCNConfig(hidden_dim=96, num_layers=5, delay_s=0.0))


def default_offline() -> TemporalRecipe:
    """A GRU in both directions: a member of the embedded model for whole videos."""
    encoder = GRUConfig(hidden_dim=96, num_layers=1, dropout=0.3, bidirectional=True)
    return _both_ways("default-offline", encoder)


def default_offline_tcn() -> TemporalRecipe:
    """Convolutions to both sides: the member that differs."""
    return _both_ways("default-offline-tcn", TCNConfig(hidden_dim=96, num_layers=5))


def _past_only(name: str, encoder: TemporalConfig) -> TemporalRecipe:
    recipe = _both_ways(name, encoder)
    window = TrailingSpec(length_s=8.0, delay_s=0.0, max_gap_s=4.0, lead_step_s=1 / ROWS_HZ)
    return replace(recipe, window=window, annotation_delay_s=ANNOTATION_DELAY_S)


def _both_ways(name: str, encoder: TemporalConfig) -> TemporalRecipe:
    recipe = modern()
    return replace(
        recipe,
        name=name,
        inputs=DEFAULT_INPUTS,
        model=replace(recipe.model, encoder=encoder),
        loss=replace(recipe.loss, expression=CrossEntropy(label_smoothing=0.05)),
        window=WindowSpec(length_s=12.0, stride_s=6.0, max_gap_s=6.0),
        input_noise=0.3,
    )
