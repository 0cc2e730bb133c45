"""Temporal members of the embedded models.

They read changes relative to the person's own neutral face as far as it is known, else to
the population's, and its confidence. Head pose, the face at rest and blendshapes are
excluded, because generated people differ from real ones in these. Classes are not balanced:
the prediction is the most probable expression, not the one that maximizes macro-F1.
"""

from dataclasses import replace

from wildaffect.core.windows import CausalWindow
from wildaffect.inference.inputs import UNIT_INPUTS
from wildaffect.losses.config import CrossEntropy
from wildaffect.models.temporal.config import GRUConfig
from wildaffect.recipes.modern import modern
from wildaffect.training.temporal.recipe import TemporalRecipe

ANNOTATION_DELAY_S = 1.8
"""Approximate lag of valence and arousal in the generated data: 1.6 s of the person's
state, plus that of the annotators."""

ROWS_HZ = 7.5
"""Approximate number of annotated frames per second of the generated clips."""

AFFECT_WINDOW = CausalWindow(
    length_s=8.0, delay_s=0.0, max_gap_s=4.0, lead_step_s=1 / ROWS_HZ
)
"""Causal window of the temporal members. Look-ahead scores higher on generated people, but
on a filmed smile such a model raises valence before the face moves."""


def default() -> TemporalRecipe:
    """Causal GRU without delay."""
    recipe = modern()
    encoder = GRUConfig(hidden_dim=96, num_layers=1, dropout=0.2, delay_s=0.0)
    return replace(
        recipe,
        name="default",
        inputs=UNIT_INPUTS,
        model=replace(recipe.model, encoder=encoder),
        loss=replace(recipe.loss, expression=CrossEntropy(label_smoothing=0.05)),
        window=AFFECT_WINDOW,
        input_noise=1.0,
        neutral_unknown=0.5,
        annotation_delay_s=ANNOTATION_DELAY_S,
    )
