"""The embedded models: from nothing to artefacts, on generated people alone.

Inputs are those that mean the same on generated and on filmed faces: what changed against
the person's own neutral, and blendshapes. Where the head is and what a face looks like at
rest are left out, as generated people differ from others in that.
"""

from dataclasses import replace

from wildaffect.core.windows import TrailingSpec, WindowSpec
from wildaffect.models.temporal.gru import GRUConfig
from wildaffect.models.temporal.tcn import TCNConfig
from wildaffect.recipes.modern import modern
from wildaffect.synth.presets import PRESETS, Preset
from wildaffect.training.recipe import TemporalRecipe

DEFAULT_INPUTS = ("geometry_change", "blendshapes", "blendshapes_change")

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
    """A GRU in both directions: the first member of the embedded model."""
    recipe = modern()
    return replace(
        recipe,
        name="default",
        inputs=DEFAULT_INPUTS,
        model=replace(
            recipe.model,
            encoder=GRUConfig(hidden_dim=96, num_layers=1, dropout=0.3, bidirectional=True),
        ),
        window=WindowSpec(length_s=12.0, stride_s=6.0, max_gap_s=6.0),
        input_noise=0.3,
    )


def default_tcn() -> TemporalRecipe:
    """Dilated convolutions: the member that differs."""
    recipe = default()
    encoder = TCNConfig(hidden_dim=96, num_layers=5)
    return replace(recipe, name="default-tcn", model=replace(recipe.model, encoder=encoder))


def default_live() -> TemporalRecipe:
    """A GRU that looks back only: answers at once, for cameras."""
    recipe = default()
    encoder = GRUConfig(hidden_dim=96, num_layers=1, dropout=0.2, delay_s=0.0)
    return replace(
        recipe,
        name="default-live",
        model=replace(recipe.model, encoder=encoder),
        window=TrailingSpec(length_s=8.0, delay_s=0.0, max_gap_s=4.0),
    )
